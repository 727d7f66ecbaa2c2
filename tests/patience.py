"""Wait for what other threads and processes do."""

import time
from collections.abc import Callable
from typing import TypeVar

#: A bound for waiting, not an expectation: a test that needs it has failed.
PATIENCE_S = 60.0
_Reached = TypeVar("_Reached")


def eventually(reached: Callable[[], _Reached], problem: object = "not reached", *, every_s: float = 0.02) -> _Reached:
    """Return what `reached` returns once it is true; raise AssertionError with the problem when it never is."""
    until = time.monotonic() + PATIENCE_S
    while not (result := reached()):
        assert time.monotonic() < until, problem() if callable(problem) else problem
        time.sleep(every_s)
    return result
