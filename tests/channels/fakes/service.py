"""What all fakes of services share: they listen on loopback, keep state, judge shapes, and fail when a test says so."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.contract.fetch_origin import Exchange, Origin
from tracker.alerting.channel import Message


class Fault(Enum):
    """What goes wrong with the next request."""

    #: It is carried out, and the connection ends before the answer.
    LOST_ANSWER = "lost answer"
    #: 429 with `Retry-After: 7`; nothing is carried out.
    SLOW_DOWN = "slow down"
    #: 503; nothing is carried out.
    AWAY = "away"
    #: The service refuses this request for good.
    REFUSED = "refused"
    #: The service does not know our secret.
    WHO = "who are you"


@dataclass
class Shown:
    """One object as people see it in the service: an incident, a thread, a message."""

    key: str
    is_open: bool = True
    #: How often it opened and closed.
    opened: int = 1
    closed: int = 0
    #: What was said in it, oldest first.
    texts: list[str] = field(default_factory=list)


@dataclass
class Asked:
    """One request as a fake reads it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answered:
    """What a fake answers."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Wrong(Exception):
    """Raised by a fake for a request that the service would refuse."""

    def __init__(self, answer: Answered) -> None:
        super().__init__(answer)
        self.answer = answer


class FakeService:
    """A service over HTTP. Subclasses carry requests out in `carry_out`."""

    def __init__(self) -> None:
        self._faults: deque[Fault] = deque()
        self._origin = Origin(self._take)
        #: Every request that reached the service, oldest first.
        self.asked: list[Asked] = []

    def __enter__(self) -> Self:
        self._origin.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._origin.__exit__(*error)

    @property
    def url(self) -> str:
        return self._origin.url("")

    def fail_next(self, *faults: Fault) -> None:
        self._faults.extend(faults)

    def carry_out(self, asked: Asked) -> Answered:
        raise NotImplementedError

    def shown(self) -> list[Shown]:
        """Return the objects that people see, in the order in which they came."""
        raise NotImplementedError

    def settle(self, sent: Message) -> None:
        """Wait until the service shows a message; most do so before they answer."""

    def strings(self) -> list[str]:
        """Return every text that came in."""
        return [text for asked in self.asked if asked.body for text in texts_in(asked.json)]

    def failure(self, fault: Fault) -> Answered:
        """Return how the service words a failure."""
        match fault:
            case Fault.SLOW_DOWN:
                return Answered(429, {"error": "too many requests"}, {"Retry-After": "7"})
            case Fault.WHO:
                return Answered(401, {"error": "unauthorized"})
            case Fault.REFUSED:
                return Answered(400, {"error": "bad request"})
            case _:
                return Answered(503, {"error": "away"})

    def _take(self, exchange: Exchange) -> None:
        fault = self._faults.popleft() if self._faults else None
        request = exchange.request
        parts = urlsplit(request.path)
        asked = Asked(
            request.line.split(" ")[0], parts.path, dict(parse_qsl(parts.query)), request.headers, request.body
        )
        self.asked.append(asked)
        if fault not in (None, Fault.LOST_ANSWER):
            self._answer(exchange, self.failure(fault))
            return
        try:
            answer = self.carry_out(asked)
        except Wrong as wrong:
            answer = wrong.answer
        if fault is Fault.LOST_ANSWER:
            assert answer.status < 300, f"refused: {answer}"
            exchange.hang_up()
            return
        self._answer(exchange, answer)

    @staticmethod
    def _answer(exchange: Exchange, answer: Answered) -> None:
        text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        fields = {name.replace("-", "_"): value for name, value in answer.headers.items()}
        exchange.answer(f"{answer.status} Status", b"" if answer.status == 204 else text.encode(), **fields)


def refuse(condition: object, status: int, body: Any) -> None:
    """Refuse the request if the condition holds."""
    if condition:
        raise Wrong(Answered(status, body))


def texts_in(value: Any) -> list[str]:
    """Return all strings within JSON, those of keys too."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *texts_in(item))]
    return [text for item in value for text in texts_in(item)] if isinstance(value, list) else []


def length(text: str) -> int:
    """Return how long a text is where UTF-16 is counted."""
    return len(text.encode("utf-16-le")) // 2
