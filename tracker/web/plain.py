"""Texts and links of vendors made harmless for every output: no control or bidi characters, no scripts behind links."""

import re
from typing import Final
from urllib.parse import urlsplit

from tracker.model.plain import one_line, several_lines

#: Characters that XML 1.0 cannot hold and that `one_line` leaves.
_NOT_XML: Final = re.compile(r"[\ufffe\uffff]")
LONGEST_TITLE: Final = 300
LONGEST_TEXT: Final = 20_000
_LONGEST_LINK: Final = 2000


def title_of(text: str | None, limit: int = LONGEST_TITLE) -> str:
    """Return a text as one harmless line."""
    return _NOT_XML.sub("", one_line(text or "", limit))


def text_of(text: str | None, limit: int = LONGEST_TEXT) -> str:
    """Return a text as harmless lines."""
    return _NOT_XML.sub("", several_lines(text or "", limit))


def link_of(link: str | None) -> str | None:
    """Return a link that leads to a page, None for any other."""
    if not link or len(link) > _LONGEST_LINK or not link.isprintable() or re.search(r"[\s<>\"'`\\]", link):
        return None
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    return link if parts.scheme in ("http", "https") and parts.hostname else None
