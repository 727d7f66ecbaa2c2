"""The words that a vendor's edit removed and added. Pure."""

import re
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

import msgspec

from tracker.model.plain import several_lines

#: Longer texts are not compared word by word: that takes time with the square of their length.
MOST_WORDS: Final = 1500
_PIECES: Final = re.compile(r"\s+|\w(?:[\w:.,'%-]*\w)?|[^\w\s]")


class Change(StrEnum):
    """The fate of a piece of text in an edit."""

    SAME = "same"
    ADDED = "ins"
    REMOVED = "del"


class Piece(msgspec.Struct, frozen=True):
    """Some words that share one fate."""

    change: Change
    text: str


def readable(text: str, limit: int = 50_000) -> str:
    """Return a vendor's text without characters that hide or reverse others, cut where nobody would read on."""
    return several_lines(text, limit)


def word_diff(before: str, after: str) -> tuple[Piece, ...]:
    """Return an edited text as its unchanged, removed and added pieces, in reading order."""
    old, new = _PIECES.findall(before), _PIECES.findall(after)
    if len(old) + len(new) > MOST_WORDS:
        return Piece(Change.REMOVED, before), Piece(Change.ADDED, after)
    found: list[Piece] = []
    for tag, start, end, other_start, other_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(Piece(Change.SAME, "".join(old[start:end])))
            continue
        if start < end:
            found.append(Piece(Change.REMOVED, "".join(old[start:end])))
        if other_start < other_end:
            found.append(Piece(Change.ADDED, "".join(new[other_start:other_end])))
    return tuple(_joined(found))


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Join edits with only a blank between them, so that a rewritten sentence shows as two pieces and not as many."""
    found: list[Piece] = []
    removed = added = ""
    for index, piece in enumerate(pieces):
        is_bridge = piece.change is Change.SAME and piece.text.isspace() and removed and added
        if is_bridge and index + 1 < len(pieces):
            removed, added = removed + piece.text, added + piece.text
        elif piece.change is Change.REMOVED:
            removed += piece.text
        elif piece.change is Change.ADDED:
            added += piece.text
        else:
            found += _edit(removed, added)
            removed = added = ""
            found.append(piece)
    return found + _edit(removed, added)


def _edit(removed: str, added: str) -> list[Piece]:
    pieces = [Piece(Change.REMOVED, removed)] if removed else []
    return [*pieces, Piece(Change.ADDED, added)] if added else pieces
