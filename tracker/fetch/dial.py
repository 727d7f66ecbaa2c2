"""Look a name up, check every address that comes back, connect to exactly those.

The check happens at the connect itself and there is no second look-up, so a name server that answers differently the
second time (DNS rebinding) gains nothing. TLS, SNI and the Host header stay on the name.
"""

import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from tracker.errors import AddressRefused, ConnectError, FetchError, FetchTimeout, NameNotResolved
from tracker.fetch.addresses import is_public, may_be_public
from tracker.fetch.budget import CURRENT
from tracker.fetch.failures import in_words

#: The shortest time for one address, unless the total is over: a lost SYN is repeated after 1 s.
_LEAST_S: Final = 1.0


class Resolve(Protocol):
    """A look-up with the arguments, the answer and the errors of `socket.getaddrinfo`."""

    def __call__(self, host: str, port: int, *, type: int) -> Sequence[tuple[Any, ...]]:
        """Return entries of family, type, protocol, canonical name, socket address."""
        ...


#: Makes an unconnected socket of a family, type and protocol.
NewSocket = Callable[[int, int, int], socket.socket]


class Destination(NamedTuple):
    """One resolved address to connect to."""

    family: int
    kind: int
    protocol: int
    address: Any


class Dialer:
    """Connects to names under one address policy."""

    def __init__(self, *, resolve: Resolve, allow_private: bool, new_socket: NewSocket) -> None:
        self._resolve = resolve
        self._allow_private = allow_private
        self._new_socket = new_socket

    def dial(self, host: str, port: int, timeout_s: float) -> socket.socket:
        """Return a connected socket.

        Raises NameNotResolved, AddressRefused, FetchTimeout, ConnectError.
        """
        destinations = self.look_up(host, port)
        ends_at = time.monotonic() + CURRENT.get().cut(timeout_s)
        failure: FetchError | None = None
        while destinations and (left_s := ends_at - time.monotonic()) > 0:
            share_s = share_of(left_s, len(destinations))
            destination = destinations.pop(0)
            try:
                return self._connect(destination, share_s)
            except TimeoutError:
                failure = None
            except OSError as error:
                failure = no_connection(host, port, error)
        CURRENT.get().cut(timeout_s)
        raise failure or none_in_time(host, port, timeout_s)

    def judge(self, host: str) -> None:
        """Refuse a private host behind a proxy, judged by its name without a look-up. Raises AddressRefused."""
        if not self._allow_private and not may_be_public(host):
            raise AddressRefused(f"{host} is not a public address or name, and allow_private is off")

    def look_up(self, host: str, port: int) -> list[Destination]:
        """Return the addresses of a name, each once, in the resolver's order.

        Raises NameNotResolved, AddressRefused, OSError.
        """
        try:
            entries = self._resolve(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise NameNotResolved(f"{host} could not be looked up now (DNS)") from error
            raise NameNotResolved(f"{host} has no address (DNS)") from error
        except UnicodeError as error:
            raise NameNotResolved(f"{host} cannot be a name (DNS)") from error
        destinations = list(
            dict.fromkeys(
                Destination(family, kind, protocol, address) for family, kind, protocol, _, address in entries
            )
        )
        if not destinations:
            raise NameNotResolved(f"{host} has no address (DNS)")
        if not self._allow_private:
            _refuse_inner(host, destinations)
        return destinations

    def open(self, destination: Destination, timeout_s: float) -> socket.socket:
        """Return a socket for such a place, not connected yet. Raises OSError."""
        sock = self._new_socket(destination.family, destination.kind, destination.protocol)
        try:
            # A request is one small packet: Nagle's algorithm could only hold it back.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(timeout_s)
        except BaseException:
            sock.close()
            raise
        return sock

    def _connect(self, destination: Destination, timeout_s: float) -> socket.socket:
        sock = self.open(destination, timeout_s)
        try:
            sock.connect(destination.address)
        except BaseException:
            sock.close()
            raise
        return sock


def share_of(left_s: float, destinations: int) -> float:
    """Return the share of the remaining time for the next of `destinations` addresses.

    Each gets its share, so that a dead IPv6 route does not starve IPv4.
    """
    return min(left_s, max(left_s / destinations, _LEAST_S))


def no_connection(host: str, port: int, error: OSError) -> ConnectError:
    """Return the error for a place that cannot be connected to."""
    return ConnectError(f"no connection to {host}:{port}: {in_words(error) or 'it failed'}")


def none_in_time(host: str, port: int, timeout_s: float) -> FetchTimeout:
    """Return the error for places that do not answer."""
    return FetchTimeout(f"no connection to {host}:{port} within {timeout_s:g} s")


def _refuse_inner(host: str, destinations: list[Destination]) -> None:
    """Refuse a name when any of its addresses is not public: an honest name does not mix, a rebinding one does."""
    for destination in destinations:
        address = str(destination.address[0])
        # The scope of an IPv6 socket address (RFC 4007) means one link of this machine.
        flow_and_scope = destination.address[2:]
        if any(flow_and_scope) or not is_public(address):
            leads = f"{address} is" if address == host else f"{host} leads to {address}, which is"
            raise AddressRefused(f"{leads} not a public address, and allow_private is off")
