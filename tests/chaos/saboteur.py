"""Who injects the faults of a chaos run."""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import redis

from tests.chaos.beside import NAME
from tests.chaos.fleet import Fleet
from tests.chaos.proxy import Fault
from tracker.delivery.event_stream import RECORD
from tracker.simulator.misbehaviour import Hang, Misbehaviour, Slow, Trickle
from tracker.simulator.server import SimulatedVendor
from tracker.store.connection import CURSORS, connect

#: How long all that was published may take to be on record.
SETTLE_S = 90.0
#: How long the data server is away by a second, and by 200 ms.
_FAR_S, _AFAR_S = 8.0, 15.0
#: How long half of the pages hang: longer than a request may take.
_HANGING_S = 12.0
_STOPPED_S = 55.0

Kind = tuple[str, Callable[[], object], int]


class Saboteur:
    """Injects faults by kind, each in its turn, in an order that the seed decides."""

    def __init__(
        self,
        fleet: Fleet,
        chance: random.Random,
        is_settled: Callable[[], bool],
        hanging: SimulatedVendor,
        hanging_pages: Sequence[str],
    ) -> None:
        self._fleet = fleet
        self._is_settled = is_settled
        self._chance = chance
        self._hanging, self._hanging_pages = hanging, hanging_pages
        self.counts: Counter[str] = Counter()
        self._later: list[tuple[float, Callable[[], object]]] = []
        self._bag = [(name, inject) for name, inject, weight in self._kinds() for _ in range(weight)]
        self._order = self._shuffled()

    def strike(self) -> None:
        """Inject the next fault."""
        name, inject = next(self._order)
        inject()
        self.counts[name] += 1

    def look(self, now: float) -> None:
        """End faults whose time is over."""
        for due, end in list(self._later):
            if now >= due:
                self._later.remove((due, end))
                end()
        self._fleet.beside.look()

    def rest(self) -> None:
        """End all faults."""
        self.look(float("inf"))
        self._fleet.beside.settle()

    def _kinds(self) -> Sequence[Kind]:
        fleet = self._fleet
        return (
            ("worker killed", lambda: self._chance.choice(fleet.workers).signal(signal.SIGKILL), 4),
            ("printer killed", lambda: fleet.printer.signal(signal.SIGKILL), 2),
            ("deliverer killed", lambda: fleet.deliverer.signal(signal.SIGKILL), 1),
            ("beat killed", lambda: self._chance.choice(fleet.beats).signal(signal.SIGKILL), 2),
            ("data server killed", lambda: fleet.server.signal(signal.SIGKILL), 1),
            ("second tracker killed", fleet.beside.kill, 1),
            ("worker stopped past the visibility timeout", self._stop_worker, 1),
            ("replies dropped", lambda: fleet.proxy.inject(Fault.DROP_REPLIES, 1.0), 2),
            ("connections stalled", lambda: fleet.proxy.inject(Fault.STALL, 2.0), 2),
            ("connections reset", lambda: fleet.proxy.inject(Fault.RESET, 0.0), 3),
            ("data server 200 ms away", lambda: self._far(0.2, _AFAR_S), 1),
            ("data server 1 s away", lambda: self._far(1.0, _FAR_S), 1),
            ("data server emptied", self._empty_server, 1),
            ("half of the pages never answer", lambda: self._hang(Hang()), 1),
            ("half of the pages drip", lambda: self._hang(Trickle(0.5)), 1),
            ("half of the pages answer after 9 s", lambda: self._hang(Slow(9.0)), 1),
            ("tracker without a namespace started", fleet.beside.intrude, 1),
        )

    def _shuffled(self) -> Iterator[tuple[str, Callable[[], object]]]:
        while True:
            bag = list(self._bag)
            self._chance.shuffle(bag)
            yield from bag

    def _until(self, seconds: float, end: Callable[[], object]) -> None:
        self._later.append((time.monotonic() + seconds, end))

    def _far(self, delay_s: float, seconds: float) -> None:
        self._fleet.proxy.hold_back(delay_s)
        self._until(seconds, lambda: self._fleet.proxy.hold_back(0.0))

    def _hang(self, misbehaviour: Misbehaviour) -> None:
        for page_id in self._hanging_pages:
            self._hanging.behave(page_id)
            self._hanging.misbehave(page_id, misbehaviour, times=None)
        self._until(_HANGING_S, self._behave)

    def _behave(self) -> None:
        for page_id in self._hanging_pages:
            self._hanging.behave(page_id)

    def _empty_server(self) -> None:
        """Take everything at a moment when all is on record: what no poll has seen yet, nobody can put back.

        The next fault comes once both printers have seen the loss: a tracker that starts on an empty server reads its
        pages as new ones.
        """
        self._wait(self._is_settled)
        with contextlib.closing(connect(self._fleet.server_url)) as client:
            keys = list(client.scan_iter(count=1000))
            client.delete(*keys)
            self._wait(lambda: _is_noticed(client))

    def _wait(self, is_so: Callable[[], bool]) -> None:
        until = time.monotonic() + SETTLE_S
        while time.monotonic() < until and not is_so():
            self.look(time.monotonic())
            self._fleet.restart_if_due()
            time.sleep(0.1)

    def _stop_worker(self) -> None:
        worker = self._chance.choice(self._fleet.workers)
        if (pid := worker.pid) is not None:
            worker.signal(signal.SIGSTOP)
            self._until(_STOPPED_S, lambda: _continue(pid))


def _is_noticed(client: "redis.Redis") -> bool:
    try:
        return all(client.hexists(key, RECORD) for key in (CURSORS, f"{NAME}:{CURSORS}"))
    except redis.RedisError:
        return False


def _continue(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
