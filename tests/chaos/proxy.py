"""A TCP proxy that breaks connections on demand: it stands between every process and the data server."""

import asyncio
import contextlib
import socket
import struct
import threading
from enum import StrEnum


class Fault(StrEnum):
    """What a network does to connections."""

    #: Requests arrive, replies do not; then the connections close.
    DROP_REPLIES = "drop replies"
    #: Nothing moves for a while.
    STALL = "stall"
    #: Every connection is reset.
    RESET = "reset"


class Proxy:
    """Forwards connections from one loopback port to another, in a thread of its own."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._flowing = asyncio.Event()
        self._dropping = False
        self._delay_s = 0.0
        self._started = threading.Event()
        self.port = 0
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()
        self._started.wait()

    def inject(self, fault: Fault, seconds: float) -> None:
        """Break all connections that are open now in that way, and heal after the time."""
        asyncio.run_coroutine_threadsafe(self._inject(fault, seconds), self._loop).result()

    def hold_back(self, delay_s: float) -> None:
        """Be so far away from now on, half of it each way; what is under way keeps its order."""
        self._delay_s = delay_s / 2

    def close(self) -> None:
        """Stop forwarding."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._started.set()
        self._loop.run_forever()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _listen(self) -> None:
        self._flowing.set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, upstream_writer)
        self._pairs.add(pair)
        ways = [
            asyncio.ensure_future(self._forward(reader, upstream_writer, replies=False)),
            asyncio.ensure_future(self._forward(upstream_reader, writer, replies=True)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            self._pairs.discard(pair)
            for end in pair:
                end.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, replies: bool) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        arriving = asyncio.ensure_future(self._arrive(under_way, writer, replies=replies))
        try:
            with contextlib.suppress(OSError):
                while data := await reader.read(65536):
                    under_way.put_nowait((self._loop.time() + self._delay_s, data))
        finally:
            # A request that was sent before the sender closed arrives all the same.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(under_way.join(), 2 * self._delay_s + 0.05)
            arriving.cancel()

    async def _arrive(
        self, under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter, *, replies: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while True:
                due, data = await under_way.get()
                if due > self._loop.time():
                    await asyncio.sleep(due - self._loop.time())
                await self._flowing.wait()
                if not (replies and self._dropping):
                    writer.write(data)
                    await writer.drain()
                under_way.task_done()

    async def _inject(self, fault: Fault, seconds: float) -> None:
        match fault:
            case Fault.DROP_REPLIES:
                self._dropping = True
                await asyncio.sleep(seconds)
                self._abort_all()
                self._dropping = False
            case Fault.STALL:
                self._flowing.clear()
                await asyncio.sleep(seconds)
                self._flowing.set()
            case Fault.RESET:
                self._abort_all()

    def _abort_all(self) -> None:
        for pair in list(self._pairs):
            for end in pair:
                raw: socket.socket | None = end.get_extra_info("socket")
                if raw is not None:
                    with contextlib.suppress(OSError):
                        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.transport.abort()
