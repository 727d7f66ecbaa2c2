"""A Celery pool whose slots are coroutines of one event loop in one thread (the setting `worker_pool`).

A task with a `coroutine`, an async function of the task's arguments, runs in the loop (`workers.loop`); any other task
runs in one of a few threads. Only the thread of Celery's hub touches Celery's records of tasks: the loop queues reports
for that thread, and wakes it once for all of them.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from celery.concurrency.base import BasePool
from celery.platforms import EX_FAILURE
from celery.worker import state

from workers.jobs import SPENT, Job, RequestJob
from workers.loop import JobLoop
from workers.threads import TaskThreads

log = logging.getLogger(__name__)

#: How often the hub checks that the loop runs, and after how many failed checks the worker ends.
CHECK_S: Final = 5.0
MOST_STANDSTILLS: Final = 6
#: Threads for tasks without a coroutine.
MOST_THREADS: Final = 32
#: How long cancelled tasks may take to end in a cold shutdown.
COLD_GRACE_S: Final = 1.0
_PAUSE_S: Final = 0.02


class CoroutinePool(BasePool):  # type: ignore[misc]
    """Runs tasks as coroutines of one event loop. Its methods belong to Celery's thread, except `report`."""

    limit: int
    body_can_be_buffer = True
    #: Stopping waits, which a signal handler must not do.
    signal_safe = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._hub: Any = None
        self._jobs = JobLoop(self.report, self._broke)
        self._threads = TaskThreads(min(MOST_THREADS, self.limit), partial(self._in_loop, self.report))
        self._is_called = False
        self._reports: deque[Callable[[], object]] = deque()
        self._is_waking = False
        self._sweeps_seen = self._standstills = 0

    def on_start(self) -> None:
        """Start the loop."""
        self._jobs.start()

    def did_start_ok(self) -> bool:
        """Return whether the loop runs."""
        return self._jobs.sweeps > 0

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
        self._jobs.hand_over(job)
        if not self._is_called:
            self._is_called = True
            if self._hub is None:
                self._call()
            else:
                self._hub.call_soon(self._call)  # after all jobs that the hub hands over now

    def cancel(self, job: Job) -> None:
        """Cancel a job whose result is no longer wanted."""
        job.fate = SPENT
        self._call()
        self._jobs.cancel(job)

    def _call(self) -> None:
        self._is_called = False
        self._in_loop(self._jobs.begin_jobs)

    def _in_loop(self, function: Callable[..., object], *arguments: Any) -> None:
        self._jobs.call(function, *arguments)

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
        self._jobs.is_closing = True
        self._call()  # the hub has stopped
        if cold and self._jobs.running:
            log.warning("cold shutdown: running tasks are cancelled (%d)", self._jobs.running)
            self._jobs.cancel_all()
        self._threads.close()
        self._jobs.close(waits=self._wait(COLD_GRACE_S if cold else float("inf")))
        self._drain()

    def _wait(self, patience_s: float) -> bool:
        """Wait for running jobs; return whether the loop still runs."""
        now_s = swept_s = time.monotonic()
        until_s, sweeps = now_s + patience_s, self._jobs.sweeps
        while self._is_busy and now_s < until_s:
            time.sleep(_PAUSE_S)
            self._drain()
            now_s = time.monotonic()
            if sweeps != self._jobs.sweeps:
                sweeps, swept_s = self._jobs.sweeps, now_s
            elif now_s - swept_s > MOST_STANDSTILLS * CHECK_S:
                log.critical("the event loop stands still; %d tasks are left", self._jobs.running)
                return False
        return True

    @property
    def _is_busy(self) -> bool:
        return self._jobs.is_alive and bool(self._jobs.unfinished or self._threads or self._reports)

    def _check(self) -> None:
        """End the worker when its loop hangs; nothing else would notice."""
        # When one of the hub's calls fails, the hub forgets the others.
        if self._jobs.has_handed_over:
            self._call()
        if self._reports:
            self._drain()
        sweeps, self._sweeps_seen = self._sweeps_seen, self._jobs.sweeps
        self._standstills = self._standstills + 1 if sweeps == self._sweeps_seen else 0
        if self._standstills >= MOST_STANDSTILLS and not self._jobs.is_closing:
            log.critical("the event loop has stood still for %.0f s; the worker ends", MOST_STANDSTILLS * CHECK_S)
            state.should_terminate = EX_FAILURE

    def _get_info(self) -> dict[str, Any]:
        running = self._jobs.unfinished + len(self._threads)
        return {**super()._get_info(), "running": running, "threads": threading.active_count()}

    def report(self, report: Callable[[], object]) -> None:
        """Let Celery's thread call a function; called in the loop's thread."""
        self._reports.append(report)
        if not self._is_waking:
            self._is_waking = True
            self._jobs.call_soon(self._wake)  # after all jobs that end now

    def _wake(self) -> None:
        if self._hub is None:
            self._drain()  # Celery's other loop needs no waking: it lets any thread report
        else:
            self._hub.call_soon(self._drain)

    def _broke(self) -> None:
        state.should_stop = EX_FAILURE
        self._wake()  # so that the hub sees the flag

    def _drain(self) -> None:
        """Run the queued reports; one that fails does not stop the others."""
        self._is_waking = False
        reports = self._reports
        while reports:
            try:
                reports.popleft()()
            except Exception:
                log.exception("a report about a task failed")
