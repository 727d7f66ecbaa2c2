"""A page's own clock: it shows which of two answers is older. Pure.

The clock is the page's word on when it changed last. It cannot be later than now; where it is, either clock is wrong.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from tracker.model.page_state import KnownAnswer

#: Clocks of two machines differ by so much. One that is further ahead of ours is wrong and proves nothing.
APART = timedelta(minutes=5)
#: Clocks that are kept in step differ by less. One that is further ahead may be wrong.
IN_STEP = timedelta(seconds=5)
#: After this long an answer with an earlier clock is the truth and not a cache's.
STALE_FOR = timedelta(hours=24)
#: The same after an answer whose clock may have been wrong.
DOUBTED_FOR = timedelta(minutes=10)


def proven(clock: datetime | None, now: datetime) -> datetime | None:
    """Return the time that a page's clock proves for an answer: never later than now, None without proof."""
    return None if clock is None or _is_wrong(clock, now) else min(clock, now)


def is_earlier(clock: datetime | None, than: datetime | None) -> bool:
    """Return whether a clock shows an earlier time than another one."""
    return clock is not None and than is not None and clock < than


def stamped(answer: KnownAnswer, clock: datetime | None, known: KnownAnswer, now: datetime) -> KnownAnswer:
    """Return an answer with what its page's clock proves; one that proves nothing leaves what was proven before."""
    stamp = proven(clock, now)
    if clock is None or stamp is None:
        return replace(answer, stamp=proven(known.stamp, now), is_ahead=known.is_ahead)
    return replace(answer, stamp=stamp, is_ahead=clock - now > IN_STEP)


def is_stale(clock: datetime | None, known: KnownAnswer, stale_since: datetime | None, now: datetime) -> bool:
    """Return whether an answer is to be skipped, being older than one that is known."""
    if stale_since is not None and now - stale_since > (DOUBTED_FOR if known.is_ahead else STALE_FOR):
        return False
    return is_earlier(clock, proven(known.stamp, now))


def lags(detail: datetime | None, primary: datetime | None, now: datetime) -> bool:
    """Return whether a detail is older than the primary answer. A wrong clock and a right one cannot be compared."""
    if detail is None or primary is None:
        return False
    return detail < primary and _is_wrong(detail, now) == _is_wrong(primary, now)


def _is_wrong(clock: datetime, now: datetime) -> bool:
    return clock - now > APART
