"""Decoders of one content coding each, in pieces of bounded size: gzip, deflate, br and zstd.

A decoder yields all that it can before it takes more input. So a caller that counts gives up a body of a few kilobytes
that decodes to gigabytes one piece beyond the cap.
"""

import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

from tracker.errors import BadAnswer

try:
    import brotli
except ImportError:  # pragma: no cover  where no wheel is
    brotli = None
try:
    from compression import zstd
except ImportError:
    try:
        from backports import zstd
    except ImportError:  # pragma: no cover  where no wheel is
        zstd = None

#: The codings that can be undone here, by their names in HTTP.
AVAILABLE: tuple[str, ...] = (
    *("gzip", "deflate"),
    *(("br",) if brotli is not None else ()),
    *(("zstd",) if zstd is not None else ()),
)
#: No piece is much larger.
PIECE: Final = 64 * 1024
#: gzip files of gzip files exist; thousands of empty members or frames are an attack on the processor.
_MOST_MEMBERS: Final = 1000
#: The window of zstd in HTTP is 8 MiB at most (RFC 9659).
_ZSTD_WINDOW_LOG: Final = 23
GZIP: Final = 16 + zlib.MAX_WBITS
ZLIB: Final = zlib.MAX_WBITS
RAW_DEFLATE: Final = -zlib.MAX_WBITS


class Decoder(Protocol):
    """Undoes one coding."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decoded data. Raises BadAnswer."""
        ...

    def finish(self) -> None:
        """Check that the end was reached. Raises BadAnswer."""
        ...


class Members:
    """Decodes the codings of zlib and zstd: one member after the other, each with a marked end."""

    def __init__(self, coding: str, new_member: Callable[[], Any], errors: type[Exception]) -> None:
        self._coding = coding
        self._new_member = new_member
        self._errors = errors
        self._member = new_member()
        self._members = 1
        self._is_begun = False
        self._is_over = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decoded data. Raises BadAnswer."""
        pending = bool(data)
        while pending and not self._is_over:
            if self._member.eof:
                self._next_member()
            piece = self._decode(data)
            yield piece
            data = self._member.unused_data if self._member.eof else self._rest()
            # A full piece may leave output inside although all input was taken.
            pending = bool(data) or (not self._member.eof and len(piece) >= PIECE)

    def finish(self) -> None:
        """Check that the end was reached. Raises BadAnswer."""
        if self._is_begun and not (self._member.eof or self._is_over):
            raise BadAnswer(f"the {self._coding} body is cut short")

    def _next_member(self) -> None:
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise BadAnswer(f"the {self._coding} body has more than {_MOST_MEMBERS} members")
        self._member = self._new_member()

    def _decode(self, data: bytes) -> bytes:
        self._is_begun = True
        try:
            piece: bytes = self._member.decompress(data, PIECE)
        except self._errors as error:
            if self._members > 1:
                # Data after the last member are padding, which every client ignores.
                self._is_over = True
                return b""
            raise BadAnswer(f"the {self._coding} body is corrupt") from error
        return piece

    def _rest(self) -> bytes:
        """Return the input that zlib has not taken yet; zstd does not expose it."""
        rest: bytes = getattr(self._member, "unconsumed_tail", b"")
        return rest


class Brotli:
    """Decodes br (RFC 7932), which has one member."""

    def __init__(self) -> None:
        self._decoder = brotli.Decompressor()
        self._is_begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decoded data. Raises BadAnswer."""
        pending = bool(data)
        while pending:
            self._is_begun = True
            try:
                piece = self._decoder.process(data, output_buffer_limit=PIECE)
            except brotli.error as error:
                raise BadAnswer("the br body is corrupt") from error
            data = b""
            yield piece
            # "Can accept more data" does not mean that all output has come: it may hold output while it takes input.
            pending = not self._decoder.is_finished() and (bool(piece) or not self._decoder.can_accept_more_data())

    def finish(self) -> None:
        """Check that the end was reached. Raises BadAnswer."""
        if self._is_begun and not self._decoder.is_finished():
            raise BadAnswer("the br body is cut short")


def inflate(coding: str, window: int) -> Members:
    """Return a decoder for gzip (RFC 1952), zlib (RFC 1950) or bare deflate (RFC 1951)."""
    return Members(coding, lambda: zlib.decompressobj(window), zlib.error)


def unzstd() -> Members:
    """Return a decoder for zstd (RFC 8878)."""
    options = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
    return Members("zstd", lambda: zstd.ZstdDecompressor(options=options), zstd.ZstdError)
