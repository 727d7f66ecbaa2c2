"""An outbox in memory, a sender without a network, and short ways to say who receives what."""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import redis

from tests.fakes import NOON, event
from tracker.delivery.outbox import DeliveryLease, PendingDelivery
from tracker.delivery.retry_policy import (
    Accepted,
    DeadLettered,
    Disposition,
    FailureStreak,
    Postponed,
    ReceiverResponse,
)
from tracker.errors import Conflict, FetchError
from tracker.model.event import Event, encode_event
from tracker.model.provider import Webhook
from tracker.store.connection import UPDATES

OK = ReceiverResponse(status=204)
DOWN = FetchError("nobody answers")
SOON = NOON + timedelta(seconds=2)
FAILING = FailureStreak(failures=1, failing_since=NOON)
WAIT = Postponed(reason="answered 503", streak=FAILING, not_before=SOON)
DEAD_LETTER = DeadLettered(reason="answered 410", streak=FailureStreak())


def webhook(name: str = "ops", **fields: Any) -> Webhook:
    """Return a webhook that wants everything."""
    return Webhook(**{"name": name, "url": "https://hooks.acme.example/ops"} | fields)


def committed(client: "redis.Redis", *event_ids: str) -> None:
    """Let events come into the stream of a data server."""
    for event_id in event_ids:
        client.xadd(UPDATES, {"event": encode_event(event(event_id))})


class MemoryOutbox:
    """An `Outbox` of one process for one sink, without leases that run out."""

    def __init__(self, sink: Webhook | None = None) -> None:
        self.webhook = sink or webhook()
        self.waiting: list[PendingDelivery] = []
        self.dead: list[tuple[str, str]] = []
        self.delivered = 0
        self.streak = FailureStreak()
        self.not_before: datetime | None = None
        self.owner = ""
        #: How often something was taken.
        self.takes = 0
        self._given = 0

    def commits(self, *event_ids: str, at: datetime = NOON, **fields: Any) -> None:
        """Let events come into the stream."""
        for event_id in event_ids:
            self._given += 1
            reported = event(event_id, **fields)
            self.waiting.append(PendingDelivery(stream_id=f"{self._given}-0", event=reported, queued_at=at))

    def loses(self, number: int = 0) -> None:
        """Let the stream drop an event that waits."""
        lost = self.waiting[number]
        self.waiting[number] = PendingDelivery(stream_id=lost.stream_id, event=None, queued_at=lost.queued_at)

    @property
    def ids(self) -> list[str | None]:
        """Return the ids of the events that wait."""
        return [delivery.event and delivery.event.id for delivery in self.waiting]

    def begin(self, sink: str, now: datetime) -> DeliveryLease | None:
        if sink != self.webhook.name or self.owner or (self.not_before and self.not_before > now):
            return None
        self.owner = "me"
        return DeliveryLease(webhook=self.webhook, streak=self.streak, owner=self.owner)

    def take(self, lease: DeliveryLease, count: int) -> Sequence[PendingDelivery]:
        assert lease.webhook == self.webhook
        self.takes += 1
        return self.waiting[:count]

    def pass_over(self, lease: DeliveryLease, deliveries: Collection[PendingDelivery]) -> None:
        assert lease.webhook == self.webhook
        self.waiting = [delivery for delivery in self.waiting if delivery not in deliveries]

    def acknowledge(
        self, lease: DeliveryLease, delivery: PendingDelivery, disposition: Disposition, now: datetime
    ) -> None:
        assert now
        if lease.owner != self.owner:
            raise Conflict("another has it")
        self.streak, self.not_before = disposition.streak, None
        match disposition:
            case Accepted():
                self.delivered += 1
                self.waiting.remove(delivery)
            case DeadLettered():
                assert delivery.event
                self.dead.append((delivery.event.id, disposition.reason))
                self.waiting.remove(delivery)
            case Postponed():
                self.not_before = disposition.not_before

    def end(self, lease: DeliveryLease) -> None:
        if self.owner == lease.owner:
            self.owner = ""


class FakeSender:
    """A receiver that answers as the test says, one attempt after the other, and accepts all after that."""

    def __init__(self, *answers: ReceiverResponse | Exception) -> None:
        self._answers = deque(answers)
        #: The ids of all events that it was sent, oldest first.
        self.sent: list[str] = []
        self.accepted: list[str] = []
        self._meanwhile: Callable[[], object] | None = None

    def meanwhile(self, action: Callable[[], object]) -> None:
        """Let something else happen during each attempt."""
        self._meanwhile = action

    def then(self, *answers: ReceiverResponse | Exception) -> None:
        """Answer so next."""
        self._answers.extend(answers)

    def send(self, webhook: Webhook, event: Event) -> ReceiverResponse:
        assert webhook.name
        self.sent.append(event.id)
        if self._meanwhile:
            self._meanwhile()
        answer = self._answers.popleft() if self._answers else OK
        if isinstance(answer, Exception):
            raise answer
        if answer.status == OK.status:
            self.accepted.append(event.id)
        return answer
