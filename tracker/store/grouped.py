"""The pages in the data server, for the coroutines of one event loop."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tracker.polling.page_store import Commit, HostBusy, PollLease
from tracker.store.batching import Batcher
from tracker.store.connection import close_async, load_script, translated
from tracker.store.leases import (
    MOST_SEEN,
    EncodedPage,
    begin_arguments,
    busy_of,
    commit_arguments,
    commit_fields,
    encoded_page,
    first_request,
    is_lease,
    is_quiet,
    lease_of,
    quiet_arguments,
    refusal,
)
from tracker.store.scripts.polling import BEGIN, COMMIT, COMMIT_QUIET

if TYPE_CHECKING:
    from redis.asyncio import Redis

#: The most pages in one call: the data server does nothing else for some 3 ms.
MOST_TOGETHER: Final = 200
#: How far apart calls of a kind begin at least, in seconds.
CALLS_APART_S: Final = 0.005
#: How long a quiet poll waits for others that are committed with it, in seconds: answers of one burst come scattered.
GATHER_S: Final = 0.01
#: The most pages that a worker remembers, some 2.3 KB each with the parts that a poller derives.
MOST_REMEMBERED: Final = 12_000
#: Once all places are taken, one new page in this many replaces an old one.
_LEFT_OUT: Final = 16
#: Commits with events that are on their way at the same time, with a connection each.
_CHANGES_AT_ONCE: Final = 8


class RedisGroupedPages:
    """The `GroupedPages` of the distributed tracker. Belongs to the loop that uses it first.

    A lease from here may be committed by a `RedisPages`, and the other way round. The lease of a cancelled caller
    expires.
    """

    def __init__(self, client: "Redis", most_seen: int = MOST_SEEN, most_remembered: int = MOST_REMEMBERED) -> None:
        self._client = client
        self._most_seen = most_seen
        self._most_remembered = most_remembered
        self._begin = load_script(client, *BEGIN)
        self._commit = load_script(client, *COMMIT)
        self._commit_quiet = load_script(client, *COMMIT_QUIET)
        self._remembered: dict[str, EncodedPage] = {}
        self._left_out = 0
        self._begins: Batcher[tuple[str, EncodedPage | None, datetime], tuple[Any, bytes]] = Batcher(
            self._begin_all, MOST_TOGETHER, CALLS_APART_S
        )
        self._quiet: Batcher[tuple[str | int, ...], int | bytes] = Batcher(
            self._commit_all, MOST_TOGETHER, CALLS_APART_S, GATHER_S
        )
        self._pending = asyncio.Semaphore(_CHANGES_AT_ONCE)

    async def begin(self, provider_id: str, now: datetime) -> PollLease | HostBusy | None:
        """Lease the page. Raises StoreError."""
        before = self._remembered.get(provider_id)
        answer, version = await self._begins.ask((provider_id, before, now))
        if not is_lease(answer):
            return busy_of(answer, now)
        lease = lease_of(answer, version, before, provider_id, now)
        page = encoded_page(lease)
        if page is not before:
            self._remember(page)
        return lease

    async def commit(self, lease: PollLease, commit: Commit) -> int:
        """Write the commit. Raises StoreError, Conflict."""
        if not is_quiet(commit):
            return await self._commit_alone(lease, commit)
        answer = await self._quiet.ask(commit_fields(lease, commit, encoded_page(lease)))
        if answer:
            raise refusal(lease, answer)
        return 0

    async def aclose(self) -> None:
        """Close the connections; calls that are on their way end with a StoreError."""
        await close_async(self._client)

    async def _commit_alone(self, lease: PollLease, commit: Commit) -> int:
        async with self._pending:
            with translated():
                new = await self._commit(**commit_arguments(lease, commit, self._most_seen))
        self._remembered.pop(lease.provider_id, None)
        if new < 0:
            raise refusal(lease, new)
        return int(new)

    async def _begin_all(
        self, asked: Sequence[tuple[str, EncodedPage | None, datetime]]
    ) -> Sequence[tuple[Any, bytes]]:
        requests = [first_request(provider_id) if page is None else page.request for provider_id, page, _ in asked]
        with translated():
            version, *answers = await self._begin(**begin_arguments(requests, asked[-1][2]))
        return [(answer, version) for answer in answers]

    async def _commit_all(self, commits: Sequence[tuple[str | int, ...]]) -> Sequence[int | bytes]:
        with translated():
            refused = await self._commit_quiet(**quiet_arguments(commits))
        answers: list[int | bytes] = [0] * len(commits)
        for i in range(0, len(refused), 2):
            answers[refused[i] - 1] = refused[i + 1]
        return answers

    def _remember(self, page: EncodedPage) -> None:
        """Remember a page; once all places are taken, one new page in `_LEFT_OUT` replaces the oldest one.

        Pages are polled in a cycle. If each new page replaced the oldest one, every page would be forgotten before it
        came round again.
        """
        remembered = self._remembered
        if len(remembered) >= self._most_remembered and page.provider_id not in remembered:
            self._left_out += 1
            if self._left_out % _LEFT_OUT:
                return
            del remembered[next(iter(remembered))]
        remembered[page.provider_id] = page
