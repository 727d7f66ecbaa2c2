"""A receiver of webhooks on loopback that does what a test tells it, and checks signatures with code of its own."""

import base64
import hashlib
import hmac
import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from tests.contract.fetch_origin import Exchange, Origin
from tests.patience import PATIENCE_S

#: 32 bytes, as `openssl rand -base64 32` makes them.
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()

Behaviour = Callable[[Exchange], None]


def accept(exchange: Exchange) -> None:
    exchange.answer("204 No Content")


def answers(status: str, body: bytes = b"", **headers: str) -> Behaviour:
    """Return the behaviour of one that answers so; underscores in header names stand for dashes."""
    return lambda exchange: exchange.answer(status, body, **headers)


def close(exchange: Exchange) -> None:
    """Read the request and hang up."""
    exchange.hang_up()


def stall(exchange: Exchange) -> None:
    """Read the request and say nothing until the test ends."""
    exchange.dawdle()
    exchange.hang_up()


@dataclass
class Delivery:
    """One request as it came in."""

    headers: dict[str, str]
    body: bytes
    was_accepted: bool

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def is_signed_with(self, secret: str) -> bool:
        """Tell whether one of the signatures is right, as the specification says it is checked."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = b".".join([self.id.encode(), self.headers["webhook-timestamp"].encode(), self.body])
        right = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return right in self.headers.get("webhook-signature", "").split(" ")


class Receiver:
    """Does with the next requests what the test says, one after the other, and accepts all after that."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self._script = deque(behaviours)
        self._pending = threading.Condition()
        self.origin = Origin(self._take)
        #: Every request, oldest first, whatever was answered.
        self.deliveries: list[Delivery] = []

    def __enter__(self) -> Self:
        self.origin.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.origin.__exit__(*error)

    @property
    def url(self) -> str:
        return self.origin.url("/hook?token=hunter2")

    @property
    def accepted(self) -> list[Delivery]:
        return [delivery for delivery in list(self.deliveries) if delivery.was_accepted]

    @property
    def accepted_ids(self) -> list[str]:
        """Return the ids of the events that it accepted."""
        return [delivery.event["id"] for delivery in self.accepted]

    def then(self, *behaviours: Behaviour) -> None:
        """Do this with the next requests."""
        with self._pending:
            self._script.extend(behaviours)

    def wait_for(self, reached: Callable[["Receiver"], Any]) -> None:
        """Return as soon as `reached` is true."""
        with self._pending:
            assert self._pending.wait_for(lambda: reached(self), PATIENCE_S), f"not reached: {self.deliveries}"

    def _take(self, exchange: Exchange) -> None:
        request = exchange.request
        with self._pending:
            behaviour = self._script.popleft() if self._script else accept
            self.deliveries.append(Delivery(request.headers, request.body, was_accepted=behaviour is accept))
            self._pending.notify_all()
        behaviour(exchange)
