"""Shapes knowledge into answers. Pure; every word of a vendor passes the fence here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tracker.alerting.alert import Alert
from tracker.alerting.message import severity
from tracker.assessment import KnownPage
from tracker.history import Day, DayState, LedgerEntry, RecordedIncident
from tracker.mcp.answers import (
    AlertNow,
    DayNow,
    FoundUpdate,
    IncidentEvent,
    IncidentNow,
    PastIncident,
    PlannedMaintenance,
    ProviderNow,
    Words,
)
from tracker.mcp.fence import name_list, prose, reference, title
from tracker.mcp.knowledge import age_of
from tracker.model.event import Event
from tracker.model.page import OpenIncident


def aged(page: KnownPage, now: datetime) -> dict[str, Any]:
    """Return the common part of answers about one page."""
    checked_at, age = age_of([page], now)
    return {"checked_at": checked_at, "age_seconds": age, "source_url": page.provider.url}


def provider_now(page: KnownPage, now: datetime) -> ProviderNow:
    """Return the present state of a provider."""
    found, provider = page.assessment, page.provider
    return ProviderNow(
        **aged(page, now),
        provider=provider.id,
        name=provider.name,
        group=provider.group,
        state=found.state,
        reason=found.reason.value,
        last_state=found.last_state,
        open_incidents=len(page.view.open_incidents),
        untrusted=Words(
            title=title(found.evidence),
            components=name_list(component.name for component in page.view.impaired_components),
        ),
    )


def open_incident(page: KnownPage, incident: OpenIncident, now: datetime, *, is_maintenance: bool) -> IncidentNow:
    """Return an ongoing incident."""
    return IncidentNow(
        **aged(page, now),
        id=reference(page.provider.id, incident.id),
        provider=page.provider.id,
        provider_state=page.assessment.state,
        impact=None if incident.impact is None else incident.impact.value,
        is_maintenance=is_maintenance,
        began_at=incident.began_at,
        updated_at=incident.updated_at,
        untrusted=incident_words(incident),
    )


def planned(page: KnownPage, incident: OpenIncident, now: datetime, *, is_going_on: bool) -> PlannedMaintenance:
    """Return a maintenance."""
    return PlannedMaintenance(
        **aged(page, now),
        id=reference(page.provider.id, incident.id),
        provider=page.provider.id,
        starts_at=incident.scheduled_for,
        ends_at=incident.scheduled_until,
        is_going_on=is_going_on,
        untrusted=incident_words(incident),
    )


def incident_words(incident: OpenIncident) -> Words:
    """Return the vendor's words about an ongoing incident or maintenance."""
    return Words(
        title=title(incident.name),
        status=title(incident.status),
        components=name_list(incident.components),
        link=_link(incident.link),
    )


def recorded_words(incident: RecordedIncident) -> Words:
    """Return the vendor's words about an incident on record."""
    return Words(
        title=title(incident.title),
        status=title(incident.status),
        components=name_list(incident.components),
        link=_link(incident.link),
    )


def event_words(event: Event) -> Words:
    """Return a vendor's words in one event."""
    return Words(
        title=title(event.incident or ""),
        text=prose(event.message),
        status=title(event.status),
        components=name_list(event.components),
        link=_link(event.link),
    )


def entry(found: LedgerEntry) -> IncidentEvent:
    """Return one line of a ledger."""
    event = found.item.event
    return IncidentEvent(
        event=event.event.value,
        published_at=event.published_at,
        seen_at=event.seen_at,
        impact=_impact(event),
        untrusted=event_words(event),
        previous_untrusted=None if found.previous_message is None else prose(found.previous_message),
    )


def found_update(event: Event) -> FoundUpdate:
    """Return one update that a search found."""
    return FoundUpdate(
        provider=event.provider,
        incident=None if event.incident_id is None else reference(event.provider, event.incident_id),
        event=event.event.value,
        published_at=event.published_at,
        seen_at=event.seen_at,
        impact=_impact(event),
        untrusted=event_words(event),
    )


def past_incident(incident: RecordedIncident) -> PastIncident:
    """Return one incident of the past."""
    return PastIncident(
        id=reference(incident.provider, incident.incident_id),
        worst_impact=None if incident.worst_impact is None else incident.worst_impact.value,
        is_maintenance=incident.is_maintenance,
        began_at=incident.began_at,
        ended_at=incident.ended_at,
        untrusted=recorded_words(incident),
    )


def day_now(day: Day) -> DayNow:
    """Return one day."""
    return DayNow(
        day=day.day.isoformat(),
        state=day.state.value,
        unknown_minutes=day.unknown_minutes,
        minutes_by_impact={_word(impact): minutes for impact, minutes in day.minutes.items()},
    )


def alert_now(alert: Alert) -> AlertNow:
    """Return an alert."""
    return AlertNow(
        id=alert.id,
        provider=alert.provider_id.removeprefix("~"),
        kind=(alert.group or alert.kind).value,
        state=alert.state.value,
        severity=severity(alert.kind, alert.impact).value,
        opened_at=alert.opened_at,
        closed_at=alert.closed_at,
        channels={name: target.phase.value for name, target in alert.targets.items()},
        untrusted=Words(
            title=title(alert.title),
            status=title(alert.status),
            components=name_list(alert.components),
            link=_link(alert.link),
        ),
    )


def counted(days: tuple[Day, ...]) -> Mapping[str, int]:
    """Return the number of days in each state."""
    return {state.value: n for state in DayState if (n := sum(day.state is state for day in days))}


def _impact(event: Event) -> str | None:
    return None if event.impact is None else _word(event.impact)


def _word(text: str) -> str:
    """Return one of our words for an impact; any other word, which an older record may hold, becomes `unknown`."""
    return text if text in ("none", "minor", "major", "critical", "maintenance") else "unknown"


def _link(link: str | None) -> str | None:
    return title(link) if link else None
