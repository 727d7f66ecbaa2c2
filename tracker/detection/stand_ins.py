"""Updates that stand for an incident's newest one until another answer of the page lists all of them. Pure."""

from collections.abc import Iterable

import msgspec

from tracker.model.page import Incident, Snapshot


def give_way(primary: Snapshot, details: Iterable[Snapshot]) -> Snapshot:
    """Return the primary answer with the real updates of a detail in place of those that stand for them.

    The newest real one, where it has the same status, is known under the key of what stood for it.
    """
    if not primary.stand_ins:
        return primary
    listed: dict[str, Incident] = {}
    for incident in (each for detail in details for each in detail.entries if each.updates):
        other = listed.get(incident.id)
        listed[incident.id] = incident if other is None or not _is_later(other, incident) else other
    former: dict[str, tuple[str, ...]] = {}

    def with_real(incident: Incident) -> Incident:
        real = listed.get(incident.id)
        if real is None:
            return incident
        gone = [each for each in incident.updates if f"{incident.id}/{each.id}" in primary.stand_ins]
        newest = real.updates[-1]
        names = tuple(f"{incident.id}/{each.id}" for each in gone if each.status == newest.status)
        if names:
            former[f"{incident.id}/{newest.id}"] = names
        kept = tuple(each for each in incident.updates if each not in gone)
        return msgspec.structs.replace(incident, updates=(*kept, *real.updates))

    return msgspec.structs.replace(
        primary,
        incidents=tuple(map(with_real, primary.incidents)),
        maintenances=tuple(map(with_real, primary.maintenances)),
        former_keys={**primary.former_keys, **former},
    )


def _is_later(first: Incident, second: Incident) -> bool:
    """Return whether the newest update of the first is later than that of the second, as far as both are dated."""
    times = first.updates[-1].created_at, second.updates[-1].created_at
    return times[0] is not None and times[1] is not None and times[0] > times[1]
