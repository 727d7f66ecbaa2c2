"""A circuit breaker: a host that does not answer gets no requests for a while, then one as a probe.

Without it every page of a dead host would cost its connect timeout, and a thread for as long, with each of its polls. A
page alone on its host never meets the breaker: after as many failures its own pauses (`scheduling`) are longer.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from tracker.errors import ConnectError, FetchError, FetchTimeout, NameNotResolved, ProxyFailed, TlsError
from tracker.fetch.urls import target
from tracker.model.clock import Clock
from tracker.polling.fetcher import Fetched, Fetcher, FetchRequest, NotModified, QuickFetcher, ReadyRequest

#: Errors that show that a host is away. Any answer, whatever its status, shows that it is there.
_AWAY: Final = (NameNotResolved, ConnectError, ProxyFailed, TlsError, FetchTimeout)
#: How many requests in a row have to fail.
FAILURES: Final = 5
#: The first pause, which doubles with each probe that finds the host still away, and the longest one.
FIRST_PAUSE_S: Final = 10.0
LONGEST_PAUSE_S: Final = 60.0
#: How many failing hosts are remembered; beyond, the one that failed longest ago is forgotten.
MOST_HOSTS: Final = 4096


class _CircuitKey(NamedTuple):
    """A host under one address policy: an address may be refused to one provider and allowed to another."""

    host: str
    port: int
    allow_private: bool


@dataclass(slots=True)
class _Circuit:
    """The failures of a host."""

    error: FetchError
    failures: int = 0
    #: The current pause in seconds, and its end (monotonic); 0 without a pause.
    pause_s: float = 0.0
    until_s: float = 0.0
    is_probed: bool = False

    def open_for(self, pause_s: float, now_s: float) -> None:
        """Begin a pause."""
        self.pause_s = min(pause_s, LONGEST_PAUSE_S)
        self.until_s = now_s + self.pause_s


def _key_of(request: FetchRequest) -> _CircuitKey:
    return _circuit_key(request.url, request.allow_private)


@lru_cache(maxsize=4096)
def _circuit_key(url: str, allow_private: bool) -> _CircuitKey:
    """Return the host of a request. Raises BadUrl."""
    asked = target(url)
    return _CircuitKey(asked.host, asked.port, allow_private)


class _Circuits:
    """The hosts that fail."""

    def __init__(self, now: Clock, monotonic: Callable[[], float], most_hosts: int) -> None:
        self._now = now
        self._monotonic = monotonic
        self._most_hosts = most_hosts
        self._lock = threading.Lock()
        #: Those whose last request failed, the one that failed longest ago first.
        self._by_key: OrderedDict[_CircuitKey, _Circuit] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_key)

    def is_probe(self, key: _CircuitKey) -> bool:
        """Return whether a request is the probe. Raises FetchError during a pause."""
        if key not in self._by_key:
            return False
        with self._lock:
            circuit = self._by_key.get(key)
            if circuit is None or circuit.failures < FAILURES:
                return False
            left_s = circuit.until_s - self._monotonic()
            if left_s <= 0 and not circuit.is_probed:
                circuit.is_probed = True
                return True
            failures, error = circuit.failures, circuit.error
        again_at = self._now() + timedelta(seconds=left_s)
        until = f"no request before {again_at:%H:%M:%S} UTC" if left_s > 0 else "another request is trying it"
        raise type(error)(f"{error} ({failures} times in a row; {until})")

    def is_not_probed(self, key: _CircuitKey, *, is_probe: bool) -> None:
        """Note that a request showed nothing about its host; if it was the probe, the next request is."""
        with self._lock:
            if is_probe and (circuit := self._by_key.get(key)) is not None:
                circuit.is_probed = False

    def failed(self, key: _CircuitKey, error: FetchError, *, is_probe: bool) -> None:
        """Note that a host was away."""
        # A copy without a traceback, which would hold the whole request with its credentials.
        said = type(error)(str(error))
        with self._lock:
            circuit = self._by_key.setdefault(key, _Circuit(said))
            self._by_key.move_to_end(key)
            circuit.error = said
            circuit.failures += 1
            if is_probe:
                circuit.is_probed = False
                circuit.open_for(2 * circuit.pause_s, self._monotonic())
            elif circuit.failures == FAILURES:
                circuit.open_for(FIRST_PAUSE_S, self._monotonic())
            if len(self._by_key) > self._most_hosts:
                self._by_key.popitem(last=False)

    def answered(self, key: _CircuitKey) -> None:
        """Note that a host is there."""
        if key not in self._by_key:
            return
        with self._lock:
            self._by_key.pop(key, None)


class _Quick:
    """A `QuickFetcher` behind a breaker. A request that it leaves to others shows nothing about the host."""

    def __init__(self, fetcher: QuickFetcher, circuits: _Circuits) -> None:
        self._fetcher = fetcher
        self._circuits = circuits

    def ready(self, request: FetchRequest) -> ReadyRequest:
        """Return a request that may be fetched any number of times."""
        return self._fetcher.ready(request)

    async def fetch(self, ready: ReadyRequest) -> Fetched | NotModified | None:
        """Return the answer, None where a `Fetcher` has to make the request. Raises FetchError."""
        circuits, request = self._circuits, ready.request
        # While no host fails, which is usual, the host of the request need not be looked up.
        is_probe = bool(circuits) and circuits.is_probe(_key_of(request))
        try:
            outcome = await self._fetcher.fetch(ready)
        except _AWAY as error:
            circuits.failed(_key_of(request), error, is_probe=is_probe)
            raise
        except FetchError:
            if circuits:
                circuits.answered(_key_of(request))
            raise
        except BaseException:
            if circuits:
                circuits.is_not_probed(_key_of(request), is_probe=is_probe)
            raise
        if not circuits:
            return outcome
        if outcome is not None:
            circuits.answered(_key_of(request))
        elif is_probe:
            # The fetcher that makes the request in its place is the probe.
            circuits.is_not_probed(_key_of(request), is_probe=True)
        return outcome


class Breaker:
    """A `Fetcher` that requests a failing host only occasionally. Safe for threads.

    A failure counts for the host that is requested first, also where that redirects to another.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        *,
        now: Clock = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        most_hosts: int = MOST_HOSTS,
    ) -> None:
        self._fetcher = fetcher
        self._circuits = _Circuits(now, monotonic, most_hosts)
        self._is_closed = False

    def close(self) -> None:
        """Refuse further requests: a thread that searches a page would hold the end of the process for minutes."""
        self._is_closed = True

    def fetch(self, request: FetchRequest) -> Fetched | NotModified:
        """Return the answer. Raises FetchError, at once during a pause, and RuntimeError once it is closed."""
        if self._is_closed:
            raise RuntimeError("the process ends")  # No failure of the page, which nothing may commit.
        circuits = self._circuits
        key = _key_of(request)
        is_probe = circuits.is_probe(key)
        is_away: FetchError | None = None
        try:
            return self._fetcher.fetch(request)
        except _AWAY as error:
            is_away = error
            raise
        finally:
            if is_away is not None:
                circuits.failed(key, is_away, is_probe=is_probe)
            else:
                # It answered; or this thread is to end, and then the next failures are counted again.
                circuits.answered(key)

    def quick(self, fetcher: QuickFetcher) -> QuickFetcher:
        """Return a fetcher that pauses for the same hosts: answers and failures of both fetchers count."""
        return _Quick(fetcher, self._circuits)
