"""The use case: write the stream's events to the record and to the console, each once.

The record (`updates.jsonl`) proves the deliveries, and its last line says where to continue. The
cursor in the store is a copy; without it the data server has lost its data, and pages are reminded of what is on record
before they are polled again. The console follows the record: it shows nothing that is not on record.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from tracker.delivery.event_stream import CONSOLE, RECORD, START, EventStream, StreamedEvent, order
from tracker.delivery.latency import Timing, timing
from tracker.delivery.record import Record, RecordLease, Sink
from tracker.delivery.recovery import Recovery
from tracker.errors import OwnedElsewhere, SinkError
from tracker.failpoints import failpoint
from tracker.model.clock import Clock

log = logging.getLogger(__name__)

#: Events that are read, written and flushed together.
BATCH = 200
#: Updates that were seen longer ago are late.
_LATE_S = 30.0
_LAST_SEQUENCE = 2**64 - 1


class Sole:
    """The lease of a printer that has its data server to itself."""

    def hold(self, now: datetime) -> bool:  # noqa: ARG002
        """Renew nothing."""
        return False


class Printer:
    """Delivers events to one record and one console. One process, one thread.

    Without the lease of the record it delivers nothing, and the events stay in the stream.
    """

    def __init__(
        self, stream: EventStream, record: Record, console: Sink, clock: Clock, lease: RecordLease | None = None
    ) -> None:
        self._lease = lease or Sole()
        self._is_refused = False
        self._stream = stream
        self._record = record
        self._console = console
        self._clock = clock
        self._recorded: str | None = None
        self._is_late = False
        self._recovery = Recovery(stream, record, clock)
        #: When the data server was last found without a catalogue, before this record was begun.
        self._empty_at: datetime | None = None

    @property
    def is_refused(self) -> bool:
        """Return whether another printer has the record, as of the last drain."""
        return self._is_refused

    def drain(self) -> int:
        """Deliver all new events; return their number. Raises StoreError, SinkError, Conflict (nothing is lost)."""
        try:
            self._hold()
            return self._drain()
        except OwnedElsewhere as error:
            if not self._is_refused:
                log.warning(
                    "another printer writes the updates of this data server: %s; this one writes nothing until that "
                    "has stopped. For two trackers on one data server set TRACKER_NAMESPACE for one of them",
                    error,
                )
            self._is_refused = True
            return 0

    def _hold(self) -> bool:
        """Renew the lease; return whether it is a new one. Raises OwnedElsewhere, StoreError."""
        is_new = self._lease.hold(self._clock())
        if is_new:
            # Another printer may have gone on meanwhile: the place is read again, and what pages are reminded of.
            self._recorded = None
            self._recovery.read_again()
        if self._is_refused:
            log.warning("this printer goes on with the updates: the other one has stopped")
            self._is_refused = False
        return is_new

    def _drain(self) -> int:
        # On a slow data server a drain takes many seconds, and later events are not on record at its end.
        began = self._clock()
        generation = self._recovery.begin()
        cursor = self._stream.cursor(RECORD)
        if cursor is None and generation is None and self._record.whole_until() is None:
            # Nobody has put pages in yet, or all was lost before the first check: those who put pages back make them
            # wait for this printer, and updates that are published meanwhile are new.
            self._empty_at = began
            return 0
        if cursor is None and not self._recovery.is_pending:
            self._recorded = self._begin_stream()
        elif self._recorded is None:
            self._recorded = self._resume(cursor or START)
        self._recovery.go_on(self._recorded)
        delivered, is_whole = self._deliver_from(self._recorded)
        if is_whole:
            self._record.is_whole(self._recovery.whole_until(began))
        return delivered

    def _deliver_from(self, recorded: str) -> tuple[int, bool]:
        """Deliver the events after that place; return their number, and whether that was all."""
        delivered = 0
        while (batch := self._read(recorded)) or batch is None:
            if batch is None:
                log.warning("the event stream is not the one that was read before; reading it from its beginning")
                # With the stream what webhooks waited for is gone; or all is, and a cursor was saved right after that.
                self._recovery.lost(self._record.whole_until() or self._clock())
                recorded = self._recorded = START
                self._stream.save_cursor(RECORD, START)
                continue
            if self._hold():
                return delivered, False
            now = self._clock()
            self._warn_of_backlog(batch[0].event.seen_at, now)
            logged = [msgspec.structs.replace(streamed, logged_at=now) for streamed in batch]
            new = self._record.missing(logged)
            self._record.deliver(logged)
            failpoint("recorded")
            recorded = self._recorded = batch[-1].stream_id
            self._show(new, recorded)
            self._stream.save_timings(RECORD, recorded, _timings(new))
            delivered += len(batch)
        # Also when nothing is new: a webhook may have caught up since.
        self._recovery.note_settled(self._stream.trim(before=recorded))
        return delivered, True

    def _warn_of_backlog(self, seen_at: datetime, now: datetime) -> None:
        """Log once when updates reach the record late, and once when they no longer do."""
        late_s = (now - seen_at).total_seconds()
        if late_s > _LATE_S and not self._is_late:
            log.warning("updates reach the record %.0f s late: data server or disk is slow; none is lost", late_s)
        elif late_s <= _LATE_S and self._is_late:
            log.warning("updates reach the record in time again")
        self._is_late = late_s > _LATE_S

    def _read(self, after: str) -> Sequence[StreamedEvent] | None:
        """Return the next events, None if it is another stream: the last event that was delivered stays in its own.

        Ids alone prove nothing: those of a stream that started over may be smaller or larger, as clocks go.
        """
        if after == START:
            return self._stream.read(START, BATCH)
        last, *batch = self._stream.read(_before(after), BATCH + 1) or (None,)
        return batch if last is not None and last.stream_id == after else None

    def _begin_stream(self) -> str:
        """Begin a stream that nobody has read: the first one, or the first one after the data server lost its data."""
        known_until = self._record.whole_until() or self._empty_at
        watched = self._stream.watched() if known_until is None else None
        known_until = watched.until if watched else known_until
        if known_until is None:
            self._stream.save_cursor(RECORD, START)
        else:
            # The keeper of the catalogue logs the loss.
            log.info("the data server does not know this record; reading the event stream from its beginning")
            self._recovery.lost(known_until)
        return START

    def _resume(self, cursor: str) -> str:
        """Find the position: after the record's last line if that is in this stream, else the cursor."""
        position, on_record = cursor, self._record.last_stream_id()
        if on_record is not None and order(on_record) > order(cursor):
            found = self._stream.read(_before(on_record), 1)
            if found and found[0].stream_id == on_record and not self._record.missing(found):
                position = on_record
        self._catch_up(position)
        return position

    def _catch_up(self, position: str) -> None:
        """Write recorded events to the console that a crash held back."""
        shown = self._stream.cursor(CONSOLE) or START
        if order(shown) >= order(position):
            return
        while batch := self._stream.read(shown, BATCH):
            missed = [streamed for streamed in batch if order(streamed.stream_id) <= order(position)]
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
    """Return the delay of each update that was just recorded, by provider id."""
    timings: dict[str, list[Timing]] = defaultdict(list)
    for streamed in logged:
        if streamed.logged_at and (known := timing(streamed.event, streamed.stream_id, streamed.logged_at)):
            timings[streamed.event.provider].append(known)
    return timings


def _before(stream_id: str) -> str:
    """Return the id right before this one."""
    milliseconds, sequence = order(stream_id)
    return f"{milliseconds}-{sequence - 1}" if sequence else f"{milliseconds - 1}-{_LAST_SEQUENCE}"
