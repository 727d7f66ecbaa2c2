"""A `GroupedPages` that is used like a `PageStore`, for what has to hold of both."""

import asyncio
from collections.abc import Collection, Coroutine
from datetime import datetime
from typing import Any, TypeVar

from tracker.polling.page_store import Commit, HostBusy, Known, PollLease
from tracker.store.connection import connect, connect_async
from tracker.store.grouped import RedisGroupedPages
from tracker.store.pages import RedisPages

T = TypeVar("T")


class LoopedPages:
    """A loop of its own runs each call to its end."""

    def __init__(self, url: str, **options: int) -> None:
        self._runner = asyncio.Runner()
        self._client = connect(url)
        self._pages = RedisPages(self._client)
        self.grouped = RedisGroupedPages(connect_async(url), **options)

    def begin(self, provider_id: str, now: datetime) -> PollLease | HostBusy | None:
        return self.runs(self.grouped.begin(provider_id, now))

    def recall(self, provider_id: str, keys: Collection[str]) -> Known:
        return self._pages.recall(provider_id, keys)

    def commit(self, lease: PollLease, commit: Commit) -> int:
        return self.runs(self.grouped.commit(lease, commit))

    def begins(self, now: datetime, *provider_ids: str) -> list[PollLease | HostBusy | None]:
        """Ask for all of these turns in one tick."""
        return self.together(*(self.grouped.begin(provider_id, now) for provider_id in provider_ids))

    def together(self, *calls: Coroutine[Any, Any, Any]) -> list[Any]:
        """Run calls in one tick; return what they return or raise."""

        async def gathered() -> list[Any]:
            return await asyncio.gather(*calls, return_exceptions=True)

        return self.runs(gathered())

    def runs(self, call: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(call)

    def close(self) -> None:
        self.runs(self.grouped.aclose())
        self._runner.close()
        self._client.close()
