"""Lists and counts of alerts: from indexes that grow and shrink with each commit, so that no list reads all alerts."""

from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec
import redis

from tracker.alerting.alert import Alert
from tracker.alerting.facts import AlertFacts, AlertPosition, OpenAlert, facts_of
from tracker.store.alert_book import ALERTS
from tracker.store.connection import (
    ALERTING,
    ALERTS_FACTS,
    ALERTS_INDEX,
    ALERTS_OPEN,
    ALERTS_OVER,
    ALERTS_PREFIX,
    CHANNEL_DEAD_PREFIX,
    CHANNEL_ROWS_PREFIX,
    translated,
)

_READ_TOGETHER: Final = 500
_FACTS: Final = msgspec.json.Decoder(AlertFacts)
#: The field that says that the indexes are complete: alerts of earlier versions are in `ALERTS_INDEX` alone.
_INDEXED: Final = "indexed"


class _RowPart(msgspec.Struct, frozen=True):
    """The part of a row (`tracker.alerting.row.SentRow`) that decides whether it holds a dead letter."""

    refused_version: int = 0
    missed: str | None = None


_ROWS: Final = msgspec.json.Decoder(_RowPart)


class RedisAlertLists:
    """Alerts in order. Every method raises StoreError."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    def places(
        self,
        *,
        is_open: bool | None,
        provider_ids: Collection[str] = (),
        after: AlertPosition | None = None,
        count: int,
    ) -> Sequence[AlertPosition]:
        """Return up to `count` open, closed or all alerts behind a place, those that opened last first."""
        if provider_ids or is_open is False:
            found = self._of_providers(provider_ids, is_open) if provider_ids else self._over()
            return sorted((each for each in found if after is None or each < after), reverse=True)[:count]
        key = ALERTS_OPEN if is_open else ALERTS_INDEX
        listed: list[AlertPosition] = []
        start, latest = 0, "+inf" if after is None else after.opened_s
        while len(listed) < count:
            with translated():
                answer: Any = self._client.zrevrangebyscore(key, latest, "-inf", start, count + 1, withscores=True)
            if not answer:
                break
            start += len(answer)
            # Alerts that opened at the same moment may come before the place.
            listed += [each for each in map(_place, answer) if after is None or each < after]
        return listed[:count]

    def open_facts(self) -> Sequence[OpenAlert]:
        """Return every open alert with its facts."""
        with translated():
            values: Any = self._client.hgetall(ALERTS_FACTS)
        return [OpenAlert(alert_id.decode(), _FACTS.decode(value)) for alert_id, value in values.items()]

    def ended_last(self, count: int) -> Sequence[str]:
        """Return the ids of the alerts that ended last, the newest first."""
        with translated():
            ids: Any = self._client.zrevrange(ALERTS_OVER, 0, count - 1)
        return [alert_id.decode() for alert_id in ids]

    def dead(self, channels: Sequence[str], count: int) -> dict[str, Sequence[str]]:
        """Return for each channel up to `count` alerts of which it holds a dead letter, the newest first."""
        with translated(), self._client.pipeline(transaction=False) as pipe:
            for name in channels:
                pipe.zrevrange(CHANNEL_DEAD_PREFIX + name, 0, count - 1)
            answers = pipe.execute()
        return {name: [each.decode() for each in ids] for name, ids in zip(channels, answers, strict=True)}

    def dead_counts(self, channels: Sequence[str]) -> dict[str, int]:
        """Return for each channel the number of alerts of which it holds a dead letter."""
        with translated(), self._client.pipeline(transaction=False) as pipe:
            for name in channels:
                pipe.zcard(CHANNEL_DEAD_PREFIX + name)
            return dict(zip(channels, pipe.execute(), strict=True))

    def open_providers(self) -> frozenset[str]:
        """Return the ids of providers with open alerts."""
        with translated():
            ids: Any = self._client.zrange(ALERTS_OPEN, 0, -1)
        return frozenset(provider_of(alert_id.decode()) for alert_id in ids)

    def open_alerts(self) -> Sequence[Alert]:
        """Return all alerts that are not over, the oldest first."""
        return self._all(ALERTS_OPEN)

    def all_alerts(self) -> Sequence[Alert]:
        """Return all alerts that are kept, the oldest first."""
        return self._all(ALERTS_INDEX)

    def named(self, ids: Sequence[str]) -> Sequence[Alert]:
        """Return the alerts of these ids that exist."""
        found: list[Alert] = []
        for start in range(0, len(ids), _READ_TOGETHER):
            with translated(), self._client.pipeline(transaction=False) as pipe:
                for alert_id in ids[start : start + _READ_TOGETHER]:
                    pipe.hget(ALERTS_PREFIX + provider_of(alert_id), alert_id)
                found += [ALERTS.decode(value) for value in pipe.execute() if value]
        return found

    def mend(self, channels: Sequence[str]) -> None:
        """Complete the indexes of a data server that an earlier version filled."""
        with translated():
            if self._client.hget(ALERTING, _INDEXED):
                return
            for alert in self.all_alerts():
                self._index(alert)
            for name in channels:
                rows = self._client.hscan_iter(CHANNEL_ROWS_PREFIX + name, count=_READ_TOGETHER)
                known = ((alert_id, _ROWS.decode(value)) for alert_id, value in rows)
                if dead := {alert_id: 0.0 for alert_id, row in known if row.missed or row.refused_version}:
                    self._client.zadd(CHANNEL_DEAD_PREFIX + name, dead)
            self._client.hset(ALERTING, _INDEXED, 1)

    def _index(self, alert: Alert) -> None:
        with self._client.pipeline(transaction=True) as pipe:
            if alert.closed_at is None:
                pipe.zadd(ALERTS_OPEN, {alert.id: alert.opened_at.timestamp()})
                pipe.hset(ALERTS_FACTS, alert.id, encoded_facts(alert))
            else:
                pipe.zadd(ALERTS_OVER, {alert.id: alert.closed_at.timestamp()})
            pipe.execute()

    def _all(self, key: str) -> Sequence[Alert]:
        with translated():
            ids: Any = self._client.zrange(key, 0, -1)
        return self.named([alert_id.decode() for alert_id in ids])

    def _over(self) -> Sequence[AlertPosition]:
        with translated():
            answer: Any = self._client.zdiff([ALERTS_INDEX, ALERTS_OPEN], withscores=True)
        return [AlertPosition(float(score), alert_id.decode()) for alert_id, score in _pairs(answer)]

    def _of_providers(self, provider_ids: Collection[str], is_open: bool | None) -> Sequence[AlertPosition]:
        with translated(), self._client.pipeline(transaction=False) as pipe:
            for provider_id in dict.fromkeys(provider_ids):
                pipe.hkeys(ALERTS_PREFIX + provider_id)
            ids = [alert_id for found in pipe.execute() for alert_id in found]
            if not ids:
                return ()
            pipe.zmscore(ALERTS_INDEX, ids)
            pipe.zmscore(ALERTS_OPEN, ids)
            opened, still = pipe.execute()
        return [
            AlertPosition(at, alert_id.decode())
            for alert_id, at, open_at in zip(ids, opened, still, strict=True)
            if at is not None and (is_open is None or (open_at is not None) is is_open)
        ]


def encoded_facts(alert: Alert) -> str:
    """Return the facts of an alert as they are stored."""
    return msgspec.json.encode(facts_of(alert)).decode()


def provider_of(alert_id: str) -> str:
    """Return the provider of an alert's id."""
    return alert_id.split("/", 1)[0]


def _place(answer: tuple[bytes, float]) -> AlertPosition:
    return AlertPosition(answer[1], answer[0].decode())


def _pairs(answer: Sequence[Any]) -> Sequence[tuple[bytes, Any]]:
    """Return members and scores, which RESP 2 sends one after the other."""
    if answer and not isinstance(answer[0], list | tuple):
        return list(zip(answer[::2], answer[1::2], strict=True))
    return [(member, score) for member, score in answer]
