"""An origin's access log: what was asked when, over which connection. All figures about requests come from it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

#: As nginx spells it; the times are seconds with three decimals.
FORMAT: Final = (
    "$msec $request_time $request_uri $status $bytes_sent $request_length $connection $connection_requests "
    "$ssl_session_reused"
)
_FIELDS: Final = len(FORMAT.split())
#: A log is read in pieces: ten minutes of a large fleet are a hundred megabytes.
_READ_BYTES: Final = 1 << 20
_RESUMED: Final = "r"
_NO_TLS: Final = "-"


class Request(NamedTuple):
    """One request and its answer."""

    #: When its first byte came, in seconds since the epoch.
    at: float
    page: str
    #: The last part of its path.
    document: str
    status: int
    sent_bytes: int
    received_bytes: int
    #: Whether a connection was made for it.
    connected: bool
    #: Whether that began with a TLS handshake, and whether the handshake resumed a session (RFC 8446, section 2.2).
    shook_hands: bool
    resumed: bool


class AccessLog:
    """A log that a server is still writing, buffered by up to a second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_bytes = 0

    def new(self) -> Iterator[Request]:
        """Yield the requests whose lines came since the last call. Take all of them: they do not come again."""
        return (request for piece in self._pieces() for request in parsed(piece.decode()))

    def skip(self) -> None:
        """Pass over what came since the last call."""
        for _ in self._pieces():
            pass

    def _pieces(self) -> Iterator[bytes]:
        """Yield whole lines, some ten thousand at a time."""
        if not self._path.exists():
            return
        with self._path.open("rb") as stream:
            stream.seek(self._read_bytes)
            while lines := stream.readlines(_READ_BYTES):
                whole = [line for line in lines if line.endswith(b"\n")]
                self._read_bytes += sum(map(len, whole))
                yield b"".join(whole)
                if len(whole) < len(lines):
                    return


def parsed(text: str) -> Iterator[Request]:
    """Return the requests for pages in the lines of a log; other requests are the benchmark's own."""
    for line in text.splitlines():
        fields = line.split(" ")
        parts = fields[2].split("/") if len(fields) == _FIELDS else []
        if len(parts) < 3 or not parts[1].startswith("p"):
            continue
        ended, took, _, status, sent, received, _, nth, reused = fields
        connected = nth == "1"
        yield Request(
            at=float(ended) - float(took),
            page=sys.intern(parts[1]),
            document=sys.intern(parts[-1]),
            status=int(status),
            sent_bytes=int(sent),
            received_bytes=int(received),
            connected=connected,
            shook_hands=connected and reused != _NO_TLS,
            resumed=connected and reused == _RESUMED,
        )
