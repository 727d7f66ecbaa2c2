"""Takes and acknowledges messages where Celery's way costs more than a quiet poll.

Losing a fetch message is harmless (docs/adr/0001-messages-are-hints.md), so a worker stores nothing when it takes a
message or ends its task. A worker takes several messages at a time, never more than it has free slots, and sends task
events twice a second instead of with every task.
"""

from collections.abc import Callable
from datetime import UTC
from functools import partial
from typing import Any, Final

from celery import bootsteps
from celery.worker import state
from celery.worker.request import Request

from workers.events import FLUSH_S, TaskEvents
from workers.lean import take_directly
from workers.outcomes import FAILED
from workers.transport import Together

#: Events of Celery's own requests that are sent together, unless events of lean requests are sent before.
EVENTS_TOGETHER: Final = 500
#: Messages that one call takes at most: hints, and others.
MOST_HINTS: Final = 64
MOST_TAKEN: Final = 4


def _sleep_on() -> None:
    """Do nothing; the loop that calls this has been woken."""


class ReportingRequest(Request):  # type: ignore[misc]
    """A request that reports an unreadable page as a failed task."""

    def send_event(self, type: str, **fields: Any) -> None:
        """Send an event of this task, unless this kind is switched off."""
        result = fields.get("result")
        if result is None or not result.startswith(FAILED):
            super().send_event(type, **fields)
            return
        why = result.removeprefix(FAILED)
        super().send_event("task-failed", exception=why, traceback="", runtime=fields["runtime"])


class HintRequest(ReportingRequest):
    """A request whose message left the broker when it was taken, so there is nothing to acknowledge."""

    acknowledged: bool
    #: Settings that Celery would look up for every message (see celeryconfig.py).
    _tzlocal = UTC
    #: Wakes the consumer, which takes nothing while all slots are taken; set by `LeanConsumer`.
    wake: Callable[[], None] | None = None

    def acknowledge(self) -> None:
        """Notify the consumer of the free slot."""
        if not self.acknowledged:
            self.acknowledged = True
            if HintRequest.wake is not None:
                HintRequest.wake()

    def reject(self, requeue: bool = False) -> None:  # noqa: ARG002  Celery's signature
        """Forget the message: the provider's next due time is the retry."""
        self.acknowledge()


class LeanConsumer(bootsteps.StartStopStep):  # type: ignore[misc]
    """Takes several messages with one call, sends events in bulk, and wakes a sleeping consumer for a hint."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        self._flushing: Any = None
        #: The events of lean requests; they outlive a connection.
        consumer.lean_events = self._events = TaskEvents(consumer.hostname) if consumer.hub is not None else None
        #: Takes a message as the queue holds it, by name of its task; only tasks with a strategy for hints are here.
        consumer.lean_tasks = {}
        super().__init__(consumer, **options)

    def start(self, consumer: Any) -> None:
        """Begin, with each new connection."""
        hub, pool, dispatcher = consumer.hub, consumer.pool, consumer.event_dispatcher
        if hub is None or self._events is None:
            return  # A pool without an event loop takes and sends by itself.

        def wake() -> None:
            # The request that ended is no longer in the set.
            if len(state.reserved_requests) >= pool.num_processes - 1:
                hub.call_soon(_sleep_on)

        HintRequest.wake = staticmethod(wake)
        channel = consumer.task_consumer.channel
        if isinstance(channel, Together):
            queues = consumer.task_consumer.queues
            channel.hint_queues = frozenset(queue.name for queue in queues if queue.no_ack)
            channel.may_take = partial(wanted, pool, are_hints=len(channel.hint_queues) == len(queues))
            channel.take_directly = partial(take_directly, consumer.lean_tasks)
        self._events.dispatcher, self._events.is_away = dispatcher, False
        if dispatcher is not None and dispatcher.enabled:
            dispatcher.buffer_limit = EVENTS_TOGETHER
            dispatcher.on_send_buffered = None
            self._flushing = hub.call_repeatedly(FLUSH_S, self._flush, dispatcher)

    def stop(self, consumer: Any) -> None:  # noqa: ARG002  as above
        """End, when the connection does."""
        HintRequest.wake = None
        if self._events is not None:
            self._events.is_away = True
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None

    def shutdown(self, consumer: Any) -> None:
        """Send the last events, after all tasks have ended."""
        self.stop(consumer)
        if self._events is not None and self._events.dispatcher is not None and consumer.connection:
            self._flush(self._events.dispatcher)

    def _flush(self, dispatcher: Any) -> None:
        dispatcher.flush()
        if self._events is not None:
            self._events.flush()


def wanted(pool: Any, *, are_hints: bool) -> int:
    """Return the number of messages that one call may take: never more than there are free slots.

    Hints fill at most half of the free slots, so that other workers get their share of a burst. Messages that need an
    acknowledgement are taken four at a time at most, since kombu records each of them.
    """
    free: int = pool.num_processes - len(state.reserved_requests)
    return max(1, min(free // 2, MOST_HINTS) if are_hints else min(free, MOST_TAKEN))
