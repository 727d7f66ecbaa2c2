"""The transport of requests: pools of guarded connections, one TLS context, and proxies."""

import ssl
from functools import cache, partial
from typing import Any, Final

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, PoolManager, ProxyManager
from urllib3.util.ssl_ import create_urllib3_context

from tracker.environment.proxies import Proxies, Proxy
from tracker.fetch.connection import PlainConnection, TlsConnection
from tracker.fetch.dial import Dialer
from tracker.fetch.urls import Target, target

_CONNECTIONS: Final = {"http": PlainConnection, "https": TlsConnection}


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
    """The transport of requests with guarded connections and one TLS context for all of them.

    A proxy has its own dialer: the operator names it, so it may have a private address.
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

    # These methods run for every request; the originals would repeat much work for the same few URLs.

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

        requests would search them for cookies and for a redirect, and read the redirect's whole body, however large.
        """
        response = Response()
        response.raw = resp
        response.request = req
        response.status_code = resp.status
        return response


def tls_context(*ca_files: str | None) -> ssl.SSLContext:
    """Return a context that trusts the certificates in these files; None stands for those that browsers trust."""
    return _browsers_context() if ca_files == (None,) else _context(ca_files)


@cache
def _browsers_context() -> ssl.SSLContext:
    # Fetcher, lane, poster and mailer of a process share it: the bundle stays as it is, and takes 20 ms to read.
    return _context((None,))


def _context(ca_files: tuple[str | None, ...]) -> ssl.SSLContext:
    context = create_urllib3_context()
    for ca_file in ca_files:
        context.load_verify_locations(ca_file or DEFAULT_CA_BUNDLE_PATH)
    return context
