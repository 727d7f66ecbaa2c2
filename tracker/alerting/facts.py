"""The facts about an open alert that lists and counts need without reading it. Pure."""

from collections.abc import Sequence
from heapq import nsmallest
from typing import NamedTuple

import msgspec

from tracker.alerting.alert import Alert, AlertState, Phase
from tracker.alerting.channel import Severity
from tracker.alerting.message import severity


class AlertFacts(msgspec.Struct, frozen=True, array_like=True):
    """The facts of one open alert. They are stored: new ones come last, with a default."""

    opened_s: float
    severity: Severity
    state: AlertState
    #: Whether it was sent to somebody, and nobody has taken it on.
    is_waiting: bool
    #: Whether a route led it anywhere.
    has_channels: bool
    #: Whether it is about one real disturbance: no drill, and no alert that stands for several.
    is_counted: bool


class AlertPosition(NamedTuple):
    """The position of an alert in the order of all: by the time it opened, and then by its id."""

    opened_s: float
    id: str


class OpenAlert(NamedTuple):
    """One open alert in a list."""

    id: str
    facts: AlertFacts


def facts_of(alert: Alert) -> AlertFacts:
    """Return the facts of an alert."""
    return AlertFacts(
        opened_s=alert.opened_at.timestamp(),
        severity=severity(alert.kind, alert.impact),
        state=alert.state,
        is_waiting=alert.state is AlertState.OPEN
        and any(target.phase is Phase.OPEN for target in alert.targets.values()),
        has_channels=bool(alert.targets),
        is_counted=alert.drill is None and alert.group is None,
    )


def most_urgent(found: Sequence[OpenAlert], count: int) -> list[str]:
    """Return ids: alerts that nobody has taken on first, among these the worst and then the newest first."""
    ranks = {severity: severity.rank for severity in Severity}

    def urgency(each: OpenAlert) -> tuple[bool, bool, int, float, str]:
        facts = each.facts
        return (
            not facts.is_waiting,
            not facts.has_channels,
            -ranks[facts.severity],
            -facts.opened_s,
            each.id,
        )

    return [each.id for each in nsmallest(count, found, key=urgency)]
