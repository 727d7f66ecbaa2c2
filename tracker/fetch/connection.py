"""Change how requests and urllib3 connect, how long they read, and what their connections share."""

import re
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
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPResponse, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util.ssl_ import create_urllib3_context

from tracker.environment.proxies import Proxies, Proxy
from tracker.errors import BadAnswer, FetchError, FetchTimeout, ProxyFailed
from tracker.fetch.budget import CURRENT, BoundedReader, MeteredSocket
from tracker.fetch.dial import Dialer
from tracker.fetch.failures import WANTS_CREDENTIALS, in_words, translated
from tracker.fetch.framing import check_framing
from tracker.fetch.head import HeadReader
from tracker.fetch.urls import Target, target

#: Many servers close idle connections after 60 to 75 s, and some firewalls forget them silently after minutes.
_LONGEST_IDLE_S: Final = 120.0
_BODILESS: Final = frozenset({204, 304})
#: Servers send one or two: hints, and signs that they are still at it.
_MOST_INTERIM: Final = 100
#: How http.client words it when a proxy makes no tunnel.
_TUNNEL_STATUS: Final = re.compile(r"Tunnel connection failed: (\d{3})")


def _is_of_the_page(error: OSError) -> bool:
    """Return whether a handshake failed by what a server has said in TLS."""
    return isinstance(error, ssl.SSLCertVerificationError) or "alert" in str(getattr(error, "reason", "")).lower()


class StaleConnection(Exception):
    """Raised when a kept connection turns out to be closed; the request may be sent again.

    A server may close an idle connection at any moment, also while our request is on its way. A GET is repeated then
    without asking (RFC 9112, section 9.3.1).
    """


class _Answer(client.HTTPResponse):
    """An answer that is read within the budget."""

    def __init__(self, sock: Any, debuglevel: int = 0, method: str | None = None, url: str | None = None) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp = self._reader = BoundedReader(MeteredSocket(self.fp.detach(), sock, CURRENT.get()))

    def begin(self) -> None:
        """Read status and headers, and settle how the body ends."""
        head = HeadReader(self._reader)
        self.fp = head  # type: ignore[assignment]  # all that is asked of it here are lines
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
            # Nobody asked for another protocol, and what follows is none that we speak.
            self.will_close = True
        # http.client reads what follows as an unframed body, and urllib3 reads some of these headers differently.
        check_framing(self.headers.get_all("Transfer-Encoding", []), self.headers.get_all("Content-Length", []))

    def _read_heads(self) -> None:
        """Read the head of the final answer, and those of interim ones before it."""
        super().begin()
        # http.client passes over 100 alone, and takes another interim answer (103 Early Hints) for the final one.
        interim = 0
        while self.status < client.OK and self.status != client.SWITCHING_PROTOCOLS:
            interim += 1
            if interim > _MOST_INTERIM:
                raise BadAnswer(f"more than {_MOST_INTERIM} interim answers came, and no final one")
            self.headers = self.msg = None  # type: ignore[assignment]  # as before the first one
            super().begin()


class _Guarded(HTTPConnection):
    """A connection made by our dialer, which notices when it was kept for too long."""

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


class _Plain(_Guarded):
    """A guarded connection for http."""


class _Tls(_Guarded, HTTPSConnection):
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
            # Proxies answer CONNECT with 200 and a page of their own, or hang up when what is behind them does.
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


_CONNECTIONS: Final = {"http": _Plain, "https": _Tls}


class _Pools(PoolManager):
    """Pools whose connections are made by one dialer."""

    def __init__(self, dialer: Dialer, num_pools: int, **pool_options: Any) -> None:
        super().__init__(num_pools=num_pools, **pool_options)
        self._dialer = dialer

    def _new_pool(
        self, scheme: str, host: str, port: int, request_context: dict[str, Any] | None = None
    ) -> HTTPConnectionPool:
        pool = super()._new_pool(scheme, host, port, request_context)
        pool.ConnectionCls = partial(_CONNECTIONS[scheme], dialer=self._dialer)  # type: ignore[assignment]  # a class in all that urllib3 does with it
        return pool


class _ProxyPools(_Pools, ProxyManager):
    """Pools whose connections lead to a proxy, or through it to a host."""

    def __init__(self, dialer: Dialer, num_pools: int, proxy: Proxy, context: ssl.SSLContext, **options: Any) -> None:
        headers = {"Proxy-Authorization": proxy.authorization} if proxy.authorization else {}
        super().__init__(
            dialer,
            num_pools,
            proxy_url=proxy.url,
            proxy_headers=headers,
            proxy_ssl_context=context,
            ssl_context=context,
            **options,
        )


class GuardedAdapter(HTTPAdapter):
    """The transport of requests with our connections and one TLS context for all of them.

    A proxy is connected to with a dialer of its own: who runs the tracker names it, and it may have a private address.
    """

    def __init__(
        self,
        dialer: Dialer,
        context: ssl.SSLContext,
        *,
        hosts: int,
        connections_per_host: int,
        proxies: Proxies,
        proxy_dialer: Dialer,
    ) -> None:
        self._dialer = dialer
        self._context = context
        self._proxies = proxies
        self._proxy_dialer = proxy_dialer
        super().__init__(pool_connections=hosts, pool_maxsize=connections_per_host)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_options: Any) -> None:
        """Make the pools."""
        options = {"maxsize": maxsize, "block": block, **pool_options}
        self.poolmanager = _Pools(self._dialer, connections, ssl_context=self._context, **options)
        self.proxy_manager = {
            proxy: _ProxyPools(self._proxy_dialer, connections, proxy, self._context, **options)
            for proxy in (self._proxies.http, self._proxies.https)
            if proxy is not None
        }

    def way_to(self, asked: Target) -> Proxy | None:
        """Return the proxy through which a request goes, None for the direct way."""
        return self._proxies.way_to(asked.scheme, asked.host, asked.port)

    # What follows is done for every request, and requests would do much of it again and again for the same few URLs.

    def get_connection_with_tls_context(self, request: PreparedRequest, *_: Any, **__: Any) -> HTTPConnectionPool:
        """Return the pool of the host, or that of its proxy. Raises AddressRefused."""
        asked = target(request.url or "")
        proxy = self.way_to(asked)
        if proxy is not None:
            self._dialer.judge(asked.host)
        pools = self.poolmanager if proxy is None else self.proxy_manager[proxy]
        pool: HTTPConnectionPool = pools.connection_from_host(asked.host, asked.port, asked.scheme)
        return pool

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """Use the shared TLS context: requests would read the bundle again for every connection."""

    def request_url(self, request: PreparedRequest, *_: Any, **__: Any) -> str:
        """Return the request target: the whole URL where a proxy makes the request (RFC 9112, section 3.2.2)."""
        asked = target(request.url or "")
        return asked.path if asked.scheme == "https" or self.way_to(asked) is None else asked.url

    def build_response(self, req: PreparedRequest, resp: BaseHTTPResponse) -> Response:
        """Wrap the answer, and hide its headers from requests.

        It would look for cookies, and for a redirect, whose whole body it would read however large that is.
        """
        response = Response()
        response.raw = resp
        response.request = req
        response.status_code = resp.status
        return response


def tls_context(*ca_files: str | None) -> ssl.SSLContext:
    """Return a context that trusts the certificates in these files; None stands for those that browsers trust."""
    context = create_urllib3_context()
    for ca_file in ca_files:
        context.load_verify_locations(ca_file or DEFAULT_CA_BUNDLE_PATH)
    return context
