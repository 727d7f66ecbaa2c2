"""Looks after alerts, the record and the worker itself by the worker's own clock.

Beat cannot report its own end, and no wake-up comes while Celery's connection hangs. A check costs a tenth of a wake-up
message. A connection that breaks while it is made can leave Celery alive and deaf for good; such a worker ends.
"""

import logging
import os
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final

from celery.concurrency.prefork import TaskPool
from celery.platforms import EX_FAILURE
from celery.signals import worker_ready, worker_shutdown
from celery.worker import state

from tracker.errors import ConfigError, StoreError
from workers import runtime, tasks
from workers.transport import LastAnswer

log = logging.getLogger(__name__)

#: How often a deliverer looks after alerts, in seconds.
EVERY_S: Final = 5.0
#: How often a printer checks for updates and for due deliveries without a wake-up, in seconds.
PRINTS_EVERY_S: Final = 2.0
#: How often a worker checks whether messages can still reach it. It waits for them a second at a time, so an answer
#: comes between two checks, with or without messages.
HEARS_EVERY_S: Final = 5.0
#: After this many checks without an answer the worker ends, if the data server answers everything else: Celery takes
#: less time to reconnect, even at its longest pause (32 s) or over silent connections (15 s each).
MOST_SILENT_LOOKS: Final = 18
#: How far the clock may be off that of the data server: intervals, after which messages expire, are longer.
MOST_AHEAD_S: Final = 10.0
#: How long Celery may take to end the worker properly.
ENDS_WITHIN_S: Final = 20.0
_stopping: Final = threading.Event()


@worker_ready.connect  # type: ignore[untyped-decorator]
def begin(sender: Any = None, **_: Any) -> None:
    """Start the threads of the watch, except in a worker that forks: no thread outlives a fork."""
    if isinstance(sender.pool, TaskPool):
        return
    _stopping.clear()
    hearing = Hearing(sender.pool, lambda: runtime.runtime().ping())
    clock = ClockWatch(lambda: runtime.runtime().ahead())
    looks: dict[str, Callable[[], None]] = {"hearing": partial(_listen, hearing, clock)}
    queues = sender.app.amqp.queues.consume_from
    if "deliver" in queues:
        looks["deliver"] = _look_after_alerts
    if "print" in queues:
        looks["print"] = _print
    for name, look in looks.items():
        threading.Thread(target=look, name=f"watch {name}", daemon=True).start()


@worker_shutdown.connect  # type: ignore[untyped-decorator]
def stop(**_: Any) -> None:
    """Stop the watch."""
    _stopping.set()


class Hearing:
    """Whether messages can reach the worker: it has a free slot, the data server answers, and so does its queue."""

    def __init__(self, pool: Any, ping: Callable[[], None]) -> None:
        """Watch the worker of this pool; `ping` raises StoreError where the data server does not answer."""
        self._pool = pool
        self._ping = ping
        self._answered_at_s = 0.0
        self._silent_looks = 0

    def is_lost(self) -> bool:
        """Check, and return whether the worker has heard nothing for too long."""
        before, self._answered_at_s = self._answered_at_s, LastAnswer.at_s
        if before == LastAnswer.at_s and self._wants_more and self._is_answered:
            self._silent_looks += 1
        else:
            self._silent_looks = 0
        return self._silent_looks >= MOST_SILENT_LOOKS

    @property
    def _wants_more(self) -> bool:
        # A status of zero is one, too.
        is_staying = all(flag is None or flag is False for flag in (state.should_stop, state.should_terminate))
        return is_staying and len(state.reserved_requests) < self._pool.num_processes

    @property
    def _is_answered(self) -> bool:
        try:
            self._ping()
        except StoreError:
            return False
        return True


class ClockWatch:
    """Logs that the clock of this machine is wrong, and that it is right again."""

    def __init__(self, ahead: Callable[[], timedelta]) -> None:
        """Watch by `ahead`, which returns how far the clock is ahead of the data server's, or raises StoreError."""
        self._ahead = ahead
        self._is_off = False

    def look(self) -> None:
        """Compare the clocks; nothing is known while the data server does not answer."""
        try:
            ahead_s = self._ahead().total_seconds()
        except StoreError:
            return
        is_off = abs(ahead_s) > MOST_AHEAD_S
        if is_off and not self._is_off:
            where = "ahead of" if ahead_s > 0 else "behind"
            log.error(
                "the clock of this machine is %.0f s %s the data server's: pages are polled late or never; "
                "synchronise both (NTP)",
                abs(ahead_s),
                where,
            )
        elif self._is_off and not is_off:
            log.error("the clock of this machine agrees with the data server's again")
        self._is_off = is_off


def _listen(hearing: Hearing, clock: ClockWatch) -> None:
    def look() -> None:
        clock.look()
        if hearing.is_lost():
            end()

    _every(HEARS_EVERY_S, look, "it is unknown whether messages reach this worker")


def end() -> None:
    """End this worker, by force where Celery cannot; its supervisor starts another."""
    silent_s = MOST_SILENT_LOOKS * HEARS_EVERY_S
    log.critical(
        "no message could reach this worker for %.0f s, though the data server answers; the worker ends", silent_s
    )
    state.should_stop = EX_FAILURE
    if not _stopping.wait(ENDS_WITHIN_S):
        os._exit(EX_FAILURE)


def _every(seconds: float, look: Callable[[], object], failure: str) -> None:
    while not _stopping.wait(seconds):
        try:
            look()
        except Exception:  # the watch has to go on after any error
            log.exception(failure)


def _print() -> None:
    def look() -> None:
        tasks.print_updates.run()
        tasks.wake_sinks.run()

    _every(PRINTS_EVERY_S, look, "cannot print updates")


def _look_after_alerts() -> None:
    try:
        heartbeat = runtime.runtime().heartbeat()
    except ConfigError as error:
        log.warning("cannot give a sign of life: %s", error)
        heartbeat = None

    def look() -> None:
        if tasks.look_after_alerts(has_watchdog=heartbeat is not None) and heartbeat is not None:
            heartbeat()

    _every(EVERY_S, look, "cannot evaluate alerts")
