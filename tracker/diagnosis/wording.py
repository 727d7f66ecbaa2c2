"""The wording of findings."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from tracker.model.plain import one_line

_NAMED: Final = 5
#: Characters of a page's name and reason: both are vendors' text.
_LONGEST: Final = 120


def counted(number: int, noun: str) -> str:
    """Return a number of things in words: 1 page, 2 pages, 3 processes."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def lasting(time: timedelta) -> str:
    """Return a length of time in its largest unit that it fills twice."""
    seconds = time.total_seconds()
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds // unit:.0f} {name}"
    return f"{seconds:.0f} s"


def size(count: int) -> str:
    """Return a number of bytes in decimal units."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} B"


def named(each: Sequence[str]) -> str:
    """Return the first of some things on one line, made safe for a terminal, and the number of the others."""
    rest = f" and {len(each) - _NAMED} more" if len(each) > _NAMED else ""
    return "; ".join(one_line(thing, _LONGEST) for thing in each[:_NAMED]) + rest
