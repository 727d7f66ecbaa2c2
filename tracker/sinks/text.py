"""Events as lines for people: what is affected first, then what the vendor says."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, TextIO, assert_never

from tracker.errors import SinkError
from tracker.events import Event, EventKind
from tracker.ports import StreamedEvent
from tracker.sinks.plain import one_line

_TITLE: Final = 200
_MESSAGE: Final = 1000
_NAMED: Final = 5


class TextLines:
    """A `Sink` that writes a few readable lines for each event to a stream.

    Edited updates are left out: most edits mend a word. They stand in the record.
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
            raise SinkError(f"cannot write to the console: {error}", permanent=True) from error


def _encodable(text: str, encoding: str | None) -> str:
    """Return the text with escapes for what the encoding lacks, so that a console of ASCII shows the rest."""
    return text.encode(encoding, "backslashreplace").decode(encoding) if encoding else text


def render(event: Event) -> str:
    """Return the event as lines without a newline at the end."""
    return "\n".join(_lines(event))


def _lines(event: Event) -> Iterator[str]:
    moment = event.published_at or event.seen_at
    yield f"[{moment:%Y-%m-%d %H:%M:%S}] Product: {_product(event)}"
    match event.event:
        case EventKind.NEW_INCIDENT | EventKind.INCIDENT_UPDATE:
            yield f"  Incident: {_title(event)}"
        case EventKind.MAINTENANCE_UPDATE:
            yield f"  Maintenance: {_title(event)}"
            if event.scheduled_for is not None:
                yield f"  Window: {_window(event.scheduled_for, event.scheduled_until)}"
        case EventKind.UPDATE_EDITED | EventKind.UPDATE_WITHDRAWN:
            yield f"  Incident: {_title(event)}"
        case EventKind.COMPONENT_STATUS_CHANGE:
            pass
        case EventKind.PAGE_UNREADABLE | EventKind.PAGE_READABLE | EventKind.PAGE_MOVED:
            pass
        case _:
            assert_never(event.event)
    status = _status(event)
    message = one_line(event.message or "", _MESSAGE)
    yield f"  Status: {status} - {message}" if message else f"  Status: {status}"
    if event.link:
        yield f"  Link: {one_line(event.link, _MESSAGE)}"


def _window(begin: datetime, end: datetime | None) -> str:
    """Return when a maintenance is, in UTC, the day of its end where that is another one."""
    begin = begin.astimezone(UTC)
    if end is None:
        return f"from {begin:%Y-%m-%d %H:%M} UTC"
    end = end.astimezone(UTC)
    until = f"{end:%H:%M}" if begin.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{begin:%Y-%m-%d %H:%M} to {until} UTC"


def _product(event: Event) -> str:
    if len(event.components) <= _NAMED:
        return one_line(event.product, _MESSAGE)
    named = ", ".join(one_line(name, _TITLE) for name in event.components[:_NAMED])
    return f"{one_line(event.provider_name, _TITLE)} - {named} and {len(event.components) - _NAMED} more"


def _status(event: Event) -> str:
    status = one_line(event.status.replace("_", " "), _TITLE).capitalize()
    word = one_line(event.vendor_status or "", _TITLE)
    return f"{status} ({word})" if word else status


def _title(event: Event) -> str:
    title = one_line(event.incident or "", _TITLE) or "(no title)"
    impact = one_line(event.impact or "", _TITLE)
    return f"{title} ({impact})" if impact and impact != "maintenance" else title
