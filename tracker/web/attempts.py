"""A limit on wrong tokens a minute, from one client and from all together."""

from collections import deque
from datetime import datetime, timedelta
from typing import Final

PER_CLIENT: Final = 10
OF_ALL: Final = 100
WINDOW: Final = timedelta(minutes=1)


class Attempts:
    """The wrong tokens of the last minute, `OF_ALL` at most."""

    def __init__(self) -> None:
        self._failed: deque[tuple[datetime, str]] = deque(maxlen=OF_ALL)

    def pause(self, client: str, now: datetime) -> timedelta:
        """Return the seconds until a client's next attempt; zero if it may try now."""
        since = now - WINDOW
        of_all = [at for at, _ in self._failed if at > since]
        own = [at for at, who in self._failed if who == client and at > since]
        oldest = [times[0] for times, most in ((own, PER_CLIENT), (of_all, OF_ALL)) if len(times) >= most]
        return max((at + WINDOW - now for at in oldest), default=timedelta())

    def failed(self, client: str, now: datetime) -> None:
        """Count a wrong token."""
        self._failed.append((now, client))
