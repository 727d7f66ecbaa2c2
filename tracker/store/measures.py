"""The data server in numbers: for metrics, and cheap enough for every few seconds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import redis

from tracker.alerting.alert import AlertState, GroupKind
from tracker.alerting.channel import Severity
from tracker.alerting.message import severity
from tracker.alerting.stores import ChannelState
from tracker.delivery.latency import Timing
from tracker.model.page import Impact
from tracker.model.route import AlertKind
from tracker.polling.poll_cost import Savings
from tracker.scheduling.dispatch_lag import Scheduling
from tracker.store.alerts import RedisAlerts, provider_of
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import (
    ALERTS_INDEX,
    ALERTS_PREFIX,
    CHANNEL_ROWS_PREFIX,
    DRILLS,
    UPDATES,
    moment,
    translated,
)
from tracker.store.server_facts import ServerFacts, server_facts
from tracker.store.sinks import RedisSinks, SinkStatus

#: Alerts and rows that one call reads.
_TOGETHER: Final = 1000


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted again at each look."""

    server: ServerFacts
    scheduling: Scheduling
    #: Entries of the event stream.
    stream_length: int = 0
    sinks: Sequence[SinkStatus] = ()
    channels: Sequence[ChannelState] = ()
    #: When the last drill of each channel came through.
    drills: Mapping[str, datetime] = {}
    #: The poll counters of the pages that were asked for, by provider id.
    savings: Mapping[str, Savings] = {}


class AlertCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many alerts are open, and how much of them was given up, without drills."""

    #: By severity, and by whether somebody has acknowledged or snoozed them.
    open: Mapping[tuple[Severity, bool], int] = {}
    #: Alerts of which a channel refused something for good, by channel.
    dead: Mapping[str, int] = {}


class RedisMeasures:
    """The data server as metrics see it. Every method raises StoreError."""

    def __init__(self, client: "redis.Redis", record: str) -> None:
        self._client = client
        #: The cursor of the record.
        self._record = record
        self._catalogue = RedisCatalogue(client)
        self._sinks = RedisSinks(client)
        self._alerts = RedisAlerts(client)

    def measure(self, provider_ids: Sequence[str], now: datetime) -> Measures:
        """Return the numbers of this moment."""
        savings = self._catalogue.savings(provider_ids)
        names = self._channel_names()
        with translated(), self._client.pipeline(transaction=False) as pipe:
            pipe.xlen(UPDATES)
            pipe.hgetall(DRILLS)
            length, drills = pipe.execute()
        known = {name.decode(): moment(at) for name, at in drills.items()}
        return Measures(
            server=server_facts(self._client, self._record),
            scheduling=self._catalogue.scheduling(now),
            stream_length=length,
            sinks=self._sinks.statuses(),
            channels=self._alerts.channel_states(names) if names else (),
            drills={name: at for name in names if (at := known.get(name)) is not None},
            savings=dict(zip(provider_ids, savings, strict=True)),
        )

    def alerts(self) -> AlertCount:
        """Return how many alerts are open and how many were given up; this reads every alert that is kept."""
        with translated():
            ids: Any = self._client.zrange(ALERTS_INDEX, 0, -1)
        counts: Counter[tuple[Severity, bool]] = Counter()
        for start in range(0, len(ids), _TOGETHER):
            with translated(), self._client.pipeline(transaction=False) as pipe:
                for alert_id in ids[start : start + _TOGETHER]:
                    pipe.hget(ALERTS_PREFIX + provider_of(alert_id.decode()), alert_id)
                counts.update(filter(None, map(_open, filter(None, pipe.execute()))))
        return AlertCount(open=counts, dead={name: self._dead(name) for name in self._channel_names()})

    def timings(self, provider_ids: Sequence[str]) -> tuple[tuple[Timing, ...], ...]:
        """Return how long the newest updates of each of these pages took, oldest first."""
        return self._catalogue.timings(provider_ids)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _channel_names(self) -> Sequence[str]:
        return sorted(channel.name for channel in self._alerts.config().channels)

    def _dead(self, channel: str) -> int:
        with translated():
            rows = self._client.hscan_iter(CHANNEL_ROWS_PREFIX + channel, count=_TOGETHER)
            return sum(_ROWS.decode(value).is_dead for _, value in rows)


class _AlertPart(msgspec.Struct, frozen=True):
    """What is counted of an alert (`tracker.alerting.alert.Alert`); the rest is skipped unread."""

    kind: AlertKind
    state: AlertState = AlertState.OPEN
    impact: Impact | None = None
    drill: str | None = None
    group: GroupKind | None = None


class _RowPart(msgspec.Struct, frozen=True):
    """What is counted of a row (`tracker.alerting.row.Row`)."""

    refused_version: int = 0
    missed: str | None = None

    @property
    def is_dead(self) -> bool:
        return self.missed is not None or self.refused_version > 0


_ALERTS: Final = msgspec.json.Decoder(_AlertPart)
_ROWS: Final = msgspec.json.Decoder(_RowPart)
_NOTICED: Final = (AlertState.ACKNOWLEDGED, AlertState.SNOOZED)


def _open(value: bytes) -> tuple[Severity, bool] | None:
    """Return as what an alert counts; None for one that is over, is a drill, or stands for others."""
    alert = _ALERTS.decode(value)
    is_counted = alert.drill is None and alert.group is None
    if not is_counted or alert.state in (AlertState.RESOLVED, AlertState.WITHDRAWN):
        return None
    return severity(alert.kind, alert.impact), alert.state in _NOTICED
