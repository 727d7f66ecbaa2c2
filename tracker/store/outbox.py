"""The pending deliveries of each webhook: a consumer group of the stream, and redriven dead letters."""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, assert_never
from uuid import uuid4

import redis

from tracker.delivery.outbox import DeliveryLease, PendingDelivery
from tracker.delivery.retry_policy import LONGEST_WAIT_S, Accepted, DeadLettered, Disposition, FailureStreak, Postponed
from tracker.errors import Conflict
from tracker.model.event import encode_event
from tracker.store.codec import decode_webhook
from tracker.store.connection import (
    AGAIN_PREFIX,
    DEAD_PREFIX,
    LEASE_PREFIX,
    SINK_PREFIX,
    UPDATES,
    load_script,
    moment,
    translated,
)
from tracker.store.scripts.delivery import (
    AcknowledgeArguments,
    AcknowledgeKeys,
    DeliveryLeaseArguments,
    DeliveryLeaseKeys,
    ReleaseArguments,
    ReleaseKeys,
)
from tracker.store.stream import entered_at, read_event

log = logging.getLogger(__name__)

#: A dead worker loses its sink after this long. One attempt ends within 15 s, unless a name server is slow; a worker
#: that outlives its lease is refused, and the event is delivered again under the same id.
LEASE_S: Final = 20.0
#: Beyond this, the oldest ones are dropped.
MOST_DEAD: Final = 1000
#: The only consumer of each group, so that the next worker delivers the events that a dead one left pending.
CONSUMER: Final = "deliver"


class RedisOutbox:
    """The `Outbox` of the distributed tracker."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._delivery_lease = load_script(client, "delivery_lease")
        self._acknowledge = load_script(client, "acknowledge")
        self._release = load_script(client, "release")

    def begin(self, sink: str, now: datetime) -> DeliveryLease | None:
        """Take the right to deliver."""
        owner = uuid4().hex
        with translated():
            answer = self._delivery_lease(
                keys=DeliveryLeaseKeys(state_key=SINK_PREFIX + sink, lease_key=LEASE_PREFIX + sink).values,
                args=DeliveryLeaseArguments(
                    sink_id=sink,
                    now_s=now.timestamp(),
                    lease_ms=int(LEASE_S * 1000),
                    owner=owner,
                    longest_wait_s=LONGEST_WAIT_S,
                ).values,
            )
        if answer is None:
            return None
        webhook, failures, failing_since, starts_over = answer
        if starts_over:
            log.warning("sink %s starts over: the event stream was lost", sink)
        streak = FailureStreak(failures=failures, failing_since=moment(failing_since))
        return DeliveryLease(webhook=decode_webhook(webhook), streak=streak, owner=owner)

    def take(self, lease: DeliveryLease, count: int) -> Sequence[PendingDelivery]:
        """Return pending deliveries: redriven ones, then those that were read but not acknowledged, then new ones."""
        sink = lease.webhook.name
        with translated():
            redrive: Any = self._client.xrange(AGAIN_PREFIX + sink, count=count)
            if redrive:
                return [_delivery(stream_id, fields, is_redriven=True) for stream_id, fields in redrive]
            pending = self._read(sink, "0", count)
            if not pending and self._read(sink, ">", count):
                # The answer is not used: a repetition after a lost answer would return the next entry.
                pending = self._read(sink, "0", count)
        return [_delivery(stream_id, fields) for stream_id, fields in pending]

    def pass_over(self, lease: DeliveryLease, deliveries: Collection[PendingDelivery]) -> None:
        """Acknowledge events that are not delivered."""
        sink = lease.webhook.name
        again = [delivery.stream_id for delivery in deliveries if delivery.is_redriven]
        streamed = [delivery.stream_id for delivery in deliveries if not delivery.is_redriven]
        with translated():
            if again:
                self._client.xdel(AGAIN_PREFIX + sink, *again)
            if streamed:
                self._client.xack(UPDATES, sink, *streamed)

    def acknowledge(
        self, lease: DeliveryLease, delivery: PendingDelivery, disposition: Disposition, now: datetime
    ) -> None:
        """Write the disposition of one event. Raises Conflict."""
        sink = lease.webhook.name
        waits_in = AGAIN_PREFIX + sink if delivery.is_redriven else UPDATES
        streak = disposition.streak
        keys = AcknowledgeKeys(
            lease_key=LEASE_PREFIX + sink,
            state_key=SINK_PREFIX + sink,
            waiting_key=waits_in,
            dead_key=DEAD_PREFIX + sink,
        )
        arguments = AcknowledgeArguments(
            owner=lease.owner,
            lease_ms=int(LEASE_S * 1000),
            now_s=now.timestamp(),
            group="" if delivery.is_redriven else sink,
            stream_id=delivery.stream_id,
            disposition=_word(disposition),
            failures=streak.failures,
            failing_since_s=streak.failing_since.timestamp() if streak.failing_since else "",
            not_before_s=disposition.not_before.timestamp() if isinstance(disposition, Postponed) else "",
            reason="" if isinstance(disposition, Accepted) else disposition.reason,
            event=encode_event(delivery.event) if delivery.event and isinstance(disposition, DeadLettered) else b"",
            most_dead=MOST_DEAD,
        )
        with translated():
            settled = self._acknowledge(keys=keys.values, args=arguments.values)
        if not settled:
            raise Conflict(f"sink {sink}: another worker delivers to it by now")

    def end(self, lease: DeliveryLease) -> None:
        """Give the right back."""
        with translated():
            self._release(
                keys=ReleaseKeys(lease_key=LEASE_PREFIX + lease.webhook.name).values,
                args=ReleaseArguments(owner=lease.owner).values,
            )

    def _read(self, sink: str, after: str, count: int) -> Sequence[tuple[bytes, dict[bytes, bytes]]]:
        answer: Any = self._client.xreadgroup(sink, CONSUMER, {UPDATES: after}, count=count)
        return answer[0][1] if answer else ()


def _delivery(stream_id: bytes, fields: dict[bytes, bytes], *, is_redriven: bool = False) -> PendingDelivery:
    return PendingDelivery(
        stream_id=stream_id.decode(),
        event=read_event(stream_id, fields) if fields else None,
        queued_at=entered_at(stream_id),
        is_redriven=is_redriven,
    )


def _word(disposition: Disposition) -> str:
    match disposition:
        case Accepted():
            return "accepted"
        case DeadLettered():
            return "buried"
        case Postponed():
            return "postponed"
        case _:
            assert_never(disposition)
