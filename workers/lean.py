"""A strategy (`Task.Strategy`) for hints: a fetch message becomes a coroutine in a slot with little in between.

Celery turns every message into a request that suits any broker, pool and result backend, and sends its three events one
by one; that is more work than a quiet poll. Here a plain message of a task with a coroutine is taken as the queue holds
it and becomes a `LeanRequest`, which has only what Celery's remote commands use of a request. Celery itself handles any
other message: one that has expired, was revoked, names a time or followers of its task, or is no call at all. It
handles every message if `TRACKER_LEAN` is 0 or the pool is another one.
"""

import logging
import os
import time
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, NoReturn

import msgspec
from celery.app.task import Context
from celery.exceptions import TimeLimitExceeded
from celery.signals import task_prerun, task_received, task_revoked, task_success
from celery.worker import state
from celery.worker.strategy import default
from kombu.utils.encoding import safe_repr

from tracker.environment.settings import Settings
from workers.events import TaskEvents
from workers.jobs import Job
from workers.pool import CoroutinePool

log = logging.getLogger(__name__)

_PLAIN: Final = ("application/json", "utf-8")
#: Headers that request more than a plain run of the task.
_SPECIAL: Final = ("eta", "stamped_headers", "shadow", "group", "retries")

_LIMIT: Final = int | float | None

_decode = msgspec.json.Decoder(tuple[list[Any], dict[str, Any], dict[str, Any]]).decode


class LeanRequest(Job):
    """The part of a request that Celery's remote commands, limits and shutdown need; nothing is left to acknowledge."""

    __slots__ = ("delivery_info", "eventer", "events", "headers", "id", "is_announced", "received_at", "signum")

    #: A hint left the broker when it was taken.
    acknowledged = True

    def __init__(self, task: Any, call: "_Call", headers: Any, delivery_info: Any, events: TaskEvents) -> None:
        super().__init__(task, call.args, call.kwargs)
        self.headers = headers
        self.delivery_info = delivery_info
        self.id: str = headers["id"]
        self.events = events
        #: Whether its events task-received and task-started were sent.
        self.is_announced = False
        self.received_at = self.started_at = time.time()
        self.began_s = time.monotonic()
        #: The signal of the remote command that terminated it.
        self.signum: int | str | None = None

    @property
    def name(self) -> str:
        """Return the task's name."""
        return str(self.task.name)

    @property
    def shown(self) -> str:
        """Return the task's result, as Celery shows it."""
        return str(safe_repr(self.value))[: self.task.resultrepr_maxsize]

    def begin(self) -> None:
        """Register as reserved and as active together: the message was taken for a free slot, so it runs."""
        state.requests[self.id] = self
        state.reserved_requests.add(self)
        state.active_requests.add(self)
        state.total_count[self.task.name] += 1
        state.all_total_count[0] += 1

    def context(self) -> Any:
        """Return the task's context for the handlers of failures."""
        return Context(
            self.headers,
            args=self.args,
            kwargs=self.kwargs,
            hostname=self.events.hostname,
            delivery_info=self.delivery_info,
            called_directly=False,
        )

    def ended(self) -> None:
        """Report the result."""
        if self.signum is not None:
            return  # it was terminated while this report waited
        self.leave()
        if self.einfo is None and task_success.receivers:
            task_success.send(sender=self.task, result=self.value, runtime=self.runtime_s)

    def exceeded(self, is_soft: bool) -> None:
        """Report that a limit has passed."""
        if self.signum is not None:
            return  # as above
        if is_soft:
            log.warning("Soft time limit (%ss) exceeded for %s[%s]", self.soft_limit_s, self.name, self.id)
            return
        log.error("Hard time limit (%ss) exceeded for %s[%s]", self.limit_s, self.name, self.id)
        self.runtime_s = time.monotonic() - self.began_s
        try:
            _overrun(self.limit_s)
        except TimeLimitExceeded as error:
            self.failed(error)
        self.leave()

    def terminate(self, pool: Any, signal: Any = None) -> None:
        """End the request for a remote command (`revoke --terminate`)."""
        pool.cancel(self)
        self.signum = signal or "SIGTERM"
        self.runtime_s = time.monotonic() - self.began_s
        self.leave()
        task_revoked.send(sender=self.task, request=self.context(), terminated=True, signum=signal, expired=False)

    def cancel(self, pool: Any, signal: Any = None, emit_retry: bool = True) -> None:  # noqa: ARG002  Celery's
        """End the request because the worker ends."""
        self.terminate(pool, signal)

    def info(self, safe: bool = False) -> dict[str, Any]:
        """Return the description that remote commands show."""
        return {
            "id": self.id,
            "name": self.name,
            "args": self.headers.get("argsrepr") if safe else self.args,
            "kwargs": self.headers.get("kwargsrepr") if safe else self.kwargs,
            "type": self.name,
            "hostname": self.events.hostname,
            "time_start": self.started_at,
            "acknowledged": True,
            "delivery_info": self.delivery_info,
            "worker_pid": os.getpid(),
        }

    def humaninfo(self) -> str:
        """Return the name of the request in log lines."""
        return f"{self.name}[{self.id}]"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.humaninfo()}>"

    def leave(self) -> None:
        """Free the slot, and queue the events."""
        state.requests.pop(self.id, None)
        state.reserved_requests.discard(self)
        state.active_requests.discard(self)
        if self.task.send_events and self.events.enabled:
            self.events.ended(self)


def _overrun(limit_s: float | None) -> NoReturn:
    raise TimeLimitExceeded(limit_s)


def strategy(task: Any, app: Any, consumer: Any) -> Callable[..., Any]:
    """Return the handler of a task's messages."""
    general = _careful(default(task, app, consumer))
    pool, events = consumer.pool, getattr(consumer, "lean_events", None)
    if not (Settings.from_environment(os.environ).lean and isinstance(pool, CoroutinePool) and events is not None):
        return general
    taker = _Taker(task, consumer, events, general)
    consumer.lean_tasks[task.name] = taker.take_raw
    return taker.take


class _Taker:
    """Takes the messages of a task."""

    def __init__(self, task: Any, consumer: Any, events: TaskEvents, general: Callable[..., Any]) -> None:
        self._task = task
        self._consumer = consumer
        self._events = events
        self._general = general
        self._pool = consumer.pool

    def take(self, message: Any, body: Any, ack: Any, reject: Any, callbacks: Any) -> None:
        """Take a message from Celery's consumer."""
        call = None
        if body is None and not self._has_rate_limit:
            call = _plain(message.headers, message.content_type, message.content_encoding, message.body)
        if call is None:
            self._general(message, body, ack, reject, callbacks)
        else:
            self._run(call, message.headers, message.delivery_info)

    def take_raw(self, payload: Any) -> bool:
        """Take a message as the queue holds it, if it is a plain one; return whether it is."""
        call = None if self._has_rate_limit else _plain_raw(payload)
        if call is None:
            return False
        self._run(call, payload["headers"], payload["properties"].get("delivery_info"))
        return True

    @property
    def _has_rate_limit(self) -> bool:
        return self._consumer.task_buckets[self._task.name] is not None

    def _run(self, call: "_Call", headers: Any, delivery_info: Any) -> None:
        task, consumer = self._task, self._consumer
        request = LeanRequest(task, call, headers, delivery_info, self._events)
        limits = self._pool.options
        request.soft_limit_s = call.soft_limit_s or task.soft_time_limit or limits.get("soft_timeout")
        request.limit_s = call.limit_s or task.time_limit or limits.get("timeout")
        if task_received.receivers:
            task_received.send(sender=consumer, request=request)
        if task_prerun.receivers:
            task_prerun.send(sender=task, task_id=request.id, task=task, args=request.args, kwargs=request.kwargs)
        request.begin()
        try:
            for callback in consumer.on_task_message:
                callback(request)
            self._pool.run(request)
        except Exception:
            request.leave()
            raise


def take_directly(takers: Mapping[str, Callable[[Any], bool]], payload: Any) -> bool:
    """Run the task of a plain message, which needs no acknowledgement; return whether the message was plain."""
    try:
        taker = takers.get(payload["headers"]["task"])
    except (KeyError, TypeError):
        return False
    return taker is not None and taker(payload)


def _careful(general: Callable[..., Any]) -> Callable[..., Any]:
    """Return Celery's own handler, extended to free the slot of a message that it cannot handle."""

    def take(message: Any, *arguments: Any) -> None:
        try:
            general(message, *arguments)
        except Exception:
            request = state.requests.get(message.headers.get("id"))
            if request is not None and request not in state.active_requests:
                state.task_ready(request)
            raise

    return take


class _Call(NamedTuple):
    """The call in a plain message."""

    args: list[Any]
    kwargs: dict[str, Any]
    limit_s: float | None
    soft_limit_s: float | None


def _plain_raw(payload: Any) -> _Call | None:
    """Return the call in a message as the queue holds it, None for one that is not plain."""
    try:
        if payload["properties"]["body_encoding"] != "base64":
            return None
        body = a2b_base64(payload["body"])
        kind, encoding = payload["content-type"], payload["content-encoding"]
    except (KeyError, TypeError, ValueError):
        return None
    return _plain(payload["headers"], kind, encoding, body)


def _plain(headers: Any, kind: Any, encoding: Any, body: Any) -> _Call | None:
    """Return the call in a message that requests a plain run of its task, None for any other message."""
    try:
        if (kind, encoding) != _PLAIN or not isinstance(headers["id"], str):
            return None
        if any(map(headers.get, _SPECIAL)) or headers["id"] in state.revoked:
            return None
        limit_s, soft_limit_s = headers.get("timelimit") or (None, None)
        if not (isinstance(limit_s, _LIMIT) and isinstance(soft_limit_s, _LIMIT)):
            return None
        expires = headers.get("expires")
        if expires is not None and datetime.fromisoformat(expires) <= datetime.now(UTC):
            return None
        arguments, keywords, embedded = _decode(body)
    except (AttributeError, KeyError, TypeError, ValueError):  # msgspec's are ValueErrors
        return None
    return None if any(embedded.values()) else _Call(arguments, keywords, limit_s, soft_limit_s)
