"""The use case: bring the stream's events to webhooks, each at least once and in order.

One receiver at a time, one event at a time: `begin | take | send | judge | settle`. What a crash interrupts is
delivered again under the same id. While a receiver fails, its events wait; no other webhook waits with it.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final, assert_never

from tracker.delivery.ports import Outbox, Parcel, Round, Sender
from tracker.delivery.retry_policy import (
    Accepted,
    Answer,
    Buried,
    Postponed,
    Standing,
    Unanswered,
    Verdict,
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
#: A busy sink gives its worker back after this long, so that others come in between, and a stopping worker soon ends.
ROUND: Final = timedelta(seconds=3)


class Deliverer:
    """Delivers to webhooks. Safe for threads and processes: the outbox lets one of them have a sink at a time."""

    def __init__(self, outbox: Outbox, sender: Sender, clock: Clock) -> None:
        self._outbox = outbox
        self._sender = sender
        self._clock = clock

    def deliver(self, sink: str) -> int:
        """Deliver what waits for a sink until nothing does, its receiver fails or the round is over.

        Return how many events were settled. Raises StoreError, Conflict; nothing is lost by either.
        """
        turn = self._outbox.begin(sink, self._clock())
        if turn is None:
            return 0
        try:
            return self._drain(turn)
        finally:
            self._outbox.end(turn)

    def _drain(self, turn: Round) -> int:
        standing = turn.standing
        settled = 0
        for parcel, event in self._wanted(turn):
            answer = self._send(turn.webhook, event)
            failpoint("posted")
            now = self._clock()
            verdict = judge(answer, sink=turn.webhook.name, standing=standing, queued_at=parcel.queued_at, now=now)
            self._outbox.settle(turn, parcel, verdict, now)
            _tell(turn.webhook.name, verdict, standing)
            if isinstance(verdict, Postponed):
                break
            standing = verdict.standing
            settled += 1
        return settled

    def _wanted(self, turn: Round) -> Iterator[tuple[Parcel, Event]]:
        """Yield what is to be delivered, each one to be settled before the next, until the round is over."""
        ends_at = self._clock() + ROUND
        while self._clock() < ends_at and (batch := self._outbox.take(turn, BATCH)):
            wanted, rest = _divided(turn.webhook, batch)
            if rest:
                self._outbox.pass_over(turn, rest)
            for parcel, event in wanted:
                yield parcel, event
                if self._clock() >= ends_at:
                    return

    def _send(self, webhook: Webhook, event: Event) -> Answer | Unanswered:
        try:
            return self._sender.send(webhook, event)
        except (FetchError, ConfigError) as error:
            return Unanswered(reason=str(error))


def _divided(webhook: Webhook, batch: Sequence[Parcel]) -> tuple[list[tuple[Parcel, Event]], list[Parcel]]:
    """Divide events into those that the webhook wants and those that it does not, or that are gone."""
    wanted, rest, missed = [], [], 0
    for parcel in batch:
        if parcel.event is not None and wants(webhook, parcel.event):
            wanted.append((parcel, parcel.event))
        else:
            rest.append(parcel)
            missed += parcel.event is None
    if missed:
        log.warning("sink %s missed %d events: the stream was too long to keep them", webhook.name, missed)
    return wanted, rest


def _tell(sink: str, verdict: Verdict, before: Standing) -> None:
    match verdict:
        case Accepted():
            if before.failures:
                log.warning("sink %s takes updates again", sink)
        case Postponed():
            log.warning("sink %s waits after %d failures: %s", sink, verdict.standing.failures, verdict.reason)
        case Buried():
            log.warning("sink %s has a new dead letter: %s", sink, verdict.reason)
        case _:
            assert_never(verdict)
