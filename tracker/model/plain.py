"""Hostile text made safe for a terminal, a log or a message; `tracker.model.marks` does so for chats. Pure."""

import re
from typing import Any, Final

# Control characters (C0, DEL, C1), line and paragraph separators, and those that change the direction or visibility of
# text: bidi marks, embeddings, overrides and isolates, zero-width characters, the byte order mark, variation
# of tags, and lone surrogates. Unicode, "Bidirectional Algorithm" (UAX 9) and "Security Considerations" (UTR 36).
_UNSAFE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff\U000e0000-\U000e007f]+"
)
_BLANKS: Final = re.compile(r"\s+")


def one_line(text: str, limit: int) -> str:
    """Return the text on one line: unsafe characters become blanks, runs of blanks one, the rest is cut at `limit`.

    Linear in the length of the text; text far beyond the limit is not read.
    """
    blunt = _UNSAFE.sub(" ", text[: limit * 8])
    flat = _BLANKS.sub(" ", blunt).strip()
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def several_lines(text: str, limit: int) -> str:
    """Return the text with its lines, each as `one_line` makes it, no two empty ones in a row, cut at `limit`."""
    lines: list[str] = []
    for line in text[: limit * 8].splitlines():
        safe = one_line(line, limit)
        if safe or (lines and lines[-1]):
            lines.append(safe)
    flat = "\n".join(lines).strip()
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def ascii_json(encoded: bytes) -> str:
    """Return JSON of one line with every character beyond printable ASCII escaped (RFC 8259, section 7)."""
    text = encoded.decode("utf-8")
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(character if " " <= character < "\x7f" else _escaped(character) for character in text)


def inert_json(encoded: bytes) -> bytes:
    """Return JSON of one line with escapes for all that acts on a terminal or turns text (RFC 8259, section 7)."""
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    return _UNSAFE.sub(lambda found: "".join(map(_escaped, found[0])), encoded.decode("utf-8")).encode("utf-8")


def _escaped(character: str) -> str:
    units: Any = character.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def printable_line(text: str, limit: int) -> str:
    """Return the text for a sentence of the tracker: as `one_line`, without characters that Python would not print."""
    blunt = "".join(letter if letter.isprintable() else " " for letter in text[: limit * 8])
    return one_line(blunt, limit)


def visible(text: str, limit: int = 60) -> str:
    """Return the printable part of the text; a long one is cut in the middle, since paths say the most at their end."""
    shown = "".join(filter(str.isprintable, text))
    return shown if len(shown) <= limit else f"{shown[: limit // 2]}…{shown[-(limit // 2) :]}"
