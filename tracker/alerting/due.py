"""The times at which an alert is evaluated again without an event, and forgotten. Pure."""

from datetime import datetime, timedelta
from typing import Final

from tracker.alerting.alert import REOPENS_WITHIN, Alert, Phase
from tracker.alerting.story import MOVED_PATIENCE

#: An alert that is over is kept for so long, with the rows of its messages; one that no channel was sent until
#: it can no longer reopen.
KEPT_FOR: Final = timedelta(days=7)


def next_due(alert: Alert) -> datetime | None:
    """Return when an alert has to be evaluated again though nothing happens, None for never."""
    found: list[datetime | None] = [target.due_at for target in alert.targets.values()]
    if not alert.is_over:
        found.append(alert.snoozed_until)
        found.append(None if alert.moved_at is None else alert.moved_at + MOVED_PATIENCE)
        found += [target.repeat_at for target in alert.targets.values() if target.phase is Phase.OPEN]
    return min(filter(None, found), default=None)


def looked_at_again(alert: Alert) -> datetime | None:
    """Return when an alert is evaluated again: for a step that is due, or to forget it."""
    if not alert.is_over or alert.closed_at is None:
        return next_due(alert)
    return min(filter(None, (next_due(alert), _forgotten_at(alert))), default=None)


def is_forgotten(alert: Alert, now: datetime) -> bool:
    """Tell whether an alert that is over has been kept for long enough."""
    at = _forgotten_at(alert)
    return at is not None and next_due(alert) is None and now >= at


def _forgotten_at(alert: Alert) -> datetime | None:
    if not alert.is_over or alert.closed_at is None:
        return None
    return alert.closed_at + (KEPT_FOR if alert.targets else REOPENS_WITHIN)
