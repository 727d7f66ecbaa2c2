"""The catalogue of providers and their due times, in the data server."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import msgspec
import redis

from tracker.catalogue import with_known_ids
from tracker.delivery.latency import Timing
from tracker.model.page_state import PageView
from tracker.model.provider import Provider
from tracker.polling.poll_cost import ENDINGS, Savings
from tracker.scheduling.dispatch_lag import WINDOW_S, SchedulerReport, Scheduling
from tracker.store.codec import (
    decode_provider,
    decode_report,
    decode_state,
    decode_timing,
    decode_view,
    encode_report,
)
from tracker.store.connection import (
    DUE,
    GENERATION,
    PROVIDERS,
    SCHEDULE,
    SCHEDULER_PREFIX,
    SCHEDULERS,
    SINKS,
    VERSION,
    latency_key,
    load_script,
    moment,
    page_key,
    translated,
)
from tracker.store.pages import PageStatus
from tracker.store.scripts import ClaimArguments, ClaimKeys, RevisionArguments, SyncArguments, SyncKeys
from tracker.store.sync import SYNC_STEP, Synced, entries_of, steps, total

#: Clocks of machines whose schedulers share the work differ by no more; a clock that goes back further was put back.
CLOCKS_DIFFER_S: Final = 10.0
#: Pages that one call asks about; more would have other callers wait.
_TOGETHER: Final = 1000
#: Pages whose whole state is read with one call.
_READ_TOGETHER: Final = 200
#: A provider that has been due for longer is overdue: no scheduler looks as seldom.
OVERDUE_S: Final = 1.0
#: Pages that are put back on an emptied data server are asked after this long: the printer, which looks every two
#: seconds, has reminded them by then of what is on record (`tracker.delivery.recorder`), and made them due at once.
ASKED_AFTER: Final = timedelta(seconds=30)
#: Fields of a page, as commits write them.
_COUNTERS: Final = ("received_bytes", "spared_bytes", "counted_since")


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right to have one provider polled now."""

    provider_id: str
    interval_s: float
    due_at: datetime


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """What the data server holds of the catalogue, in numbers."""

    #: Differs once the data server was emptied and filled again; None while it holds no catalogue.
    generation: bytes | None
    #: Grows with every change of providers or sinks.
    version: int
    providers: int
    scheduled: int
    due: int
    sinks: int

    @property
    def is_whole(self) -> bool:
        """Tell whether all providers have a schedule and a due time."""
        return min(self.scheduled, self.due) >= self.providers


class RedisCatalogue:
    """Providers come and go here; schedulers and workers see it with their next call."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._sync = load_script(client, "sync")
        self._claim = load_script(client, "claim")
        self._revisions = load_script(client, "revisions")

    def put(self, providers: Iterable[Provider], now: datetime, *, replacing: str = "") -> Synced:
        """Add or change providers. With `replacing`, those of that origin that are not given are removed then.

        A provider of that origin that only got another name keeps its id, and with it all that is known of its page.
        Each step is all or nothing, of 500 providers at most; what was cut off between two steps, the next sync ends.
        """
        named = list(providers)
        given = self._with_known_ids(named, replacing) if replacing else named
        done = [self._run_sync(entries=entries_of(step, len(given), now)) for step in [*steps(given)] or [()]]
        if replacing:
            absent = sorted(self._ids_of(replacing) - {provider.id for provider in given})
            done += [self._run_sync(step, replacing) for step in steps(absent)]
        kept = ((after.name, after.id) for before, after in zip(named, given, strict=True) if after.id != before.id)
        return msgspec.structs.replace(total(done), kept_ids=tuple(kept))

    def restore(self, providers: Sequence[Provider], now: datetime, *, was_emptied: bool) -> Synced:
        """Put back those providers that are not there, and what others lack.

        After the loss of everything they wait to be asked until the printer reminds them of the record.
        """
        entries = (entries_of(step, len(providers), now) for step in steps(providers))
        return total(
            [self._run_sync(entries=step, waiting=ASKED_AFTER if was_emptied else timedelta()) for step in entries]
        )

    def remove(self, provider_ids: Sequence[str]) -> int:
        """Remove providers and all that is remembered of their pages; return how many there were."""
        return total([self._run_sync(step) for step in steps(provider_ids)]).removed

    def providers(self) -> tuple[Provider, ...]:
        """Return the catalogue, sorted by name."""
        with translated():
            entries: Any = self._client.hvals(PROVIDERS)
        return tuple(sorted(map(decode_provider, entries), key=lambda provider: provider.name.casefold()))

    def provider(self, provider_id: str) -> Provider | None:
        """Return one entry of the catalogue, None where there is none. Raises StoreError."""
        with translated():
            entry: Any = self._client.hget(PROVIDERS, provider_id)
        return decode_provider(entry) if entry else None

    def entries(self) -> tuple[bytes, ...]:
        """Return the catalogue as it is written down, asking for some at a time; `decode_provider` reads it."""
        with translated():
            return tuple(entry for _, entry in self._client.hscan_iter(PROVIDERS, count=SYNC_STEP))

    def holdings(self) -> Holdings:
        """Return what there is of the catalogue, with one call. Raises StoreError."""
        # Numbers of one moment: a provider that is just being removed is not one that lost its due time.
        with translated(), self._client.pipeline(transaction=True) as pipe:
            pipe.mget(GENERATION, VERSION)
            pipe.hlen(PROVIDERS)
            pipe.hlen(SCHEDULE)
            pipe.hexists(SCHEDULE, "")  # where claims keep the time of the last one
            pipe.zcard(DUE)
            pipe.hlen(SINKS)
            (generation, version), providers, scheduled, has_claim, due, sinks = pipe.execute()
        return Holdings(
            generation=generation,
            version=_count(version),
            providers=providers,
            scheduled=scheduled - has_claim,
            due=due,
            sinks=sinks,
        )

    def version(self) -> bytes:
        """Return what differs after every change of the catalogue."""
        with translated():
            version: Any = self._client.get(VERSION)
        return version or b""

    def revisions(self, provider_ids: Sequence[str]) -> tuple[bytes, ...]:
        """Return what differs after every change of a page's state, for each of them; b"" for one never asked."""
        found: list[bytes] = []
        for start in range(0, len(provider_ids), _TOGETHER):
            with translated():
                found += self._revisions(args=(*RevisionArguments().values, *provider_ids[start : start + _TOGETHER]))
        return tuple(found)

    def statuses(self) -> tuple[PageStatus, ...]:
        """Return what is known of every page, sorted by provider name."""
        return tuple(self.statuses_of(self.providers()))

    def statuses_of(self, providers: Sequence[Provider]) -> Iterator[PageStatus]:
        """Yield what is known of these pages; of some at a time, since all of their components take much memory."""
        for start in range(0, len(providers), _READ_TOGETHER):
            yield from self._statuses(providers[start : start + _READ_TOGETHER])

    def states_of(self, providers: Sequence[Provider]) -> Iterator[PageStatus]:
        """Yield how these pages were asked and when, with an empty view: a fraction of what `statuses_of` reads."""
        for start in range(0, len(providers), _TOGETHER):
            some = providers[start : start + _TOGETHER]
            with translated(), self._client.pipeline(transaction=False) as pipe:
                for provider in some:
                    pipe.hmget(page_key(provider.id), ["state", "checked"])
                answers = pipe.execute()
            for provider, (state, checked) in zip(some, answers, strict=True):
                known = decode_state(state or b"")
                yield PageStatus(provider=provider, state=known, view=PageView(), checked_at=moment(checked))

    def _statuses(self, providers: Sequence[Provider]) -> Iterator[PageStatus]:
        with translated(), self._client.pipeline(transaction=False) as pipe:
            for provider in providers:
                pipe.hmget(page_key(provider.id), ["state", "view", "checked"])
            answers = pipe.execute()
        for provider, (state, view, checked) in zip(providers, answers, strict=True):
            yield PageStatus(
                provider=provider,
                state=decode_state(state or b""),
                view=decode_view(view),
                checked_at=moment(checked),
            )

    def timings(self, provider_ids: Sequence[str]) -> tuple[tuple[Timing, ...], ...]:
        """Return how long the newest updates of each of these pages took, oldest first."""
        with translated(), self._client.pipeline(transaction=False) as pipe:
            for provider_id in provider_ids:
                pipe.zrange(latency_key(provider_id), 0, -1)
            answers = pipe.execute()
        return tuple(tuple(map(decode_timing, members)) for members in answers)

    def savings(self, provider_ids: Sequence[str]) -> tuple[Savings, ...]:
        """Return the counters of each of these pages."""
        with translated(), self._client.pipeline(transaction=False) as pipe:
            for provider_id in provider_ids:
                pipe.hmget(page_key(provider_id), [*_COUNTERS, *(f"polls_{ending}" for ending in ENDINGS)])
            answers = pipe.execute()
        return tuple(
            Savings(
                endings=dict(zip(ENDINGS, map(_count, endings), strict=True)),
                received_bytes=_count(received),
                spared_bytes=_count(spared),
                since=moment(since),
            )
            for received, spared, since, *endings in answers
        )

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
        """Return how many messages wait in one of Celery's queues. Raises StoreError."""
        with translated():
            length: Any = self._client.llen(queue)
        return int(length)

    def ping(self) -> None:
        """Ask whether the data server answers. Raises StoreError."""
        with translated():
            self._client.ping()

    def report(self, report: SchedulerReport) -> None:
        """Keep what a scheduler says of itself until it has said nothing for a minute. Raises StoreError."""
        at = report.at.timestamp()
        with translated(), self._client.pipeline(transaction=False) as pipe:
            pipe.set(SCHEDULER_PREFIX + report.name, encode_report(report), ex=WINDOW_S)
            pipe.zadd(SCHEDULERS, {report.name: at})
            pipe.zremrangebyscore(SCHEDULERS, "-inf", at - WINDOW_S)
            pipe.execute()

    def scheduling(self, now: datetime) -> Scheduling:
        """Return how late providers are, and what the schedulers say of themselves. Raises StoreError."""
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

    def _with_known_ids(self, given: Sequence[Provider], origin: str) -> Sequence[Provider]:
        entries = list(self._entries())
        known = [provider for provider in entries if provider.origin == origin]
        return with_known_ids(given, known, {provider.id for provider in entries if provider.origin != origin})

    def _ids_of(self, origin: str) -> set[str]:
        """Return the ids of the providers of an origin."""
        return {provider.id for provider in self._entries() if provider.origin == origin}

    def _entries(self) -> Iterator[Provider]:
        """Yield the catalogue, asking for some at a time."""
        with translated():
            for _, entry in self._client.hscan_iter(PROVIDERS, count=SYNC_STEP):
                yield decode_provider(entry)

    def _run_sync(
        self,
        taken_out: Sequence[str] = (),
        origin: str = "",
        entries: Sequence[str | bytes] = (),
        *,
        waiting: timedelta | None = None,
    ) -> Synced:
        """Put entries in (`waiting`: where they are missing); take out ids that are of that origin ('': of any)."""
        arguments = SyncArguments(
            new_generation=uuid4().hex,
            waiting_s="" if waiting is None else waiting.total_seconds(),
            removed_count=len(taken_out),
            removed_origin=origin,
        )
        with translated():
            answer = self._sync(keys=SyncKeys().values, args=(*arguments.values, *taken_out, *entries))
        added, changed, removed, mended = answer
        return Synced(added=added, changed=changed, removed=removed, mended=mended)


def _count(value: bytes | None) -> int:
    return int(value or 0)
