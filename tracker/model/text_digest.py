"""Digests by which two texts of one update are the same: to the letter, and without markup. Pure.

Vendors render their texts again: list marks, emphasis, blanks, typographic quotes and invisible characters come and go.
That is no edit.
"""

import hashlib
import re
import unicodedata
from typing import Final

#: Length of the digests that are kept, in hexadecimal digits: an update has a handful of texts.
_COMPARED: Final = 12
_BULLETS: Final = "•◦‣▪●○■□⁃∙·"  # noqa: RUF001  they look alike, which is the point
_TYPOGRAPHY: Final = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‘’‚‛′", "'"),  # noqa: RUF001
        **dict.fromkeys("‐‑‒–—―−", "-"),  # noqa: RUF001
    }
)
#: `[text](address)`, `text (address)` and `<address>` of Markdown and of its renderings.
_LINK: Final = re.compile(r"\[([^\[\]\n]*)\]\(([^()\s]*)\)")
_ADDRESS: Final = re.compile(r"[(<](https?://[^()<>\s]*)[)>]")
#: Marks at the beginning of a line, or alone on one: lists, quotations, headings, rules.
_LINE_MARK: Final = re.compile(rf"^[\s>#*+{_BULLETS}-]+|^\s*\d{{1,3}}[.)](?=\s)", re.MULTILINE)
_LONE_MARK: Final = re.compile(r"(?<!\S)[>#+|=-]+(?!\S)")
_ESCAPE: Final = re.compile(r"\\(?=[^\w\s]|_)")
#: Emphasis and code; an underscore within a word is a part of it.
_EMPHASIS: Final = re.compile(rf"[*`~{_BULLETS}]|(?<![^\W_])_+|_+(?![^\W_])")
#: Blanks, control characters, and invisible characters: joiners, marks of direction, variation selectors.
_UNSEEN: Final = re.compile(
    "[\\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]+"
)


def text_digest(text: str) -> str:
    """Return the first 32 hexadecimal digits of the SHA-256 of an update's message (plain text, UTF-8)."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def words_digest(text: str) -> str:
    """Return a digest that ignores markup, blanks and typography."""
    return text_digest(_words(text))[:_COMPARED]


def _words(text: str) -> str:
    text = _UNSEEN.sub(_blank, unicodedata.normalize("NFKC", text).translate(_TYPOGRAPHY))
    text = _ESCAPE.sub("", text)
    text = _ADDRESS.sub(r" \1 ", _LINK.sub(r"\1 \2 ", text))
    text = _LONE_MARK.sub("", _LINE_MARK.sub("", text))
    return "".join(_EMPHASIS.sub("", text).split())


def _blank(run: re.Match[str]) -> str:
    """Return the blank for a run of invisible characters: a line break, a space, or nothing."""
    found = run[0]
    return "\n" if "\n" in found or "\r" in found else " " if any(map(str.isspace, found)) else ""
