"""Answers as they come over one connection of the quick lane, read by llhttp (`httptools`); no I/O.

Anything unusual is left to the general fetcher: an answer is whole, or it is unclear.
"""

from http import HTTPStatus
from http.client import RemoteDisconnected
from typing import Any, Final

import httptools

from tracker.errors import BadAnswer
from tracker.fetch.body import Body, decoded_start
from tracker.fetch.challenge import LOOKED_AT
from tracker.fetch.fields import Fields
from tracker.fetch.framing import check_framing
from tracker.fetch.outcome import DRAINED, FULL_ANSWERS, REDIRECTS

#: Heads of real pages have 1 to 4 KB and 10 to 40 fields.
_MOST_HEAD_BYTES: Final = 32 * 1024
_MOST_FIELDS: Final = 90
#: Of a body as it is received. Pages have 20 to 300 KB.
MOST_BODY_BYTES: Final = 1024 * 1024
#: Of the bodies that are held at the same time.
MOST_HELD_BYTES: Final = 32 * 1024 * 1024
#: Chunks, and parts of them as they came.
_MOST_PIECES: Final = 10_000
_MOST_INTERIM: Final = 20
#: In the list of content codings; real ones have none.
_MOST_COMMAS: Final = 3
#: Interim answers that llhttp knows to have no body.
_INTERIM: Final = frozenset({100, 102, 103})
_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_FIRST: Final = ord("H")
_HEAD_ENDS: Final = b"\r\n\r\n"
#: Statuses below are those of interim answers.
_FINAL: Final = 200
_VERSIONS: Final = frozenset({"1.0", "1.1"})


class Unclear(Exception):
    """Raised for an answer that the lane cannot read; `is_lasting` says whether the page's next one will be like it."""

    def __init__(self, *, is_lasting: bool = True) -> None:
        super().__init__(is_lasting)
        self.is_lasting = is_lasting


class Held:
    """The bytes of bodies that are held now."""

    __slots__ = ("size",)

    def __init__(self) -> None:
        self.size = 0


class Reply:
    """One answer with its complete body."""

    __slots__ = ("_pieces", "has_head", "headers", "is_whole", "most_bytes", "received_bytes", "status")

    def __init__(self, most_bytes: int) -> None:
        #: The largest size of the decoded body.
        self.most_bytes = most_bytes
        self._pieces: list[bytes] = []
        self.status = 0
        self.headers = Fields()
        self.received_bytes = 0
        #: Whether it is clear how the answer ends.
        self.has_head = False
        self.is_whole = False

    @property
    def is_refusal(self) -> bool:
        """Return whether the status alone decides its meaning."""
        return self.has_head and self.status not in FULL_ANSWERS and self.status != HTTPStatus.NOT_MODIFIED

    def add(self, piece: bytes) -> int:
        """Take a piece of the body; return how many there are."""
        self._pieces.append(piece)
        self.received_bytes += len(piece)
        return len(self._pieces)

    def forget(self) -> None:
        """Let go of the body."""
        self._pieces.clear()

    def body(self) -> bytes:
        """Return the decoded body. Raises TooLarge, BadAnswer."""
        body = Body(self.headers, self.most_bytes)
        body.feed(b"".join(self._pieces))
        return body.finish()

    def start(self) -> bytes:
        """Return the decoded beginning of the body, empty if it breaks."""
        if not self.is_whole and self.received_bytes < LOOKED_AT:
            return b""
        return decoded_start(b"".join(self._pieces)[:LOOKED_AT], self.headers)

    def drain(self) -> None:
        """Do nothing: the wanted part of the body has come."""


class Reader:
    """Reads one answer after the other."""

    __slots__ = (
        *("_declared", "_held", "_interim", "_is_interim", "_most_body_bytes", "_most_bytes", "_parser", "_raw"),
        *("_received", "_repeated", "failure", "is_reusable", "reply"),
    )

    def __init__(self, most_bytes: int, held: Held) -> None:
        """Read bodies that may decode to that many bytes."""
        self._parser: Any = httptools.HttpResponseParser(self)
        self._most_bytes = most_bytes
        self._most_body_bytes = min(MOST_BODY_BYTES, most_bytes)
        self._held = held
        self.begin()

    def begin(self) -> None:
        """Get ready for the next answer."""
        self.reply = Reply(self._most_bytes)
        self._raw = self.reply.headers.raw
        self._received = 0
        self._repeated = 0
        self._interim = 0
        self._is_interim = False
        self._declared: int | None = None
        self.failure: Unclear | None = None
        #: Whether the connection may carry another request.
        self.is_reusable = False

    def close(self) -> None:
        """Release the parser, which refers to this reader, so that both are freed at once."""
        self._parser = None

    @property
    def has_begun(self) -> bool:
        """Return whether any of the answer has come."""
        return self._received > 0

    def feed(self, data: memoryview) -> None:
        """Take received data; afterwards the reply may be whole, or there is a failure."""
        if not self._received and data[0] != _FIRST:
            # llhttp skips empty lines there, and knows other protocols.
            self.failure = Unclear()
            return
        before = self._received
        had_head = self.reply.has_head
        self._received = before + len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.is_reusable = False
            if not self.reply.is_whole and self.failure is None:
                if isinstance(error, httptools.HttpParserCallbackError):
                    # A bug of the tracker's, not a fault of the answer.
                    raise
                self.failure = Unclear()
        if self._received > _MOST_HEAD_BYTES and self._is_too_much(data, before, had_head=had_head):
            self.reply.has_head, self.reply.is_whole = had_head, False
            self.failure = Unclear()

    def _is_too_much(self, data: memoryview, before: int, *, had_head: bool) -> bool:
        """Return whether the head, or the framing of the body (chunk extensions, trailers), is too long."""
        if not self.reply.has_head:
            return True
        if not had_head:
            return before + bytes(data).find(_HEAD_ENDS) > _MOST_HEAD_BYTES
        # Chunk extensions and trailers count in no other place.
        return self._received > _MOST_HEAD_BYTES + 2 * self._most_body_bytes

    def ended(self) -> Exception | None:
        """Return the failure if the connection ended here, None if that completes the answer."""
        if not self._received:
            return RemoteDisconnected("")
        is_unframed = self._declared is None and b"transfer-encoding" not in self.reply.headers.raw
        if self.reply.has_head and is_unframed and self.reply.status not in _BODILESS:
            self.reply.is_whole = True
            return None
        return Unclear()

    # Callbacks of llhttp. An exception ends the parsing.

    def on_message_begin(self) -> None:
        """Refuse data after a whole answer."""
        if self.reply.is_whole:
            self.is_reusable = False
            raise Unclear

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field, or a trailer."""
        name = name.lower()
        raw = self._raw
        if name in raw:
            self._repeated += 1
            if self._repeated > _MOST_FIELDS:
                self._give_up()
            value = b"%b, %b" % (raw[name], value)
        raw[name] = value

    def on_headers_complete(self) -> None:
        """Decide how the answer ends."""
        parser, reply, raw = self._parser, self.reply, self._raw
        status = reply.status = parser.get_status_code()
        if parser.get_http_version() not in _VERSIONS or len(raw) + self._repeated > _MOST_FIELDS:
            self._give_up()
        if status < _FINAL:
            self._is_interim = True
            self._interim += 1
            if status not in _INTERIM or self._interim > _MOST_INTERIM:
                self._give_up()
            return
        if b"content-length" in raw or b"transfer-encoding" in raw:
            self._decide_length()
        if status in REDIRECTS and raw.get(b"location"):
            self._give_up()
        if raw.get(b"content-encoding", b"").count(b",") > _MOST_COMMAS:
            self._give_up()
        self.is_reusable = parser.should_keep_alive()
        reply.has_head = True
        # Trailers say nothing.
        self._raw = {}

    def _decide_length(self) -> None:
        codings, lengths = self._raw.get(b"transfer-encoding"), self._raw.get(b"content-length")
        try:
            check_framing(
                () if codings is None else (codings.decode("latin-1"),),
                () if lengths is None else (lengths.decode("latin-1"),),
            )
        except BadAnswer:
            self._give_up()
        if codings is not None and codings.lower() != b"chunked":
            self._give_up()
        self._declared = None if lengths is None else int(lengths)
        if self.reply.status in FULL_ANSWERS and (self._declared or 0) > self._most_body_bytes:
            self._give_up()

    def on_body(self, piece: bytes) -> None:
        """Take a piece of the body."""
        reply = self.reply
        pieces = reply.add(piece)
        received = reply.received_bytes
        self._held.size += len(piece)
        if reply.is_refusal:
            if received > DRAINED or ((self._declared or 0) > DRAINED and received >= LOOKED_AT):
                # A new connection is cheaper than the rest of an unwanted body.
                reply.is_whole = True
                self.is_reusable = False
                raise Unclear
        elif received > self._most_body_bytes:
            self._give_up()
        if pieces > _MOST_PIECES:
            self._give_up()
        if self._held.size > MOST_HELD_BYTES:
            self._give_up(is_lasting=False)

    def on_message_complete(self) -> None:
        """Note the end of an answer, or forget an interim one."""
        if self._is_interim:
            self._is_interim = False
            self._raw.clear()
            self._repeated = 0
            return
        self.reply.is_whole = True

    def _give_up(self, *, is_lasting: bool = True) -> None:
        self.failure = Unclear(is_lasting=is_lasting)
        raise self.failure
