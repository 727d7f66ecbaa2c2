"""How late providers are dispatched: the time from a provider's due time until its fetch task is published. Pure.

Not to be taken for latency, which is about updates. A scheduler counts what it dispatched in the last minute, by
lateness and second: some hundred numbers, whatever the number of providers.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

#: What "the last minute" is, in seconds.
WINDOW_S: Final = 60
#: Bounds of the classes in which latenesses are counted, from a millisecond to a day: each is a fifth above the last.
_BOUNDS_S: Final = tuple(0.001 * 1.2**step for step in range(101))


class SchedulerReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one scheduler did. Latenesses are those of the last minute, in seconds; None if it dispatched nothing."""

    #: Host and process.
    name: str
    at: datetime
    #: Since it started.
    dispatched: int
    dispatched_last_minute: int = 0
    #: Percentiles are rounded up to their class, by a fifth at most.
    late_p50_s: float | None = None
    late_p99_s: float | None = None
    late_max_s: float | None = None


class Scheduling(msgspec.Struct, frozen=True, kw_only=True):
    """How scheduling does as a whole."""

    providers: int
    #: Providers that have been due for more than a second, and for how long the first of them has been.
    overdue: int = 0
    overdue_s: float = 0.0
    #: Those that reported within the last minute, by name.
    schedulers: tuple[SchedulerReport, ...] = ()


class _Second(msgspec.Struct):
    """What was dispatched within one second."""

    classes: Counter[int] = msgspec.field(default_factory=Counter)
    latest_s: float = 0.0


class Lateness:
    """Counts what one scheduler dispatches."""

    def __init__(self) -> None:
        self._dispatched = 0
        self._seconds: dict[int, _Second] = {}

    def add(self, due_at: Iterable[datetime], dispatched_at: datetime) -> None:
        """Count providers that were due then and were dispatched now."""
        second = self._seconds.setdefault(int(dispatched_at.timestamp()), _Second())
        late_s = [max(0.0, (dispatched_at - due).total_seconds()) for due in due_at]
        second.classes.update(bisect_left(_BOUNDS_S, each) for each in late_s)
        second.latest_s = max([second.latest_s, *late_s])
        self._dispatched += len(late_s)

    def report(self, name: str, now: datetime) -> SchedulerReport:
        """Return what happened, and forget what is older than a minute."""
        until = int(now.timestamp())
        # What lies ahead was counted before the clock was put back.
        self._seconds = {at: second for at, second in self._seconds.items() if until - WINDOW_S < at <= until}
        classes: Counter[int] = Counter()
        for second in self._seconds.values():
            classes.update(second.classes)
        if not classes:
            return SchedulerReport(name=name, at=now, dispatched=self._dispatched)
        latest_s = max(second.latest_s for second in self._seconds.values())
        return SchedulerReport(
            name=name,
            at=now,
            dispatched=self._dispatched,
            dispatched_last_minute=classes.total(),
            late_p50_s=min(latest_s, _percentile(classes, 50)),
            late_p99_s=min(latest_s, _percentile(classes, 99)),
            late_max_s=latest_s,
        )


def _percentile(classes: Counter[int], percent: int) -> float:
    """Return the bound of the class in which the nearest rank lies."""
    rank = -(-classes.total() * percent // 100)
    for number in sorted(classes):
        rank -= classes[number]
        if rank <= 0:
            break
    return _BOUNDS_S[min(number, len(_BOUNDS_S) - 1)]
