"""`alerts.jsonl`: the journal of alerts as a file that is appended to, and rewritten once most of it is outdated."""

import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tracker.alerting.alert import Alert
from tracker.alerting.journal import FORGOTTEN, Journalled, Line
from tracker.alerting.row import SentRow
from tracker.errors import SinkError

log = logging.getLogger(__name__)

#: The name of the file in the data directory.
JOURNAL_NAME: Final = "alerts.jsonl"
#: It is rewritten when it is so many times as large as after the last time, and larger than this.
_GROWTH: Final = 3
_LEAST_BYTES: Final = 1 << 20
_LINES: Final = msgspec.json.Decoder(Line)
_ENCODER: Final = msgspec.json.Encoder()


class AlertJournalFile:
    """The `JournalFile` of a tracker. One process writes it: the one that writes the record."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rewritten_bytes: int | None = None

    @property
    def is_new(self) -> bool:
        """Tell whether it holds nothing."""
        try:
            return self.path.stat().st_size == 0
        except FileNotFoundError:
            return True
        except OSError as error:
            raise self._failure("read", error) from error

    def read(self) -> Journalled:
        """Return its contents; a line that cannot be read is skipped. Raises SinkError."""
        newest, decided = self._newest()
        alerts: list[Alert] = []
        rows: dict[tuple[str, str], SentRow] = {}
        for line in newest:
            if line.value == FORGOTTEN:
                continue
            try:
                if line.channel is None:
                    alerts.append(msgspec.json.decode(line.value, type=Alert))
                else:
                    rows[line.channel, line.alert] = msgspec.json.decode(line.value, type=SentRow)
            except msgspec.MsgspecError as error:
                log.warning("%s: %s was left out, its line cannot be read: %s", self.path, line.alert, error)
        return Journalled(alerts=alerts, rows=rows, decided=decided)

    def append(self, lines: Sequence[Line]) -> None:
        """Write lines, and return once they are on the disk. Raises SinkError with nothing written (disk full)."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                size = _whole(fd)
                _written(fd, lines, size)
            finally:
                os.close(fd)
            if size > max(_LEAST_BYTES, _GROWTH * self._kept_bytes(size)):
                self._rewrite()
        except OSError as error:
            raise self._failure("write", error) from error

    def _kept_bytes(self, size: int) -> int:
        """Return the size after the last rewriting; of a file that was there before, a first guess."""
        if self._rewritten_bytes is None:
            self._rewritten_bytes = size // _GROWTH
        return self._rewritten_bytes

    def _rewrite(self) -> None:
        """Leave out what later lines replaced."""
        newest, decided = self._newest()
        kept = [msgspec.structs.replace(line, decided="") for line in newest if line.value != FORGOTTEN]
        if kept:
            kept[-1] = msgspec.structs.replace(kept[-1], decided=decided)
        beside = self.path.with_suffix(".new")
        fd = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _written(fd, kept, 0)
            self._rewritten_bytes = os.fstat(fd).st_size
        finally:
            os.close(fd)
        beside.replace(self.path)

    def _newest(self) -> tuple[Sequence[Line], str]:
        """Return the newest line of each alert and of each row, and how far events were decided about."""
        newest: dict[tuple[str | None, str], Line] = {}
        decided = ""
        try:
            with self.path.open("rb") as lines:
                for line in _decoded(lines):
                    # Behind those that were written before it.
                    newest.pop((line.channel, line.alert), None)
                    newest[line.channel, line.alert] = line
                    decided = line.decided or decided
        except FileNotFoundError:
            pass
        except OSError as error:
            raise self._failure("read", error) from error
        return tuple(newest.values()), decided

    def _failure(self, act: str, error: OSError) -> SinkError:
        return SinkError(f"cannot {act} {self.path}: {error.strerror or error}; open alerts are not safe until it can")


def _decoded(lines: Iterable[bytes]) -> Iterable[Line]:
    for line in lines:
        try:
            yield _LINES.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue  # a crash tore it; its contents are written again


def _whole(fd: int) -> int:
    """Cut off a last line that a crash tore; return the size that is left."""
    size = os.fstat(fd).st_size
    if not size or os.pread(fd, 1, size - 1) == b"\n":
        return size
    whole = size
    while whole:
        begin = max(0, whole - 65_536)
        at = os.pread(fd, whole - begin, begin).rfind(b"\n")
        whole = begin + at + 1 if at >= 0 else begin
        if at >= 0:
            break
    os.ftruncate(fd, whole)
    return whole


def _written(fd: int, lines: Sequence[Line], size: int) -> None:
    """Append lines behind so many bytes, all of them or none. Raises OSError."""
    data = b"".join(_ENCODER.encode(line) + b"\n" for line in lines)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(fd, left) :]
        os.fsync(fd)
    except OSError:
        os.ftruncate(fd, size)
        raise
