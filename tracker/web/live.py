"""Live events: one reader of the history for each process, and a bounded queue for each client.

Events come from the history, whose order is the record's: a client that reconnects continues right after its last
event, and misses or repeats none. Each event is encoded once for all clients. A client that reads too slowly is
dropped; it comes back with the id of its last event.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from tracker.history import FeedFilter, FeedItem
from tracker.model.event import encode_event
from tracker.model.plain import inert_json

#: Bytes that may wait for a client that reads too slowly, beside one chunk of any size.
MOST_WAITING: Final = 1 << 20
#: Silence after which a client gets a comment, so that proxies keep the connection.
HEARTBEAT_S: Final = 15.0
HEARTBEAT: Final = b": still here\n\n"
#: The pause before a browser reconnects, in milliseconds.
HELLO: Final = b"retry: 2000\n\n"
#: Says that the id which a client gave is no longer on record: the client may have missed events.
RESET: Final = b"event: reset\ndata: {}\n\n"
#: Events that one reading of the history brings at most.
BATCH: Final = 500


class Chunk(msgspec.Struct, frozen=True):
    """A chunk of events that every client is sent together."""

    items: tuple[FeedItem, ...]
    #: One for each item; empty for a chunk without items, which is sent whole.
    encoded: tuple[bytes, ...]
    whole: bytes


class Live:
    """Hands events on to clients. Belongs to one event loop."""

    def __init__(self) -> None:
        self._clients: set[Client] = set()
        self._is_closed = False
        self._published = asyncio.Condition()
        #: Place in the history of the last event that was handed on.
        self.last_seq = 0
        #: The number of clients that were dropped because they read too slowly.
        self.dropped = 0

    @property
    def clients(self) -> int:
        """Return the number of clients that listen."""
        return len(self._clients)

    @property
    def is_closed(self) -> bool:
        """Return whether the hub is closing."""
        return self._is_closed

    async def publish(self, items: Sequence[FeedItem]) -> None:
        """Hand events on, in the history's order."""
        if items:
            encoded = tuple(map(encode_item, items))
            self._hand_on(Chunk(tuple(items), encoded, b"".join(encoded)))
            self.last_seq = items[-1].seq
        async with self._published:
            self._published.notify_all()

    def publish_states(self, states: Sequence[bytes]) -> None:
        """Hand on the present state of pages, each as JSON; such an event has no id and is not sent again."""
        if states:
            self._hand_on(Chunk((), (), b"".join(b"event: state\ndata: " + state + b"\n\n" for state in states)))

    async def wait(self, seconds: float) -> None:
        """Wait until something is handed on or the hub closes, at most this long."""
        if self._is_closed:
            return
        try:
            async with asyncio.timeout(seconds), self._published:
                await self._published.wait()
        except TimeoutError:
            return

    @contextmanager
    def listening(self, wanted: FeedFilter) -> "Iterator[Client]":
        """Begin to queue chunks for a client."""
        client = Client(wanted)
        self._clients.add(client)
        try:
            yield client
        finally:
            self._clients.discard(client)

    async def close(self) -> None:
        """End all streams."""
        self._is_closed = True
        for client in list(self._clients):
            client.end()
        async with self._published:
            self._published.notify_all()

    def _hand_on(self, chunk: Chunk) -> None:
        for client in list(self._clients):
            if not client.offer(chunk):
                self._clients.discard(client)
                self.dropped += 1


class Client:
    """A client that listens, with its queue."""

    def __init__(self, wanted: FeedFilter) -> None:
        self.wanted = wanted
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._waiting = 0

    def offer(self, chunk: Chunk) -> bool:
        """Queue a chunk's events that the client wants; return False if too much waits already: the client ends."""
        data = self._wanted_of(chunk)
        if not data:
            return True
        if self._waiting and self._waiting + len(data) > MOST_WAITING:
            self.end()
            return False
        self._queue.put_nowait(data)
        self._waiting += len(data)
        return True

    async def take(self) -> bytes | None:
        """Return the next message, a heartbeat after a silence, None at the end."""
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                first = await self._queue.get()
        except TimeoutError:
            return HEARTBEAT
        if first is not None:
            self._waiting -= len(first)
        return first

    def end(self) -> None:
        """End the stream at once: queued events are forgotten, and a client that comes back requests them again."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    def _wanted_of(self, chunk: Chunk) -> bytes:
        if not chunk.items or not is_narrow(self.wanted):
            return chunk.whole
        pairs = zip(chunk.items, chunk.encoded, strict=True)
        return b"".join(encoded for item, encoded in pairs if is_wanted(self.wanted, item))


def encode_item(item: FeedItem) -> bytes:
    """Return an event as it is sent (WHATWG HTML, server-sent events)."""
    return b"id: %s\nevent: update\ndata: %s\n\n" % (item.stream_id.encode(), inert_json(encode_event(item.event)))


def is_narrow(wanted: FeedFilter) -> bool:
    """Return whether a filter leaves anything out."""
    return wanted != FeedFilter()


def is_wanted(wanted: FeedFilter, item: FeedItem) -> bool:
    """Return whether an event passes a filter by provider, kind and impact; the history checks the other conditions."""
    event = item.event
    return (
        (wanted.providers is None or event.provider in wanted.providers)
        and (not wanted.kinds or event.event in wanted.kinds)
        and (not wanted.impacts or event.impact in wanted.impacts)
    )
