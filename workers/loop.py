"""The event loop whose coroutines are the slots of the pool, in a thread of its own.

Celery's thread hands jobs over; functions that it passes to `call` run in the loop's thread. The loop never calls
Celery: it passes on the functions that Celery's thread has to call.
"""

import asyncio
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from workers.jobs import ABANDONED, SOFT, SPENT, Job

log = logging.getLogger(__name__)

#: How often time limits are checked, for all slots together.
SWEEP_S: Final = 1.0
#: Threads for blocking calls of coroutines.
MOST_HELPERS: Final = 32
#: How long the loop may take to begin, and how long closing may take.
START_S: Final = 10.0
CLOSING_S: Final = 5.0

#: Awaited in the loop before it ends, to close the resources that tasks opened in it.
closers: Final[list[Callable[[], Awaitable[None]]]] = []


class JobLoop:
    """Runs jobs as coroutines of one event loop."""

    def __init__(self, report: Callable[[Callable[[], object]], None], broke: Callable[[], object]) -> None:
        """Prepare a loop that passes reports of jobs to `report`, and calls `broke` if it ends by itself."""
        self._report = report
        self._broke = broke
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        #: Runs the calls of `asyncio.to_thread`.
        self._helpers = ThreadPoolExecutor(MOST_HELPERS, thread_name_prefix="helper")
        self._handed: deque[Job] = deque()
        self._running: dict[Job, None] = {}
        #: Whether the loop is about to be closed, so that its end is no failure.
        self.is_closing = False
        self._closing_task: asyncio.Future[None] | None = None
        #: How often time limits were checked: it grows as long as the loop runs.
        self.sweeps = 0

    @property
    def is_alive(self) -> bool:
        """Return whether the thread of the loop runs."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def has_handed_over(self) -> bool:
        """Return whether a job waits to be begun."""
        return bool(self._handed)

    @property
    def running(self) -> int:
        """Return the number of jobs that have begun and not ended."""
        return len(self._running)

    @property
    def unfinished(self) -> int:
        """Return the number of jobs that have not ended."""
        return len(self._running) + len(self._handed)

    # --- called by Celery's thread ---

    def start(self) -> None:
        """Start the loop, and wait until it runs."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._main, args=(ready,), name="coroutines", daemon=True)
        self._thread.start()
        ready.wait(START_S)

    def hand_over(self, job: Job) -> None:
        """Queue a job, which `begin_jobs` begins."""
        self._handed.append(job)

    def cancel(self, job: Job) -> None:
        """Cancel a job that has begun."""
        self.call(self._cut, job)

    def cancel_all(self) -> None:
        """Cancel all jobs that have begun, without reports of them."""
        self.call(self._cut_all)

    def close(self, *, waits: bool) -> None:
        """Close the resources of tasks and end the loop; `waits` is for a loop that still runs."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self.call(self._close)
            thread.join(CLOSING_S + 1.0 if waits else 0.0)
        self._helpers.shutdown(wait=False, cancel_futures=True)

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Let the loop call a function. Safe for all threads."""
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        loop.call_soon_threadsafe(function, *arguments)

    # --- called in the loop's thread ---

    def call_soon(self, function: Callable[[], object]) -> None:
        """Call a function after all callbacks that are ready now."""
        self._loop.call_soon(function)  # type: ignore[union-attr]

    def begin_jobs(self) -> None:
        """Begin all jobs that were handed over."""
        create_task, handed, running = self._loop.create_task, self._handed, self._running  # type: ignore[union-attr]
        began_s, started_at = time.monotonic(), time.time()
        while handed:
            job = handed[0]
            job.began_s = began_s
            job.started_at = started_at
            running[job] = None
            handed.popleft()  # not before: a job is always in at least one of the two
            if job.reports_start:
                self._report(partial(job.started, os.getpid()))
            job.asyncio_task = create_task(self._carry_out(job))

    def _main(self, ready: threading.Event) -> None:
        loop = self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.set_default_executor(self._helpers)
        loop.call_soon(self._sweep)
        loop.call_soon(ready.set)
        try:
            loop.run_forever()
        except BaseException:
            log.critical("the event loop broke", exc_info=True)
            raise
        finally:
            if not self.is_closing:
                log.critical("the event loop ended, with %d tasks; the worker ends too", len(self._running))
                self._broke()
            loop.close()

    async def _carry_out(self, job: Job) -> None:
        try:
            job.value = await job.task.coroutine(*job.args, **job.kwargs)
        except BaseException as error:  # noqa: BLE001  an error that escapes could end the loop, with all its tasks
            if job.fate not in {SPENT, ABANDONED}:
                job.failed(error)
        job.runtime_s = time.monotonic() - job.began_s
        if self._running.pop(job, job) is None and job.fate != SPENT:
            self._report(job.ended)

    def _sweep(self) -> None:
        """Cancel the jobs whose time limits have passed, and report them."""
        self.sweeps += 1
        now_s = time.monotonic()
        late = [job for job in self._running if job.is_late(now_s - job.began_s)]
        for job in late:
            if job.fate == SPENT:
                del self._running[job]
                continue
            is_soft = job.fate is None and not job.is_over(now_s - job.began_s)
            if is_soft:
                job.fate = SOFT
            else:
                job.fate = ABANDONED
                del self._running[job]
            if job.asyncio_task is not None:
                job.asyncio_task.cancel()
            self._report(partial(job.exceeded, is_soft))
        self._loop.call_later(SWEEP_S, self._sweep)  # type: ignore[union-attr]

    def _cut(self, job: Job) -> None:
        if job.asyncio_task is not None:
            # A task that has not begun is cancelled before it can remove itself.
            job.asyncio_task.add_done_callback(lambda _: self._running.pop(job, None))
            job.asyncio_task.cancel()

    def _cut_all(self) -> None:
        for job in tuple(self._running):
            job.fate = SPENT
            self._cut(job)

    def _close(self) -> None:
        self._closing_task = asyncio.ensure_future(self._close_all())

    async def _close_all(self) -> None:
        for closer in closers:
            try:
                await asyncio.wait_for(closer(), CLOSING_S)
            except Exception:
                log.exception("a closer of the event loop failed")
        asyncio.get_running_loop().stop()
