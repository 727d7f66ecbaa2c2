"""Every row of a table is one line: a line break in a cell ends the table."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.documents.files import files

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_TAIL = re.compile(r"^[^|\n][^\n]*\|\s*$", re.MULTILINE)


def findings(root: Path) -> Iterator[str]:
    """Yield a line for each row that begins in the line above."""
    for path in files(root, ".md"):
        text = _FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), path.read_text())
        for match in _TAIL.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path.relative_to(root)}:{line}: this row begins in the line above"
