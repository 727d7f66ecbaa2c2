"""When a page is polled next: pure arithmetic on aware datetimes, no clock and no store."""

import hashlib
import math
from datetime import UTC, datetime, timedelta

#: No failing page is asked less often than this.
MAX_BACKOFF_S = 900.0
#: Datetimes are whole microseconds; a grid point this close to now is now.
_RESOLUTION_S = 1e-6
#: A server may ask for no longer a pause than this; Retry-After of a whole day would be an outage of ours.
MAX_DELAY_S = 3600.0


def fraction(provider_id: str) -> float:
    """Return a number in [0, 1) that is always the same for one id and even over many."""
    return int.from_bytes(hashlib.blake2b(provider_id.encode(), digest_size=8).digest()) / 2**64


def phase_s(provider_id: str, interval_s: float) -> float:
    """Return the offset of a provider's polls from the epoch's grid, in seconds below the interval."""
    return fraction(provider_id) * interval_s


def next_due(now: datetime, provider_id: str, interval_s: float, not_before: datetime | None = None) -> datetime:
    """Return the first grid point after `now` that is not before `not_before`."""
    phase = phase_s(provider_id, interval_s)
    earliest = now.timestamp()
    step = math.floor((earliest - phase + _RESOLUTION_S) / interval_s) + 1
    if not_before is not None:
        step = max(step, math.ceil((not_before.timestamp() - phase) / interval_s))
    return datetime.fromtimestamp(phase + step * interval_s, UTC)


def first_due(now: datetime, provider_id: str, interval_s: float, joining: int) -> datetime:
    """Return when a new provider is polled first: soon, but `joining` of them at once are spread out."""
    window_s = min(interval_s, joining / 100)
    return now + timedelta(seconds=fraction(provider_id) * window_s)


def backoff_s(provider_id: str, interval_s: float, failures: int) -> float:
    """Return the pause after that many failures in a row, in seconds.

    Doubles from one interval up to 15 minutes, with a jitter of a tenth either way that differs by provider and
    failure, so that pages which failed together do not come back together.
    """
    plain = min(interval_s * 2.0 ** min(failures - 1, 30), max(MAX_BACKOFF_S, interval_s))
    jitter = 0.9 + 0.2 * fraction(f"{provider_id}#{failures}")
    return plain * jitter


def due_after_success(now: datetime, provider_id: str, interval_s: float, fresh_for_s: float | None) -> datetime | None:
    """Return the next due time that the answer's freshness asks for, None where the plain interval will do."""
    if fresh_for_s is None or fresh_for_s <= interval_s:
        return None
    return next_due(now, provider_id, interval_s, now + timedelta(seconds=min(fresh_for_s, MAX_BACKOFF_S)))


def due_after_failure(
    now: datetime, provider_id: str, interval_s: float, failures: int, retry_after_s: float | None
) -> datetime:
    """Return when a failing page is tried again: backoff, or later if the server asked for it."""
    pause_s = backoff_s(provider_id, interval_s, failures)
    if retry_after_s is not None:
        pause_s = max(pause_s, min(retry_after_s, MAX_DELAY_S))
    return now + timedelta(seconds=pause_s)
