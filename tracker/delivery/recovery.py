"""After the data server has lost its data, pages and webhooks go on from the record."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple

from tracker.delivery.event_stream import RECORD, START, EventStream, Reported, order
from tracker.delivery.record import Record
from tracker.model.clock import Clock
from tracker.model.event import Event

#: The longest time that a healthy webhook takes for an event.
_HEALTHY_WITHIN = timedelta(minutes=1)
#: The longest time after a loss until every process that remembers webhooks has restored them.
_PUT_BACK_WITHIN = timedelta(minutes=1)


class _Reminder(NamedTuple):
    """The recorded knowledge, for a data server that lost it."""

    reported: Mapping[str, Reported]
    #: Until when the data server certainly held everything.
    known_until: datetime
    #: The events that each webhook had not acknowledged.
    waiting: Mapping[str, Sequence[Event]]
    #: The events that webhooks without such a note may not have acknowledged.
    lately: Sequence[Event]


class _Position(NamedTuple):
    """How far a webhook is."""

    #: The last stream id that it has acknowledged; `START` for one that has read nothing of a stream that started over.
    settled: str
    #: The last stream id on record when that was noted.
    noted_at: str

    @property
    def on_record(self) -> str:
        """Return the position up to which it has acknowledged the record."""
        return self.noted_at if self.settled == START else self.settled


class Recovery:
    """Remembers the positions of groups, and restores them after a loss. Every method raises StoreError."""

    def __init__(self, stream: EventStream, record: Record, clock: Clock) -> None:
        self._stream = stream
        self._record = record
        self._clock = clock
        #: The position of each webhook; None before the first check.
        self._settled: Mapping[str, _Position] | None = None
        #: The last stream id on record at the last check, and when the last loss was noticed.
        self._noted_at = self._lost_at = START
        #: The generation of the data server in which this drain began.
        self._generation: str | None = None
        #: The events redelivered to each webhook after a loss, until they are acknowledged.
        self._again: Mapping[str, Sequence[Event]] = {}
        #: The recorded knowledge after a loss, until it is given back; None otherwise.
        self._reminder: _Reminder | None = None
        #: The same after it was given back, with the time of that, for webhooks that are restored later.
        self._given: tuple[_Reminder, datetime] | None = None

    @property
    def is_pending(self) -> bool:
        """Return whether a loss was noticed whose pages were not reminded yet."""
        return self._reminder is not None

    def begin(self) -> str | None:
        """Note and return the generation in which a drain begins."""
        self._generation = self._stream.generation()
        return self._generation

    def read_again(self) -> None:
        """Read the record again for a pending recovery: another printer may have gone on with it."""
        if self._reminder is not None:
            self._reminder = self._reminder._replace(reported=self._record.reported())

    def lost(self, known_until: datetime) -> None:
        """Collect the recorded knowledge that the data server lost."""
        before = self._reminder or (self._given[0] if self._given else None)
        waiting: dict[str, Sequence[Event]] = dict(self._reminder.waiting if self._reminder else self._again)
        if self._settled is None:
            # Noted by the printer before this one; those that it did not know are given the last minute.
            waiting = {sink: self._recorded_after(at) for sink, at in self._record.settled().items()} | waiting
            since = known_until - _HEALTHY_WITHIN
            lately = self._record.newest(
                lambda streamed: streamed.logged_at is not None and streamed.logged_at >= since
            )
        else:
            for sink, position in self._settled.items():
                waiting[sink] = _each_once(waiting.get(sink, ()), self._recorded_after(position.on_record))
            # Those that came since the last check.
            lately = self._recorded_after(self._noted_at)
        if before is not None:
            waiting = {**before.waiting, **waiting}
            lately = _each_once(before.lately, lately)
        self._reminder = _Reminder(self._record.reported(), known_until, waiting, lately)
        self._lost_at = self._record.last_stream_id() or START

    def go_on(self, recorded: str) -> None:
        """Let pages and webhooks continue from the record, once the catalogue is back; `recorded` is its position."""
        reminder = self._reminder
        if reminder is None:
            return
        generation = self._stream.generation()
        begun_at, watched = self._record.begun_at(), self._stream.watched()
        if begun_at is not None and watched is not None:
            # Pages may have been read before there was a printer.
            begun_at = min(begun_at, watched.since)
        if self._stream.remind(reminder.reported, reminder.known_until, self._clock(), begun_at=begun_at):
            again = self._stream.redeliver(reminder.waiting, reminder.lately)
            # Not before: a printer that dies meanwhile leaves all of it to the next one.
            self._stream.save_cursor(RECORD, recorded)
            # Otherwise all was lost once more, but for the cursor that was saved after that.
            if self._stream.generation() == generation:
                self._again, self._reminder = again, None
                self._given = (reminder, self._clock())
                # They have read nothing of the stream that started over, of which some may be on record by now.
                self._settled = dict.fromkeys(again, _Position(START, self._lost_at))
                self._noted_at = self._lost_at

    def whole_until(self, began: datetime) -> datetime:
        """Return until when all that pages showed is on record: they were not read after the last poll."""
        if self._reminder is not None:
            return self._reminder.known_until
        polled_at = self._stream.polled_at()
        if polled_at is None:
            # Nothing was read yet, or not since the data server lost its data.
            return self._record.whole_until() or began
        return min(began, polled_at)

    def note_settled(self, found: Mapping[str, str]) -> None:
        """Remember the last acknowledged stream id of each webhook, for the next loss.

        Within one stream none is gone or goes back. One that does shows a loss since the stream was read, which is
        noticed at the next check: it then counts from where it was.
        """
        if self._reminder is not None:
            return
        if self._settled is None:
            self._again = self._given_before(found)
        self._give_to_late_ones(found)
        busy = self._stream.given_again(self._again) if any(self._again.values()) else ()
        # An emptied data server has nothing left, either: only the same stream proves that the events were settled.
        if self._generation is None or self._stream.generation() != self._generation:
            return
        self._again = {sink: events if sink in busy else () for sink, events in self._again.items()}
        self._noted_at = self._record.last_stream_id() or START
        kept = {
            sink: known
            for sink, known in (self._settled or {}).items()
            if sink not in found or order(found[sink]) < order(known.settled)
        }
        self._settled = {sink: _Position(at, self._noted_at) for sink, at in found.items()} | kept
        noted = self._record.settled()
        self._record.note_settled(
            {
                sink: noted.get(sink, START) if self._again.get(sink) else position.on_record
                for sink, position in self._settled.items()
            }
        )

    def _give_to_late_ones(self, found: Collection[str]) -> None:
        """Redeliver pending events to webhooks that were restored after the others had theirs."""
        if self._given is None:
            return
        reminder, given_at = self._given
        if self._clock() - given_at > _PUT_BACK_WITHIN:
            self._given = None
        elif not self._again.keys() >= set(found):
            # Events of the meantime may have been dropped from the stream before the groups existed.
            since = self._recorded_after(self._lost_at)
            waiting = {sink: _each_once(events, since) for sink, events in reminder.waiting.items()}
            waiting |= dict.fromkeys(self._again, ())
            self._again = {**self._stream.redeliver(waiting, _each_once(reminder.lately, since)), **self._again}

    def _given_before(self, sinks: Collection[str]) -> Mapping[str, Sequence[Event]]:
        """Return the events that webhooks still wait for since a loss that an earlier printer noticed."""
        noted = self._record.settled()
        busy = self._stream.given_again([sink for sink in sinks if sink in noted])
        return {sink: self._recorded_after(noted[sink]) for sink in busy}

    def _recorded_after(self, stream_id: str) -> Sequence[Event]:
        return self._record.newest(lambda streamed: order(streamed.stream_id) > order(stream_id))


def _each_once(*events: Sequence[Event]) -> Sequence[Event]:
    return tuple({event.id: event for event in chain(*events)}.values())
