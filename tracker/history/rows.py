"""Writes values into rows of the tables and reads them back."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from tracker.delivery.event_stream import StreamedEvent
from tracker.history.answers import ComponentChange, FeedItem, RecordedIncident, UnreadableSpan
from tracker.history.database import Row
from tracker.model.event import Event, decode_event, encode_event, identity

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_INCIDENT = msgspec.json.Decoder(RecordedIncident)
_ENCODER = msgspec.json.Encoder()


def to_us(moment: datetime) -> int:
    """Return a moment as microseconds since the epoch."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(value: int) -> datetime:
    """Return the moment of `to_us`."""
    return _EPOCH + timedelta(microseconds=value)


def storable(text: str) -> str:
    """Return text that both databases take: neither NUL nor halves of a character."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def event_row(seq: int, streamed: StreamedEvent) -> dict[str, Any]:
    """Return an event as a row; fields with a column of their own are not written twice."""
    event = streamed.event
    rest = msgspec.structs.replace(event, incident=None, message=None)
    return {
        "seq": seq,
        "id": storable(identity(event)),
        "stream_id": streamed.stream_id,
        "kind": event.event.value,
        "provider": storable(event.provider),
        "incident_id": None if event.incident_id is None else storable(event.incident_id),
        "update_id": None if event.update_id is None else storable(event.update_id),
        "impact": event.impact,
        "seen_us": to_us(event.seen_at),
        "title": storable(event.incident or ""),
        "message": storable(event.message or ""),
        "names": storable("\n".join((*event.components, *event.regions))),
        "event": storable(encode_event(rest).decode("utf-8", "replace")),
    }


def item_of(row: Row) -> FeedItem:
    """Return the event of a row."""
    event: Event = msgspec.structs.replace(
        decode_event(row["event"].encode()), incident=row["title"] or None, message=row["message"] or None
    )
    return FeedItem(seq=row["seq"], stream_id=row["stream_id"], event=event)


def incident_row(incident: RecordedIncident) -> dict[str, Any]:
    """Return an incident as a row."""
    window = incident.window
    return {
        "provider": storable(incident.provider),
        "incident_id": storable(incident.incident_id),
        "is_maintenance": int(incident.is_maintenance),
        "began_us": to_us(incident.began_at),
        "updated_us": to_us(incident.updated_at),
        "ended_us": None if incident.ended_at is None else to_us(incident.ended_at),
        "starts_us": to_us(window.starts_at) if window and window.starts_at else None,
        "ends_us": to_us(window.ends_at) if window and window.ends_at else None,
        "incident": storable(_ENCODER.encode(incident).decode("utf-8", "replace")),
    }


def incident_of(row: Row) -> RecordedIncident:
    """Return the incident of a row."""
    return _INCIDENT.decode(row["incident"].encode())


def component_row(change: ComponentChange) -> dict[str, Any]:
    """Return a component's span as a row."""
    return {
        "provider": storable(change.provider),
        "component_id": storable(change.component_id),
        "name": storable(change.name),
        "status": storable(change.status),
        "began_us": to_us(change.began_at),
        "ended_us": None if change.ended_at is None else to_us(change.ended_at),
    }


def component_of_row(row: Row) -> ComponentChange:
    """Return the component's span of a row."""
    return ComponentChange(
        provider=row["provider"],
        component_id=row["component_id"],
        name=row["name"],
        status=row["status"],
        began_at=from_us(row["began_us"]),
        ended_at=None if row["ended_us"] is None else from_us(row["ended_us"]),
    )


def unreadable_row(span: UnreadableSpan) -> dict[str, Any]:
    """Return an unreadable span as a row."""
    return {
        "provider": storable(span.provider),
        "began_us": to_us(span.began_at),
        "ended_us": None if span.ended_at is None else to_us(span.ended_at),
        "reason": storable(span.reason),
    }


def unreadable_of(row: Row) -> UnreadableSpan:
    """Return the unreadable span of a row."""
    return UnreadableSpan(
        provider=row["provider"],
        began_at=from_us(row["began_us"]),
        ended_at=None if row["ended_us"] is None else from_us(row["ended_us"]),
        reason=row["reason"],
    )
