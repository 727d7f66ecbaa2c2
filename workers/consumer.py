"""How a worker takes and answers for messages, where Celery's way costs more than a quiet poll does.

A fetch message is a hint (docs/design.md): losing one is harmless, so nothing is written down when it is taken and
nothing when it is done. Several messages are taken at a time, never more than there are free slots. And what Flower
shows is sent some times a second instead of with every task.
"""

import json
from collections.abc import Callable
from datetime import UTC
from queue import Empty
from time import monotonic
from types import MethodType
from typing import Any, Final

from celery import bootsteps
from celery.worker import state
from celery.worker.request import Request

from workers.outcomes import FAILED

#: Task events are sent so often, or when there are that many. Flower draws once in some seconds.
FLUSH_EVENTS_S: Final = 0.5
EVENTS_TOGETHER: Final = 500
#: Messages that one call takes: enough to spare most calls, and few enough that other workers get some of a burst.
MOST_TAKEN: Final = 4


def _sleep_on() -> None:
    """Do nothing; the loop that calls this has been woken."""


class TellingRequest(Request):  # type: ignore[misc]
    """A request that shows a page that cannot be read as a task that failed."""

    def send_event(self, type: str, **fields: Any) -> None:
        """Send an event of this task, unless those of its kind are not sent."""
        result = fields.get("result")
        if result is None or not result.startswith(FAILED):
            super().send_event(type, **fields)
            return
        why = result.removeprefix(FAILED)
        super().send_event("task-failed", exception=why, traceback="", runtime=fields["runtime"])


class HintRequest(TellingRequest):
    """A request whose message was gone from the broker when it was taken, so that there is none to acknowledge."""

    acknowledged: bool
    #: What Celery would look up in its settings for every message (celeryconfig.py has it).
    _tzlocal = UTC
    #: Wakes the consumer, which takes nothing while all slots are taken; set by `LeanConsumer`.
    wake: Callable[[], None] | None = None

    def acknowledge(self) -> None:
        """Let the consumer know of the free slot."""
        if not self.acknowledged:
            self.acknowledged = True
            if HintRequest.wake is not None:
                HintRequest.wake()

    def reject(self, requeue: bool = False) -> None:  # noqa: ARG002  Celery's signature
        """Forget the message: the provider's next due time is the retry."""
        self.acknowledge()


class LeanConsumer(bootsteps.StartStopStep):  # type: ignore[misc]
    """Sends events in bulk, and has hints wake the consumer only when it sleeps for want of a free slot."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        self._flushing: Any = None
        super().__init__(consumer, **options)

    def start(self, consumer: Any) -> None:
        """Begin, with each new connection."""
        hub, dispatcher = consumer.hub, consumer.event_dispatcher
        if hub is None:
            return  # A pool without an event loop takes and sends by itself.
        slots = consumer.pool.num_processes

        def wake() -> None:
            # The request that is done has left the set already.
            if len(state.reserved_requests) >= slots - 1:
                hub.call_soon(_sleep_on)

        HintRequest.wake = staticmethod(wake)
        take_together(consumer.task_consumer.channel, lambda: slots - len(state.reserved_requests))
        if dispatcher is not None and dispatcher.enabled:
            dispatcher.buffer_limit = EVENTS_TOGETHER
            dispatcher.on_send_buffered = None
            self._flushing = hub.call_repeatedly(FLUSH_EVENTS_S, dispatcher.flush)

    def stop(self, consumer: Any) -> None:  # noqa: ARG002  as above
        """End, when the connection does."""
        HintRequest.wake = None
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None


def take_together(channel: Any, free_slots: Callable[[], int]) -> None:
    """Have a channel take up to four messages with one call, as far as there are free slots; kombu's takes one.

    The two functions stand in for `Channel._brpop_start` and `Channel._brpop_read` of kombu 5.7's Redis transport,
    which calls them when the channel may take messages, and when an answer has come.
    """

    def ask(self: Any, timeout: float | None = None) -> None:
        queues = self._queue_cycle.consume(len(self.active_queues))
        if not queues:
            return
        keys = [self._q_for_pri(queue, priority) for priority in self.priority_steps for queue in queues]
        self._in_poll = self.client.connection
        self._brpop_sent_at = monotonic()
        wait_s = timeout or self.brpop_timeout or 0
        count = max(1, min(free_slots(), MOST_TAKEN))
        self.client.connection.send_command("BLMPOP", wait_s, len(keys), *keys, "RIGHT", "COUNT", count)

    def read(self: Any, **options: Any) -> bool:
        try:
            try:
                answer = self.client.parse_response(self.client.connection, "BLMPOP", **options)
            except self.connection_errors:
                # So that the next look connects anew.
                self.client.connection.disconnect()
                raise
            if not answer:
                raise Empty
            key, messages = answer
            queue = key.decode().rsplit(self.sep, 1)[0]
            self._queue_cycle.rotate(queue)
            for message in messages:
                self.connection._deliver(json.loads(message), queue)  # noqa: SLF001  as kombu does
            return True
        finally:
            self._in_poll = None
            self._flush_brpop_reauth()

    channel._brpop_start = MethodType(ask, channel)  # noqa: SLF001  kombu has no other place for it
    channel._brpop_read = channel.handlers["BRPOP"] = MethodType(read, channel)  # noqa: SLF001  as above
