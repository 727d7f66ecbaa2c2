"""Counts the latency of updates into histograms, from the start of the process on."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Final

from tracker.delivery.latency import Timing

#: Upper bounds, in seconds: from a page that is polled every second to one that is polled once an hour.
BOUNDS_S: Final = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
#: From the vendor's date until it was seen; from then until its line was on record.
STEPS: Final = ("seen", "delivered")


class Histogram:
    """Durations by class."""

    def __init__(self) -> None:
        self._classes = [0] * (len(BOUNDS_S) + 1)
        self.sum_s = 0.0

    def add(self, duration_s: float) -> None:
        """Count one duration."""
        self._classes[bisect_left(BOUNDS_S, duration_s)] += 1
        self.sum_s += duration_s

    def buckets(self) -> list[tuple[str, float]]:
        """Return the number of delays up to each bound, the last of which is infinite."""
        bounds = [*(str(float(bound)) for bound in BOUNDS_S), "+Inf"]
        return list(zip(bounds, map(float, accumulate(self._classes)), strict=True))


class Delays:
    """Counts each timing once. It is written a moment after its event, so pages of new events are read twice."""

    def __init__(self, since: datetime) -> None:
        self._since = (round(since.timestamp() * 1000), 0)
        #: By provider: the last timing that was counted.
        self._counted: dict[str, tuple[int, int]] = {}
        self._updated_before: frozenset[str] = frozenset()
        self.histograms: Mapping[str, Histogram] = {step: Histogram() for step in STEPS}

    def wanted(self, updated: frozenset[str]) -> tuple[str, ...]:
        """Return the providers whose timings are to be read now."""
        wanted = updated | self._updated_before
        self._updated_before = updated
        return tuple(sorted(wanted))

    def add(self, provider_id: str, timings: Sequence[Timing]) -> None:
        """Count a provider's new timings that say how long updates take."""
        last = self._counted.get(provider_id, self._since)
        for timing in timings:
            order = _order(timing.stream_id)
            if order <= last:
                continue
            self._counted[provider_id] = max(order, self._counted.get(provider_id, order))
            self.histograms["delivered"].add(max(0.0, timing.logged_s))
            if not timing.is_late and not timing.is_ahead:
                self.histograms["seen"].add(timing.published_s)


def _order(stream_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = stream_id.partition("-")
    return int(milliseconds), int(sequence or 0)
