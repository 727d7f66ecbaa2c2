"""Demand that follows capacity: pages are made due in the data server as fast as fetches are taken.

Beat then claims and publishes them as ever, so that its part and the data server's are in the figures. What we do
ourselves is a round trip every ten milliseconds; its cost is reported beside the tracker's.
"""

import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import redis

from benchmarks.figures import Figures
from tracker.store.connection import DUE

QUEUE: Final = "fetch"
#: Fetches that are due or wait: what workers take while beat pauses, and small beside an interval.
_WAITING: Final = 3000
#: Most pages that are made due together, and how often.
_STEP: Final = 500
_STEP_S: Final = 0.01
#: Pages are made due so long ahead: beat looks when the next one is due.
_AHEAD_S: Final = 0.02
#: Two polls of a page are at least so far apart, whatever the queue holds (`tracker.store`).
_LEAST_GAP_S: Final = 0.5
#: Pages are made due at this share of the rate that the gap allows: a poll too soon would cost and get no lease.
_ROOM: Final = 0.8


class Demand:
    """Pages that are due again and again, in turn."""

    def __init__(self, client: "redis.Redis", pages: Sequence[str]) -> None:
        self._client = client
        self._pages = pages
        self._order = itertools.cycle(pages)
        #: Fetches that are due or wait: as many as there may be, until we have asked.
        self._open = _WAITING
        self._most_per_s = _ROOM * len(pages) / _LEAST_GAP_S

    def last(self, seconds: float) -> None:
        """Keep up demand for so long."""
        ends_at = time.monotonic() + seconds
        self._feed(self._order, ends_at)

    def once(self) -> None:
        """Have every page requested once, as fast as fetches are taken."""
        self._feed(iter(self._pages), None)

    def end(self) -> None:
        """Take back what waits."""
        self._client.delete(QUEUE)

    def _feed(self, pages: Iterator[str], ends_at: float | None) -> None:
        fed_until = time.monotonic()
        while ends_at is None or time.monotonic() < ends_at:
            now = time.monotonic()
            step_ends_at = now + _STEP_S
            allowed = min(_STEP, _WAITING - self._open, int((now - fed_until) * self._most_per_s))
            # One at least: where nothing falls due for long, beat sleeps.
            step = list(itertools.islice(pages, max(1, allowed)))
            fed_until = max(now - _STEP / self._most_per_s, fed_until + len(step) / self._most_per_s)
            if not step and ends_at is None and self._open < _WAITING:
                return
            self._make_due(step)
            time.sleep(max(0.0, step_ends_at - time.monotonic()))

    def _make_due(self, pages: Iterable[str]) -> None:
        due_at = time.time() + _AHEAD_S
        with self._client.pipeline(transaction=False) as pipe:
            if due := dict.fromkeys(pages, due_at):
                pipe.zadd(DUE, due, xx=True)
            pipe.llen(QUEUE)
            pipe.zcount(DUE, "-inf", due_at)
            answers: list[Any] = pipe.execute()
        self._open = answers[-2] + answers[-1]

    def limit(self, figures: Figures) -> str | None:
        """Return what to do when there were so few pages that they were the limit."""
        rate = figures["checks per second"]
        if rate < _ROOM * self._most_per_s:
            return None
        return f"{rate:,.0f} checks/s of {len(self._pages):,} pages: more --pages may bring more"
