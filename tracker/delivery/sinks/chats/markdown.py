"""Vendor text as Markdown that shows nothing but itself, for chats that know it."""

import re
from typing import Final

from tracker.delivery.sinks.chats.message import ADDRESS, calls_nobody

_MARK: Final = re.compile(r"[\\`*_~|\[\]()<>#]")
#: Begins a list where it begins a line.
_ITEM: Final = re.compile(r"^(?P<before>[^\S\n]*(?:[0-9]+(?=\.))?)(?P<mark>[-+.])(?=\s|$)", re.MULTILINE)


def escaped(text: str) -> str:
    """Return the text with a backslash before all that means something; addresses stay what they are."""
    pieces, end = [], 0
    for found in ADDRESS.finditer(text):
        pieces += [_marked(text[end : found.start()]), found[0]]
        end = found.end()
    pieces.append(_marked(text[end:]))
    return calls_nobody(_ITEM.sub(r"\g<before>\\\g<mark>", "".join(pieces)))


def _marked(text: str) -> str:
    return _MARK.sub(r"\\\g<0>", text)
