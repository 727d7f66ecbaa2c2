"""What delivery needs from the data server (`store`), the network (`fetch`) and the outputs (`sinks`)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from tracker.delivery.latency import Timing
from tracker.delivery.retry_policy import Disposition, FailureStreak, ReceiverResponse
from tracker.model.event import Event
from tracker.model.page import Component
from tracker.model.provider import Webhook


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """The recorded knowledge of one page."""

    #: Keys of reported updates, and of their incidents (`tracker.detection.changes`).
    keys: frozenset[str] = frozenset()
    #: Components by id, with their last reported status.
    components: Mapping[str, Component] = {}


class StreamedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event with its stream entry."""

    #: Id of the stream entry, `<milliseconds>-<sequence>`, growing.
    stream_id: str
    event: Event
    #: When its line was written to the record; None before.
    logged_at: datetime | None = None


def order(stream_id: str) -> tuple[int, int]:
    """Return what stream ids are sorted by: milliseconds since the epoch, then a number."""
    milliseconds, _, sequence = stream_id.partition("-")
    return int(milliseconds), int(sequence or 0)


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

    def remind(self, reported: Mapping[str, Reported], known_until: datetime, now: datetime) -> bool:
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

    def newest(self, is_wanted: Callable[[StreamedEvent], bool]) -> Sequence[Event]:
        """Return the last events on record, oldest first, back to the first one that is not wanted."""
        ...

    def reported(self) -> Mapping[str, Reported]:
        """Return the reported updates of each page, by provider id, and remember them as recorded."""
        ...


class PostRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One POST."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    allow_private: bool = False


class Poster(Protocol):
    """Makes one POST; follows no redirect."""

    def post(self, request: PostRequest) -> ReceiverResponse:
        """Return the answer, whatever its status. Raises FetchError when none came."""
        ...


class Sender(Protocol):
    """Sends one event to the receiver behind a webhook."""

    def send(self, webhook: Webhook, event: Event) -> ReceiverResponse:
        """Return what the receiver answered. Raises FetchError, and ConfigError when a variable is missing."""
        ...


class PendingDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to one webhook."""

    stream_id: str
    #: None when the stream was too long and dropped it.
    event: Event | None
    queued_at: datetime
    #: Whether it is a redriven dead letter.
    is_redriven: bool = False


class DeliveryLease(msgspec.Struct, frozen=True, kw_only=True):
    """The delivery lease of one webhook, and the failure streak of its receiver."""

    webhook: Webhook
    streak: FailureStreak
    #: The owner; another one may take the lease over after its end.
    owner: str


class Outbox(Protocol):
    """The pending deliveries of each webhook. Every method raises StoreError."""

    def begin(self, sink: str, now: datetime) -> DeliveryLease | None:
        """Take a delivery lease; None for an unknown sink, a sink that another worker has, and one that waits."""
        ...

    def take(self, lease: DeliveryLease, count: int) -> Sequence[PendingDelivery]:
        """Return up to `count` pending events, oldest first; the same ones again until they are acknowledged."""
        ...

    def pass_over(self, lease: DeliveryLease, deliveries: Collection[PendingDelivery]) -> None:
        """Acknowledge events that the webhook does not want."""
        ...

    def acknowledge(
        self, lease: DeliveryLease, delivery: PendingDelivery, disposition: Disposition, now: datetime
    ) -> None:
        """Store the disposition of one event and extend the lease. Raises Conflict if another worker took it over."""
        ...

    def end(self, lease: DeliveryLease) -> None:
        """Release the lease."""
        ...
