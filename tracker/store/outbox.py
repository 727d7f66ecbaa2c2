"""What waits for each webhook, in the data server: a consumer group of the stream, and dead letters put back."""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, assert_never
from uuid import uuid4

import redis

from tracker.delivery.ports import Parcel, Round
from tracker.delivery.retry_policy import Accepted, Buried, Postponed, Standing, Verdict
from tracker.errors import Conflict
from tracker.model.event import encode_event
from tracker.store.codec import decode_webhook
from tracker.store.connection import (
    AGAIN_PREFIX,
    DEAD_PREFIX,
    LEASE_PREFIX,
    SINK_PREFIX,
    SINKS,
    UPDATES,
    load_script,
    moment,
    translated,
)
from tracker.store.stream import entered_at, read_event

log = logging.getLogger(__name__)

#: A worker that died gives its sink back after this long. One attempt ends within 15 s, but for a slow name server;
#: who outlives the lease is refused, and the event delivered again under the same id.
LEASE_S: Final = 20.0
#: The oldest go when there are more.
MOST_DEAD: Final = 1000
#: The one consumer of each group, whoever runs it: what a dead worker left pending is the next one's to deliver.
CONSUMER: Final = "deliver"


class RedisOutbox:
    """The `Outbox` of the distributed tracker."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._round = load_script(client, "round")
        self._settle = load_script(client, "settle")
        self._release = load_script(client, "release")

    def begin(self, sink: str, now: datetime) -> Round | None:
        """Take the right to deliver."""
        owner = uuid4().hex
        with translated():
            answer = self._round(
                keys=[SINKS, SINK_PREFIX + sink, LEASE_PREFIX + sink, UPDATES],
                args=[sink, now.timestamp(), int(LEASE_S * 1000), owner],
            )
        if answer is None:
            return None
        webhook, failures, failing_since, begins_anew = answer
        if begins_anew:
            log.warning("sink %s begins anew: the event stream was lost", sink)
        standing = Standing(failures=failures, failing_since=moment(failing_since))
        return Round(webhook=decode_webhook(webhook), standing=standing, owner=owner)

    def take(self, turn: Round, count: int) -> Sequence[Parcel]:
        """Return what waits: what was put back, then what was read but not acknowledged, then what is new."""
        sink = turn.webhook.name
        with translated():
            put_back: Any = self._client.xrange(AGAIN_PREFIX + sink, count=count)
            if put_back:
                return [_parcel(stream_id, fields, put_back=True) for stream_id, fields in put_back]
            pending = self._read(sink, "0", count)
            if not pending and self._read(sink, ">", count):
                # Not that answer itself: when it is lost and asked for again, it is the one after the next.
                pending = self._read(sink, "0", count)
        return [_parcel(stream_id, fields) for stream_id, fields in pending]

    def pass_over(self, turn: Round, parcels: Collection[Parcel]) -> None:
        """Acknowledge events that are not delivered."""
        sink = turn.webhook.name
        again = [parcel.stream_id for parcel in parcels if parcel.put_back]
        streamed = [parcel.stream_id for parcel in parcels if not parcel.put_back]
        with translated():
            if again:
                self._client.xdel(AGAIN_PREFIX + sink, *again)
            if streamed:
                self._client.xack(UPDATES, sink, *streamed)

    def settle(self, turn: Round, parcel: Parcel, verdict: Verdict, now: datetime) -> None:
        """Write down what became of one event. Raises Conflict."""
        sink = turn.webhook.name
        waits_in = AGAIN_PREFIX + sink if parcel.put_back else UPDATES
        standing = verdict.standing
        arguments: list[str | bytes | float] = [
            turn.owner,
            int(LEASE_S * 1000),
            now.timestamp(),
            "" if parcel.put_back else sink,
            parcel.stream_id,
            _word(verdict),
            standing.failures,
            standing.failing_since.timestamp() if standing.failing_since else "",
            verdict.not_before.timestamp() if isinstance(verdict, Postponed) else "",
            "" if isinstance(verdict, Accepted) else verdict.reason,
            encode_event(parcel.event) if parcel.event and isinstance(verdict, Buried) else b"",
            MOST_DEAD,
        ]
        with translated():
            settled = self._settle(
                keys=[LEASE_PREFIX + sink, SINK_PREFIX + sink, waits_in, DEAD_PREFIX + sink], args=arguments
            )
        if not settled:
            raise Conflict(f"sink {sink}: another worker delivers to it by now")

    def end(self, turn: Round) -> None:
        """Give the right back."""
        with translated():
            self._release(keys=[LEASE_PREFIX + turn.webhook.name], args=[turn.owner])

    def _read(self, sink: str, after: str, count: int) -> Sequence[tuple[bytes, dict[bytes, bytes]]]:
        answer: Any = self._client.xreadgroup(sink, CONSUMER, {UPDATES: after}, count=count)
        return answer[0][1] if answer else ()


def _parcel(stream_id: bytes, fields: dict[bytes, bytes], *, put_back: bool = False) -> Parcel:
    return Parcel(
        stream_id=stream_id.decode(),
        event=read_event(stream_id, fields) if fields else None,
        queued_at=entered_at(stream_id),
        put_back=put_back,
    )


def _word(verdict: Verdict) -> str:
    match verdict:
        case Accepted():
            return "accepted"
        case Buried():
            return "buried"
        case Postponed():
            return "postponed"
        case _:
            assert_never(verdict)
