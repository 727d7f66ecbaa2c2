"""Options that all clients of one process share: user agent, certificates, proxies, and how they connect."""

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tracker.environment.proxies import DIRECTLY, Proxies
from tracker.fetch.adapter import GuardedAdapter, tls_context
from tracker.fetch.dial import Dialer, NewSocket, Resolve
from tracker.model.clock import utc_now


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """The options of fetchers, posters and mailers; limits of time and size are each client's own (`FetchLimits`)."""

    user_agent: str
    #: Certificates to trust: for pages in place of those that browsers trust, for receivers together with them.
    ca_file: str | None = None
    #: The proxies for requests.
    proxies: Proxies = DIRECTLY
    resolve: Resolve = socket.getaddrinfo
    new_socket: NewSocket = socket.socket
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = utc_now

    def headers(self, accept_encoding: str) -> dict[str, str]:
        """Return the header fields of every request."""
        return {"User-Agent": self.user_agent, "Accept": "*/*", "Accept-Encoding": accept_encoding}

    def page_tls(self) -> ssl.SSLContext:
        """Return the TLS context for pages."""
        return tls_context(self.ca_file)

    def receiver_tls(self) -> ssl.SSLContext:
        """Return the TLS context for receivers: it trusts browsers' authorities and the certificates of the file."""
        return tls_context(None, *(() if self.ca_file is None else (self.ca_file,)))

    def dialer(self, *, allow_private: bool) -> Dialer:
        """Return the dialer of one address policy."""
        return Dialer(resolve=self.resolve, allow_private=allow_private, new_socket=self.new_socket)

    def adapters(self, context: ssl.SSLContext, *, hosts: int, connections_per_host: int) -> dict[bool, GuardedAdapter]:
        """Return the transport of requests for each `allow_private`.

        A connection that was made with `allow_private` is never used for a request without it.
        """
        return {
            allow_private: GuardedAdapter(
                self.dialer(allow_private=allow_private),
                context,
                hosts=hosts,
                connections_per_host=connections_per_host,
                proxies=self.proxies,
                proxy_dialer=self.dialer(allow_private=True),
            )
            for allow_private in (False, True)
        }
