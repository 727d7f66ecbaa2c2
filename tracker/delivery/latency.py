"""The time of an update from the vendor's page to the record, and our share of it. Pure.

An update is timed if the vendor dates it between the last poll that did not show it and the poll that did: then its
delay is at most the time between those two. Any other date says nothing about us. An earlier one was put back by the
vendor, or the page showed the update late; a later one is a plan, or a clock that is ahead.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from tracker.model.event import Event, EventKind

#: The newest timings of a page that are kept. The data server holds so few short members in one packed block.
MOST_TIMINGS: Final = 100
#: Kinds of events that report an update for the first time; edits and withdrawals carry its old date.
_FIRST_REPORTS: Final = frozenset({EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE, EventKind.MAINTENANCE_UPDATE})


class Timing(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The latency of one update. Durations are in seconds, to the millisecond."""

    #: Distinguishes two updates with equal durations.
    stream_id: str
    #: From the vendor's date until it was seen; negative if the date was still to come.
    published_s: float
    #: From the last poll without it until it was seen: our share of the delay is at most this.
    unseen_s: float
    #: From being seen until its line was written to the record.
    logged_s: float

    @property
    def is_late(self) -> bool:
        """Return whether the update is dated before a poll that did not show it yet."""
        return self.published_s > self.unseen_s

    @property
    def is_ahead(self) -> bool:
        """Return whether the update is dated after it was seen."""
        return self.published_s < 0


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Median and 95th percentile of some durations, by nearest rank; None without any."""

    p50_s: float | None = None
    p95_s: float | None = None


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """The latency of the updates of a page, or of several."""

    #: How many were timed; the spreads cover these alone.
    updates: int = 0
    published_to_seen: Spread = Spread()
    #: Since the last poll without the update: our share of the delay is at most this.
    ours_at_most: Spread = Spread()
    seen_to_logged: Spread = Spread()
    #: Dated before a poll that did not show them yet: posted late, back-dated, or held back by a cache.
    late: int = 0
    #: Dated after they were seen.
    ahead: int = 0


def timing(event: Event, stream_id: str, logged_at: datetime) -> Timing | None:
    """Return the delay of an event; None for no new update, one without a date, and one of a first sight or a drill."""
    if event.event not in _FIRST_REPORTS or event.published_at is None or event.unseen_since is None or event.is_drill:
        return None
    return Timing(
        stream_id=stream_id,
        published_s=_seconds(event.published_at, event.seen_at),
        unseen_s=_seconds(event.unseen_since, event.seen_at),
        logged_s=_seconds(event.seen_at, logged_at),
    )


def latency(timings: Iterable[Timing]) -> Latency:
    """Return the summary of some timings."""
    known = list(timings)
    timed = [each for each in known if not each.is_late and not each.is_ahead]
    return Latency(
        updates=len(timed),
        published_to_seen=_spread([each.published_s for each in timed]),
        ours_at_most=_spread([each.unseen_s for each in timed]),
        seen_to_logged=_spread([each.logged_s for each in timed]),
        late=sum(each.is_late for each in known),
        ahead=sum(each.is_ahead for each in known if not each.is_late),
    )


def nearest_rank(ordered: Sequence[float], percent: int) -> float:
    """Return the smallest of some sorted values that at least so many percent of them do not exceed."""
    return ordered[-(-len(ordered) * percent // 100) - 1]


def _spread(durations: Iterable[float]) -> Spread:
    ordered = sorted(durations)
    return Spread(p50_s=nearest_rank(ordered, 50), p95_s=nearest_rank(ordered, 95)) if ordered else Spread()


def _seconds(since: datetime, until: datetime) -> float:
    return round((until - since).total_seconds(), 3)
