"""Read a body without ever holding more of it than is allowed."""

import io
import zlib
from collections.abc import Iterator, Mapping
from typing import Final

from urllib3 import BaseHTTPResponse

from tracker.errors import BadAnswer
from tracker.fetch.failures import plain
from tracker.fetch.limits import too_large

_CHUNK: Final = 64 * 1024
#: gzip files of gzip files exist; thousands of empty members are an attack on the processor.
_MOST_MEMBERS: Final = 1000
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


class Body:
    """A body that comes in pieces."""

    def __init__(self, headers: Mapping[str, str], max_bytes: int) -> None:
        """Get ready to decode what these headers announce. Raises BadAnswer."""
        self._decoder = _decoder(headers)
        self._max_bytes = max_bytes
        self._decoded = io.BytesIO()

    def feed(self, data: bytes) -> None:
        """Take a piece as it was received. Raises TooLarge, BadAnswer."""
        for piece in self._decoder.feed(data) if self._decoder else (data,):
            self._decoded.write(piece)
            if self._decoded.tell() > self._max_bytes:
                raise too_large(self._max_bytes)

    def finish(self) -> bytes:
        """Return all of it, decoded. Raises BadAnswer."""
        if self._decoder:
            self._decoder.finish()
        return self._decoded.getvalue()


def decoded_start(start: bytes, headers: Mapping[str, str]) -> bytes:
    """Return the beginning of a body, decoded as far as that goes; for looking, not for parsing."""
    try:
        decoder = _decoder(headers)
        return next(decoder.feed(start), b"") if decoder else start
    except BadAnswer:
        return b""


def read_body(raw: BaseHTTPResponse, max_bytes: int) -> bytes:
    """Return the decoded body. Raises TooLarge, BadAnswer, and what the client raises."""
    body = Body(raw.headers, max_bytes)
    # Decoding never shrinks an honest body, so a declared length is held to the same cap, before a byte is read.
    if (raw.length_remaining or 0) > max_bytes:
        raise too_large(max_bytes)
    # Not urllib3's own decoding: it accepts a gzip body that is cut short.
    while chunk := raw.read(_CHUNK, decode_content=False):
        body.feed(chunk)
    return body.finish()


def _decoder(headers: Mapping[str, str]) -> "Gunzip | None":
    """Return what undoes the content coding. Raises BadAnswer for one that was not asked for."""
    coding = headers.get("Content-Encoding", "").strip().lower()
    if coding in ("gzip", "x-gzip"):
        return Gunzip()
    if coding not in ("", "identity"):
        raise BadAnswer(f"the answer has a content coding that was not asked for: {plain(coding)}")
    return None


class Gunzip:
    """Decodes gzip in pieces of bounded size (RFC 1952)."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        self._members = 0
        self._is_over = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what the data decodes to. Raises BadAnswer."""
        pending = bool(data)
        while pending and not self._is_over:
            if self._member.eof or not self._members:
                self._begin_member()
            piece = self._inflate(data)
            yield piece
            if self._member.eof:
                data = self._member.unused_data
                pending = bool(data)
            else:
                data = self._member.unconsumed_tail
                # A full piece may leave output inside zlib although all input was taken.
                pending = bool(data) or len(piece) == _CHUNK

    def finish(self) -> None:
        """Check that the end was reached. Raises BadAnswer."""
        if self._members and not (self._member.eof or self._is_over):
            raise BadAnswer("the gzip body is cut short")

    def _begin_member(self) -> None:
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise BadAnswer(f"the gzip body has more than {_MOST_MEMBERS} members")
        if self._members > 1:
            self._member = zlib.decompressobj(_GZIP_WINDOW)

    def _inflate(self, data: bytes) -> bytes:
        try:
            return self._member.decompress(data, _CHUNK)
        except zlib.error as error:
            if self._members > 1:
                # What follows the last member is padding; every client overlooks it.
                self._is_over = True
                return b""
            raise BadAnswer("the gzip body is corrupt") from error
