"""One connection of the quick lane: a non-blocking socket on the loop that carries a request and then its answer."""

import select
import socket
import ssl
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from typing import Final, NamedTuple

from tracker.fetch.budget import no_answer_within, no_byte_for
from tracker.fetch.failures import translated
from tracker.fetch.limits import FetchLimits
from tracker.fetch.reader import Reader, Unclear

#: Longer than a TLS record, so that none is ever read in part: no event reports the rest, which OpenSSL holds.
BUFFER_BYTES: Final = 64 * 1024
_NOT_YET: Final = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

#: The end of an exchange: a whole answer (None), or the error in its place.
Ending = Exception | None


class Key(NamedTuple):
    """The destination of a connection; one that was made with `allow_private` is never used without."""

    scheme: str
    host: str
    port: int
    allow_private: bool


class Link:
    """A connection, idle or with one request on its way."""

    __slots__ = (
        *("_buffer", "_descriptor", "_ends_at", "_has_input", "_limits", "_loop", "_quiet_since", "_sock", "_unsent"),
        *("_view", "_waiter", "idle_since", "is_closed", "key", "on_closed", "reader"),
    )

    def __init__(
        self,
        loop: AbstractEventLoop,
        sock: socket.socket,
        key: Key,
        reader: Reader,
        buffer: bytearray,
        limits: FetchLimits,
    ) -> None:
        """Take over a connected socket that does not block. `buffer` may be shared with other links of the loop."""
        self._loop = loop
        self._sock = sock
        self._descriptor = sock.fileno()
        self._buffer = buffer
        self._view = memoryview(buffer)
        self._limits = limits
        self._waiter: Future[Ending] | None = None
        self._unsent = b""
        self._ends_at = self._quiet_since = 0.0
        self._has_input = False
        self.key = key
        self.reader = reader
        self.is_closed = False
        #: Since when no request is on its way (monotonic).
        self.idle_since = 0.0
        #: Called when it closes.
        self.on_closed: Callable[[Link], None] | None = None
        loop.add_reader(self._descriptor, self._readable)

    def ask(self, request: bytes, now_s: float, ends_at: float) -> "Future[Ending]":
        """Send a request; the future's result says how that ended. After any failure the link is closed."""
        waiter: Future[Ending] = self._loop.create_future()
        self._waiter = waiter
        self._quiet_since, self._ends_at = now_s, ends_at
        self._has_input = False
        self.reader.begin()
        try:
            sent = self._sock.send(request)
        except OSError as error:
            self._not_sent(request, error)
        else:
            if sent < len(request):
                self._wait_to_send(request[sent:])
        return waiter

    @property
    def has_something(self) -> bool:
        """Return whether anything has come over an idle connection: its end, or data without a request."""
        poller = select.poll()
        poller.register(self._descriptor, select.POLLIN)
        return bool(poller.poll(0))

    def look(self, now_s: float) -> None:
        """End the exchange if its time is over."""
        if now_s >= self._ends_at:
            self._finish(no_answer_within(self._limits.total_s))
        elif self._has_input:
            self._has_input = False
            self._quiet_since = now_s
        elif now_s - self._quiet_since >= self._limits.read_s:
            self._finish(no_byte_for(self._limits.read_s))

    def close(self) -> None:
        """Close the connection; a fetch that waits for it ends."""
        if self.is_closed:
            return
        self.is_closed = True
        self._loop.remove_reader(self._descriptor)
        if self._unsent:
            self._loop.remove_writer(self._descriptor)
        self._sock.close()
        self.reader.close()
        if self._waiter is not None:
            self._finish(translated(ConnectionAbortedError(), self.key.host))
        if self.on_closed is not None:
            self.on_closed(self)

    def _not_sent(self, data: bytes, error: OSError) -> None:
        if isinstance(error, ssl.SSLWantReadError):
            # The server renegotiates in the middle of a request, as hardly any server still does.
            self._finish(Unclear())
        elif isinstance(error, _NOT_YET):
            self._wait_to_send(data)
        else:
            self._finish(error)

    def _wait_to_send(self, data: bytes) -> None:
        if not self._unsent:
            self._loop.add_writer(self._descriptor, self._writable)
        self._unsent = data

    def _writable(self) -> None:
        try:
            sent = self._sock.send(self._unsent)
        except OSError as error:
            self._not_sent(self._unsent, error)
            return
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self._loop.remove_writer(self._descriptor)

    def _readable(self) -> None:
        try:
            size = self._sock.recv_into(self._buffer)
        except _NOT_YET:
            return
        except OSError as error:
            self._finish(error)
            return
        if self._waiter is None:
            # The server has closed an idle connection, or sends data without a request.
            self.close()
            return
        reader = self.reader
        if not size:
            reader.is_reusable = False
            self._finish(reader.ended())
            return
        self._has_input = True
        reader.feed(self._view[:size])
        if reader.reply.is_whole:
            self._finish(None)
        elif reader.failure is not None:
            self._finish(reader.failure)

    def _finish(self, ending: Ending) -> None:
        """Hand over how the exchange ended. The link stays open only after a complete answer."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(ending)
        if ending is not None or not self.reader.is_reusable or self._unsent:
            self.close()
