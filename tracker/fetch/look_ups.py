"""Look names up in threads, so that slow names delay no others.

A look-up cannot be interrupted: it has its thread for as long as the resolver takes, often 20 s for a name whose
servers are silent. A look-up that takes longer than `SLOW_S` therefore moves from the few places for all names to the
many for slow ones, and the next look-up of its name begins there.
"""

import asyncio
from collections import OrderedDict, deque
from concurrent.futures import Executor
from functools import partial
from typing import Final

from tracker.errors import NameNotResolved
from tracker.fetch.budget import Budget
from tracker.fetch.dial import Destination, Dialer
from tracker.fetch.limits import FetchLimits
from tracker.fetch.reader import Unclear

#: Look-ups at a time, of all names and of slow ones, and the threads for them.
LOOK_UPS: Final = 16
SLOW_LOOK_UPS: Final = 240
LOOK_UP_THREADS: Final = LOOK_UPS + SLOW_LOOK_UPS
#: A look-up that takes longer is slow; most take some milliseconds, and a lost packet costs five seconds.
SLOW_S: Final = 0.25
#: Slow names that are remembered.
_MOST_REMEMBERED: Final = 10_000

Place = tuple[str, int]
Looking = asyncio.Future[list[Destination]]


class LookUps:
    """The look-ups of one event loop under one address policy. Each name is looked up once at a time."""

    def __init__(self, dialer: Dialer, limits: FetchLimits, executor: Executor) -> None:
        """Use the threads of the executor, which should be `LOOK_UP_THREADS`."""
        self._dialer = dialer
        self._limits = limits
        self._executor = executor
        self._all, self._slow = _Slots(LOOK_UPS), _Slots(SLOW_LOOK_UPS)
        self._looking: dict[Place, Looking] = {}
        #: Look-ups that are slow and still have a place for all names.
        self._overdue: dict[Place, None] = {}
        self._in_slow: set[Place] = set()
        self._slow_hosts: OrderedDict[str, None] = OrderedDict()

    async def begun(self, place: Place, budget: Budget) -> Looking:
        """Return the look-up of a host, which begins when there is a place for it.

        Raises Unclear when there is none for long, or no thread for it, and NameNotResolved if the name itself is a
        slow one. Otherwise the wait does not count against the page: a slow resolver delays polls, and fails none.
        """
        if (known := self._looking.get(place)) is not None:
            return known
        loop = asyncio.get_running_loop()
        since_s, is_slow = loop.time(), place[0] in self._slow_hosts
        slots = self._slow if is_slow else self._all
        try:
            await slots.taken(self._limits.total_s)
        except TimeoutError:
            if is_slow:
                raise NameNotResolved(f"{place[0]} could not be looked up in time (DNS)") from None
            raise Unclear(is_lasting=False) from None
        budget.begin_later(loop.time() - since_s)
        if (known := self._looking.get(place)) is not None:
            slots.give_back()
            return known
        try:
            looking = loop.run_in_executor(self._executor, self._dialer.look_up, *place)
        except RuntimeError:  # The system allows no further thread.
            slots.give_back()
            raise Unclear(is_lasting=False) from None
        self._looking[place] = looking
        if is_slow:
            self._in_slow.add(place)
        timer = loop.call_later(SLOW_S, self._takes_long, place)
        looking.add_done_callback(partial(self._ended, place, timer))
        return looking

    def _takes_long(self, place: Place) -> None:
        self._slow_hosts[place[0]] = None
        self._slow_hosts.move_to_end(place[0])
        if len(self._slow_hosts) > _MOST_REMEMBERED:
            self._slow_hosts.popitem(last=False)
        if place not in self._in_slow:
            self._overdue[place] = None
            self._move_overdue()

    def _move_overdue(self) -> None:
        while self._overdue and self._slow.took():
            place = next(iter(self._overdue))
            del self._overdue[place]
            self._in_slow.add(place)
            self._all.give_back()

    def _ended(self, place: Place, timer: asyncio.TimerHandle, looking: Looking) -> None:
        if asyncio.get_running_loop().time() < timer.when():
            self._slow_hosts.pop(place[0], None)
        timer.cancel()
        del self._looking[place]
        if place in self._in_slow:
            self._in_slow.discard(place)
            self._slow.give_back()
            self._move_overdue()
        else:
            self._overdue.pop(place, None)
            self._all.give_back()
        if not looking.cancelled():
            looking.exception()  # all callers may be gone


class _Slots:
    """A number of places, given to those who wait in their order."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[asyncio.Future[None]] = deque()

    def took(self) -> bool:
        """Take a place if there is one now."""
        if self._free == 0:
            return False
        self._free -= 1
        return True

    async def taken(self, seconds: float) -> None:
        """Take a place when there is one. Raises TimeoutError."""
        if self.took():
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                self.give_back()  # the place came in the same moment
            raise

    def give_back(self) -> None:
        """Give a place to the one that waits longest."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._free += 1
