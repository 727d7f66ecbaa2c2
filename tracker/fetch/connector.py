"""Connect on an event loop: look up, check every address, connect to exactly those, shake hands."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import Executor

from tracker.environment.proxies import literal
from tracker.errors import FetchError, FetchTimeout
from tracker.fetch.budget import Budget, no_answer_within
from tracker.fetch.dial import Destination, Dialer, no_connection, none_in_time, share_of
from tracker.fetch.failures import CLIENT_ERRORS, translated
from tracker.fetch.limits import FetchLimits
from tracker.fetch.look_ups import LookUps
from tracker.fetch.urls import Target


class Connector:
    """Makes connections under one address policy."""

    def __init__(self, dialer: Dialer, context: ssl.SSLContext, limits: FetchLimits, executor: Executor) -> None:
        """Look names up in the threads of the executor, which should be `LOOK_UP_THREADS`."""
        self._dialer = dialer
        self._context = context
        self._limits = limits
        self._look_ups = LookUps(dialer, limits, executor)

    async def connected(self, asked: Target, budget: Budget) -> socket.socket:
        """Return a socket that does not block, connected and past its TLS handshake. Raises FetchError."""
        try:
            destinations = await self._look_up(asked, budget)
            sock = await self._dial(asked, destinations, budget)
            return sock if asked.scheme == "http" else await self._shake_hands(sock, asked.host.rstrip("."), budget)
        except CLIENT_ERRORS as error:
            raise translated(error, asked.host) from error

    async def _look_up(self, asked: Target, budget: Budget) -> list[Destination]:
        if literal(asked.host) is not None:
            return self._dialer.look_up(asked.host, asked.port)
        looking = await self._look_ups.begun((asked.host, asked.port), budget)
        left = asyncio.timeout(budget.cut(self._limits.total_s))
        try:
            async with left:
                # Other fetches may wait for the same look-up.
                return list(await asyncio.shield(looking))
        except TimeoutError:
            if left.expired():
                raise no_answer_within(self._limits.total_s) from None
            raise

    async def _dial(self, asked: Target, destinations: list[Destination], budget: Budget) -> socket.socket:
        now = asyncio.get_running_loop().time
        timeout_s = self._limits.connect_s
        ends_at = now() + budget.cut(timeout_s)
        failure: FetchError | None = None
        while destinations and (left_s := ends_at - now()) > 0:
            share_s = share_of(left_s, len(destinations))
            destination = destinations.pop(0)
            try:
                async with asyncio.timeout(share_s):
                    return await self._connect(destination)
            except TimeoutError:
                failure = None
            except OSError as error:
                failure = no_connection(asked.host, asked.port, error)
        budget.cut(timeout_s)
        raise failure or none_in_time(asked.host, asked.port, timeout_s)

    async def _connect(self, destination: Destination) -> socket.socket:
        sock = self._dialer.open(destination, 0.0)
        try:
            try:
                sock.connect(destination.address)
            except BlockingIOError:
                await _writable(sock)
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code:
                    raise OSError(code, os.strerror(code)) from None
        except BaseException:
            sock.close()
            raise
        return sock

    async def _shake_hands(self, plain: socket.socket, host: str, budget: Budget) -> ssl.SSLSocket:
        try:
            limit_s = budget.cut(self._limits.connect_s)
            sock = self._context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        except BaseException:
            plain.close()
            raise
        try:
            async with asyncio.timeout(limit_s):
                await _handshake(sock)
        except TimeoutError:
            sock.close()
            if limit_s < self._limits.connect_s:
                raise no_answer_within(self._limits.total_s) from None
            raise FetchTimeout(f"no TLS handshake with {host} within {self._limits.connect_s:g} s") from None
        except BaseException:
            sock.close()
            raise
        return sock


async def _handshake(sock: ssl.SSLSocket) -> None:
    while True:
        try:
            sock.do_handshake()
        except ssl.SSLWantReadError:
            await _readable(sock)
        except ssl.SSLWantWriteError:
            await _writable(sock)
        else:
            return


async def _readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    await _event(sock, loop.add_reader, loop.remove_reader)


async def _writable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    await _event(sock, loop.add_writer, loop.remove_writer)


async def _event(sock: socket.socket, add: Callable[..., None], remove: Callable[[int], bool]) -> None:
    """Wait for one event of a socket."""
    descriptor = sock.fileno()
    waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    add(descriptor, _wake, waiter)
    try:
        await waiter
    finally:
        remove(descriptor)


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
