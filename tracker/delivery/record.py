"""The ports of the printer: outputs, and the record among them. Implemented in `sinks`, its lease in `store`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from tracker.delivery.event_stream import Reported, StreamedEvent
from tracker.model.event import Event


class RecordLease(Protocol):
    """The right to go on with the record, which one printer has at a time."""

    def hold(self, now: datetime) -> bool:
        """Take or renew it; return whether it is a new one. Raises OwnedElsewhere, StoreError."""
        ...


class Sink(Protocol):
    """An output for events. Each has a file in `tracker.delivery.sinks`."""

    def deliver(self, events: Sequence[StreamedEvent]) -> None:
        """Write the events in this order. Raises SinkError if they were not accepted."""
        ...


class Record(Sink, Protocol):
    """A sink that is also the proof of delivery."""

    def last_stream_id(self) -> str | None:
        """Return the stream id of the last event on record, None for an empty record."""
        ...

    def missing(self, events: Sequence[StreamedEvent]) -> Sequence[StreamedEvent]:
        """Return those of the events that are not on record, each once."""
        ...

    def whole_until(self) -> datetime | None:
        """Return until when the record held every reported event, None for a new record."""
        ...

    def is_whole(self, now: datetime) -> None:
        """Note that the record now holds every reported event."""
        ...

    def begun_at(self) -> datetime | None:
        """Return when the record was begun, None where that is not known."""
        ...

    def settled(self) -> Mapping[str, str]:
        """Return the stream id up to which each webhook had settled all, by its name, as it was noted last."""
        ...

    def note_settled(self, positions: Mapping[str, str]) -> None:
        """Note how far each webhook is, for a printer that starts after the data server has lost its data."""
        ...

    def newest(self, is_wanted: Callable[[StreamedEvent], bool]) -> Sequence[Event]:
        """Return the last events on record, oldest first, back to the first one that is not wanted."""
        ...

    def reported(self) -> Mapping[str, Reported]:
        """Return the reported updates of each page, by provider id, and remember them as recorded."""
        ...
