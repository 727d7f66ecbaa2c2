"""The use case: bring alerts up to date with the event stream and the time, each event exactly once.

One decider at a time (a lease); its decisions and its position in the stream are written in one step.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from tracker.alerting.alert import Alert, DeliveryDecision
from tracker.alerting.due import is_forgotten
from tracker.alerting.machine import change, look_again, occur, take_in
from tracker.alerting.occurrence import TRACKER, Occurrence, of_tracker
from tracker.alerting.rules import Rules, rules_of
from tracker.alerting.stores import AlertStore, ChannelState, Decided, WrittenBook
from tracker.alerting.story import removed
from tracker.alerting.targets import spoken
from tracker.alerting.vital_signs import LOOKS_WITHIN, VitalSigns
from tracker.failpoints import failpoint
from tracker.model.clock import Clock

log = logging.getLogger(__name__)

#: Events that are read and decided together.
BATCH: Final = 100
#: A busy decider gives its worker back after this long.
TIME_SLICE: Final = timedelta(seconds=3)
#: When a channel fails for so long, the others say so.
FAILS_FOR: Final = timedelta(minutes=15)
#: The prefix of subjects of alerts about channels.
_CHANNEL: Final = "channel/"
#: A page that is not in the catalogue for so long is not watched any more: a catalogue that was lost is back by then.
ABSENT_FOR: Final = timedelta(minutes=1)
_NOT_WATCHED: Final = "The page is no longer watched."


class Decider:
    """Decides about alerts. Safe for threads and processes: the store lets one of them decide at a time."""

    def __init__(self, store: AlertStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._rules = Rules()
        self._version: bytes | None = None
        #: Since when pages that have open alerts are not in the catalogue.
        self._absent: dict[str, datetime] = {}
        self._vital_signs = VitalSigns()
        #: When the tracker's processes were checked last, and whether all of them worked.
        self._looked_over_at: datetime | None = None
        self._is_ailing = False

    def is_well(self, now: datetime) -> bool:
        """Return whether beat, workers and printer worked just now, and the data server took writes."""
        is_recent = self._looked_over_at is not None and timedelta(0) <= now - self._looked_over_at <= LOOKS_WITHIN
        return is_recent and not self._is_ailing

    def run(self) -> int:
        """Decide about all that is new or due; return how many events that were. Raises StoreError, Conflict."""
        owner = self._store.begin()
        if owner is None:
            return 0
        try:
            return self._run(owner)
        finally:
            self._store.end(owner)

    def act(self, alert_id: str, how: Callable[[Alert], Alert]) -> Alert | None:
        """Do something to one alert; None where there is none, or another one decides. Raises StoreError, Conflict."""
        owner = self._store.begin()
        if owner is None:
            return None
        try:
            now = self._clock()
            self._refresh(now)
            book = self._store.book()
            for alert in book.of_provider(alert_id.split("/", 1)[0]):
                if alert.id == alert_id:
                    self._keep(owner, book, change(book, alert, how, self._rules, now), now)
                    return next(each for each in book.of_provider(alert.provider_id) if each.id == alert_id)
            return None
        finally:
            self._store.end(owner)

    def _run(self, owner: str) -> int:
        ends_at = self._clock() + TIME_SLICE
        decided = 0
        self._refresh(self._clock())
        self._end_unwatched(owner, self._clock())
        self._look_over_tracker(owner, self._clock())
        while (now := self._clock()) < ends_at:
            looked = self._look_at_due(owner, now)
            taken = self._take_events(owner, now)
            decided += taken
            if not taken and not looked:
                break
        return decided

    def _refresh(self, now: datetime) -> None:
        """Read changed rules again, and find the pages with open alerts that are no longer watched."""
        version = self._store.version()
        if version == self._version:
            return
        if self._version is None:
            self._store.mend([channel.name for channel in self._store.config().channels])
        self._rules = rules_of(self._store.config(), self._store.providers(), self._store.silences())
        self._version = version
        absent = self._store.open_providers() - self._rules.providers.keys()
        self._absent = {each: self._absent.get(each, now) for each in absent if not each.startswith("~")}

    def _end_unwatched(self, owner: str, now: datetime) -> None:
        """End the alerts of pages that are not watched any more."""
        for provider_id in [each for each, since in self._absent.items() if now - since >= ABSENT_FOR]:
            del self._absent[provider_id]
            book = self._store.book()
            ended = [
                delivery
                for alert in book.of_provider(provider_id)
                for delivery in change(book, alert, lambda each: removed(each, _NOT_WATCHED, now), self._rules, now)
            ]
            self._keep(owner, book, ended, now)

    def _take_events(self, owner: str, now: datetime) -> int:
        events = self._store.events(BATCH) if self._rules.channels else ()
        if not events:
            return 0
        book = self._store.book()
        deliveries: list[DeliveryDecision] = []
        missing = sum(each.event is None for each in events)
        for each in events:
            if each.event is not None:
                deliveries += take_in(book, each.event, self._rules, now)
        if missing:
            log.warning("alerts missed %d events: the stream was too long to keep them", missing)
        self._keep(owner, book, deliveries, now, stream_ids=tuple(each.stream_id for each in events))
        return len(events)

    def _look_at_due(self, owner: str, now: datetime) -> int:
        due = self._store.due(now, BATCH)
        if not due:
            return 0
        book = self._store.book()
        deliveries: list[DeliveryDecision] = []
        gone = [alert for alert in due if is_forgotten(alert, now)]
        for alert in due:
            if alert not in gone:
                current = next((each for each in book.of_provider(alert.provider_id) if each.id == alert.id), alert)
                deliveries += look_again(book, current, self._rules, now)
        self._keep(owner, book, deliveries, now, gone=tuple(gone))
        return len(due)

    def _look_over_tracker(self, owner: str, now: datetime) -> None:
        """Alert about channels that fail for long and about processes that have stopped, until they work again."""
        book = self._store.book()
        failing = {alert.subject for alert in book.of_provider(TRACKER) if not alert.is_over}
        occurrences = [*self._of_channels(failing, now), *self._of_processes(failing, now)]
        deliveries = [delivery for each in occurrences for delivery in occur(book, each, self._rules, now)]
        self._keep(owner, book, deliveries, now)
        self._looked_over_at = now

    def _of_channels(self, failing: Collection[str], now: datetime) -> Iterator[Occurrence]:
        states = self._store.channel_states(self._rules.channels)
        for state in states:
            subject = f"{_CHANNEL}{state.name}"
            fails = state.failing_since is not None and now - state.failing_since >= FAILS_FOR
            if fails is not (subject in failing) and (fails or not state.failures):
                yield _of_channel(state, now)
        known = {subject for subject in failing if subject.startswith(_CHANNEL)}
        for subject in sorted(known - {f"{_CHANNEL}{state.name}" for state in states}):
            yield of_tracker(subject, f"{subject} is not configured any more", "", now, is_over=True)

    def _of_processes(self, failing: Collection[str], now: datetime) -> Iterator[Occurrence]:
        findings = self._vital_signs.judge(self._store.signs(), now)
        self._is_ailing = any(each.is_failing for each in findings)
        for each in findings:
            if each.is_failing and each.subject not in failing:
                yield of_tracker(each.subject, each.title, each.text, now, is_over=False)
            elif each.is_failing is False and each.subject in failing:
                yield of_tracker(each.subject, each.title, "It is at work again.", now, is_over=True)

    def _keep(
        self,
        owner: str,
        book: WrittenBook,
        deliveries: Iterable[DeliveryDecision],
        now: datetime,
        *,
        stream_ids: tuple[str, ...] = (),
        gone: tuple[Alert, ...] = (),
    ) -> None:
        if not (book.written or book.written_storms or stream_ids or gone):
            return
        failpoint("deciding")
        decided = Decided(
            stream_ids=stream_ids,
            alerts=tuple(book.written.values()),
            storms=tuple(book.written_storms.items()),
            deliveries=tuple(deliveries),
            gone=gone,
        )
        self._store.keep(owner, decided, now)
        failpoint("decided")


def _of_channel(state: ChannelState, now: datetime) -> Occurrence:
    title = f"Alerts do not reach the channel {state.name}"
    if not state.failures:
        return of_tracker(f"{_CHANNEL}{state.name}", title, "It takes alerts again.", now, is_over=True)
    since = now if state.failing_since is None else state.failing_since
    text = f"It has failed for {spoken(now - since)}: {state.last_error or 'no reason is known'}"
    return of_tracker(f"{_CHANNEL}{state.name}", title, text, now, is_over=False)
