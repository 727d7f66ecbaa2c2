"""The fetcher on libcurl: one conditional GET, its redirects, its outcome; or many at a time."""

import os
import socket
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from queue import SimpleQueue
from typing import Final, cast

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from tracker.errors import ConnectError, FetchError, TooManyRedirects
from tracker.fetch.budget import CURRENT, Budget
from tracker.fetch.conditional import conditions
from tracker.fetch.curl.driver import Driver
from tracker.fetch.curl.transfer import Transfer
from tracker.fetch.dial import Dialer, NewSocket, Resolve
from tracker.fetch.failures import CLIENT_ERRORS, in_words, translated
from tracker.fetch.limits import FetchLimits, most_kept
from tracker.fetch.outcome import meaning
from tracker.fetch.urls import Target, target
from tracker.ports import Fetched, FetchRequest, NotModified

#: One connection is made for a request; another one for each that its server refused to use.
_MOST_DIALS: Final = 5
#: Look-ups and connects that wait at a time in `fetch_many`. A page that is quiet needs none.
_MOST_DIALLED: Final = 16


def _utc_now() -> datetime:
    return datetime.now(UTC)


class _Ask:
    """One request that waits for its answer."""

    def __init__(self, driver: Driver, transfer: Transfer) -> None:
        self.transfer = transfer
        self._driver = driver

    def begin(self, on_end: Callable[[], None], _dials: Executor | None = None) -> None:
        """Send it; `on_end` is called from another thread."""
        self.transfer.on_end = on_end
        self._driver.submit(self.transfer)

    def run(self) -> None:
        """Send it and wait."""
        ended = threading.Lock()
        ended.acquire()
        self.begin(ended.release)
        ended.acquire()


class _Dial:
    """One connection that is to be made."""

    def __init__(self, dialer: Dialer, asked: Target, timeout_s: float, budget: Budget) -> None:
        self._dialer = dialer
        self._asked = asked
        self._timeout_s = timeout_s
        self._budget = budget
        self._made: socket.socket | FetchError | None = None

    def begin(self, on_end: Callable[[], None], dials: Executor) -> None:
        """Connect in another thread, from which `on_end` is called."""
        dials.submit(self.run).add_done_callback(lambda _: on_end())

    def run(self) -> None:
        """Connect, or note why that is not possible."""
        previous = CURRENT.set(self._budget)
        try:
            self._made = self._dialer.dial(self._asked.host, self._asked.port, self._timeout_s)
        except FetchError as error:
            self._made = error
        except CLIENT_ERRORS as error:
            self._made = translated(error, self._asked.host)
        finally:
            CURRENT.reset(previous)

    def sock(self) -> socket.socket:
        """Return the connected socket. Raises FetchError."""
        if isinstance(self._made, socket.socket):
            return self._made
        raise self._made or ConnectError("no connection was made")


#: One fetch: yields what is to be done next, returns its outcome. Raises FetchError.
_Steps = Generator[_Ask | _Dial, None, Fetched | NotModified]


class CurlFetcher:
    """A `Fetcher` on libcurl, for any number of threads.

    Two drivers: what was connected to with `allow_private` is never used for a request without it. Each has a thread,
    started with the first request, and keeps up to `connections` idle connections, those least recently used dropping
    out first (default: half as many as the process may open files, at most 2048, of some 60 KB each with TLS).
    `ca_file` replaces the certificates that browsers trust.
    """

    def __init__(
        self,
        *,
        limits: FetchLimits,
        user_agent: str,
        connections: int | None = None,
        ca_file: str | None = None,
        resolve: Resolve = socket.getaddrinfo,
        new_socket: NewSocket = socket.socket,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._limits = limits
        self._fields = [f"User-Agent: {user_agent}".encode("latin-1"), b"Accept: */*", b"Accept-Encoding: gzip"]
        self._connections = connections or most_kept()
        self._ca_file = ca_file or DEFAULT_CA_BUNDLE_PATH
        self._dialers = {
            allow: Dialer(resolve=resolve, allow_private=allow, new_socket=new_socket) for allow in (False, True)
        }
        self._monotonic = monotonic
        self._now = now
        self._lock = threading.Lock()
        self._drivers: dict[bool, Driver] = {}
        self._idle: deque[Transfer] = deque()
        # A thread does not survive a fork, and a child must not talk over its parent's connections.
        # The references are weak: what is registered stays.
        renew = weakref.WeakMethod(self._renew)
        os.register_at_fork(after_in_child=lambda: (method := renew()) and method())
        self._closing = weakref.finalize(self, _close, self._drivers)

    def close(self) -> None:
        """Close the connections that are kept, and end the threads."""
        with self._lock:
            _close(self._drivers)
            self._idle.clear()

    def _renew(self) -> None:
        self._lock = threading.Lock()
        for driver in self._drivers.values():
            driver.leave_to_parent()
        self._drivers.clear()
        self._idle = deque()

    def fetch(self, request: FetchRequest) -> Fetched | NotModified:
        """Return the answer to one conditional GET. Raises FetchError."""
        steps = self._steps(request)
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                outcome: Fetched | NotModified = end.value
                return outcome
            step.run()

    def fetch_many(
        self, requests: Sequence[FetchRequest], *, at_a_time: int = 64
    ) -> list[Fetched | NotModified | FetchError]:
        """Return the outcome of each request, in their order, each as `fetch` would have it; so many run at a time."""
        outcomes: list[Fetched | NotModified | FetchError | None] = [None] * len(requests)
        waiting = deque((place, self._steps(request)) for place, request in enumerate(requests))
        ready: SimpleQueue[tuple[int, _Steps]] = SimpleQueue()
        running = 0
        with ThreadPoolExecutor(_MOST_DIALLED, "dial") as dials:
            while waiting or running:
                if waiting and running < at_a_time:
                    place, steps = waiting.popleft()
                    running += 1
                else:
                    place, steps = ready.get()
                on_end = partial(ready.put, (place, steps))
                try:
                    step = next(steps)
                except StopIteration as end:
                    outcomes[place] = end.value
                    running -= 1
                except FetchError as error:
                    outcomes[place] = error
                    running -= 1
                else:
                    step.begin(on_end, dials)
        return cast("list[Fetched | NotModified | FetchError]", outcomes)

    def _steps(self, request: FetchRequest) -> _Steps:
        """Ask, and follow redirects; each hop is checked like the first (RFC 9110, section 15.4)."""
        budget = Budget(self._limits, self._monotonic)
        asked = target(request.url)
        url = request.url
        for hop in range(self._limits.max_redirects + 1):
            conditional = conditions(request.validators, redirected=hop > 0)
            transfer = self._take()
            try:
                yield from self._ask(transfer, asked, conditional, budget, allow_private=request.allow_private)
                outcome = meaning(
                    transfer, asked, url, request.validators, self._now(), is_conditional=bool(conditional)
                )
            finally:
                if not transfer.is_running:
                    transfer.rest()
                    self._idle.append(transfer)
            if not isinstance(outcome, Target):
                return outcome
            asked, url = outcome, outcome.url
        raise TooManyRedirects(f"redirected more than {self._limits.max_redirects} times")

    def _ask(
        self, transfer: Transfer, asked: Target, conditional: dict[str, str], budget: Budget, *, allow_private: bool
    ) -> Generator[_Ask | _Dial, None, None]:
        """Get the answer into the transfer, over a kept connection or else a new one. Raises FetchError."""
        fields = [*self._fields, *(f"{name}: {value}".encode("latin-1") for name, value in conditional.items())]
        driver = self._driver(allow_private=allow_private)
        for _ in range(_MOST_DIALS):
            transfer.prepare(asked, fields, budget.cut(self._limits.total_s))
            yield _Ask(driver, transfer)
            if not transfer.needs_connection:
                break
            dial = _Dial(self._dialers[allow_private], asked, self._limits.connect_s, budget)
            yield dial
            transfer.take(dial.sock())
        if failure := transfer.failure():
            budget.cut(0)
            raise failure

    def _driver(self, *, allow_private: bool) -> Driver:
        driver = self._drivers.get(allow_private)
        if driver is None or driver.is_over:
            with self._lock:
                driver = self._drivers.get(allow_private)
                if driver is None or driver.is_over:
                    try:
                        driver = Driver(connections=self._connections, read_s=self._limits.read_s)
                    except OSError as error:
                        raise ConnectError(f"no connection can be made: {in_words(error)}") from error
                    self._drivers[allow_private] = driver
        return driver

    def _take(self) -> Transfer:
        try:
            return self._idle.pop()
        except IndexError:
            return Transfer(self._limits, self._ca_file)


def _close(drivers: dict[bool, Driver]) -> None:
    for driver in drivers.values():
        driver.close()
    drivers.clear()
