"""Processes that take turns at each call to the data server, with faults at these calls. One seed decides all."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from unittest.mock import patch

import fakeredis
import greenlet
import redis

from tests.fakes import NOON

_Answer = TypeVar("_Answer")

#: How often a call to the data server fails, in calls of a thousand: the connection breaks before the call or after it,
#: the process is killed before or after, or the call runs twice, as a client repeats what it got no answer to.
FATES: Final = {"breaks": 8, "breaks after": 12, "killed": 5, "killed after": 6, "twice": 10}


class Killed(BaseException):
    """Raised in a process that is killed; nothing of ours catches it."""


class Clock:
    """The one clock of all processes and of the data server."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        """Return the time as `time.time` does."""
        return self.now.timestamp()


@dataclass
class Process:
    """A process that is started again when it dies. `main` is its whole life."""

    name: str
    main: Callable[["Process"], object]
    wakes_at: datetime = NOON
    life: greenlet.greenlet | None = None
    kills: int = 0


@dataclass
class Scheduler:
    """Lets one process go on at a time, up to its next call or its sleep."""

    seed: int
    clock: Clock = field(default_factory=Clock)
    processes: list[Process] = field(default_factory=list)
    #: What happened, for whoever looks at a seed that fails.
    trace: list[str] = field(default_factory=list)
    has_faults: bool = True
    calls: int = 0
    #: By process.
    faults: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._server = fakeredis.FakeServer()
        self._current: Process | None = None
        self._scheduler = greenlet.getcurrent()

    def client(self) -> "SimulatedRedis":
        """Return a client whose calls are points at which others may go on, and at which things fail."""
        return SimulatedRedis(scheduler=self, server=self._server)

    def bare_client(self) -> "redis.Redis":
        """Return a client whose calls just run: for whoever looks at the end."""
        return fakeredis.FakeRedis(server=self._server)

    def add(self, name: str, main: Callable[[Process], object]) -> None:
        """Have one more process."""
        self.processes.append(Process(name, main))

    def sleep(self, seconds: float) -> None:
        """Let the current process wait, and others go on."""
        process = self._current
        assert process is not None
        process.wakes_at = self.clock.now + timedelta(seconds=seconds)
        self._scheduler.switch()

    def chance(self, of_a_thousand: int) -> bool:
        """Tell whether something happens that happens that often."""
        return self.has_faults and self.random.randrange(1000) < of_a_thousand

    def call(self, name: str, run: Callable[[], _Answer]) -> _Answer:
        """Make a call to the data server, at which others may come first and which may fail."""
        process = self._current
        if process is None:
            return run()
        self.calls += 1
        self._scheduler.switch()
        fate = self._fate()
        if fate:
            self.faults[process.name] += 1
            self.trace.append(f"{self.clock.now:%H:%M:%S.%f} {process.name}: {name} {fate}")
        if fate == "breaks":
            raise redis.ConnectionError("broken before")
        if fate == "killed":
            raise Killed
        answer = run()
        if fate == "twice":
            answer = run()
        if fate == "breaks after":
            raise redis.ConnectionError("broken after")
        if fate == "killed after":
            raise Killed
        return answer

    def run(self, steps: int, until: Callable[[], bool] = lambda: False) -> bool:
        """Let processes take so many steps, or until something is so; tell whether it is."""
        with self._virtual_time():
            for _ in range(steps):
                if until():
                    return True
                self._step()
        return until()

    def _step(self) -> None:
        ready = [process for process in self.processes if process.wakes_at <= self.clock.now]
        if not ready:
            self.clock.now = min(process.wakes_at for process in self.processes)
            return
        # Work takes time, now and then a lot: long enough for leases to end.
        self.clock.now += timedelta(milliseconds=self.random.choice((1, 1, 5, 20)))
        if self.chance(4):
            self.clock.now += timedelta(seconds=self.random.choice((5, 21, 31, 65)))
            self.faults["a stall"] += 1
        process = self.random.choice(ready)
        if process.life is None or process.life.dead:
            process.life = greenlet.greenlet(lambda: self._live(process), parent=self._scheduler)
        self._current = process
        process.life.switch()
        self._current = None

    def _live(self, process: Process) -> None:
        try:
            process.main(process)
        except Killed:
            process.kills += 1
            process.wakes_at = self.clock.now + timedelta(seconds=self.random.choice((0, 1, 5)))

    def _fate(self) -> str:
        if not self.has_faults:
            return ""
        drawn = self.random.randrange(1000)
        for fate, often in FATES.items():
            if drawn < often:
                return fate
            drawn -= often
        return ""

    @contextmanager
    def _virtual_time(self) -> Iterator[None]:
        # The data server has the same clock: keys expire and stream ids grow by it.
        with patch("time.time", self.clock.seconds):
            yield


class SimulatedRedis(fakeredis.FakeRedis):
    """A client of one process of the simulation."""

    def __init__(self, *, scheduler: Scheduler, server: fakeredis.FakeServer) -> None:
        super().__init__(server=server)
        self._simulation = scheduler

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command when it is its turn."""
        return self._simulation.call(
            str(args[0]), lambda: super(SimulatedRedis, self).execute_command(*args, **options)
        )

    def pipeline(self, *args: Any, **options: Any) -> Any:
        """Return a pipeline that runs as one call."""
        pipe = super().pipeline(*args, **options)
        execute = pipe.execute

        def executed(*more: Any, **others: Any) -> Any:
            commands = list(pipe.command_stack)

            def again() -> Any:
                pipe.command_stack = list(commands)
                return execute(*more, **others)

            return self._simulation.call("pipeline", again)

        pipe.execute = executed
        return pipe
