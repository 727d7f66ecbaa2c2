"""The quick lane for tests that ask with threads: a loop of its own, and a general fetcher for what the lane leaves."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.contract.fetch_origin import Origin
from tracker.fetch import ClientOptions, QuickLane, RequestsFetcher
from tracker.polling.fetcher import Fetched, FetchRequest, NotModified


class Loopback:
    """A name server that leads every name to loopback."""

    def __init__(self) -> None:
        #: The hosts that were looked up, oldest first.
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, *, type: int) -> list[Any]:
        self.asked.append(host)
        return socket.getaddrinfo("127.0.0.1", port, type=type)


@contextmanager
def full_server(host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Yield the port of a server that accepts no further connection."""
    with socket.create_server((host, port), backlog=0) as full, ExitStack() as waiting:
        for _ in range(4):
            sock = waiting.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        yield full.getsockname()[1]


def ask(origin: Origin, path: str = "/", host: str = "127.0.0.1", **fields: Any) -> FetchRequest:
    """Return a request for a page of an origin."""
    return FetchRequest(url=origin.url(path, host), allow_private=True, **fields)


class LoopThread:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def submit(self, coroutine) -> Future:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def call(self, function, *arguments: Any) -> Any:
        """Call something in the loop's thread."""

        async def called():
            return function(*arguments)

        return self.submit(called()).result(60)

    def seconds(self) -> float:
        """Return how much processor time the loop has taken."""
        return self.call(time.thread_time)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


class LaneAndGeneral:
    """A `Fetcher` that asks the lane first, as the product does; takes the arguments of `RequestsFetcher`."""

    def __init__(self, options: ClientOptions, **bounds: Any) -> None:
        self.general = RequestsFetcher(options, **bounds)
        bounds.pop("connections_per_host", None)
        self._look_ups = ThreadPoolExecutor(8)
        self.thread = LoopThread()
        self.lane = self.thread.call(lambda: QuickLane(options, executor=self._look_ups, **bounds))
        #: URLs that the lane left to the general fetcher.
        self.left: list[str] = []

    def fetch_quickly(self, request: FetchRequest) -> Fetched | NotModified | None:
        """Ask the lane alone."""
        return self.thread.submit(self.lane.fetch(self.lane.ready(request))).result(60)

    def fetch(self, request: FetchRequest) -> Fetched | NotModified:
        outcome = self.fetch_quickly(request)
        if outcome is not None:
            return outcome
        self.left.append(request.url)
        return self.general.fetch(request)

    def close(self) -> None:
        self.thread.call(self.lane.close)
        self.general.close()

    def end(self) -> None:
        self.close()
        self.thread.close()
        self._look_ups.shutdown()


#: What is held to the contract of a `Fetcher`.
KINDS = [pytest.param(RequestsFetcher, id="requests"), pytest.param(LaneAndGeneral, id="lane and general")]


def end(fetcher: RequestsFetcher | LaneAndGeneral) -> None:
    """Close a fetcher for good."""
    if isinstance(fetcher, LaneAndGeneral):
        fetcher.end()
    else:
        fetcher.close()


def asked_twice(fetcher: RequestsFetcher | LaneAndGeneral, address: str) -> int:
    """Return how many pages with that in their URL were asked twice: the lane could not read their first answer."""
    return len({url for url in getattr(fetcher, "left", ()) if address in url})


def connections_for(fetcher: RequestsFetcher | LaneAndGeneral, origin: Origin) -> int:
    """Return how many connections an origin has seen, without those that the lane had to close for that."""
    return origin.connections - asked_twice(fetcher, f":{origin.port}/")
