"""One request and its answer on an easy handle of libcurl.

Nothing here decides what may be asked: a transfer connects to nothing by itself. Where libcurl wants a new connection
it is given the one that our dialer made, or, when there is none at hand, the transfer ends and says that it needs one.
"""

import os
import re
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from http import HTTPStatus
from ipaddress import IPv4Address
from typing import Final
from zlib import crc32

import pycurl

from tracker.errors import BadAnswer, FetchError, FetchTimeout
from tracker.fetch.body import Body, decoded_start
from tracker.fetch.challenge import LOOKED_AT
from tracker.fetch.curl.errors import translated
from tracker.fetch.curl.headers import Headers, values
from tracker.fetch.failures import told
from tracker.fetch.framing import check_framing
from tracker.fetch.limits import FetchLimits, too_large
from tracker.fetch.outcome import DRAINED
from tracker.fetch.urls import Target

#: As many as http.client reads.
_MOST_HEADERS: Final = 100
#: Headers, interim answers, trailers and pieces of the body; see `tracker.fetch.budget`.
_MOST_PIECES: Final = 50_000
#: Where libcurl believes that it connects to: reserved addresses (RFC 1112), which spare it a look-up. Each name has
#: one of its own, for libcurl searches all connections to one address for the right one.
_NOWHERE: Final = int(IPv4Address("240.0.0.0"))
#: What a callback returns to end its transfer; any other number than that of the bytes it was given.
_STOP: Final = -1
_VERSION: Final = re.compile(rb"HTTP/(1\.|2$)")
_STATUS: Final = re.compile(rb"[1-9][0-9]{2}")
_HTTP_1: Final = (pycurl.CURL_HTTP_VERSION_1_0, pycurl.CURL_HTTP_VERSION_1_1)
#: Place of `tcpi_bytes_received` in Linux's `struct tcp_info`.
_RECEIVED_AT: Final = 128


class Transfer:
    """An easy handle and what came over it. Used for one request after another; by one thread at a time."""

    def __init__(self, limits: FetchLimits, ca_file: str) -> None:
        self._limits = limits
        self.curl = pycurl.Curl()
        #: Called by the driver when the transfer has ended.
        self.on_end: Callable[[], None] = _nothing
        self.is_running = False
        #: The driver's; see there.
        self.sockets: dict[int, int] = {}
        self._sock: socket.socket | None = None
        self._set_constants(ca_file)
        self._forget()

    def _set_constants(self, ca_file: str) -> None:
        curl, limits = self.curl, self._limits
        for option, value in (
            (pycurl.NOSIGNAL, 1),
            (pycurl.PROXY, ""),
            # The reserved addresses are no look-ups; libcurl would go through all of them for every request.
            (pycurl.DNS_CACHE_TIMEOUT, 0),
            (pycurl.NETRC, pycurl.NETRC_IGNORED),
            (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.FOLLOWLOCATION, 0),
            (pycurl.PATH_AS_IS, 1),
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS),
            (pycurl.HTTP09_ALLOWED, 0),
            # Ours tells a body that is cut short.
            (pycurl.HTTP_CONTENT_DECODING, 0),
            (pycurl.CAINFO, ca_file),
            # libcurl may have been built with a folder of certificates, which would count as well.
            (pycurl.CAPATH, None),
            (pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
            (pycurl.SSL_VERIFYPEER, 1),
            (pycurl.SSL_VERIFYHOST, 2),
            # What is left of it when the connection is there: the TLS handshake.
            (pycurl.CONNECTTIMEOUT_MS, _milliseconds(limits.connect_s)),
            (pycurl.OPENSOCKETFUNCTION, self._on_open),
            (pycurl.SOCKOPTFUNCTION, self._on_connect),
            (pycurl.HEADERFUNCTION, self._on_line),
            (pycurl.WRITEFUNCTION, self._on_body),
        ):
            curl.setopt(option, value)

    def _forget(self) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.received_bytes = 0
        self.needs_connection = False
        self._failure: FetchError | None = None
        self._ended: tuple[int, str] | None = None
        self._lines: list[bytes] = []
        #: Of a 200.
        self._body: Body | None = None
        #: Of a status that is no news: the beginning of its body.
        self._start = b""
        self._is_fresh = False
        self._came = 0
        self._swept: tuple[float, int, int | None] | None = None

    def take(self, sock: socket.socket) -> None:
        """Take the connection to use next; it is closed with the transfer unless libcurl keeps it."""
        sock.setblocking(False)
        self._sock = sock

    def rest(self) -> None:
        """Hold nothing of the last request any more."""
        self._let_go()
        self._forget()

    def _let_go(self) -> None:
        """Close the connection in hand: libcurl has a duplicate of it, or did not need it."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def prepare(self, asked: Target, fields: Sequence[bytes], timeout_s: float) -> None:
        """Get ready to ask for a page."""
        self._forget()
        # The connection in hand is used even if another one has become free: it would be closed without any use.
        self.curl.setopt(pycurl.FRESH_CONNECT, self._sock is not None)
        self._asked = asked
        url, connect_to = _spelt(asked)
        self.curl.setopt(pycurl.URL, url)
        self.curl.setopt(pycurl.CONNECT_TO, connect_to)
        self.curl.setopt(pycurl.HTTPHEADER, fields)
        # Rounded up, so that nothing is left of the time when this has passed.
        self.curl.setopt(pycurl.TIMEOUT_MS, _milliseconds(timeout_s))

    def end(self, ended: tuple[int, str] | FetchError | None) -> None:
        """Note how it ended: well (None), with an error of libcurl, or with one of ours."""
        if isinstance(ended, FetchError):
            self._failure = self._failure or ended
        else:
            self._ended = ended
        self._let_go()
        self.is_running = False
        self.on_end()

    def failure(self) -> FetchError | None:
        """Return why there is no answer that could be understood; None when there is one."""
        if self.status not in (0, HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
            # A status that is no news is told whatever becomes of its body.
            return None
        if self._failure is not None:
            return self._failure
        if self._ended is None:
            return None if self.status else told(BadAnswer, self._asked.host)
        code, message = self._ended
        host = self._asked.host
        if code == pycurl.E_OPERATION_TIMEDOUT and self._is_shaking_hands():
            return FetchTimeout(f"no TLS handshake with {host} within {self._limits.connect_s:g} s")
        return translated(code, message, self.curl.getinfo(pycurl.OS_ERRNO), host)

    # The answer, as `tracker.fetch.outcome` reads it.

    def body(self) -> bytes:
        """Return the decoded body. Raises BadAnswer."""
        return self._body.finish() if self._body else b""

    def start(self) -> bytes:
        """Return the decoded beginning of the body."""
        return decoded_start(self._start, self.headers)

    def drain(self) -> None:
        """Do nothing: what was to be read was read."""

    # What libcurl calls, in the driver's thread. An exception must not leave these.

    def _on_open(self, _purpose: int, _address: object) -> socket.socket | int:
        sock = self._sock
        if sock is None or sock.fileno() < 0:
            self.needs_connection = True
            return int(pycurl.SOCKET_BAD)
        self._is_fresh = True
        return sock

    def _on_connect(self, fd: int, _purpose: int) -> int:
        self.sockets[fd] = os.fstat(fd).st_ino
        return int(pycurl.SOCKOPT_ALREADY_CONNECTED)

    def _on_line(self, line: bytes) -> int | None:
        self._came += 1
        if self._came > _MOST_PIECES:
            return self._stop(BadAnswer("the answer is cut into too many pieces"))
        if self.status:
            # A trailer.
            return None
        if line not in (b"\r\n", b"\n"):
            if len(self._lines) > _MOST_HEADERS:
                return self._stop(told(BadAnswer, self._asked.host))
            self._lines.append(line)
            return None
        lines, self._lines = self._lines, []
        try:
            self._on_headers(lines)
        except FetchError as error:
            return self._stop(error)
        return None

    def _on_headers(self, lines: list[bytes]) -> None:
        """Take the headers of an answer; pass over those of an interim one. Raises BadAnswer, TooLarge."""
        words = lines[0].split(None, 2) if lines else []
        if len(words) < 2 or not _VERSION.match(words[0]) or not _STATUS.fullmatch(words[1]):  # noqa: PLR2004  both
            raise told(BadAnswer, self._asked.host)
        status = int(words[1])
        if status < HTTPStatus.OK:
            return
        headers = Headers(lines[1:])
        codings, lengths = (values(lines, name) for name in (b"transfer-encoding:", b"content-length:"))
        check_framing(codings, lengths)
        if status == HTTPStatus.OK:
            self._body = Body(headers, self._limits.max_body_bytes)
            if not codings and lengths and int(lengths[0]) > self._limits.max_body_bytes:
                raise too_large(self._limits.max_body_bytes)
        self.headers, self.status = headers, status

    def _on_body(self, data: bytes) -> int | None:
        self._came += 1
        self.received_bytes += len(data)
        if self._body is None:
            self._start += data[: LOOKED_AT - len(self._start)]
            return _STOP if self.received_bytes > DRAINED else None
        if self._came > _MOST_PIECES:
            return self._stop(BadAnswer("the answer is cut into too many pieces"))
        try:
            self._body.feed(data)
        except FetchError as error:
            return self._stop(error)
        return None

    def _stop(self, failure: FetchError) -> int:
        self._failure = failure
        return _STOP

    # What the driver asks now and then.

    def overdue(self, now: float) -> FetchError | None:
        """Return why the transfer is to be ended: silence, or more bytes than any honest answer has."""
        if self._swept is None:
            self._swept = now, self._came, self._received()
            return None
        since, came, received = self._swept
        if received is not None and (self._received() or 0) - received > 2 * self._limits.max_body_bytes:
            return too_large(self._limits.max_body_bytes)
        if came != self._came:
            self._swept = now, self._came, received
        elif now - since >= self._limits.read_s and not self._is_shaking_hands():
            return FetchTimeout(f"no byte came for {self._limits.read_s:g} s")
        return None

    def _is_shaking_hands(self) -> bool:
        return self._is_fresh and self._asked.scheme == "https" and not self.curl.getinfo(pycurl.APPCONNECT_TIME_T)

    def _received(self) -> int | None:
        """Return how many bytes ever came over the connection; None where that is shared or cannot be known."""
        if not hasattr(socket, "TCP_INFO") or self.curl.getinfo(pycurl.INFO_HTTP_VERSION) not in (0, *_HTTP_1):
            return None
        fd = self.curl.getinfo(pycurl.ACTIVESOCKET)
        if fd < 0:
            return None
        with suppress(OSError, struct.error), socket.socket(fileno=socket.dup(fd)) as sock:
            told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
            return int(struct.unpack_from("=Q", told, _RECEIVED_AT)[0])
        return None


def _nothing() -> None:
    pass


def _milliseconds(timeout_s: float) -> int:
    return int(timeout_s * 1000) + 1


@lru_cache(maxsize=4096)
def _spelt(asked: Target) -> tuple[str, list[str]]:
    """Return the URL for libcurl, and where to connect instead of its host (CURLOPT_CONNECT_TO)."""
    url = asked.url
    if asked.host.endswith("."):
        # The trailing dot of a fully qualified name is for the look-up only.
        scheme, _, rest = url.partition("://")
        url = f"{scheme}://{rest[: len(asked.host)].rstrip('.')}{rest[len(asked.host) :]}"
    return url, [f"::{IPv4Address(_NOWHERE | crc32(asked.host.encode()) >> 4)}:"]
