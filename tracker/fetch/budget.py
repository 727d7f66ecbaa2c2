"""Time and bytes that one fetch may still use, enforced where a socket waits.

A read timeout bounds one wait, so a peer that sends a byte every few seconds holds a thread for hours. Here every
wait is cut to what is left of the whole, which ends dripped headers, endless headers and dripped bodies alike. No
second thread has to shut down a socket: hence no race with the pool, nothing to start, and a fork changes nothing.

CPython bounds a whole `connect`, `do_handshake`, `send` and `recv` of a socket (plain or TLS) by its timeout, however
many packets it takes (`_PyDeadline` in Modules/socketmodule.c and Modules/_ssl.c): these need no more than a cut
timeout. Only a name look-up cannot be interrupted; it is noticed right after.
"""

import io
import socket
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

from tracker.errors import BadAnswer, FetchTimeout
from tracker.fetch.limits import FetchLimits, too_large

#: Headers, sizes of chunks, trailers. Servers that flush every few words of a large page send a fifth of this; a flood
#: of chunks of one byte would keep the processor busy for seconds before its bytes are too many.
_MOST_LINES: Final = 50_000


class Budget:
    """The remaining time and bytes of one fetch."""

    __slots__ = ("_bytes_left", "_ends_at", "_limits", "_monotonic")

    def __init__(self, limits: FetchLimits, monotonic: Callable[[], float], *, began_at: float | None = None) -> None:
        """Begin now, or count from an earlier moment (monotonic)."""
        self._limits = limits
        self._monotonic = monotonic
        self._ends_at = (monotonic() if began_at is None else began_at) + limits.total_s
        # Headers, chunk framing and skipped answers count too: none of them has a bound of its own in http.client
        # that a hostile peer could not stretch. Honest answers stay far below twice the body.
        self._bytes_left = 2 * limits.max_body_bytes

    @property
    def ends_at(self) -> float:
        """Return when the time is over (monotonic)."""
        return self._ends_at

    def begin_later(self, waited_s: float) -> None:
        """Exclude a wait that the peer did not cause."""
        self._ends_at += waited_s

    def cut(self, timeout_s: float) -> float:
        """Return the timeout, cut to the rest of the total. Raises FetchTimeout when the total is over."""
        left_s = self._ends_at - self._monotonic()
        if left_s <= 0:
            raise no_answer_within(self._limits.total_s)
        return min(timeout_s, left_s)

    def spend(self, received: int) -> None:
        """Count received bytes. Raises TooLarge."""
        self._bytes_left -= received
        if self._bytes_left < 0:
            raise too_large(self._limits.max_body_bytes)


def no_answer_within(total_s: float) -> FetchTimeout:
    """Return the error for a fetch that ran out of time."""
    return FetchTimeout(f"no complete answer within {total_s:g} s")


def no_byte_for(read_s: float) -> FetchTimeout:
    """Return the error for a server that has fallen silent."""
    return FetchTimeout(f"no byte came for {read_s:g} s")


#: The budget of the fetch that runs in this thread. urllib3 has no way to hand it down to a connection.
CURRENT: ContextVar[Budget] = ContextVar("budget")


class MeteredSocket(io.RawIOBase):
    """The reading side of a socket, within the budget."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, budget: Budget) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._budget = budget
        self._timeout_s = sock.gettimeout() or 0.0

    def readable(self) -> bool:
        """Return True, as `io.BufferedReader` requires."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Wait for bytes once. Raises FetchTimeout, TooLarge."""
        self._sock.settimeout(self._budget.cut(self._timeout_s))
        try:
            received: int | None = self._raw.readinto(buffer)
        except TimeoutError:
            self._budget.cut(self._timeout_s)
            raise no_byte_for(self._timeout_s) from None
        self._budget.spend(received or 0)
        return received

    def close(self) -> None:
        """Release the socket, which closes once its connection is closed, too."""
        self._raw.close()
        super().close()


class BoundedReader(io.BufferedReader):
    """A buffered reader that never reads "all there is", and no endless number of lines."""

    _lines_left = _MOST_LINES
    #: Whether the last `readline` found no line, because the peer had closed its side.
    has_ended = False

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read a line. Raises BadAnswer when there were too many."""
        self._lines_left -= 1
        if self._lines_left < 0:
            raise BadAnswer("the answer is cut into too many pieces")
        line = super().readline(size)
        self.has_ended = not line
        return line

    def read(self, size: int | None = -1, /) -> bytes:
        """Read that many bytes. Raises BadAnswer when asked for an endless read."""
        # A chunk of size "-1" becomes `read(-1)` in http.client and in urllib3: all that the peer cares to send.
        if size is None or size < 0:
            raise BadAnswer("the answer has a chunk of negative size")
        return super().read(size)
