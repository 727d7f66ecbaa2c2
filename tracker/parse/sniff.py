"""Recognises the kind of an answer, and describes an unreadable one in a sentence."""

import re

from tracker.errors import ParseError
from tracker.model.plain import printable_line
from tracker.parse._fields import decode_json, mapping

#: Root elements of RSS 0.9 to 2.0 and Atom.
FEED_ROOTS = frozenset({"feed", "rss", "rdf"})
#: Keys beside `page` in Statuspage's JSON.
STATUSPAGE_LISTS = ("incidents", "scheduled_maintenances", "components")
#: How far into an answer the root element may begin: a feed may declare a hundred entities before it.
FEED_HEAD = 16_384
_KEYS_NAMED = 5
_WORD_CAP = 80
_BYTE_ORDER_MARKS = b"\xef\xbb\xbf\xff\xfe"

_PROLOG = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*+(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
_ELEMENT = re.compile(rb"<(?:[A-Za-z_][\w.-]*+:)?([A-Za-z_][\w.-]*+)")
#: A feed's root element behind something else, with an attribute that only a real one has.
_FEED_TAG = re.compile(
    rb"<(?:[a-z_][\w.-]{0,40}+:)?(rss|feed|rdf)\s[^<>]{0,2000}?(?:version|xmlns)[^<>]*+>", re.IGNORECASE
)
#: Text that a web framework writes before a feed; no other text may stand there.
_REMAINS = frozenset({
    "b", "br", "center", "code", "div", "font", "link", "meta", "p", "pre", "script", "small", "span", "strong",
    "style", "table",
})  # fmt: skip
_PAGE = re.compile(rb"<(?:html|head|body|!doctype\s+html)\b", re.IGNORECASE)
_JSON = re.compile(rb"\s*[\[{]\s*[\[\]{}\"]")


def head(body: bytes) -> bytes:
    """Return the beginning of an answer in ASCII; UTF-16 reads as ASCII without its NULs."""
    return body[:FEED_HEAD].replace(b"\0", b"").lstrip(_BYTE_ORDER_MARKS)


def xml_root(body: bytes) -> str | None:
    """Return the local name of the first element in lower case, None when the answer is not markup."""
    found = _first_element(head(body))
    return found[0] if found else None


def feed_element(start: bytes) -> tuple[str, int] | None:
    """Return the local name of a feed's root element and where it begins, None where no feed does.

    A web framework's remains may precede it: warnings, blank lines, text.
    """
    first = _first_element(start)
    if first and first[0] in FEED_ROOTS:
        return first
    if (first and first[0] not in _REMAINS) or _JSON.match(start):
        return None
    found = _FEED_TAG.search(start)
    if found is None or _PAGE.search(start, 0, found.start()):
        return None
    return found[1].decode().lower(), found.start()


def feed_root(body: bytes) -> str | None:
    """Return the local name of a feed's root element in lower case, None when the answer is no feed."""
    found = feed_element(head(body))
    return found[0] if found else None


def _first_element(start: bytes) -> tuple[str, int] | None:
    position = 0
    while found := _PROLOG.match(start, position):
        position = found.end()
    element = _ELEMENT.match(start, position)
    return (element[1].decode().lower(), position) if element else None


def mentions(body: bytes, *words: bytes) -> bool:
    """Return whether an answer holds these words, in any encoding: a cheap check before it is read."""
    # Without NULs, UTF-16 reads as ASCII.
    plain = body.replace(b"\0", b"") if b"\0" in body[:FEED_HEAD] else body
    return all(word in plain for word in words)


def refusal(body: bytes, content_type: str | None = None) -> ParseError:
    """Return the error for an answer in another format than the expected one; it describes the answer."""
    return ParseError(_appearance(body, content_type or ""))


def _appearance(body: bytes, content_type: str) -> str:
    start = head(body).lstrip()
    if not start:
        return "the answer is empty"
    if start.startswith((b"{", b"[")):
        return _json_appearance(body)
    if root := xml_root(body):
        return _markup_appearance(root, content_type)
    if start.startswith(b"\x1f\x8b"):
        return "the answer is compressed data"
    return "the answer is neither a JSON object or list nor a feed"


def _markup_appearance(root: str, content_type: str) -> str:
    if root in FEED_ROOTS:
        return "the answer is a feed where another format was expected"
    if root in ("html", "head", "body") or "html" in content_type:
        return "the answer is an HTML page, not a status page in a format that can be read"
    return f"the answer is XML with the root element {_short(root)}, not a feed"


def _json_appearance(body: bytes) -> str:
    try:
        answer = decode_json(body)
    except ParseError as error:
        return error.message
    if not answer:
        return f"the answer is an empty JSON {'list' if isinstance(answer, list) else 'object'}"
    if not isinstance(answer, dict):
        return "the answer is a JSON list of a shape that was not expected"
    if isinstance(answer.get("page"), dict) and not answer.keys().isdisjoint(STATUSPAGE_LISTS):
        return "the answer is Statuspage's JSON where another format was expected"
    if complaint := _complaint(answer):
        return f"the answer is an error message: {complaint}"
    keys = ", ".join(_short(key) for key in list(answer)[:_KEYS_NAMED])
    more = ", …" if len(answer) > _KEYS_NAMED else ""
    return f"the answer is JSON of a shape that was not expected (its keys: {keys}{more})"


def _complaint(answer: dict[str, object]) -> str:
    """Return the complaint in an error body such as {"status": 500, "error": "…"}, "" for any other."""
    texts = [
        answer.get("error"),
        answer.get("errors"),
        answer.get("message"),
        mapping(answer.get("error")).get("message"),
    ]
    said = [text for text in texts if isinstance(text, str) and text.strip()]
    codes = [code for code in (answer.get("status"), answer.get("code")) if isinstance(code, int)]
    if not said and not (codes and "error" in answer):
        return ""
    return " ".join(_short(str(part)) for part in (*codes[:1], *said[:1]))


def _short(text: str) -> str:
    return printable_line(text, _WORD_CAP)
