"""Applies an event to an incident, a component's status and an unreadable span. Pure."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from tracker.history.answers import ComponentChange, ImpactPhase, RecordedIncident, UnreadableSpan, Window
from tracker.model.event import Event, EventKind
from tracker.model.page import CLOSED_STATUSES, Impact

#: Kinds that concern an incident or a maintenance.
OF_INCIDENTS: Final = frozenset(
    {
        EventKind.NEW_INCIDENT,
        EventKind.INCIDENT_UPDATE,
        EventKind.MAINTENANCE_UPDATE,
        EventKind.UPDATE_EDITED,
        EventKind.UPDATE_WITHDRAWN,
    }
)
#: Those that give its present status.
_STATUS_KINDS: Final = frozenset({EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE, EventKind.MAINTENANCE_UPDATE})
_ORDER: Final = (Impact.NONE, Impact.MAINTENANCE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)
_IMPACTS: Final = {impact.value: impact for impact in Impact}


def fold_incident(known: RecordedIncident | None, event: Event) -> RecordedIncident | None:
    """Return the incident after an event; None where it concerns none."""
    if event.event not in OF_INCIDENTS or event.incident_id is None:
        return known
    at = event.published_at or event.seen_at
    before = known or _begun(event, at)
    after = msgspec.structs.replace(
        before,
        provider_name=event.provider_name,
        title=event.incident or before.title,
        link=event.link or before.link,
        components=tuple(dict.fromkeys((*before.components, *event.components))),
        regions=tuple(dict.fromkeys((*before.regions, *event.regions))),
        began_at=min(before.began_at, at) if event.event in _STATUS_KINDS else before.began_at,
        edits=before.edits + (event.event is EventKind.UPDATE_EDITED),
        withdrawals=before.withdrawals + (event.event is EventKind.UPDATE_WITHDRAWN),
    )
    return _with_status(after, event, at) if event.event in _STATUS_KINDS else after


def fold_component(known: ComponentChange | None, event: Event) -> tuple[ComponentChange, ...]:
    """Return the spans of a component that an event writes: the one that ends and the one that begins."""
    component_id = component_of(event)
    if component_id is None:
        return ()
    at = event.published_at or event.seen_at
    begun = ComponentChange(
        provider=event.provider,
        component_id=component_id,
        name=next(iter(event.components), component_id),
        status=event.status,
        began_at=at,
    )
    if known is None or known.ended_at is not None or known.began_at >= at:
        return (begun,)
    return msgspec.structs.replace(known, ended_at=at), begun


def fold_unreadable(known: UnreadableSpan | None, event: Event) -> UnreadableSpan | None:
    """Return the unreadable span after an event; None where it concerns none."""
    since = unreadable_since(event)
    if since is None:
        return known
    span = known or UnreadableSpan(provider=event.provider, began_at=since)
    if event.event is EventKind.PAGE_READABLE:
        return msgspec.structs.replace(span, ended_at=event.seen_at)
    return msgspec.structs.replace(span, reason=event.message or "")


def component_of(event: Event) -> str | None:
    """Return the id of the component whose status an event reports; None where it reports none."""
    before, is_component, rest = event.id.partition("/component/")
    if event.event is not EventKind.COMPONENT_STATUS_CHANGE or not is_component or before != event.provider:
        return None
    return rest.rpartition("/")[0] or None


def unreadable_since(event: Event) -> datetime | None:
    """Return since when an event says that the page could not be read; None where it says something else."""
    if event.event not in (EventKind.PAGE_UNREADABLE, EventKind.PAGE_READABLE):
        return None
    try:
        return datetime.fromtimestamp(int(event.id.rpartition("/")[2]), UTC)
    except (ValueError, OverflowError, OSError):
        return event.seen_at


def worse(one: Impact | None, other: Impact | None) -> Impact | None:
    """Return the worse of two impacts; an unknown one is no worse than any."""
    known = [impact for impact in (one, other) if impact is not None]
    return max(known, key=_ORDER.index) if known else None


def _begun(event: Event, at: datetime) -> RecordedIncident:
    return RecordedIncident(
        provider=event.provider,
        provider_name=event.provider_name,
        incident_id=event.incident_id or "",
        title=event.incident or "",
        status=event.status,
        is_maintenance=event.event is EventKind.MAINTENANCE_UPDATE,
        began_at=at,
        first_seen_at=event.seen_at,
        updated_at=at,
    )


def _with_status(before: RecordedIncident, event: Event, at: datetime) -> RecordedIncident:
    """Return the incident with the status of an event; an event older than the known status only counts."""
    counted = msgspec.structs.replace(before, updates=before.updates + 1)
    if at < before.updated_at and before.updates:
        return counted
    impact = _IMPACTS.get(event.impact or "")
    is_maintenance = before.is_maintenance or event.event is EventKind.MAINTENANCE_UPDATE
    was_cancelled = before.is_cancelled
    windows = _windows(before, event)
    moved = before.windows and len(windows) > len(before.windows)
    turned = before.updates and was_cancelled != (event.status == "cancelled")
    return msgspec.structs.replace(
        counted,
        status=event.status,
        is_maintenance=is_maintenance,
        impact=impact or before.impact,
        worst_impact=worse(before.worst_impact, impact),
        updated_at=at,
        ended_at=(before.ended_at or at) if event.status in CLOSED_STATUSES else None,
        windows=windows,
        phases=_phases(before, impact, at),
        revision=before.revision + bool(moved) + bool(turned),
    )


def _windows(before: RecordedIncident, event: Event) -> tuple[Window, ...]:
    if event.scheduled_for is None and event.scheduled_until is None:
        return before.windows
    window = before.window
    if window and (window.starts_at, window.ends_at) == (event.scheduled_for, event.scheduled_until):
        return before.windows
    announced = Window(starts_at=event.scheduled_for, ends_at=event.scheduled_until, seen_at=event.seen_at)
    return (*before.windows, announced)


def _phases(before: RecordedIncident, impact: Impact | None, at: datetime) -> tuple[ImpactPhase, ...]:
    # An event without an impact changes none.
    if before.phases and (impact is None or before.phases[-1].impact is impact):
        return before.phases
    return (*before.phases, ImpactPhase(since=at, impact=impact))
