"""Maintenances as a calendar to subscribe to (RFC 5545): one event for each, forever under the same UID. Pure."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from icalendar import Calendar, Event

from tracker.history import RecordedIncident
from tracker.web.plain import link_of, text_of, title_of

#: How often subscribers should read the calendar again.
_REFRESH: Final = timedelta(minutes=15)
#: The length of a window without an end.
_OPEN_ENDED: Final = timedelta(hours=1)
_PRODUCT: Final = "-//status-page-tracker//maintenances//EN"


def as_calendar(name: str, maintenances: Sequence[RecordedIncident]) -> bytes:
    """Return the calendar; those without a window are left out."""
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", _REFRESH, {"value": "DURATION"})
    calendar.add("x-published-ttl", "PT15M")
    for maintenance in maintenances:
        event = _event(maintenance)
        if event is not None:
            calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


def uid_of(maintenance: RecordedIncident) -> str:
    """Return the permanent id of the event, in characters that no calendar trips over."""
    key = f"{maintenance.provider}/{maintenance.incident_id}".encode("utf-8", "replace")
    return f"{hashlib.sha256(key).hexdigest()[:32]}@status-page-tracker"


def _event(maintenance: RecordedIncident) -> Event | None:
    window = maintenance.window
    if window is None or window.starts_at is None:
        return None
    end, note = window.ends_at, ""
    if end is None or end <= window.starts_at:
        end, note = window.starts_at + _OPEN_ENDED, "The vendor gives no end; this entry assumes one hour."
    event = Event()
    event.add("uid", uid_of(maintenance))
    event.add("sequence", maintenance.revision)
    event.add("dtstamp", _seconds(maintenance.updated_at))
    event.add("last-modified", _seconds(maintenance.updated_at))
    event.add("dtstart", _seconds(window.starts_at))
    event.add("dtend", _seconds(end))
    event.add("status", "CANCELLED" if maintenance.is_cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("summary", title_of(f"{maintenance.provider_name}: {maintenance.title}"))
    components = title_of(", ".join(maintenance.components), 2000)
    described = (f"Components: {components}" if components else "", note, f"Status: {title_of(maintenance.status, 50)}")
    event.add("description", text_of("\n".join(filter(None, described))))
    link = link_of(maintenance.link)
    if link is not None:
        event.add("url", link)
    return event


def _seconds(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
