"""An outbox in memory, a sender without a network, and short ways to say who is told of what."""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import redis

from tests.fakes import NOON, event
from tracker.delivery.ports import Parcel, Round
from tracker.delivery.retry_policy import Accepted, Answer, Buried, Postponed, Standing, Verdict
from tracker.errors import Conflict, FetchError
from tracker.model.event import Event, encode_event
from tracker.model.provider import Webhook
from tracker.store.connection import UPDATES

OK = Answer(status=204)
DOWN = FetchError("nobody answers")
SOON = NOON + timedelta(seconds=2)
FAILING = Standing(failures=1, failing_since=NOON)
WAIT = Postponed(reason="answered 503", standing=FAILING, not_before=SOON)
BURY = Buried(reason="answered 410", standing=Standing())


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
        self.waiting: list[Parcel] = []
        self.dead: list[tuple[str, str]] = []
        self.delivered = 0
        self.standing = Standing()
        self.not_before: datetime | None = None
        self.owner = ""
        #: How often something was taken.
        self.takes = 0
        self._given = 0

    def commits(self, *event_ids: str, at: datetime = NOON, **fields: Any) -> None:
        """Let events come into the stream."""
        for event_id in event_ids:
            self._given += 1
            told = event(event_id, **fields)
            self.waiting.append(Parcel(stream_id=f"{self._given}-0", event=told, queued_at=at))

    def loses(self, number: int = 0) -> None:
        """Let the stream drop an event that waits."""
        lost = self.waiting[number]
        self.waiting[number] = Parcel(stream_id=lost.stream_id, event=None, queued_at=lost.queued_at)

    @property
    def ids(self) -> list[str | None]:
        """Return the ids of the events that wait."""
        return [parcel.event and parcel.event.id for parcel in self.waiting]

    def begin(self, sink: str, now: datetime) -> Round | None:
        if sink != self.webhook.name or self.owner or (self.not_before and self.not_before > now):
            return None
        self.owner = "me"
        return Round(webhook=self.webhook, standing=self.standing, owner=self.owner)

    def take(self, turn: Round, count: int) -> Sequence[Parcel]:
        assert turn.webhook == self.webhook
        self.takes += 1
        return self.waiting[:count]

    def pass_over(self, turn: Round, parcels: Collection[Parcel]) -> None:
        assert turn.webhook == self.webhook
        self.waiting = [parcel for parcel in self.waiting if parcel not in parcels]

    def settle(self, turn: Round, parcel: Parcel, verdict: Verdict, now: datetime) -> None:
        assert now
        if turn.owner != self.owner:
            raise Conflict("another has it")
        self.standing, self.not_before = verdict.standing, None
        match verdict:
            case Accepted():
                self.delivered += 1
                self.waiting.remove(parcel)
            case Buried():
                assert parcel.event
                self.dead.append((parcel.event.id, verdict.reason))
                self.waiting.remove(parcel)
            case Postponed():
                self.not_before = verdict.not_before

    def end(self, turn: Round) -> None:
        if self.owner == turn.owner:
            self.owner = ""


class FakeSender:
    """A receiver that answers as it is told, one attempt after the other, and accepts all after that."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self._answers = deque(answers)
        #: The ids of all events that it was sent, oldest first.
        self.sent: list[str] = []
        self.accepted: list[str] = []
        self._meanwhile: Callable[[], object] | None = None

    def meanwhile(self, action: Callable[[], object]) -> None:
        """Let something else happen during each attempt."""
        self._meanwhile = action

    def then(self, *answers: Answer | Exception) -> None:
        """Answer so next."""
        self._answers.extend(answers)

    def send(self, webhook: Webhook, event: Event) -> Answer:
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
