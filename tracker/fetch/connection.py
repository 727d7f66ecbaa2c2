"""Connections of urllib3 that the dialer makes, and answers that are read within the budget."""

import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import client
from typing import Any, Final

from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from tracker.errors import BadAnswer, FetchError, FetchTimeout, ProxyFailed
from tracker.fetch.budget import CURRENT, BoundedReader, MeteredSocket
from tracker.fetch.dial import Dialer
from tracker.fetch.failures import WANTS_CREDENTIALS, in_words, translated
from tracker.fetch.framing import check_framing
from tracker.fetch.head import HeadReader

#: Many servers close idle connections after 60 to 75 s, and some firewalls forget them silently after minutes.
_LONGEST_IDLE_S: Final = 120.0
_BODILESS: Final = frozenset({204, 304})
#: Servers send one or two: hints, and signs that they still work on the request.
_MOST_INTERIM: Final = 100
#: The message of http.client when a proxy makes no tunnel.
_TUNNEL_STATUS: Final = re.compile(r"Tunnel connection failed: (\d{3})")


def _is_of_the_page(error: OSError) -> bool:
    """Return whether a handshake failed by an alert of the server."""
    return isinstance(error, ssl.SSLCertVerificationError) or "alert" in str(getattr(error, "reason", "")).lower()


class StaleConnection(Exception):
    """Raised when a kept connection turns out to be closed; the request may be sent again.

    A server may close an idle connection at any moment, also while a request is on its way. A client may then repeat a
    GET by itself (RFC 9112, section 9.3.1).
    """


class _Answer(client.HTTPResponse):
    """An answer that is read within the budget."""

    def __init__(self, sock: Any, debuglevel: int = 0, method: str | None = None, url: str | None = None) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp = self._reader = BoundedReader(MeteredSocket(self.fp.detach(), sock, CURRENT.get()))

    def begin(self) -> None:
        """Read status and headers, and settle how the body ends."""
        head = HeadReader(self._reader)
        self.fp = head  # type: ignore[assignment]  # only its lines are read here
        try:
            self._read_heads()
        finally:
            if self.fp is not None:
                self.fp = self._reader
        if self._reader.has_ended:
            # http.client takes the end of the connection for that of the head.
            raise BadAnswer("the head of the answer is cut short")
        if self.status in _BODILESS:
            # It ends with its headers, even where they announce chunks (RFC 9112, sections 6.1 and 6.3).
            self.chunked = False
        elif self.status < client.OK:
            # No other protocol was requested, and none that follows is understood.
            self.will_close = True
        # http.client reads the rest as an unframed body, and urllib3 reads some of these headers differently.
        check_framing(self.headers.get_all("Transfer-Encoding", []), self.headers.get_all("Content-Length", []))

    def _read_heads(self) -> None:
        """Read the head of the final answer, and those of interim ones before it."""
        super().begin()
        # http.client skips 100 alone, and takes another interim answer (103 Early Hints) for the final one.
        interim = 0
        while self.status < client.OK and self.status != client.SWITCHING_PROTOCOLS:
            interim += 1
            if interim > _MOST_INTERIM:
                raise BadAnswer(f"more than {_MOST_INTERIM} interim answers came, and no final one")
            self.headers = self.msg = None  # type: ignore[assignment]  # as before the first one
            super().begin()


class _Guarded(HTTPConnection):
    """A connection made by the dialer, which notices when it was kept for too long."""

    response_class = _Answer

    def __init__(self, *args: Any, dialer: Dialer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dialer = dialer
        self._answers = 0
        self._used_at = 0.0

    def _new_conn(self) -> Any:
        try:
            return self._connected()
        except FetchError as error:
            if self.proxy is None:
                raise
            raise ProxyFailed(f"the proxy cannot be reached: {error}") from error

    def _connected(self) -> Any:
        self._answers = 0
        timeout_s = float(self.timeout or 0)
        # As in urllib3, only the look-up sees the trailing dot of a fully qualified name.
        sock = self._dialer.dial(self._dns_host, self.port, timeout_s)
        try:
            sock.settimeout(CURRENT.get().cut(timeout_s))
        except FetchTimeout:
            sock.close()
            raise
        return sock

    @property
    def is_connected(self) -> bool:
        """Return whether the connection may be used again."""
        return time.monotonic() - self._used_at < _LONGEST_IDLE_S and super().is_connected

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send the request. Raises StaleConnection."""
        with self._perhaps_stale():
            super().request(*args, **kwargs)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 does
        """Return the answer. Raises StaleConnection."""
        with self._perhaps_stale():
            response = super().getresponse()
        self._answers += 1
        self._used_at = time.monotonic()
        return response

    @contextmanager
    def _perhaps_stale(self) -> Iterator[None]:
        try:
            yield
        except (ConnectionError, ssl.SSLEOFError) as error:
            # A new connection that fails is a failure; only a kept one may have been closed meanwhile.
            if not self._answers:
                raise
            raise StaleConnection from error


class PlainConnection(_Guarded):
    """A guarded connection for http."""


class TlsConnection(_Guarded, HTTPSConnection):
    """A guarded connection for https."""

    def connect(self) -> None:
        """Connect and shake hands. Raises FetchTimeout, ProxyFailed."""
        try:
            super().connect()
        except TimeoutError:
            CURRENT.get().cut(0)
            host = self._tunnel_host or self.host
            through = f" through the proxy {self.host}:{self.port}" if self._tunnel_host else ""
            limit_s = float(self.timeout or 0)
            raise FetchTimeout(f"no TLS handshake with {host}{through} within {limit_s:g} s") from None
        except (ssl.SSLError, ConnectionError) as error:
            if self._tunnel_host is None or _is_of_the_page(error):
                raise
            # Proxies answer CONNECT with 200 and a page of their own, or hang up when the server behind them does.
            raise ProxyFailed(f"{self._refusal}: no TLS came through it: {in_words(error) or 'it broke'}") from error

    def _tunnel(self) -> None:
        """Ask the proxy for a connection to the page. Raises ProxyFailed."""
        refusal = self._refusal
        try:
            super()._tunnel()
        except FetchError as error:
            raise ProxyFailed(f"{refusal}: {error}") from error
        except (OSError, client.HTTPException) as error:
            status = _TUNNEL_STATUS.match(str(error))
            if status is None:
                raise ProxyFailed(f"{refusal}: {in_words(error) or 'its answer breaks HTTP'}") from error
            if int(status[1]) == client.PROXY_AUTHENTICATION_REQUIRED:
                raise ProxyFailed(f"{refusal}: {WANTS_CREDENTIALS}") from None
            raise ProxyFailed(f"{refusal}: it answered {status[1]}") from None

    @property
    def _refusal(self) -> str:
        return f"the proxy {self.host}:{self.port} made no connection to {self._tunnel_host}"

    def _connect_tls_proxy(self, hostname: str, sock: Any) -> Any:
        """Shake hands with a proxy that speaks TLS itself. Raises ProxyFailed."""
        try:
            return super()._connect_tls_proxy(hostname, sock)
        except (OSError, HTTPError) as error:
            raise ProxyFailed(f"the proxy cannot be reached: {translated(error, hostname)}") from error
