"""The threads that carry out the rest of polls: parsing, searches and further requests.

A poll holds its thread as long as its requests take. So pages that answer slowly have threads of their own, for which
others need not wait. A page is slow if its first answer took long, or if its last poll held a thread for long: behind a
redirect or a proxy a thread makes the first request, too.
"""

import asyncio
import logging
from concurrent.futures import Executor
from datetime import timedelta
from typing import Final

from tracker.errors import FetchError
from tracker.model.clock import Clock
from tracker.polling.discovery import ends_search
from tracker.polling.fetcher import Asked
from tracker.polling.known import starting_state
from tracker.polling.page_store import PollLease
from tracker.polling.poller import Poll, Poller, may_have_moved

log = logging.getLogger(__name__)

#: A poll that has waited for a thread for longer is left to the page's next due time: its lease (30 s) is nearly over.
LONGEST_WAIT: Final = timedelta(seconds=25)
#: A page that took longer is slow: its further requests may hold a thread for as long each.
SLOW_AFTER: Final = timedelta(seconds=2)
#: The same for a search in a thread, which makes up to forty requests, of a page whose first answer was not slow.
SLOW_SEARCH_AFTER: Final = timedelta(seconds=20)
#: Beyond, all slow pages are forgotten; each is found again by its next poll.
_MOST_SLOW: Final = 10_000


class PollThreads:
    """Gives polls to threads, for one event loop."""

    def __init__(self, poller: Poller, executor: Executor, slow_executor: Executor, clock: Clock) -> None:
        self._poller = poller
        self._executor = executor
        self._slow_executor = slow_executor
        self._clock = clock
        #: Pages whose last poll held a thread for long.
        self._slow: dict[str, None] = {}
        #: Pages with a poll in a thread, some of which outlive their leases.
        self._polled: set[str] = set()

    async def carry_out(self, lease: PollLease, asked: Asked | None) -> Poll | None:
        """Have a thread do the rest of a poll, which ends even if nobody waits for it any more.

        Returns None if no thread is free, or if one still has an earlier poll of the page. Raises StoreError, Conflict.
        """
        if lease.provider_id in self._polled:
            return None
        is_slow = self._is_slow(lease, asked)
        executor = self._slow_executor if is_slow else self._executor
        try:
            taken = executor.submit(self._rest, lease, asked, was_slow=is_slow)
        except RuntimeError as error:  # The system allows no further thread, or the worker ends.
            log.warning("%s is not polled this time: %s", lease.provider_id, error)
            return None
        rest = asyncio.wrap_future(taken)
        left = LONGEST_WAIT - (self._clock() - lease.begun_at)
        await asyncio.wait((rest,), timeout=max(0.0, left.total_seconds()))
        if taken.cancel():
            log.warning("%s is not polled this time: no thread was free for long", lease.provider_id)
            return None
        return await rest

    def _is_slow(self, lease: PollLease, asked: Asked | None) -> bool:
        """Return whether the poll is to be expected to hold its thread for long."""
        now = self._clock()
        if lease.provider_id not in self._slow and now - lease.begun_at <= SLOW_AFTER:
            return False
        if asked is None or not isinstance(asked.ended, FetchError):
            return True
        # Most failures end the poll without a further request.
        state = starting_state(lease)
        if state.source is None:
            return not ends_search(asked.ended)
        return may_have_moved(lease.provider, state, asked.ended, now)

    def _rest(self, lease: PollLease, asked: Asked | None, *, was_slow: bool) -> Poll | None:
        """Carry out the rest of a poll, unless it has waited for too long; in a thread."""
        began_at = self._clock()
        if began_at - lease.begun_at > LONGEST_WAIT:
            log.warning("%s is not polled this time: its lease is nearly over", lease.provider_id)
            return None
        most = SLOW_SEARCH_AFTER if lease.state.source is None and not was_slow else SLOW_AFTER
        self._polled.add(lease.provider_id)
        try:
            return self._poller.carry_out(lease, asked)
        finally:
            self._polled.discard(lease.provider_id)
            self._note(lease.provider_id, is_slow=self._clock() - began_at > most)

    def _note(self, provider_id: str, *, is_slow: bool) -> None:
        if not is_slow:
            self._slow.pop(provider_id, None)
            return
        if len(self._slow) >= _MOST_SLOW:
            self._slow.clear()
        self._slow[provider_id] = None
