"""The use case: bring the stream's events to the record and to the console, each once.

The record (`updates.jsonl`) is the proof of what was delivered, and the place to go on is read from its last line;
the cursor in the store is a copy. The console follows the record: it never shows what is not on record.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from tracker.errors import SinkError
from tracker.failpoints import failpoint
from tracker.latency import Timing, timing
from tracker.ports import Clock, EventStream, Record, Sink, StreamedEvent

log = logging.getLogger(__name__)

#: Names under which cursors are kept.
RECORD = "record"
CONSOLE = "console"
#: Events that are read, written and flushed together.
BATCH = 200
#: Where a stream begins.
START = "0-0"


class Printer:
    """Delivers events to one record and one console. One process, one thread."""

    def __init__(self, stream: EventStream, record: Record, console: Sink, clock: Clock) -> None:
        self._stream = stream
        self._record = record
        self._console = console
        self._clock = clock
        self._recorded: str | None = None

    def drain(self) -> int:
        """Deliver all that is new; return how many events. Raises StoreError, SinkError (nothing is lost)."""
        if self._recorded is None or _order(self._stream.last_id()) < _order(self._recorded):
            self._recorded = self._resume()
        delivered = 0
        while batch := self._stream.read(self._recorded, BATCH):
            now = self._clock()
            logged = [msgspec.structs.replace(streamed, logged_at=now) for streamed in batch]
            new = self._record.missing(logged)
            self._record.deliver(logged)
            failpoint("recorded")
            self._recorded = batch[-1].stream_id
            self._show(new, self._recorded)
            self._stream.save_timings(RECORD, self._recorded, _timings(new))
            delivered += len(batch)
        # Also when nothing is new: a webhook may have caught up since.
        self._stream.trim(before=self._recorded)
        return delivered

    def _resume(self) -> str:
        """Find where to go on: after the record's last line, or the store's cursor if that is further."""
        on_record = self._record.last_stream_id() or START
        cursor = self._stream.cursor(RECORD) or START
        position = max(on_record, cursor, key=_order)
        if _order(self._stream.last_id()) < _order(position):
            # The data server was emptied or put back: its stream began anew, and ids on record are from another one.
            log.warning("the event stream is younger than the record; reading it from its beginning")
            return START
        self._catch_up(position)
        return position

    def _catch_up(self, position: str) -> None:
        """Show on the console what a crash kept from it after it was recorded."""
        shown = self._stream.cursor(CONSOLE) or START
        if _order(shown) >= _order(position):
            return
        while batch := self._stream.read(shown, BATCH):
            missed = [streamed for streamed in batch if _order(streamed.stream_id) <= _order(position)]
            if not missed:
                return
            shown = missed[-1].stream_id
            self._show(missed, shown)

    def _show(self, events: Sequence[StreamedEvent], up_to: str) -> None:
        try:
            self._console.deliver(events)
        except SinkError as error:
            log.warning("%s; the record goes on", error)
        self._stream.save_cursor(CONSOLE, up_to)


def _timings(logged: Sequence[StreamedEvent]) -> Mapping[str, Sequence[Timing]]:
    """Return how long each update took that was just put on record, by provider id."""
    timings: dict[str, list[Timing]] = defaultdict(list)
    for streamed in logged:
        if streamed.logged_at and (known := timing(streamed.event, streamed.stream_id, streamed.logged_at)):
            timings[streamed.event.provider].append(known)
    return timings


def _order(stream_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = stream_id.partition("-")
    return int(milliseconds), int(sequence or 0)
