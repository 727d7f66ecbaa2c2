"""Task events of lean requests: gathered, and sent twice a second as one message.

They equal the events of Celery's own requests field for field, for Flower and other listeners.
"""

import json
import logging
import os
import time
from collections import deque
from typing import Any, Final

import msgspec
from celery.exceptions import Ignore, Retry
from celery.utils.time import utcoffset
from celery.worker import state
from kombu.utils.encoding import safe_repr, safe_str

from workers.outcomes import FAILED

log = logging.getLogger(__name__)

#: Seconds between two messages, and how many ended tasks send one sooner. Flower redraws every few seconds.
FLUSH_S: Final = 0.5
#: How often a worker without a listener checks whether there is one now.
PROBE_S: Final = 2.0
TOGETHER: Final = 500
#: Ended tasks whose events wait while the broker is away, at most.
MOST_KEPT: Final = 20_000
#: How long to wait for another thread that publishes; in a signal handler it may be the interrupted thread itself.
_PATIENCE_S: Final = 1.0

#: Fields that all events of one message share: host, its offset from UTC, process, logical clock.
_Common = tuple[str, float, int, int]

#: An empty list of events, sent to learn whether anybody listens.
_NOTHING: Final = b"[]"

_encode = msgspec.json.Encoder().encode


def _encoded(events: list["_Event"]) -> bytes:
    try:
        return _encode(events)
    except (UnicodeEncodeError, OverflowError):  # half of a character, or a huge number; the json module can write both
        return json.dumps(msgspec.to_builtins(events)).encode()


class _Event(msgspec.Struct, tag_field="type"):
    """The common part of events. Built with positional arguments for speed: each task has three."""

    uuid: str
    timestamp: float
    hostname: str
    utcoffset: float
    pid: int
    clock: int


class _Received(_Event, tag="task-received"):
    name: str
    args: str
    kwargs: str
    root_id: str | None
    parent_id: str | None
    retries: int
    eta: None
    expires: str | None


class _Started(_Event, tag="task-started"):
    pass


class _Succeeded(_Event, tag="task-succeeded"):
    result: str
    runtime: float


class _Failed(_Event, tag="task-failed", omit_defaults=True):
    exception: str
    traceback: str
    runtime: float | None = None


class _Retried(_Event, tag="task-retried"):
    exception: str
    traceback: str


class _Revoked(_Event, tag="task-revoked"):
    terminated: bool
    signum: int | str | None
    expired: bool


class TaskEvents:
    """Gathers the events of requests. Only Celery's thread may use it."""

    def __init__(self, hostname: str) -> None:
        #: Celery's dispatcher; each connection has a new one.
        self.dispatcher: Any = None
        self.hostname = hostname
        #: Whether there is no connection over which events can be sent.
        self.is_away = False
        #: When the last check for a listener was sent (monotonic).
        self._probed_s = float("-inf")
        self._ended: deque[Any] = deque()
        self._dropped = 0

    @property
    def enabled(self) -> bool:
        """Return whether events are on; remote commands switch them."""
        dispatcher = self.dispatcher
        return dispatcher is not None and dispatcher.enabled and (not dispatcher.groups or "task" in dispatcher.groups)

    def ended(self, request: Any) -> None:
        """Queue the events of a request that has ended: received, started, and how it ended."""
        self._ended.append(request)
        if len(self._ended) < TOGETHER:
            return
        if not self.is_away:
            self.flush() if self._is_heard else self._ended.clear()
        elif len(self._ended) > MOST_KEPT:
            self._ended.popleft()
            self._dropped += 1

    def flush(self) -> None:
        """Send the queued events, and task-received and task-started of requests that still run."""
        if not self.enabled:
            self._ended.clear()
            return
        fresh = [request for request in tuple(state.active_requests) if getattr(request, "is_announced", True) is False]
        ended = tuple(self._ended)
        if not (fresh or ended) or self._drops_unheard():
            return
        try:
            if not self._is_heard:
                self._publish(_NOTHING)
            if self._is_heard:
                self._publish(_encoded(self._gathered(fresh, ended)))
            else:
                fresh = []  # a listener that connects later still gets these events
        except Exception as error:  # noqa: BLE001  whatever the broker's library raises; as Celery's dispatcher does
            if not self.is_away:
                log.warning("cannot send task events, they wait: %s", error)
            self.is_away = True
            return
        self._ended.clear()
        for request in fresh:
            request.is_announced = True
        if self._dropped:
            log.warning("events of %d tasks were dropped while they could not be sent", self._dropped)
        self.is_away, self._dropped = False, 0

    @property
    def _is_heard(self) -> bool:
        """Return whether anybody received the last message; events are not kept without a listener."""
        return getattr(self.dispatcher.producer.channel, "heard_by", None) != 0

    def _drops_unheard(self) -> bool:
        """Drop the queued events if a recent probe found no listener; return whether it did."""
        now_s = time.monotonic()
        if self._is_heard or now_s - self._probed_s >= PROBE_S:
            self._probed_s = now_s
            return False
        if not self.is_away:
            self._ended.clear()
        return True

    def _publish(self, body: bytes) -> None:
        dispatcher = self.dispatcher
        if not dispatcher.mutex.acquire(timeout=_PATIENCE_S):
            raise TimeoutError("events are being sent")
        try:
            dispatcher.producer.publish(
                body,
                routing_key="task.multi",
                exchange=dispatcher.exchange.name,
                declare=[dispatcher.exchange],
                content_type="application/json",
                content_encoding="utf-8",
                headers=dispatcher.headers,
                delivery_mode=dispatcher.delivery_mode,
                retry=False,
            )
        finally:
            dispatcher.mutex.release()

    def _gathered(self, fresh: list[Any], ended: tuple[Any, ...]) -> list[_Event]:
        common = (self.hostname, utcoffset(), os.getpid(), self.dispatcher.clock.forward())
        events: list[_Event] = []
        for request in fresh:
            events += _beginning(request, common)
        for request in ended:
            if not request.is_announced:
                events += _beginning(request, common)
            events += _ending(request, common)
        return events


def _beginning(request: Any, common: _Common) -> tuple[_Event, _Event]:
    header = request.headers.get
    return (
        _Received(
            request.id,
            request.received_at,
            *common,
            request.name,
            header("argsrepr", ""),
            header("kwargsrepr", ""),
            header("root_id"),
            header("parent_id"),
            header("retries", 0),
            None,
            header("expires"),
        ),
        _Started(request.id, request.started_at, *common),
    )


def _ending(request: Any, common: _Common) -> tuple[_Event, ...]:
    own = (request.id, request.started_at + request.runtime_s, *common)
    if request.signum is not None:
        return (_Revoked(*own, terminated=True, signum=request.signum, expired=False),)
    if request.einfo is not None:
        return _failure(request.einfo, own)
    text = request.shown
    if text.startswith(FAILED):
        return (_Failed(*own, text.removeprefix(FAILED), "", request.runtime_s),)
    return (_Succeeded(*own, text, request.runtime_s),)


def _failure(einfo: Any, own: tuple[str, float, *_Common]) -> tuple[_Event, ...]:
    error = getattr(einfo.exception, "exc", einfo.exception)  # billiard wraps some
    if isinstance(error, Ignore):
        return ()
    if isinstance(error, Retry):
        return (_Retried(*own, safe_repr(error.exc or error), safe_str(einfo.traceback)),)
    return (_Failed(*own, safe_repr(error), safe_str(einfo.traceback)),)
