"""Content codings, in bounded pieces: those that were announced, those that were not, and those that are none."""

import gzip
import zlib

import brotli
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from tests.goldens import table
from tracker.errors import BadAnswer, TooLarge
from tracker.fetch import decoders
from tracker.fetch.body import Body, decoded_start
from tracker.fetch.coding import Decoding, accept_encoding
from tracker.fetch.decoders import GZIP, PIECE, RAW_DEFLATE
from tracker.fetch.limits import too_large

MOST = 8 << 20
FEED = b"<?xml version='1.0' encoding='utf-8'?>\n<rss>" + "Störung behoben ".encode() * 2000 + b"</rss>"


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, RAW_DEFLATE)
    return packer.compress(data) + packer.flush()


PACK = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "deflate": zlib.compress,
    "bare deflate": bare_deflate,
    "br": lambda data: brotli.compress(data, quality=4),
    "zstd": zstd.compress,
}


def decode(label: str, data: bytes, step: int = 1000, most: int = MOST) -> bytes:
    body = Body({"Content-Encoding": label}, most)
    for start in range(0, len(data), step):
        body.feed(data[start : start + step])
    return body.finish()


@given(
    st.lists(st.binary() | st.builds(lambda byte, count: byte * count, st.binary(max_size=3), st.integers(0, 300_000))),
    st.integers(1, 100),
    st.integers(0, 9),
)
def test_whatever_members_were_packed_with_gzip_come_out(members, step, level):
    packed = b"".join(gzip.compress(member, level) for member in members)
    decoder = decoders.inflate("gzip", GZIP)
    pieces = [piece for start in range(0, len(packed), step) for piece in decoder.feed(packed[start : start + step])]
    decoder.finish()

    assert all(len(piece) <= PIECE for piece in pieces)
    assert b"".join(pieces) == b"".join(members)


@pytest.mark.parametrize("step", [1, 7, 511, 512, 513, 1_000_000])
@pytest.mark.parametrize(("label", "packing"), table("content_codings"))
def test_a_body_is_read_whatever_its_label_says(label, packing, step):
    body = FEED
    for coding in packing:
        body = PACK[coding](body)

    assert decode(label, body, step) == FEED


@pytest.mark.parametrize("label", ["", "gzip", "deflate", "br", "zstd", "gzip, br"])
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", "<a>é</a>".encode("utf-16"), "<a>é</a>".encode("latin-1")])
def test_short_and_odd_text_stays_what_it_is(label, body):
    assert decode(label, body) == body


ODD_TEXT = {
    "a control character": FEED[:99] + b"\x0b" + FEED[99:],
    "other letters before the markup": "Warnung: Gerät fehlt\n".encode("latin-1") + FEED,
}


@pytest.mark.parametrize("label", ["gzip", "x-gzip", "zstd", "gzip, gzip"])
@pytest.mark.parametrize("body", ODD_TEXT.values(), ids=ODD_TEXT)
def test_what_lacks_the_mark_of_a_coding_and_may_be_text_stays_what_it_is(label, body):
    assert decode(label, body) == body


def test_text_whose_letter_lies_across_the_end_of_what_is_looked_at_is_text():
    body = b"x" * 511 + "é".encode() * 300

    assert decode("gzip", body, 512) == body


@pytest.mark.parametrize("coding", [coding for coding in PACK if coding != "bare deflate"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_body_that_is_cut_is_refused(coding, kept):
    packed = PACK[coding](bytes(range(256)) * 50 + FEED)

    with pytest.raises(BadAnswer, match=f"the {coding} body is cut short"):
        decode(coding, packed[: int(len(packed) * kept)], 7)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_body_that_is_really_something_else_is_refused(coding):
    with pytest.raises(BadAnswer, match=f"the {coding} body is (corrupt|cut short)"):
        decode(coding, b"\xff\xfd\x00\x01" * 200)


@pytest.mark.parametrize("label", ["compress", "exi", "\x07" * 300, "gzip, exi"])
def test_a_coding_that_nobody_knows_is_named(label):
    with pytest.raises(BadAnswer, match=r"^the answer has a content coding that cannot be read: [^\x07]*$") as refused:
        decode(label, b"\x1f\x9d\x90\x00\x01" * 200)

    assert len(str(refused.value)) < 200


def test_too_many_codings_are_refused():
    with pytest.raises(BadAnswer, match="more than 4 content codings"):
        decode("gzip, gzip, gzip, gzip, gzip", b"")


@pytest.mark.parametrize("coding", PACK)
@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 5 * PIECE, 5 * PIECE + 257])
def test_output_that_waits_inside_a_decoder_is_not_forgotten(coding, size):
    assert decode(coding.removeprefix("bare "), PACK[coding](bytes(size)), 10_000) == bytes(size)


@pytest.mark.parametrize("coding", PACK)
@pytest.mark.parametrize("over", [0, 1])
def test_the_cap_holds_for_what_is_decoded(coding, over):
    packed = PACK[coding](bytes(100_000 + over))
    label = coding.removeprefix("bare ")
    if over:
        with pytest.raises(TooLarge, match="larger than 100000 bytes"):
            decode(label, packed, most=100_000)
    else:
        assert len(decode(label, packed, most=100_000)) == 100_000


def test_the_cap_holds_for_each_coding_though_little_comes_of_it():
    # A small member, then padding without end: what is beneath would be decoded for nothing.
    packed = gzip.compress(gzip.compress(b"news") + bytes(200_000))

    with pytest.raises(TooLarge):
        decode("gzip, gzip", packed, most=100_000)


@given(st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, br", ""]), st.binary(), st.integers(1, 20))
def test_any_bytes_come_out_or_are_refused(label, data, step):
    try:
        decode(label, data, step)
    except BadAnswer as error:
        assert "body is" in str(error)  # noqa: PT017  both outcomes are right


def test_a_wrong_checksum_is_refused():
    packed = bytearray(gzip.compress(b"news"))
    packed[-5] ^= 1
    with pytest.raises(BadAnswer, match="the gzip body is corrupt"):
        decode("gzip", bytes(packed))


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_thousands_of_empty_members_are_refused(coding):
    with pytest.raises(BadAnswer, match=f"the {coding} body has more than 1000 members"):
        decode(coding, PACK[coding](b"") * 2000)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_what_follows_the_end_is_padding(coding):
    assert decode(coding, PACK[coding](FEED) + b"\0" * 600) == FEED


def test_a_window_beyond_what_http_allows_is_refused():
    options = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.content_size_flag: 0}
    packer = zstd.ZstdCompressor(options=options)

    with pytest.raises(BadAnswer, match="the zstd body is corrupt"):
        decode("zstd", packer.compress(b"x" * 1000) + packer.flush())


def test_what_is_asked_for_is_what_can_be_decoded(monkeypatch):
    assert accept_encoding() == "gzip, deflate, br, zstd"

    monkeypatch.setattr(decoders, "AVAILABLE", ("gzip", "deflate"))

    assert accept_encoding() == "gzip, deflate"
    for coding in ("br", "zstd"):
        with pytest.raises(BadAnswer, match=f"compressed with {coding}, for which a package is missing"):
            decode(coding, PACK[coding](FEED))


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_the_beginning_is_decoded_as_far_as_it_goes(coding):
    page = b"<html>" + b"".join(b"%d" % (number * number) for number in range(200_000))
    start = decoded_start(PACK[coding](page)[:200_000], {"Content-Encoding": coding})

    assert page.startswith(start)
    assert start.startswith(b"<html>")
    assert decoded_start(b"\xff\xfd\x00\x01" * 200, {"Content-Encoding": coding}) == b""


def test_a_beginning_that_explodes_is_decoded_to_a_cap():
    assert len(decoded_start(gzip.compress(b"a" * (64 << 20)), {"Content-Encoding": "gzip"})) <= 64 * 1024


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_pieces_are_small_whatever_comes_out(coding):
    decoding = Decoding(coding, 1 << 30)
    packed = PACK[coding](bytes(1 << 24))
    sizes = [len(piece) for pieces in (decoding.feed(packed), decoding.finish()) for piece in pieces]

    assert sum(sizes) == 1 << 24
    assert max(sizes) < 4 * PIECE


@pytest.mark.parametrize(
    ("size", "words"), [(8 << 20, "8 MiB"), (3 << 10, "3 KiB"), (1000, "1000 bytes"), (1 << 10, "1 KiB")]
)
def test_sizes_are_reported_in_words(size, words):
    assert str(too_large(size)) == f"the answer is larger than {words}"
