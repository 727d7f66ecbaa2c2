"""Processes that take turns at each call to the outside, with faults at these calls. One seed decides all."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeVar
from unittest.mock import patch

import greenlet
import redis

from tests.fakes import NOON
from tests.simulation.server import begun

_Answer = TypeVar("_Answer")

#: How often a call to the data server fails, in calls of a thousand: the connection breaks before the call or after it,
#: the process is killed before or after, or the call runs twice, as a client repeats what it got no answer to.
FATES: Final = {"breaks": 8, "breaks after": 12, "killed": 5, "killed after": 6, "twice": 10}
#: How often everything takes very long, in steps of a thousand, and how often one process is stopped after a call.
STALLS: Final = 4
STOPS: Final = 6
#: How long that takes, in seconds: mostly long enough for leases to end.
_STALLS_S: Final = (5, 21, 31, 65, 300)
#: What breaks how often, as factors. Each seed has one of these: most faults show only where much of one kind breaks.
MOODS: Final = (
    {"call": 1, "stall": 1, "channel": 1},
    {"call": 3, "stall": 0, "channel": 1},
    {"call": 0, "stall": 8, "channel": 2},
    {"call": 1, "stall": 1, "channel": 5},
)
#: Of ten hints that something is new, so many are lost; the process then looks by itself, later.
_LOST_HINTS: Final = 2
#: How long nobody looks by himself once nothing breaks any more.
_QUIET_S: Final = 300.0


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


@dataclass(eq=False)
class Process:
    """A process that is started again when it dies. `main` is its whole life."""

    name: str
    main: Callable[["Process"], object]
    wakes_at: datetime = NOON
    life: greenlet.greenlet | None = None
    #: Whether it waits for something new, and not for an answer.
    is_idle: bool = False
    #: Whether it makes no call any more, not even to clean up.
    is_killed: bool = False


class Step(NamedTuple):
    """One line of the trace."""

    at: datetime
    process: str
    did: str
    #: What broke, '' for nothing.
    fate: str = ""

    def __str__(self) -> str:
        return f"{self.at:%d %H:%M:%S.%f} {self.process}: {self.did} {self.fate}".rstrip()


@dataclass
class Scheduler:
    """Lets one process go on at a time, up to its next call or its sleep."""

    seed: int
    clock: Clock = field(default_factory=Clock)
    processes: list[Process] = field(default_factory=list)
    #: What happened, for whoever looks at a seed that fails.
    trace: list[Step] = field(default_factory=list)
    has_faults: bool = True
    calls: int = 0
    #: By process.
    faults: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._mood = self.random.choice(MOODS)
        self._current: Process | None = None
        self._scheduler = greenlet.getcurrent()
        #: Its calls are points at which others may go on, and at which things fail.
        self.client = begun(self.call)

    @property
    def current(self) -> Process:
        """Return the process that goes on now."""
        assert self._current is not None
        return self._current

    def add(self, name: str, main: Callable[[Process], object]) -> None:
        """Have one more process."""
        self.processes.append(Process(name, main))

    def stop(self, *names: str) -> None:
        """Have these processes no more."""
        for process in self.processes:
            if process.name in names and process.life is not None and not process.life.dead:
                process.is_killed = True
                self._current = process
                process.life.throw(Killed)
        self._current = None
        self.processes = [process for process in self.processes if process.name not in names]

    def sleep(self, seconds: float) -> None:
        """Let the current process wait, and others go on."""
        process = self.current
        process.wakes_at = self.clock.now + timedelta(seconds=seconds)
        self._scheduler.switch()
        if process.is_killed:
            raise Killed

    def idle(self, seconds: float) -> None:
        """Let the current process wait until there is something new for it, or so long."""
        self.current.is_idle = True
        # Without faults no hint is lost.
        self.sleep(seconds if self.has_faults else max(seconds, _QUIET_S))

    def hint(self, name: str) -> None:
        """Wake the processes whose names begin so; a hint may be lost."""
        if self.has_faults and self.random.randrange(10) < _LOST_HINTS:
            return
        for process in self.processes:
            if process.is_idle and process.name.startswith(name):
                process.wakes_at = min(process.wakes_at, self.clock.now)

    def chance(self, of_a_thousand: int) -> bool:
        """Return whether something happens that happens that often, and never once there are no faults."""
        return self.has_faults and self.random.randrange(1000) < of_a_thousand

    def fate(self, did: str, kind: str = "call", fates: Mapping[str, int] = FATES) -> str:
        """Note what the current process does, and return what breaks with it."""
        fate = self._drawn(fates, self._mood[kind]) if self.has_faults else ""
        if fate:
            self.faults[self.current.name] += 1
        self.trace.append(Step(self.clock.now, self.current.name, did, fate))
        return fate

    def kill(self) -> None:
        """Have the current process die here."""
        self.current.is_killed = True
        raise Killed

    def call(self, name: str, run: Callable[[], _Answer]) -> _Answer:
        """Make a call to the data server, at which others may come first and which may fail."""
        process = self._current
        if process is None:
            return run()
        if process.is_killed:
            raise Killed
        self.calls += 1
        self._scheduler.switch()
        if process.is_killed:
            raise Killed
        fate = self.fate(name)
        if fate == "breaks":
            raise redis.ConnectionError("broken before")
        if fate == "killed":
            self.kill()
        answer = run()
        if fate == "twice":
            answer = run()
        if fate == "breaks after":
            raise redis.ConnectionError("broken after")
        if fate == "killed after":
            self.kill()
        if self.chance(STOPS * self._mood["stall"]):
            self.faults[process.name] += 1
            self.trace.append(Step(self.clock.now, process.name, name, "stopped"))
            self.sleep(self.random.choice(_STALLS_S))
        return answer

    def run(self, steps: int, until: Callable[[], bool] = lambda: False) -> bool:
        """Let processes take so many steps, or until something is so; return whether it is."""
        with self.virtual_time():
            for _ in range(steps):
                if until():
                    return True
                self._step()
        return until()

    def _step(self) -> None:
        now = self.clock.now
        ready = [process for process in self.processes if process.wakes_at <= now]
        if not ready:
            self.clock.now = min(process.wakes_at for process in self.processes)
            return
        # Work takes time, now and then a lot.
        self.clock.now += timedelta(milliseconds=self.random.choice((1, 1, 5, 20)))
        if self.chance(STALLS * self._mood["stall"]):
            self.clock.now += timedelta(seconds=self.random.choice(_STALLS_S))
            self.faults["a stall"] += 1
        process = self.random.choice(ready)
        if process.life is None or process.life.dead:
            process.life = greenlet.greenlet(self._live, parent=self._scheduler)
        process.is_idle = False
        self._current = process
        process.life.switch(process)
        self._current = None

    def _live(self, process: Process) -> None:
        process.is_killed = False
        try:
            process.main(process)
        except Killed:
            process.wakes_at = self.clock.now + timedelta(seconds=self.random.choice((0, 1, 5)))

    def _drawn(self, fates: Mapping[str, int], factor: int) -> str:
        drawn = self.random.randrange(1000)
        for fate, often in fates.items():
            if drawn < often * factor:
                return fate
            drawn -= often * factor
        return ""

    @contextmanager
    def virtual_time(self) -> Iterator[None]:
        """Have the data server go by the clock of the processes: keys expire and stream ids grow by it."""
        with patch("time.time", self.clock.seconds):
            yield
