"""Counts the requests to a simulated page and its answers, for tests and benchmarks."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The counters of one page at one moment."""

    #: Requests by path, below the page's address.
    requests: Mapping[str, int]
    #: Answers by status; a request that was dropped, left hanging or sent raw bytes has none.
    statuses: Mapping[int, int]
    #: Bytes of bodies as sent, compressed or not.
    body_bytes: int

    @property
    def total(self) -> int:
        """Return the number of requests."""
        return sum(self.requests.values())

    @property
    def ok(self) -> int:
        """Return the number of answers with a fresh body."""
        return self.statuses.get(200, 0)

    @property
    def not_modified(self) -> int:
        """Return the number of answers with status 304."""
        return self.statuses.get(304, 0)


class RequestCounter:
    """Counts for one page; safe to read from any thread."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._changed = threading.Condition()
        self._requests: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._body_bytes = 0

    def asked(self, path: str) -> None:
        """Count a request."""
        with self._changed:
            self._requests[path] += 1
            self._changed.notify_all()

    def answered(self, status: int, body_bytes: int) -> None:
        """Count an answer."""
        with self._changed:
            self._statuses[status] += 1
            self._body_bytes += body_bytes
            self._changed.notify_all()

    def counts(self) -> Counts:
        """Return the counters as they are."""
        with self._changed:
            return self._counts()

    def wait_for(self, reached: Callable[[Counts], bool], timeout_s: float) -> Counts:
        """Return the counters as soon as they fulfil a condition. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: reached(self._counts()), timeout_s):
                raise TimeoutError(f"not reached within {timeout_s} s: {self._counts()}")
            return self._counts()

    def _counts(self) -> Counts:
        return Counts(requests=dict(self._requests), statuses=dict(self._statuses), body_bytes=self._body_bytes)
