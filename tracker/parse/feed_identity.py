"""The incident to which an entry of a feed belongs: decided entry by entry, so it is the same in every answer.

    1. the id in an incident's address:   /incidents/ID, /incident/ID, ?id=ID, #incident-ID
    2. the entry's own id, unless it identifies nothing: "N/A", the homepage, one of several entries, a new one each
       time
    3. its address, if it is of this entry alone
    4. its title without the status, and the time at which it appeared

The feed as a whole only decides what several entries share. An edit changes none of these.
"""

import base64
import binascii
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from tracker.parse import _fields as fields
from tracker.parse.feed_addresses import is_own, is_root, named_incident, parted, without_ends, without_tracking
from tracker.parse.listed import digest_key
from tracker.parse.times import moment

#: The address that the page's JSON has as well.
_SHARED_PATH: Final = re.compile(r"/incidents/([^/]+)/?\Z")
_EMPTY_IDS: Final = frozenset({
    "n/a", "na", "n.a.", "none", "null", "nil", "undefined", "unknown", "empty", "guid", "id", "-", "--", "?", "0", "#",
    "/", "tbd", "todo", "test", "false", "true", "permalink", "[object object]", "nan",
})  # fmt: skip
#: Ids that a generator may make again with each answer: random ones, digests of the content.
_GENERATED: Final = re.compile(
    r"(?:urn:uuid:)?\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}"
    r"|(?=.*\d)[0-9a-f]{13,14}(?:\.\d{8})?",
    re.IGNORECASE,
)
#: Behind the id of an incident: the number of its update.
_UPDATE_NUMBER: Final = re.compile(r"(?:#|[-_/:.#](?:updates?|upd|u|rev|revision)[-_/:.#]?)\d{1,4}\Z", re.IGNORECASE)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{16,120}={0,2}")
_COMPONENT: Final = re.compile(r"\A\s*\[[^\[\]]{1,120}\]\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The marks by which an entry is identified."""

    guid: str | None
    #: As written: an address that is completed depends on where the feed was read.
    link: str | None
    #: Without status and component (`bare`): entries of one incident may differ in them.
    title: str
    #: When the entry appeared.
    published: datetime | None
    #: Whether its incident is still open after it, so more entries may follow.
    goes_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The id of an incident, and its former ids."""

    id: str
    #: Ids that it had in an answer with other entries, or in an earlier version of this reader.
    others: tuple[str, ...] = ()
    #: Marks that stay the same where the id may not, () where it does.
    lasting: tuple[str, ...] = ()


def identities(entries: Sequence[Marks], home: Collection[str]) -> list[Identity | None]:
    """Return the identity of each entry, None where it has none; `home` are addresses of the page as a whole."""
    shared = _Shared(entries, home)
    found = [_identity(entry, shared) for entry in entries]
    chains = _chains([entry for entry, known in zip(entries, found, strict=True) if known is None])
    return [known or chains.get(id(entry)) for entry, known in zip(entries, found, strict=True)]


def former_id(guid: str | None, link: str | None) -> str | None:
    """Return the id that entries had before other addresses than `/incidents/ID` were understood."""
    for address in (fields.link(link), fields.link(guid)):
        if address and (found := _SHARED_PATH.search(re.sub("//+", "/", parted(address).path))):
            return found[1]
    return guid or link


class _Shared:
    """The values that entries of a feed share."""

    def __init__(self, entries: Sequence[Marks], home: Collection[str]) -> None:
        self.home = frozenset(map(without_ends, home))
        links = [link for entry in entries if (link := without_tracking(entry.link))]
        self.links = Counter(links)
        titles: dict[str, set[str]] = defaultdict(set)
        by_guid: dict[str, list[Marks]] = defaultdict(list)
        for entry in entries:
            titles[without_tracking(entry.link) or ""].add(entry.title)
            by_guid[entry.guid or ""].append(entry)
        #: Addresses that entries with different titles share.
        self.addresses = {link for link, named in titles.items() if len(named) > 1}
        bases: dict[str, set[str]] = defaultdict(set)
        for entry in entries:
            bases[_without_number(entry.guid or "")].add(entry.title)
        #: Ids without the number of an update that entries with different titles share.
        self.bases = {base for base, named in bases.items() if len(named) > 1}
        #: The one address of all entries, with different titles.
        self.constant = self.addresses.intersection(links) if len(self.links) == 1 else set()
        #: The oldest entry of each title, by `id()`.
        self.oldest = {
            id(entry) for entry in {one.title: one for one in sorted(entries, key=_age, reverse=True)}.values()
        }
        #: Ids that identify nothing.
        self.guids = {
            guid for guid, alike in by_guid.items() if len(alike) > 1 and self._differ(guid, alike, len(entries))
        }

    def _differ(self, guid: str, alike: Sequence[Marks], total: int) -> bool:
        """Return whether entries of one id are of different incidents: nothing but the id is the same."""
        links = {link for entry in alike if (link := without_tracking(entry.link)) and self.is_own(link)}
        if len(links) > 1 and len({(entry.title, entry.published) for entry in alike}) > 1:
            return True
        says_little = len(alike) == total or _is_generated(guid)
        return says_little and not links and len({entry.title for entry in alike}) > 1

    def is_home(self, address: str) -> bool:
        """Return whether an address is the page's as a whole."""
        return without_ends(address) in self.home or is_root(address)

    def is_own(self, link: str) -> bool:
        """Return whether an address can be of one incident alone."""
        return not self.is_home(link) and is_own(link)


def _identity(entry: Marks, shared: _Shared) -> Identity | None:
    """Return the identity by an entry's id or address; None where only its title is left."""
    before = former_id(entry.guid, entry.link)
    link = without_tracking(entry.link)
    address = link if link and link not in shared.addresses and not shared.is_home(link) else None
    own = address if address and shared.is_own(address) else None
    guid = entry.guid if _is_usable(entry.guid, shared) else None
    as_address = guid if guid and guid.startswith(("http://", "https://", "/")) else None
    for one in (link, as_address):
        if named := named_incident(one, is_constant=one in shared.constant):
            return _called(named, before)
    base = _without_number(guid) if guid else None
    if guid and base != guid and base not in shared.bases:
        return _called(base or guid, before, guid)
    # The ids that the incident would have beside other entries.
    others = (before, own, guid, _titled(entry) if entry.title else None)
    if guid and own and (_is_part_of(guid, own) or _is_generated(guid) or shared.links[own] > 1):
        return _called(own, *others)
    if guid:
        is_generated = _is_generated(guid) and id(entry) in shared.oldest
        # A generator may make any id again; unless the id shows that, the entry's own time has to match, too.
        lasting, before_that = _days(entry) if is_generated and entry.title else ((), ())
        return _called(guid, *others, *before_that, lasting=(*filter(None, (others[-1],)), *lasting))
    return _called(address, *others) if address else None


def _called(chosen: str, *others: str | None, lasting: tuple[str, ...] = ()) -> Identity:
    incident_id = fields.identifier(chosen, "an entry")
    known = (fields.identifier(other, "an entry") for other in others if other and other.strip())
    return Identity(
        id=incident_id, others=tuple(dict.fromkeys(one for one in known if one != incident_id)), lasting=lasting
    )


def _chains(entries: Sequence[Marks]) -> dict[int, Identity]:
    """Return the identities of entries that have only a title, by their `id()`.

    Entries of one title belong to one incident until one of them ends it; the next entry begins another one.
    """
    by_title: dict[str, list[Marks]] = defaultdict(list)
    for entry in reversed(entries):
        if entry.title:
            by_title[entry.title].append(entry)
    found = {}
    for alike in by_title.values():
        first: Marks | None = None
        days, days_before = _days(alike[0]) if (alike := sorted(alike, key=_age)) else ((), ())
        for entry in alike:
            first = first or entry
            others = former_id(entry.guid, entry.link), without_tracking(entry.link), *days_before
            found[id(entry)] = _called(_titled(first), *others, lasting=(_titled(entry), *days))
            if not entry.goes_on:
                # The next entry begins another incident, which the day of this one does not identify.
                first, days, days_before = None, (), ()
    return found


def _is_usable(guid: str | None, shared: _Shared) -> bool:
    if not guid or guid.strip().lower() in _EMPTY_IDS or guid in shared.guids:
        return False
    return not shared.is_home(guid)


def _without_number(guid: str) -> str:
    """Return an id without the number of an update behind it, if the rest identifies an incident: `77#2`."""
    base = _UPDATE_NUMBER.sub("", guid)
    return base if re.search(r"\d", base) else guid


def _is_part_of(guid: str, link: str) -> bool:
    """Return whether an id is the incident's address with a mark for the update behind it."""
    base = link.rstrip("/")
    return guid.startswith(base) and guid[len(base) :].lstrip("/")[:1] in ("#", "?", "&")


def _is_generated(guid: str) -> bool:
    return _GENERATED.fullmatch(guid.strip()) is not None or _is_time(guid)


def _is_time(guid: str) -> bool:
    """Return whether an id is nothing but a time, perhaps in base64."""
    if moment(guid, UTC) is not None:
        return True
    if _BASE64.fullmatch(guid) is None:
        return False
    try:
        return moment(base64.b64decode(guid, validate=True).decode("ascii"), UTC) is not None
    except (binascii.Error, UnicodeError, ValueError):
        return False


def _age(entry: Marks) -> float:
    return entry.published.timestamp() if entry.published else 0.0


def _days(entry: Marks) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return two digests for an entry whose time changes with every answer: of its day, and of the day before."""
    if entry.published is None:
        return (), ()
    day = entry.published.date()
    return (digest_key(entry.title, f"{day}"),), (digest_key(entry.title, f"{day - timedelta(days=1)}"),)


def _titled(entry: Marks) -> str:
    return digest_key(entry.title, entry.published.isoformat() if entry.published else "")


def bare(title: str) -> str:
    """Return a title without a status, in lower case and without the component in brackets before it."""
    return " ".join(_COMPONENT.sub("", title).lower().split())
