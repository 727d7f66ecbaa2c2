"""Explains whether an event was sent: the verdict of each route on its alert, and the decision. Pure."""

from collections.abc import Sequence

import msgspec

from tracker.alerting.alert import Alert
from tracker.alerting.backtest import Replay, Sent
from tracker.alerting.rules import RouteDecision, Rules, verdicts
from tracker.model.event import Event


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The decision about one event."""

    event: Event
    #: None where it changes no alert.
    alert: Alert | None
    verdicts: tuple[RouteDecision, ...] = ()
    sent: tuple[Sent, ...] = ()


def explained(events: Sequence[Event], position: int, rules: Rules) -> Explanation:
    """Return the verdicts of these rules on one event after those before it, in the order in which they were seen."""
    replay = Replay(rules)
    replay.play(events[:position])
    before = len(replay.sent)
    event = events[position]
    replay.play([event])
    known = [alert for alert in replay.book.alerts if any(step.id == event.id for step in alert.steps)]
    if not known:
        return Explanation(event=event, alert=None)
    return Explanation(
        event=event,
        alert=known[-1],
        verdicts=tuple(verdicts(known[-1], rules)),
        sent=tuple(replay.sent[before:]),
    )
