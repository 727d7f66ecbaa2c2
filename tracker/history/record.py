"""Reads the record on from its last position, whatever was rotated, cut or restored meanwhile."""

import gzip
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Annotated, Final, cast

import msgspec

from tracker.delivery.event_stream import STREAM_ID, StreamedEvent
from tracker.errors import HistoryError
from tracker.model.event import decode_event

#: Bytes that are read at a time.
_CHUNK: Final = 1 << 20
#: Bytes of a file's beginning that distinguish it from another one, at most; its first line.
_HEAD: Final = 4096


class RecordPosition(msgspec.Struct, frozen=True, kw_only=True):
    """The position in the record up to which it was read: a file, which its first line names, and bytes of it."""

    head: str = ""
    offset: int = 0
    #: When that file was written last, in seconds since the epoch.
    written_at: float = 0.0


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Some events of the record, and the position after them."""

    events: tuple[StreamedEvent, ...]
    place: RecordPosition
    #: Bytes of the record that were passed.
    size: int
    #: Lines that hold no event.
    unreadable: int = 0


class _About(msgspec.Struct):
    stream_id: Annotated[str, msgspec.Meta(pattern=STREAM_ID)]


def read_record(path: Path, place: RecordPosition) -> Iterator[Batch]:
    """Yield the lines after a place, whole ones only: the rest of its file, then those written later, this one last.

    Events of drills, which never happened, are left out.

    If that file is not found (cut, compressed or removed), all files that were written since are read from their
    beginning: the caller skips the events that it has. Raises HistoryError.
    """
    try:
        files = segments(path)
        heads = [_head(file) for file in files]
        known = heads.index(place.head) if place.head and place.head in heads else None
        for number, file in enumerate(files):
            if known is not None and number < known:
                continue
            if known is None and place.head and _written_at(file) < place.written_at:
                continue
            yield from _read(file, _offset(file, place) if number == known else 0, heads[number])
    except OSError as error:
        raise HistoryError(f"cannot read the record {path}: {error.strerror or error}") from error


def segments(path: Path) -> Sequence[Path]:
    """Return the files of the record: those that were rotated away, the oldest first, then the present one."""
    pattern = f"{path.stem}*{path.suffix}*"
    rotated = sorted(
        (file for file in path.parent.glob(pattern) if file != path and file.is_file()),
        key=lambda file: (_written_at(file), file.name),
    )
    return [*rotated, *([path] if path.exists() else [])]


def size_of(path: Path) -> int:
    """Return the bytes of the record's files; compressed files count as they are."""
    return sum(file.stat().st_size for file in segments(path))


def _read(file: Path, offset: int, head: str) -> Iterator[Batch]:
    with _open(file) as stream:
        stream.seek(offset)
        rest = b""
        while chunk := stream.read(_CHUNK):
            whole, _, rest = (rest + chunk).rpartition(b"\n")
            if not whole:
                continue
            offset += len(whole) + 1
            lines = whole.split(b"\n")
            read = tuple(filter(None, map(_streamed, lines)))
            yield Batch(
                events=tuple(streamed for streamed in read if not streamed.event.is_drill),
                place=RecordPosition(head=head, offset=offset, written_at=_written_at(file)),
                size=len(whole) + 1,
                unreadable=sum(1 for line in lines if line.strip()) - len(read),
            )


def _offset(file: Path, place: RecordPosition) -> int:
    """Return the position from which a file is read on; from its beginning if it was put back to an earlier state."""
    return place.offset if file.suffix == ".gz" or place.offset <= file.stat().st_size else 0


def _open(file: Path) -> IO[bytes]:
    """Return the open file, read through the decompressor where it is compressed."""
    return cast("IO[bytes]", gzip.open(file, "rb")) if file.suffix == ".gz" else file.open("rb")


def _head(file: Path) -> str:
    """Return a digest of the file's first line; "" while it has none."""
    with _open(file) as stream:
        line, newline, _ = stream.read(_HEAD).partition(b"\n")
    return hashlib.sha256(line).hexdigest()[:32] if newline or len(line) == _HEAD else ""


def _written_at(file: Path) -> float:
    return file.stat().st_mtime


def _streamed(line: bytes) -> StreamedEvent | None:
    """Return the event of a line, None for a line without an event."""
    try:
        return StreamedEvent(stream_id=msgspec.json.decode(line, type=_About).stream_id, event=decode_event(line))
    except ValueError:
        return None
