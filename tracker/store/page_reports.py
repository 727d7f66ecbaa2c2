"""The statuses of many pages, for people and the supervisor: read in portions, so that no other caller waits long."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import redis

from tracker.delivery.latency import Timing
from tracker.model.page_state import PageView
from tracker.model.provider import Provider
from tracker.polling.poll_cost import ENDINGS, Savings
from tracker.store.codec import decode_state, decode_timing, decode_view
from tracker.store.connection import POLLS, latency_key, load_script, moment, page_key, translated
from tracker.store.pages import PageStatus
from tracker.store.scripts.polling import RevisionArguments

#: Pages of one call; more would make other callers wait.
_TOGETHER: Final = 1000
#: Pages whose whole state is read with one call.
_READ_TOGETHER: Final = 200
#: Fields of a page, as commits write them.
_COUNTERS: Final = ("received_bytes", "spared_bytes", "counted_since")


class RedisPageReports:
    """Reports on pages: their states, the latency of updates, the cost of polls. Every method raises StoreError."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._revisions = load_script(client, "revisions")

    def revisions(self, provider_ids: Sequence[str]) -> tuple[bytes, ...]:
        """Return for each page a value that every change of its state changes; b"" for one that was never polled."""
        found: list[bytes] = []
        for start in range(0, len(provider_ids), _TOGETHER):
            with translated():
                found += self._revisions(args=(*RevisionArguments().values, *provider_ids[start : start + _TOGETHER]))
        return tuple(found)

    def changes(self) -> bytes:
        """Return a text that changes with every change of any page's state."""
        with translated():
            value: Any = self._client.hget(POLLS, "changes")
        return value or b""

    def statuses_of(self, providers: Sequence[Provider]) -> Iterator[PageStatus]:
        """Yield the statuses of these pages, read in portions: their components take much memory."""
        for start in range(0, len(providers), _READ_TOGETHER):
            yield from self._statuses(providers[start : start + _READ_TOGETHER])

    def states_of(self, providers: Sequence[Provider]) -> Iterator[PageStatus]:
        """Yield the states of these pages and the times of their polls, with empty views: a fraction of the data."""
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
        """Return the delays of the newest updates of each of these pages, oldest first."""
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


def _count(value: bytes | None) -> int:
    return int(value or 0)
