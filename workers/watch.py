"""Looks after alerts by the deliverer's own clock: whoever waits for beat cannot say that beat has stopped."""

import logging
import threading
from typing import Any, Final

from celery.concurrency.prefork import TaskPool
from celery.signals import worker_ready, worker_shutdown

from tracker.errors import ConfigError
from workers import runtime, tasks

log = logging.getLogger(__name__)

#: How often it looks.
EVERY_S: Final = 5.0
_QUEUE: Final = "deliver"
_stopping: Final = threading.Event()


@worker_ready.connect  # type: ignore[untyped-decorator]
def look_after_alerts(sender: Any = None, **_: Any) -> None:
    """Begin to look, in a worker that delivers; one that forks has no thread that may share its connections."""
    if _QUEUE in sender.app.amqp.queues.consume_from and not isinstance(sender.pool, TaskPool):
        threading.Thread(target=_look, name="watch", daemon=True).start()


@worker_shutdown.connect  # type: ignore[untyped-decorator]
def stop(**_: Any) -> None:
    """End that."""
    _stopping.set()


def _look() -> None:
    try:
        heartbeat = runtime.runtime().heartbeat()
    except ConfigError as error:
        log.warning("no sign of life is given: %s", error)
        heartbeat = None
    while not _stopping.wait(EVERY_S):
        try:
            if tasks.look_after_alerts(has_watchdog=heartbeat is not None) and heartbeat is not None:
                heartbeat()
        except Exception:  # it has to go on, whatever comes
            log.exception("alerts were not looked after")
