"""The simulated vendor as an HTTP server in a thread of its own."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from tracker.simulator.conversation import Conversation, Manners
from tracker.simulator.misbehaviour import Misbehaviour
from tracker.simulator.request_counter import Counts
from tracker.simulator.routes import Routes
from tracker.simulator.sites import LiveSite, RecordedSite
from tracker.simulator.vendor import Page

#: Connections that may wait to be accepted: a thousand clients may come at once.
_BACKLOG = 1024
#: The address for clients on this machine, if the server listens on any address.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - no socket is bound by this table


class SimulatedVendor:
    """Serves pages under `/<page id>`, and a single page at the root as well."""

    def __init__(
        self,
        pages: Iterable[Page | RecordedSite],
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        latency_s: float = 0.0,
        cache_control: str | None = None,
    ) -> None:
        """Prepare a server; it listens from `start` on. Port 0 takes a free one, and keeps it when started again."""
        self._host = host
        self._port = port
        self._routes = Routes()
        self._manners = Manners(latency_s=latency_s, cache_control=cache_control)
        self._conversations: set[asyncio.Task[None]] = set()
        self._close: Callable[[], None] | None = None
        for page in pages:
            self.add(page)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop."""
        self.stop()

    def start(self) -> None:
        """Listen; clients may connect as soon as this returns. Raises OSError when the port is not available."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self._port), family=family, backlog=_BACKLOG)
        listener.setblocking(False)
        self._port = listener.getsockname()[1]
        loop, stopping = asyncio.new_event_loop(), asyncio.Event()
        thread = threading.Thread(
            target=self._run, args=(listener, loop, stopping), name="simulated-vendor", daemon=True
        )
        thread.start()

        def close() -> None:
            loop.call_soon_threadsafe(stopping.set)
            thread.join()

        self._close = close

    def stop(self) -> None:
        """Close the port and all connections; a second call does nothing."""
        close, self._close = self._close, None
        if close:
            close()

    def add(self, page: Page | RecordedSite) -> None:
        """Serve another page. Raises ValueError when its id is taken."""
        self._routes.add(LiveSite(page) if isinstance(page, Page) else page)

    def url(self, page_id: str | None = None) -> str:
        """Return the address of a page; without an id, the address of the root."""
        host = _LOOPBACK.get(self._host, self._host)
        root = f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"
        return root if page_id is None else f"{root}/{page_id}"

    def misbehave(
        self, page_id: str, misbehaviour: Misbehaviour, *, times: int | None = 1, path: str | None = None
    ) -> None:
        """Let a page misbehave for the next requests (None: until `behave`), for one path or for any."""
        self._routes.stand(page_id).script.add(misbehaviour, times, path)

    def behave(self, page_id: str) -> None:
        """Let a page behave again."""
        self._routes.stand(page_id).script.clear()

    def counts(self, page_id: str) -> Counts:
        """Return the requests and answers of a page."""
        return self._routes.stand(page_id).requests.counts()

    def wait_for(self, page_id: str, reached: Callable[[Counts], bool], timeout_s: float = 10.0) -> Counts:
        """Wait until a page's counts fulfil a condition, and return them. Raises TimeoutError."""
        return self._routes.stand(page_id).requests.wait_for(reached, timeout_s)

    def _run(self, listener: socket.socket, loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
        with listener, asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._serve_until(stopping, listener))

    async def _serve_until(self, stopping: asyncio.Event, listener: socket.socket) -> None:
        # Not asyncio.start_server: up to Python 3.11 it leaks a connection that comes while it closes.
        loop = asyncio.get_running_loop()
        loop.add_reader(listener, self._accept, listener)
        await stopping.wait()
        loop.remove_reader(listener)
        await asyncio.sleep(0)  # a task that is cancelled before its first step would not close its socket
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the client may be gone again
            client, _ = listener.accept()
            conversation = asyncio.create_task(self._converse(client))
            self._conversations.add(conversation)
            conversation.add_done_callback(self._conversations.discard)

    async def _converse(self, client: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=client)
        try:
            await Conversation(reader, writer, self._routes, self._manners).run()
        finally:
            writer.transport.abort()
