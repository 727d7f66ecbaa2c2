"""What a worker process holds: built at its first task, after any fork, and shared by its threads."""

import os
import threading

from tracker.bootstrap import Runtime
from tracker.settings import Settings

_lock = threading.Lock()
_runtime: Runtime | None = None


def runtime() -> Runtime:
    """Return this process's runtime."""
    global _runtime  # noqa: PLW0603  a worker process has exactly one
    with _lock:
        if _runtime is None:
            _runtime = Runtime(Settings.from_environment(os.environ))
        return _runtime


def close() -> None:
    """Close the runtime if there is one."""
    global _runtime  # noqa: PLW0603  as above
    with _lock:
        if _runtime is not None:
            _runtime.close()
            _runtime = None
