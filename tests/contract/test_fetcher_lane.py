"""What is particular to the quick lane: what it leaves to others, what it keeps, how it ends."""

import asyncio
import gc
import gzip
import os
import socket
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contract.both_fetchers import Loopback, ask, full_server
from tests.contract.fetch_origin import Exchange, Origin, first, redirects, sends, serves
from tracker.environment.proxies import Proxies, Proxy
from tracker.errors import ConnectError, FetchTimeout, HttpStatusError, TooLarge
from tracker.fetch import ClientOptions, FetchLimits, QuickLane, look_ups, reader
from tracker.fetch.limits import PAGE_LIMITS
from tracker.polling.fetcher import Fetched, FetchRequest

FAST = FetchLimits(connect_s=0.5, read_s=0.5, total_s=1.0)


class FakeSeconds:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def on_a_lane(
    play: Callable[[QuickLane], Awaitable[Any]],
    limits: FetchLimits = PAGE_LIMITS,
    hosts: int | None = None,
    **options: Any,
) -> Any:
    """Run something with a lane of its own, and return what it returns."""

    async def played() -> Any:
        with ThreadPoolExecutor(4, thread_name_prefix="look-up") as executor:
            shared = ClientOptions(user_agent="tests", **options)
            lane = QuickLane(shared, executor=executor, limits=limits, hosts=hosts)
            try:
                return await play(lane)
            finally:
                lane.close()

    return asyncio.run(played())


async def answer_of(lane: QuickLane, request: FetchRequest) -> Any:
    """Return the answer to a request."""
    return await lane.fetch(lane.ready(request))


async def outcome(lane: QuickLane, request: FetchRequest) -> Any:
    """Return what came of a request: an answer, an error, or None for what is left to others."""
    (answer,) = await asyncio.gather(answer_of(lane, request), return_exceptions=True)
    return answer


def fetch_all(*requests: FetchRequest, **options: Any) -> list[Any]:
    """Ask one after the other on one lane; return what came of each."""

    async def one_by_one(lane: QuickLane) -> list[Any]:
        return [await outcome(lane, request) for request in requests]

    return on_a_lane(one_by_one, **options)


def asked(lane: QuickLane, request: FetchRequest) -> asyncio.Future:
    """Ask for something while others go on."""
    return asyncio.ensure_future(answer_of(lane, request))


def decoders() -> int:
    return sum(thread.name.startswith("decode") for thread in threading.enumerate())


@contextmanager
def deaf_server():
    """Yield the URL of a server that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


# -- what is left to others

LEFT = {
    "a redirect": b"HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    "HTTP/2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    "HTTP/2 by name": b"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/0.9": b"<html>news</html>",
    "an empty line": b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "a line that is no field": b"HTTP/1.1 200 OK\r\ngarbage\r\nContent-Length: 0\r\n\r\n",
    "a zero byte": b"HTTP/1.1 200 OK\r\nX: \0\r\nContent-Length: 0\r\n\r\n",
    "half a line break": b"HTTP/1.1 200 OK\r\nX: 1\rY: 2\r\nContent-Length: 0\r\n\r\n",
    "a folded field": b"HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\nContent-Length: 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an unknown transfer coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "no transfer coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
    "a negative chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n0\r\n\r\n",
    "tiny chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 20_000,
    "interim answers": b"HTTP/1.1 103 E\r\n\r\n" * 50,
    "an interim answer of no known kind": b"HTTP/1.1 199 E\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "many fields": b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(150)) + b"\r\n",
    "one field again and again": b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 8_000 + b"\r\n",
    "a long field": b"HTTP/1.1 200 OK\r\nX: " + b"1" * 40_000,
    "a long reason": b"HTTP/1.1 200 " + b"1" * 40_000,
    "long trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: 1\r\n" * 600_000,
    "long extensions": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    + (b"1;" + b"x" * 9_000 + b"\r\n1\r\n") * 300,
    "a long body": b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n",
    "a long body in chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n" + bytes(1 << 21),
    "many codings": b"HTTP/1.1 200 OK\r\nContent-Encoding: a, b, c, d, e\r\nContent-Length: 0\r\n\r\n",
    "a head that breaks off": b"HTTP/1.1 200 OK\r\nContent-",
    "a body that breaks off": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
    "chunks that break off": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
}


@pytest.mark.parametrize("sent", LEFT.values(), ids=LEFT)
def test_what_is_not_plain_is_left_to_the_general_fetcher_and_not_asked_again(sent):
    with Origin(sends(sent)) as origin:
        assert fetch_all(ask(origin), ask(origin)) == [None, None]

    assert len(origin.requests) == 1


def test_after_an_hour_such_a_page_is_asked_again():
    seconds = FakeSeconds()

    async def fetched(lane):
        assert await answer_of(lane, ask(origin)) is None
        seconds.now_s += 3599
        assert await answer_of(lane, ask(origin)) is None
        seconds.now_s += 2
        return await answer_of(lane, ask(origin))

    with Origin(first(redirects("/new"), then=serves)) as origin:
        assert on_a_lane(fetched, monotonic=seconds).body == b"news"


@pytest.mark.parametrize(
    "headers", [{"X": "1\r\nY: 2"}, {"X": "☃"}, {"X Y": "1"}, {"Content-Length": "1"}, {"transfer-encoding": "chunked"}]
)
def test_fields_that_are_not_plain_are_not_sent(headers):
    with Origin(Exchange.answer) as origin:
        assert fetch_all(ask(origin, headers=headers)) == [None]

    assert origin.connections == 0


def test_what_goes_through_a_proxy_is_not_asked():
    proxies = Proxies(http=Proxy.parse("http://127.0.0.1:9"))
    with Origin(Exchange.answer) as origin:
        assert fetch_all(FetchRequest(url="http://status.example/"), proxies=proxies) == [None]
        assert isinstance(fetch_all(ask(origin), proxies=proxies)[0], Fetched)


def test_bodies_beyond_what_all_may_hold_are_left_and_asked_again_later(monkeypatch):
    monkeypatch.setattr(reader, "MOST_HELD_BYTES", 150_000)
    one_is_left = threading.Event()

    def script(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x" * 80_000)
        one_is_left.wait(10)
        exchange.send(b"x" * 20_000)

    async def fetched(lane):
        requests = [ask(origin, f"/{number}") for number in range(2)]
        asking = [asked(lane, request) for request in requests]
        done, _ = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        first = [task.result() for task in done]
        one_is_left.set()
        return first, await asyncio.gather(*asking), [await answer_of(lane, request) for request in requests]

    with Origin(script) as origin:
        first, together, alone = on_a_lane(fetched)

    assert first == [None]
    assert sum(answer is None for answer in together) == 1
    assert [len(answer.body) for answer in alone] == [100_000] * 2


# -- what is read


@pytest.mark.parametrize("status", [300, 302, 401, 403, 404, 429, 500, 503])
def test_a_refusal_is_read_also_where_its_body_breaks_off(status):
    with Origin(sends(b"HTTP/1.1 %d No\r\nRetry-After: 7\r\nContent-Length: 10\r\n\r\nso" % status)) as origin:
        (answer,) = fetch_all(ask(origin))

    assert (answer.status, answer.retry_after_s) == (status, 7)


# -- connections


@pytest.mark.parametrize(
    "closing",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nnews",
        b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nnews",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnewsHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnews and more",
        b"HTTP/1.1 404 No\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 5_000,
    ],
    ids=["by its word", "HTTP/1.0", "another answer", "more than announced", "a long refusal"],
)
def test_a_connection_that_is_not_clean_is_not_used_again(closing):
    with Origin(lambda exchange: exchange.send(closing)) as origin:
        answers = fetch_all(*(ask(origin, f"/{number}") for number in range(3)))

    assert all(isinstance(answer, HttpStatusError) or answer.body == b"news" for answer in answers)
    assert origin.connections == 3


def test_what_comes_between_two_requests_closes_the_connection():
    goes_on = threading.Event()

    def script(exchange):
        serves(exchange)
        if exchange.connection == 1:
            goes_on.wait(10)
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")

    async def fetched(lane):
        first = await answer_of(lane, ask(origin))
        goes_on.set()
        # The origin's thread of a connection ends with it.
        await asyncio.to_thread(origin._threads[1].join, 10)
        return first, await answer_of(lane, ask(origin))

    with Origin(script) as origin:
        assert [answer.body for answer in on_a_lane(fetched)] == [b"news", b"news"]

    assert origin.connections == 2


def test_what_came_with_an_answer_is_none_to_the_next_request():
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"

    class Exact(socket.socket):
        def recv_into(self, buffer):
            return super().recv_into(buffer, len(answer) + 4)

    async def fetched(lane):
        # In one task, so that the loop does not look at the connection in between.
        return [await answer_of(lane, ask(origin)) for _ in range(3)]

    with Origin(lambda exchange: exchange.send(answer + b"news" + answer + b"evil")) as origin:
        answers = on_a_lane(fetched, new_socket=Exact)

    assert [answer.body for answer in answers] == [b"news"] * 3
    assert origin.connections == 3


def test_a_kept_connection_that_breaks_within_an_answer_is_not_asked_twice():
    with Origin(first(serves, then=sends(b"HTTP/1.1 200 OK\r\n"))) as origin:
        assert fetch_all(ask(origin), ask(origin))[1] is None

    assert len(origin.requests) == 2


def test_a_connection_that_was_idle_for_too_long_is_not_used_again():
    seconds, connections = FakeSeconds(), []

    async def fetched(lane):
        for idle_s in (0, 119, 121):
            seconds.now_s += idle_s
            await answer_of(lane, ask(origin))
            connections.append(origin.connections)

    with Origin(Exchange.answer) as origin:
        on_a_lane(fetched, monotonic=seconds)

    assert connections == [1, 1, 2]


def test_no_more_connections_are_kept_than_allowed():
    async def fetched(lane):
        before = open_files()
        await asyncio.gather(*(answer_of(lane, ask(origin)) for _ in range(100)))
        return open_files() - before

    with Origin(Exchange.answer) as origin:
        # The origin closes its side in this process, too.
        assert on_a_lane(fetched, hosts=16) < 100 + 16 + 5


def test_a_request_is_sent_in_as_many_parts_as_it_takes():
    class Narrow(socket.socket):
        def send(self, data, flags=0):
            return super().send(data[:50], flags)

    request_headers = {"X-Long": "x" * 5_000}
    with Origin(lambda exchange: exchange.answer(body=b"news")) as origin:
        answers = fetch_all(*[ask(origin, headers=request_headers)] * 2, new_socket=Narrow)

    assert [answer.body for answer in answers] == [b"news"] * 2
    assert [request.headers["x-long"] for request in origin.requests] == ["x" * 5_000] * 2
    assert origin.connections == 1


def test_names_are_looked_up_in_a_thread_of_the_executor_and_addresses_are_not():
    looked_up = []

    class Threads(Loopback):
        def __call__(self, host: str, port: int, *, type: int) -> list[Any]:
            looked_up.append((host, threading.current_thread().name.startswith("look-up")))
            return super().__call__(host, port, type=type)

    with Origin(Exchange.answer) as origin:
        named = ask(origin, host="status.example")
        fetch_all(named, named, ask(origin), resolve=Threads())

    assert looked_up == [("status.example", True), ("127.0.0.1", False)]


def test_a_host_that_many_wait_for_is_looked_up_once():
    names = Loopback()

    async def fetched(lane):
        return await asyncio.gather(*(answer_of(lane, ask(origin, host="status.example")) for _ in range(5)))

    with Origin(Exchange.answer) as origin:
        answers = on_a_lane(fetched, resolve=names)

    assert all(isinstance(answer, Fetched) for answer in answers)
    assert names.asked == ["status.example"]


class SlowNames(Loopback):
    """A name server that looks names that begin with `slow` up only when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_answer = threading.Event(), threading.Event()

    def __call__(self, host: str, port: int, *, type: int) -> list[Any]:
        self.begun.set()
        found = super().__call__(host, port, type=type)
        if host.startswith("slow"):
            self.may_answer.wait(10)
        return found


def test_a_resolver_that_is_busy_with_others_is_no_failure_of_a_page(monkeypatch):
    monkeypatch.setattr(look_ups, "LOOK_UPS", 1)
    monkeypatch.setattr(look_ups, "SLOW_LOOK_UPS", 0)
    names = SlowNames()

    async def fetched(lane):
        first = asked(lane, ask(origin, host="slow.example"))
        await asyncio.sleep(0)
        second = await answer_of(lane, ask(origin, host="next.example"))
        names.may_answer.set()
        return second, *await asyncio.gather(first, return_exceptions=True)

    with Origin(Exchange.answer) as origin:
        second, first = on_a_lane(fetched, resolve=names, limits=FAST)

    assert second is None
    assert isinstance(first, FetchTimeout)


def test_names_that_are_not_found_in_time_hold_up_no_others(monkeypatch):
    for name, value in (("LOOK_UPS", 1), ("SLOW_LOOK_UPS", 2), ("SLOW_S", 0.05)):
        monkeypatch.setattr(look_ups, name, value)
    names, slow, healthy = SlowNames(), ("slow-0.example", "slow-1.example"), ("a.example", "b.example", "c.example")

    async def fetched(lane):
        failing = [asked(lane, ask(origin, host=host)) for host in slow]
        found = [await asked(lane, ask(origin, host=host)) for host in healthy]
        failed = await asyncio.gather(*failing, return_exceptions=True)
        names.may_answer.set()
        return found, failed

    with Origin(Exchange.answer) as origin:
        found, failed = on_a_lane(fetched, resolve=names, limits=FAST)

    assert {type(answer) for answer in found} == {Fetched}
    assert [type(error) for error in failed] == [FetchTimeout] * 2
    assert names.asked == [*slow, *healthy]


def test_a_look_up_for_which_the_system_allows_no_thread_takes_no_place_from_later_ones(monkeypatch):
    monkeypatch.setattr(look_ups, "LOOK_UPS", 1)
    started = []

    def start(self):
        started.append(self)
        if len(started) == 1:
            raise RuntimeError("can't start new thread")
        start_thread(self)

    async def fetched(lane):
        monkeypatch.setattr(threading.Thread, "start", start)
        return [await answer_of(lane, ask(origin, host=host)) for host in ("a.example", "b.example")]

    start_thread = threading.Thread.start
    with Origin(Exchange.answer) as origin:
        first, second = on_a_lane(fetched, resolve=Loopback(), limits=FAST)

    assert first is None
    assert isinstance(second, Fetched)


# -- bodies


def test_of_an_answer_nothing_is_left_without_a_look_for_garbage():
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4000\r\n\r\n" + b"news" * 1000
    breaking = b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + b"news" * 1000

    gc.collect()
    gc.disable()
    try:
        for sent in (closing, breaking):
            with Origin(sends(sent)) as origin:
                fetch_all(ask(origin))
        left = [each for each in gc.get_objects() if isinstance(each, reader.Reader | reader.Reply)]
    finally:
        gc.enable()

    assert left == []


@pytest.mark.parametrize(
    ("body", "kind", "threads"),
    [
        (os.urandom(200), Fetched, 0),
        (os.urandom(200_000).hex().encode(), Fetched, 1),
        (bytes(4 << 20), Fetched, 1),
        (bytes(16 << 20), TooLarge, 1),
    ],
    ids=["small", "large", "large when it is decoded", "too large when it is decoded"],
)
def test_a_body_that_is_large_or_may_become_so_is_decoded_in_a_thread(body, kind, threads):
    async def fetched(lane):
        return await outcome(lane, ask(origin)), decoders()

    packed = gzip.compress(body)
    with Origin(lambda exchange: exchange.answer(body=packed, Content_Encoding="gzip")) as origin:
        answer, started = on_a_lane(fetched)

    assert type(answer) is kind
    assert kind is TooLarge or answer.body == body
    assert started == threads


# -- how it ends


def test_many_requests_that_hang_hold_no_thread():
    async def fetched(lane):
        request = FetchRequest(url=url, allow_private=True)
        asking = [asyncio.ensure_future(outcome(lane, request)) for _ in range(500)]
        await asyncio.wait(asking, timeout=0.2)
        return threading.active_count(), await asyncio.gather(*asking)

    with deaf_server() as url:
        before = threading.active_count(), open_files()
        threads, answers = on_a_lane(fetched, limits=FetchLimits(connect_s=5.0, read_s=0.5, total_s=10.0))
        after = threading.active_count(), open_files()

    assert threads <= before[0]
    assert {(type(answer), str(answer)) for answer in answers} == {(FetchTimeout, "no byte came for 0.5 s")}
    assert after <= before


@pytest.mark.parametrize("is_within_the_body", [False, True])
def test_a_fetch_that_is_cancelled_closes_its_connection(is_within_the_body):
    begun = threading.Semaphore(0)
    made: list[socket.socket] = []

    def new_socket(*kind: int) -> socket.socket:
        made.append(socket.socket(*kind))
        return made[-1]

    def script(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x" * 50_000)
        begun.release()
        exchange.dawdle()

    async def fetched(lane):
        asking = [asked(lane, ask(origin)) for _ in range(20)]
        await asyncio.sleep(0)
        for _ in asking if is_within_the_body else ():
            await asyncio.to_thread(begun.acquire)
        for each in asking:
            each.cancel()
        answers = await asyncio.gather(*asking, return_exceptions=True)
        return answers, [each for each in made if each.fileno() >= 0], lane

    with Origin(script) as origin:
        answers, left_open, lane = on_a_lane(fetched, new_socket=new_socket)

    assert {type(answer) for answer in answers} == {asyncio.CancelledError}
    assert left_open == []
    assert lane._held.size == 0


def test_closing_ends_what_is_on_its_way_and_leaves_no_connection():
    hanging = threading.Semaphore(0)

    async def fetched(lane):
        await answer_of(lane, ask(origin, "/kept"))
        asking = [asked(lane, ask(origin, "/hangs")) for _ in range(2)]
        for _ in asking:
            await asyncio.to_thread(hanging.acquire)
        lane.close()
        return await asyncio.gather(*asking, return_exceptions=True)

    def script(exchange):
        if exchange.request.path == "/kept":
            exchange.answer()
        else:
            hanging.release()
            exchange.dawdle()

    with Origin(script) as origin:
        answers = on_a_lane(fetched)

    assert {(type(answer), str(answer)) for answer in answers} == {(ConnectError, "the connection to 127.0.0.1 broke")}
    assert len(origin.requests) == 3


def test_closing_ends_what_is_about_to_connect():
    names = SlowNames()

    async def fetched(lane):
        asking = asyncio.ensure_future(outcome(lane, ask(origin, host="slow.example")))
        await asyncio.to_thread(names.begun.wait)
        lane.close()
        names.may_answer.set()
        return await asking

    with Origin(Exchange.answer) as origin:
        answer = on_a_lane(fetched, resolve=names)

    assert (type(answer), str(answer)) == (ConnectError, "the connection to slow.example broke")
    assert origin.requests == []


def test_an_address_that_does_not_answer_leaves_time_for_the_next():
    def resolve(_host, port, *, type):
        return [socket.getaddrinfo(address, port, type=type)[0] for address in ("127.0.0.2", "127.0.0.1")]

    with Origin(serves) as origin, full_server("127.0.0.2", origin.port):
        named = ask(origin, host="status.example")
        (answer,) = fetch_all(named, resolve=resolve, limits=FetchLimits(connect_s=2.0))

    assert answer.body == b"news"
