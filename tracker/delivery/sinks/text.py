"""Events as lines for people: the affected product first, then the vendor's words."""

from collections.abc import Iterator, Sequence
from typing import TextIO, assert_never

from tracker.delivery.event_stream import StreamedEvent
from tracker.delivery.sinks.wording import MESSAGE, product, status, title, window
from tracker.errors import SinkError
from tracker.model.event import Event, EventKind
from tracker.model.plain import one_line


class TextLines:
    """A `Sink` that writes a few readable lines for each event to a stream.

    Edited updates are left out: most edits correct a word. They stand in the record.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def deliver(self, events: Sequence[StreamedEvent]) -> None:
        """Write the events and flush. Raises SinkError when nobody reads any more."""
        try:
            shown = [streamed.event for streamed in events if streamed.event.event is not EventKind.UPDATE_EDITED]
            text = "".join(f"{render(event)}\n" for event in shown)
            self._stream.write(_encodable(text, self._stream.encoding))
            self._stream.flush()
        except (OSError, ValueError) as error:
            raise SinkError(f"cannot write to the console: {error}") from error


def _encodable(text: str, encoding: str | None) -> str:
    """Return the text with escapes for what the encoding lacks, so that a console of ASCII shows the rest."""
    return text.encode(encoding, "backslashreplace").decode(encoding) if encoding else text


def render(event: Event) -> str:
    """Return the event as lines without a newline at the end."""
    return "\n".join(_lines(event))


def _lines(event: Event) -> Iterator[str]:
    moment = event.published_at or event.seen_at
    yield f"[{moment:%Y-%m-%d %H:%M:%S}] Product: {product(event)}"
    match event.event:
        case EventKind.NEW_INCIDENT | EventKind.INCIDENT_UPDATE:
            yield f"  Incident: {title(event)}"
        case EventKind.MAINTENANCE_UPDATE:
            yield f"  Maintenance: {title(event)}"
            if event.scheduled_for is not None:
                yield f"  Window: {window(event.scheduled_for, event.scheduled_until)}"
        case EventKind.UPDATE_EDITED | EventKind.UPDATE_WITHDRAWN:
            yield f"  Incident: {title(event)}"
        case EventKind.COMPONENT_STATUS_CHANGE:
            pass
        case EventKind.PAGE_UNREADABLE | EventKind.PAGE_READABLE | EventKind.PAGE_MOVED:
            pass
        case _:
            assert_never(event.event)
    reported = status(event)
    message = one_line(event.message or "", MESSAGE)
    yield f"  Status: {reported} - {message}" if message else f"  Status: {reported}"
    if event.link:
        yield f"  Link: {one_line(event.link, MESSAGE)}"
