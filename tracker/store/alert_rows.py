"""The `RowStore` in the data server."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import msgspec
import redis

from tracker.alerting.alert import Alert
from tracker.alerting.row import SentRow, again
from tracker.alerting.stores import ChannelLease, ChannelMark, ReadyAlert
from tracker.delivery.retry_policy import LONGEST_WAIT_S
from tracker.errors import Conflict
from tracker.store.alert_lists import provider_of
from tracker.store.connection import (
    ALERTS_PREFIX,
    CHANNEL_DEAD_PREFIX,
    CHANNEL_LEASE_PREFIX,
    CHANNEL_PREFIX,
    CHANNEL_READY_PREFIX,
    CHANNEL_ROWS_PREFIX,
    load_script,
    moment,
    translated,
)
from tracker.store.scripts.alerts import ChannelLeaseArguments, ChannelLeaseKeys, RowArguments, RowKeys

#: A dead sender loses its channel after this long; each write extends the lease. One call begins within half of it and
#: ends within 15 s; a slower one (a slow mail server) may be made twice, and the late writes are refused.
LEASE_S: Final = 30.0
_ENCODER: Final = msgspec.json.Encoder()
_ALERTS: Final = msgspec.json.Decoder(Alert)
_ROWS: Final = msgspec.json.Decoder(SentRow)


class RedisRows:
    """The `RowStore` of the distributed tracker, with the queries of commands."""

    def __init__(self, client: "redis.Redis", lease_s: float = LEASE_S) -> None:
        self._client = client
        self._lease_ms = int(lease_s * 1000)
        self._lease = load_script(client, "alert_lease")
        self._row = load_script(client, "alert_row")
        self._release = load_script(client, "release")

    def begin(self, channel: str, now: datetime) -> ChannelLease | None:
        """Take the right to send."""
        owner = uuid4().hex
        with translated():
            answer = self._lease(
                keys=ChannelLeaseKeys(
                    lease_key=CHANNEL_LEASE_PREFIX + channel, channel_key=CHANNEL_PREFIX + channel
                ).values,
                args=ChannelLeaseArguments(
                    owner=owner,
                    lease_ms=self._lease_ms,
                    now_s=now.timestamp(),
                    longest_wait_s=LONGEST_WAIT_S,
                ).values,
            )
        if answer is None:
            return None
        failures, failing_since = answer
        return ChannelLease(
            channel=channel,
            owner=owner,
            failures=int(failures),
            failing_since=moment(failing_since or None),
            call_begins_within=timedelta(milliseconds=self._lease_ms / 2),
        )

    def end(self, lease: ChannelLease) -> None:
        """Give the right back."""
        with translated():
            self._release(keys=[CHANNEL_LEASE_PREFIX + lease.channel], args=[lease.owner])

    def ready(self, lease: ChannelLease, now: datetime, count: int) -> Sequence[ReadyAlert]:
        """Return the alerts that may have something to send."""
        key = CHANNEL_READY_PREFIX + lease.channel
        with translated():
            ids: Any = self._client.zrange(key, "-inf", now.timestamp(), byscore=True, offset=0, num=count)
            if not ids:
                return ()
            with self._client.pipeline(transaction=False) as pipe:
                pipe.hmget(CHANNEL_ROWS_PREFIX + lease.channel, ids)
                for alert_id in ids:
                    pipe.hget(ALERTS_PREFIX + provider_of(alert_id.decode()), alert_id)
                rows, *alerts = pipe.execute()
        return [
            ReadyAlert(
                alert_id=alert_id.decode(),
                alert=_ALERTS.decode(alert) if alert else None,
                row=_ROWS.decode(row) if row else SentRow(),
                digest=hashlib.sha1(alert, usedforsecurity=False).hexdigest() if alert else "",
            )
            for alert_id, row, alert in zip(ids, rows, alerts, strict=True)
        ]

    def intend(self, lease: ChannelLease, ready: ReadyAlert, row: SentRow, now: datetime) -> None:
        """Write down the message that is about to be sent. Raises Conflict."""
        self._write(lease, ready, row, now, "keep", None)

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
        """Write down the result of the message. Raises Conflict."""
        self._write(lease, ready, row, now, again_at.timestamp() if again_at else "", mark)

    def rows(self, wanted: Mapping[str, Sequence[str]]) -> Mapping[str, Mapping[str, SentRow]]:
        """Return the messages of some alerts, by channel and alert id; `wanted` has the ids by channel."""
        asked = {channel: ids for channel, ids in wanted.items() if ids}
        with translated(), self._client.pipeline(transaction=False) as pipe:
            for channel, ids in asked.items():
                pipe.hmget(CHANNEL_ROWS_PREFIX + channel, list(ids))
            answers = pipe.execute()
        return {
            channel: {alert_id: _ROWS.decode(row) for alert_id, row in zip(ids, rows, strict=True) if row}
            for (channel, ids), rows in zip(asked.items(), answers, strict=True)
        }

    def row(self, channel: str, alert_id: str) -> SentRow:
        """Return the messages of one alert to one channel."""
        with translated():
            value: Any = self._client.hget(CHANNEL_ROWS_PREFIX + channel, alert_id)
        return _ROWS.decode(value) if value else SentRow()

    def resend(self, channel: str, alert_id: str, now: datetime) -> None:
        """Have the messages that a channel refused sent again at once."""
        row = again(self.row(channel, alert_id))
        key = CHANNEL_PREFIX + channel
        with translated(), self._client.pipeline(transaction=True) as pipe:
            pipe.hset(CHANNEL_ROWS_PREFIX + channel, alert_id, _ENCODER.encode(row))
            pipe.zrem(CHANNEL_DEAD_PREFIX + channel, alert_id)
            pipe.zadd(CHANNEL_READY_PREFIX + channel, {alert_id: now.timestamp()})
            pipe.hdel(key, "not_before")
            pipe.execute()

    def _write(
        self,
        lease: ChannelLease,
        ready: ReadyAlert,
        row: SentRow,
        now: datetime,
        again_at: float | str,
        mark: ChannelMark | None,
    ) -> None:
        channel = lease.channel
        arguments = RowArguments(
            owner=lease.owner,
            lease_ms=self._lease_ms,
            now_s=now.timestamp(),
            alert_id=ready.alert_id,
            row_id=f"{channel} {ready.alert_id}",
            row=_ENCODER.encode(row),
            is_dead=int(row.is_dead),
            alert_digest=ready.digest,
            again_at=again_at,
            failures="" if mark is None else mark.failures,
            failing_since_s="" if mark is None or mark.failing_since is None else mark.failing_since.timestamp(),
            not_before_s="" if mark is None or mark.not_before is None else mark.not_before.timestamp(),
            error_text="" if mark is None else mark.error or "",
            is_delivery=int(mark is not None and mark.is_delivery),
        )
        keys = RowKeys(
            lease_key=CHANNEL_LEASE_PREFIX + channel,
            channel_key=CHANNEL_PREFIX + channel,
            rows_key=CHANNEL_ROWS_PREFIX + channel,
            ready_key=CHANNEL_READY_PREFIX + channel,
            alerts_key=ALERTS_PREFIX + provider_of(ready.alert_id),
            dead_key=CHANNEL_DEAD_PREFIX + channel,
        )
        with translated():
            kept = self._row(keys=keys.values, args=arguments.values)
        if not kept:
            raise Conflict(f"channel {channel}: another worker sends to it by now")
