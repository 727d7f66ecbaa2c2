"""What is particular to the quick lane: what it leaves to others, what it keeps, how it ends."""

import asyncio
import gc
import gzip
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any

import pytest

from tests.contract.fetch_origin import Exchange, Origin
from tracker.environment.proxies import Proxies, Proxy
from tracker.errors import ConnectError, FetchTimeout, HttpStatusError, TooLarge
from tracker.fetch import ClientOptions, FetchLimits, QuickLane, look_ups, reader
from tracker.fetch.limits import PAGE_LIMITS
from tracker.model.provider import Validators
from tracker.polling.fetcher import Fetched, FetchRequest, NotModified

TAGGED = Validators(etag='"1"')
FAST = FetchLimits(connect_s=0.5, read_s=0.5, total_s=1.0)


class FakeSeconds:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@asynccontextmanager
async def lane_of(limits: FetchLimits = PAGE_LIMITS, hosts: int | None = None, **options: Any):
    shared = ClientOptions(user_agent="tests", **options)
    with ThreadPoolExecutor(4, thread_name_prefix="look-up") as executor:
        made = QuickLane(shared, executor=executor, limits=limits, hosts=hosts)
        try:
            yield made
        finally:
            made.close()


def ask(origin: Origin, path: str = "/", **fields: Any) -> FetchRequest:
    return FetchRequest(url=origin.url(path), allow_private=True, **fields)


def fetch_all(*requests: FetchRequest, **options: Any) -> list:
    """Ask one after the other on one lane; return the answers, or the errors."""

    async def fetched():
        async with lane_of(**options) as lane:
            return [await asyncio.gather(lane.fetch(request), return_exceptions=True) for request in requests]

    return [answer for (answer,) in asyncio.run(fetched())]


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
    def script(exchange):
        exchange.send(sent)
        exchange.hang_up()

    with Origin(script) as origin:
        assert fetch_all(ask(origin), ask(origin)) == [None, None]

    assert len(origin.requests) == 1


def test_after_an_hour_such_a_page_is_asked_again():
    seconds = FakeSeconds()

    async def fetched():
        async with lane_of(monotonic=seconds) as lane:
            assert await lane.fetch(ask(origin)) is None
            seconds.now_s += 3599
            assert await lane.fetch(ask(origin)) is None
            seconds.now_s += 2
            return await lane.fetch(ask(origin))

    def script(exchange):
        if len(origin.requests) == 1:
            exchange.answer("302 Found", Location="/new")
        else:
            exchange.answer(body=b"news")

    with Origin(script) as origin:
        assert asyncio.run(fetched()).body == b"news"


@pytest.mark.parametrize(
    "headers",
    [{"X": "1\r\nY: 2"}, {"X": "☃"}, {"X Y": "1"}, {"Content-Length": "1"}, {"transfer-encoding": "chunked"}],
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

    async def fetched():
        async with lane_of() as lane:
            asking = [asyncio.ensure_future(lane.fetch(ask(origin, f"/{number}"))) for number in range(2)]
            done, _ = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
            first = [task.result() for task in done]
            one_is_left.set()
            together = await asyncio.gather(*asking)
            return first, together, [await lane.fetch(ask(origin, f"/{number}")) for number in range(2)]

    with Origin(script) as origin:
        first, together, alone = asyncio.run(fetched())

    assert first == [None]
    assert sum(answer is None for answer in together) == 1
    assert [len(answer.body) for answer in alone] == [100_000] * 2


# -- what is read

READ = {
    "a length": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnews",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nne\r\n2\r\nws\r\n0\r\nT: 1\r\n\r\n",
    "no length": b"HTTP/1.1 203 OK\r\n\r\nnews",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nnews",
    "hints before": b"HTTP/1.1 103 E\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnews",
    "a coding": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 24\r\n\r\n" + gzip.compress(b"news"),
}


@pytest.mark.parametrize("sent", READ.values(), ids=READ)
def test_what_is_plain_is_read(sent):
    def script(exchange):
        exchange.send(sent)
        exchange.hang_up()

    with Origin(script) as origin:
        (answer,) = fetch_all(ask(origin))

    assert answer.body == b"news"


@pytest.mark.parametrize("status", [300, 302, 401, 403, 404, 429, 500, 503])
def test_a_refusal_is_read_also_where_its_body_breaks_off(status):
    def script(exchange):
        exchange.send(b"HTTP/1.1 %d No\r\nRetry-After: 7\r\nContent-Length: 10\r\n\r\nso" % status)
        exchange.hang_up()

    with Origin(script) as origin:
        (answer,) = fetch_all(ask(origin))

    assert (answer.status, answer.retry_after_s) == (status, 7)


def test_tls_is_spoken_and_its_connection_kept(authority):
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "site.pem", authority / "site.key")

    def resolve(_host, port, *, type):
        return socket.getaddrinfo("127.0.0.1", port, type=type)

    with Origin(lambda exchange: exchange.answer(body=b"x" * 100_000), tls=context) as origin:
        named = FetchRequest(url=origin.url(host="status.example"), allow_private=True)
        answers = fetch_all(named, named, named, resolve=resolve, ca_file=str(authority / "ca.pem"))

    assert [len(answer.body) for answer in answers] == [100_000] * 3
    assert origin.connections == 1


# -- connections


def test_a_connection_serves_one_request_after_the_other():
    with Origin(lambda exchange: exchange.answer(body=exchange.request.path.encode())) as origin:
        answers = fetch_all(*(ask(origin, f"/{number}") for number in range(20)))

    assert [answer.body for answer in answers] == [b"/%d" % number for number in range(20)]
    assert origin.connections == 1


def test_each_of_many_requests_at_the_same_time_gets_its_own_answer():
    async def fetched():
        async with lane_of() as lane:
            for _ in range(2):
                yield await asyncio.gather(*(lane.fetch(ask(origin, f"/{number}")) for number in range(60)))

    async def all_of_them():
        return [answers async for answers in fetched()]

    with Origin(lambda exchange: exchange.answer(body=exchange.request.path.encode())) as origin:
        for answers in asyncio.run(all_of_them()):
            assert [answer.body for answer in answers] == [b"/%d" % number for number in range(60)]

    assert origin.connections == 60


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
        exchange.answer(body=b"news")
        if exchange.connection == 1:
            goes_on.wait(10)
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")

    async def fetched():
        async with lane_of() as lane:
            first = await lane.fetch(ask(origin))
            goes_on.set()
            # The origin's thread of a connection ends with it.
            await asyncio.to_thread(origin._threads[1].join, 10)
            return first, await lane.fetch(ask(origin))

    with Origin(script) as origin:
        assert [answer.body for answer in asyncio.run(fetched())] == [b"news", b"news"]

    assert origin.connections == 2


def test_a_kept_connection_that_breaks_within_an_answer_is_not_asked_twice():
    def script(exchange):
        if len(origin.requests) == 1:
            exchange.answer()
        else:
            exchange.send(b"HTTP/1.1 200 OK\r\n")
            exchange.hang_up()

    with Origin(script) as origin:
        assert fetch_all(ask(origin), ask(origin))[1] is None

    assert len(origin.requests) == 2


def test_a_connection_that_was_idle_for_too_long_is_not_used_again():
    seconds = FakeSeconds()

    async def fetched():
        async with lane_of(monotonic=seconds) as lane:
            for idle_s in (0, 119, 121):
                seconds.now_s += idle_s
                await lane.fetch(ask(origin))
                yield origin.connections

    async def connections():
        return [count async for count in fetched()]

    with Origin(Exchange.answer) as origin:
        assert asyncio.run(connections()) == [1, 1, 2]


def test_no_more_connections_are_kept_than_allowed():
    async def fetched():
        async with lane_of(hosts=16) as lane:
            before = open_files()
            await asyncio.gather(*(lane.fetch(ask(origin)) for _ in range(100)))
            return open_files() - before

    with Origin(Exchange.answer) as origin:
        # The origin closes its side in this process, too.
        assert asyncio.run(fetched()) < 100 + 16 + 5


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
    asked = []

    def resolve(host, port, *, type):
        asked.append((host, threading.current_thread().name.startswith("look-up")))
        return socket.getaddrinfo("127.0.0.1", port, type=type)

    with Origin(Exchange.answer) as origin:
        named = FetchRequest(url=origin.url(host="status.example"), allow_private=True)
        fetch_all(named, named, ask(origin), resolve=resolve)

    assert asked == [("status.example", True), ("127.0.0.1", False)]


def test_a_host_that_many_wait_for_is_looked_up_once():
    looked_up = []

    def resolve(host, port, *, type):
        looked_up.append(host)
        return socket.getaddrinfo("127.0.0.1", port, type=type)

    async def fetched(origin: Origin):
        async with lane_of(resolve=resolve) as lane:
            request = FetchRequest(url=origin.url(host="status.example"), allow_private=True)
            return await asyncio.gather(*(lane.fetch(request) for _ in range(5)))

    with Origin(Exchange.answer) as origin:
        answers = asyncio.run(fetched(origin))

    assert all(isinstance(answer, Fetched) for answer in answers)
    assert looked_up == ["status.example"]


def test_a_resolver_that_is_busy_with_others_is_no_failure_of_a_page(monkeypatch):
    monkeypatch.setattr(look_ups, "LOOK_UPS", 1)
    monkeypatch.setattr(look_ups, "SLOW_LOOK_UPS", 0)
    may_answer = threading.Event()

    def resolve(_host, port, *, type):
        may_answer.wait()
        return socket.getaddrinfo("127.0.0.1", port, type=type)

    async def fetched():
        async with lane_of(resolve=resolve, limits=FAST) as lane:
            first = asyncio.ensure_future(lane.fetch(FetchRequest(url="http://slow.example", allow_private=True)))
            await asyncio.sleep(0)
            second = await lane.fetch(FetchRequest(url="http://next.example", allow_private=True))
            may_answer.set()
            return second, await asyncio.gather(first, return_exceptions=True)

    second, (first,) = asyncio.run(fetched())

    assert second is None
    assert isinstance(first, FetchTimeout)


def test_names_that_are_not_found_in_time_hold_up_no_others(monkeypatch):
    monkeypatch.setattr(look_ups, "LOOK_UPS", 1)
    monkeypatch.setattr(look_ups, "SLOW_LOOK_UPS", 2)
    monkeypatch.setattr(look_ups, "SLOW_S", 0.05)
    may_answer, looked_up = threading.Event(), []

    def resolve(host, port, *, type):
        looked_up.append(host)
        if host.startswith("slow"):
            may_answer.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return socket.getaddrinfo("127.0.0.1", port, type=type)

    async def outcomes(origin: Origin) -> list:
        def asked(lane: QuickLane, host: str) -> asyncio.Future:
            url = origin.url(host=host)
            return asyncio.ensure_future(lane.fetch(FetchRequest(url=url, allow_private=True)))

        async with lane_of(resolve=resolve, limits=FAST) as lane:
            slow = [asked(lane, f"slow-{number}.example") for number in range(2)]
            found = [await asked(lane, f"healthy-{number}.example") for number in range(3)]
            failed = await asyncio.gather(*slow, return_exceptions=True)
            may_answer.set()
            return [*found, *failed]

    with Origin(Exchange.answer) as origin:
        *found, one, other = asyncio.run(outcomes(origin))

    assert all(isinstance(answer, Fetched) for answer in found)
    assert isinstance(one, FetchTimeout)
    assert isinstance(other, FetchTimeout)
    assert looked_up == ["slow-0.example", "slow-1.example", *(f"healthy-{number}.example" for number in range(3))]


# -- bodies


def test_of_an_answer_nothing_is_left_without_a_look_for_garbage():
    def closing(exchange: Exchange) -> None:
        exchange.answer(body=b"news" * 1000, Connection="close")

    def breaking(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + b"news" * 1000)

    gc.collect()
    gc.disable()
    try:
        for script in (closing, breaking):
            with Origin(script) as origin:
                fetch_all(ask(origin))
        left = [each for each in gc.get_objects() if isinstance(each, reader.Reader | reader.Reply)]
    finally:
        gc.enable()

    assert left == []


@pytest.mark.parametrize(("size", "threads"), [(100, 0), (200_000, 1)])
def test_a_large_body_is_decoded_in_a_thread(size, threads):
    body = os.urandom(size).hex().encode()

    async def fetched():
        async with lane_of() as lane:
            answer = await lane.fetch(ask(origin))
            return answer, sum(thread.name.startswith("decode") for thread in threading.enumerate())

    with Origin(lambda exchange: exchange.answer(body=gzip.compress(body), Content_Encoding="gzip")) as origin:
        answer, started = asyncio.run(fetched())

    assert answer.body == body
    assert started == threads


@pytest.mark.parametrize(("size", "kind"), [(4 << 20, Fetched), (16 << 20, TooLarge)])
def test_a_small_body_that_is_large_when_decoded_is_decoded_in_a_thread(size, kind):
    bomb = gzip.compress(bytes(size))

    async def fetched():
        async with lane_of() as lane:
            (answer,) = await asyncio.gather(lane.fetch(ask(origin)), return_exceptions=True)
            return answer, sum(thread.name.startswith("decode") for thread in threading.enumerate())

    with Origin(lambda exchange: exchange.answer(body=bomb, Content_Encoding="gzip")) as origin:
        answer, started = asyncio.run(fetched())

    assert len(bomb) < 32 * 1024
    assert type(answer) is kind
    assert started == 1


# -- how it ends


def test_many_requests_that_hang_hold_no_thread():
    async def fetched():
        async with lane_of(limits=FetchLimits(connect_s=5.0, read_s=0.5, total_s=10.0)) as lane:
            asking = [asyncio.ensure_future(lane.fetch(FetchRequest(url=url, allow_private=True))) for _ in range(500)]
            await asyncio.wait(asking, timeout=0.2)
            threads = threading.active_count()
            return threads, await asyncio.gather(*asking, return_exceptions=True)

    with deaf_server() as url:
        before = threading.active_count(), open_files()
        threads, answers = asyncio.run(fetched())
        after = threading.active_count(), open_files()

    assert threads <= before[0]
    assert {str(answer) for answer in answers} == {"no byte came for 0.5 s"}
    assert {type(answer) for answer in answers} == {FetchTimeout}
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

    async def fetched():
        async with lane_of(new_socket=new_socket) as lane:
            asking = [asyncio.ensure_future(lane.fetch(ask(origin))) for _ in range(20)]
            await asyncio.sleep(0)
            for _ in asking if is_within_the_body else ():
                await asyncio.to_thread(begun.acquire)
            for each in asking:
                each.cancel()
            answers = await asyncio.gather(*asking, return_exceptions=True)
            return answers, [each for each in made if each.fileno() >= 0], lane

    with Origin(script) as origin:
        answers, left_open, lane = asyncio.run(fetched())

    assert {type(answer) for answer in answers} == {asyncio.CancelledError}
    assert left_open == []
    assert lane._held.size == 0


def test_closing_ends_what_is_on_its_way_and_leaves_no_connection():
    hanging = threading.Semaphore(0)

    async def fetched():
        async with lane_of() as lane:
            await lane.fetch(ask(origin, "/kept"))
            asking = [asyncio.ensure_future(lane.fetch(ask(origin, "/hangs"))) for _ in range(2)]
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
        answers = asyncio.run(fetched())

    assert [(type(answer), str(answer)) for answer in answers] == [
        (ConnectError, "the connection to 127.0.0.1 broke")
    ] * 2
    assert len(origin.requests) == 3


def test_closing_ends_what_is_about_to_connect():
    is_asked, goes_on = threading.Event(), threading.Event()

    def resolve(_host, port, *, type):
        is_asked.set()
        goes_on.wait(10)
        return socket.getaddrinfo("127.0.0.1", port, type=type)

    async def fetched():
        async with lane_of(resolve=resolve) as lane:
            asking = asyncio.ensure_future(lane.fetch(named))
            await asyncio.to_thread(is_asked.wait)
            lane.close()
            goes_on.set()
            return await asyncio.gather(asking, return_exceptions=True)

    with Origin(Exchange.answer) as origin:
        named = FetchRequest(url=origin.url(host="status.example"), allow_private=True)
        (answer,) = asyncio.run(fetched())

    assert (type(answer), str(answer)) == (ConnectError, "the connection to status.example broke")
    assert origin.requests == []


def test_an_address_that_does_not_answer_leaves_time_for_the_next():
    def resolve(_host, port, *, type):
        return [socket.getaddrinfo(address, port, type=type)[0] for address in ("127.0.0.2", "127.0.0.1")]

    with (
        Origin(lambda exchange: exchange.answer(body=b"news")) as origin,
        socket.create_server(("127.0.0.2", origin.port), backlog=0) as full,
    ):
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        named = FetchRequest(url=origin.url(host="status.example"), allow_private=True)
        (answer,) = fetch_all(named, resolve=resolve, limits=FetchLimits(connect_s=2.0))
        for sock in waiting:
            sock.close()

    assert answer.body == b"news"


def test_a_304_with_new_validators_renews_them():
    def script(exchange):
        exchange.send(b'HTTP/1.1 304 Not Modified\r\nETag: "2"\r\n\r\n')

    with Origin(script) as origin:
        answer, same = fetch_all(ask(origin, validators=TAGGED), ask(origin, validators=Validators(etag='"2"')))

    assert answer == same == NotModified(url=origin.url(), validators=Validators(etag='"2"'))
    assert [request.headers["if-none-match"] for request in origin.requests] == ['"1"', '"2"']
