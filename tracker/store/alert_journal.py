"""The `JournalStore` in the data server."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tracker.alerting.journal import FORGOTTEN, Line, Unwritten
from tracker.alerting.row import SentRow
from tracker.errors import Conflict
from tracker.store.alert_lists import provider_of
from tracker.store.alerts import RedisAlerts
from tracker.store.connection import (
    ALERTING,
    ALERTS_AWAITED,
    ALERTS_CHANGES,
    ALERTS_GROUP,
    ALERTS_INDEX,
    ALERTS_LEASE,
    ALERTS_PREFIX,
    ALERTS_UNWRITTEN,
    CHANNEL_DEAD_PREFIX,
    CHANNEL_READY_PREFIX,
    CHANNEL_ROWS_PREFIX,
    PROVIDERS,
    UPDATES,
    translated,
)
from tracker.store.stream import NOWHERE, preceding

#: The field that says that the journal was read since the data server was empty.
_READ: Final = "journal_read"
_TOGETHER: Final = 500
_ENCODER: Final = msgspec.json.Encoder()


class RedisJournalStore(RedisAlerts):
    """Alerts with a list of those that the journal lacks."""

    def is_journal_read(self) -> bool:
        """Return whether the journal was read since the data server was empty."""
        with translated():
            return bool(self._client.hget(ALERTING, _READ))

    def is_ready(self) -> bool:
        """Return whether the catalogue and the configuration of alerts are there."""
        with translated():
            return bool(self._client.exists(PROVIDERS) and self._client.hexists(ALERTING, "config"))

    def bring_back(self, rows: Mapping[tuple[str, str], SentRow]) -> None:
        """Store rows of channels where none are known; the sender checks each of them."""
        known = list(rows.items())
        for start in range(0, len(known), _TOGETHER):
            with translated(), self._client.pipeline(transaction=False) as pipe:
                for (channel, alert_id), row in known[start : start + _TOGETHER]:
                    pipe.hsetnx(CHANNEL_ROWS_PREFIX + channel, alert_id, _ENCODER.encode(row))
                    pipe.zadd(CHANNEL_READY_PREFIX + channel, {alert_id: 0.0}, nx=True)
                    if row.is_dead:
                        pipe.zadd(CHANNEL_DEAD_PREFIX + channel, {alert_id: 0.0}, nx=True)
                pipe.execute()

    def journal_read(self, owner: str) -> None:
        """Let others decide: the contents of the journal are in the data server. Raises Conflict."""
        with translated(), self._client.pipeline(transaction=True) as pipe:
            pipe.watch(ALERTS_LEASE)  # type: ignore[no-untyped-call]
            held: Any = pipe.get(ALERTS_LEASE)
            if held != owner.encode():
                # The loss of the lease was also the loss of the contents that were put in under it.
                raise Conflict("the data server has lost the alerts that the journal brought back")
            pipe.multi()
            pipe.hset(ALERTING, _READ, 1)
            pipe.delete(ALERTS_AWAITED)
            pipe.execute()

    def decided(self) -> str | None:
        """Return the stream id of the last event that was decided about, "" for none, None without channels."""
        with translated():
            return self._decided() if self.has_channels() else None

    def all_unwritten(self) -> None:
        """Mark all alerts and rows as not written."""
        with translated():
            ids: Any = self._client.zrange(ALERTS_INDEX, 0, -1)
            names: list[bytes] = list(ids)
            for channel in self.config().channels:
                rows: Any = self._client.hkeys(CHANNEL_ROWS_PREFIX + channel.name)
                names += [f"{channel.name} ".encode() + alert_id for alert_id in rows]
            last: Any = self._client.incrby(ALERTS_CHANGES, len(names))
            numbered = list(zip(names, range(last - len(names) + 1, last + 1), strict=True))
            for start in range(0, len(numbered), _TOGETHER):
                self._client.zadd(ALERTS_UNWRITTEN, dict(numbered[start : start + _TOGETHER]))

    def unwritten(self, count: int) -> Unwritten:
        """Return up to `count` of the alerts and rows that changed, those that changed first."""
        with translated():
            if not self._client.exists(ALERTS_UNWRITTEN):
                return Unwritten()
            # Read first: after a loss, an event may be decided about twice, but none may be left out.
            position = self._decided()
            found: Any = self._client.zrange(ALERTS_UNWRITTEN, 0, count - 1, withscores=True)
            # While there is more to write, some decisions up to that position are not on disk.
            decided = position if len(found) < count else ""
            if not found:
                return Unwritten()
            names = [_name(member) for member, _ in found]
            with self._client.pipeline(transaction=True) as pipe:
                pipe.hexists(ALERTING, _READ)
                for channel, alert_id in names:
                    key = ALERTS_PREFIX + provider_of(alert_id) if channel is None else CHANNEL_ROWS_PREFIX + channel
                    pipe.hget(key, alert_id)
                is_there, *values = pipe.execute()
        if not is_there:
            return Unwritten()  # all was lost meanwhile; the journal keeps its alerts
        lines = tuple(
            Line(channel=channel, alert=alert_id, value=msgspec.Raw(value) if value else FORGOTTEN, decided=decided)
            for (channel, alert_id), value in zip(names, values, strict=True)
        )
        return Unwritten(lines=lines, newest=found[-1][1])

    def written(self, unwritten: Unwritten) -> None:
        """Mark these lines as written, unless they have changed again."""
        with translated():
            self._client.zremrangebyscore(ALERTS_UNWRITTEN, "-inf", unwritten.newest)

    def _decided(self) -> str:
        """Return the stream id of the last event that was decided about, "" where none was in this stream."""
        if not self._client.exists(UPDATES):
            return ""
        groups: Any = self._client.xinfo_groups(UPDATES)
        group = next((each for each in groups if each["name"] == ALERTS_GROUP.encode()), None)
        if group is None:
            return ""
        pending: Any = self._client.xpending(UPDATES, ALERTS_GROUP) if group["pending"] else None
        if pending and pending["pending"]:
            return preceding(pending["min"].decode())
        position: str = group["last-delivered-id"].decode()
        if position != NOWHERE:
            return position
        first: Any = self._client.xrange(UPDATES, count=1)
        return preceding(first[0][0].decode()) if first else ""


def _name(member: bytes) -> tuple[str | None, str]:
    """Return channel and alert id of a row's name, None and the id of an alert's."""
    channel, separator, alert_id = member.decode().rpartition(" ")
    return (channel if separator else None), alert_id
