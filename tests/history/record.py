"""Events and records for tests of the history."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tracker.delivery.event_stream import StreamedEvent
from tracker.delivery.sinks.jsonlines import record_line
from tracker.model.event import Event, EventKind

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def event(update: str = "u1", minutes: float = 0, kind: EventKind = EventKind.INCIDENT_UPDATE, **more: Any) -> Event:
    """Return an event of the incident `i1` of `acme`, some minutes after noon."""
    at = NOON + timedelta(minutes=minutes)
    fields: dict[str, Any] = {
        "id": f"{more.get('provider', 'acme')}/{more.get('incident_id', 'i1')}/{update}",
        "event": kind,
        "provider": "acme",
        "provider_name": "Acme",
        "product": "Acme",
        "incident_id": "i1",
        "incident": "Requests fail",
        "update_id": update,
        "status": "investigating",
        "message": f"text of {update}",
        "impact": "major",
        "published_at": at,
        "seen_at": at + timedelta(seconds=1),
    }
    return Event(**{**fields, **more})


def component(status: str, minutes: float, number: int = 1, **more: Any) -> Event:
    """Return a change of the component `api`."""
    return event(
        minutes=minutes,
        kind=EventKind.COMPONENT_STATUS_CHANGE,
        **{
            "id": f"acme/component/api/{number}-{minutes:.0f}",
            "incident_id": None,
            "incident": None,
            "update_id": None,
            "components": ("API",),
            "status": status,
            "impact": None,
            **more,
        },
    )


def unreadable(since_minutes: float, until_minutes: float | None = None) -> Sequence[Event]:
    """Return the events of a time in which the page cannot be read."""
    since = NOON + timedelta(minutes=since_minutes)
    about: dict[str, Any] = {"incident_id": None, "incident": None, "update_id": None, "impact": None}
    kinds = [(EventKind.PAGE_UNREADABLE, since_minutes + 3)]
    if until_minutes is not None:
        kinds.append((EventKind.PAGE_READABLE, until_minutes))
    return [
        event(minutes=at, kind=kind, id=f"acme/{kind}/{since.timestamp():.0f}", published_at=None, **about)
        for kind, at in kinds
    ]


def streamed(events: Iterable[Event], first: int = 1) -> list[StreamedEvent]:
    """Return events with ids of a stream."""
    return [StreamedEvent(stream_id=f"{1000 + number}-0", event=each) for number, each in enumerate(events, first)]


def write(path: Path, events: Iterable[Event], first: int = 1, mode: str = "a") -> None:
    """Put events at the end of a record."""
    with path.open(mode, encoding="ascii") as stream:
        stream.writelines(f"{record_line(each)}\n" for each in streamed(events, first))
