"""Read a body within the limit of its size."""

import io
from collections.abc import Mapping
from typing import Final

from urllib3 import BaseHTTPResponse

from tracker.errors import BadAnswer, TooLarge
from tracker.fetch.coding import Decoding
from tracker.fetch.limits import too_large

_CHUNK: Final = 64 * 1024
#: How much of the beginning of a body is decoded to recognise it.
_MOST_LOOKED_AT: Final = 64 * 1024


class Body:
    """A body that arrives in pieces."""

    def __init__(self, headers: Mapping[str, str], max_bytes: int) -> None:
        """Prepare to decode a body with these headers. Raises BadAnswer."""
        self._decoding = Decoding(headers.get("Content-Encoding", ""), max_bytes)
        self._decoded = io.BytesIO()

    def feed(self, data: bytes) -> None:
        """Take a piece as it was received. Raises TooLarge, BadAnswer."""
        for piece in self._decoding.feed(data):
            self._decoded.write(piece)

    def finish(self) -> bytes:
        """Return all of it, decoded. Raises TooLarge, BadAnswer."""
        for piece in self._decoding.finish():
            self._decoded.write(piece)
        return self._decoded.getvalue()


def decoded_start(start: bytes, headers: Mapping[str, str]) -> bytes:
    """Return the beginning of a body, decoded as far as possible: enough to recognise it, not to parse it."""
    decoded = io.BytesIO()
    try:
        decoding = Decoding(headers.get("Content-Encoding", ""), _MOST_LOOKED_AT)
        for pieces in (decoding.feed(start), decoding.finish()):
            for piece in pieces:
                decoded.write(piece)
    except (BadAnswer, TooLarge):
        # A beginning is cut short by definition.
        return decoded.getvalue()
    return decoded.getvalue()


def read_body(raw: BaseHTTPResponse, max_bytes: int) -> bytes:
    """Return the decoded body. Raises TooLarge, BadAnswer, and the client's errors."""
    body = Body(raw.headers, max_bytes)
    # Decoding never shrinks an honest body, so a declared length is held to the same cap, before a byte is read.
    if (raw.length_remaining or 0) > max_bytes:
        raise too_large(max_bytes)
    # Not urllib3's own decoding: it accepts a gzip body that is cut short.
    while chunk := raw.read(_CHUNK, decode_content=False):
        body.feed(chunk)
    return body.finish()
