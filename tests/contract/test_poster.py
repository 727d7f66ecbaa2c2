"""One POST over real sockets on loopback: what is sent, what comes back, and what each failure is called."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.fetch_origin import Exchange, Origin, Script, sends
from tests.receiver import Receiver, answers, close
from tracker.delivery.poster import PostRequest
from tracker.delivery.retry_policy import ReceiverResponse
from tracker.errors import AddressRefused, BadUrl, ConnectError, FetchError, FetchTimeout, TooLarge
from tracker.fetch.limits import FetchLimits
from tracker.fetch.options import ClientOptions
from tracker.fetch.post import POST_LIMITS, RequestsPoster

FAST = FetchLimits(connect_s=0.3, read_s=0.3, total_s=0.5, max_body_bytes=64 * 1024)
HEAD = b"HTTP/1.1 200 OK\r\n"


def numeric(host, port, *, type):
    """Look nothing up."""
    return socket.getaddrinfo(host, port, type=type, flags=socket.AI_NUMERICHOST)


@pytest.fixture(scope="module")
def poster():
    made = RequestsPoster(ClientOptions(user_agent="tests (+https://example.com)", resolve=numeric))
    yield made
    made.close()


@pytest.fixture(scope="module")
def fast():
    made = RequestsPoster(ClientOptions(user_agent="tests", resolve=numeric), limits=FAST)
    yield made
    made.close()


def post(url: str, body: bytes = b"{}", **headers: str) -> PostRequest:
    return PostRequest(url=url, headers=headers, body=body, allow_private=True)


def failure(kind: type[FetchError], poster: RequestsPoster, request: PostRequest) -> FetchError:
    with pytest.raises(FetchError) as caught:
        poster.post(request)
    assert type(caught.value) is kind
    assert "hunter2" not in str(caught.value)
    return caught.value


def test_what_is_sent_is_what_was_given_and_who_we_are(poster: RequestsPoster) -> None:
    with Receiver() as receiver:
        answer = poster.post(post(receiver.url, b'{"\xc3\xbc":1}', **{"webhook-id": "a/1"}))

    request = receiver.origin.requests[0]
    assert answer == ReceiverResponse(status=204)
    assert request.line == "POST /hook?token=hunter2 HTTP/1.1"
    assert request.body == b'{"\xc3\xbc":1}'
    assert request.headers == {
        "host": f"127.0.0.1:{receiver.origin.port}",
        "user-agent": "tests (+https://example.com)",
        "accept": "*/*",
        "accept-encoding": "identity",
        "webhook-id": "a/1",
        "content-length": "8",
    }


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "410 Gone", "503 Service Unavailable"])
def test_every_status_is_an_answer(poster: RequestsPoster, status: str) -> None:
    with Receiver(answers(status, b"Well,\r\n  then\x1b[31m")) as receiver:
        answer = poster.post(post(receiver.url))

    assert answer == ReceiverResponse(status=int(status[:3]), text="Well, then [31m")


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_a_redirect_is_not_followed(poster: RequestsPoster, status: str) -> None:
    with Receiver(answers(status, Location="/elsewhere")) as receiver:
        answer = poster.post(post(receiver.url))

    assert answer.status == int(status[:3])
    assert len(receiver.deliveries) == 1


def test_a_secret_that_a_receiver_repeats_is_not_shown(poster: RequestsPoster) -> None:
    def script(exchange: Exchange) -> None:
        given = exchange.request.headers["authorization"]
        exchange.answer("403 Forbidden", f"no {given.upper()} for {exchange.request.path}; {'x' * 60} {given}".encode())

    with Origin(script) as origin:
        url = origin.url("/services/zq9SecretPartOfTheAddress")
        answer = poster.post(post(url, Authorization="Bearer zq9-token-of-ours", **{"webhook-id": "zq9-message"}))

    assert answer.text.startswith("no BEARER [secret] for /services/[secret]; xxx")
    assert "zq9" not in answer.text.lower()


def test_how_long_to_wait_is_read(poster: RequestsPoster) -> None:
    with Receiver(answers("429 Too Many Requests", Retry_After="7")) as receiver:
        assert poster.post(post(receiver.url)).retry_after_s == 7.0


def test_a_connection_is_kept(poster: RequestsPoster) -> None:
    with Receiver(answers("200 OK", b"x" * 1000), answers("500 No", b"y")) as receiver:
        for _ in range(4):
            poster.post(post(receiver.url))

    assert len(receiver.deliveries) == 4
    assert receiver.origin.connections == 1


def test_a_kept_connection_that_was_closed_is_replaced(poster: RequestsPoster) -> None:
    with Origin(sends(b"HTTP/1.1 204 No Content\r\n\r\n")) as origin:
        for _ in range(3):
            assert poster.post(post(origin.url())).status == 204

    assert len(origin.requests) == 3


def test_threads_do_not_mix_up_answers(poster: RequestsPoster) -> None:
    def echo(exchange: Exchange) -> None:
        exchange.answer("200 OK", exchange.request.body)

    with Origin(echo) as origin, ThreadPoolExecutor(8) as pool:
        bodies = [str(number) for number in range(64)]
        texts = pool.map(lambda body: poster.post(post(origin.url(), body.encode())).text, bodies)

        assert list(texts) == bodies


def test_an_answer_without_end_is_left_after_its_beginning(poster: RequestsPoster) -> None:
    begun = HEAD + b"Content-Length: 99999999999\r\n\r\n" + b"x" * 100_000
    with Origin(sends(begun, then=Exchange.dawdle)) as origin:
        answer = poster.post(post(origin.url()))

    assert answer.status == 200
    assert len(answer.text) == 120


CUT_SHORT = {
    "length not reached": HEAD + b"Content-Length: 10\r\n\r\nabc",
    "no body at all": HEAD + b"Content-Length: 10\r\n\r\n",
    "much, but not all": HEAD + b"Content-Length: 30000\r\n\r\n" + b"x" * 29_999,
    "no last chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "inside a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n8\r\nabc",
    "inside the size of a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
    "inside the head": HEAD + b"Content-Le",
    "behind a line of the head": HEAD + b"Server: x\r\n",
    "behind the first line": HEAD,
}


@pytest.mark.parametrize("ending", [Exchange.hang_up, Exchange.reset])
@pytest.mark.parametrize("answer", CUT_SHORT.values(), ids=CUT_SHORT)
def test_an_answer_that_breaks_off_is_none(poster: RequestsPoster, answer: bytes, ending: Script) -> None:
    with Origin(sends(answer, then=ending)) as origin, pytest.raises(FetchError):
        poster.post(post(origin.url()))


def test_an_answer_that_is_reset_behind_its_head_is_none(poster: RequestsPoster) -> None:
    """Without a length, the end of the connection is the end of the answer, but not if it is torn down."""
    with Origin(sends(HEAD + b"\r\nab", then=Exchange.reset)) as origin, pytest.raises(FetchError):
        poster.post(post(origin.url()))


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"\r\nok",
        HEAD + b"Content-Length: 2\r\n\r\nok",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nok",
    ],
    ids=["until the end", "length", "chunks", "HTTP/1.0"],
)
def test_a_whole_answer_is_one_however_it_ends(poster: RequestsPoster, answer: bytes) -> None:
    with Origin(sends(answer)) as origin:
        assert poster.post(post(origin.url())) == ReceiverResponse(status=200, text="ok")


@pytest.mark.parametrize("begun", [b"", HEAD + b"Content-Length: 10\r\n\r\nabc"])
def test_an_answer_that_stalls_is_none(fast: RequestsPoster, begun: bytes) -> None:
    with Origin(sends(begun, then=Exchange.dawdle)) as origin:
        failure(FetchTimeout, fast, post(origin.url()))


# --- no answer ---


def test_nobody_there(poster: RequestsPoster) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/hunter2"

        assert "connection refused" in str(failure(ConnectError, poster, post(url)))


def test_a_receiver_that_hangs_up(poster: RequestsPoster) -> None:
    with Receiver(close) as receiver:
        assert "closed without an answer" in str(failure(ConnectError, poster, post(receiver.url)))
    assert len(receiver.deliveries) == 1


def test_a_receiver_that_drips(fast: RequestsPoster) -> None:
    with Origin(lambda exchange: exchange.drip(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000, 0.1)) as origin:
        error = failure(FetchTimeout, fast, post(origin.url()))

    assert str(error) == "no complete answer within 0.5 s"


def test_headers_without_end(poster: RequestsPoster) -> None:
    def continued(exchange: Exchange) -> None:
        while True:
            exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    with Origin(continued) as origin:
        failure(TooLarge, poster, post(origin.url()))


def test_an_address_that_is_not_public_is_refused_unless_it_is_allowed(poster: RequestsPoster) -> None:
    with Receiver() as receiver:
        request = PostRequest(url=receiver.url, headers={}, body=b"{}")
        error = failure(AddressRefused, poster, request)

    assert str(error) == "127.0.0.1 is not a public address, and allow_private is off"
    assert receiver.deliveries == []


@pytest.mark.parametrize("url", ["ftp://hunter2.example", "https://me:hunter2@a.example", "https://a.example:hunter2/"])
def test_a_url_that_cannot_be_asked_is_not_repeated(poster: RequestsPoster, url: str) -> None:
    assert str(failure(BadUrl, poster, post(url))) == "the URL is not one that can be requested"


def test_a_receiver_has_fifteen_seconds() -> None:
    assert (POST_LIMITS.connect_s, POST_LIMITS.total_s) == (5.0, 15.0)
