"""The meaning of an event for alerts: its subject, and whether that is ongoing. Pure."""

from datetime import datetime
from typing import Final

import msgspec

from tracker.model.event import Event, EventKind
from tracker.model.page import CLOSED_STATUSES, ComponentStatus, Impact
from tracker.model.page_state import COMPONENT_IMPACT
from tracker.model.route import AlertKind

#: Statuses that say nothing of how it goes.
WORDLESS: Final = frozenset({"unknown", "update"})
#: Provider of alerts about the tracker itself; no provider's id begins so.
TRACKER: Final = "~tracker"
_IMPACTS: Final = {impact.value: impact for impact in Impact}
_COMPONENT_STATUSES: Final = {status.value: status for status in ComponentStatus}


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """One event, as alerts see it."""

    id: str
    kind: AlertKind
    provider_id: str
    provider_name: str
    subject: str
    title: str
    status: str
    text: str = ""
    impact: Impact | None = None
    at: datetime
    update_id: str | None = None
    components: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    link: str | None = None
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None
    is_over: bool = False
    #: Whether that it is over means that it never was, or never will be.
    is_cancelled: bool = False
    is_edit: bool = False
    is_withdrawal: bool = False
    #: Whether its subject is new.
    is_first: bool = False
    drill: str | None = None


def occurrence_of(event: Event) -> Occurrence | None:
    """Return the meaning of an event for alerts; None for one that concerns all of a provider's (a page that moved)."""
    match event.event:
        case EventKind.PAGE_MOVED:
            return None
        case EventKind.PAGE_UNREADABLE | EventKind.PAGE_READABLE:
            return _of_page(event)
        case EventKind.COMPONENT_STATUS_CHANGE:
            return _of_component(event)
        case _:
            return _of_incident(event)


def of_tracker(subject: str, title: str, text: str, now: datetime, *, is_over: bool) -> Occurrence:
    """Return a finding of the tracker about itself."""
    return Occurrence(
        id=f"{TRACKER}/{subject}/{'over' if is_over else 'begun'}/{now.timestamp():.3f}",
        kind=AlertKind.TRACKER,
        provider_id=TRACKER,
        provider_name="Status page tracker",
        subject=subject,
        title=title,
        status="resolved" if is_over else "failing",
        text=text,
        at=now,
        is_over=is_over,
    )


def _of_page(event: Event) -> Occurrence:
    return Occurrence(
        id=event.id,
        kind=AlertKind.PAGE,
        provider_id=event.provider,
        provider_name=event.provider_name,
        subject="page",
        title=f"The status page of {event.provider_name} cannot be read",
        status=event.status,
        text=event.message or "",
        at=event.seen_at,
        is_over=event.event is EventKind.PAGE_READABLE,
    )


def _of_component(event: Event) -> Occurrence:
    component_id = event.id.removeprefix(f"{event.provider}/component/").rpartition("/")[0]
    status = _COMPONENT_STATUSES.get(event.status)
    return Occurrence(
        id=event.id,
        kind=AlertKind.COMPONENT,
        provider_id=event.provider,
        provider_name=event.provider_name,
        subject=f"component/{component_id or event.product}",
        title=event.product,
        status=event.status,
        text=event.message or "",
        impact=None if status is None else COMPONENT_IMPACT.get(status),
        at=event.published_at or event.seen_at,
        components=event.components,
        regions=event.regions,
        is_over=status is ComponentStatus.OPERATIONAL,
    )


def _of_incident(event: Event) -> Occurrence:
    is_maintenance = event.event is EventKind.MAINTENANCE_UPDATE
    is_withdrawal = event.event is EventKind.UPDATE_WITHDRAWN
    impact = Impact.MAINTENANCE if is_maintenance else _IMPACTS.get(event.impact or "")
    is_edit = event.event is EventKind.UPDATE_EDITED
    return Occurrence(
        id=event.id,
        kind=AlertKind.MAINTENANCE if is_maintenance else AlertKind.INCIDENT,
        provider_id=event.provider,
        provider_name=event.provider_name,
        subject=event.incident_id or event.incident or event.product,
        title=event.incident or event.product,
        status=event.status,
        text=event.message or "",
        impact=impact,
        at=event.published_at or event.seen_at,
        update_id=event.update_id,
        components=event.components,
        regions=event.regions,
        link=event.link,
        scheduled_for=event.scheduled_for,
        scheduled_until=event.scheduled_until,
        is_over=event.status in CLOSED_STATUSES and not is_edit,
        is_cancelled=event.status == "cancelled",
        is_edit=is_edit,
        is_withdrawal=is_withdrawal,
        is_first=event.event is EventKind.NEW_INCIDENT,
        drill=None if event.drill is msgspec.UNSET else event.drill,
    )
