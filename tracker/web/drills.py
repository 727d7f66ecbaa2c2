"""Drills that the page and the interface begin: one at a time, each in a thread, written down as it goes."""

import logging
import threading
from collections.abc import Callable
from typing import Final, Protocol
from uuid import uuid4

import msgspec

from tracker.errors import ConfigError, DrillFailed, TrackerError
from tracker.model.clock import Clock
from tracker.model.drill import DrillRun

log = logging.getLogger("tracker")

#: How long the server waits at its end for a drill to close the alerts that it opened.
_END_S: Final = 5.0
_INTERRUPTED_S: Final = 600.0

#: Makes a drill of a provider's page to one channel, or to those that routes name; calls back after each successful
#: step, and ends early once the event is set. Raises DrillFailed, ConfigError, StoreError.
RunDrill = Callable[[str, str | None, Callable[[str], object], threading.Event], None]


class DrillStore(Protocol):
    """The store of drills. Every method raises StoreError."""

    def put(self, run: DrillRun) -> None:
        """Save a drill, or its result."""
        ...

    def all(self) -> tuple[DrillRun, ...]:
        """Return the drills that are kept, the newest first."""
        ...


class Drills:
    """Begins drills."""

    def __init__(self, runs: DrillStore, run: RunDrill, clock: Clock) -> None:
        self._runs = runs
        self._run_drill = run
        self._clock = clock
        self._taken = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, provider: str, channel: str | None, who: str) -> DrillRun:
        """Begin a drill. Raises ConfigError while another one runs."""
        if not self._taken.acquire(blocking=False):
            raise ConfigError("a drill is running; wait for its end, a minute at most")
        run = DrillRun(id=uuid4().hex[:12], provider=provider, channel=channel, began_at=self._clock(), began_by=who)
        try:
            self._runs.put(run)
            self._thread = threading.Thread(target=self._work, args=(run,), name="drill")
            self._thread.start()
        except BaseException:
            self._taken.release()
            raise
        return run

    def all(self) -> tuple[DrillRun, ...]:
        """Return the drills that are kept, the newest first; one whose server died has failed."""
        return tuple(self._checked(run) for run in self._runs.all())

    async def start(self) -> None:
        """Do nothing: drills are begun by people."""

    async def stop(self) -> None:
        """End the running drill, which closes the alerts that it opened."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_END_S)

    def _work(self, run: DrillRun) -> None:
        steps: list[str] = []

        def tell(step: str) -> None:
            steps.append(step)
            self._runs.put(msgspec.structs.replace(run, steps=tuple(steps)))

        failure: str | None = "an unexpected error; the log has the details"
        try:
            self._run_drill(run.provider, run.channel, tell, self._stop)
            failure = None
        except DrillFailed as error:
            failure = str(error)
        except TrackerError as error:
            failure = f"begin: {error}"
        finally:
            self._end(run, tuple(steps), failure)
            self._taken.release()

    def _end(self, run: DrillRun, steps: tuple[str, ...], failure: str | None) -> None:
        try:
            self._runs.put(msgspec.structs.replace(run, steps=steps, failure=failure, ended_at=self._clock()))
        except TrackerError as error:
            log.warning("the result of the drill %s was not saved: %s", run.id, error)

    def _checked(self, run: DrillRun) -> DrillRun:
        now = self._clock()
        if run.ended_at is not None or (now - run.began_at).total_seconds() < _INTERRUPTED_S:
            return run
        return msgspec.structs.replace(run, ended_at=now, failure="its server, which ended before the drill did")
