"""Publishes fetch tasks by the thousand: copies of one message that Celery's own publisher made.

`apply_async` builds every message anew, through routes, options, signals and two encoders. All fetch messages of a
process are equal except for id, argument and expiry. So Celery makes one, which is caught before it is sent, and the
others are copies with these fields filled in. Fields that a worker derives itself, or whose default it assumes, are
left out: 400 bytes of a kilobyte remain. Signals of publication are not sent.
"""

import os
from binascii import a2b_base64, b2a_base64
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from json.encoder import encode_basestring_ascii
from typing import Any, Final, NamedTuple

from celery import Task
from kombu.exceptions import OperationalError
from kombu.utils.json import dumps, loads

from tracker.store.due_queue import Claim

#: The shortest life of a message: a provider with an interval of a second gets this long to be fetched.
LEAST_EXPIRY_S: Final = 2.0
#: The placeholder for a provider's id in Celery's message.
_SAMPLE_ID: Final = "sample-provider"
#: The placeholder for the parts that differ between messages.
_OWN: Final = "<own>"


#: Fields that a worker does not need. Of the headers: it takes arguments, name, results and limits from task and
#: settings, and a task without a root is its own. Of the properties: there are no replies and no priorities.
_SPARED: Final = {
    "headers": {"lang", "root_id", "kwargsrepr", "origin", "ignore_result", "timelimit"},
    "properties": {"correlation_id", "reply_to", "delivery_mode", "expiration"},
}


class _Template(NamedTuple):
    """A message with placeholders, and its queue."""

    key: str
    #: The constant parts before, between and after the message's body, id, expiry, argument as shown, and tag.
    parts: tuple[str, str, str, str, str, str]
    #: The constant parts before and after the argument in the body.
    before: bytes
    after: bytes


class FetchPublisher:
    """Publishes one task per claim, all with one command. One thread may use it."""

    def __init__(self, task: Task) -> None:
        self._task = task
        #: All queues that `queue_of` returns: the one of Celery's route.
        self.queues: tuple[str, ...] = (task.app.amqp.router.route({}, task.name, (_SAMPLE_ID,))["queue"].name,)
        self._templates: dict[str, _Template] = {}

    def queue_of(self, claim: Claim) -> str:  # noqa: ARG002  fetches could be spread over several queues here
        """Return the queue that a claim's task belongs to."""
        return self.queues[0]

    def publish(self, producer: Any, queue: str, claims: Sequence[Claim], now: datetime) -> int | None:
        """Put the tasks of these claims into a queue with one command. Raises KombuError, OSError.

        Return how many messages wait in it then, None if the broker does not say.
        """
        if producer.channel.connection is None:
            # A failed publication closed the channel; Celery's own publisher reopens it, too.
            producer.revive(producer.connection.channel())
        if not producer.supports_batch_publish:
            self._publish_singly(producer, queue, claims)
            return None
        template = self._templates.get(queue)
        if template is None:
            template = self._templates[queue] = _template(self._task, producer, queue)
        connection = producer.connection
        try:
            with producer.channel.conn_or_acquire() as client:
                return int(client.lpush(template.key, *_filled(template, claims, now)))
        except connection.connection_errors + connection.channel_errors as error:
            raise OperationalError(str(error)) from error

    def _publish_singly(self, producer: Any, queue: str, claims: Sequence[Claim]) -> None:
        """Let Celery publish one by one: for brokers other than Redis, and for some options of their addresses."""
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
    """Have Celery make a message, catch it before it is sent, and mark its own fields. Raises KombuError, OSError."""
    with producer.batch() as batch:
        task.apply_async((_SAMPLE_ID,), producer=producer, queue=queue, expires=LEAST_EXPIRY_S)
        ((_, key, raw), _options), *_ = batch.state.session.pipeline.command_stack
        batch.state.abort()
    message = loads(raw)
    arguments, keywords, embedded = loads(a2b_base64(message["body"]))
    body = _compact([arguments, keywords, _set_fields(embedded)]).encode()
    before, _, after = body.partition(b'"%b"' % _SAMPLE_ID.encode())
    headers, properties = (_set_fields(message[name], _SPARED[name]) for name in ("headers", "properties"))
    # In the order in which `_filled` fills them in.
    own = {"id": _OWN, "expires": _OWN, "argsrepr": headers["argsrepr"].replace(_SAMPLE_ID, _OWN)}
    others = {name: value for name, value in headers.items() if name not in own}
    text = _compact(
        {
            "body": _OWN,
            **{name: message[name] for name in ("content-type", "content-encoding")},
            "headers": {**others, **own},
            "properties": {**properties, "delivery_tag": _OWN},
        }
    )
    first, second, third, fourth, fifth, last = text.split(_OWN)
    # The client that sends the messages adds the namespace to the key again.
    key = key.removeprefix(producer.channel.global_keyprefix)
    return _Template(key, (first, second, third, fourth, fifth, last), before, after)


def _set_fields(fields: Mapping[str, Any], spared: Collection[str] = ()) -> dict[str, Any]:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value and name not in spared}


def _compact(value: Any) -> str:
    return str(dumps(value, separators=(",", ":")))


def _filled(template: _Template, claims: Sequence[Claim], now: datetime) -> list[str]:
    """Return a message per claim."""
    _, (first, second, third, fourth, fifth, last), before, after = template
    expiries: dict[float, str] = {}
    messages = []
    for task_id, claim in zip(_uuids(len(claims)), claims, strict=True):
        expiry = expiries.get(claim.interval_s)
        if expiry is None:
            lasts_s = max(claim.interval_s, LEAST_EXPIRY_S)
            expiry = expiries[claim.interval_s] = (now + timedelta(seconds=lasts_s)).isoformat()
        quoted = encode_basestring_ascii(claim.provider_id)
        shown = encode_basestring_ascii(claim.provider_id.replace("'", "\\'"))[1:-1]
        body = b2a_base64(b"%b%b%b" % (before, quoted.encode(), after), newline=False).decode()
        # The tag has to differ between messages, as the id does.
        messages.append(f"{first}{body}{second}{task_id}{third}{expiry}{fourth}{shown}{fifth}{task_id}{last}")
    return messages


def _uuids(count: int) -> list[str]:
    """Return random UUIDs (RFC 9562, version 4), asking the system for randomness once."""
    digits = os.urandom(16 * count).hex()
    return [
        f"{digits[i : i + 8]}-{digits[i + 8 : i + 12]}-4{digits[i + 13 : i + 16]}"
        f"-a{digits[i + 17 : i + 20]}-{digits[i + 20 : i + 32]}"
        for i in range(0, 32 * count, 32)
    ]
