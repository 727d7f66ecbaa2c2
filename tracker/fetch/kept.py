"""Connections of the quick lane that wait for the next request."""

from collections import OrderedDict, defaultdict
from typing import Final

from tracker.fetch.link import Key, Link

#: Many servers close idle connections after 60 to 75 s, and some firewalls forget them silently after minutes.
LONGEST_IDLE_S: Final = 120.0


class Kept:
    """Idle connections, of which those that wait longest go first."""

    def __init__(self, most: int) -> None:
        """Keep as many, of all hosts together."""
        self._most = most
        self._links: defaultdict[Key, list[Link]] = defaultdict(list)
        self._order: OrderedDict[Link, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._order)

    def take(self, key: Key, now_s: float) -> Link | None:
        """Return the connection that was used last, None where there is none."""
        if key not in self._links:
            return None
        links = self._links[key]
        link = links.pop()
        if not links:
            del self._links[key]
        del self._order[link]
        link.on_closed = None
        if now_s - link.idle_since >= LONGEST_IDLE_S:
            # So do all others, which were used before.
            link.close()
            return None
        return link

    def put(self, link: Link, now_s: float) -> None:
        """Keep a connection until it is taken, too old, one too many or closed by its server."""
        link.idle_since = now_s
        link.on_closed = self._drop
        self._links[link.key].append(link)
        self._order[link] = None
        if len(self._order) > self._most:
            next(iter(self._order)).close()

    def expire(self, now_s: float) -> None:
        """Close those that were idle for too long."""
        while self._order and now_s - (oldest := next(iter(self._order))).idle_since >= LONGEST_IDLE_S:
            oldest.close()

    def close(self) -> None:
        """Close all."""
        for link in list(self._order):
            link.close()

    def _drop(self, link: Link) -> None:
        link.on_closed = None
        del self._order[link]
        links = self._links[link.key]
        links.remove(link)
        if not links:
            del self._links[link.key]
