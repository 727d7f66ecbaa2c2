"""Connect on an event loop: look up, check every address, connect to exactly those, shake hands."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Final

from tracker.environment.proxies import literal
from tracker.errors import FetchError, FetchTimeout
from tracker.fetch.budget import Budget, no_answer_within
from tracker.fetch.dial import Destination, Dialer, no_connection, none_in_time, share_of
from tracker.fetch.failures import CLIENT_ERRORS, translated
from tracker.fetch.limits import FetchLimits
from tracker.fetch.reader import Unclear
from tracker.fetch.urls import Target

#: Look-ups at a time. One cannot be interrupted, and has a thread for as long as the resolver takes.
LOOK_UPS: Final = 16

_Place = tuple[str, int]


class Connector:
    """Makes connections under one address policy."""

    def __init__(self, dialer: Dialer, context: ssl.SSLContext, limits: FetchLimits, executor: Executor) -> None:
        """Look names up in the threads of the executor, which should be `LOOK_UPS`."""
        self._dialer = dialer
        self._context = context
        self._limits = limits
        self._executor = executor
        self._free = asyncio.Semaphore(LOOK_UPS)
        self._looking: dict[_Place, asyncio.Future[list[Destination]]] = {}

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
        looking = await self._look_up_once((asked.host, asked.port), budget)
        left = asyncio.timeout(budget.cut(self._limits.total_s))
        try:
            async with left:
                # Others may wait for the same.
                return list(await asyncio.shield(looking))
        except TimeoutError:
            if left.expired():
                raise no_answer_within(self._limits.total_s) from None
            raise

    async def _look_up_once(self, place: _Place, budget: Budget) -> "asyncio.Future[list[Destination]]":
        """Return the look-up of a host, which begins when a thread is free. Raises Unclear when none is for long.

        The page has no part in that wait: a slow resolver makes polls late, and fails none.
        """
        if (known := self._looking.get(place)) is not None:
            return known
        loop = asyncio.get_running_loop()
        since_s = loop.time()
        try:
            async with asyncio.timeout(self._limits.total_s):
                await self._free.acquire()
        except TimeoutError:
            raise Unclear(is_lasting=False) from None
        budget.begin_later(loop.time() - since_s)
        if (known := self._looking.get(place)) is not None:
            self._free.release()
            return known
        looking = self._looking[place] = loop.run_in_executor(self._executor, self._dialer.look_up, *place)
        looking.add_done_callback(partial(self._looked_up, place))
        return looking

    def _looked_up(self, place: _Place, looking: "asyncio.Future[list[Destination]]") -> None:
        del self._looking[place]
        self._free.release()
        if not looking.cancelled():
            looking.exception()  # those who asked may be gone

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
