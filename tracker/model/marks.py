"""Vendors' text within the marks of chats: escaped, without calls and false links, cut in the unit that chats count."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

_LONGEST_LINK: Final = 500
#: Calls everybody in one chat or another. An invisible blank behind the sign makes it a word.
_CALL: Final = re.compile(r"@(?=here|everyone|channel|all|group|team)", re.IGNORECASE)
#: An address as chats find it in a text, up to a character with a meaning in one of them.
ADDRESS: Final = re.compile(r"https?://[^\s<>\"'`\\{}|^*\[\]()]+", re.IGNORECASE)
_UNSAFE_IN_LINKS: Final = re.compile(r"[\s<>\"'`\\{}|^*\[\]()\x00-\x20\x7f]")
_MARK: Final = re.compile(r"[\\`*_~|\[\]()<>#]")
#: Begins a list where it begins a line.
_ITEM: Final = re.compile(r"^(?P<before>[^\S\n]*(?:[0-9]+(?=\.))?)(?P<mark>[-+.])(?=\s|$)", re.MULTILINE)


def calls_nobody(text: str) -> str:
    """Return the text without calls of everybody."""
    return _CALL.sub("@\u200b", text)


def as_markdown(text: str) -> str:
    """Return the text with a backslash before every mark of Markdown; addresses stay as they are."""
    pieces, end = [], 0
    for found in ADDRESS.finditer(text):
        pieces += [_marked(text[end : found.start()]), found[0]]
        end = found.end()
    pieces.append(_marked(text[end:]))
    return calls_nobody(_ITEM.sub(r"\g<before>\\\g<mark>", "".join(pieces)))


def as_mrkdwn(text: str) -> str:
    """Return the text for Slack: without calls, false links and ends of code blocks."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return calls_nobody(plain.replace("`", "'"))


def safe_link(link: str | None) -> str | None:
    """Return an address that no chat takes for anything else, such as a mention; None for others."""
    if link is None or len(link) > _LONGEST_LINK or _UNSAFE_IN_LINKS.search(link) or not link.isprintable():
        return None
    parts = urlsplit(link)
    if parts.scheme.lower() not in ("http", "https") or "@" in parts.netloc:
        return None  # the part before an @ looks like the host
    return link.replace("@", "%40")


def fitted(text: str, limit: int, escaped: Callable[[str], str]) -> str:
    """Return as much of the text, escaped, as `limit` units of UTF-16 hold, an ellipsis at the end of a part."""
    # Escapes make no text shorter, so text beyond the limit cannot fit.
    text = text[: limit + 1]
    whole = escaped(text)
    if units(whole) <= limit:
        return whole
    least, most = 0, len(text)
    while least < most:
        middle = (least + most + 1) // 2
        if units(escaped(text[:middle].rstrip() + "…")) <= limit:
            least = middle
        else:
            most = middle - 1
    return escaped(text[:least].rstrip() + "…") if least else ""


def units(text: str) -> int:
    """Return the length of a text for programs that count in UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _marked(text: str) -> str:
    return _MARK.sub(r"\\\g<0>", text)
