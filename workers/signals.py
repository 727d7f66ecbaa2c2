"""The process of the tasks: its log, its core, and the tick file that shows that it is alive."""

import gc
import logging
import os
import resource
import sys
import time
from copy import copy
from pathlib import Path
from typing import Any, Final

from celery.signals import beat_init, celeryd_init, heartbeat_sent, setup_logging, worker_init, worker_shutdown

from workers import runtime

#: The variable with the name of the tick file, whose age is the time since the last sign of life.
TICK_FILE: Final = "TRACKER_TICK_FILE"
#: The open files that are enough for any worker.
MOST_FILES: Final = 65_536
#: Thresholds of the garbage collector; Python's are 700, 10, 10.
GARBAGE: Final = (20_000, 20, 50)
#: The variable with the core of a worker: the n-th of the cores that it may use, modulo their number.
CORE: Final = "TRACKER_CORE"


class _Formatter(logging.Formatter):
    """Writes one line when a data server is away, full or restarting: a traceback would only show Celery."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        error = record.exc_info[1] if record.exc_info else None
        theirs = type(error).__module__.partition(".")[0] in ("redis", "kombu", "amqp")
        record = copy(record)
        if theirs or isinstance(error, ConnectionError | TimeoutError):
            record.exc_info = record.exc_text = None
        if theirs and str(record.msg).startswith("Unrecoverable error"):  # Celery's last words
            record.msg = "the data server refused a command (%s); this worker ends, and tries again once restarted"
            record.args = (error,)
        if record.name.partition(".")[0] in ("celery", "kombu"):
            record.msg, record.args = " ".join(record.getMessage().split()), ()
        return super().format(record)


def _is_no_essay(record: logging.LogRecord) -> bool:
    """Return whether a line is for the operator: at each lost connection, Celery explains its plans at length."""
    return record.name != "py.warnings" or "DeprecationWarning" not in record.getMessage()


@setup_logging.connect  # type: ignore[untyped-decorator]
def configure_logging(loglevel: int | str | None = None, **_: Any) -> None:
    """Log to stderr, one line a record, UTC; stdout is for updates."""
    formatter = _Formatter("%(asctime)sZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(_is_no_essay)
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(loglevel or logging.INFO)
    # It logs a traceback for every odd header of a vendor; a header that matters makes the poll fail.
    logging.getLogger("urllib3").setLevel(logging.ERROR)


@celeryd_init.connect  # type: ignore[untyped-decorator]
def keep_stdout(**_: Any) -> None:
    """Keep Celery's own output (its banner, its farewell) off standard output, which is for updates."""
    runtime.keep_stdout()


@celeryd_init.connect  # type: ignore[untyped-decorator]
def keep_to_one_core(**_: Any) -> None:
    """Run all threads on one core, if one is named.

    Python's lock lets one thread run at a time, so a second core speeds up none of them: each change of threads becomes
    a change of cores, which costs more than the work between two changes (`docs/performance.md`).
    """
    core = os.environ.get(CORE, "")
    if core.isdecimal() and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(core) % len(cores)]})


@worker_init.connect  # type: ignore[untyped-decorator]
def look_over_server(**_: Any) -> None:
    """Refuse to start on a data server that can never be used."""
    runtime.look_over_server()


@worker_init.connect  # type: ignore[untyped-decorator]
def open_more_files(**_: Any) -> None:
    """Let this process open as many files as the system allows: each slot and each kept connection takes one.

    Shells and services begin with 1,024, far below that limit.
    """
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


@worker_init.connect  # type: ignore[untyped-decorator]
def collect_less_often(**_: Any) -> None:
    """Collect garbage less often.

    Quiet polls leave no cycles, and each collection walks over all kept objects: a sixth of a worker's time.
    """
    gc.freeze()
    gc.set_threshold(*GARBAGE)


@beat_init.connect  # type: ignore[untyped-decorator]
def look_over_server_for_all(**_: Any) -> None:
    """Refuse an unusable data server, and log dangers to its data: once for all workers."""
    runtime.look_over_server(logs_dangers=True)


def tick() -> None:
    """Touch the tick file, if one is named."""
    path = os.environ.get(TICK_FILE)
    if path:
        Path(path).touch()


@heartbeat_sent.connect  # type: ignore[untyped-decorator]
def worker_tick(**_: Any) -> None:
    """Touch the tick file: the worker's event loop runs and reaches the broker."""
    tick()


@worker_shutdown.connect  # type: ignore[untyped-decorator]
def close(**_: Any) -> None:
    """Close the resources of this process."""
    runtime.close()
