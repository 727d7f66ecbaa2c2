"""Replays recorded events through routes, with the machine that decides about new ones. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import Final

import msgspec

from tracker.alerting.alert import Alert, DeliveryDecision
from tracker.alerting.due import next_due
from tracker.alerting.machine import MemoryBook, look_again, take_in
from tracker.alerting.rules import Rules
from tracker.model.event import Event

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery that would have been decided."""

    at: datetime
    delivery: DeliveryDecision
    #: Id of the event that brought it, None for the time.
    event_id: str | None = None
    alert: Alert


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """Recorded events with those of the pages' own history before them."""

    #: In the order in which they were seen.
    events: tuple[Event, ...]
    #: Ids of those that only a page shows.
    of_pages: frozenset[str] = frozenset()


def joined(recorded: Iterable[Event], shown: Iterable[Event]) -> Joined:
    """Return events on record, and before the first one of each provider those that its page shows."""
    known = [event for event in recorded if not event.is_drill]
    ids = {event.id for event in known}
    watched_since: dict[str, datetime] = {}
    for event in known:
        watched_since[event.provider] = min(event.seen_at, watched_since.get(event.provider, event.seen_at))
    older = [
        event for event in shown if event.id not in ids and event.seen_at < watched_since.get(event.provider, _NEVER)
    ]
    events = tuple(sorted((*older, *known), key=lambda event: event.seen_at))
    return Joined(events=events, of_pages=frozenset(event.id for event in older))


class _TimedBook(MemoryBook):
    """A book that knows which alert is evaluated next."""

    def __init__(self) -> None:
        self.by_id: dict[str, Alert] = {}
        #: When which alert is due; outdated where the alert is due at another time by now.
        self._dues: list[tuple[datetime, str]] = []
        super().__init__()

    def write(self, alert: Alert) -> None:
        """Keep an alert."""
        super().write(alert)
        self.by_id[alert.id] = alert
        if (at := next_due(alert)) is not None:
            heappush(self._dues, (at, alert.id))

    def pop_due(self, now: datetime) -> tuple[datetime, Alert] | None:
        """Take the alert that is due first, with when, if that is by now."""
        while self._dues and self._dues[0][0] <= now:
            at, alert_id = heappop(self._dues)
            alert = self.by_id[alert_id]
            if next_due(alert) == at:
                return at, alert
        return None


class Replay:
    """Recorded events, one after the other, with the time between them."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.book = _TimedBook()
        self.sent: list[Sent] = []

    def play(self, events: Iterable[Event], until: datetime | None = None) -> None:
        """Play events in the order in which they were seen, and the time up to `until`."""
        for event in events:
            self.pass_time(event.seen_at)
            self._note(take_in(self.book, event, self.rules, event.seen_at), event.seen_at, event.id)
        if until is not None:
            self.pass_time(until)

    def pass_time(self, now: datetime) -> None:
        """Evaluate the alerts that are due by now, in the order of their due times."""
        while (due := self.book.pop_due(now)) is not None:
            at, alert = due
            self._note(look_again(self.book, alert, self.rules, at), at, None)

    def _note(self, deliveries: Iterable[DeliveryDecision], at: datetime, event_id: str | None) -> None:
        self.sent += [
            Sent(at=at, delivery=delivery, event_id=event_id, alert=self.book.by_id[delivery.alert_id])
            for delivery in deliveries
        ]
