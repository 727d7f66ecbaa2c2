"""The outbox that commits write and outputs read. Implemented in `store`."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec

from tracker.delivery.latency import Timing
from tracker.model.event import Event
from tracker.model.page import Component, OpenIncident

#: Names under which cursors are kept.
RECORD: Final = "record"
CONSOLE: Final = "console"
#: The pattern of a stream id: milliseconds since the epoch, then a number.
STREAM_ID: Final = "^[0-9]+-[0-9]+$"
#: The id before all entries of a stream.
START: Final = "0-0"


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """The recorded knowledge of one page."""

    #: Keys of reported updates, and of their incidents (`tracker.detection.changes`).
    keys: frozenset[str] = frozenset()
    #: Components by id, with their last reported status.
    components: Mapping[str, Component] = {}
    #: Incidents, and maintenances, of which no end was reported.
    incidents: tuple[OpenIncident, ...] = ()
    maintenances: tuple[OpenIncident, ...] = ()
    #: When an event said that the page cannot be read; None if it can.
    unreadable_at: datetime | None = None


class StreamedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event with its stream entry."""

    #: Id of the stream entry, `<milliseconds>-<sequence>`, growing.
    stream_id: str
    event: Event
    #: When its line was written to the record; None before.
    logged_at: datetime | None = None


def order(stream_id: str | bytes) -> tuple[int, int]:
    """Return the key that sorts stream ids: milliseconds since the epoch, then a number."""
    text = stream_id.decode() if isinstance(stream_id, bytes) else stream_id
    milliseconds, _, sequence = text.partition("-")
    return int(milliseconds), int(sequence or 0)


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """The time for which a process saw the catalogue whole."""

    since: datetime
    until: datetime


class EventStream(Protocol):
    """The outbox that commits write and outputs read. Every method raises StoreError."""

    def read(self, after: str, count: int) -> Sequence[StreamedEvent]:
        """Return up to `count` entries after that stream id, oldest first."""
        ...

    def cursor(self, sink: str) -> str | None:
        """Return the stream id up to which that sink has delivered, None for never."""
        ...

    def save_cursor(self, sink: str, stream_id: str) -> None:
        """Remember how far that sink has delivered."""
        ...

    def save_timings(self, sink: str, stream_id: str, timings: Mapping[str, Sequence[Timing]]) -> None:
        """Remember how far that sink has delivered, and how long updates took, by provider id, in one step."""
        ...

    def generation(self) -> str | None:
        """Return the generation, a name that changes whenever all data was lost; None while there are no pages."""
        ...

    def polled_at(self) -> datetime | None:
        """Return when a poll was committed last, None for never."""
        ...

    def watched(self) -> Watched | None:
        """Return the time for which a process saw the catalogue whole before it restored it, None without a loss."""
        ...

    def remind(
        self,
        reported: Mapping[str, Reported],
        known_until: datetime,
        now: datetime,
        *,
        begun_at: datetime | None = None,
    ) -> bool:
        """Mark the recorded updates of pages that were never read as seen, by provider id; False without pages."""
        ...

    def redeliver(
        self, events: Mapping[str, Sequence[Event]], otherwise: Sequence[Event]
    ) -> Mapping[str, Sequence[Event]]:
        """Redeliver events by the name of the webhook, to all other webhooks `otherwise`; return those of each."""
        ...

    def given_again(self, sinks: Collection[str]) -> Collection[str]:
        """Return the webhooks that have not acknowledged all redelivered events."""
        ...

    def trim(self, before: str) -> Mapping[str, str]:
        """Drop entries older than that stream id, but none that a webhook still waits for unless they are too many.

        Return for each webhook the stream id up to which it has settled all.
        """
        ...
