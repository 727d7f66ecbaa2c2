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
    """What is on record of one page."""

    #: Keys of the updates that were told, and of their incidents (`tracker.detection.changes`).
    keys: frozenset[str] = frozenset()
    #: By id, with the status that was told last.
    components: Mapping[str, Component] = {}


class StreamedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event as it stands in the stream."""

    #: Id of the stream entry, `<milliseconds>-<sequence>`, growing.
    stream_id: str
    event: Event
    #: When its line was written to the record; None before.
    logged_at: datetime | None = None


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
        """Return a name of what is held, another one after each loss of all of it; None while there are no pages."""
        ...

    def remind(self, reported: Mapping[str, Reported], known_until: datetime, now: datetime) -> bool:
        """Give pages that were never read what is on record of them, by provider id; False where there are no pages."""
        ...

    def redeliver(
        self, events: Mapping[str, Sequence[Event]], otherwise: Sequence[Event]
    ) -> Mapping[str, Sequence[Event]]:
        """Have each webhook delivered the events of its name, and those that are not named the other ones.

        Return what each of them is given.
        """
        ...

    def given_again(self, sinks: Collection[str]) -> Collection[str]:
        """Return those of the webhooks that have not settled all that they are given again."""
        ...

    def trim(self, before: str) -> Mapping[str, str]:
        """Drop entries older than that stream id, but none that a webhook still waits for unless they are too many.

        Return for each webhook the stream id up to which it has settled all.
        """
        ...


class Sink(Protocol):
    """An output for events. One file in `tracker.delivery.sinks` each."""

    def deliver(self, events: Sequence[StreamedEvent]) -> None:
        """Put the events out in this order. Raises SinkError when they were not accepted."""
        ...


class Record(Sink, Protocol):
    """A sink that is itself the proof of what was delivered."""

    def last_stream_id(self) -> str | None:
        """Return the stream id of the last event on record, None for an empty record."""
        ...

    def missing(self, events: Sequence[StreamedEvent]) -> Sequence[StreamedEvent]:
        """Return those of the events that are not on record, each once."""
        ...

    def whole_until(self) -> datetime | None:
        """Return up to when the record held all that was told, None for one that is new."""
        ...

    def is_whole(self, now: datetime) -> None:
        """Note that the record holds all that was told up to now."""
        ...

    def newest(self, is_wanted: Callable[[StreamedEvent], bool]) -> Sequence[Event]:
        """Return the last events on record, oldest first, back to the first one that is not wanted."""
        ...

    def reported(self) -> Mapping[str, Reported]:
        """Return what was told of each page, by provider id, and know all of that from now on."""
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
    """Gives one event to the receiver behind a webhook."""

    def send(self, webhook: Webhook, event: Event) -> ReceiverResponse:
        """Return what the receiver answered. Raises FetchError, and ConfigError when a variable is missing."""
        ...


class PendingDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to one webhook."""

    stream_id: str
    #: None when the stream was too long and dropped it.
    event: Event | None
    queued_at: datetime
    #: Whether it was a dead letter that somebody put back.
    is_redriven: bool = False


class DeliveryLease(msgspec.Struct, frozen=True, kw_only=True):
    """The right to deliver to one webhook now, and how its receiver has done."""

    webhook: Webhook
    streak: FailureStreak
    #: Who has the right; another owner may take it over when it was not used for a while.
    owner: str


class Outbox(Protocol):
    """What waits for each webhook. Every method raises StoreError."""

    def begin(self, sink: str, now: datetime) -> DeliveryLease | None:
        """Take the right to deliver; None for an unknown sink, one that another has, or one that is to wait."""
        ...

    def take(self, lease: DeliveryLease, count: int) -> Sequence[PendingDelivery]:
        """Return up to `count` events that wait, oldest first; the same ones again until they are settled."""
        ...

    def pass_over(self, lease: DeliveryLease, deliveries: Collection[PendingDelivery]) -> None:
        """Acknowledge events that are not delivered."""
        ...

    def acknowledge(
        self, lease: DeliveryLease, delivery: PendingDelivery, disposition: Disposition, now: datetime
    ) -> None:
        """Write down what became of one event and keep the right. Raises Conflict when another has taken it over."""
        ...

    def end(self, lease: DeliveryLease) -> None:
        """Give the right back."""
        ...
