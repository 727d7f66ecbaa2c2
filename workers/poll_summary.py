"""Summarise polls in one line: counts by outcome, and durations. Pure."""

from bisect import bisect_left
from collections import Counter
from typing import Final

#: How often a line is due, in seconds.
EVERY_S: Final = 60.0
#: Bounds of the classes for durations, in seconds, from a millisecond to over an hour: each is a fifth longer.
_BOUNDS_S: Final = tuple(0.001 * 1.2**step for step in range(85))
#: In the order of the line; other kinds follow.
_KINDS: Final = ("quiet", "changed", "failed", "postponed")


class PollSummary:
    """Counts polls until a line about them is due. One thread at a time may use it."""

    def __init__(self, now_s: float) -> None:
        self._since_s = now_s
        self._kinds: Counter[str] = Counter()
        self._durations: Counter[int] = Counter()

    def add(self, kind: str, duration_s: float) -> None:
        """Count one poll."""
        self._kinds[kind] += 1
        self._durations[bisect_left(_BOUNDS_S, duration_s)] += 1

    def due(self, now_s: float) -> str | None:
        """Return the line when it is due, and start over."""
        return self.line(now_s) if now_s - self._since_s >= EVERY_S else None

    def line(self, now_s: float) -> str | None:
        """Return the line about the counted polls, None without any, and start over."""
        kinds, durations, since_s = self._kinds, self._durations, self._since_s
        self._kinds, self._durations, self._since_s = Counter(), Counter(), now_s
        polls = kinds.total()
        if not polls:
            return None
        parts = [f"{kinds[kind]} {kind}" for kind in _KINDS]
        parts += [f"{count} {kind}" for kind, count in sorted(kinds.items()) if kind not in _KINDS]
        return (
            f"{polls} poll{'' if polls == 1 else 's'} in {now_s - since_s:.0f} s: {', '.join(parts)}; "
            f"99 % took less than {_p99_s(durations) * 1e3:.0f} ms"
        )


def _p99_s(durations: Counter[int]) -> float:
    """Return the upper bound of the class in which the nearest rank lies."""
    rank = -(-durations.total() * 99 // 100)
    for number in sorted(durations):
        rank -= durations[number]
        if rank <= 0:
            break
    return _BOUNDS_S[min(number, len(_BOUNDS_S) - 1)]
