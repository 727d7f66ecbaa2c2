"""Publishes fetch tasks by the thousand: messages filled into one that Celery's own publisher made.

`apply_async` builds every message anew, through routes, options, signals and two encoders. All fetch messages of a
process are the same but for ids, argument and expiry; so Celery is asked for one, which is caught where it would be
sent, and the others are copies of it with these fields filled in. Nothing here knows how a message looks beyond the
names of those fields. Signals of publication are not sent.
"""

import os
from binascii import a2b_base64, b2a_base64
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from json.encoder import encode_basestring_ascii
from typing import Any, Final, NamedTuple

from celery import Task
from kombu.exceptions import OperationalError
from kombu.utils.json import dumps, loads

from tracker.store.catalogue import Claim

#: Even a provider with an interval of a second gets this long to be fetched before its message is void.
LEAST_EXPIRY_S: Final = 2.0
#: Stands for a provider's id in the message that Celery makes.
_SAMPLE_ID: Final = "sample-provider"


class _Expiry(NamedTuple):
    """When a message is void, as the worker and as the broker are told it."""

    at: str
    after_ms: str


class _Template(NamedTuple):
    """A message without what is its own, and where it belongs."""

    key: str
    #: The message; %(...)s stands for what is its own.
    text: str
    #: What stands before and after the argument in the body.
    before: bytes
    after: bytes


class FetchPublisher:
    """Publishes one task per claim, all of them at once. One thread may use it."""

    def __init__(self, task: Task) -> None:
        self._task = task
        #: All queues that `queue_of` returns: the one of Celery's route.
        self.queues: tuple[str, ...] = (task.app.amqp.router.route({}, task.name, (_SAMPLE_ID,))["queue"].name,)
        self._templates: dict[str, _Template] = {}

    def queue_of(self, claim: Claim) -> str:  # noqa: ARG002  here fetches could be spread over several queues
        """Return the queue that a claim's task belongs to."""
        return self.queues[0]

    def publish(self, producer: Any, queue: str, claims: Sequence[Claim], now: datetime) -> None:
        """Put the tasks of these claims into a queue with one command. Raises KombuError, OSError."""
        if producer.channel.connection is None:
            # It was closed when another publication through it failed; Celery's own way opens it again, too.
            producer.revive(producer.connection.channel())
        if not producer.supports_batch_publish:
            self._publish_singly(producer, queue, claims)
            return
        template = self._templates.get(queue)
        if template is None:
            template = self._templates[queue] = _template(self._task, producer, queue)
        connection = producer.connection
        try:
            with producer.channel.conn_or_acquire() as client:
                client.lpush(template.key, *_filled(template, claims, now))
        except connection.connection_errors + connection.channel_errors as error:
            raise OperationalError(str(error)) from error

    def _publish_singly(self, producer: Any, queue: str, claims: Sequence[Claim]) -> None:
        """Leave it to Celery: other brokers than Redis, and options of its address, make messages go one by one."""
        for claim in claims:
            self._task.apply_async(
                (claim.provider_id,), producer=producer, queue=queue, expires=max(claim.interval_s, LEAST_EXPIRY_S)
            )

    def by_queue(self, claims: Iterable[Claim]) -> dict[str, list[Claim]]:
        """Return the claims by the queue that they belong to."""
        queues: dict[str, list[Claim]] = defaultdict(list)
        for claim in claims:
            queues[self.queue_of(claim)].append(claim)
        return queues


def _template(task: Task, producer: Any, queue: str) -> _Template:
    """Have Celery make a message, catch it before it is sent, and mark what is its own. Raises KombuError, OSError."""
    with producer.batch() as batch:
        task.apply_async((_SAMPLE_ID,), producer=producer, queue=queue, expires=LEAST_EXPIRY_S)
        ((_, key, raw), _options), *_ = batch.state.session.pipeline.command_stack
        batch.state.abort()
    before, _, after = a2b_base64(loads(raw)["body"]).partition(b'"%b"' % _SAMPLE_ID.encode())
    message = loads(raw.replace("%", "%%"))
    headers, properties = message["headers"], message["properties"]
    message["body"] = "%(body)s"
    headers["id"] = headers["root_id"] = properties["correlation_id"] = "%(id)s"
    headers["argsrepr"] = headers["argsrepr"].replace(_SAMPLE_ID, "%(shown)s")
    headers["expires"] = "%(expires)s"
    properties["expiration"] = "%(expiration)s"
    properties["delivery_tag"] = "%(tag)s"
    return _Template(key, dumps(message), before, after)


def _filled(template: _Template, claims: Sequence[Claim], now: datetime) -> list[str]:
    """Return a message per claim."""
    _, text, before, after = template
    ids = _uuids(2 * len(claims))
    expiries: dict[float, _Expiry] = {}
    messages = []
    for number, claim in enumerate(claims):
        expiry = expiries.get(claim.interval_s)
        if expiry is None:
            expiry = expiries[claim.interval_s] = _expiry(now, claim.interval_s)
        quoted = encode_basestring_ascii(claim.provider_id)
        messages.append(
            text
            % {
                "body": b2a_base64(b"%b%b%b" % (before, quoted.encode(), after), newline=False).decode(),
                "id": ids[2 * number],
                "tag": ids[2 * number + 1],
                "shown": encode_basestring_ascii(claim.provider_id.replace("'", "\\'"))[1:-1],
                "expires": expiry.at,
                "expiration": expiry.after_ms,
            }
        )
    return messages


def _expiry(now: datetime, interval_s: float) -> _Expiry:
    lasts_s = max(interval_s, LEAST_EXPIRY_S)
    return _Expiry((now + timedelta(seconds=lasts_s)).isoformat(), str(int(lasts_s * 1000)))


def _uuids(count: int) -> list[str]:
    """Return random UUIDs (RFC 9562, version 4), asking the system for randomness once."""
    digits = os.urandom(16 * count).hex()
    return [
        f"{digits[i : i + 8]}-{digits[i + 8 : i + 12]}-4{digits[i + 13 : i + 16]}"
        f"-a{digits[i + 17 : i + 20]}-{digits[i + 20 : i + 32]}"
        for i in range(0, 32 * count, 32)
    ]
