"""What routes would have sent of recorded events, by the machine that decides about new ones. Pure."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from tracker.alerting.alert import Alert, Delivery
from tracker.alerting.machine import MemoryBook, look_again, take_in
from tracker.alerting.rules import Rules
from tracker.alerting.targets import next_due
from tracker.model.event import Event

#: How often one moment is looked at; more would be a bug.
_MOST_LOOKS = 10_000


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery that would have been decided."""

    at: datetime
    delivery: Delivery
    #: Id of the event that brought it, None for the time.
    event_id: str | None = None
    alert: Alert


class Replay:
    """Recorded events, one after the other, with the time between them."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.book = MemoryBook()
        self.sent: list[Sent] = []

    def play(self, events: Iterable[Event], until: datetime | None = None) -> None:
        """Play events in the order in which they were seen, and the time up to `until`."""
        for event in events:
            self.pass_time(event.seen_at)
            self._note(take_in(self.book, event, self.rules, event.seen_at), event.seen_at, event.id)
        if until is not None:
            self.pass_time(until)

    def pass_time(self, now: datetime) -> None:
        """Look again at what is due by now, in the order in which it is due."""
        for _ in range(_MOST_LOOKS):
            due = [(at, alert) for alert in self.book.alerts if (at := next_due(alert)) is not None and at <= now]
            if not due:
                return
            at, alert = min(due, key=lambda pair: (pair[0], pair[1].id))
            self._note(look_again(self.book, alert, self.rules, at), at, None)

    def _note(self, deliveries: Iterable[Delivery], at: datetime, event_id: str | None) -> None:
        known = {alert.id: alert for alert in self.book.alerts} if deliveries else {}
        self.sent += [
            Sent(at=at, delivery=delivery, event_id=event_id, alert=known[delivery.alert_id]) for delivery in deliveries
        ]
