"""Calls that may hang: each runs in its own thread, which a signal or a deadline abandons."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

from tracker.errors import StoreError

T = TypeVar("T")

#: How often to check for a signal.
_LOOK_EVERY_S: Final = 0.05


class Stopped(Exception):
    """Raised when a signal came during a call."""


def patiently(call: Callable[[], T], stopping: threading.Event | None = None, seconds: float = float("inf")) -> T:
    """Return the result of the call, or raise its error. Raises Stopped, StoreError when the time is over."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
            outcome.set_exception(error)

    threading.Thread(target=run, name="patience", daemon=True).start()
    until = time.monotonic() + seconds
    while not outcome.done():
        if stopping is not None and stopping.is_set():
            raise Stopped
        if time.monotonic() > until:
            raise StoreError(f"the data server has not answered for {seconds:g} s")
        try:
            outcome.exception(_LOOK_EVERY_S)
        except TimeoutError:
            continue
    return outcome.result()
