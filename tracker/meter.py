"""How much the fetches of one poll bring."""

import threading

from tracker.errors import FetchError
from tracker.ports import Answered, Fetched, Fetcher, FetchRequest, NotModified


class Meter:
    """A `Fetcher` that counts what comes through it, for each thread apart: one poll is made by one thread."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._poll = _Poll()

    def start(self) -> None:
        """Forget what this thread's last poll brought."""
        self._poll.sizes = {}

    def fetch(self, request: FetchRequest) -> Fetched | NotModified:
        """Return the answer. Raises FetchError."""
        return self.given(request.url, self._fetcher.fetch(request))

    def given(self, url: str, answered: Answered) -> Fetched | NotModified:
        """Count what a URL has answered, and return it. Raises the error that it is."""
        if isinstance(answered, FetchError):
            raise answered
        if isinstance(answered, Fetched):
            self._poll.sizes[url] = self._poll.sizes.get(url, 0) + answered.received_bytes
        return answered

    @property
    def received_bytes(self) -> int:
        """Return how many bytes of bodies came since the start."""
        return sum(self._poll.sizes.values())

    def received_from(self, url: str) -> int | None:
        """Return how many of them this URL sent; None if it sent no body."""
        return self._poll.sizes.get(url)


class _Poll(threading.local):
    """What one thread's poll brought, by URL."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
