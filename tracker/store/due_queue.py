"""The due providers in the data server: schedulers claim them and report how late they are."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import redis

from tracker.scheduling.dispatch_lag import WINDOW_S, SchedulerReport, Scheduling
from tracker.store.codec import decode_report, encode_report
from tracker.store.connection import DUE, NAMESPACE, SCHEDULER_PREFIX, SCHEDULERS, load_script, translated
from tracker.store.scripts.polling import ClaimArguments, ClaimKeys

#: Clocks of schedulers that share the work differ by less; one that goes back further was set back.
CLOCKS_DIFFER_S: Final = 10.0
#: A provider that has been due for longer is overdue: schedulers look for due providers more often.
OVERDUE_S: Final = 1.0


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right to have one provider polled now."""

    provider_id: str
    interval_s: float
    due_at: datetime


class RedisDueQueue:
    """Providers by the time at which they are polled next; any number of schedulers share it."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._claim = load_script(client, "claim")

    def claim(self, now: datetime, limit: int) -> tuple[tuple[Claim, ...], datetime | None]:
        """Claim up to `limit` providers that are due; return them and when the next one is due."""
        arguments = ClaimArguments(now_s=now.timestamp(), limit=limit, clocks_differ_s=CLOCKS_DIFFER_S)
        with translated():
            upcoming, *claimed = self._claim(keys=ClaimKeys().values, args=arguments.values)
        claims = tuple(
            Claim(
                provider_id=claimed[i].decode(),
                interval_s=float(claimed[i + 1]),
                due_at=datetime.fromtimestamp(float(claimed[i + 2]), UTC),
            )
            for i in range(0, len(claimed), 3)
        )
        return claims, datetime.fromtimestamp(float(upcoming), UTC) if upcoming else None

    def waiting(self, queue: str) -> int:
        """Return the number of messages that wait in one of Celery's queues. Raises StoreError."""
        with translated():
            length: Any = self._client.llen(NAMESPACE + queue)
        return int(length)

    def report(self, report: SchedulerReport) -> None:
        """Store the report of a scheduler, which expires after a minute. Raises StoreError."""
        at = report.at.timestamp()
        with translated(), self._client.pipeline(transaction=False) as pipe:
            pipe.set(SCHEDULER_PREFIX + report.name, encode_report(report), ex=WINDOW_S)
            pipe.zadd(SCHEDULERS, {report.name: at})
            pipe.zremrangebyscore(SCHEDULERS, "-inf", at - WINDOW_S)
            pipe.execute()

    def scheduling(self, now: datetime) -> Scheduling:
        """Return the lateness of providers, with the reports of the schedulers. Raises StoreError."""
        overdue_since = now.timestamp() - OVERDUE_S
        with translated():
            with self._client.pipeline(transaction=False) as pipe:
                pipe.zcard(DUE)
                pipe.zcount(DUE, "-inf", overdue_since)
                pipe.zrange(DUE, 0, 0, withscores=True)
                pipe.zrange(SCHEDULERS, 0, -1)
                providers, overdue, first, names = pipe.execute()
            reports: Any = self._client.mget([SCHEDULER_PREFIX + name.decode() for name in names]) if names else []
        return Scheduling(
            providers=providers,
            overdue=overdue,
            overdue_s=now.timestamp() - first[0][1] if overdue else 0.0,
            schedulers=tuple(sorted(map(decode_report, filter(None, reports)), key=lambda report: report.name)),
        )
