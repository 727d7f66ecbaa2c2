"""The job in a slot of the pool: a coroutine, its limits, and how its result reaches Celery."""

import asyncio
import logging
import sys
from collections.abc import Callable
from typing import Any, Final

from billiard.einfo import ExceptionInfo
from billiard.exceptions import WorkerLostError
from celery.app.task import Context
from celery.app.trace import TraceInfo, traceback_clear
from celery.exceptions import Ignore, Reject, Retry, SoftTimeLimitExceeded
from celery.signals import task_postrun, task_prerun, task_success
from celery.states import FAILURE, IGNORED, REJECTED, RETRY, SUCCESS
from celery.utils.saferepr import saferepr
from kombu.serialization import loads, prepare_accept_content

log = logging.getLogger(__name__)

#: Irregular ends of a job: past its soft limit, past its hard limit, or without a report.
SOFT: Final = "soft"
ABANDONED: Final = "abandoned"
SPENT: Final = "spent"


class Job:
    """A coroutine in a slot. The loop calls `failed`; everything else is called by Celery's thread."""

    __slots__ = (
        "__weakref__",
        "args",
        "asyncio_task",
        "began_s",
        "einfo",
        "fate",
        "kwargs",
        "limit_s",
        "pool",
        "runtime_s",
        "soft_limit_s",
        "started_at",
        "task",
        "value",
    )

    #: Whether `started` is to be called.
    reports_start = False

    pool: Any
    asyncio_task: "asyncio.Task[None] | None"
    began_s: float
    started_at: float
    runtime_s: float

    def __init__(self, task: Any, args: Any, kwargs: Any) -> None:
        self.task = task
        self.args = args
        self.kwargs = kwargs
        self.soft_limit_s: float | None = None
        self.limit_s: float | None = None
        self.fate: str | None = None
        self.asyncio_task = None
        self.value: Any = None
        self.einfo: Any = None

    def is_late(self, age_s: float) -> bool:
        """Return whether a limit has passed that was not enforced yet."""
        return self.is_over(age_s) or (self.fate is None and bool(self.soft_limit_s) and age_s > self.soft_limit_s)  # type: ignore[operator]

    def is_over(self, age_s: float) -> bool:
        """Return whether the hard limit has passed."""
        return bool(self.limit_s) and age_s > self.limit_s  # type: ignore[operator]

    def context(self) -> Any:
        """Return the task's context for the handlers of failures."""
        raise NotImplementedError

    def failed(self, error: BaseException) -> None:
        """Treat the current exception as Celery does: log it, call the handlers, keep it for the report."""
        try:
            self.einfo = self._einfo(error)
        except Exception:
            self.einfo = ExceptionInfo()
            log.exception("could not handle the failure of task %s", self.task.name)

    def started(self, pid: int) -> None:
        """Report that the job has begun."""

    def ended(self) -> None:
        """Report how the job ended."""
        raise NotImplementedError

    def exceeded(self, is_soft: bool) -> None:
        """Report that a limit has passed; after a hard one, `ended` is no longer called."""
        raise NotImplementedError

    def _einfo(self, error: BaseException) -> Any:
        if isinstance(error, Reject | Ignore):
            info = TraceInfo(REJECTED if isinstance(error, Reject) else IGNORED, error)
            einfo = ExceptionInfo(internal=True)
            handle = info.handle_reject if isinstance(error, Reject) else info.handle_ignore
            handle(self.task, self.context())
            return einfo
        if isinstance(error, Retry):
            return TraceInfo(RETRY, error).handle_error_state(self.task, self.context(), call_errbacks=False)
        if not isinstance(error, Exception):
            traceback = sys.exc_info()[2]
            if self.fate == SOFT:
                error = SoftTimeLimitExceeded(self.soft_limit_s).with_traceback(traceback)
            else:
                error = WorkerLostError(repr(error)).with_traceback(traceback)
        einfo = TraceInfo(FAILURE, error).handle_error_state(self.task, self.context())
        traceback_clear(error)
        return einfo


class RequestJob(Job):
    """A job of one of Celery's own requests."""

    __slots__ = ("_accept", "_callback", "_request", "_timeout")

    reports_start = True

    def __init__(
        self,
        task: Any,
        args: Any,
        kwargs: Any,
        *,
        request: dict[str, Any],
        callback: Callable[..., Any],
        accept: Callable[..., Any] | None = None,
        timeout: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(task, args, kwargs)
        self._request = request
        self._callback, self._accept, self._timeout = callback, accept, timeout

    @classmethod
    def of(cls, app: Any, args: tuple[Any, ...], **callbacks: Any) -> "RequestJob | None":
        """Return a job for a request to the pool, None when a thread has to run it.

        A thread runs a task without a coroutine, and one with followers, which Celery's tracer starts.
        """
        name, _, request, body, content_type, content_encoding = args
        task = app.tasks[name]
        if getattr(task, "coroutine", None) is None:
            return None
        if content_type:
            accepted = prepare_accept_content(app.conf.accept_content)
            body = loads(body, content_type, content_encoding, accept=accepted)
        arguments, keywords, embedded = body
        if any((embedded or {}).values()):
            return None
        if task_prerun.receivers:
            task_prerun.send(sender=task, task_id=request["id"], task=task, args=arguments, kwargs=keywords)
        return cls(task, arguments, keywords, request=request, **callbacks)

    def context(self) -> Any:
        """Return the task's context for the handlers of failures."""
        return Context(self._request, args=self.args, kwargs=self.kwargs, called_directly=False)

    def started(self, pid: int) -> None:
        """Report that the job has begun."""
        if self._accept is not None:
            self._accept(pid, self.began_s)

    def ended(self) -> None:
        """Report how the job ended."""
        if self.fate == SPENT:
            return  # it was terminated while this report waited
        if self.einfo is None and task_success.receivers:
            task_success.send(sender=self.task, result=self.value, runtime=self.runtime_s)
        if task_postrun.receivers:
            task_postrun.send(
                sender=self.task,
                task_id=self._request["id"],
                task=self.task,
                args=self.args,
                kwargs=self.kwargs,
                retval=self.value,
                state=SUCCESS if self.einfo is None else FAILURE,
            )
        if self.einfo is not None:
            self._callback((1, self.einfo, self.runtime_s))
        else:
            self._callback((0, saferepr(self.value, self.task.resultrepr_maxsize), self.runtime_s))

    def exceeded(self, is_soft: bool) -> None:
        """Report that a limit has passed."""
        if self._timeout is not None:
            self._timeout(is_soft, self.soft_limit_s if is_soft else self.limit_s)

    def terminate(self, _signal: int) -> None:
        """End the job for `Request.terminate`, without a report."""
        self.pool.cancel(self)
