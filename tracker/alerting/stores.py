"""The stores that alerting needs; implemented in `store`."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from tracker.alerting.alert import Alert, DeliveryDecision
from tracker.alerting.machine import Book, Storm
from tracker.alerting.row import SentRow
from tracker.alerting.vital_signs import Signs
from tracker.model.event import Event
from tracker.model.provider import Provider
from tracker.model.route import Alerting, Silence


class ReadEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the event stream."""

    stream_id: str
    #: None when the stream was too long and dropped it.
    event: Event | None


class ChannelState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one channel."""

    name: str
    failures: int = 0
    failing_since: datetime | None = None
    not_before: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    delivered: int = 0
    last_delivered_at: datetime | None = None
    #: Alerts that have something to send.
    ready: int = 0


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """The decisions that are written in one step."""

    stream_ids: tuple[str, ...] = ()
    alerts: tuple[Alert, ...] = ()
    storms: tuple[tuple[str, Storm], ...] = ()
    deliveries: tuple[DeliveryDecision, ...] = ()
    #: Alerts that are forgotten.
    gone: tuple[Alert, ...] = ()


class WrittenBook(Book, Protocol):
    """A `Book` that knows its changes."""

    @property
    def written(self) -> Mapping[str, Alert]:
        """Return the alerts that were written, by id."""
        ...

    @property
    def written_storms(self) -> Mapping[str, Storm]:
        """Return the storms that were written, by cause."""
        ...


class AlertStore(Protocol):
    """The store of alerts. Every method raises StoreError."""

    def begin(self) -> str | None:
        """Take the right to decide, and return its owner; None where another one has it, or nobody may decide yet."""
        ...

    def end(self, owner: str) -> None:
        """Give the right back."""
        ...

    def mend(self, channels: Sequence[str]) -> None:
        """Add the entries that an earlier version did not keep."""
        ...

    def version(self) -> bytes:
        """Return a value that every change of the catalogue or the configuration changes."""
        ...

    def config(self) -> Alerting:
        """Return the alerting part of the configuration."""
        ...

    def providers(self) -> Sequence[Provider]:
        """Return the catalogue."""
        ...

    def silences(self) -> Sequence[Silence]:
        """Return the silences."""
        ...

    def events(self, count: int) -> Sequence[ReadEvent]:
        """Return up to `count` events that are not decided about, oldest first; the same again until they are."""
        ...

    def book(self) -> WrittenBook:
        """Return the alerts as they are stored; only `keep` stores changes of the book."""
        ...

    def due(self, now: datetime, count: int) -> Sequence[Alert]:
        """Return up to `count` alerts that are due for evaluation by now."""
        ...

    def open_providers(self) -> frozenset[str]:
        """Return the ids of providers with open alerts."""
        ...

    def channel_states(self, names: Collection[str]) -> Sequence[ChannelState]:
        """Return the states of channels."""
        ...

    def signs(self) -> Signs:
        """Return the signs that beat, workers and printer do their work."""
        ...

    def keep(self, owner: str, decided: Decided, now: datetime) -> None:
        """Write the decisions in one step. Raises Conflict when another process holds the lease."""
        ...


class ChannelLease(msgspec.Struct, frozen=True, kw_only=True):
    """The right to send to one channel now, and how it has done."""

    channel: str
    owner: str
    failures: int = 0
    failing_since: datetime | None = None
    #: How long after each write a call may still begin, so that it ends before another one may send.
    call_begins_within: timedelta = timedelta(seconds=15)


class ReadyAlert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert that may have something to send."""

    alert_id: str
    #: None where it is gone.
    alert: Alert | None
    row: SentRow
    #: Of the alert as it was read.
    digest: str = ""


class ChannelMark(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a channel after one call."""

    failures: int = 0
    failing_since: datetime | None = None
    not_before: datetime | None = None
    error: str | None = None
    #: Whether the channel took a message.
    is_delivery: bool = False


class RowStore(Protocol):
    """The rows of each channel. Every method raises StoreError."""

    def begin(self, channel: str, now: datetime) -> ChannelLease | None:
        """Take the right to send; None where another one has it, or the channel waits."""
        ...

    def end(self, lease: ChannelLease) -> None:
        """Give the right back."""
        ...

    def ready(self, lease: ChannelLease, now: datetime, count: int) -> Sequence[ReadyAlert]:
        """Return up to `count` alerts that may have something to send, the one that has waited longest first."""
        ...

    def intend(self, lease: ChannelLease, ready: ReadyAlert, row: SentRow, now: datetime) -> None:
        """Write down the message that is about to be sent. Raises Conflict when another process holds the lease."""
        ...

    def settle(
        self,
        lease: ChannelLease,
        ready: ReadyAlert,
        row: SentRow,
        now: datetime,
        *,
        again_at: datetime | None = None,
        mark: ChannelMark | None = None,
    ) -> None:
        """Write the outcome, and when the alert is evaluated again. Raises Conflict."""
        ...
