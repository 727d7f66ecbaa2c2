"""Events as JSON: on the console one object a line, and in `updates.jsonl`, the durable record."""

import contextlib
import errno
import fcntl
import logging
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, TextIO

import msgspec

from tracker.delivery.event_stream import STREAM_ID, Reported, StreamedEvent, order
from tracker.delivery.sinks.history import read_reported
from tracker.delivery.sinks.positions import POSITIONS_NAME, Positions
from tracker.errors import SinkError
from tracker.model.event import Event, decode_event, encode_event, identity
from tracker.model.keys import present_event_id
from tracker.model.plain import ascii_json

log = logging.getLogger(__name__)

#: The durable record of all updates, in the data directory.
RECORD_NAME: Final = "updates.jsonl"
#: How much of the record's end is read at the start, to recognise events that are already in it.
_TAIL_BYTES: Final = 1 << 20
#: How much of it once the data server has lost its data: some 100,000 updates.
_HISTORY_BYTES: Final = 64 << 20
#: How many of the newest events are remembered as recorded.
_KEPT: Final = 10_000
#: How often the file's time is set.
_TOUCHED_EVERY: Final = timedelta(seconds=10)


class JsonLines:
    """A `Sink` that writes one JSON object a line to a stream.

    Only ASCII leaves it, so that no text of a vendor can move a cursor or forge a line.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def deliver(self, events: Sequence[StreamedEvent]) -> None:
        """Write the events and flush. Raises SinkError when the reader is gone."""
        try:
            self._stream.write("".join(f"{ascii_json(encode_event(streamed.event))}\n" for streamed in events))
            self._stream.flush()
        except (OSError, ValueError) as error:
            raise SinkError(f"cannot write to the console: {error}") from error


class _Line(msgspec.Struct):
    """The fields that are read back from a line of the record."""

    id: str
    stream_id: Annotated[str, msgspec.Meta(pattern=STREAM_ID)]
    provider: str = ""
    incident_id: str | None = None
    update_id: str | None = None

    @property
    def event_id(self) -> str:
        """Return the id of its event, whichever version wrote it."""
        return present_event_id(self.id, self.provider, self.incident_id, self.update_id)


class _About(_Line):
    """The fields that a line adds to its event."""

    logged_at: datetime | None = None


class UpdateRecord:
    """The `Record`: an append-only file with one event a line, each with the id of its stream entry.

    One process writes it (the lock says so). A line is written whole in one append and reaches the disk before
    `deliver` returns; a last line that a crash tore is cut off at start. An event that is on record already is not
    written again, whatever its stream id. A file that was renamed, removed or replaced is left alone: the next line
    goes into the file that is there now, or into a new one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        is_there = path.exists()
        self._fd = _opened(path)
        self._positions = Positions(path.with_name(POSITIONS_NAME))
        self._last_stream_id: str | None = None
        self._recorded: dict[str, None] = {}
        self._kept = _KEPT
        self._touched_at: datetime | None = None
        written_at = datetime.fromtimestamp(os.fstat(self._fd).st_mtime, UTC)
        self._whole_until = written_at if is_there else None
        self._begun_at = None if is_there else written_at
        self._recover()

    def last_stream_id(self) -> str | None:
        """Return the stream id of the last event on record."""
        return self._last_stream_id

    def missing(self, events: Sequence[StreamedEvent]) -> Sequence[StreamedEvent]:
        """Return those of the events that are not on record, each once."""
        new: dict[str, StreamedEvent] = {}
        for streamed in events:
            event_id = identity(streamed.event)
            if event_id not in self._recorded:
                new.setdefault(event_id, streamed)
        return list(new.values())

    def deliver(self, events: Sequence[StreamedEvent]) -> None:
        """Append the events that are not on record yet. Raises SinkError with nothing written (disk full)."""
        new = self.missing(events)
        if new:
            self._follow()
            self._append("".join(f"{record_line(streamed)}\n" for streamed in new).encode("ascii"))
        self._recorded.update(dict.fromkeys(identity(streamed.event) for streamed in new))
        while len(self._recorded) > len(events) + self._kept:
            del self._recorded[next(iter(self._recorded))]
        if events:
            self._last_stream_id = events[-1].stream_id

    def whole_until(self) -> datetime | None:
        """Return until when the record held every reported event: the modification time of its file."""
        return self._whole_until

    def begun_at(self) -> datetime | None:
        """Return when this process began the file; None for one that was there."""
        return self._begun_at

    def is_whole(self, now: datetime) -> None:
        """Touch the file, a few times a minute at most."""
        if self._touched_at is None or abs(now - self._touched_at) >= _TOUCHED_EVERY:
            self._follow()
            with contextlib.suppress(OSError):
                os.utime(self._fd, (now.timestamp(), now.timestamp()))
            self._touched_at = now
        self._whole_until = now

    def settled(self) -> Mapping[str, str]:
        """Return the stream id up to which each webhook had settled all, by its name, as it was noted last."""
        return self._positions.known

    def note_settled(self, positions: Mapping[str, str]) -> None:
        """Note how far each webhook is."""
        self._positions.note(positions)

    def newest(self, is_wanted: Callable[[StreamedEvent], bool]) -> Sequence[Event]:
        """Return the last events on record, oldest first; see `Record.newest`."""
        found: list[Event] = []
        for line in reversed(self._tail(os.fstat(self._fd).st_size, _HISTORY_BYTES).splitlines()):
            streamed = _streamed(line)
            if streamed is None:
                continue
            if not is_wanted(streamed):
                break
            found.append(streamed.event)
        return found[::-1]

    def after(self, stream_id: str) -> Sequence[Event]:
        """Return the events on record whose stream ids are larger than this one, oldest first."""
        return self.newest(lambda streamed: order(streamed.stream_id) > order(stream_id))

    def reported(self) -> Mapping[str, Reported]:
        """Read the whole record, or so much of its end as a small machine can hold; see `Record.reported`."""
        lines = self._tail(os.fstat(self._fd).st_size, _HISTORY_BYTES).splitlines()
        reported = read_reported(lines)
        known = [line.event_id for line in map(_line, lines) if line is not None]
        self._recorded = dict.fromkeys([*known, *self._recorded])
        self._kept = max(_KEPT, len(self._recorded))
        return reported

    def close(self) -> None:
        """Close the file and let another printer have it."""
        os.close(self._fd)

    def _follow(self) -> None:
        """Go on in the file that has the record's name now. Raises SinkError."""
        ours = os.fstat(self._fd)
        with contextlib.suppress(OSError):
            named = self.path.stat()
            if (named.st_dev, named.st_ino) == (ours.st_dev, ours.st_ino):
                return
        fd, last_stream_id = _opened(self.path), self._last_stream_id
        os.close(self._fd)
        self._fd = fd
        self._recover()
        self._last_stream_id = last_stream_id
        log.info("%s was moved or removed; going on in a new one", self.path)

    def _append(self, data: bytes) -> None:
        size = os.fstat(self._fd).st_size
        try:
            _write_whole(self._fd, data)
            os.fsync(self._fd)
            self._touched_at = None
        except OSError as error:
            os.ftruncate(self._fd, size)
            raise SinkError(f"cannot write {self.path}: {error.strerror or error}") from error

    def _recover(self) -> None:
        """Cut off a torn last line, and remember the events at the end of the file."""
        size = os.fstat(self._fd).st_size
        tail = self._tail(size)
        whole = tail.rfind(b"\n") + 1
        if whole < len(tail):
            os.ftruncate(self._fd, size - len(tail) + whole)
        for line in tail[:whole].splitlines():
            known = _line(line)
            if known is not None:
                self._recorded[known.event_id] = None
                self._last_stream_id = known.stream_id

    def _tail(self, size: int, window: int = _TAIL_BYTES) -> bytes:
        """Return so much of the file's end that its last whole line is in it."""
        while True:
            tail = os.pread(self._fd, window, max(0, size - window))
            if window >= size or tail.count(b"\n") > 1:
                return tail
            window *= 2


def _opened(path: Path) -> int:
    """Return the descriptor of a record that nobody else writes. Raises SinkError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SinkError(f"cannot open {path}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise SinkError(f"cannot open {path}: it is no plain file")
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        raise SinkError(f"{path} is written by another printer") from error
    return fd


def _line(line: bytes) -> _Line | None:
    """Return the content of a line; None for a broken one, such as the first, which the window may cut."""
    try:
        return msgspec.json.decode(line, type=_Line)
    except msgspec.MsgspecError:
        return None


def _streamed(line: bytes) -> StreamedEvent | None:
    """Return the event of a line, None for one that is none."""
    try:
        about = msgspec.json.decode(line, type=_About)
        return StreamedEvent(stream_id=about.stream_id, event=decode_event(line), logged_at=about.logged_at)
    except ValueError:
        return None


def _write_whole(fd: int, data: bytes) -> None:
    """Write everything or raise OSError: a full disk takes a part and reports success."""
    if os.write(fd, data) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def record_line(streamed: StreamedEvent) -> str:
    """Return an event as it stands on record: its flat form, then `stream_id` and `logged_at`."""
    about = msgspec.json.encode({"stream_id": streamed.stream_id, "logged_at": streamed.logged_at}).decode("ascii")
    return f"{ascii_json(encode_event(streamed.event))[:-1]},{about[1:]}"
