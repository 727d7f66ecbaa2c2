"""Counts the bytes that the fetches of one poll receive."""

import threading

from tracker.errors import FetchError
from tracker.polling.fetcher import Asked, Fetched, Fetcher, FetchRequest, NotModified


class TrafficMeter:
    """A `Fetcher` that counts the bytes of its answers, for each thread apart: one poll is made by one thread."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._poll = _Poll()

    def start(self, asked: Asked | None = None) -> None:
        """Forget the bytes of this thread's last poll.

        The first request for the URL that was `asked` in this poll is not made again: its end is known.
        """
        self._poll.sizes = {}
        self._poll.asked = asked

    def fetch(self, request: FetchRequest) -> Fetched | NotModified:
        """Return the answer. Raises FetchError."""
        answer = self._known(request) or self._fetcher.fetch(request)
        if isinstance(answer, Fetched):
            self._poll.sizes[request.url] = self._poll.sizes.get(request.url, 0) + answer.received_bytes
        return answer

    @property
    def received_bytes(self) -> int:
        """Return the bytes of bodies since the start."""
        return sum(self._poll.sizes.values())

    def received_from(self, url: str) -> int | None:
        """Return the bytes of this URL's bodies; None if it sent no body."""
        return self._poll.sizes.get(url)

    def _known(self, request: FetchRequest) -> Fetched | NotModified | None:
        asked = self._poll.asked
        if asked is None or asked.url != request.url:
            return None
        self._poll.asked = None
        if isinstance(asked.ended, FetchError):
            raise asked.ended
        return asked.ended


class _Poll(threading.local):
    """The received bytes by URL of one thread's poll, and its repeated request."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
        self.asked: Asked | None = None
