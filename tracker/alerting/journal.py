"""Open alerts on disk: a copy of the alerts in the data server, beside the record, from which they come back.

The data server holds what is true now; the journal follows it, as the record follows the event stream. When the data
server was emptied, alerts and rows come back from the journal, and the tracker decides again about events recorded
since the journal was written. So each object that is open in a channel is closed once.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from tracker.alerting.alert import Alert
from tracker.alerting.machine import take_in
from tracker.alerting.row import SentRow, doubtful
from tracker.alerting.rules import rules_of
from tracker.alerting.stores import AlertStore, Decided
from tracker.errors import Conflict, SinkError
from tracker.failpoints import failpoint
from tracker.model.clock import Clock
from tracker.model.event import Event

log = logging.getLogger(__name__)

#: Lines that are written together, and alerts that are brought back together.
BATCH: Final = 500
#: The value of an alert or row that is forgotten.
FORGOTTEN: Final = msgspec.Raw(b"null")
#: Before all stream ids.
START: Final = "0-0"


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One alert, or what one channel was sent of it, as of a moment. A later line replaces an earlier one."""

    #: "" where the line only says which events were decided about.
    alert: str
    #: None for the alert itself.
    channel: str | None = None
    #: As the data server holds it; null where it is forgotten.
    value: msgspec.Raw = FORGOTTEN
    #: The stream id of the last event that was decided about.
    decided: str = ""


class Unwritten(msgspec.Struct, frozen=True, kw_only=True):
    """The changes in the data server since the journal was written."""

    lines: Sequence[Line] = ()
    #: The number of the last change among them.
    newest: float = 0.0


class Journalled(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of the journal."""

    alerts: Sequence[Alert] = ()
    #: By channel and alert id.
    rows: dict[tuple[str, str], SentRow] = {}
    #: The stream id of the last event that was decided about; "" where none is known.
    decided: str = ""


class JournalStore(AlertStore, Protocol):
    """The data server as the journal sees it. Every method raises StoreError."""

    def begin(self, *, awaits_journal: bool = True) -> str | None:
        """Take the right to decide; without `awaits_journal` also while others wait for the journal."""
        ...

    def all_alerts(self) -> Sequence[Alert]:
        """Return all alerts that are kept."""
        ...

    def is_journal_read(self) -> bool:
        """Return whether the journal was read since the data server was empty."""
        ...

    def is_ready(self) -> bool:
        """Return whether the catalogue and the configuration of alerts are there."""
        ...

    def bring_back(self, rows: Mapping[tuple[str, str], SentRow]) -> None:
        """Store rows of channels where none are known; the sender looks at each of them."""
        ...

    def journal_read(self, owner: str) -> None:
        """Let others decide: the contents of the journal are in the data server. Raises Conflict if all was lost."""
        ...

    def decided(self) -> str | None:
        """Return the stream id of the last event that was decided about, "" for none, None without channels."""
        ...

    def all_unwritten(self) -> None:
        """Mark all alerts and rows as not written."""
        ...

    def unwritten(self, count: int) -> Unwritten:
        """Return up to `count` of the alerts and rows that changed, those that changed first."""
        ...

    def written(self, unwritten: Unwritten) -> None:
        """Mark these lines as written, unless they have changed again."""
        ...


class JournalRecord(Protocol):
    """The record, as the journal sees it."""

    def after(self, stream_id: str) -> Sequence[Event]:
        """Return the events on record whose stream ids are larger than this one, oldest first."""
        ...

    def last_stream_id(self) -> str | None:
        """Return the stream id of the last event on record."""
        ...


class JournalFile(Protocol):
    """The file. Every method raises SinkError."""

    @property
    def is_new(self) -> bool:
        """Return whether it is empty."""
        ...

    def read(self) -> Journalled:
        """Return its contents; a line that cannot be read is passed over."""
        ...

    def append(self, lines: Sequence[Line]) -> None:
        """Write lines, and return once they are on the disk."""
        ...


class Journal:
    """Writes the journal, and brings alerts back. One process, one thread: the printer."""

    def __init__(self, file: JournalFile, store: JournalStore, record: JournalRecord, clock: Clock) -> None:
        self._file = file
        self._store = store
        self._record = record
        self._clock = clock
        self._failure = ""

    def follow(self) -> None:
        """Bring alerts back if they were lost, then write what changed. Raises StoreError; nothing is lost by it.

        A file that cannot be read or written is tried again the next time; that is logged once.
        """
        try:
            self._follow()
        except SinkError as error:
            if str(error) != self._failure:
                log.warning("%s", error)
            self._failure = str(error)
        else:
            self._failure = ""

    def _follow(self) -> None:
        if not self._store.is_journal_read():
            if not self._store.is_ready() or not self._bring_back():
                return
        elif self._file.is_new:
            self._store.all_unwritten()
        if self._file.is_new:
            self._begin()
        while (unwritten := self._store.unwritten(BATCH)).lines:
            self._file.append(unwritten.lines)
            failpoint("journalled")
            self._store.written(unwritten)

    def _begin(self) -> None:
        """Write down, before there is any alert, from where on events are decided about after a loss."""
        decided = self._store.decided()
        if decided is not None:
            self._file.append([Line(alert="", decided=decided or self._record.last_stream_id() or START)])

    def _bring_back(self) -> bool:
        """Put the contents of the journal into the data server; return whether that was possible now."""
        owner = self._store.begin(awaits_journal=False)
        if owner is None:
            return False
        try:
            known = self._file.read()
            present = {alert.id for alert in self._store.all_alerts()}
            missing = [alert for alert in known.alerts if alert.id not in present]
            for start in range(0, len(missing), BATCH):
                self._store.keep(owner, Decided(alerts=tuple(missing[start : start + BATCH])), self._clock())
            since = self._decide_since(owner, known.decided)
            self._store.bring_back(known.rows | _doubtful((*missing, *since), known.rows))
            self._store.journal_read(owner)
            self._store.all_unwritten()
        except Conflict:
            return False
        finally:
            self._store.end(owner)
        if missing:
            still = sum(not alert.is_over for alert in missing)
            log.warning("the data server had lost its alerts; %d came back, %d of them open", len(missing), still)
        return True

    def _decide_since(self, owner: str, decided: str) -> Sequence[Alert]:
        """Decide about recorded events that were not decided about when the journal was written."""
        if not decided:
            return ()
        rules = rules_of(self._store.config(), self._store.providers(), self._store.silences())
        now, book = self._clock(), self._store.book()
        # Each as of when it was seen: all of them now would look like a storm.
        deliveries = [
            delivery for event in self._record.after(decided) for delivery in take_in(book, event, rules, event.seen_at)
        ]
        alerts, storms = tuple(book.written.values()), tuple(book.written_storms.items())
        for start in range(0, len(alerts), BATCH):
            self._store.keep(owner, Decided(alerts=alerts[start : start + BATCH]), now)
        self._store.keep(owner, Decided(storms=storms, deliveries=tuple(deliveries)), now)
        return alerts


def _doubtful(alerts: Iterable[Alert], known: Mapping[tuple[str, str], SentRow]) -> dict[tuple[str, str], SentRow]:
    """Return rows that allow for messages sent after the journal was last written."""
    return {
        (channel, alert.id): doubtful(alert, target, known.get((channel, alert.id), SentRow()))
        for alert in alerts
        for channel, target in alert.targets.items()
    }
