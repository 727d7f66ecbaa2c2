"""What every `Fetcher` keeps.

Over real sockets on loopback. Nothing waits for wall-clock time but the deadlines under test, which are short.
"""

import gzip
import pickle
import socket
import threading
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import brotli
import pytest
from backports import zstd

from tests.contract.both_fetchers import KINDS, ask, asked_twice, connections_for, end, full_server
from tests.contract.fetch_origin import Exchange, Origin, echoes, redirects, routed, sends, serves
from tests.goldens import table
from tracker import errors
from tracker.errors import (
    AddressRefused,
    BadAnswer,
    BadUrl,
    ConnectError,
    FetchError,
    FetchTimeout,
    HttpStatusError,
    TlsError,
    TooLarge,
    TooManyRedirects,
)
from tracker.fetch import FetchLimits
from tracker.fetch.options import ClientOptions
from tracker.fetch.urls import target
from tracker.model.provider import Validators
from tracker.polling.fetcher import Fetched, FetchRequest, NotModified

#: A public address that no test ever talks to: `routes` leads it to a local origin.
PUBLIC = "93.184.215.14"
PATIENT = FetchLimits()
FAST = FetchLimits(connect_s=0.3, read_s=0.3, total_s=0.5)
NO_VALIDATORS = Validators()
TAGGED = Validators(etag='W/"1"', last_modified="Sat, 21 Nov 2026 10:00:00 GMT")


class Names:
    """A name server: what each name leads to, one answer after the other, the last for ever."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self._answers = {name.replace("_", "."): list(lists) for name, lists in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host, port, *, type) -> list[tuple]:
        self.asked.append(host)
        if host not in self._answers:
            return socket.getaddrinfo(host, port, type=type, flags=socket.AI_NUMERICHOST)
        lists = self._answers[host]
        addresses = lists.pop(0) if len(lists) > 1 else lists[0]
        return [entry for address in addresses for entry in socket.getaddrinfo(address, port, type=type)]


def new_fetcher(kind, limits, resolve, ca_file, routes):
    class RoutedSocket(socket.socket):
        """Connects to a local origin where a public address is meant."""

        def connect(self, address):
            super().connect(("127.0.0.1", routes[address[0]].port) if address[0] in routes else address)

    return kind(
        ClientOptions(
            user_agent="tests (+https://example.com)",
            ca_file=ca_file,
            resolve=resolve,
            new_socket=lambda _family, kind, protocol: RoutedSocket(socket.AF_INET, kind, protocol),
        ),
        limits=limits,
    )


@pytest.fixture(scope="module", params=KINDS)
def fetcher_kind(request):
    """What is held to all of this."""
    return request.param


@pytest.fixture(scope="module")
def make_fetcher(fetcher_kind):
    """Makes fetchers; they live as long as the module, for reading the certificates of the web takes its time."""
    made = []

    def make(limits=PATIENT, resolve=None, ca_file=None, routes=None):
        made.append(new_fetcher(fetcher_kind, limits, resolve or Names(), ca_file, routes or {}))
        return made[-1]

    yield make
    for fetcher in made:
        end(fetcher)


@pytest.fixture(scope="module")
def fetcher(make_fetcher):
    return make_fetcher()


@pytest.fixture(scope="module")
def fast(make_fetcher):
    return make_fetcher(limits=FAST)


def failing(kind: type[FetchError], fetcher, request: FetchRequest) -> FetchError:
    """Fetch, and return the error after checking what holds of all of them."""
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(request)
    error = caught.value

    assert type(error) is kind, repr(error)
    assert str(error).isprintable()
    assert "<" not in str(error)
    assert "object at" not in str(error)
    assert len(str(error)) < 300
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.retry_after_s) == (kind, str(error), error.retry_after_s)
    return error


# -- answers


def test_a_200_brings_body_url_type_validators_and_freshness(fetcher):
    def script(exchange):
        exchange.answer(
            body=b"{}",
            ETag='W/"1"',
            Last_Modified="Sat, 21 Nov 2026 10:00:00 GMT",
            Date="Sat, 21 Nov 2026 10:00:01 GMT",
            Content_Type="application/json",
            Cache_Control="max-age=30",
            Age="10",
        )

    with Origin(script) as origin:
        answer = fetcher.fetch(ask(origin, "/api?x=1"))

    assert answer == Fetched(
        body=b"{}",
        received_bytes=2,
        url=origin.url("/api?x=1"),
        content_type="application/json",
        validators=TAGGED,
        fresh_for_s=20.0,
    )


READ = {
    "a length": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnews",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nne\r\n2\r\nws\r\n0\r\nT: 1\r\n\r\n",
    "no length": b"HTTP/1.1 203 OK\r\n\r\nnews",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nnews",
    "hints before": b"HTTP/1.1 103 E\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnews",
    "a coding": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 24\r\n\r\n" + gzip.compress(b"news"),
}


@pytest.mark.parametrize("sent", READ.values(), ids=READ)
def test_a_plain_answer_is_read_and_the_lane_reads_it_itself(fetcher, sent):
    with Origin(sends(sent)) as origin:
        assert fetcher.fetch(ask(origin)).body == b"news"

    assert asked_twice(fetcher, origin.url()) == 0


def test_an_empty_200_is_an_answer(fetcher):
    with Origin(Exchange.answer) as origin:
        assert fetcher.fetch(ask(origin)) == Fetched(body=b"", url=origin.url())


def test_the_request_is_conditional_and_says_who_asks(fetcher):
    with Origin(Exchange.answer) as origin:
        fetcher.fetch(ask(origin, "/path", validators=TAGGED))

    assert origin.requests[0].line == "GET /path HTTP/1.1"
    assert origin.requests[0].headers == {
        "host": f"127.0.0.1:{origin.port}",
        "user-agent": "tests (+https://example.com)",
        "accept": "*/*",
        "accept-encoding": "gzip, deflate, br, zstd",
        "if-none-match": 'W/"1"',
        "if-modified-since": "Sat, 21 Nov 2026 10:00:00 GMT",
    }


@pytest.mark.parametrize("validator", ['"a\r\nEvil: 1"', "snow ☃", "x" * 2000, ""])
def test_validators_that_cannot_stand_in_a_header_are_left_out(fetcher, validator):
    with Origin(Exchange.answer) as origin:
        fetcher.fetch(ask(origin, validators=Validators(etag=validator, last_modified=validator)))

    assert {"if-none-match", "if-modified-since", "evil"}.isdisjoint(origin.requests[0].headers)


def test_nothing_of_the_environment_is_used(fetcher, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    with Origin(Exchange.answer) as origin:
        fetcher.fetch(ask(origin))

    assert origin.requests[0].line == "GET / HTTP/1.1"
    assert {"authorization", "proxy-authorization"}.isdisjoint(origin.requests[0].headers)


def test_cookies_are_not_kept(fetcher):
    with Origin(lambda exchange: exchange.answer(Set_Cookie="id=1; Path=/")) as origin:
        for _ in range(2):
            fetcher.fetch(ask(origin))

    assert "cookie" not in origin.requests[1].headers


@pytest.mark.parametrize(
    ("headers", "validators"),
    [
        ({}, TAGGED),
        ({"ETag": 'W/"2"'}, Validators(etag='W/"2"', last_modified=TAGGED.last_modified)),
        (
            {"Last_Modified": "Sat, 21 Nov 2026 10:00:01 GMT", "Date": "Sat, 21 Nov 2026 10:00:02 GMT"},
            Validators(etag=TAGGED.etag, last_modified="Sat, 21 Nov 2026 10:00:01 GMT"),
        ),
        ({"Last_Modified": "Sat, 21 Nov 2026 10:00:01 GMT", "Date": "Sat, 21 Nov 2026 10:00:01 GMT"}, TAGGED),
    ],
)
def test_a_304_keeps_the_validators_or_brings_newer_ones(fetcher, headers, validators):
    def script(exchange):
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        exchange.send(f"HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=5\r\n{head}\r\n".encode())

    with Origin(script) as origin:
        answer = fetcher.fetch(ask(origin, validators=TAGGED))

    assert answer == NotModified(url=origin.url(), validators=validators, fresh_for_s=5.0)
    assert asked_twice(fetcher, origin.url()) == 0


def test_a_304_ends_with_its_headers_even_when_they_announce_chunks(fast):
    chunked = b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"
    with Origin(lambda exchange: exchange.send(chunked)) as origin:
        for _ in range(2):
            assert isinstance(fast.fetch(ask(origin, validators=TAGGED)), NotModified)

    assert origin.connections == 1


def test_a_304_that_nobody_asked_for_is_refused(fetcher):
    with Origin(lambda exchange: exchange.send(b"HTTP/1.1 304 Not Modified\r\n\r\n")) as origin:
        error = failing(BadAnswer, fetcher, ask(origin))

    assert str(error) == "answered 304 to a request without conditions"


@pytest.mark.parametrize(("sent", "received"), [('"1"', '"1"'), ('W/"1"', '"1"'), ("1", "1"), ('""', '""')])
def test_a_200_is_a_change_though_it_repeats_the_tag_it_was_sent(fetcher, sent, received):
    with Origin(lambda exchange: exchange.answer(body=b"other", ETag=received)) as origin:
        answer = fetcher.fetch(ask(origin, validators=Validators(etag=sent)))

    assert isinstance(answer, Fetched)
    assert (answer.body, answer.validators) == (b"other", Validators(etag=received))


# -- refusals


@pytest.mark.parametrize("status", [202, 204, 206, 300, 305, 400, 401, 403, 404, 410, 429, 500, 503, 599])
def test_any_other_status_is_an_error_that_keeps_its_connection(fetcher, status):
    body = b"" if status == 204 else b"sorry"
    with Origin(lambda exchange: exchange.answer(f"{status} \x1b[31mWhatever", body)) as origin:
        for _ in range(2):
            error = failing(HttpStatusError, fetcher, ask(origin))

    assert (error.status, error.retry_after_s) == (status, None)
    assert str(error).startswith(f"answered {status}")
    assert ("headers_env" in str(error)) is (status in (401, 403))
    assert origin.connections == 1


def in_an_hour() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable", "403 Forbidden"])
@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("120", 120, 120),
        (in_an_hour, 3500, 3600),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("99999999", 86400, 86400),
        ("soon", None, None),
    ],
)
def test_retry_after_is_obeyed_on_any_error_if_it_means_something(fetcher, status, value, least, most):
    header = value() if callable(value) else value
    with Origin(lambda exchange: exchange.answer(status, Retry_After=header)) as origin:
        error = failing(HttpStatusError, fetcher, ask(origin))

    assert error.retry_after_s is None if least is None else least <= error.retry_after_s <= most


JUST_A_MOMENT = b"<!DOCTYPE html><html><head><title>Just a moment...</title>"


CLOUDFLARE = {"Server": "cloudflare", "Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        ("403 Forbidden", {"cf-mitigated": "challenge"}, b""),
        ("429 Too Many", {"x-vercel-mitigated": "challenge"}, b""),
        ("202 Accepted", {"x-amzn-waf-action": "challenge"}, b""),
        ("200 OK", {"x-amzn-waf-action": "captcha", "Content-Type": "text/html"}, b"<html>"),
        ("200 OK", CLOUDFLARE, JUST_A_MOMENT),
        ("503 Busy", CLOUDFLARE, JUST_A_MOMENT),
        ("403 Forbidden", CLOUDFLARE | {"Content-Encoding": "gzip"}, gzip.compress(JUST_A_MOMENT, mtime=0)),
        ("403 Forbidden", CLOUDFLARE | {"Content-Encoding": "br"}, brotli.compress(JUST_A_MOMENT)),
        ("403 Forbidden", CLOUDFLARE | {"Content-Encoding": "gzip"}, JUST_A_MOMENT),
    ],
)
def test_a_challenge_is_called_one(fetcher, status, headers, body):
    with Origin(lambda exchange: exchange.answer(status, body, **headers)) as origin:
        error = failing(errors.Blocked, fetcher, ask(origin))

    assert str(error) == f"answered {status[:3]}, blocked by a challenge for browsers"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (CLOUDFLARE, b"<html>Not found"),
        (CLOUDFLARE | {"Content-Encoding": "gzip"}, b"\0Just a moment"),
        (CLOUDFLARE | {"Content-Type": "application/json"}, b'"Just a moment"'),
        (CLOUDFLARE | {"Server": "nginx"}, JUST_A_MOMENT),
    ],
)
def test_a_plain_refusal_is_not_called_a_challenge(fetcher, headers, body):
    with Origin(lambda exchange: exchange.answer("403 Forbidden", body, **headers)) as origin:
        assert str(failing(HttpStatusError, fetcher, ask(origin))).startswith("answered 403; if ")


def test_a_refusal_whose_body_breaks_is_still_reported_by_its_status(fast):
    head = b"HTTP/1.1 503 Busy\r\nServer: cloudflare\r\nContent-Type: text/html\r\nRetry-After: 7\r\n"
    with Origin(sends(head, b"Content-Length: 100\r\n\r\n<html>", then=Exchange.dawdle)) as origin:
        assert failing(HttpStatusError, fast, ask(origin)).retry_after_s == 7


# -- bodies


@pytest.mark.parametrize(
    ("coding", "sent"),
    [
        ("gzip", gzip.compress(b"news" * 50_000, mtime=0)),
        ("x-gzip", gzip.compress(b"news" * 50_000, mtime=0)),
        ("GZIP", gzip.compress(b"news" * 20_000, mtime=0) + gzip.compress(b"news" * 30_000, mtime=0)),
        ("gzip", gzip.compress(b"news" * 50_000, mtime=0) + bytes(512)),
        ("identity", b"news" * 50_000),
        ("deflate", zlib.compress(b"news" * 50_000)),
        ("deflate", zlib.compress(b"news" * 50_000, wbits=-15)),
        ("br", brotli.compress(b"news" * 50_000)),
        ("zstd", zstd.compress(b"news" * 50_000)),
        ("deflate, gzip", gzip.compress(zlib.compress(b"news" * 50_000))),
        ("UTF-8", b"news" * 50_000),
        ("gzip", b"news" * 50_000),
        ("none", gzip.compress(b"news" * 50_000)),
    ],
    ids=[
        *("gzip", "x-gzip", "two members", "padded", "identity", "zlib", "deflate", "br", "zstd", "two codings"),
        *("charset", "gzip that is none", "gzip that is not announced"),
    ],
)
@pytest.mark.parametrize("chunk", [None, 1000, 100_000])
def test_a_body_is_decoded(fetcher, coding, sent, chunk):
    def script(exchange):
        if chunk is None:
            exchange.answer(body=sent, Content_Encoding=coding)
            return
        exchange.send(f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for start in range(0, len(sent), chunk):
            piece = sent[start : start + chunk]
            exchange.send(b"%x;ext=1\r\n" % len(piece), piece, b"\r\n")
        exchange.send(b"0\r\nTrailer: 1\r\n\r\n")

    with Origin(script) as origin:
        for _ in range(2):
            answer = fetcher.fetch(ask(origin))
            assert answer.body == b"news" * 50_000
            assert answer.received_bytes == len(sent)

    assert origin.connections == 1


@pytest.mark.parametrize(
    ("coding", "body", "message"),
    [
        ("gzip", b"\0not gzip at all", "the gzip body is corrupt"),
        ("gzip", gzip.compress(b"news" * 9, mtime=0)[:-3], "the gzip body is cut short"),
        ("gzip", gzip.compress(b"", mtime=0)[:10] + b"\xff" * 30, "the gzip body is corrupt"),
        ("gzip", gzip.compress(b"", mtime=0) * 2000, "the gzip body has more than 1000 members"),
        ("br", b"\x0b", "the br body is cut short"),
        ("zstd", zstd.compress(b"news" * 9)[:-3], "the zstd body is cut short"),
        ("zstd", b"\x28\xb5\x2f\xfd" + b"\xff" * 30, "the zstd body is corrupt"),
        ("gzip, " * 5, b"", "the answer has more than 4 content codings: gzip, gzip, gzip, gzip, gzip,"),
        ("\x07" * 300, b"\0", "the answer has a content coding that cannot be read: "),
    ],
    ids=["no gzip", "cut short", "corrupt", "many members", "br", "zstd", "corrupt zstd", "many", "hostile words"],
)
def test_a_body_that_cannot_be_decoded_is_refused(fetcher, coding, body, message):
    with Origin(lambda exchange: exchange.answer(body=body, Content_Encoding=coding)) as origin:
        assert str(failing(BadAnswer, fetcher, ask(origin))) == message


def bomb(megabytes: int) -> bytes:
    """Return gzip of that many megabytes of zeros; blocks that end in a full flush may be repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    begin = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return begin + again * (megabytes - 1)


BOMBS = {
    "gzip": lambda: bomb(1024),
    "deflate": lambda: zlib.compress(bytes(1 << 27), 9),
    "br": lambda: brotli.compress(bytes(1 << 27), quality=1),
    "zstd": lambda: zstd.compress(bytes(1 << 27), 1),
    "gzip, gzip": lambda: gzip.compress(bomb(1024)),
    "gzip, br": lambda: brotli.compress(bomb(1024)),
    "": lambda: bomb(1024),
}


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("coding", BOMBS)
def test_a_bomb_never_holds_more_than_the_cap(fetcher, coding, is_chunked):
    data = BOMBS[coding]()
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n".encode()
    framed = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" if is_chunked else b"Content-Length: %d\r\n\r\n"

    end = b"\r\n0\r\n\r\n" if is_chunked else b""
    with Origin(lambda exchange: exchange.send(head, framed % len(data), data, end)) as origin:
        tracemalloc.start()
        try:
            error = failing(TooLarge, fetcher, ask(origin))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert str(error) == "the answer is larger than 8 MiB"
    # The origin's copy of the compressed bomb is counted, too.
    assert peak < PATIENT.max_body_bytes * 1.5 + 2 * len(data)


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_declared_length_beyond_the_cap_is_refused_at_once(fetcher, coding):
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {10**10}\r\n\r\n".encode()
    with Origin(sends(head, then=Exchange.dawdle)) as origin:
        failing(TooLarge, fetcher, ask(origin))


@pytest.mark.parametrize("head", [b"", b"Transfer-Encoding: chunked\r\n"], ids=["unframed", "chunks"])
def test_the_cap_itself_is_allowed_and_no_byte_more(make_fetcher, head):
    def script(exchange):
        size = int(exchange.request.path[1:])
        chunk = (b"%x\r\n" % size, b"\r\n0\r\n\r\n") if head else (b"", b"")
        sends(b"HTTP/1.1 200 OK\r\n", head, b"\r\n", chunk[0], bytes(size), chunk[1])(exchange)

    fetcher = make_fetcher(limits=FetchLimits(max_body_bytes=100_000))
    with Origin(script) as origin:
        assert len(fetcher.fetch(ask(origin, "/100000")).body) == 100_000
        error = failing(TooLarge, fetcher, ask(origin, "/100001"))

    assert str(error) == "the answer is larger than 100000 bytes"


def flood(exchange: Exchange, head: bytes, endless: bytes) -> None:
    """Send for ever; ends when the client is gone or the test is over."""
    exchange.send(head)
    while not exchange.ending.is_set():
        exchange.send(endless)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-Header: 1\r\n" * 100, BadAnswer),
    "one header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"1" * 10_000, BadAnswer),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, BadAnswer),
    "body": (b"HTTP/1.1 200 OK\r\n\r\n", bytes(100_000), TooLarge),
    "chunk extensions": (CHUNKED, b"1;" + b"x" * 30_000 + b"\r\n1\r\n", TooLarge),
    "trailers": (CHUNKED + b"0\r\n", b"X: 1\r\n" * 1000, BadAnswer),
    "chunks of one byte": (CHUNKED, b"1\r\nx\r\n" * 1000, BadAnswer),
    "chunk of negative size": (CHUNKED + b"-1\r\n", bytes(100_000), BadAnswer),
    "negative length": (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", bytes(100_000), BadAnswer),
}


@pytest.mark.parametrize(("head", "endless", "kind"), ENDLESS.values(), ids=ENDLESS)
def test_an_endless_answer_ends_by_its_size(make_fetcher, head, endless, kind):
    fetcher = make_fetcher(limits=FetchLimits(max_body_bytes=1 << 20))
    with Origin(lambda exchange: flood(exchange, head, endless)) as origin:
        tracemalloc.start()
        try:
            failing(kind, fetcher, ask(origin))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak < 6 << 20


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"", ConnectError),
        (b"garbage\r\n\r\n", BadAnswer),
        (b"HTTP/1.1 abc\r\n\r\n", BadAnswer),
        (b"HTTP/3.0 200 OK\r\n\r\n", BadAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", BadAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nab", BadAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", BadAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n0123456789", BadAnswer),
        (CHUNKED + b"5\r\nsho", BadAnswer),
        (CHUNKED + b"5\r\nshort\r\n", BadAnswer),
        (CHUNKED + b"zz\r\nshort\r\n", BadAnswer),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", BadAnswer),
    ],
)
def test_an_answer_that_breaks_http_is_refused(fetcher, sent, kind):
    with Origin(sends(sent)) as origin:
        failing(kind, fetcher, ask(origin))


ODD_LINES = {
    "without a colon": [b"garbage"],
    "a second status line": [b"HTTP/1.1 200 OK"],
    "markup": [b"<html>", b"<!-- x: y -->"],
    "without a name": [b": 1"],
    "a name beyond ASCII": [b"\xc3\xa4: 1"],
    "a continuation of garbage": [b"garbage", b"\tx: 1", b" y"],
    "half a line break": [b"X: 1\rgarbage", b"Y: 1\rContent-Length: 1"],
    "a mailbox's": [b"From somebody Thu Jan 1"],
    "blanks before the colon": [b"X-More \t: 1"],
    "folded": [b"X-More: 1,", b"  2"],
    "zero bytes": [b"X: \0"],
}


@pytest.mark.parametrize("at", [0, 1, 3])
@pytest.mark.parametrize("lines", ODD_LINES.values(), ids=ODD_LINES)
def test_a_line_that_is_no_field_hides_no_field_behind_it(fast, caplog, lines, at):
    packed = gzip.compress(b"news", mtime=0)
    fields = [b'ETag: "1"', b"Content-Encoding : gzip", b"Content-Length: %d" % len(packed)]
    head = b"\r\n".join([b"HTTP/1.1 200 OK", b" continues: nothing", *fields[:at], *lines, *fields[at:]])

    with Origin(
        lambda exchange: exchange.send(b"HTTP/1.1 103 E\r\ngarbage\r\n\r\n", head, b"\r\n\r\n", packed)
    ) as origin:
        for _ in range(2):
            answer = fast.fetch(ask(origin))
            assert (answer.body, answer.validators.etag) == (b"news", '"1"')

    assert connections_for(fast, origin) == 1
    assert caplog.records == []


def test_a_connection_that_is_reset_in_the_middle_is_reported_as_such(fetcher):
    begun = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbeginning"
    with Origin(sends(begun, then=Exchange.reset)) as origin:
        assert "connection" in str(failing(ConnectError, fetcher, ask(origin)))


# -- time


SLOW = {
    "silence": (b"", b""),
    "status and header": (b"", b"HTTP/1.1 200 OK\r\nX-Slow: " + b"1" * 500),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n" * 200),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", b"x" * 500),
    "unframed body": (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 500),
    "body of a closing connection": (
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 500\r\n\r\n",
        b"x" * 500,
    ),
    "chunks": (CHUNKED, b"1\r\nx\r\n" * 100),
    "silence in the body": (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", b""),
}


def drips(exchange: Exchange, dripped: bytes) -> None:
    """Send byte by byte, and then nothing more."""
    exchange.drip(dripped, every_s=0.05)
    exchange.dawdle()


@pytest.mark.parametrize(("at_once", "dripped"), SLOW.values(), ids=SLOW)
def test_an_answer_that_takes_too_long_ends_at_the_deadline(fast, at_once, dripped):
    with Origin(sends(at_once, then=lambda exchange: drips(exchange, dripped))) as origin:
        failing(FetchTimeout, fast, ask(origin))


@pytest.mark.parametrize("at_once", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nbeginning"])
def test_a_silence_that_is_too_long_is_distinguished_from_the_whole(make_fetcher, at_once):
    with Origin(sends(at_once, then=Exchange.dawdle)) as origin:
        error = failing(FetchTimeout, make_fetcher(limits=FetchLimits(read_s=0.2)), ask(origin))

    assert str(error) == "no byte came for 0.2 s"


def test_redirects_share_one_deadline(make_fetcher):
    def script(exchange):
        exchange.ending.wait(0.25)
        exchange.answer("302 Found", Location="/again")

    fetcher = make_fetcher(limits=FetchLimits(total_s=0.6, max_redirects=50))
    with Origin(script) as origin:
        error = failing(FetchTimeout, fetcher, ask(origin))

    assert str(error) == "no complete answer within 0.6 s"


def test_a_deadline_that_passes_later_does_not_touch_the_kept_connection(fast):
    with Origin(Exchange.answer) as origin:
        for _ in range(3):
            fast.fetch(ask(origin))
            threading.Event().wait(FAST.total_s / 2)
        fast.fetch(ask(origin))

    assert origin.connections == 1


def test_a_fetch_that_ends_at_its_deadline_harms_no_other(make_fetcher):
    # Answers that arrive just when the deadline does, while others share the pool: each fetch ends as its own
    # answer or its own timeout, and every body belongs to the request that it was asked with.
    fetcher = make_fetcher(limits=FetchLimits(total_s=0.2))

    def script(exchange):
        if exchange.request.path.startswith("/late"):
            exchange.ending.wait(0.2)
        exchange.answer(body=exchange.request.path.encode())

    def one(number):
        path = f"/{'late' if number % 4 == 0 else 'soon'}/{number}"
        try:
            return path, fetcher.fetch(ask(origin, path)).body.decode()
        except FetchTimeout:
            return path, None

    with Origin(script) as origin, ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(one, range(160)))

    assert all(body in (None, path) for path, body in outcomes)
    assert sum(body is not None for path, body in outcomes if path.startswith("/soon")) > 100


def test_a_host_that_accepts_no_connection_is_given_up(make_fetcher):
    with full_server() as port:
        request = FetchRequest(url=f"http://127.0.0.1:{port}/", allow_private=True)
        error = failing(FetchTimeout, make_fetcher(limits=FAST), request)

    assert str(error) == f"no connection to 127.0.0.1:{port} within 0.3 s"


# -- redirects


@pytest.mark.parametrize(
    ("status", "location"),
    [
        (301, "/new?x=1"),
        (302, "new?x=1"),
        (303, "http://127.0.0.1:{port}/new?x=1"),
        (307, "//127.0.0.1:{port}/new?x=1"),
        (308, "/new?x=1#part"),
    ],
)
def test_a_redirect_is_followed(fetcher, status, location):
    with Origin(routed({"/new?x=1": serves}, redirects(location, status=f"{status} Moved"))) as origin:
        answer = fetcher.fetch(ask(origin, "/old"))

    assert (answer.body, answer.url) == (b"news", origin.url("/new?x=1"))
    assert connections_for(fetcher, origin) == 1


def test_a_redirected_request_is_conditional_by_tag_only(fetcher):
    unchanged = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    with Origin(routed({"/old": redirects("/new")}, lambda exchange: exchange.send(unchanged))) as origin:
        answer = fetcher.fetch(ask(origin, "/old", validators=TAGGED))

    assert answer == NotModified(url=origin.url("/new"), validators=TAGGED)
    assert "if-none-match" in origin.requests[-1].headers
    assert "if-modified-since" not in origin.requests[-1].headers


def test_the_last_allowed_redirect_is_followed_and_no_further_one(fetcher):
    hops = {f"/{left}": redirects(f"/{left - 1}") for left in range(1, 12)}
    with Origin(routed(hops, serves)) as origin:
        assert fetcher.fetch(ask(origin, "/10")).body == b"news"
        error = failing(TooManyRedirects, fetcher, ask(origin, "/11"))

    assert str(error) == "redirected more than 10 times"


def test_a_redirect_in_a_circle_ends(fetcher):
    with Origin(redirects("/")) as origin:
        error = failing(TooManyRedirects, fetcher, ask(origin))

    assert str(error) == "redirected more than 10 times, in a circle"
    assert len(origin.requests) == 11 + asked_twice(fetcher, origin.url())


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "javascript:alert(1)",
        "httpx://example.com/",
        "http://user:secret@example.com/",
        "http://@example.com/",
        "http://[::1",
        "http://example.com:99999/",
        "http://example.com\\@127.0.0.1/",
        "http://exa mple.com/",
        "http://*.example.com/",
        f"http://{'a' * 300}.com/",
        "/" + "x" * 3000,
    ],
)
def test_a_redirect_to_no_plain_web_address_is_refused(fetcher, location):
    with Origin(redirects(location)) as origin:
        error = failing(BadUrl, fetcher, ask(origin))

    assert "secret" not in str(error)
    assert len(origin.requests) == 1 + asked_twice(fetcher, origin.url())


def test_a_redirect_without_a_target_is_a_status(fetcher):
    with Origin(lambda exchange: exchange.answer("302 Found")) as origin:
        assert failing(HttpStatusError, fetcher, ask(origin)).status == 302


def test_the_body_of_a_redirect_is_not_read_to_its_end(fast):
    head = b"HTTP/1.1 302 Found\r\nContent-Length: 9999999999\r\nLocation: /new\r\n\r\n"
    with Origin(routed({"/": lambda exchange: flood(exchange, head, bytes(9999))}, serves)) as origin:
        assert fast.fetch(ask(origin)).body == b"news"


@pytest.mark.parametrize(
    "path", ["//two", "/a/../b/./c", "/%7euser/%zz", "/a b", "/?", "/?q=[1]&r={2}|3", "/a;b=c,d", "/ü?ö=ä", "/'\"<>^`"]
)
def test_a_path_goes_out_as_the_url_has_it(fetcher, path):
    with Origin(Exchange.answer) as origin:
        answer = fetcher.fetch(ask(origin, path))

    assert origin.requests[0].path == target(origin.url(path)).path
    assert answer.url == origin.url(path)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "status.example.com", "", "http://", "http://me:pw@127.0.0.1/"])
def test_our_own_url_is_held_to_the_same(fetcher, url):
    assert "pw" not in str(failing(BadUrl, fetcher, FetchRequest(url=url, allow_private=True)))


# -- addresses

INNER = table("inner_addresses")


@pytest.mark.parametrize("host", INNER)
def test_an_address_that_is_not_public_is_refused(fetcher, host):
    error = failing(AddressRefused, fetcher, FetchRequest(url=f"http://{host}:1/"))

    assert "not a public address, and allow_private is off" in str(error)


@pytest.mark.parametrize("host", INNER)
def test_a_redirect_to_an_address_that_is_not_public_is_refused(make_fetcher, host):
    with Origin(redirects(f"http://{host}:1/")) as origin:
        fetcher = make_fetcher(routes={PUBLIC: origin})
        failing(AddressRefused, fetcher, FetchRequest(url=f"http://{PUBLIC}/"))

    assert origin.connections == 1 + asked_twice(fetcher, PUBLIC)


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["169.254.169.254"], ["::1"], [PUBLIC, "10.0.0.1"], ["10.0.0.1", PUBLIC], ["::ffff:10.0.0.1"]],
)
def test_a_name_with_any_address_that_is_not_public_is_refused(make_fetcher, addresses):
    with Origin(Exchange.answer) as origin:
        names = Names(status_example=[addresses])
        fetcher = make_fetcher(resolve=names, routes={PUBLIC: origin})
        error = failing(AddressRefused, fetcher, FetchRequest(url=f"http://status.example:{origin.port}/"))

    assert origin.connections == 0
    assert str(error).startswith("status.example leads to ")


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(make_fetcher):
    # A name server that says something else the second time (rebinding).
    names = Names(status_example=[[PUBLIC], ["127.0.0.1"]])
    with Origin(lambda exchange: exchange.answer(body=b"public")) as public, Origin(Exchange.answer) as inner:
        fetcher = make_fetcher(resolve=names, routes={PUBLIC: public})
        answer = fetcher.fetch(FetchRequest(url=f"http://status.example:{inner.port}/"))

    assert answer.body == b"public"
    assert names.asked == ["status.example"]
    assert public.requests[0].headers["host"] == f"status.example:{inner.port}"
    assert inner.connections == 0


def test_the_next_connection_to_a_name_is_checked_again(make_fetcher):
    names = Names(status_example=[[PUBLIC], ["127.0.0.1"]])
    with Origin(lambda exchange: exchange.answer(Connection="close")) as origin:
        fetcher = make_fetcher(resolve=names, routes={PUBLIC: origin})
        fetcher.fetch(FetchRequest(url="http://status.example/"))
        failing(AddressRefused, fetcher, FetchRequest(url="http://status.example/"))


@pytest.mark.parametrize("is_private_first", [True, False])
def test_a_private_connection_is_never_used_for_a_public_request(make_fetcher, is_private_first):
    with Origin(Exchange.answer) as origin:
        fetcher = make_fetcher(routes={PUBLIC: origin})
        for allow_private in (is_private_first, not is_private_first) * 2:
            fetcher.fetch(FetchRequest(url=f"http://{PUBLIC}/", allow_private=allow_private))

    assert origin.connections == 2


def test_what_was_reached_privately_is_refused_publicly(fetcher):
    with Origin(Exchange.answer) as origin:
        fetcher.fetch(ask(origin))
        failing(AddressRefused, fetcher, FetchRequest(url=origin.url()))

    assert len(origin.requests) == 1


def test_the_dot_of_a_full_name_is_for_the_look_up_only(make_fetcher):
    names = Names(status_example_=[["127.0.0.1"]])
    with Origin(Exchange.answer) as origin:
        assert isinstance(make_fetcher(resolve=names).fetch(ask(origin, host="status.example.")), Fetched)

    assert names.asked == ["status.example."]
    assert origin.requests[0].headers["host"] == f"status.example:{origin.port}"


def test_the_next_address_is_tried_when_one_does_not_answer(make_fetcher):
    # The origin listens on 127.0.0.1 only, so that the other address refuses.
    names = Names(status_example=[["127.0.0.2", "127.0.0.1"]])
    with Origin(Exchange.answer) as origin:
        assert isinstance(make_fetcher(resolve=names).fetch(ask(origin, host="status.example")), Fetched)


def failing_look_up(error: OSError):
    def resolve(*_: object, **__: object):
        raise error

    return resolve


BROKEN, BUSY = OSError(5, "Input/output error"), socket.gaierror(socket.EAI_AGAIN, "Temporary failure")


@pytest.mark.parametrize(
    ("resolve", "kind", "message"),
    [
        (None, errors.NameNotResolved, "status.example has no address (DNS)"),
        (failing_look_up(BUSY), errors.NameNotResolved, "status.example could not be looked up now (DNS)"),
        (failing_look_up(BROKEN), ConnectError, "the connection to status.example broke: input/output error"),
    ],
    ids=["no such name", "a name server that is busy", "a look-up that breaks"],
)
def test_a_name_that_leads_nowhere_is_reported_as_such(make_fetcher, resolve, kind, message):
    assert str(failing(kind, make_fetcher(resolve=resolve), FetchRequest(url="http://status.example/"))) == message


def test_a_port_where_nobody_listens_is_reported_as_such(fetcher):
    with Origin(Exchange.answer) as origin:
        pass
    error = failing(ConnectError, fetcher, ask(origin))

    assert str(error) == f"no connection to 127.0.0.1:{origin.port}: connection refused"


def test_ipv6_is_spoken(fetcher_kind):
    fetcher = fetcher_kind(ClientOptions(user_agent="tests"), limits=PATIENT)
    with Origin(Exchange.answer, family=socket.AF_INET6) as origin:
        assert isinstance(fetcher.fetch(ask(origin, host="[::1]")), Fetched)
        end(fetcher)

    assert origin.requests[0].headers["host"] == f"[::1]:{origin.port}"


# -- connections


def test_a_connection_is_kept_and_used_again(fetcher):
    with Origin(echoes) as origin:
        assert [fetcher.fetch(ask(origin, f"/{number}")).body for number in range(20)] == [
            b"/%d" % number for number in range(20)
        ]

    assert origin.connections == 1


def test_a_connection_that_the_server_closed_while_it_was_kept_is_replaced(fetcher):
    def script(exchange):
        # The server closes when the next request is already on its way.
        closes = exchange.connection == 1 and len(origin.requests) > 1
        (Exchange.hang_up if closes else serves)(exchange)

    with Origin(script) as origin:
        assert [fetcher.fetch(ask(origin)).body for _ in range(2)] == [b"news"] * 2

    assert (origin.connections, len(origin.requests)) == (2, 3)


def test_a_new_connection_that_the_server_closes_is_not_tried_again(fetcher):
    with Origin(Exchange.hang_up) as origin:
        error = failing(ConnectError, fetcher, ask(origin))

    assert str(error) == "the connection to 127.0.0.1 broke: closed without an answer"
    assert origin.connections == 1


INTERIM = [
    b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 102 Processing\r\n\r\n" * 20,
    b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
    b"HTTP/1.1 199 \r\nno field at all\r\nContent-Length: 99\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
    b"HTTP/1.0 103 Early Hints\r\nConnection: close\r\nContent-Encoding: br\r\n\r\n",
]


@pytest.mark.parametrize("interim", INTERIM, ids=range(len(INTERIM)))
@pytest.mark.parametrize("final", [b"200 OK", b"203 Non-Authoritative Information"])
def test_interim_answers_are_passed_over_and_the_connection_stays_usable(fast, interim, final):
    def script(exchange):
        body = exchange.request.path.encode()
        exchange.send(interim, b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (final, len(body)), body)

    with Origin(script) as origin:
        for path in ("/early", "/later"):
            assert fast.fetch(ask(origin, path)).body == path.encode()

    assert connections_for(fast, origin) <= 1


@pytest.mark.parametrize(
    ("interim", "kind"),
    [
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", FetchTimeout),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 101, BadAnswer),
        (b"HTTP/1.1 103 Early Hints\r\nContent-Length: 4\r\n\r\nnews", BadAnswer),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", HttpStatusError),
    ],
    ids=["alone", "without end", "with a body", "another protocol"],
)
def test_an_interim_answer_does_not_shift_later_answers(fast, interim, kind):
    # Whoever takes it for the final one finds the final one in front of the next request's answer.
    def script(exchange):
        if exchange.request.path != "/early":
            exchange.answer(body=b"to /early" if exchange.connection == 1 else b"to /later")
        elif kind is FetchTimeout:
            exchange.send(interim)
        else:
            exchange.send(interim, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nto /early")

    with Origin(script) as origin:
        failing(kind, fast, ask(origin, "/early"))
        assert fast.fetch(ask(origin, "/later")).body == b"to /later"


def test_a_broken_answer_does_not_shift_later_answers(fetcher):
    def broken(exchange):
        exchange.answer(body=b"\0not gzip" * 20_000, Content_Encoding="gzip")

    with Origin(routed({"/broken": broken}, serves)) as origin:
        failing(BadAnswer, fetcher, ask(origin, "/broken"))
        assert fetcher.fetch(ask(origin)).body == b"news"


def test_many_threads_share_one_fetcher(fetcher):
    paths = [f"/{number}" for number in range(400)]
    with Origin(echoes) as origin, ThreadPoolExecutor(32) as pool:
        bodies = list(pool.map(lambda path: fetcher.fetch(ask(origin, path)).body.decode(), paths))

    assert bodies == paths
    assert origin.connections <= 32
    assert asked_twice(fetcher, origin.url()) == 0


# -- TLS


@pytest.fixture
def trusting(make_fetcher, authority):
    def make(limits=PATIENT, routes=None):
        names = Names(status_example=[["127.0.0.1"]], wrong_example=[["127.0.0.1"]])
        return make_fetcher(limits=limits, resolve=names, ca_file=str(authority / "ca.pem"), routes=routes)

    return make


def test_tls_speaks_to_the_name_and_keeps_the_connection(trusting, tls):
    asked, body = [], b"x" * 100_000
    context = tls()
    context.sni_callback = lambda _, name, __: asked.append(name)
    fetcher = trusting()
    with Origin(lambda exchange: exchange.answer(body=body), tls=context) as origin:
        assert [fetcher.fetch(ask(origin, host="status.example")).body for _ in range(3)] == [body] * 3

    assert asked == ["status.example"]
    assert origin.connections == 1


def test_a_certificate_for_another_name_is_refused(trusting, tls):
    with Origin(Exchange.answer, tls=tls()) as origin:
        error = failing(TlsError, trusting(), ask(origin, host="wrong.example"))

    assert str(error).startswith("the certificate of wrong.example is not valid: ")
    assert origin.requests == []


def test_a_certificate_of_nobody_we_trust_is_refused(trusting, tls):
    with Origin(Exchange.answer, tls=tls("own")) as origin:
        error = failing(TlsError, trusting(), ask(origin, host="status.example"))

    assert str(error) == "the certificate of status.example is not valid: self-signed certificate"


def test_plain_http_on_a_tls_port_is_reported_as_such(trusting):
    with Origin(sends(b"HTTP/1.1 400 Bad Request\r\n\r\n"), is_mute=True) as origin:
        failing(TlsError, trusting(), FetchRequest(url=https(origin), allow_private=True))


def https(origin: Origin) -> str:
    return f"https://status.example:{origin.port}/"


@pytest.mark.parametrize("hello", [b"", b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc" + bytes(200)], ids=["silence", "drip"])
def test_a_handshake_that_takes_too_long_is_given_up(trusting, hello):
    with Origin(lambda exchange: drips(exchange, hello), is_mute=True) as origin:
        error = failing(FetchTimeout, trusting(limits=FAST), FetchRequest(url=https(origin), allow_private=True))

    assert str(error) == "no TLS handshake with status.example within 0.3 s"


def test_a_body_that_drips_through_tls_ends_at_the_deadline(trusting, tls):
    begun = sends(SLOW["body"][0], then=lambda exchange: drips(exchange, b"x" * 500))
    with Origin(begun, tls=tls()) as origin:
        failing(FetchTimeout, trusting(limits=FAST), ask(origin, host="status.example"))


def test_a_redirect_from_https_to_http_is_refused(trusting, tls):
    with Origin(Exchange.answer) as plain:
        location = plain.url(host="status.example")
        with Origin(redirects(location), tls=tls()) as origin:
            error = failing(BadUrl, trusting(), ask(origin, host="status.example"))

    assert str(error) == f"redirected from https to plain {location}"
    assert plain.connections == 0


def test_a_redirect_from_http_to_https_is_followed(trusting, tls):
    with Origin(serves, tls=tls()) as origin, Origin(redirects(origin.url(host="status.example"))) as plain:
        answer = trusting().fetch(ask(plain))

    assert answer == Fetched(body=b"news", received_bytes=4, url=origin.url(host="status.example"))
