"""Content codings: the header names them, unless the body itself shows something else.

Servers label plain bodies as gzip, with their charset or with a coding of their storage, and send gzip without a label.
Every page is text; compressed data never looks like text, and most of it begins with a mark.
"""

import re
import zlib
from collections.abc import Iterator
from typing import Final

from tracker.errors import BadAnswer
from tracker.fetch import decoders
from tracker.fetch.decoders import GZIP, RAW_DEFLATE, ZLIB, Brotli, Decoder, inflate, unzstd
from tracker.fetch.failures import plain
from tracker.fetch.limits import too_large

#: How many bytes of a body are examined to recognise it.
_LOOKED_AT: Final = 512
#: Codings on top of one another; caches add a second one to a body that has one already.
_MOST_CODINGS: Final = 4
#: Labels that name no coding at all: charsets, transfer encodings of mail, words for nothing, a framing of storage.
_NONE: Final = re.compile(r"|identity|none|null|binary|[78]bit|text|plain|aws-chunked|utf-?(8|16|16le|16be)|us-ascii")
_GZIP_MARK: Final = b"\x1f\x8b\x08"
#: A frame, or one of the sixteen that a reader skips.
_ZSTD_MARK: Final = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_MARKUP: Final = (b"<", b"{", b"[", b'"')


def accept_encoding() -> str:
    """Return the codings that an answer may have: exactly those that are decoded here."""
    return ", ".join(decoders.AVAILABLE)


class Decoding:
    """Undoes all codings of one body; each has the same cap."""

    def __init__(self, label: str, max_bytes: int) -> None:
        """Prepare for a Content-Encoding field. Raises BadAnswer for too many codings."""
        codings = [coding.partition(";")[0].strip(' \t"').lower() for coding in label.split(",")]
        codings = [coding for coding in codings if not _NONE.fullmatch(coding)]
        if len(codings) > _MOST_CODINGS:
            raise BadAnswer(f"the answer has more than {_MOST_CODINGS} content codings: {plain(label)}")
        # The last one was applied last. Beneath all codings of the label, or without a label, there may be one more.
        self._codings = [
            *(_ContentCoding(coding, max_bytes) for coding in reversed(codings)),
            _ContentCoding("", max_bytes),
        ]

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decoded data. Raises BadAnswer, TooLarge."""
        return _through(self._codings, iter((data,)))

    def finish(self) -> Iterator[bytes]:
        """Yield the rest, and check that the end was reached. Raises BadAnswer, TooLarge."""
        for index, coding in enumerate(self._codings):
            yield from _through(self._codings[index + 1 :], coding.finish())


def _through(codings: "list[_ContentCoding]", pieces: Iterator[bytes]) -> Iterator[bytes]:
    for coding in codings:
        pieces = coding.feed(pieces)
    return pieces


class _ContentCoding:
    """One coding, chosen once the body has begun."""

    def __init__(self, coding: str, max_bytes: int) -> None:
        self._coding = coding
        self._max_bytes = max_bytes
        self._decoded = 0
        self._start = b""
        self._is_settled = False
        self._decoder: Decoder | None = None

    def feed(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the decoded pieces. Raises BadAnswer, TooLarge."""
        for given in pieces:
            piece = given
            if not self._is_settled:
                self._start += given
                if len(self._start) < _LOOKED_AT:
                    continue
                piece = self._choose_decoder()
            yield from self._decode(piece)

    def finish(self) -> Iterator[bytes]:
        """Yield the rest. Raises BadAnswer, TooLarge."""
        if not self._is_settled:
            yield from self._decode(self._choose_decoder())
        if self._decoder is not None:
            self._decoder.finish()

    def _choose_decoder(self) -> bytes:
        """Choose the decoder by the beginning of the body; return that beginning."""
        start, self._start = self._start, b""
        self._decoder = _decoder(self._coding, start)
        self._is_settled = True
        return start

    def _decode(self, data: bytes) -> Iterator[bytes]:
        for piece in (data,) if self._decoder is None else self._decoder.feed(data):
            self._decoded += len(piece)
            if self._decoded > self._max_bytes:
                raise too_large(self._max_bytes)
            yield piece


def _decoder(coding: str, start: bytes) -> Decoder | None:
    """Return the decoder for a body that begins so, None without a coding. Raises BadAnswer."""
    if start.startswith(_GZIP_MARK):
        return inflate("gzip", GZIP)
    if _ZSTD_MARK.match(start) and "zstd" in decoders.AVAILABLE:
        return unzstd()
    coding = coding.removeprefix("x-")
    if _is_plain(coding, start):
        return None
    match coding:
        case "gzip" | "deflate" if _is_zlib(start):
            return inflate("deflate", ZLIB)
        case "deflate":
            return inflate("deflate", RAW_DEFLATE)
        case "br" if "br" in decoders.AVAILABLE:
            return Brotli()
        case "gzip":
            raise BadAnswer("the gzip body is corrupt")
        case "zstd" if "zstd" in decoders.AVAILABLE:
            raise BadAnswer("the zstd body is corrupt")
        case "br" | "zstd":
            raise BadAnswer(f"the answer is compressed with {coding}, for which a package is missing here")
    raise BadAnswer(f"the answer has a content coding that cannot be read: {plain(coding)}")


def _is_plain(coding: str, start: bytes) -> bool:
    """Return whether a body that begins so has no coding at all, whatever its label says."""
    if not coding or not start or _is_text(start):
        return True
    # Data in these codings begin with a mark, or with the header of deflate.
    return coding in ("gzip", "zstd") and not _is_zlib(start) and _may_be_text(start)


def _is_text(start: bytes) -> bool:
    """Return whether a body that begins so is plain text, which no compressed data looks like."""
    if start.startswith(_WIDE_MARKS):
        return True
    if _CONTROL.search(start[:_LOOKED_AT]):
        return False
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_MARKUP):
        return True
    return _is_utf8(start)


def _may_be_text(start: bytes) -> bool:
    """Return whether a body that begins so can be text in any encoding, or with control characters in it."""
    looked_at = start[:_LOOKED_AT]
    return b"\0" not in looked_at and (not _CONTROL.search(looked_at) or _is_utf8(start))


def _is_utf8(start: bytes) -> bool:
    try:
        start[:_LOOKED_AT].decode()
    except UnicodeDecodeError as error:
        # The part that is decoded may end within a character.
        return error.end >= min(len(start), _LOOKED_AT) and error.reason == "unexpected end of data"
    return True


def _is_zlib(start: bytes) -> bool:
    """Return whether deflated data begin with the header (RFC 1950) that many servers leave out."""
    try:
        zlib.decompressobj(ZLIB).decompress(start, 1)
    except zlib.error:
        return False
    return True
