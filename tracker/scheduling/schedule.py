"""The next due time of a page: arithmetic on aware datetimes. Pure."""

import hashlib
import math
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

#: The longest pause between two polls of a failing page.
MAX_BACKOFF_S = 900.0
#: Datetimes are whole microseconds; a grid point this close to now is now.
_RESOLUTION_S = 1e-6
#: The longest `Retry-After` that is obeyed; a whole day would be an outage of the tracker.
MAX_DELAY_S = 3600.0
#: At the fast pace, a page is polled this many times an interval, and at most once in this many seconds.
FAST_POLLS: Final = 3
LEAST_FAST_S: Final = 10.0
#: A fast poll that would follow the last one within this time is skipped.
_LEAST_PAUSE_S: Final = 1.0


class Pace(StrEnum):
    """The frequency of polls of a page, measured by its interval."""

    FAST = "fast"
    NORMAL = "normal"
    SLOW = "slow"


def phase_fraction(provider_id: str) -> float:
    """Return a number in [0, 1): always the same for one id, and evenly distributed over many."""
    return int.from_bytes(hashlib.blake2b(provider_id.encode(), digest_size=8).digest()) / 2**64


def phase_s(provider_id: str, interval_s: float) -> float:
    """Return the offset of a provider's polls from the epoch's grid, in seconds below the interval."""
    return phase_fraction(provider_id) * interval_s


def spacing_s(interval_s: float, pace: Pace) -> float:
    """Return the seconds between two polls at a pace: a whole fraction of the interval, the interval, or twice it."""
    if pace is Pace.FAST:
        return interval_s / max(1, min(FAST_POLLS, int(interval_s // LEAST_FAST_S)))
    return 2 * interval_s if pace is Pace.SLOW else interval_s


def next_due(
    now: datetime,
    provider_id: str,
    interval_s: float,
    not_before: datetime | None = None,
    pace: Pace = Pace.NORMAL,
) -> datetime:
    """Return the first grid point after `now` that is not before `not_before`.

    The grids of one provider are nested: the fast one divides the normal one, and the slow one has every second of its
    points, the odd ones for half of the providers. So a change of pace moves no phase.
    """
    spacing = spacing_s(interval_s, pace)
    phase = phase_s(provider_id, interval_s)
    if pace is Pace.SLOW and phase_fraction(f"{provider_id}#calm") >= 0.5:  # noqa: PLR2004  half of the providers
        phase += interval_s
    earliest = now.timestamp()
    step = math.floor((earliest - phase + _RESOLUTION_S) / spacing) + 1
    if not_before is not None:
        step = max(step, math.ceil((not_before.timestamp() - phase) / spacing))
    return datetime.fromtimestamp(phase + step * spacing, UTC)


def first_due(now: datetime, provider_id: str, interval_s: float, joining: int) -> datetime:
    """Return when a new provider is polled first: soon, but spread out if `joining` of them come at once."""
    window_s = min(interval_s, joining / 100)
    return now + timedelta(seconds=phase_fraction(provider_id) * window_s)


def backoff_s(provider_id: str, interval_s: float, failures: int) -> float:
    """Return the pause after that many failures in a row, in seconds.

    Doubles from one interval up to 15 minutes, with a jitter of a tenth either way that differs by provider and
    failure, so that pages which failed together do not come back together.
    """
    plain = min(interval_s * 2.0 ** min(failures - 1, 30), max(MAX_BACKOFF_S, interval_s))
    jitter = 0.9 + 0.2 * phase_fraction(f"{provider_id}#{failures}")
    return plain * jitter


def due_after_success(
    now: datetime, provider_id: str, interval_s: float, fresh_for_s: float | None, pace: Pace = Pace.NORMAL
) -> datetime | None:
    """Return the next due time by freshness and pace, None for the next point of the normal grid.

    A fast poll waits until the last answer is no longer fresh (RFC 9111, section 4.2); if that takes about an interval,
    the normal pace stays. A slow due time is never earlier than the normal one.
    """
    fresh_s = fresh_for_s or 0.0
    if pace is Pace.NORMAL and fresh_s <= interval_s:
        return None  # Most polls.
    not_before = now + timedelta(seconds=min(fresh_s, MAX_BACKOFF_S)) if fresh_s > interval_s else None
    plain = next_due(now, provider_id, interval_s, not_before)
    due = plain
    if pace is Pace.SLOW:
        due = max(plain, next_due(now, provider_id, interval_s, pace=pace))
    elif pace is Pace.FAST and fresh_s < interval_s - spacing_s(interval_s, pace):
        soonest = now + timedelta(seconds=max(fresh_s, _LEAST_PAUSE_S))
        due = next_due(now, provider_id, interval_s, soonest, pace)
    return None if due == plain and not_before is None else due


def due_after_failure(
    now: datetime, provider_id: str, interval_s: float, failures: int, retry_after_s: float | None
) -> datetime:
    """Return when a failing page is polled again: after its back-off, or later if the server asked for that."""
    pause_s = backoff_s(provider_id, interval_s, failures)
    if retry_after_s is not None:
        pause_s = max(pause_s, min(retry_after_s, MAX_DELAY_S))
    return now + timedelta(seconds=pause_s)
