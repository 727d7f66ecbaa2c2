"""A host that does not answer is left in peace for a while: then one request asks whether it is back.

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
from tracker.polling.ports import Fetched, Fetcher, FetchRequest, NotModified, QuickFetcher

#: What says that a host is away. Any answer, whatever its status, says that it is there.
_AWAY: Final = (NameNotResolved, ConnectError, ProxyFailed, TlsError, FetchTimeout)
#: So many requests in a row have to fail.
FAILURES: Final = 5
#: The first pause, which doubles with each probe that finds the host still away, and the longest one.
FIRST_PAUSE_S: Final = 10.0
LONGEST_PAUSE_S: Final = 60.0
#: Of so many hosts it is remembered that they fail; beyond, the one that failed longest ago is forgotten.
MOST_HOSTS: Final = 4096


class _Door(NamedTuple):
    """What answers or does not; an address may be refused to one provider and allowed to another."""

    host: str
    port: int
    allow_private: bool


@dataclass(slots=True)
class _Trouble:
    """How a host fails."""

    error: FetchError
    failures: int = 0
    #: For how long it is left in peace, and until when (monotonic); 0 while it is not.
    pause_s: float = 0.0
    until_s: float = 0.0
    is_probed: bool = False

    def left_in_peace(self, pause_s: float, now_s: float) -> None:
        """Ask it no more for so long."""
        self.pause_s = min(pause_s, LONGEST_PAUSE_S)
        self.until_s = now_s + self.pause_s


@lru_cache(maxsize=20_000)
def _door(url: str, allow_private: bool) -> _Door:
    """Return what is asked. Raises BadUrl."""
    asked = target(url)
    return _Door(asked.host, asked.port, allow_private)


class _Troubles:
    """The hosts that fail."""

    def __init__(self, now: Clock, monotonic: Callable[[], float], most_hosts: int) -> None:
        self._now = now
        self._monotonic = monotonic
        self._most_hosts = most_hosts
        self._lock = threading.Lock()
        #: Those whose last request failed, the one that failed longest ago first.
        self._by_door: OrderedDict[_Door, _Trouble] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_door)

    def is_probe(self, door: _Door) -> bool:
        """Tell whether a request asks if the host is back. Raises FetchError when it is not to be asked now."""
        if door not in self._by_door:
            return False
        with self._lock:
            trouble = self._by_door.get(door)
            if trouble is None or trouble.failures < FAILURES:
                return False
            left_s = trouble.until_s - self._monotonic()
            if left_s <= 0 and not trouble.is_probed:
                trouble.is_probed = True
                return True
            failures, error = trouble.failures, trouble.error
        again_at = self._now() + timedelta(seconds=left_s)
        until = f"not asked again before {again_at:%H:%M:%S} UTC" if left_s > 0 else "being asked by another request"
        raise type(error)(f"{error} ({failures} times in a row; {until})")

    def is_not_probed(self, door: _Door, *, is_probe: bool) -> None:
        """Note that a request said nothing of its host; if it was the probe, the next one is."""
        with self._lock:
            if is_probe and (trouble := self._by_door.get(door)) is not None:
                trouble.is_probed = False

    def failed(self, door: _Door, error: FetchError, *, is_probe: bool) -> None:
        """Note that a host was away."""
        # The error itself holds all that its request did, credentials too.
        said = type(error)(str(error))
        with self._lock:
            trouble = self._by_door.setdefault(door, _Trouble(said))
            self._by_door.move_to_end(door)
            trouble.error = said
            trouble.failures += 1
            if is_probe:
                trouble.is_probed = False
                trouble.left_in_peace(2 * trouble.pause_s, self._monotonic())
            elif trouble.failures == FAILURES:
                trouble.left_in_peace(FIRST_PAUSE_S, self._monotonic())
            if len(self._by_door) > self._most_hosts:
                self._by_door.popitem(last=False)

    def answered(self, door: _Door) -> None:
        """Note that a host is there."""
        if door not in self._by_door:
            return
        with self._lock:
            self._by_door.pop(door, None)


class _Quick:
    """A `QuickFetcher` behind a breaker. What it leaves to others says nothing of the host."""

    def __init__(self, fetcher: QuickFetcher, troubles: _Troubles) -> None:
        self._fetcher = fetcher
        self._troubles = troubles

    async def fetch(self, request: FetchRequest) -> Fetched | NotModified | None:
        """Return the answer, None where a `Fetcher` has to ask. Raises FetchError."""
        troubles = self._troubles
        door = _door(request.url, request.allow_private)
        is_probe = troubles.is_probe(door)
        try:
            outcome = await self._fetcher.fetch(request)
        except _AWAY as error:
            troubles.failed(door, error, is_probe=is_probe)
            raise
        except FetchError:
            troubles.answered(door)
            raise
        except BaseException:
            troubles.is_not_probed(door, is_probe=is_probe)
            raise
        if outcome is not None:
            troubles.answered(door)
        elif is_probe:
            # Whoever asks in its place is the probe.
            troubles.is_not_probed(door, is_probe=True)
        return outcome


class Breaker:
    """A `Fetcher` that asks a host which keeps failing only now and then. For any number of threads.

    What fails counts for the host that is asked first, also where that redirects to another.
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
        self._troubles = _Troubles(now, monotonic, most_hosts)

    def fetch(self, request: FetchRequest) -> Fetched | NotModified:
        """Return the answer. Raises FetchError, at once while the host is left in peace."""
        troubles = self._troubles
        door = _door(request.url, request.allow_private)
        is_probe = troubles.is_probe(door)
        is_away: FetchError | None = None
        try:
            return self._fetcher.fetch(request)
        except _AWAY as error:
            is_away = error
            raise
        finally:
            if is_away is not None:
                troubles.failed(door, is_away, is_probe=is_probe)
            else:
                # It answered; or this thread is to end, and then the next failures are counted anew.
                troubles.answered(door)

    def quick(self, fetcher: QuickFetcher) -> QuickFetcher:
        """Return a fetcher that leaves the same hosts in peace, for which answers and failures of both count."""
        return _Quick(fetcher, self._troubles)
