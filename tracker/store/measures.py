"""The data server in numbers: for metrics, and cheap enough for every few seconds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
import redis

from tracker.alerting.alert import AlertState
from tracker.alerting.channel import Severity
from tracker.alerting.stores import ChannelState
from tracker.delivery.latency import Timing
from tracker.polling.poll_cost import Savings
from tracker.scheduling.dispatch_lag import Scheduling
from tracker.store.alerts import RedisAlerts
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import DRILLS, UPDATES, moment, translated
from tracker.store.server_facts import ServerFacts, server_facts
from tracker.store.sinks import RedisSinks, SinkStatus

_NOTICED: Final = (AlertState.ACKNOWLEDGED, AlertState.SNOOZED)


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers that are counted at each scrape."""

    server: ServerFacts
    scheduling: Scheduling
    #: Entries of the event stream.
    stream_length: int = 0
    sinks: Sequence[SinkStatus] = ()
    channels: Sequence[ChannelState] = ()
    #: When the last drill of each channel succeeded.
    drills: Mapping[str, datetime] = {}
    #: The poll counters of the requested pages, by provider id.
    savings: Mapping[str, Savings] = {}


class AlertCount(msgspec.Struct, frozen=True, kw_only=True):
    """The counts of open alerts and of given-up messages, without drills."""

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
        """Return the counts of open alerts and of given-up messages."""
        facts = [each.facts for each in self._alerts.open_facts() if each.facts.is_counted]
        return AlertCount(
            open=Counter((each.severity, each.state in _NOTICED) for each in facts),
            dead=self._alerts.dead_counts(self._channel_names()),
        )

    def timings(self, provider_ids: Sequence[str]) -> tuple[tuple[Timing, ...], ...]:
        """Return the delays of the newest updates of each of these pages, oldest first."""
        return self._catalogue.timings(provider_ids)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _channel_names(self) -> Sequence[str]:
        return sorted(channel.name for channel in self._alerts.config().channels)
