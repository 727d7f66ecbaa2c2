"""Plain tables and JSON for a terminal, and the wording of cells. Contains no business logic."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import click
import msgspec

from tracker.model.plain import ascii_json, one_line

#: The longest cell, in characters, except in the last column.
_WIDEST = 40
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


#: The least room for the last column next to the others; with less, it goes below them.
_LEAST_BESIDE: Final = 30
_INDENT: Final = "    "
#: A blank at which no line ends.
_TIED: Final = "\xa0"
#: The colour of each state.
COLOURS: Final[Mapping[str, Mapping[str, Any]]] = {
    "critical": {"fg": "red", "bold": True},
    "major": {"fg": "red"},
    "minor": {"fg": "yellow"},
    "unknown": {"fg": "magenta"},
    "not asked yet": {"fg": "magenta"},
    "maintenance": {"fg": "blue"},
    "operational": {"fg": "green"},
    "problem": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow"},
    "ok": {"fg": "green"},
    "fail": {"fg": "red", "bold": True},
    "pass": {"fg": "green"},
}


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Return rows under heads in aligned columns; cells are made safe for a terminal.

    With a width, the last column is wrapped between words, below the others if there is no room next to them.
    """
    longest = 200 if width is None else 1000
    cells = [[one_line(cell, _WIDEST) for cell in row[:-1]] + [one_line(row[-1], longest)] for row in rows]
    widths = [max(len(row[i]) for row in [list(heads), *cells]) for i in range(len(heads))]
    beside = sum(widths[:-1]) + 2 * (len(widths) - 1)
    if width is not None and width - beside < min(_LEAST_BESIDE, widths[-1]):
        return "\n".join(line for row in cells for line in _stacked([*map(_labelled, heads, row)], width))
    return "\n".join(line for row in [list(heads), *cells] for line in _aligned(row, widths, beside, width))


def _aligned(row: Sequence[str], widths: Sequence[int], beside: int, width: int | None) -> Iterator[str]:
    first = "".join(f"{cell.ljust(each)}  " for cell, each in zip(row[:-1], widths[:-1], strict=True))
    wrapped = [row[-1]] if width is None else wrap(row[-1], width - beside)
    yield (first + (wrapped[0] if wrapped else "")).rstrip()
    for line in wrapped[1:]:
        yield " " * beside + line


def _labelled(head: str, cell: str) -> str:
    """Return a cell without a head above it: numbers, times and missing values get the head in front."""
    return f"{head.lower()}: {cell}" if cell[:1].isdigit() or cell in ("-", "never") else cell


def _stacked(row: Sequence[str], width: int) -> Iterator[str]:
    # A line ends between two cells, unless one alone is longer.
    cells = [cell.replace(" ", _TIED) if len(cell) <= width else cell for cell in row[:-1] if cell]
    yield from (line.replace(_TIED, " ") for line in wrap("  ".join(cells), width))
    for line in wrap(row[-1], width - len(_INDENT)):
        yield _INDENT + line


def wrap(text: str, width: int) -> list[str]:
    """Return the text in lines; a word that is longer than a line stays whole."""
    return textwrap.wrap(text, max(width, 1), break_long_words=False, break_on_hyphens=False)


def terminal_width() -> int | None:
    """Return the width of the terminal, None where standard output is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def coloured(text: str, word: str) -> str:
    """Return a line with one word of it in the colour of that state, on a terminal that may show colours."""
    style = COLOURS.get(word)
    if style is None or not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    before, found, after = text.partition(word)
    return f"{before}{click.style(found, **style)}{after}" if found else text


def counted(number: int, noun: str) -> str:
    """Return a number of things in words: 1 page, 2 pages."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def json_text(value: object) -> str:
    """Return indented JSON in printable ASCII, whatever a vendor wrote."""
    return msgspec.json.format(ascii_json(msgspec.json.encode(value)))


def age(moment: datetime | None, now: datetime) -> str:
    """Return the age of a moment, such as `5 min ago`."""
    if moment is None:
        return "never"
    seconds = max(0, int((now - moment).total_seconds()))
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= 2 * unit:
            return f"{seconds // unit} {name} ago"
    return f"{seconds} s ago"


def duration(seconds: float) -> str:
    """Return a duration in the largest unit of which it is at least two."""
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
