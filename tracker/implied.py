"""What a page means without posting it: an end told by no longer being listed, a window that moved. Pure.

Each becomes an update of its own, with an id that is derived from what the page shows, so that it is the same
everywhere and told once.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from tracker.events import EventKind
from tracker.models import CLOSED_STATUSES, Incident, IncidentUpdate, OpenIncident, Snapshot
from tracker.state import PageView

#: A kind of event, and the update of an incident that it tells.
Implied = tuple[EventKind, Incident, IncidentUpdate]

#: Windows that differ by less are the same one.
_SAME_WINDOW = timedelta(minutes=1)


def goes_on(incident: Incident, listed: Collection[str] | None) -> bool:
    """Tell whether an incident goes on now.

    `listed` are the ids in the answer that lists all that goes on or is planned, None where no answer does. Where one
    does, what it does not list is over, and what it lists goes on even if its status says nothing.
    """
    if listed is None:
        return incident.is_open
    return incident.id in listed and incident.status not in CLOSED_STATUSES and not is_planned(incident, listed)


def is_planned(incident: Incident, listed: Collection[str] | None) -> bool:
    """Tell whether it is a maintenance that has not begun."""
    return incident.status == "scheduled" and (listed is None or incident.id in listed)


def absent(view: PageView, snapshot: Snapshot, listed: Collection[str] | None) -> frozenset[str]:
    """Return the ids of what went on or was planned, is not listed any more, and has no update that ends it."""
    if listed is None:
        return frozenset()
    ended = {incident.id for incident in (*snapshot.incidents, *snapshot.maintenances) if _has_ended(incident)}
    return frozenset(known.id for known in _followed(view)) - frozenset(listed) - ended


def ends(view: PageView, ended: Collection[str], now: datetime) -> Iterator[Implied]:
    """Yield the updates that end what is known by these ids.

    Told anew when it is listed again with another update and ends again. A maintenance that goes before it begins was
    cancelled.
    """
    maintenances = {known.id: known for known in (*view.open_maintenances, *view.planned_maintenances)}
    for known in view.open_incidents:
        if known.id in ended and known.id not in maintenances:
            yield EventKind.INCIDENT_UPDATE, *_ended(known, "resolved")
    for known in maintenances.values():
        if known.id in ended:
            begins_later = known.scheduled_for is not None and known.scheduled_for > now
            yield EventKind.MAINTENANCE_UPDATE, *_ended(known, "cancelled" if begins_later else "completed")


def moved_windows(view: PageView, snapshot: Snapshot, updated: Collection[str]) -> Iterator[Implied]:
    """Yield the maintenances whose window is another one, but for those with a new update, which says it itself."""
    before = {known.id: known for known in (*view.planned_maintenances, *view.open_maintenances)}
    for maintenance in snapshot.maintenances:
        known = before.get(maintenance.id)
        if known is None or maintenance.id in updated or maintenance.status in CLOSED_STATUSES:
            continue
        begin_moved = _differ(known.scheduled_for, maintenance.scheduled_for)
        if begin_moved or _differ(known.scheduled_until, maintenance.scheduled_until):
            message = _moved(known, maintenance) if begin_moved else _extended(known, maintenance)
            window = f"{_compact(maintenance.scheduled_for)}-{_compact(maintenance.scheduled_until)}"
            update = IncidentUpdate(id=f"window/{window}", status=maintenance.status, body=message)
            yield EventKind.MAINTENANCE_UPDATE, maintenance, update


def _has_ended(incident: Incident) -> bool:
    return incident.status in CLOSED_STATUSES and any(update.status in CLOSED_STATUSES for update in incident.updates)


def _followed(view: PageView) -> Iterable[OpenIncident]:
    return (*view.open_incidents, *view.open_maintenances, *view.planned_maintenances)


def _ended(known: OpenIncident, status: str) -> tuple[Incident, IncidentUpdate]:
    update_id = f"ended/{known.update_id}" if known.update_id else "ended"
    update = IncidentUpdate(id=update_id, status=status, body="No longer listed on the page.")
    incident = Incident(
        id=known.id,
        name=known.name,
        status=status,
        impact=known.impact,
        link=known.link,
        updates=(update,),
        components=known.components,
        mentions=known.mentions,
        regions=known.regions,
        scheduled_for=known.scheduled_for,
        scheduled_until=known.scheduled_until,
    )
    return incident, update


def _differ(one: datetime | None, other: datetime | None) -> bool:
    """Tell whether a time is another one; a page that stops to say it moves nothing."""
    return one is not None and other is not None and abs(one - other) >= _SAME_WINDOW


def _extended(before: OpenIncident, after: Incident) -> str:
    was, now = before.scheduled_until, after.scheduled_until
    return f"now until {_said(now)} UTC, was until {_said(was, beside=now)} UTC"


def _moved(before: OpenIncident, after: Incident) -> str:
    now = _window(after.scheduled_for, after.scheduled_until or before.scheduled_until)
    return f"now {now}, was {_window(before.scheduled_for, before.scheduled_until)}"


def _window(begin: datetime | None, end: datetime | None) -> str:
    until = f" until {_said(end, beside=begin)}" if end else ""
    return f"from {_said(begin)}{until} UTC"


def _said(moment: datetime | None, beside: datetime | None = None) -> str:
    """Return a time of UTC for people, without the day where the time beside it has the same."""
    if moment is None:
        return "an unknown time"
    same_day = beside is not None and moment.astimezone(UTC).date() == beside.astimezone(UTC).date()
    return f"{moment.astimezone(UTC):%H:%M}" if same_day else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def _compact(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%MZ}" if moment else ""
