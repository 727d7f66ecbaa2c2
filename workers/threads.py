"""Threads of a pool of coroutines, for tasks without a coroutine."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from celery.concurrency.base import apply_target

log = logging.getLogger(__name__)


class TaskThreads:
    """Runs tasks in a few threads; `report` lets Celery's thread call a function."""

    def __init__(self, count: int, report: Callable[[Callable[[], object]], None]) -> None:
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="task")
        self._running: set[Future[object]] = set()
        self._report = report

    def __len__(self) -> int:
        """Return the number of tasks that run or wait for a thread."""
        return len(self._running)

    def apply(
        self,
        target: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        callback: Callable[..., Any],
        accept_callback: Callable[..., Any] | None,
    ) -> "TaskInThread":
        """Run a task; return the handle for `Request.terminate`."""
        future: Future[object] = self._threads.submit(
            apply_target,
            target,
            args,
            kwargs,
            lambda outcome: self._report(partial(callback, outcome)),
            accept_callback and (lambda pid, at: self._report(partial(accept_callback, pid, at))),
        )
        self._running.add(future)
        future.add_done_callback(self._ended)
        return TaskInThread(future)

    def close(self) -> None:
        """Take no more tasks, and drop those that no thread has taken."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ended(self, future: "Future[object]") -> None:
        self._running.discard(future)
        if not future.cancelled() and (error := future.exception()) is not None:
            log.error("a task ended without a report: %r", error, exc_info=error)


class TaskInThread:
    """A task in a thread: the handle for `Request.terminate`."""

    def __init__(self, future: "Future[object]") -> None:
        self._future = future

    def terminate(self, _signal: int) -> None:
        """Keep the task from beginning; a thread cannot be ended."""
        if not self._future.cancel() and not self._future.done():
            log.warning("cannot terminate a task that runs in a thread; it runs to its end")
