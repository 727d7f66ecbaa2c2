"""Every relative link of a Markdown file leads to a file, and its anchor to a heading of that file."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from tests.documents.files import files

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(
    r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)|<a href=\"([^\"]+)\"", re.MULTILINE
)
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_ID = re.compile(r"<a (?:id|name)=\"([^\"]+)\"")


def findings(root: Path) -> Iterator[str]:
    """Yield a line for each link that leads nowhere."""
    for path in files(root, ".md"):
        text = _blanked(_FENCE, path.read_text())
        for match in _LINK.finditer(_blanked(_CODE, text)):
            target = next(filter(None, match.groups()))
            if problem := _problem(path, target):
                yield f"{path.relative_to(root)}:{text.count(chr(10), 0, match.start()) + 1}: {target}: {problem}"


def anchors(markdown: str) -> set[str]:
    """Return the anchors of a document, as GitHub makes them of its headings."""
    text, found = _blanked(_FENCE, markdown), set(_ID.findall(markdown))
    for heading in _HEADING.findall(text):
        name = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", name).replace(" ", "-")
        number = 0
        while (anchor := f"{name}-{number}" if number else name) in found:
            number += 1
        found.add(anchor)
    return found


def _problem(path: Path, target: str) -> str | None:
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return None
    name, _, anchor = unquote(target).partition("#")
    file = path.parent / name if name else path
    if not file.exists():
        return "there is no such file"
    if anchor and file.suffix == ".md" and anchor not in anchors(file.read_text()):
        return "there is no such heading"
    return None


def _blanked(pattern: re.Pattern[str], text: str) -> str:
    """Return the text with matches replaced by blanks, so that positions stay."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
