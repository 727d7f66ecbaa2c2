"""Updates that stand for an incident's newest one until another answer of the page lists all of them. Pure."""

from collections.abc import Iterable

import msgspec

from tracker.model.keys import key_of_update
from tracker.model.page import Incident, Snapshot


def give_way(primary: Snapshot, details: Iterable[Snapshot]) -> Snapshot:
    """Return the primary answer without the updates for which a detail has real ones.

    The newest real one, where it has the same status, is known under the key of what stood for it.
    """
    if not primary.stand_ins:
        return primary
    listed = {
        incident.id: incident
        for detail in details
        for incident in (*detail.incidents, *detail.maintenances)
        if incident.updates
    }
    former: dict[str, tuple[str, ...]] = {}

    def without(incident: Incident) -> Incident:
        real = listed.get(incident.id)
        if real is None:
            return incident
        gone = [each for each in incident.updates if key_of_update(incident.id, each.id) in primary.stand_ins]
        newest = real.updates[-1]
        names = tuple(key_of_update(incident.id, each.id) for each in gone if each.status == newest.status)
        if names:
            former[key_of_update(incident.id, newest.id)] = names
        return msgspec.structs.replace(incident, updates=tuple(each for each in incident.updates if each not in gone))

    return msgspec.structs.replace(
        primary,
        incidents=tuple(map(without, primary.incidents)),
        maintenances=tuple(map(without, primary.maintenances)),
        former_keys={**primary.former_keys, **former},
    )
