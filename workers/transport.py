"""kombu's Redis transport, extended to take several messages with one call, and to know whether anybody listens.

kombu takes one message at a time (BRPOP), and each call costs a worker and the data server more than a quiet poll.
`Channel.may_take` returns the number of messages that are wanted now.
"""

import logging
from collections.abc import Callable
from queue import Empty
from time import monotonic
from typing import Any, Final

import msgspec
from kombu.transport import TRANSPORT_ALIASES, redis, virtual
from kombu.utils.json import dumps

log = logging.getLogger(__name__)


_SHOWN: Final = 200

_decode = msgspec.json.Decoder().decode


class LastAnswer:
    """The data server's last answer to this process's wait for messages, with or without a message."""

    #: In monotonic seconds; before the first answer, the start of the process.
    at_s: float = monotonic()


class Settling(redis.QoS):
    """Counts a message as settled even if its acknowledgement did not reach the data server.

    kombu would count it as unacknowledged for good. With a prefetch count of one, as the printer has, a single such
    message would keep the worker from taking any other. The data server redelivers the message after a while anyway.
    """

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge a message."""
        try:
            super().ack(delivery_tag)
        except BaseException:
            virtual.QoS.ack(self, delivery_tag)
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Refuse a message."""
        try:
            super().reject(delivery_tag, requeue)
        except BaseException:
            virtual.QoS.ack(self, delivery_tag)
            raise


class Together:
    """Replaces kombu 5.7's `_brpop_start`, `_brpop_read`, `_put_fanout` and `_connparams` in both channels.

    kombu calls the first two when a channel may take messages, and when an answer has come; health checks and renewed
    credentials use the same attributes.
    """

    #: Returns the number of messages that one call may take; None leaves taking to kombu, one at a time.
    may_take: Callable[[], int] | None = None
    #: The queues whose messages need no acknowledgement.
    hint_queues: frozenset[str] = frozenset()
    #: Takes a message of these queues that needs neither kombu nor Celery's consumer; returns whether it did.
    take_directly: Callable[[Any], bool] = staticmethod(lambda _: False)
    QoS = Settling
    #: The clients that received the last broadcast (events, remote commands); None before the first.
    heard_by: int | None = None

    def _connparams(self: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Return the parameters of a connection. Raises ConnectionError if another thread has closed the connection.

        kombu expects that error; without it, kombu would look for the parameters in a connection that is gone.
        """
        if self.connection is None or self.connection.client is None:
            raise ConnectionError("the connection was closed meanwhile")
        found: dict[str, Any] = super()._connparams(*arguments, **options)  # type: ignore[misc]
        return found

    def _put_fanout(self: Any, exchange: str, message: Any, routing_key: str, **kwargs: Any) -> None:
        """Publish as kombu does, and keep the number of clients that received it."""
        if kwargs.get("_publish_batch") is not None:
            super()._put_fanout(exchange, message, routing_key, **kwargs)  # type: ignore[misc]
            return
        payload = dumps(message)
        with self.conn_or_acquire() as client:
            self.heard_by = sum(
                client.publish(topic, payload) for topic in self._get_publish_topics(exchange, routing_key)
            )

    def _brpop_start(self: Any, timeout: float | None = None) -> None:
        if self.may_take is None:
            super()._brpop_start(timeout)  # type: ignore[misc]
            return
        queues = self._queue_cycle.consume(len(self.active_queues))
        if not queues:
            return
        prefix = self.global_keyprefix
        keys = [f"{prefix}{self._q_for_pri(queue, step)}" for step in self.priority_steps for queue in queues]
        self._in_poll = self.client.connection
        self._brpop_sent_at = monotonic()
        wait_s = timeout or self.brpop_timeout or 0
        self.client.connection.send_command(
            "BLMPOP", wait_s, len(keys), *keys, "RIGHT", "COUNT", max(1, self.may_take())
        )

    def _brpop_read(self: Any, **options: Any) -> bool:
        LastAnswer.at_s = monotonic()
        if self.may_take is None:
            return bool(super()._brpop_read(**options))  # type: ignore[misc]
        try:
            try:
                answer = self.client.parse_response(self.client.connection, "BLMPOP", **options)
            except self.connection_errors:
                self.client.connection.disconnect()  # so that the next call connects again
                raise
            if not answer:
                raise Empty
            key, messages = answer
            queue = key.decode().removeprefix(self.global_keyprefix).rsplit(self.sep, 1)[0]
            self._queue_cycle.rotate(queue)
            for message in messages:
                self._hand_over(message, queue)
            return True
        finally:
            self._in_poll = None
            self._flush_brpop_reauth()

    def _hand_over(self: Any, message: bytes, queue: str) -> None:
        """Pass a message to its consumer; drop and log an unreadable one, which would end a Celery worker."""
        try:
            payload = _decode(message)
        except msgspec.DecodeError as error:
            log.error("dropped an unreadable message from queue %s (%s): %r", queue, error, message[:_SHOWN])  # noqa: TRY400
            return
        try:
            if queue not in self.hint_queues or not self.take_directly(payload):
                self.connection._deliver(payload, queue)  # noqa: SLF001  as kombu does
        except Exception as error:
            # kombu counts a KeyError among those of a connection.
            if isinstance(error, (*self.connection_errors, self.ResponseError)) and not isinstance(error, KeyError):
                raise
            log.exception("dropped a message that could not be delivered from queue %s: %r", queue, message[:_SHOWN])


class Channel(Together, redis.Channel):  # type: ignore[misc]
    """A channel of one data server."""


class SentinelChannel(Together, redis.SentinelChannel):  # type: ignore[misc]
    """A channel of the data server that sentinels name."""


class Transport(redis.Transport):
    """The transport of redis:// and rediss://."""

    Channel = Channel


class SentinelTransport(redis.SentinelTransport):
    """The transport of sentinel://."""

    Channel = SentinelChannel


def install() -> None:
    """Have kombu use these transports for the schemes of an address.

    The setting `broker_transport` would be enough until a connection first switches to the next of several addresses:
    from then on kombu goes by the scheme alone, as it does when it chooses TLS.
    """
    TRANSPORT_ALIASES["redis"] = TRANSPORT_ALIASES["rediss"] = "workers.transport:Transport"
    TRANSPORT_ALIASES["sentinel"] = "workers.transport:SentinelTransport"
