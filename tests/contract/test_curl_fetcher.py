"""What is particular to the engine on libcurl: its thread, HTTP/2, many requests at a time."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest

from tests.contract.fetch_origin import Exchange, Origin
from tracker.errors import BadUrl, ConnectError, FetchTimeout, HttpStatusError, NameNotResolved
from tracker.fetch import FetchLimits
from tracker.models import Validators
from tracker.ports import Fetched, FetchRequest, NotModified

NO_VALIDATORS = Validators()
LIMITS = FetchLimits()
TAGGED = Validators(etag='"1"')


@pytest.fixture
def new_fetcher(curl_fetcher_class):
    made = []

    def make(limits=LIMITS, **options: object):
        made.append(curl_fetcher_class(limits=limits, user_agent="tests", **options))
        return made[-1]

    yield make
    for fetcher in made:
        fetcher.close()


def ask(origin: Origin, path: str = "/", validators: Validators = NO_VALIDATORS) -> FetchRequest:
    return FetchRequest(url=origin.url(path), allow_private=True, validators=validators)


def drivers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "curl"}


def test_one_thread_moves_the_bytes_of_all_requests_and_ends_with_the_fetcher(new_fetcher):
    fetcher = new_fetcher()
    before = drivers()
    with Origin(Exchange.answer) as origin, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: fetcher.fetch(ask(origin)), range(50)))
        started = drivers() - before
        fetcher.close()

    assert len(started) == 1
    assert not started & drivers()


def test_what_runs_when_the_fetcher_is_closed_ends(new_fetcher):
    fetcher = new_fetcher()
    is_asked = threading.Event()

    def script(exchange):
        is_asked.set()
        exchange.dawdle()

    with Origin(script) as origin, ThreadPoolExecutor(1) as pool:
        fetching = pool.submit(fetcher.fetch, ask(origin))
        is_asked.wait(10)
        fetcher.close()
        with pytest.raises(ConnectError, match="the fetcher was closed"):
            fetching.result(10)


def test_a_connection_that_one_thread_made_serves_another(new_fetcher):
    fetcher = new_fetcher()
    with Origin(Exchange.answer) as origin:
        for _ in range(3):
            with ThreadPoolExecutor(1) as pool:
                pool.submit(fetcher.fetch, ask(origin)).result()

    assert origin.connections == 1


def test_no_more_connections_are_kept_than_allowed(new_fetcher):
    fetcher = new_fetcher(connections=2)
    with Origin(Exchange.answer) as first, Origin(Exchange.answer) as second, Origin(Exchange.answer) as third:
        for origin in (first, second, third, first):
            fetcher.fetch(ask(origin))

    assert (first.connections, second.connections, third.connections) == (2, 1, 1)


def test_an_interim_answer_is_passed_over(new_fetcher):
    def script(exchange):
        exchange.send(b"HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\nETag: early\r\n\r\n")
        exchange.answer(body=b"news", ETag="late")

    with Origin(script) as origin:
        answer = new_fetcher().fetch(ask(origin))

    assert (answer.body, answer.validators) == (b"news", Validators(etag="late"))


def test_no_file_left_for_a_driver_is_an_error_of_ours(new_fetcher, monkeypatch):
    def none_left(*_: object):
        raise OSError(24, "Too many open files")

    fetcher = new_fetcher()
    with Origin(Exchange.answer) as origin:
        with monkeypatch.context() as patched:
            patched.setattr(socket, "socketpair", none_left)
            with pytest.raises(ConnectError, match="no connection can be made: too many open files"):
                fetcher.fetch(ask(origin))
        assert isinstance(fetcher.fetch(ask(origin)), Fetched)


# -- many at a time


def test_many_requests_each_have_their_own_outcome_in_their_order(new_fetcher):
    def script(exchange):
        path = exchange.request.path
        if path == "/quiet":
            exchange.send(b"HTTP/1.1 304 Not Modified\r\n\r\n")
        elif path == "/moved":
            exchange.answer("302 Found", Location="/page")
        else:
            exchange.answer("503 Busy" if path == "/broken" else "200 OK", body=path.encode())

    fetcher = new_fetcher()
    with Origin(script) as origin:
        requests = [
            ask(origin, "/page"),
            ask(origin, "/quiet", validators=TAGGED),
            ask(origin, "/moved"),
            ask(origin, "/broken"),
            FetchRequest(url="http://status.invalid/", allow_private=True),
            FetchRequest(url="ftp://127.0.0.1/"),
        ]
        outcomes = fetcher.fetch_many(requests)

    kinds = [Fetched, NotModified, Fetched, HttpStatusError, NameNotResolved, BadUrl]
    assert [type(outcome) for outcome in outcomes] == kinds
    assert (outcomes[0].body, outcomes[2].url) == (b"/page", origin.url("/page"))
    assert fetcher.fetch_many([]) == []


def test_many_requests_run_at_the_same_time_but_no_more_than_allowed(new_fetcher):
    together = threading.Barrier(4)
    running, most = [0], [0]
    lock = threading.Lock()

    def script(exchange):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        together.wait(10)
        with lock:
            running[0] -= 1
        together.wait(10)
        exchange.answer()

    with Origin(script) as origin:
        outcomes = new_fetcher().fetch_many([ask(origin)] * 12, at_a_time=4)

    assert [type(outcome) for outcome in outcomes] == [Fetched] * 12
    assert most == [4]


def test_a_page_that_does_not_answer_holds_up_no_other(new_fetcher):
    answered = threading.Semaphore(0)

    def script(exchange):
        if exchange.request.path == "/silent":
            for _ in range(20):
                answered.acquire(timeout=10)
            exchange.dawdle()
        else:
            exchange.answer(body=b"news")
            answered.release()

    with Origin(script) as origin:
        requests = [ask(origin, "/silent"), *[ask(origin)] * 20]
        outcomes = new_fetcher(FetchLimits(read_s=0.5, total_s=5)).fetch_many(requests, at_a_time=2)

    assert isinstance(outcomes[0], FetchTimeout)
    assert [type(outcome) for outcome in outcomes[1:]] == [Fetched] * 20


# -- HTTP/2


def speak_http2(exchange: Exchange) -> None:
    """Answer every request with 304 in HTTP/2 (RFC 9113): a frame is length, type, flags, stream, payload."""
    stream = exchange.sock.makefile("rb")
    assert stream.read(24) == b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    exchange.send(b"\0\0\0\4\0\0\0\0\0")
    while header := stream.read(9):
        stream.read(int.from_bytes(header[:3], "big"))
        if header[3] == 1:
            # HEADERS that end headers and stream; 0x8b is ":status: 304" (RFC 7541, appendix A).
            exchange.send(b"\0\0\1\1\5", header[5:], b"\x8b")


def test_http2_is_spoken_where_the_server_offers_it(new_fetcher, authority):
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "site.pem", authority / "site.key")
    context.set_alpn_protocols(["h2", "http/1.1"])

    def resolve(_host, port, *, type):
        return [(2, type, 6, "", ("127.0.0.1", port))]

    fetcher = new_fetcher(ca_file=str(authority / "ca.pem"), resolve=resolve)
    with Origin(speak_http2, tls=context, is_mute=True) as origin:
        request = FetchRequest(url=origin.url(host="status.example"), allow_private=True, validators=TAGGED)
        answers = [fetcher.fetch(request) for _ in range(3)]

    assert answers == [NotModified(url=request.url, validators=TAGGED)] * 3
    assert origin.connections == 1
