"""Alerts and their position in the event stream, in the data server."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import msgspec
import redis

from tracker.alerting.alert import Alert
from tracker.alerting.due import looked_at_again
from tracker.alerting.stores import ChannelState, Decided, ReadEvent
from tracker.alerting.vital_signs import Signs
from tracker.delivery.event_stream import RECORD
from tracker.delivery.retry_policy import is_put_off
from tracker.errors import Conflict, StoreError
from tracker.store.alert_book import RedisBook
from tracker.store.alert_lists import RedisAlertLists, encoded_facts
from tracker.store.alert_settings import RedisAlertSettings
from tracker.store.connection import (
    ALERTS_AWAITED,
    ALERTS_DUE,
    ALERTS_GROUP,
    ALERTS_LEASE,
    CHANNEL_PREFIX,
    CHANNEL_READY_PREFIX,
    CURSORS,
    DRILLS,
    NAMESPACE,
    SCHEDULERS,
    UPDATES,
    load_script,
    moment,
    translated,
)
from tracker.store.ownership import Fence
from tracker.store.scripts.alerts import AlertCommitArguments, AlertCommitKeys
from tracker.store.stream import read_event

#: A dead decider loses its lease after this long; one run takes milliseconds.
LEASE_S: Final = 15.0
_CONSUMER: Final = "decide"
#: Celery's queue of fetch tasks.
_FETCHES: Final = "fetch"
_ENCODER: Final = msgspec.json.Encoder()


class RedisAlerts(RedisAlertSettings, RedisAlertLists):
    """The `AlertStore` of the distributed tracker, with the queries of commands. Every method raises StoreError."""

    def __init__(self, client: "redis.Redis", lease_s: float = LEASE_S, fence: Fence | None = None) -> None:
        RedisAlertSettings.__init__(self, client, fence)
        RedisAlertLists.__init__(self, client)
        self._client = client
        self._lease_ms = int(lease_s * 1000)
        self._commit = load_script(client, "alert_commit")
        self._release = load_script(client, "release")

    def begin(self, *, awaits_journal: bool = True) -> str | None:
        """Take the lease to decide; None while another process has it or the journal may bring open alerts back."""
        owner = uuid4().hex
        with translated():
            if awaits_journal and self._client.exists(ALERTS_AWAITED):
                return None
            taken: Any = self._client.set(ALERTS_LEASE, owner, nx=True, px=self._lease_ms)
        return owner if taken else None

    def end(self, owner: str) -> None:
        """Release the lease."""
        with translated():
            self._release(keys=[ALERTS_LEASE], args=[owner])

    def events(self, count: int) -> Sequence[ReadEvent]:
        """Return the events that were not decided about yet."""
        with translated():
            try:
                pending = self._read("0", count) or (self._read(">", count) and self._read("0", count))
            except redis.ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
                # The stream was lost: no event that it holds now was decided about.
                self._client.xgroup_create(UPDATES, ALERTS_GROUP, id="0", mkstream=True)
                return ()
        return [
            ReadEvent(stream_id=stream_id.decode(), event=_event(stream_id, fields)) for stream_id, fields in pending
        ]

    def book(self) -> RedisBook:
        """Return the book of the stored alerts."""
        return RedisBook(self._client)

    def due(self, now: datetime, count: int) -> Sequence[Alert]:
        """Return alerts that are due for evaluation by now."""
        with translated():
            ids: Any = self._client.zrange(ALERTS_DUE, "-inf", now.timestamp(), byscore=True, offset=0, num=count)
        return self.named([alert_id.decode() for alert_id in ids])

    def channel_states(self, names: Collection[str]) -> Sequence[ChannelState]:
        """Return the record of each channel, by name."""
        ordered = sorted(names)
        with translated(), self._client.pipeline(transaction=False) as pipe:
            for name in ordered:
                pipe.hgetall(CHANNEL_PREFIX + name)
                pipe.zcard(CHANNEL_READY_PREFIX + name)
            answers = pipe.execute()
        return [_state(name, answers[2 * i], answers[2 * i + 1]) for i, name in enumerate(ordered)]

    def good_drills(self) -> Mapping[str, datetime]:
        """Return when the last drill of each channel succeeded, by name."""
        with translated():
            values: Any = self._client.hgetall(DRILLS)
        return {name.decode(): found for name, value in values.items() if (found := moment(value))}

    def channels_ready(self, names: Collection[str], now: datetime) -> Sequence[str]:
        """Return the channels that have something to send now and are in no pause."""
        ordered = sorted(names)
        if not ordered:
            return ()
        with translated(), self._client.pipeline(transaction=False) as pipe:
            for name in ordered:
                pipe.zcount(CHANNEL_READY_PREFIX + name, "-inf", now.timestamp())
                pipe.hget(CHANNEL_PREFIX + name, "not_before")
            answers = pipe.execute()
        return [
            name for i, name in enumerate(ordered) if answers[2 * i] and not is_put_off(moment(answers[2 * i + 1]), now)
        ]

    def note_drill(self, names: Collection[str], now: datetime) -> None:
        """Note that a drill of these channels succeeded."""
        with translated():
            self._client.hset(DRILLS, mapping=dict.fromkeys(names, now.timestamp()))

    def signs(self) -> Signs:
        """Return the signs that beat, workers and printer do their work."""
        with translated(), self._client.pipeline(transaction=False) as pipe:
            pipe.zrange(SCHEDULERS, 0, -1, withscores=True)
            pipe.lindex(f"{NAMESPACE}{_FETCHES}", -1)
            pipe.llen(f"{NAMESPACE}{_FETCHES}")
            pipe.hget(CURSORS, RECORD)
            reports, message, fetches, cursor = pipe.execute()
            unrecorded: Any = self._client.xrange(UPDATES, min=f"({cursor.decode()}" if cursor else "-", count=1)
        return Signs(
            beat=" ".join(f"{name.decode()} {at}" for name, at in reports),
            next_fetch=hashlib.sha1(message, usedforsecurity=False).hexdigest() if message else None,
            fetches=fetches,
            next_event=unrecorded[0][0].decode() if unrecorded else None,
        )

    def keep(self, owner: str, decided: Decided, now: datetime) -> None:
        """Write the decisions in one step. Raises Conflict."""
        payload = {
            "acks": decided.stream_ids,
            "alerts": [
                (
                    alert.provider_id,
                    alert.id,
                    _ENCODER.encode(alert).decode(),
                    due.timestamp() if (due := looked_at_again(alert)) else "",
                    alert.opened_at.timestamp(),
                    "" if alert.closed_at is None else alert.closed_at.timestamp(),
                    encoded_facts(alert),
                )
                for alert in decided.alerts
            ],
            "gone": [(alert.provider_id, alert.id, list(alert.targets)) for alert in decided.gone],
            "ready": sorted({(each.channel, each.alert_id) for each in decided.deliveries}),
            "storms": [(cause, _ENCODER.encode(storm).decode()) for cause, storm in decided.storms],
        }
        arguments = AlertCommitArguments(
            owner=owner, lease_ms=self._lease_ms, now_s=now.timestamp(), payload=_ENCODER.encode(payload)
        )
        with translated():
            kept = self._commit(keys=AlertCommitKeys().values, args=arguments.values)
        if not kept:
            raise Conflict("another worker decides about alerts by now")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _read(self, after: str, count: int) -> Sequence[tuple[bytes, dict[bytes, bytes]]]:
        answer: Any = self._client.xreadgroup(ALERTS_GROUP, _CONSUMER, {UPDATES: after}, count=count)
        return answer[0][1] if answer else ()


def _event(stream_id: bytes, fields: dict[bytes, bytes]) -> Any:
    try:
        return read_event(stream_id, fields) if fields else None
    except StoreError:
        return None


def _state(name: str, state: dict[bytes, bytes], ready: int) -> ChannelState:
    error = state.get(b"last_error")
    return ChannelState(
        name=name,
        failures=int(state.get(b"failures", 0)),
        failing_since=moment(state.get(b"failing_since")),
        not_before=moment(state.get(b"not_before")),
        last_error=error.decode() if error else None,
        last_error_at=moment(state.get(b"last_error_at")),
        delivered=int(state.get(b"delivered", 0)),
        last_delivered_at=moment(state.get(b"last_delivered_at")),
        ready=ready,
    )
