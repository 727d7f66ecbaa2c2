"""Plain tables and JSON for a terminal, and how cells are worded. Contains no business logic."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tracker.model.plain import ascii_json, one_line

#: A cell is cut at this many characters, the last column apart.
_WIDEST = 40
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under heads in aligned columns; cells are made safe for a terminal."""
    cells = [[one_line(cell, _WIDEST) for cell in row[:-1]] + [one_line(row[-1], 200)] for row in rows]
    widths = [max(len(row[i]) for row in [list(heads), *cells]) for i in range(len(heads))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [list(heads), *cells]
    )
    return "\n".join(lines)


def counted(number: int, noun: str) -> str:
    """Return a number of things in words: 1 page, 2 pages."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def json_text(value: object) -> str:
    """Return indented JSON; whatever a vendor wrote, it is printable ASCII."""
    return msgspec.json.format(ascii_json(msgspec.json.encode(value)))


def age(moment: datetime | None, now: datetime) -> str:
    """Return how long ago something was."""
    if moment is None:
        return "never"
    seconds = max(0, int((now - moment).total_seconds()))
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= 2 * unit:
            return f"{seconds // unit} {name} ago"
    return f"{seconds} s ago"


def duration(seconds: float) -> str:
    """Return a duration in its largest unit that it fills twice."""
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if abs(seconds) >= 2 * unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.1f} s" if abs(seconds) >= 1 else f"{seconds * 1000:.0f} ms"


def size(count: int) -> str:
    """Return a number of bytes in decimal units."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} B"
