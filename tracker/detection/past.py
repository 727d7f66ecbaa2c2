"""Derives the events of a page's own history, as if somebody had watched from its beginning. Pure."""

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from tracker.detection.changes import changes
from tracker.detection.comparison import Before
from tracker.model.event import Event, EventKind
from tracker.model.page import CLOSED_STATUSES, Snapshot
from tracker.model.provider import FirstSight, Provider

_OF_INCIDENTS = (EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE, EventKind.MAINTENANCE_UPDATE)


def past_events(provider: Provider, snapshot: Snapshot, now: datetime) -> tuple[Event, ...]:
    """Return the events of the dated updates that a page shows, each seen when it was published, the oldest first.

    Decided as live polls are (`tracker.detection.changes`). An incident that is over ends with its last update, even
    where that does not say so.
    """
    found = changes(replace(provider, first_sight=FirstSight.ALL), Before(seeded=False), snapshot, now)
    posted = [
        replace(each.event, seen_at=each.event.published_at)
        for each in found.pending
        if each.event.event in _OF_INCIDENTS and each.event.published_at is not None and each.event.published_at <= now
    ]
    posted.sort(key=lambda event: event.seen_at)
    return tuple(sorted((*posted, *_ends(posted, snapshot)), key=lambda event: event.seen_at))


def _ends(posted: list[Event], snapshot: Snapshot) -> Iterator[Event]:
    """Yield the ends that no update says."""
    over = {each.id: each.status for each in snapshot.entries if each.status in CLOSED_STATUSES}
    last = {event.incident_id: event for event in posted}
    for incident_id, event in last.items():
        if incident_id in over and event.status not in CLOSED_STATUSES:
            kind = EventKind.INCIDENT_UPDATE if event.event is EventKind.NEW_INCIDENT else event.event
            yield replace(
                event, id=f"{event.id}/end", event=kind, status=over[incident_id], message=None, update_id=None
            )
