"""What every `Fetcher` keeps.

Over real sockets on loopback. Nothing waits for wall-clock time but the deadlines under test, which are short.
"""

import gzip
import pickle
import random
import socket
import threading
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import brotli
import pytest
from backports import zstd

from tests.contract.both_fetchers import KINDS, asked_twice, connections_for, end
from tests.contract.fetch_origin import Exchange, Origin
from tracker.errors import (
    AddressRefused,
    BadAnswer,
    BadUrl,
    Blocked,
    ConnectError,
    FetchError,
    FetchTimeout,
    HttpStatusError,
    NameNotResolved,
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
OTHER_PUBLIC = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
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


def new_fetcher(kind, *, limits, resolve, ca_file, routes):
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
        fetcher = new_fetcher(
            fetcher_kind, limits=limits, resolve=resolve or Names(), ca_file=ca_file, routes=routes or {}
        )
        made.append(fetcher)
        return fetcher

    yield make
    for fetcher in made:
        end(fetcher)


@pytest.fixture(scope="module")
def fetcher(make_fetcher):
    return make_fetcher()


@pytest.fixture(scope="module")
def fast(make_fetcher):
    return make_fetcher(limits=FAST)


def ask(origin: Origin, path: str = "/", validators: Validators = NO_VALIDATORS) -> FetchRequest:
    return FetchRequest(url=origin.url(path), allow_private=True, validators=validators)


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


def test_an_empty_200_is_an_answer(fetcher):
    with Origin(Exchange.answer) as origin:
        answer = fetcher.fetch(ask(origin))

    assert answer == Fetched(body=b"", url=origin.url())


def test_a_body_without_a_length_ends_with_its_connection(fetcher):
    def script(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\n\r\nall of it")
        exchange.hang_up()

    with Origin(script) as origin:
        assert fetcher.fetch(ask(origin)).body == b"all of it"


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
        fetcher.fetch(ask(origin))
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


def test_a_304_ends_with_its_headers_even_when_they_announce_chunks(fast):
    def script(exchange):
        exchange.send(b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n")

    with Origin(script) as origin:
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
    def script(exchange):
        exchange.answer(f"{status} \x1b[31mWhatever", body=b"" if status == 204 else b"sorry")

    with Origin(script) as origin:
        for _ in range(2):
            error = failing(HttpStatusError, fetcher, ask(origin))

    assert isinstance(error, HttpStatusError)
    assert error.status == status
    assert str(error).startswith(f"answered {status}")
    assert ("headers_env" in str(error)) is (status in (401, 403))
    assert error.retry_after_s is None
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
    ],
)
def test_retry_after_is_obeyed_on_any_error(fetcher, status, value, least, most):
    header = value() if callable(value) else value
    with Origin(lambda exchange: exchange.answer(status, Retry_After=header)) as origin:
        error = failing(HttpStatusError, fetcher, ask(origin))

    assert error.retry_after_s is not None
    assert least <= error.retry_after_s <= most


def test_a_retry_after_that_means_nothing_is_ignored(fetcher):
    with Origin(lambda exchange: exchange.answer("503 Busy", Retry_After="soon")) as origin:
        assert failing(HttpStatusError, fetcher, ask(origin)).retry_after_s is None


JUST_A_MOMENT = b"<!DOCTYPE html><html><head><title>Just a moment...</title>"


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        ("403 Forbidden", {"cf-mitigated": "challenge"}, b""),
        ("429 Too Many", {"x-vercel-mitigated": "challenge"}, b""),
        ("202 Accepted", {"x-amzn-waf-action": "challenge"}, b""),
        ("200 OK", {"x-amzn-waf-action": "captcha", "Content-Type": "text/html"}, b"<html>"),
        ("200 OK", {"Server": "cloudflare", "Content-Type": "text/html"}, JUST_A_MOMENT),
        ("503 Busy", {"Server": "cloudflare", "Content-Type": "text/html"}, JUST_A_MOMENT),
        (
            "403 Forbidden",
            {"Server": "cloudflare", "Content-Type": "text/html", "Content-Encoding": "gzip"},
            gzip.compress(JUST_A_MOMENT, mtime=0),
        ),
        (
            "403 Forbidden",
            {"Server": "cloudflare", "Content-Type": "text/html", "Content-Encoding": "br"},
            brotli.compress(JUST_A_MOMENT),
        ),
        (
            "403 Forbidden",
            {"Server": "cloudflare", "Content-Type": "text/html", "Content-Encoding": "gzip"},
            JUST_A_MOMENT,
        ),
    ],
)
def test_a_challenge_is_called_one(fetcher, status, headers, body):
    with Origin(lambda exchange: exchange.answer(status, body, **headers)) as origin:
        error = failing(Blocked, fetcher, ask(origin))

    assert str(error) == f"answered {status[:3]}, blocked by a challenge for browsers"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Server": "cloudflare", "Content-Type": "text/html"}, b"<html>Not found"),
        ({"Server": "cloudflare", "Content-Type": "text/html", "Content-Encoding": "gzip"}, b"\0Just a moment"),
        ({"Server": "cloudflare", "Content-Type": "application/json"}, b'"Just a moment"'),
        ({"Server": "nginx", "Content-Type": "text/html"}, JUST_A_MOMENT),
    ],
)
def test_a_plain_refusal_is_not_called_a_challenge(fetcher, headers, body):
    with Origin(lambda exchange: exchange.answer("403 Forbidden", body, **headers)) as origin:
        assert str(failing(HttpStatusError, fetcher, ask(origin))).startswith("answered 403; if ")


def test_a_refusal_whose_body_breaks_is_still_reported_by_its_status(fast):
    def script(exchange):
        exchange.send(
            b"HTTP/1.1 503 Busy\r\nServer: cloudflare\r\nContent-Type: text/html\r\n",
            b"Retry-After: 7\r\nContent-Length: 100\r\n\r\n<html>",
        )
        exchange.dawdle()

    with Origin(script) as origin:
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
    def script(exchange):
        exchange.send(f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {10**10}\r\n\r\n".encode())
        exchange.dawdle()

    with Origin(script) as origin:
        failing(TooLarge, fetcher, ask(origin))


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize(("size", "is_too_large"), [(100_000, False), (100_001, True)])
def test_the_cap_itself_is_allowed(make_fetcher, is_chunked, size, is_too_large):
    def script(exchange):
        if is_chunked:
            exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            exchange.send(b"%x\r\n" % size, bytes(size), b"\r\n0\r\n\r\n")
        else:
            exchange.send(b"HTTP/1.1 200 OK\r\n\r\n", bytes(size))
            exchange.hang_up()

    fetcher = make_fetcher(limits=FetchLimits(max_body_bytes=100_000))
    with Origin(script) as origin:
        if is_too_large:
            assert str(failing(TooLarge, fetcher, ask(origin))) == "the answer is larger than 100000 bytes"
        else:
            assert len(fetcher.fetch(ask(origin)).body) == size


def flood(exchange: Exchange, head: bytes, endless: bytes) -> None:
    """Send for ever; ends when the client is gone or the test is over."""
    exchange.send(head)
    while not exchange.ending.is_set():
        exchange.send(endless)


@pytest.mark.parametrize(
    ("head", "endless", "kind"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-Header: 1\r\n" * 100, BadAnswer),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"1" * 10_000, BadAnswer),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, BadAnswer),
        (b"HTTP/1.1 200 OK\r\n\r\n", bytes(100_000), TooLarge),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 30_000 + b"\r\n1\r\n", TooLarge),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: 1\r\n" * 1000, BadAnswer),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1000, BadAnswer),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", bytes(100_000), BadAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", bytes(100_000), BadAnswer),
    ],
    ids=[
        "headers",
        "one header",
        "interim answers",
        "body",
        "chunk extensions",
        "trailers",
        "chunks of one byte",
        "chunk of negative size",
        "negative length",
    ],
)
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
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsho", BadAnswer),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n", BadAnswer),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nshort\r\n", BadAnswer),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", BadAnswer),
    ],
)
def test_an_answer_that_breaks_http_is_refused(fetcher, sent, kind):
    def script(exchange):
        exchange.send(sent)
        exchange.hang_up()

    with Origin(script) as origin:
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
    def script(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbeginning")
        exchange.reset()

    with Origin(script) as origin:
        assert "connection" in str(failing(ConnectError, fetcher, ask(origin)))


@pytest.mark.parametrize("seed", range(60))
def test_whatever_bytes_come_the_outcome_is_one_of_the_ports(fast, seed):
    dice = random.Random(seed)
    honest = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=x\r\nTransfer-Encoding: chunked\r\nExpires: 0\r\n"
        b"ETag: abc\r\nAge: x\r\nRetry-After: -1\r\nLocation: //[::1\r\nContent-Encoding: gzip\r\n\r\n"
        b"5\r\nnews!\r\n0\r\n\r\n"
    )
    sent = bytearray(honest if seed % 3 else dice.randbytes(200))
    for _ in range(dice.randrange(1, 9)):
        sent[dice.randrange(len(sent))] = dice.randrange(256)
    sent[9:12] = dice.choice([b"200", b"302", b"304", b"503", bytes(sent[9:12])])

    def script(exchange):
        exchange.send(bytes(sent))
        exchange.hang_up()

    with Origin(script) as origin:
        try:
            answer = fast.fetch(ask(origin, validators=TAGGED))
        except FetchError as error:
            assert str(error).isprintable()  # noqa: PT017  both outcomes are right
        else:
            assert isinstance(answer, Fetched | NotModified)


# -- time


@pytest.mark.parametrize(
    ("at_once", "dripped"),
    [
        (b"", b""),
        (b"", b"HTTP/1.1 200 OK\r\nX-Slow: " + b"1" * 500),
        (b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n" * 200),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", b"x" * 500),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 500),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 500\r\n\r\n", b"x" * 500),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 100),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", b""),
    ],
    ids=[
        "silence",
        "status and header",
        "headers",
        "interim answers",
        "body",
        "unframed body",
        "body of a closing connection",
        "chunks",
        "silence in the body",
    ],
)
def test_an_answer_that_takes_too_long_ends_at_the_deadline(fast, at_once, dripped):
    def script(exchange):
        exchange.send(at_once)
        exchange.drip(dripped, every_s=0.05)
        exchange.dawdle()

    with Origin(script) as origin:
        failing(FetchTimeout, fast, ask(origin))


@pytest.mark.parametrize("at_once", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nbeginning"])
def test_a_silence_that_is_too_long_is_distinguished_from_the_whole(make_fetcher, at_once):
    def script(exchange):
        exchange.send(at_once)
        exchange.dawdle()

    with Origin(script) as origin:
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
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(address)
        try:
            request = FetchRequest(url=f"http://127.0.0.1:{address[1]}/", allow_private=True)
            error = failing(FetchTimeout, make_fetcher(limits=FAST), request)
        finally:
            for sock in waiting:
                sock.close()

    assert str(error) == f"no connection to 127.0.0.1:{address[1]} within 0.3 s"


# -- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/new?x=1", "new?x=1", "{origin}/new?x=1", "//{host}/new?x=1", "/new?x=1#part"])
def test_a_redirect_is_followed(fetcher, status, location):
    def script(exchange):
        if exchange.request.path == "/new?x=1":
            exchange.answer(body=b"news")
        else:
            host = exchange.request.headers["host"]
            exchange.answer(f"{status} Moved", Location=location.format(origin=f"http://{host}", host=host))

    with Origin(script) as origin:
        answer = fetcher.fetch(ask(origin, "/old"))

    assert (answer.body, answer.url) == (b"news", origin.url("/new?x=1"))
    assert connections_for(fetcher, origin) == 1


def test_a_redirected_request_is_conditional_by_tag_only(fetcher):
    def script(exchange):
        if exchange.request.path == "/old":
            exchange.answer("301 Moved", Location="/new")
        else:
            exchange.send(b"HTTP/1.1 304 Not Modified\r\n\r\n")

    with Origin(script) as origin:
        answer = fetcher.fetch(ask(origin, "/old", validators=TAGGED))

    assert answer == NotModified(url=origin.url("/new"), validators=TAGGED)
    assert "if-none-match" in origin.requests[-1].headers
    assert "if-modified-since" not in origin.requests[-1].headers


def test_the_last_allowed_redirect_is_followed_and_no_further_one(fetcher):
    def script(exchange):
        hops = int(exchange.request.path[1:])
        if hops:
            exchange.answer("302 Found", Location=f"/{hops - 1}")
        else:
            exchange.answer(body=b"news")

    with Origin(script) as origin:
        assert fetcher.fetch(ask(origin, "/10")).body == b"news"
        error = failing(TooManyRedirects, fetcher, ask(origin, "/11"))

    assert str(error) == "redirected more than 10 times"


def test_a_redirect_in_a_circle_ends(fetcher):
    with Origin(lambda exchange: exchange.answer("302 Found", Location="/")) as origin:
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
    with Origin(lambda exchange: exchange.answer("302 Found", Location=location)) as origin:
        error = failing(BadUrl, fetcher, ask(origin))

    assert "secret" not in str(error)
    assert len(origin.requests) == 1 + asked_twice(fetcher, origin.url())


def test_a_redirect_without_a_target_is_a_status(fetcher):
    with Origin(lambda exchange: exchange.answer("302 Found")) as origin:
        assert failing(HttpStatusError, fetcher, ask(origin)).status == 302


def test_the_body_of_a_redirect_is_not_read_to_its_end(fast):
    def script(exchange):
        if exchange.request.path == "/":
            flood(exchange, b"HTTP/1.1 302 Found\r\nContent-Length: 9999999999\r\nLocation: /new\r\n\r\n", bytes(9999))
        else:
            exchange.answer(body=b"news")

    with Origin(script) as origin:
        assert fast.fetch(ask(origin)).body == b"news"


@pytest.mark.parametrize(
    "path",
    ["//two", "/a/../b/./c", "/%7euser/%zz", "/a b", "/?", "/?q=[1]&r={2}|3", "/a;b=c,d", "/ü?ö=ä", "/'\"<>^`"],
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

INNER = [
    "127.0.0.1",
    "2130706433",
    "0x7f.1",
    "017700000001",
    "127.1",
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
    "192.168.1.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[fd00::1]",
    "[fec0::1]",
    "[ff02::1]",
]


@pytest.mark.parametrize("host", INNER)
def test_an_address_that_is_not_public_is_refused(fetcher, host):
    error = failing(AddressRefused, fetcher, FetchRequest(url=f"http://{host}:1/"))

    assert "not a public address, and allow_private is off" in str(error)


@pytest.mark.parametrize("host", INNER)
def test_a_redirect_to_an_address_that_is_not_public_is_refused(make_fetcher, host):
    with Origin(lambda exchange: exchange.answer("302 Found", Location=f"http://{host}:1/")) as origin:
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
        request = FetchRequest(url=f"http://status.example.:{origin.port}/", allow_private=True)
        assert isinstance(make_fetcher(resolve=names).fetch(request), Fetched)

    assert names.asked == ["status.example."]
    assert origin.requests[0].headers["host"] == f"status.example:{origin.port}"


def test_the_next_address_is_tried_when_one_does_not_answer(make_fetcher):
    # The origin listens on 127.0.0.1 only, so that the other address refuses.
    names = Names(status_example=[["127.0.0.2", "127.0.0.1"]])
    with Origin(Exchange.answer) as origin:
        fetcher = make_fetcher(resolve=names)
        request = FetchRequest(url=f"http://status.example:{origin.port}/", allow_private=True)
        assert isinstance(fetcher.fetch(request), Fetched)


def test_a_name_that_does_not_exist_is_reported_as_such(make_fetcher):
    error = failing(NameNotResolved, make_fetcher(), FetchRequest(url="http://status.example/", allow_private=True))

    assert str(error) == "status.example has no address (DNS)"


def test_a_look_up_that_breaks_is_reported_as_such(make_fetcher):
    def broken(*_: object, **__: object):
        raise OSError(5, "Input/output error")

    error = failing(ConnectError, make_fetcher(resolve=broken), FetchRequest(url="http://status.example/"))

    assert str(error) == "the connection to status.example broke: input/output error"


def test_a_port_where_nobody_listens_is_reported_as_such(fetcher):
    with Origin(Exchange.answer) as origin:
        pass
    error = failing(ConnectError, fetcher, ask(origin))

    assert str(error) == f"no connection to 127.0.0.1:{origin.port}: connection refused"


def test_ipv6_is_spoken(fetcher_kind):
    with Origin(Exchange.answer, family=socket.AF_INET6) as origin:
        fetcher = fetcher_kind(ClientOptions(user_agent="tests"), limits=PATIENT)
        try:
            request = FetchRequest(url=f"http://[::1]:{origin.port}/", allow_private=True)
            assert isinstance(fetcher.fetch(request), Fetched)
        finally:
            end(fetcher)

    assert origin.requests[0].headers["host"] == f"[::1]:{origin.port}"


# -- connections


def test_a_connection_is_kept_and_used_again(fetcher):
    with Origin(lambda exchange: exchange.answer(body=b"news")) as origin:
        for number in range(5):
            fetcher.fetch(ask(origin, f"/{number}"))

    assert origin.connections == 1


def test_a_connection_that_the_server_closed_while_it_was_kept_is_replaced(fetcher):
    # The server closes when the next request is already on its way.
    def script(exchange):
        if exchange.connection == 1 and len(origin.requests) > 1:
            exchange.hang_up()
        else:
            exchange.answer(body=b"news")

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
    def script(exchange):
        if exchange.request.path == "/broken":
            exchange.answer(body=b"\0not gzip" * 20_000, Content_Encoding="gzip")
        else:
            exchange.answer(body=b"news")

    with Origin(script) as origin:
        failing(BadAnswer, fetcher, ask(origin, "/broken"))
        assert fetcher.fetch(ask(origin)).body == b"news"


def test_many_threads_share_one_fetcher(fetcher):
    with (
        Origin(lambda exchange: exchange.answer(body=exchange.request.path.encode())) as origin,
        ThreadPoolExecutor(32) as pool,
    ):
        paths = [f"/{number}" for number in range(400)]
        bodies = list(pool.map(lambda path: fetcher.fetch(ask(origin, path)).body.decode(), paths))

    assert bodies == paths
    assert origin.connections <= 32


# -- TLS


@pytest.fixture
def tls(authority):
    def context(name="site"):
        made = SSLContext(PROTOCOL_TLS_SERVER)
        made.load_cert_chain(authority / f"{name}.pem", authority / f"{name}.key")
        return made

    return context


@pytest.fixture
def trusting(make_fetcher, authority):
    def make(limits=PATIENT, routes=None):
        names = Names(status_example=[["127.0.0.1"]], wrong_example=[["127.0.0.1"]])
        return make_fetcher(limits=limits, resolve=names, ca_file=str(authority / "ca.pem"), routes=routes)

    return make


def secure(origin: Origin, host: str = "status.example") -> FetchRequest:
    return FetchRequest(url=origin.url(host=host), allow_private=True)


def test_tls_speaks_to_the_name_and_keeps_the_connection(trusting, tls):
    asked = []
    context = tls()
    context.sni_callback = lambda _, name, __: asked.append(name)
    fetcher = trusting()
    with Origin(lambda exchange: exchange.answer(body=b"news"), tls=context) as origin:
        assert [fetcher.fetch(secure(origin)).body for _ in range(3)] == [b"news"] * 3

    assert asked == ["status.example"]
    assert origin.connections == 1


def test_a_certificate_for_another_name_is_refused(trusting, tls):
    with Origin(Exchange.answer, tls=tls()) as origin:
        error = failing(TlsError, trusting(), secure(origin, "wrong.example"))

    assert str(error).startswith("the certificate of wrong.example is not valid: ")
    assert origin.requests == []


def test_a_certificate_of_nobody_we_trust_is_refused(trusting, tls):
    with Origin(Exchange.answer, tls=tls("own")) as origin:
        error = failing(TlsError, trusting(), secure(origin))

    assert str(error) == "the certificate of status.example is not valid: self-signed certificate"


def test_plain_http_on_a_tls_port_is_reported_as_such(trusting):
    def script(exchange):
        exchange.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with Origin(script, is_mute=True) as origin:
        request = FetchRequest(url=f"https://status.example:{origin.port}/", allow_private=True)
        failing(TlsError, trusting(), request)


@pytest.mark.parametrize("hello", [b"", b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"], ids=["silence", "drip"])
def test_a_handshake_that_takes_too_long_is_given_up(trusting, hello):
    def script(exchange):
        exchange.drip(hello + bytes(200) if hello else b"", every_s=0.05)
        exchange.dawdle()

    with Origin(script, is_mute=True) as origin:
        request = FetchRequest(url=f"https://status.example:{origin.port}/", allow_private=True)
        error = failing(FetchTimeout, trusting(limits=FAST), request)

    assert str(error) == "no TLS handshake with status.example within 0.3 s"


def test_a_body_that_drips_through_tls_ends_at_the_deadline(trusting, tls):
    def script(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
        exchange.drip(b"x" * 500, every_s=0.05)

    with Origin(script, tls=tls()) as origin:
        failing(FetchTimeout, trusting(limits=FAST), secure(origin))


def test_a_redirect_from_https_to_http_is_refused(trusting, tls):
    with Origin(Exchange.answer) as plain:
        location = plain.url(host="status.example")
        with Origin(lambda exchange: exchange.answer("301 Moved", Location=location), tls=tls()) as origin:
            error = failing(BadUrl, trusting(), secure(origin))

    assert str(error) == f"redirected from https to plain {location}"
    assert plain.connections == 0


def test_a_redirect_from_http_to_https_is_followed(trusting, tls):
    with Origin(lambda exchange: exchange.answer(body=b"news"), tls=tls()) as origin:
        location = origin.url(host="status.example")
        with Origin(lambda exchange: exchange.answer("301 Moved", Location=location)) as plain:
            answer = trusting().fetch(ask(plain))

    assert answer == Fetched(body=b"news", received_bytes=4, url=location)
