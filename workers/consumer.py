"""How a worker takes and answers for messages, where Celery's way costs more than a quiet poll does.

A fetch message is a hint (docs/design.md): losing one is harmless, so nothing is written down when it is taken and
nothing when it is done. And what Flower shows is sent some times a second instead of with every task.
"""

from collections.abc import Callable
from typing import Any, Final

from celery import bootsteps
from celery.worker import state
from celery.worker.request import Request

#: Task events are sent so often, or when there are that many. Flower draws once in some seconds.
FLUSH_EVENTS_S: Final = 0.5
EVENTS_TOGETHER: Final = 500


def _sleep_on() -> None:
    """Do nothing; the loop that calls this has been woken."""


class HintRequest(Request):  # type: ignore[misc]
    """A request whose message was gone from the broker when it was taken, so that there is none to acknowledge."""

    acknowledged: bool
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
