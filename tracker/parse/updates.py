"""Puts the updates of an incident into the order in which they were published."""

from collections.abc import Iterable

from tracker.models import IncidentUpdate


def oldest_first(listed: Iterable[IncidentUpdate], *, newest_first: bool = False) -> tuple[IncidentUpdate, ...]:
    """Return the updates oldest first, of one id the first that is listed; the list's order decides where times do not.

    `newest_first` is the list's own order.
    """
    found: dict[str, IncidentUpdate] = {}
    for update in listed:
        found.setdefault(update.id, update)
    updates = list(reversed(found.values())) if newest_first else list(found.values())
    times = {update.id: update.created_at for update in updates if update.created_at}
    if len(times) == len(updates):
        updates.sort(key=lambda update: times[update.id])
    return tuple(updates)
