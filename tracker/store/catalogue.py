"""The catalogue of providers and their due times, in the data server."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import redis

from tracker.latency import Timing
from tracker.models import Provider
from tracker.savings import ENDINGS, Savings
from tracker.schedule import first_due, phase_s
from tracker.store.codec import decode_provider, decode_state, decode_timing, decode_view, encode_provider
from tracker.store.connection import (
    DUE,
    LATENCY_PREFIX,
    PAGE_PREFIX,
    PROVIDERS,
    SCHEDULE,
    SEEN_PREFIX,
    VERSION,
    latency_key,
    load_script,
    moment,
    page_key,
    translated,
)
from tracker.store.pages import PageStatus

#: Clocks of machines whose schedulers share the work differ by no more; a clock that goes back further was put back.
CLOCKS_DIFFER_S: Final = 10.0
#: Pages that are asked for together: answers of all of them at once would be hundreds of megabytes.
_BATCH: Final = 500
#: Of the keys that go with a provider.
_PREFIXES: Final = (PAGE_PREFIX, SEEN_PREFIX, LATENCY_PREFIX)


#: Fields of a page, as commits write them.
_COUNTERS: Final = ("received_bytes", "spared_bytes", "counted_since")


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right to have one provider polled now."""

    provider_id: str
    interval: timedelta
    due_at: datetime


class Synced(msgspec.Struct, frozen=True, kw_only=True):
    """What a sync changed."""

    added: int
    changed: int
    removed: int


class RedisCatalogue:
    """Providers come and go here; schedulers and workers see it with their next call."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._sync = load_script(client, "sync")
        self._claim = load_script(client, "claim")

    def put(self, providers: Iterable[Provider], now: datetime, *, replacing: str = "") -> Synced:
        """Add or change providers. With `replacing`, those of that origin that are not given are removed."""
        given = list(providers)
        arguments: list[str | bytes | float] = [*_PREFIXES, replacing, 0]
        for provider in given:
            phase = phase_s(provider.id, provider.interval_s)
            first = first_due(now, provider.id, provider.interval_s, joining=len(given))
            arguments += [
                provider.id,
                encode_provider(provider),
                f"{provider.interval_s} {phase:.6f}",
                f"{first.timestamp():.6f}",
            ]
        return self._run_sync(arguments)

    def remove(self, provider_ids: Sequence[str]) -> int:
        """Remove providers and all that is remembered of their pages; return how many there were."""
        return self._run_sync([*_PREFIXES, "", len(provider_ids), *provider_ids]).removed

    def providers(self) -> tuple[Provider, ...]:
        """Return the catalogue, sorted by name."""
        with translated():
            entries: Any = self._client.hvals(PROVIDERS)
        return tuple(sorted(map(decode_provider, entries), key=lambda provider: provider.name.casefold()))

    def statuses(self, views_of: Callable[[Provider], bool] = lambda _: True) -> tuple[PageStatus, ...]:
        """Return what is known of every page, sorted by provider name.

        Views hold every component of a page and are most of it: those that `views_of` does not want stay empty.
        """
        providers = self.providers()
        statuses: list[PageStatus] = []
        for first in range(0, len(providers), _BATCH):
            statuses += self._statuses(providers[first : first + _BATCH], views_of)
        return tuple(statuses)

    def _statuses(self, providers: Sequence[Provider], views_of: Callable[[Provider], bool]) -> Iterator[PageStatus]:
        with translated(), self._client.pipeline(transaction=False) as pipe:
            for provider in providers:
                pipe.hmget(page_key(provider.id), ["state", "checked", *(["view"] if views_of(provider) else [])])
            answers = pipe.execute()
        for provider, (state, checked, *view) in zip(providers, answers, strict=True):
            yield PageStatus(
                provider=provider,
                state=decode_state(state or b""),
                view=decode_view(view[0] if view else None),
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
        with translated():
            upcoming, *claimed = self._claim(keys=[DUE, SCHEDULE], args=[now.timestamp(), limit, CLOCKS_DIFFER_S])
        claims = tuple(
            Claim(
                provider_id=claimed[i].decode(),
                interval=timedelta(seconds=float(claimed[i + 1])),
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

    def _run_sync(self, arguments: list[str | bytes | float]) -> Synced:
        with translated():
            added, changed, removed = self._sync(keys=[PROVIDERS, SCHEDULE, DUE, VERSION], args=arguments)
        return Synced(added=added, changed=changed, removed=removed)


def _count(value: bytes | None) -> int:
    return int(value or 0)
