"""An origin server on raw loopback sockets that answers whatever bytes a test scripts.

Each connection has a thread; each request on it is handed to the script. Nothing here sleeps: a script that wants to
be slow waits for the end of the test with `Exchange.dawdle`.
"""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self


@dataclass
class Request:
    """One request as it came in."""

    line: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.line.split(" ")[1]


@dataclass
class Exchange:
    """One request and the socket that its answer goes to."""

    request: Request
    sock: socket.socket
    ending: threading.Event
    #: Which connection of the origin this is, from 1.
    connection: int = 0
    is_over: bool = False

    def send(self, *parts: bytes) -> None:
        self.sock.sendall(b"".join(parts))

    def answer(self, status: str = "200 OK", body: bytes = b"", **headers: str) -> None:
        """Send a framed answer; underscores in header names stand for dashes."""
        fields = {"Content_Length": str(len(body))} | headers
        lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
        self.send("\r\n".join(lines).encode("latin-1"), b"\r\n\r\n", body)

    def drip(self, data: bytes, every_s: float) -> None:
        """Send byte by byte until the data or the test ends."""
        for byte in data:
            self.send(bytes([byte]))
            if self.ending.wait(every_s):
                return

    def dawdle(self) -> None:
        """Do nothing until the test ends."""
        self.ending.wait(30)

    def reset(self) -> None:
        """End the connection with RST instead of FIN, as soon as the script returns."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.is_over = True

    def hang_up(self) -> None:
        """End the connection as soon as the script returns."""
        self.is_over = True


Script = Callable[[Exchange], None]


def sends(*parts: bytes, then: Script = Exchange.hang_up) -> Script:
    """Return a script that sends these bytes as they are, and hangs up unless it is to do something else."""

    def script(exchange: Exchange) -> None:
        exchange.send(*parts)
        then(exchange)

    return script


def redirects(location: str, *cookies: str, status: str = "302 Found") -> Script:
    """Return a script that redirects and sets cookies; `{port}` is the origin's own."""

    def script(exchange: Exchange) -> None:
        target = location.replace("{port}", str(exchange.sock.getsockname()[1]))
        fields = "".join(f"Set-Cookie: {cookie}\r\n" for cookie in cookies)
        head = f"HTTP/1.1 {status}\r\nLocation: {target}\r\n{fields}Content-Length: 0\r\n\r\n"
        exchange.send(head.encode("latin-1"))

    return script


def routed(by_path: Mapping[str, Script], otherwise: Script) -> Script:
    """Return a script that answers some paths in ways of their own, and all others alike."""
    return lambda exchange: by_path.get(exchange.request.path, otherwise)(exchange)


def first(script: Script, then: Script) -> Script:
    """Return a script that answers one request in a way of its own, and all later ones alike."""
    scripts = iter([script])

    def answer(exchange: Exchange) -> None:
        next(scripts, then)(exchange)

    return answer


def serves(exchange: Exchange) -> None:
    """Answer with a body of four bytes."""
    exchange.answer(body=b"news")


def echoes(exchange: Exchange) -> None:
    """Answer with the path that was asked."""
    exchange.answer(body=exchange.request.path.encode())


@dataclass
class Origin:
    """The server. A context manager; leaves no thread and no socket behind."""

    script: Script
    tls: ssl.SSLContext | None = None
    family: socket.AddressFamily = socket.AF_INET
    #: Whether what the client sends first is read at all: TLS tests speak with its hello themselves.
    is_mute: bool = False
    connections: int = 0
    requests: list[Request] = field(default_factory=list)
    _ending: threading.Event = field(default_factory=threading.Event)
    _open: set[socket.socket] = field(default_factory=set)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(
            ("::1" if self.family == socket.AF_INET6 else "127.0.0.1", 0), family=self.family
        )
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            held = list(self._open)
        for sock in held:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def _start(self, run: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=run, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with self._lock:
                self._open.add(sock)
            self._start(self._serve, sock, self.connections)

    def _serve(self, plain: socket.socket, number: int) -> None:
        sock = plain
        # Whatever the client does to the connection is the client's test, not ours.
        with suppress(OSError, ValueError):
            if self.tls:
                sock = self.tls.wrap_socket(plain, server_side=True)
                with self._lock:
                    self._open.add(sock)
            with sock.makefile("rb") as lines:
                while request := (Request("", {}) if self.is_mute else _read(lines)):
                    self.requests.append(request)
                    exchange = Exchange(request, sock, self._ending, number)
                    self.script(exchange)
                    if exchange.is_over or self.is_mute:
                        break
        with self._lock:
            self._open -= {plain, sock}
        sock.close()
        plain.close()


def _read(lines) -> Request | None:
    """Read one request."""
    first = lines.readline()
    if not first:
        return None
    headers = {}
    while (line := lines.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return Request(first.decode("latin-1").strip(), headers, lines.read(int(headers.get("content-length", "0"))))
