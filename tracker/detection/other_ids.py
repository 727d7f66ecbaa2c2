"""Ongoing entries that are listed under a new id: each keeps the id that it was reported under. Pure.

A vendor that leaves an id out for some answers, or makes an entry again, would otherwise open the same incident twice
and end it while it is ongoing.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Final, TypeVar

from msgspec.structs import replace

from tracker.detection.edits import UpdateDigests
from tracker.detection.keys import incident_key, update_key
from tracker.detection.snapshots import merged
from tracker.model.keys import key_of_update
from tracker.model.page import Incident, OpenIncident, Snapshot, is_made
from tracker.model.page_state import PageView
from tracker.model.text_digest import text_digest

_T = TypeVar("_T")
_Entry = Incident | OpenIncident


def known_ids(view: PageView, snapshot: Snapshot) -> dict[str, str]:
    """Return by the id that something is listed under the one that it is known by, where the two differ.

    One of two listings whose ids are the vendor's is the other if title, components, regions and first update are the
    same. Where the vendor left an id out, its link or its title is enough. What several share proves nothing.
    """
    entries = {entry.id: entry for entry in snapshot.entries}
    known = {each.id: each for each in view.going_on}
    left: list[_Entry] = [each for each in known.values() if each.id not in entries]
    unknown = [each for each in entries.values() if each.id not in known and each.id not in view.traces]
    found: dict[str, str] = {}
    for mark in _MARKS if left else ():
        found |= _same(left, [each for each in unknown if each.id not in found], mark)
        left = [each for each in left if each.id not in found.values()]
    # Another answer of the page may have the id that this one left out.
    made = [each for each in unknown if is_made(each.id) and each.id not in found]
    for mark in _SURE_MARKS if made else ():
        found |= _same([each for each in entries.values() if not is_made(each.id)], made, mark)
    return found


def under_known_ids(snapshot: Snapshot, ids: Mapping[str, str]) -> Snapshot:
    """Return the snapshot with the ids that its entries are known by, two entries of one id joined."""

    def known(entries: Iterable[Incident]) -> tuple[Incident, ...]:
        return tuple(replace(entry, id=ids[entry.id]) for entry in entries if entry.id in ids)

    def others(entries: Iterable[Incident]) -> tuple[Incident, ...]:
        return tuple(entry for entry in entries if entry.id not in ids)

    renamed = Snapshot(
        updated_at=snapshot.updated_at,
        incidents=known(snapshot.incidents),
        maintenances=known(snapshot.maintenances),
    )
    own = replace(snapshot, incidents=others(snapshot.incidents), maintenances=others(snapshot.maintenances))
    return merged(own, [renamed])


def known_updates(digests: UpdateDigests, snapshot: Snapshot) -> dict[str, str]:
    """Return by the key of an update the id that it is known by, where the vendor left its id out now or before.

    Another answer of the page may show it under its own id. Else it is the one of its incident that has the same text
    and is not shown any more.
    """
    found: dict[str, str] = {}
    for incident in snapshot.entries:
        known = digests.get(incident.id, {})
        shown = {update.id for update in incident.updates}
        left = {update_id: entry.digest for update_id, entry in known.items() if update_id not in shown}
        made = [update for update in incident.updates if is_made(update.id)]
        if not made and not any(map(is_made, left)):
            continue
        own = {(each.created_at, each.body): each.id for each in incident.updates if not is_made(each.id)}
        twins = {each.id: own[each.created_at, each.body] for each in made if (each.created_at, each.body) in own}
        unknown = [update for update in incident.updates if update.id not in known and update.id not in twins]
        before = _alone(left, left.get)
        after = _alone(unknown, lambda update: text_digest(update.body) if update.body else None)
        for text in before.keys() & after.keys():
            if is_made(before[text]) or is_made(after[text].id):
                twins[after[text].id] = before[text]
        found |= {key_of_update(incident.id, now): was for now, was in twins.items()}
    return found


def under_known_updates(snapshot: Snapshot, ids: Mapping[str, str]) -> Snapshot:
    """Return the snapshot with the ids that its updates are known by."""

    def known(incident: Incident) -> Incident:
        updates = {ids.get(update_key(incident, each), each.id): each for each in incident.updates}
        return replace(incident, updates=tuple(replace(each, id=own) for own, each in updates.items()))

    return replace(
        snapshot,
        incidents=tuple(map(known, snapshot.incidents)),
        maintenances=tuple(map(known, snapshot.maintenances)),
    )


def keys_of_others(view: PageView, snapshot: Snapshot, ids: Mapping[str, str]) -> set[str]:
    """Return the keys that count as seen under the other ids too, for once it is over and known by none."""
    entries = [entry for entry in snapshot.entries if entry.id in ids]
    followed = {each.id for each in view.going_on if each.is_followed}
    own = {incident_key(entry) for entry in entries if ids[entry.id] in followed}
    return own | {update_key(entry, update) for entry in entries for update in entry.updates}


def _same(known: Iterable[_Entry], unknown: Iterable[_Entry], mark: Callable[[_Entry], Hashable]) -> dict[str, str]:
    """Return by its new id the known one of each that shares a mark with it, and with it alone."""
    before, after = _alone(known, mark), _alone(unknown, mark)
    pairs = [(before[shared].id, after[shared].id) for shared in before.keys() & after.keys()]
    return {now: was for was, now in pairs if mark is _whole or is_made(was) or is_made(now)}


def _alone(entries: Iterable[_T], mark: Callable[[_T], Hashable]) -> dict[Hashable, _T]:
    """Return entries by a mark that no other of them has."""
    marked = [(value, entry) for entry in entries if (value := mark(entry)) is not None]
    counts = Counter(value for value, _ in marked)
    return {value: entry for value, entry in marked if counts[value] == 1}


def _whole(entry: _Entry) -> Hashable:
    if isinstance(entry, OpenIncident):
        began_at = entry.began_at
    else:
        began_at = min((update.created_at for update in entry.updates if update.created_at), default=None)
    return began_at and (entry.name, frozenset(entry.components), frozenset(entry.regions), began_at)


def _link(entry: _Entry) -> Hashable:
    return entry.link


def _title(entry: _Entry) -> Hashable:
    return entry.name


#: The marks that identify an entry, the surest first.
_SURE_MARKS: Final = (_whole, _link)
_MARKS: Final = (*_SURE_MARKS, _title)
