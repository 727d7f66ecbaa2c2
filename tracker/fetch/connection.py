"""What requests and urllib3 are told to do otherwise: how to connect, how long to read, what to share."""

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import client
from typing import Any, Final

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPResponse, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.ssl_ import create_urllib3_context

from tracker.errors import FetchTimeout
from tracker.fetch.budget import CURRENT, BoundedReader, MeteredSocket
from tracker.fetch.dial import Dialer
from tracker.fetch.framing import check_framing
from tracker.fetch.urls import target

#: Many servers close idle connections after 60 to 75 s, and some firewalls forget them silently after minutes.
_LONGEST_IDLE_S: Final = 120.0
_BODILESS: Final = frozenset({204, 304})


class StaleConnection(Exception):
    """Raised when a connection that was kept alive turns out to be closed; the request may be sent again.

    A server may close an idle connection at any moment, also while our request is on its way. A GET is repeated then
    without asking (RFC 9112, section 9.3.1).
    """


class _Answer(client.HTTPResponse):
    """An answer that is read within the budget."""

    def __init__(self, sock: Any, debuglevel: int = 0, method: str | None = None, url: str | None = None) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp = BoundedReader(MeteredSocket(self.fp.detach(), sock, CURRENT.get()))

    def begin(self) -> None:
        """Read status and headers, and settle how the body ends."""
        super().begin()
        if self.status in _BODILESS:
            # It ends with its headers, even where they announce chunks (RFC 9112, sections 6.1 and 6.3).
            self.chunked = False
        elif self.status < client.OK:
            # http.client takes an interim answer (103 Early Hints) for the final one. The final one then stands in
            # the socket and would answer the next request.
            self.will_close = True
        # http.client reads what follows as an unframed body, and urllib3 reads some of these headers differently.
        check_framing(self.headers.get_all("Transfer-Encoding", []), self.headers.get_all("Content-Length", []))


class _Guarded(HTTPConnection):
    """A connection that is made by our dialer and notices when it was kept too long."""

    response_class = _Answer

    def __init__(self, *args: Any, dialer: Dialer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dialer = dialer
        self._answers = 0
        self._used_at = 0.0

    def _new_conn(self) -> Any:
        self._answers = 0
        timeout_s = float(self.timeout or 0)
        # urllib3 keeps the trailing dot of a fully qualified name for the look-up only, and so do we.
        sock = self._dialer.dial(self._dns_host, self.port, timeout_s)
        try:
            sock.settimeout(CURRENT.get().cut(timeout_s))
        except FetchTimeout:
            sock.close()
            raise
        return sock

    @property
    def is_connected(self) -> bool:
        """Tell whether the connection may be used again."""
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
            # A connection that never answered was not kept: its failure is news.
            if not self._answers:
                raise
            raise StaleConnection from error


class _Plain(_Guarded):
    """A guarded connection for http."""


class _Tls(_Guarded, HTTPSConnection):
    """A guarded connection for https."""

    def connect(self) -> None:
        """Connect and shake hands. Raises FetchTimeout."""
        try:
            super().connect()
        except TimeoutError:
            CURRENT.get().cut(0)
            raise FetchTimeout(f"no TLS handshake with {self.host} within {float(self.timeout or 0):g} s") from None


_CONNECTIONS: Final = {"http": _Plain, "https": _Tls}


class _Pools(PoolManager):
    """Pools whose connections are made by one dialer."""

    def __init__(self, dialer: Dialer, num_pools: int, **pool_options: Any) -> None:
        super().__init__(num_pools, **pool_options)
        self._dialer = dialer

    def _new_pool(
        self, scheme: str, host: str, port: int, request_context: dict[str, Any] | None = None
    ) -> HTTPConnectionPool:
        pool = super()._new_pool(scheme, host, port, request_context)
        pool.ConnectionCls = partial(_CONNECTIONS[scheme], dialer=self._dialer)  # type: ignore[assignment]  # a class in all that urllib3 does with it
        return pool


class GuardedAdapter(HTTPAdapter):
    """The transport of requests with our connections and one TLS context for all of them."""

    def __init__(self, dialer: Dialer, context: ssl.SSLContext, *, hosts: int, connections_per_host: int) -> None:
        self._dialer = dialer
        self._context = context
        super().__init__(pool_connections=hosts, pool_maxsize=connections_per_host)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_options: Any) -> None:
        """Make the pools."""
        self.poolmanager = _Pools(
            self._dialer, connections, maxsize=maxsize, block=block, ssl_context=self._context, **pool_options
        )

    # What follows is done for every request, and requests would do much of it again and again for the same few URLs.

    def get_connection_with_tls_context(self, request: PreparedRequest, *_: Any, **__: Any) -> HTTPConnectionPool:
        """Return the pool of the host; never a proxy's."""
        asked = target(request.url or "")
        pool: HTTPConnectionPool = self.poolmanager.connection_from_host(asked.host, asked.port, asked.scheme)
        return pool

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """Leave certificates to the shared context: requests would read the bundle again for every connection."""

    def request_url(self, request: PreparedRequest, *_: Any, **__: Any) -> str:
        """Return what stands in the request line."""
        return target(request.url or "").path

    def build_response(self, req: PreparedRequest, resp: BaseHTTPResponse) -> Response:
        """Wrap the answer, and show requests no header of it.

        It would look for cookies, and for a redirect, whose whole body it would read however large that is.
        """
        response = Response()
        response.raw = resp
        response.request = req
        response.status_code = resp.status
        return response


def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Return a context that trusts the certificates in a file, or else those that browsers trust."""
    context = create_urllib3_context()
    context.load_verify_locations(ca_file or DEFAULT_CA_BUNDLE_PATH)
    return context
