"""A Celery pool whose slots are coroutines of one event loop in one thread (the setting `worker_pool`).

A task with a `coroutine`, an async function of the task's arguments, runs in the loop; any other task runs in one of a
few threads. Only the thread of Celery's hub touches Celery's records of tasks: the loop queues reports for that thread,
and wakes it once for all of them.
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

from celery.concurrency.base import BasePool
from celery.platforms import EX_FAILURE
from celery.worker import state

from workers.jobs import ABANDONED, SOFT, SPENT, Job, RequestJob
from workers.threads import TaskThreads

log = logging.getLogger(__name__)

#: How often time limits are checked, for all slots together.
SWEEP_S: Final = 1.0
#: How often the hub checks that the loop runs, and after how many failed checks the worker ends.
CHECK_S: Final = 5.0
MOST_STANDSTILLS: Final = 6
#: Threads for tasks without a coroutine, and as many for blocking calls of coroutines.
MOST_THREADS: Final = 32
#: How long the loop may take to begin.
START_S: Final = 10.0
#: How long cancelled tasks may take to end in a cold shutdown, and how long closing may take.
COLD_GRACE_S: Final = 1.0
CLOSING_S: Final = 5.0
_PAUSE_S: Final = 0.02

#: Awaited in the loop before it ends: close here what tasks opened in it.
closers: Final[list[Callable[[], Awaitable[None]]]] = []


class CoroutinePool(BasePool):  # type: ignore[misc]
    """Runs tasks as coroutines of one event loop."""

    limit: int
    body_can_be_buffer = True
    #: Stopping waits, which a signal handler must not do.
    signal_safe = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._hub: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._threads = TaskThreads(min(MOST_THREADS, self.limit), partial(self._in_loop, self.report))
        #: Runs the calls of `asyncio.to_thread`.
        self._helpers = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="helper")
        self._handed: deque[Job] = deque()
        self._is_called = False
        self._running: dict[Job, None] = {}
        self._reports: deque[Callable[[], object]] = deque()
        self._is_waking = False
        self._is_closing = False
        self._turns = self._turns_seen = self._standstills = 0

    # --- Celery's side: its hub's thread ---

    def on_start(self) -> None:
        """Start the loop."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._main, args=(ready,), name="coroutines", daemon=True)
        self._thread.start()
        ready.wait(START_S)

    def did_start_ok(self) -> bool:
        """Return whether the loop runs."""
        return self._turns > 0

    def register_with_event_loop(self, hub: Any) -> None:
        """Report to this hub from now on, and check from it that the loop runs."""
        self._hub = hub
        hub.call_repeatedly(CHECK_S, self._check)

    def on_apply(
        self,
        target: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        callback: Callable[..., Any],
        accept_callback: Callable[..., Any] | None = None,
        timeout_callback: Callable[..., Any] | None = None,
        soft_timeout: float | None = None,
        timeout: float | None = None,
        **_: Any,
    ) -> object:
        """Run a task; return a handle for `Request.terminate`."""
        job = RequestJob.of(self.app, args, callback=callback, accept=accept_callback, timeout=timeout_callback)
        if job is None:
            return self._threads.apply(target, args, kwargs, callback, accept_callback)
        job.soft_limit_s = soft_timeout or self.options.get("soft_timeout")
        job.limit_s = timeout or self.options.get("timeout")
        self.run(job)
        return job

    def run(self, job: Job) -> None:
        """Run a job in the loop."""
        job.pool = self
        self._handed.append(job)
        if not self._is_called:
            self._is_called = True
            if self._hub is None:
                self._call()
            else:
                self._hub.call_soon(self._call)  # after all jobs of this turn were handed over

    def cancel(self, job: Job) -> None:
        """Cancel a job that nobody waits for any more."""
        job.fate = SPENT
        self._call()
        self._in_loop(self._cut, job)

    def _call(self) -> None:
        self._is_called = False
        self._in_loop(self._take)

    def grow(self, count: int = 1) -> None:
        """Add slots."""
        self.limit += count

    def shrink(self, count: int = 1) -> None:
        """Remove slots, down to one; running tasks go on."""
        self.limit = max(1, self.limit - count)

    def terminate_job(self, pid: int, signal: int | None = None) -> None:
        """Do nothing: the slots share a process, and `Job.terminate` ends the job of one."""

    def on_stop(self) -> None:
        """Wait for running jobs, unless this is a cold shutdown, and end the loop."""
        self._end(cold=not (state.should_terminate is None or state.should_terminate is False))

    def on_terminate(self) -> None:
        """End running jobs, and the loop."""
        self._end(cold=True)

    def _end(self, *, cold: bool) -> None:
        """Stop once; a cold shutdown may interrupt a warm one, from a signal handler in the same thread."""
        self._is_closing = True
        self._call()  # the hub has stopped
        if cold and self._running:
            log.warning("cold shutdown: running tasks are cancelled (%d)", len(self._running))
            self._in_loop(self._cut_all)
        self._threads.close()
        turns = self._wait(COLD_GRACE_S if cold else float("inf"))
        thread, self._thread = self._thread, None
        if thread is not None:
            self._in_loop(self._close)
            thread.join(CLOSING_S + 1.0 if turns else 0.0)
        self._helpers.shutdown(wait=False, cancel_futures=True)
        self._drain()

    def _wait(self, patience_s: float) -> bool:
        """Wait for running jobs; return whether the loop still runs."""
        now_s = turned_s = time.monotonic()
        until_s, turns = now_s + patience_s, self._turns
        while self._is_busy and now_s < until_s:
            time.sleep(_PAUSE_S)
            self._drain()
            now_s = time.monotonic()
            if turns != self._turns:
                turns, turned_s = self._turns, now_s
            elif now_s - turned_s > MOST_STANDSTILLS * CHECK_S:
                log.critical("the event loop stands still; %d tasks are left", len(self._running))
                return False
        return True

    @property
    def _is_busy(self) -> bool:
        alive = self._thread is not None and self._thread.is_alive()
        return alive and bool(self._handed or self._running or self._threads or self._reports)

    def _drain(self) -> None:
        """Run the queued reports; one that fails does not stop the others."""
        self._is_waking = False
        reports = self._reports
        while reports:
            try:
                reports.popleft()()
            except Exception:
                log.exception("a report about a task failed")

    def _check(self) -> None:
        """End the worker when its loop stands still, which nobody else would notice."""
        # The hub forgets what it was to call when something else that it calls fails.
        if self._handed:
            self._call()
        if self._reports:
            self._drain()
        turns, self._turns_seen = self._turns_seen, self._turns
        self._standstills = self._standstills + 1 if turns == self._turns_seen else 0
        if self._standstills >= MOST_STANDSTILLS and not self._is_closing:
            log.critical("the event loop has stood still for %.0f s; the worker ends", MOST_STANDSTILLS * CHECK_S)
            state.should_terminate = EX_FAILURE

    def _get_info(self) -> dict[str, Any]:
        running = len(self._running) + len(self._handed) + len(self._threads)
        return {**super()._get_info(), "running": running, "threads": threading.active_count()}

    # --- the loop's side ---

    def report(self, report: Callable[[], object]) -> None:
        """Let Celery's thread call a function; called in the loop's thread."""
        self._reports.append(report)
        if not self._is_waking:
            self._is_waking = True
            self._loop.call_soon(self._wake)  # type: ignore[union-attr]  # once all has ended that ends in this turn

    def _wake(self) -> None:
        if self._hub is None:
            self._drain()  # no hub that could be woken: Celery's other loop lets any thread report
        else:
            self._hub.call_soon(self._drain)

    def _in_loop(self, function: Callable[..., object], *arguments: Any) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        loop.call_soon_threadsafe(function, *arguments)

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
            if not self._is_closing:
                log.critical("the event loop ended, with %d tasks; the worker ends too", len(self._running))
                state.should_stop = EX_FAILURE
                self._wake()  # the hub, which then sees it
            loop.close()

    def _take(self) -> None:
        """Begin all jobs that were handed over."""
        create_task, handed, running = self._loop.create_task, self._handed, self._running  # type: ignore[union-attr]
        began_s, started_at = time.monotonic(), time.time()
        while handed:
            job = handed[0]
            job.began_s = began_s
            job.started_at = started_at
            running[job] = None
            handed.popleft()  # so that it is always in at least one of them
            if job.reports_start:
                self.report(partial(job.started, os.getpid()))
            job.asyncio_task = create_task(self._carry_out(job))

    async def _carry_out(self, job: Job) -> None:
        try:
            job.value = await job.task.coroutine(*job.args, **job.kwargs)
        except BaseException as error:  # noqa: BLE001  whatever comes here would end the loop, with all its tasks
            if job.fate not in {SPENT, ABANDONED}:
                job.failed(error)
        job.runtime_s = time.monotonic() - job.began_s
        if self._running.pop(job, job) is None and job.fate != SPENT:
            self.report(job.ended)

    def _sweep(self) -> None:
        self._turns += 1
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
            self.report(partial(job.exceeded, is_soft))
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
