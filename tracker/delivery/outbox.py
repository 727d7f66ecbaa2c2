"""The port of the deliverer to the data server: the pending deliveries of each webhook. Implemented in `store`."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from tracker.delivery.retry_policy import Disposition, FailureStreak
from tracker.model.event import Event
from tracker.model.provider import Webhook


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
