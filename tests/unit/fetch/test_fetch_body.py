"""Gzip in bounded pieces."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import BadAnswer
from tracker.fetch.body import _CHUNK, Gunzip
from tracker.fetch.limits import too_large


def gunzip(data: bytes, step: int) -> bytes:
    decoder = Gunzip()
    pieces = [piece for start in range(0, len(data), step) for piece in decoder.feed(data[start : start + step])]
    decoder.finish()
    assert all(len(piece) <= _CHUNK for piece in pieces)
    return b"".join(pieces)


@given(
    st.lists(st.binary() | st.builds(lambda byte, count: byte * count, st.binary(max_size=3), st.integers(0, 300_000))),
    st.integers(1, 100),
    st.integers(0, 9),
)
def test_whatever_was_packed_comes_out(members, step, level):
    packed = b"".join(gzip.compress(member, level) for member in members)

    assert gunzip(packed, step) == b"".join(members)


@pytest.mark.parametrize("size", [_CHUNK - 1, _CHUNK, _CHUNK + 1, 5 * _CHUNK, 5 * _CHUNK + 257])
def test_output_that_waits_inside_zlib_is_not_forgotten(size):
    assert gunzip(gzip.compress(bytes(size)), 10_000) == bytes(size)


@given(st.binary(), st.integers(1, 20))
def test_any_bytes_come_out_or_are_refused(data, step):
    try:
        gunzip(data, step)
    except BadAnswer as error:
        assert "gzip body" in str(error)  # noqa: PT017  both outcomes are right


@given(st.integers(1, 200))
def test_a_body_that_is_cut_anywhere_is_refused(missing):
    packed = gzip.compress(bytes(range(256)) * 8)
    with pytest.raises(BadAnswer, match="cut short"):
        gunzip(packed[: max(1, len(packed) - missing)], 7)


def test_a_wrong_checksum_is_refused():
    packed = bytearray(gzip.compress(b"news"))
    packed[-5] ^= 1
    with pytest.raises(BadAnswer, match="corrupt"):
        gunzip(bytes(packed), 100)


def test_zlib_without_gzip_around_it_is_refused():
    with pytest.raises(BadAnswer, match="corrupt"):
        gunzip(zlib.compress(b"news"), 100)


def test_nothing_at_all_is_an_empty_body():
    assert gunzip(b"", 1) == b""


@pytest.mark.parametrize(
    ("size", "words"), [(8 << 20, "8 MiB"), (3 << 10, "3 KiB"), (1000, "1000 bytes"), (1 << 10, "1 KiB")]
)
def test_sizes_are_told_in_words(size, words):
    assert str(too_large(size)) == f"the answer is larger than {words}"
