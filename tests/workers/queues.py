"""Celery's application on a data server of the tests, and what lies in its queues."""

import base64
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import redis
from celery import Celery
from kombu import pools


@dataclass(frozen=True, slots=True)
class Message:
    """A message that waits in a queue."""

    task: str
    args: Sequence[Any]
    kwargs: dict[str, Any]
    expires: datetime | None
    content_type: str


def waiting(client: "redis.Redis", queue: str) -> list[Message]:
    """Return the messages that wait in a queue, oldest first."""
    return [_message(json.loads(raw)) for raw in reversed(client.lrange(queue, 0, -1))]


@contextmanager
def connected(app: Celery, url: str) -> Iterator[Celery]:
    """Have the application on that data server, without connections from before or after."""
    before = app.conf.broker_url
    _disconnect(app)
    app.conf.broker_url = url
    try:
        yield app
    finally:
        _disconnect(app)
        app.conf.broker_url = before


def _disconnect(app: Celery) -> None:
    pools.reset()
    app._pool = app.amqp._producer_pool = None
    app.__dict__.pop("control", None)  # which keeps connections of its own


def _message(envelope: dict[str, Any]) -> Message:
    headers = envelope["headers"]
    args, kwargs, _ = json.loads(base64.b64decode(envelope["body"]))
    return Message(
        task=headers["task"],
        args=args,
        kwargs=kwargs,
        expires=datetime.fromisoformat(headers["expires"]) if headers["expires"] else None,
        content_type=envelope["content-type"],
    )
