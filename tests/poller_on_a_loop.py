"""A `QuickPoller` for tests that call it like a `Poller`: over a store and a network that know nothing of loops."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import datetime
from typing import Final, NamedTuple

from tracker.environment.credentials import NO_VARIABLES
from tracker.model.clock import Clock
from tracker.polling.fetcher import Fetched, Fetcher, FetchRequest, NotModified, ReadyRequest
from tracker.polling.observer import Observer
from tracker.polling.page_store import Commit, HostBusy, PageStore, PollLease, RememberedPage
from tracker.polling.poller import Poll, Poller
from tracker.polling.quick_poller import QuickPoller

_THREADS: Final = ThreadPoolExecutor(4)


class LoopPages:
    """`GroupedPages` over a store whose calls return at once; like a worker, it keeps a page that does not change."""

    def __init__(self, store: PageStore) -> None:
        self._store = store
        self._kept: dict[str, RememberedPage] = {}

    async def begin(self, provider_id: str, now: datetime) -> PollLease | HostBusy | None:
        lease = self._store.begin(provider_id, now)
        if isinstance(lease, PollLease):
            kept = self._kept.get(provider_id)
            if kept is not None and kept.read() == (lease.provider, lease.state):
                lease.page = kept
            self._kept[provider_id] = lease.page
        return lease

    async def commit(self, lease: PollLease, commit: Commit) -> int:
        return self._store.commit(lease, commit)


class Unchanged(NamedTuple):
    """A `ReadyRequest` of which nothing was worked out."""

    request: FetchRequest


class LoopFetcher:
    """A `QuickFetcher` over a network that answers at once. Redirects are not its matter, as of the real one."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    def ready(self, request: FetchRequest) -> "Unchanged":
        return Unchanged(request)

    async def fetch(self, ready: ReadyRequest) -> Fetched | NotModified | None:
        await asyncio.sleep(0)
        answer = self._fetcher.fetch(ready.request)
        return answer if answer.url == ready.request.url else None


class LoopPoller:
    """Polls one page after the other, each on a loop of its own, so that a poll may begin while another one waits."""

    def __init__(
        self,
        store: PageStore,
        fetcher: Fetcher,
        clock: Clock,
        *,
        threads: Executor = _THREADS,
        slow_threads: Executor = _THREADS,
        environ: Mapping[str, str] = NO_VARIABLES,
    ) -> None:
        general = Poller(store, Observer(fetcher, environ), clock)
        pages, quick = LoopPages(store), LoopFetcher(fetcher)
        self._quick = QuickPoller(pages, quick, general, threads, slow_threads, clock, environ)

    def poll(self, provider_id: str) -> Poll | None:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, self._quick.poll(provider_id)).result()
