"""Reads the record: whole, from a moment on, its last lines, or as it grows. Leaves out drills."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from tracker.delivery.event_stream import StreamedEvent
from tracker.delivery.sinks.jsonlines import RECORD_NAME
from tracker.errors import ConfigError
from tracker.model.event import decode_event

#: Lines are in the order in which they were logged; clocks may have been put back by this much.
_SLACK: Final = timedelta(hours=1)
_CHUNK_BYTES: Final = 1 << 20
#: Longest line that is searched for when a moment is looked up.
_PROBE_BYTES: Final = 1 << 16

#: Called with the number of bytes that were read, and of all bytes.
Progress = Callable[[int, int], object]


class _About(msgspec.Struct):
    """The fields of a line beside its event."""

    stream_id: str
    logged_at: datetime | None = None


_about = msgspec.json.Decoder(_About)


def record_files(data_dir: Path) -> tuple[Path, ...]:
    """Return the files of the record, the oldest first: those rotated away (`updates-*.jsonl`), then the present one.

    Raises ConfigError if there is none.
    """
    present = data_dir / RECORD_NAME
    stem, suffix = present.stem, present.suffix
    try:
        rotated = [(_first_logged(path), path) for path in data_dir.glob(f"{stem}-*{suffix}")]
    except OSError as error:
        raise ConfigError(f"{data_dir}: cannot be read ({error.strerror}); correct its permissions") from error
    files = [path for _, path in sorted(rotated)] + ([present] if present.exists() else [])
    if not files:
        raise ConfigError(f"{data_dir} holds no {RECORD_NAME}; start `tracker up`, or give its --data-dir")
    return tuple(files)


def recorded(
    files: tuple[Path, ...], since: datetime | None = None, progress: Progress = lambda _read, _all: None
) -> Iterator[StreamedEvent]:
    """Yield the events on record from a moment on, or all; a line that cannot be read is skipped.

    Raises ConfigError if a file cannot be read.
    """
    total, read = sum(_size(path) for path in files), 0
    for path in files:
        try:
            with path.open("rb") as stream:
                start = _offset(stream.fileno(), since - _SLACK) if since else 0
                stream.seek(start)
                read += start
                shown = read
                for line in stream:
                    read += len(line)
                    if read - shown >= _CHUNK_BYTES:
                        shown = read
                        progress(read, total)
                    streamed = parsed(line)
                    if streamed is not None and (since is None or streamed.event.seen_at >= since):
                        yield streamed
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read ({error.strerror}); correct its permissions") from error
    progress(total, total)


def newest(path: Path, count: int, wanted: Callable[[StreamedEvent], bool]) -> tuple[tuple[StreamedEvent, ...], int]:
    """Return the last events that are wanted, oldest first, and where the file ended. Raises ConfigError."""
    found: deque[StreamedEvent] = deque()
    try:
        with path.open("rb") as stream:
            end = position = _last_newline(stream.fileno(), os.fstat(stream.fileno()).st_size)
            rest = b""
            while position and len(found) < count:
                size = min(_CHUNK_BYTES, position)
                position -= size
                first, *lines = (os.pread(stream.fileno(), size, position) + rest).split(b"\n")
                rest = first
                for line in reversed([first, *lines] if not position else lines):
                    streamed = parsed(line)
                    if streamed is not None and wanted(streamed) and len(found) < count:
                        found.appendleft(streamed)
    except FileNotFoundError:
        return (), 0
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); correct its permissions") from error
    return tuple(found), end


def follow(path: Path, offset: int, pause: Callable[[], bool]) -> Iterator[StreamedEvent]:
    """Yield events as they are written from that offset on, also into a new file under the same name.

    `pause` waits a moment and returns whether to go on.
    """
    file, rest = _opened(path, offset), b""
    try:
        while True:
            # Checked first: lines that the old file got before it was rotated are read from it.
            is_another = file is None or _inode(path) not in (None, os.fstat(file.fileno()).st_ino)
            if file is not None:
                if file.tell() > (size := os.fstat(file.fileno()).st_size):
                    file.seek(size)  # a printer that starts cuts off a line that a crash tore
                    rest = b""
                *lines, rest = (rest + file.read()).split(b"\n")
                yield from filter(None, map(parsed, lines))
            if is_another:
                if file is not None:
                    file.close()
                file, rest = _opened(path, 0), b""
            elif not pause():
                return
            if file is None and not pause():
                return
    finally:
        if file is not None:
            file.close()


def parsed(line: bytes) -> StreamedEvent | None:
    """Return the event of a line; None for a drill, and for a line without one: torn, empty, or edited by hand."""
    try:
        event = decode_event(line)
        about = _about.decode(line)
    except ValueError:
        return None
    return None if event.is_drill else StreamedEvent(stream_id=about.stream_id, event=event, logged_at=about.logged_at)


def _offset(descriptor: int, since: datetime) -> int:
    """Return the start of the first line that was logged at that moment or later; lines are in that order."""
    low, high = 0, os.fstat(descriptor).st_size
    while high - low > _PROBE_BYTES:
        middle = (low + high) // 2
        probe = os.pread(descriptor, _PROBE_BYTES, middle)
        begin = probe.find(b"\n") + 1
        line = probe[begin:].partition(b"\n")[0]
        logged = _logged(line)
        if not begin or logged is None:
            break  # longer than any line of the tracker, or damaged: reading more is never wrong
        if logged < since:
            low = middle + begin
        else:
            high = middle
    return low


def _logged(line: bytes) -> datetime | None:
    try:
        return _about.decode(line).logged_at or decode_event(line).seen_at
    except ValueError:
        return None


def _first_logged(path: Path) -> tuple[float, str]:
    """Return the sort key of rotated files: when their first line was logged, then the name."""
    with path.open("rb") as stream:
        logged = _logged(stream.readline())
    return (logged.timestamp() if logged else 0.0, path.name)


def _last_newline(descriptor: int, size: int) -> int:
    """Return the end of the last whole line; what follows is being written."""
    while size:
        window = min(_CHUNK_BYTES, size)
        found = os.pread(descriptor, window, size - window).rfind(b"\n")
        if found >= 0:
            return size - window + found + 1
        size -= window
    return 0


def _opened(path: Path, offset: int) -> BinaryIO | None:
    """Return the file at that place, None while there is none."""
    try:
        file = path.open("rb")
    except OSError:
        return None
    file.seek(offset)
    return file


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
