"""Looks after alerts and the record by the worker's own clock.

Whoever waits for beat cannot say that beat has stopped, and wake-ups do not come while Celery's connection hangs. A
look costs a tenth of a message that asks for it.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any, Final

from celery.concurrency.prefork import TaskPool
from celery.signals import worker_ready, worker_shutdown

from tracker.errors import ConfigError
from workers import runtime, tasks

log = logging.getLogger(__name__)

#: How often a deliverer looks after alerts.
EVERY_S: Final = 5.0
#: How often a printer looks for updates and for deliveries that are due, without being woken.
PRINTS_EVERY_S: Final = 2.0
_stopping: Final = threading.Event()


@worker_ready.connect  # type: ignore[untyped-decorator]
def begin(sender: Any = None, **_: Any) -> None:
    """Begin to look, in a worker that delivers or prints; one that forks has no thread that may share connections."""
    if isinstance(sender.pool, TaskPool):
        return
    queues = sender.app.amqp.queues.consume_from
    for queue, look in (("deliver", _look_after_alerts), ("print", _print)):
        if queue in queues:
            threading.Thread(target=look, name=f"watch {queue}", daemon=True).start()


@worker_shutdown.connect  # type: ignore[untyped-decorator]
def stop(**_: Any) -> None:
    """Stop looking."""
    _stopping.set()


def _every(seconds: float, look: Callable[[], object], failure: str) -> None:
    while not _stopping.wait(seconds):
        try:
            look()
        except Exception:  # it has to go on, whatever comes
            log.exception(failure)


def _print() -> None:
    def look() -> None:
        tasks.print_updates.run()
        tasks.wake_sinks.run()

    _every(PRINTS_EVERY_S, look, "updates were not printed")


def _look_after_alerts() -> None:
    try:
        heartbeat = runtime.runtime().heartbeat()
    except ConfigError as error:
        log.warning("no sign of life is given: %s", error)
        heartbeat = None

    def look() -> None:
        if tasks.look_after_alerts(has_watchdog=heartbeat is not None) and heartbeat is not None:
            heartbeat()

    _every(EVERY_S, look, "alerts were not looked after")
