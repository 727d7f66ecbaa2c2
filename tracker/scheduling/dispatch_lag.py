"""Measures the dispatch lag: the time from a provider's due time until its fetch task is published. Pure.

Latency is something else: it is about updates. A scheduler counts its dispatches of the last minute by second and class
of lateness: some hundred numbers for any number of providers.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

#: The length of "the last minute", in seconds.
WINDOW_S: Final = 60
#: Upper bounds of the classes of lateness, from a millisecond to a day, each a fifth above the last.
_BOUNDS_S: Final = tuple(0.001 * 1.2**step for step in range(101))


class SchedulerReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report of one scheduler. Latenesses are of the last minute, in seconds; None if it dispatched nothing."""

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
    """The state of scheduling as a whole."""

    providers: int
    #: Providers that have been due for more than a second, and for how long the first of them has been.
    overdue: int = 0
    overdue_s: float = 0.0
    #: Those that reported within the last minute, by name.
    schedulers: tuple[SchedulerReport, ...] = ()


class _Second(msgspec.Struct):
    """The dispatches of one second."""

    classes: Counter[int] = msgspec.field(default_factory=Counter)
    latest_s: float = 0.0


class Lateness:
    """Counts the dispatches of one scheduler."""

    def __init__(self) -> None:
        self._dispatched = 0
        self._seconds: dict[int, _Second] = {}

    def add(self, due_at: Iterable[datetime], dispatched_at: datetime) -> None:
        """Count providers that were due then and are dispatched now."""
        second = self._seconds.setdefault(int(dispatched_at.timestamp()), _Second())
        late_s = [max(0.0, (dispatched_at - due).total_seconds()) for due in due_at]
        second.classes.update(bisect_left(_BOUNDS_S, each) for each in late_s)
        second.latest_s = max([second.latest_s, *late_s])
        self._dispatched += len(late_s)

    def report(self, name: str, now: datetime) -> SchedulerReport:
        """Return the report, and forget dispatches older than a minute."""
        until = int(now.timestamp())
        # Counts in the future are from before the clock was put back.
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
