"""The use case: deliver the stream's events to webhooks, each at least once and in order.

One receiver at a time, one event at a time: `begin | take | send | judge | acknowledge`. What a crash interrupts is
delivered again under the same id. While a receiver fails, its events wait; no other webhook waits with it.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final, Protocol, assert_never

from tracker.delivery.outbox import DeliveryLease, Outbox, PendingDelivery
from tracker.delivery.retry_policy import (
    Accepted,
    DeadLettered,
    Disposition,
    FailureStreak,
    Postponed,
    ReceiverResponse,
    Unanswered,
    judge,
    wants,
)
from tracker.errors import ConfigError, FetchError
from tracker.failpoints import failpoint
from tracker.model.clock import Clock
from tracker.model.event import Event
from tracker.model.provider import Webhook

log = logging.getLogger(__name__)

#: Events that are taken from the stream together.
BATCH: Final = 100
#: A busy sink frees its worker after this time, so that other sinks get it, and a stopping worker ends soon.
LONGEST_DELIVERY: Final = timedelta(seconds=3)


class EventSender(Protocol):
    """Sends one event to the receiver behind a webhook."""

    def send(self, webhook: Webhook, event: Event) -> ReceiverResponse:
        """Return the receiver's answer. Raises FetchError, and ConfigError when a variable is missing."""
        ...


class Deliverer:
    """Delivers to webhooks. Safe for threads and processes: the outbox lets one of them have a sink at a time."""

    def __init__(self, outbox: Outbox, sender: EventSender, clock: Clock) -> None:
        self._outbox = outbox
        self._sender = sender
        self._clock = clock

    def deliver(self, sink: str) -> int:
        """Deliver the events that wait for a sink, until none is left, its receiver fails or the time is over.

        Return how many events were acknowledged. Raises StoreError, Conflict; nothing is lost by either.
        """
        lease = self._outbox.begin(sink, self._clock())
        if lease is None:
            return 0
        try:
            return self._drain(lease)
        finally:
            self._outbox.end(lease)

    def _drain(self, lease: DeliveryLease) -> int:
        streak = lease.streak
        settled = 0
        for delivery, event in self._wanted(lease):
            answer = self._send(lease.webhook, event)
            failpoint("posted")
            now = self._clock()
            disposition = judge(answer, sink=lease.webhook.name, streak=streak, queued_at=delivery.queued_at, now=now)
            self._outbox.acknowledge(lease, delivery, disposition, now)
            _log_change(lease.webhook.name, disposition, streak)
            if isinstance(disposition, Postponed):
                break
            streak = disposition.streak
            settled += 1
        return settled

    def _wanted(self, lease: DeliveryLease) -> Iterator[tuple[PendingDelivery, Event]]:
        """Yield pending deliveries until the time is over; each has to be acknowledged before the next."""
        ends_at = self._clock() + LONGEST_DELIVERY
        while self._clock() < ends_at and (batch := self._outbox.take(lease, BATCH)):
            wanted, rest = _divided(lease.webhook, batch)
            if rest:
                self._outbox.pass_over(lease, rest)
            for delivery, event in wanted:
                yield delivery, event
                if self._clock() >= ends_at:
                    return

    def _send(self, webhook: Webhook, event: Event) -> ReceiverResponse | Unanswered:
        try:
            return self._sender.send(webhook, event)
        except (FetchError, ConfigError) as error:
            return Unanswered(reason=str(error))


def _divided(
    webhook: Webhook, batch: Sequence[PendingDelivery]
) -> tuple[list[tuple[PendingDelivery, Event]], list[PendingDelivery]]:
    """Divide events into those that the webhook wants, and those that it does not want or that are gone."""
    wanted, rest, missed = [], [], 0
    for delivery in batch:
        if delivery.event is not None and wants(webhook, delivery.event):
            wanted.append((delivery, delivery.event))
        else:
            rest.append(delivery)
            missed += delivery.event is None
    if missed:
        log.warning("sink %s missed %d events: the stream was too long to keep them", webhook.name, missed)
    return wanted, rest


def _log_change(sink: str, disposition: Disposition, before: FailureStreak) -> None:
    match disposition:
        case Accepted():
            if before.failures:
                log.warning("sink %s takes updates again", sink)
        case Postponed():
            log.warning("sink %s waits after %d failures: %s", sink, disposition.streak.failures, disposition.reason)
        case DeadLettered():
            log.warning("sink %s has a new dead letter: %s", sink, disposition.reason)
        case _:
            assert_never(disposition)
