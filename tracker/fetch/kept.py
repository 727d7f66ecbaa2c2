"""The idle connections of the quick lane."""

from heapq import nsmallest
from operator import attrgetter
from typing import Final

from tracker.fetch.link import Key, Link

#: Many servers close idle connections after 60 to 75 s, and some firewalls forget them silently after minutes.
LONGEST_IDLE_S: Final = 120.0
#: The share of connections that is closed when there are too many.
_AT_ONCE: Final = 16


class Kept:
    """Idle connections, of which those that wait longest go first."""

    def __init__(self, most: int) -> None:
        """Keep this many, over all hosts."""
        self._most = most
        self._links: dict[Key, list[Link]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def take(self, key: Key, now_s: float) -> Link | None:
        """Return the connection that was used last, None where there is none."""
        links = self._links.get(key)
        if not links:
            return None
        link = links.pop()
        self._count -= 1
        # What came after the last answer may not have been noticed: a link can be taken in the tick that kept it.
        if now_s - link.idle_since >= LONGEST_IDLE_S or link.has_something:
            # The host's other connections were used before this one: `expire` closes them.
            link.close()
            return None
        return link

    def put(self, link: Link, now_s: float) -> None:
        """Keep a connection until it is taken, too old, one too many or closed by its server."""
        link.idle_since = now_s
        links = self._links.get(link.key)
        if links is None:
            links = self._links[link.key] = []
        link.on_closed = self._drop
        links.append(link)
        self._count += 1
        if self._count > self._most:
            self._make_room()

    def expire(self, now_s: float) -> None:
        """Close those that were idle for too long."""
        for link in self._all():
            if now_s - link.idle_since >= LONGEST_IDLE_S:
                link.close()
        for key in [key for key, links in self._links.items() if not links]:
            del self._links[key]

    def close(self) -> None:
        """Close all."""
        for link in self._all():
            link.close()
        self._links.clear()

    def _all(self) -> list[Link]:
        return [link for links in self._links.values() for link in links]

    def _make_room(self) -> None:
        """Close the connections that were idle longest, several at once: the search takes a while."""
        surplus = self._count - self._most + self._most // _AT_ONCE
        for link in nsmallest(surplus, self._all(), key=attrgetter("idle_since")):
            link.close()

    def _drop(self, link: Link) -> None:
        links = self._links.get(link.key, [])
        if link in links:
            links.remove(link)
            self._count -= 1
