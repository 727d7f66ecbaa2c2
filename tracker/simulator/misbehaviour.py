"""The ways in which a page can misbehave, and for how many requests."""

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slow:
    """Answers correctly, after some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Trickle:
    """Answers correctly, one byte at a time."""

    pause_s: float


@dataclass(frozen=True, slots=True)
class Hang:
    """Takes the request and never answers."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Takes the request and closes the connection."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Writes these bytes where an HTTP answer should be, and closes the connection."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Status:
    """Answers with this status and body."""

    code: int
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    #: Seconds or an HTTP date.
    retry_after: int | str | None = None


@dataclass(frozen=True, slots=True)
class Redirect:
    """Sends the client elsewhere."""

    location: str
    code: int = 302


@dataclass(frozen=True, slots=True)
class Stale:
    """Answers with the contents before the last changes, like a cache that fell behind."""

    back: int = 1


Misbehaviour = Slow | Trickle | Hang | Drop | Raw | Status | Redirect | Stale


@dataclass(slots=True)
class _Act:
    misbehaviour: Misbehaviour
    #: None for until further notice.
    times: int | None
    #: None for any path.
    path: str | None


class Script:
    """The misbehaviour of the next requests of one page; safe to change from any thread."""

    def __init__(self) -> None:
        """Begin with good behaviour."""
        self._lock = threading.Lock()
        self._acts: list[_Act] = []

    def add(self, misbehaviour: Misbehaviour, times: int | None, path: str | None) -> None:
        """Append an act, which begins when the acts before it are over."""
        with self._lock:
            self._acts.append(_Act(misbehaviour, times, path))

    def clear(self) -> None:
        """Return to good behaviour."""
        with self._lock:
            self._acts.clear()

    def take(self, path: str) -> Misbehaviour | None:
        """Return the misbehaviour for a request for a path, and count it."""
        with self._lock:
            for act in self._acts:
                if act.path in {None, path}:
                    if act.times is not None:
                        act.times -= 1
                        self._acts = [other for other in self._acts if other.times != 0]
                    return act.misbehaviour
        return None
