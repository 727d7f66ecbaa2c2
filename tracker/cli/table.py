"""Plain tables for a terminal. Contains no business logic."""

from collections.abc import Sequence

from tracker.sinks.plain import one_line

#: A cell is cut at this many characters, the last column apart.
_WIDEST = 40


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under heads in aligned columns; cells are made safe for a terminal."""
    cells = [[one_line(cell, _WIDEST) for cell in row[:-1]] + [one_line(row[-1], 200)] for row in rows]
    widths = [max(len(row[i]) for row in [list(heads), *cells]) for i in range(len(heads))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [list(heads), *cells]
    )
    return "\n".join(lines)
