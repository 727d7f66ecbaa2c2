"""The runtime of a worker process: built at its first task, after any fork, and shared by its threads."""

import logging
import os
import sys
import threading
from typing import TextIO

from tracker.bootstrap import Runtime
from tracker.environment.settings import Settings
from tracker.errors import ServerAway, ServerUnfit
from tracker.store.inspection import inspect
from tracker.supervise.processes import OUTPUT_FD

log = logging.getLogger(__name__)

_lock = threading.Lock()
_runtime: Runtime | None = None
_stdout: TextIO = sys.stdout


def runtime() -> Runtime:
    """Return this process's runtime."""
    global _runtime  # noqa: PLW0603  a worker process has exactly one
    built = _runtime
    if built is not None:
        return built
    with _lock:
        if _runtime is None:
            _runtime = Runtime(Settings.from_environment(os.environ), _stdout)
        return _runtime


def look_over_server(*, logs_dangers: bool = False) -> None:
    """End the process with one sentence if its data server can never be used; one out of reach may come back."""
    try:
        found = inspect(Settings.from_environment(os.environ).redis_url)
    except ServerAway as error:
        log.warning("%s; trying again", error)
        return
    except ServerUnfit as error:
        sys.stderr.write(f"tracker: {error}\n")
        raise SystemExit(2) from error
    for danger in found.dangers if logs_dangers else ():
        log.warning("%s", danger)


def keep_stdout() -> None:
    """Keep standard output for updates; other output goes to standard error from now on.

    A supervisor that passes another descriptor for updates has decided where standard output goes.
    """
    global _stdout  # noqa: PLW0603  a process has exactly one
    handed = os.environ.get(OUTPUT_FD)
    descriptor = int(handed) if handed else os.dup(sys.stdout.fileno())
    _stdout = os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace")
    if not handed:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


async def close_in_loop() -> None:
    """Close the resources that tasks opened in the worker's event loop."""
    with _lock:
        opened = _runtime
    if opened is not None:
        await opened.aclose()


def close() -> None:
    """Close the runtime if there is one."""
    global _runtime  # noqa: PLW0603  as above
    with _lock:
        if _runtime is not None:
            _runtime.close()
            _runtime = None
