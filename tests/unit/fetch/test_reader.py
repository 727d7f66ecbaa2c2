"""Answers in pieces of any size, for the quick lane."""

import pytest

from tracker.fetch.reader import Held, Reader, Unclear

CHUNKED = b'HTTP/1.1 200 OK\r\nETag: "1"\r\nTransfer-Encoding: Chunked\r\n\r\n'
WHOLE = {
    "length": (b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 4\r\n\r\nnews', b"news", True),
    "chunks": (CHUNKED + b'2;a=b\r\nne\r\n2\r\nws\r\n0\r\nETag: "2"\r\n\r\n', b"news", True),
    "interim": (
        b'HTTP/1.1 103 Early\r\nETag: "0"\r\nX: 1\r\n\r\nHTTP/1.1 304 Not\r\nETag: "1"\r\nContent-Length: 9\r\n\r\n',
        b"",
        True,
    ),
    "closing": (b'HTTP/1.1 404 No\r\nConnection: close\r\nETag: "1"\r\nContent-Length: 4\r\n\r\nnews', b"news", False),
}


def read(*pieces: bytes) -> Reader:
    reader = Reader(1 << 20, Held())
    for piece in pieces:
        reader.feed(memoryview(piece))
    return reader


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(("sent", "body", "is_reusable"), WHOLE.values(), ids=WHOLE)
def test_an_answer_is_the_same_however_it_is_cut(sent: bytes, body: bytes, is_reusable: bool, size: int) -> None:
    reader = Reader(1 << 20, Held())
    for _ in range(3 if is_reusable else 1):
        reader.begin()
        for start in range(0, len(sent), size):
            assert not reader.reply.is_whole
            reader.feed(memoryview(sent[start : start + size]))

        assert reader.failure is None
        assert reader.reply.is_whole
        assert reader.reply.body() == body
        assert reader.reply.headers["etag"] == '"1"'
        assert "X" not in reader.reply.headers
        assert reader.is_reusable is is_reusable


@pytest.mark.parametrize(("sent", "_body", "_is_reusable"), WHOLE.values(), ids=WHOLE)
def test_no_beginning_of_an_answer_is_a_whole_one(sent: bytes, _body: bytes, _is_reusable: bool) -> None:
    for end in range(1, len(sent)):
        reader = read(sent[:end])
        assert not reader.reply.is_whole
        assert reader.failure is None
        assert isinstance(reader.ended(), Unclear)


def test_a_field_that_comes_again_is_joined() -> None:
    headers = read(b"HTTP/1.1 304 N\r\nCache-Control: private\r\ncache-control: max-age=5\r\n\r\n").reply.headers

    assert headers["Cache-Control"] == headers.get("CACHE-CONTROL") == "private, max-age=5"
    assert dict(headers) == {"cache-control": "private, max-age=5"}
    assert headers.get("ETag") is None


def test_what_holds_a_body_is_counted_once() -> None:
    held = Held()
    reader = Reader(1 << 20, held)
    for _ in range(2):
        reader.begin()
        reader.feed(memoryview(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnews"))
        assert held.size == reader.reply.received_bytes == 4
        held.size -= 4


@pytest.mark.parametrize("sent", [b"HTTP/1.1 200 OK\r\n\r\nnews", b"HTTP/1.0 200 OK\r\nX: 1\r\n\r\nnews"])
def test_an_answer_without_a_length_ends_with_the_connection(sent: bytes) -> None:
    reader = read(sent)

    assert not reader.reply.is_whole
    assert reader.ended() is None
    assert reader.reply.body() == b"news"
    assert not reader.is_reusable


@pytest.mark.parametrize("line", [b"HTTP/1.1 304 %b\r\n", b"HTTP/1.1 304 N\r\nX: %b\r\n"])
@pytest.mark.parametrize("at_once", [1_000, 30_000, 64_000])
def test_a_long_head_is_not_read(line: bytes, at_once: int) -> None:
    sent = line % (b"x" * 33_000) + b"\r\n"
    reader = Reader(1 << 20, Held())
    for start in range(0, len(sent), at_once):
        if reader.failure is None:
            reader.feed(memoryview(sent[start : start + at_once]))

    assert isinstance(reader.failure, Unclear)
    assert not reader.reply.is_whole


def test_a_body_that_comes_with_its_head_is_not_counted_to_it() -> None:
    body = b"x" * 60_000

    assert read(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + body).reply.body() == body
