"""The bytes of a feed -> its text, from the beginning of the root element to its end.

The encoding is decided here, in this order: byte order mark, XML declaration, `Content-Type`, guesses. Text before the
feed (warnings of a web framework, blank lines) and behind it (a debug bar) is left out. Entities that the feed declares
are expanded where their values are plain text; no declaration reaches the feed library.
"""

import codecs
import html
import re
from itertools import islice
from typing import Final

from tracker.errors import ParseError
from tracker.parse.sniff import FEED_HEAD, feed_element

_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as that of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARED: Final = re.compile(rb"<\?xml[^>]*?\sencoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_CHARSET: Final = re.compile(r";\s*charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
#: Encodings of pages: each has a table and is read in one pass. A body with a readable declaration is not UTF-16.
_ENCODINGS: Final = re.compile(
    r"utf-8|ascii|iso8859-\d+|cp(125\d|866|874|932|949|950)|mac-(roman|cyrillic)|koi8-[rtu]|tis-620"
    r"|gb(2312|k|18030)|big5(hkscs)?|(euc|shift)_\w+"
)
#: Labels that servers put on any file: bytes that are valid UTF-8 count as UTF-8 then.
_SERVER_DEFAULTS: Final = frozenset({"ascii", "iso8859-1", "cp1252"})
#: The encodings to try when neither a mark nor the feed itself names one; the last one reads any bytes.
_GUESSES: Final = ("utf-8", "cp1252", "iso8859-2")

#: A document type with its declarations, in which quotes and comments may hold brackets.
_DOCTYPE: Final = re.compile(
    r"<!DOCTYPE[^\[>]*+\[(?P<declared>(?:<!--(?:[^-]|-(?!->))*+-->|[^\]\"'<]|<(?!!--)|\"[^\"]*+\"|'[^']*+')*+)\]",
    re.IGNORECASE,
)
_ENTITY: Final = re.compile(r"<!ENTITY\s+(?P<name>[\w.:-]{1,60})\s+(?:\"(?P<one>[^\"]*+)\"|'(?P<other>[^']*+)')\s*>")
#: A reference to another entity in an entity's value; a few of these could make endless text.
_NESTED: Final = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z_][\w.:-]{0,59});")
_LONGEST_ENTITY: Final = 1_000
#: The longest value of an entity that consists of others: a name or two.
_LONGEST_NESTED: Final = 80
_MOST_ENTITIES: Final = 300
#: The most characters that entities of one feed may expand to.
_MOST_EXPANDED: Final = 100_000
_REFERENCE: Final = re.compile(r"&([\w.:-]{1,60});")
_CDATA: Final = re.compile(r"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)


class FeedText:
    """A feed as text, and whether its root element ends in it."""

    __slots__ = ("is_whole", "root", "text")

    def __init__(self, text: str, root: str, *, is_whole: bool) -> None:
        self.text = text
        self.root = root
        self.is_whole = is_whole


def feed_text(body: bytes, content_type: str | None) -> FeedText | None:
    """Return the text of a feed without its surroundings, None where no feed begins. Raises ParseError."""
    text = _decoded(body, content_type)
    # One byte for each character keeps positions the same.
    found = feed_element(text[:FEED_HEAD].encode("latin-1", "replace"))
    if found is None:
        return None
    root, start = found
    entities = _entities(text[:start])
    end = _end(text, root, start)
    if end is None:
        return FeedText(text[start:], root, is_whole=False)
    text = text[start:end]
    return FeedText(_expanded(text, entities) if entities else text, root, is_whole=True)


def _decoded(body: bytes, content_type: str | None) -> str:
    for encoding in _encodings(body, content_type):
        try:
            text = body.decode(encoding)
        except UnicodeError:
            continue
        return text.replace("\0", "").lstrip("\ufeff \t\r\n\f\v")
    raise AssertionError("the last guess reads any bytes")


def _encodings(body: bytes, content_type: str | None) -> list[str]:
    """Return the encodings to try, the likeliest first."""
    marked = [encoding for mark, encoding in _BYTE_ORDER_MARKS if body.startswith(mark)]
    declaration = _DECLARED.search(body[:FEED_HEAD])
    charset = _CHARSET.search(content_type or "")
    declared = _encoding(declaration[1].decode("ascii", "replace")) if declaration else []
    served = _encoding(charset[1]) if charset else []
    if _SERVER_DEFAULTS.issuperset(served):
        served = ["utf-8", *served]
    return [*marked, *declared, *served, *_GUESSES]


def _encoding(word: str) -> list[str]:
    """Return the encoding of a name as a list, an empty one for a name that pages do not use."""
    try:
        name = codecs.lookup(word).name
    except (LookupError, UnicodeError):
        return []
    # Pages say GB 2312 and use characters of its successor.
    return [{"gb2312": "gb18030", "gbk": "gb18030"}.get(name, name)] if _ENCODINGS.fullmatch(name) else []


def _end(text: str, root: str, start: int) -> int | None:
    """Return the end of the root element, None where it has none; text in CDATA and comments ends nothing."""
    mark = re.compile(rf"<!\[CDATA\[|<!--|</(?:[\w.-]{{1,40}}:)?{root}\s*>", re.IGNORECASE)
    position = start
    while found := mark.search(text, position):
        closing = {"<![CDATA[": "]]>", "<!--": "-->"}.get(found[0].upper())
        if closing is None:
            return found.end()
        position = text.find(closing, found.end())
        if position < 0:
            return None
    return None


def _entities(prolog: str) -> dict[str, str]:
    """Return the entities with plain text as values; external ones, other markup and long values are skipped.

    Raises ParseError where entities that consist of others become long.
    """
    doctype = _DOCTYPE.search(prolog)
    if doctype is None:
        return {}
    entities: dict[str, str] = {}
    for found in islice(_ENTITY.finditer(doctype["declared"]), _MOST_ENTITIES):
        value = found["one"] if found["one"] is not None else found["other"]
        length = len(value) + sum(len(entities.get(nested[1], "")) for nested in _NESTED.finditer(value))
        if length > _LONGEST_NESTED and _NESTED.search(value):
            raise ParseError("the feed declares XML entities that are made of others")
        if length > _LONGEST_ENTITY:
            continue
        # Only earlier declarations, so that no entity contains itself.
        value = html.unescape(_NESTED.sub(lambda nested: entities.get(nested[1], nested[0]), value))
        if not _NESTED.search(value):
            entities.setdefault(found["name"], html.escape(value, quote=False))
    return entities


def _expanded(text: str, entities: dict[str, str]) -> str:
    """Return the text with entities expanded; a text that would grow too long stays as it is."""
    pieces = _CDATA.split(text)
    named = [found[1] for piece in pieces[::2] for found in _REFERENCE.finditer(piece)]
    if sum(len(entities.get(name, "")) for name in named) > _MOST_EXPANDED:
        return text
    pieces[::2] = [_REFERENCE.sub(lambda found: entities.get(found[1], found[0]), piece) for piece in pieces[::2]]
    return "".join(pieces)
