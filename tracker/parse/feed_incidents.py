"""The entries of a feed -> incidents and maintenances, with their former ids."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from tracker.model.keys import key_of_update
from tracker.model.page import Impact, Incident, IncidentUpdate, Omission
from tracker.parse import _fields as fields
from tracker.parse.feed_entries import Account, FeedEntry, account_of, is_maintenance
from tracker.parse.feed_identity import Identity, Marks, bare, former_id, identities
from tracker.parse.listed import numbered, oldest_first, with_status_before
from tracker.parse.words import UNKNOWN, is_closing

_NAMELESS: Final = Omission(kind="incident", reason="neither an id, an address nor a title")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The content of a feed's entries."""

    incidents: tuple[Incident, ...]
    maintenances: tuple[Incident, ...]
    omissions: tuple[Omission, ...]
    unknown_words: tuple[str, ...]
    #: By `incident/update`: see `Snapshot`.
    former_keys: dict[str, tuple[str, ...]]
    alias_keys: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """One entry of an incident."""

    entry: FeedEntry
    account: Account
    identity: Identity


@dataclass(slots=True, kw_only=True)
class _Shown:
    """One update, and the entries that show it."""

    update: IncidentUpdate
    members: list[_Member] = field(default_factory=list)


def incidents_in(entries: Sequence[FeedEntry], home: Collection[str]) -> Reading:
    """Return the content of entries, newest first as in the feed; `home` are addresses of the page as a whole."""
    accounts = [account_of(entry) for entry in entries]
    found = identities([_marks(*pair) for pair in zip(entries, accounts, strict=True)], home)
    groups: dict[str, list[_Member]] = {}
    for entry, account, identity in zip(entries, accounts, found, strict=True):
        if identity is not None:
            member = _Member(entry=entry, account=account, identity=identity)
            groups.setdefault(identity.id, []).append(member)
    former: dict[str, tuple[str, ...]] = {}
    aliases: dict[str, tuple[str, ...]] = {}
    incidents = []
    for incident_id, members in groups.items():
        shown = _shown(members)
        incidents.append(_incident(incident_id, shown))
        for each in shown:
            _note_keys(incident_id, each, former, aliases)
    return Reading(
        incidents=tuple(each for each in incidents if each.impact is not Impact.MAINTENANCE),
        maintenances=tuple(each for each in incidents if each.impact is Impact.MAINTENANCE),
        omissions=(_NAMELESS,) * found.count(None),
        unknown_words=fields.unique(account.unknown_word for account in accounts),
        former_keys=former,
        alias_keys=aliases,
    )


def _marks(entry: FeedEntry, account: Account) -> Marks:
    status = account.updates[-1].status
    return Marks(
        guid=entry.id,
        link=entry.link,
        title=bare(account.bare),
        published=entry.published,
        goes_on=status != UNKNOWN and not is_closing(status),
    )


def _shown(members: Sequence[_Member]) -> tuple[_Shown, ...]:
    """Return the updates of all entries of an incident, oldest first, each once."""
    found: dict[tuple[str, datetime | None], _Shown] = {}
    for member in reversed(members):
        for update in member.account.updates:
            # An update with a dated id is the same at any time; one that is known by its words may be posted twice.
            time = None if member.account.is_dated else update.created_at
            found.setdefault((update.id, time), _Shown(update=update)).members.append(member)
    shown = tuple(found.values())
    if len(members) > 1:
        shown = oldest_first(shown, lambda each: each.update.created_at, newest_first=False)
    ids = numbered(each.update.id for each in shown)
    updates = with_status_before(
        msgspec.structs.replace(each.update, id=update_id) for each, update_id in zip(shown, ids, strict=True)
    )
    return tuple(_Shown(update=update, members=each.members) for each, update in zip(shown, updates, strict=True))


def _incident(incident_id: str, shown: Sequence[_Shown]) -> Incident:
    updates = tuple(each.update for each in shown)
    newest = shown[-1].members[-1]
    return Incident(
        id=incident_id,
        name=newest.account.name or incident_id,
        status=updates[-1].status,
        impact=Impact.MAINTENANCE if is_maintenance(updates) else None,
        link=newest.entry.address,
        updates=updates,
        components=updates[-1].components,
        scheduled_for=newest.account.begins,
        scheduled_until=newest.account.ends,
    )


def _note_keys(
    incident_id: str, shown: _Shown, former: dict[str, tuple[str, ...]], aliases: dict[str, tuple[str, ...]]
) -> None:
    """Note the other keys under which an update may be known."""
    key = key_of_update(incident_id, shown.update.id)
    if other := _unique(key, (name for member in shown.members for name in _former_keys(member, shown.update.id))):
        former[key] = other
    lasting = (key_of_update(it, shown.update.id) for member in shown.members for it in member.identity.lasting)
    if other := _unique(key, lasting):
        aliases[key] = other


def _former_keys(member: _Member, update_id: str) -> Iterable[str]:
    for other in member.identity.others:
        yield key_of_update(other, update_id)
    before = former_id(member.entry.id, member.entry.link)
    if before and before.strip():
        former = fields.identifier(before, "an entry")
        yield from (key_of_update(former, former_update) for former_update in member.account.former_ids)


def _unique(key: str, others: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(other for other in others if other != key))
