"""Placeholders for an incident's newest update, until another answer of the page lists its real updates. Pure."""

from collections.abc import Iterable

import msgspec

from tracker.model.keys import key_of_update
from tracker.model.page import Incident, Snapshot


def give_way(answer: Snapshot, others: Iterable[Snapshot]) -> Snapshot:
    """Return an answer with its placeholders replaced by the real updates that other answers of the page list.

    A newest update with the status of a placeholder is known under the key of that placeholder.
    """
    if not answer.stand_ins:
        return answer
    listed: dict[str, Incident] = {}
    for incident in (each for other in others for each in other.entries if _is_real(each, other)):
        known = listed.get(incident.id)
        listed[incident.id] = incident if known is None or not _is_later(known, incident) else known
    former: dict[str, tuple[str, ...]] = {}

    def with_real(incident: Incident) -> Incident:
        real = listed.get(incident.id)
        if real is None:
            return incident
        gone = [each for each in incident.updates if key_of_update(incident.id, each.id) in answer.stand_ins]
        newest = real.updates[-1]
        names = tuple(key_of_update(incident.id, each.id) for each in gone if each.status == newest.status)
        if names:
            former[key_of_update(incident.id, newest.id)] = names
        kept = tuple(each for each in incident.updates if each not in gone)
        return msgspec.structs.replace(incident, updates=(*kept, *real.updates))

    return msgspec.structs.replace(
        answer,
        incidents=tuple(map(with_real, answer.incidents)),
        maintenances=tuple(map(with_real, answer.maintenances)),
        former_keys={**answer.former_keys, **former},
    )


def _is_real(incident: Incident, answer: Snapshot) -> bool:
    """Return whether an answer lists updates of an incident, none of them a placeholder."""
    return bool(incident.updates) and not any(
        key_of_update(incident.id, each.id) in answer.stand_ins for each in incident.updates
    )


def _is_later(first: Incident, second: Incident) -> bool:
    """Return whether the newest update of the first is later than that of the second, as far as both are dated."""
    times = first.updates[-1].created_at, second.updates[-1].created_at
    return times[0] is not None and times[1] is not None and times[0] > times[1]
