"""Poll on an event loop: many pages at a time, each a coroutine that waits.

    begin | request the primary | known? failed? | commit       all on the loop, in groups
                                | else: the rest of the poll    by a `Poller`, in a thread

Nearly all polls bring nothing new, and a poll that waits costs nothing here. `poller` does the rest (parsing, searches,
further requests), with the lease and the answer at hand. It also decides what a poll means; for the plainest
polls a copy of that decision is kept (`Plain`).
"""

from collections.abc import Mapping
from concurrent.futures import Executor
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from tracker.environment.credentials import NO_VARIABLES
from tracker.errors import CredentialsMissing, FetchError
from tracker.model.clock import Clock
from tracker.polling.commits import failure, quiet
from tracker.polling.fetcher import Asked, Fetched, FetchRequest, NotModified, QuickFetcher, ReadyRequest
from tracker.polling.known import starting_state
from tracker.polling.lesser import look_again_at, should_look_again
from tracker.polling.page_request import page_request, request_of
from tracker.polling.page_store import Commit, GroupedPages, HostBusy, PollLease
from tracker.polling.poll_cost import FAILED, PollCost, ResponseClass
from tracker.polling.poll_threads import PollThreads
from tracker.polling.poller import Outcome, Poll, Poller, may_have_moved, postponed
from tracker.polling.reading import is_known, read
from tracker.scheduling.cadence import plain_until

#: Larger bodies are compared with the known answer in a thread: the digest of one takes a millisecond and more.
LARGEST_COMPARED_BYTES: Final = 512 * 1024
#: Bytes of decoded bodies that wait for a thread, all together; beyond that, the thread requests a body again.
MOST_WAITING_BYTES: Final = 32 * 1024 * 1024

#: The end of a request.
Ended = Fetched | NotModified | FetchError

_NOT_MODIFIED: Final = PollCost(ending=ResponseClass.NOT_MODIFIED)
_NOTHING_NEW: Final = Poll(outcome=Outcome.QUIET, response_class=ResponseClass.NOT_MODIFIED)


class Plain(msgspec.Struct, frozen=True):
    """The parts of a poll that follow from provider and state alone."""

    interval_s: float
    #: The first request of its poll; None if credentials are missing for it, or if a token has to be fetched first.
    request: FetchRequest | None
    #: Until when a 304 that repeats the validators changes nothing at all; None where it may.
    plain_until: datetime | None


def plain_of(lease: PollLease, environ: Mapping[str, str], now: datetime) -> Plain:
    """Return the parts of a leased page's poll that need no request."""
    provider, state = lease.provider, starting_state(lease)
    try:
        if state.source is None:
            request = page_request(provider, provider.url, environ)
        else:
            request = request_of(provider, state, state.source.primary, environ)
    except CredentialsMissing:
        return Plain(provider.interval_s, None, None)
    if request.client is not None:
        return Plain(provider.interval_s, None, None)  # Its token is fetched by a thread.
    if state.source is None:
        return Plain(provider.interval_s, request, None)
    readability, gaps = state.readability, state.gaps
    owes = readability.failures or readability.unreadable_since or gaps.stale_since or gaps.lagging_since
    until = None if owes or state is not lease.state else plain_until(provider, state, now)
    look_again = look_again_at(provider, state)
    if until is not None and look_again is not None:
        until = min(until, look_again)
    return Plain(provider.interval_s, request, until)


def plain_commit(lease: PollLease, plain: Plain, ended: Ended | None, now: datetime) -> Commit | None:
    """Return the commit of the plainest poll, which records only that the poll took place; None for any other poll.

    It is what `poller.quiet` returns after a 304 with the validators that were sent, of a page that owes nothing.
    """
    if (
        type(ended) is not NotModified
        or plain.plain_until is None
        or plain.request is None
        or not lease.begun_at <= now < plain.plain_until
        or ended.validators != plain.request.validators
        or (ended.fresh_for_s is not None and ended.fresh_for_s > plain.interval_s)
    ):
        return None
    return Commit(checked_at=now, read_at=lease.begun_at, cost=_NOT_MODIFIED)


class _Derived(NamedTuple):
    """The parts of a poll that stay until provider or state changes, kept with the page."""

    plain: Plain
    #: `plain.request`, prepared.
    ready: ReadyRequest | None


class QuickPoller:
    """Polls pages on one event loop. Built and used in that loop; threads of the executors carry out the other polls.

    Pages that answer slowly have an executor of their own (`PollThreads`).
    """

    def __init__(
        self,
        store: GroupedPages,
        fetcher: QuickFetcher,
        poller: Poller,
        executor: Executor,
        slow_executor: Executor,
        clock: Clock,
        environ: Mapping[str, str] = NO_VARIABLES,
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._threads = PollThreads(poller, executor, slow_executor, clock)
        self._clock = clock
        self._environ = environ
        self._waiting_bytes = 0

    async def poll(self, provider_id: str) -> Poll | None:
        """Poll a page once; None when it cannot be leased now. Raises StoreError, Conflict."""
        lease = await self._store.begin(provider_id, self._clock())
        if lease is None:
            return None
        if isinstance(lease, HostBusy):
            return postponed(provider_id, lease)
        plain, ready = self._derived(lease)
        ended: Ended | None = None
        if ready is not None:
            try:
                ended = await self._fetcher.fetch(ready)
            except FetchError as error:
                ended = error
        now = self._clock()
        commit = plain_commit(lease, plain, ended, now)
        if commit is not None:
            await self._store.commit(lease, commit)
            return _NOTHING_NEW
        quick = None if ended is None else self._decided(lease, ended, now)
        if quick is None:
            asked = self._asked(plain.request, ended)
            del ended  # so that memory holds no body that is requested again
            return await self._carry_out(lease, asked)
        poll, commit = quick
        return msgspec.structs.replace(poll, events=await self._store.commit(lease, commit))

    def _derived(self, lease: PollLease) -> _Derived:
        page = lease.page
        if isinstance(page.derived, _Derived):
            return page.derived
        plain = plain_of(lease, self._environ, lease.begun_at)
        derived = _Derived(plain, None if plain.request is None else self._fetcher.ready(plain.request))
        # Credentials are looked up for each request: a change of their file needs no restart.
        if not lease.provider.headers_env:
            page.derived = derived
        return derived

    def _decided(self, lease: PollLease, ended: Ended, now: datetime) -> tuple[Poll, Commit] | None:
        """Return the poll and its commit if it needs no parsing and no further request, else None."""
        state = starting_state(lease)
        if state.source is None or should_look_again(lease.provider, state, now):
            return None
        if isinstance(ended, FetchError):
            if may_have_moved(lease.provider, state, ended, now):
                return None
            commit = failure(lease.provider, state, ended, now)
            return Poll(outcome=Outcome.FAILED, failure=ended), _counted(commit, FAILED)
        is_large = isinstance(ended, Fetched) and len(ended.body) > LARGEST_COMPARED_BYTES
        if is_large or not is_known(state, state.source, ended):
            return None
        observed = read(state, state.source, ended, now)
        commit = _counted(quiet(lease, observed, now), observed.response_class, ended)
        return Poll(outcome=Outcome.QUIET, response_class=observed.response_class), commit

    async def _carry_out(self, lease: PollLease, asked: Asked | None) -> Poll | None:
        """Have a thread do the rest of a poll, whose answer counts among the bodies that wait."""
        size = 0 if asked is None else _size(asked.ended)
        self._waiting_bytes += size
        try:
            return await self._threads.carry_out(lease, asked)
        finally:
            self._waiting_bytes -= size

    def _asked(self, request: FetchRequest | None, ended: Ended | None) -> Asked | None:
        """Return the answer for a thread; None if it has to request it again, since too many bodies wait already."""
        if request is None or ended is None or self._waiting_bytes + _size(ended) > MOST_WAITING_BYTES:
            return None
        return Asked(request.url, ended)


def _size(ended: Ended) -> int:
    return len(ended.body) if isinstance(ended, Fetched) else 0


def _counted(commit: Commit, ending: str, answer: Ended | None = None) -> Commit:
    """Return the commit with the bytes that the poll received."""
    if not isinstance(answer, Fetched):
        return msgspec.structs.replace(commit, cost=PollCost(ending=ending))
    size = answer.received_bytes
    return msgspec.structs.replace(commit, cost=PollCost(ending=ending, received_bytes=size, answer_bytes=size))
