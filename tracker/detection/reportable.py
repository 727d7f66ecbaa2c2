"""Chooses the unseen updates to report: those that pass the filters and are not history of the page. Pure."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from tracker.detection.comparison import Comparison, in_published_order
from tracker.detection.inferred import goes_on
from tracker.detection.keys import Posted, incident_key, update_key
from tracker.model.event import EventKind, PendingEvent, update_event
from tracker.model.keys import event_id
from tracker.model.page import IncidentUpdate
from tracker.model.provider import FirstSight

#: The update of an incident that shows none.
_NO_UPDATE = IncidentUpdate(id="", status="")


class Filtered(msgspec.Struct, frozen=True, kw_only=True):
    """The unseen updates, divided by the provider's filters."""

    #: The updates that no filter leaves out, in published order.
    wanted: tuple[Posted, ...]
    #: Keys of the incidents that have passed by now.
    passed: frozenset[str]


def filtered(found: Comparison) -> Filtered:
    """Apply the filters to unseen updates; an incident that passes with one update is followed from that one on."""
    unseen = in_published_order(found.unseen)
    passed = {posted.incident_key for posted in unseen if found.was_followed(posted.incident)}
    wanted = []
    for posted in unseen:
        if _passes(found, posted, passed):
            wanted.append(posted)
            passed.add(posted.incident_key)
    bare = (Posted(incident, _NO_UPDATE) for incident in found.snapshot.entries if not incident.updates)
    passed |= {posted.incident_key for posted in bare if _passes(found, posted, passed)}
    return Filtered(wanted=tuple(wanted), passed=frozenset(passed))


def _passes(found: Comparison, posted: Posted, passed: set[str]) -> bool:
    incident, update = posted
    return found.passes(
        incident, update, maintenance=found.is_maintenance(incident), followed=posted.incident_key in passed
    )


def is_reported(found: Comparison, posted: Posted) -> bool:
    """Return whether an update that passes the filters is reported: at first sight, only what is ongoing may be."""
    before, (incident, update) = found.before, posted
    if before.watermark is not None and update.created_at is not None and update.created_at < before.watermark:
        return False
    is_history = incident.id in before.history and not found.was_followed(incident)
    if before.seeded and not is_history:
        return True
    if before.known_until is not None and _came_since(found, before.known_until, posted):
        return True
    match found.provider.first_sight:
        case FirstSight.SILENT:
            return False
        case FirstSight.ALL:
            return True
        case FirstSight.OPEN:
            return goes_on(incident, before.open_ids) and update is incident.updates[-1]


def _came_since(found: Comparison, known_until: datetime, posted: Posted) -> bool:
    """Return whether an update was published since then, or stands behind one of its incident that was reported."""
    incident, update = posted
    if update.created_at is not None and update.created_at >= known_until:
        return True
    seen = found.before.seen
    reported = [number for number, each in enumerate(incident.updates) if update_key(incident, each) in seen]
    return bool(reported) and incident.updates.index(update) > reported[-1]


def update_events(found: Comparison, reported: tuple[Posted, ...]) -> Iterator[PendingEvent]:
    """Yield the event of each reported update."""
    known = {incident_key(posted.incident) for posted in reported if found.was_followed(posted.incident)}
    for posted in reported:
        if found.is_maintenance(posted.incident):
            kind = EventKind.MAINTENANCE_UPDATE
        else:
            kind = EventKind.INCIDENT_UPDATE if posted.incident_key in known else EventKind.NEW_INCIDENT
        known.add(posted.incident_key)
        yield event_of(found, kind, posted)


def event_of(found: Comparison, kind: EventKind, posted: Posted) -> PendingEvent:
    """Return the event of one update."""
    provider, (incident, update) = found.provider, posted
    named = event_id(provider.id, incident.id, update.id)
    event = update_event(kind, named, provider, incident, update, found.now, listing=found.listing)
    return PendingEvent(event=event, key=posted.key)
