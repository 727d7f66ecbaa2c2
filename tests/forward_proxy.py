"""A forward proxy on loopback: it leads names to local origins and writes down what it was asked."""

import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from tests.contract.fetch_origin import Exchange, Origin


class ForwardProxy:
    """What a proxy does for each request: `script` of an Origin."""

    def __init__(self, origins: Mapping[str, Origin], refuse: Callable[[Exchange], bool] = lambda _: False) -> None:
        """Lead hosts to origins; `refuse` may answer for the proxy itself, and says whether it did."""
        self._origins = origins
        self._refuse = refuse
        self.asked: list[str] = []

    def __call__(self, exchange: Exchange) -> None:
        method, address, _ = exchange.request.line.split(" ")
        self.asked.append(f"{method} {address}")
        if self._refuse(exchange):
            return
        host = address.rpartition(":")[0] if method == "CONNECT" else urlsplit(address).hostname or ""
        origin = self._origins.get(host)
        if origin is None:
            exchange.answer("502 Bad Gateway", b"no such host")
            return
        with socket.create_connection(("127.0.0.1", origin.port)) as behind:
            if method == "CONNECT":
                exchange.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                behind.sendall(_forwarded(exchange))
            _relay(exchange.sock, behind)
        exchange.hang_up()


def _forwarded(exchange: Exchange) -> bytes:
    """Return a request as a proxy hands it on (RFC 9112, section 3.2.1)."""
    parts = urlsplit(exchange.request.path)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    fields = {name: value for name, value in exchange.request.headers.items() if not name.startswith("proxy-")}
    lines = [f"{exchange.request.line.split(' ')[0]} {path} HTTP/1.1", *(f"{n}: {v}" for n, v in fields.items())]
    return "\r\n".join(lines).encode() + b"\r\nConnection: close\r\n\r\n" + exchange.request.body


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until either side has no more."""
    back = threading.Thread(target=_carry, args=(other, one), daemon=True)
    back.start()
    _carry(one, other)
    back.join(10)


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for sock in (source, target):
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
