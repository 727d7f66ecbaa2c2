"""Serves the app: the socket, the signals, and an end that does not wait for clients of streams."""

import errno
import logging
import socket
from typing import Final

import uvicorn
from fastapi import FastAPI

from tracker.errors import ConfigError
from tracker.web.live import Live

log = logging.getLogger("tracker")

#: Ports that are tried one after the other.
_TRIED: Final = 20
_BACKLOG: Final = 2048
#: After this long without reading, in milliseconds, the kernel ends a client's connection.
_TAKES_NOTHING_MS: Final = 30_000
#: How long running requests may continue at the end, in seconds.
GRACE_S: Final = 2


def listen(host: str, port: int, *, is_searching: bool) -> socket.socket:
    """Return a socket that listens, if wanted on the next free port. Raises ConfigError."""
    for number in range(port, min(port + (_TRIED if is_searching and port else 1), 1 << 16)):
        try:
            return _bound(host, number)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise ConfigError(f"cannot listen on {host}:{number}: {error.strerror or error}") from error
    raise ConfigError(f"port {port} of {host} is taken; stop what listens there, or choose another address")


def run(app: FastAPI, live: Live, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM; streams of events end at once then, and their clients come back later."""
    Server(config_of(app), live).run(sockets=[listening])


def config_of(app: FastAPI) -> uvicorn.Config:
    """Return the options with which the app is served."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the app decides which proxies to trust
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=20,
        ws="none",
    )


class Server(uvicorn.Server):
    """A server that ends its streams before it waits for its responses."""

    def __init__(self, config: uvicorn.Config, live: Live) -> None:
        super().__init__(config)
        self._live = live

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then the server."""
        await self._live.close()
        await super().shutdown(sockets)


def _bound(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; connections take it over
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _TAKES_NOTHING_MS)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    listening.set_inheritable(False)
    return listening
