"""Background work: reads the pages, follows the record, hands new events on."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeVar

import msgspec

from tracker.errors import HistoryError, StoreError
from tracker.history import FeedFilter
from tracker.model.plain import inert_json
from tracker.polling.poll_cost import Savings
from tracker.web.answers import provider_state
from tracker.web.live import BATCH
from tracker.web.parts import Parts

log = logging.getLogger("tracker")

#: How often the pages and the record are read when no signal says that something is new.
LOOK_EVERY_S: Final = 1.0
#: The same while nobody has a page open: for the history, and for the pages.
IDLE_EVERY_S: Final = 5.0
IDLE_PAGES_EVERY_S: Final = 300.0
#: After reading, the pause is this many times as long, however much there is to read.
_PAUSE_TO_WORK: Final = 5.0
#: An entry of the stream is on record within this time; until then the record is read often.
_WRITTEN_IN_S: Final = 2.5
_OFTEN_S: Final = 0.05
#: Events that come within this time are handed on together; each client adds some time, since each is written to.
GATHERED_S: Final = 0.05
_GATHERED_FOR_EACH_S: Final = 0.00025
_LONGEST_WAIT_S: Final = 2.0
_COUNT_EVERY_S: Final = 300.0
_FORGET_EVERY_S: Final = 3600.0

T = TypeVar("T")


class Arrivals(Protocol):
    """Waits for entries of the event stream."""

    async def wait(self, seconds: float) -> bool:
        """Return whether an entry has come; a hint, no more. Raises StoreError."""
        ...

    async def aclose(self) -> None:
        """Close the connection."""
        ...


class Counters(Protocol):
    """Knows how polls ended."""

    def counters(self) -> dict[str, Savings]:
        """Return the poll counters of every page, by provider id. Raises StoreError."""
        ...


class Background:
    """Runs as long as the app does."""

    def __init__(
        self, parts: Parts, arrivals: Arrivals, counters: Counters, record: Path, keep: timedelta | None
    ) -> None:
        self._parts = parts
        self._arrivals = arrivals
        self._counters = counters
        self._record = record
        self._keep = keep
        #: Threads of its own, so that requests that wait for a thread hold up nothing here.
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="background")
        self._hinted = asyncio.Event()
        self._grown = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._failures: dict[str, str] = {}

    async def start(self) -> None:
        """Read the pages and the history once, then go on in the background."""
        await self._quietly("pages", self._parts.board.refresh)
        bounds = await self._quietly("history", self._parts.history.bounds)
        self._parts.live.last_seq = bounds[1] if bounds else 0
        for work in (self._look, self._listen, self._follow, self._hand_on, self._count, self._forget):
            self._tasks.append(asyncio.create_task(work(), name=work.__name__))

    async def stop(self) -> None:
        """End all of it."""
        await self._parts.live.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._arrivals.aclose()
        # A thread that outlived this would open connections again, after they were closed.
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def _look(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            changed = await self._quietly("pages", self._parts.board.refresh) or ()
            now, pages = self._parts.clock(), self._parts.board.now.pages
            self._parts.live.publish_states(
                [inert_json(msgspec.json.encode(provider_state(pages[id_], now))) for id_ in changed if id_ in pages]
            )
            self._parts.attention.done()
            await self._parts.attention.rest(
                max(LOOK_EVERY_S, (clock() - began) * _PAUSE_TO_WORK),
                clients=self._parts.live.clients,
                idle_s=IDLE_PAGES_EVERY_S,
            )

    async def _listen(self) -> None:
        while True:
            if await self._logged("stream", self._arrivals.wait(_LONGEST_WAIT_S)):
                self._hinted.set()
                await asyncio.sleep(GATHERED_S)
            elif "stream" in self._failures:
                await asyncio.sleep(LOOK_EVERY_S)

    async def _follow(self) -> None:
        clock = asyncio.get_running_loop().time
        often_until = 0.0
        while True:
            if self._hinted.is_set():
                self._hinted.clear()
                often_until = clock() + _WRITTEN_IN_S
            new = await self._quietly("history", self._read_on)
            if new:
                self._grown.set()
            if clock() < often_until and not new:
                await asyncio.sleep(_OFTEN_S)
                continue
            await _either(self._hinted, self._pause_s())

    def _read_on(self) -> int:
        keep_since = None if self._keep is None else self._parts.clock() - self._keep
        return self._parts.history.follow(self._record, keep_since)

    async def _hand_on(self) -> None:
        """Hand on new events of the history, whichever process wrote them."""
        live, history = self._parts.live, self._parts.history
        while True:
            await _either(self._grown, self._pause_s())
            self._grown.clear()
            while items := await self._quietly("updates", lambda: history.newer(live.last_seq, FeedFilter(), BATCH)):
                await live.publish(items)
                await asyncio.sleep(GATHERED_S + live.clients * _GATHERED_FOR_EACH_S)

    def _pause_s(self) -> float:
        """Return the longest wait for a signal: one may be lost, and another process may write the history."""
        return LOOK_EVERY_S if self._parts.attention.is_given(self._parts.live.clients) else IDLE_EVERY_S

    async def _count(self) -> None:
        while True:
            counters = await self._quietly("counters", self._counters.counters)
            if counters:
                await self._quietly("counts", partial(self._parts.history.count_polls, counters, self._parts.clock()))
            await asyncio.sleep(_COUNT_EVERY_S)

    async def _forget(self) -> None:
        while self._keep is not None:
            await self._quietly("retention", partial(self._parts.history.forget, self._parts.clock() - self._keep))
            await asyncio.sleep(_FORGET_EVERY_S)

    async def _quietly(self, what: str, work: Callable[[], T]) -> T | None:
        """Run the work in a thread and return its result; None if it fails now."""
        return await self._logged(what, asyncio.get_running_loop().run_in_executor(self._threads, work))

    async def _logged(self, what: str, work: Awaitable[T]) -> T | None:
        """Return the result of the work; None if it fails now, which is logged once."""
        try:
            done = await work
        except (StoreError, HistoryError) as error:
            if self._failures.get(what) != str(error):
                log.warning("%s; the pages show older data", error)
            self._failures[what] = str(error)
            return None
        if self._failures.pop(what, None):
            log.info("%s can be read again", what)
        return done


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, at most for this many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
