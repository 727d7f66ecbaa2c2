"""Ways to break an answer: byte by byte, in its JSON tree, in its tags; and bytes that were never an answer."""

import json
import random
import re
from collections.abc import MutableMapping, MutableSequence
from typing import Any, Final

from tests.fuzz.bodies import Bodies

#: No case is longer. The feed library takes some 25 microseconds a tag, and nothing here is to take a second.
MOST_BYTES: Final = 128 * 1024
#: How many of the first nodes of a tree may be hit.
_MOST_NODES: Final = 2_000

_TIMES: Final = (
    "2025-11-03T12:00:00Z",
    "2025-11-03T12:00:00.123456789+14:00",
    "0001-01-01T00:00:00-23:59",
    "9999-12-31T23:59:59-23:00",
    "2025-02-30T25:61:61Z",
    "Mon, 03 Nov 2025 12:00:00 +9999",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Nov <var data-var='date'>31</var>, <var data-var='time'>24:00</var> PST",
    "20251103",
    "-1",
    "1762171200123",
    "9" * 20,
    "2025-11-03 12:00 PM XYZT",
    "Mon, 03 Nov 2025 12:00:00 Nowhere/City",
    "2025-11-03 12:00:00 ../../etc/passwd",
    "Nov 3, 2025 " + "(" * 80,
)
#: What stands among the entries of a list, and in place of their ids.
_ODD: Final = (None, True, 7, "", "entry", [], {}, {"id": None}, {"name": "x"}, {"id": "x", "attributes": None})
_ID_KEYS: Final = ("id", "_id", "arn", "system", "filename", "component_id", "created_at", "attributes", "status")
_WORDS: Final = (
    "",
    " ",
    "\x00",
    "\x1b[2J",
    "\ud800",
    "\ufeff",
    "\u2028",
    "\U0001f4a5" * 50,
    "é" * 1000,
    "a" * 20_000,
    "<" * 5_000,
    "&" * 5_000,
    "&#" * 3_000,
    "&#99999999999;",
    "&#x110000;",
    "&#xd800;",
    "<p>" * 3_000,
    "</p>" * 3_000,
    "<!--" * 2_000,
    "<![CDATA[" * 1_000,
    "]]>",
    "<a href='" * 1_000,
    "<small>" * 2_000,
    "<small>12:00</small><strong>Resolved</strong> - " * 300,
    "<b>Status: Resolved</b><br/>",
    "<ul><li>API (Operational)</li></ul>",
    "<script>",
    "javascript:alert(1)",
    "https://",
    "http://[::1",
    "//",
    "../../etc/passwd",
    "resolved",
    "Status:" + " " * 3_000,
    "(" * 3_000,
    " " * 20_000 + "x",
    "\r\n" * 5_000,
)
_VALUES: Final = (
    *_TIMES,
    *_WORDS,
    None,
    True,
    False,
    0,
    -1,
    2**63,
    10**400,
    1.5,
    1e308,
    float("nan"),
    float("inf"),
    [],
    {},
    [[]],
    [None],
    {"": None},
    {"id": "x"},
    {"id": None, "updates": [{}]},
)
_TOKENS: Final = (
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"\\",
    b"\\u",
    b"\\ud800",
    b",",
    b":",
    b"<",
    b">",
    b"</",
    b"/>",
    b"<!--",
    b"-->",
    b"<![CDATA[",
    b"]]>",
    b"<?xml version='1.0' encoding='utf-16'?>",
    b"<?xml version='1.0' encoding='ebcdic-cp-us'?>",
    b"<!DOCTYPE feed [<!ELEMENT a ANY>]>",
    b"<!DOCTYPE feed SYSTEM 'file:///etc/passwd'>",
    b"<!ENTITY a 'b'>",
    b"&a;",
    b"&amp;",
    b"&#0;",
    b"<feed>",
    b"</feed>",
    b"<entry>",
    b"</rss>",
    b"<html>",
    b"xmlns:x='",
    b"NaN",
    b"1e999",
    b"-",
    b"null",
)
#: How often a parser gets an answer of its own format.
_OWN: Final = 0.9
_STARTS: Final = (
    b"",
    b'{"page":{},"incidents":',
    b'{"page":',
    b"[",
    b"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'>",
    b"<rss version='2.0'><channel><item>",
    b"<!DOCTYPE html>",
    b"\xff\xfe<\0f\0e\0e\0d\0>\0",
    b"\x1f\x8b\x08",
)
_ENCODINGS: Final = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-7", "shift-jis")
#: Text, tags, comments and the rest, so that joining them gives the feed again.
_PARTS: Final = re.compile(r"(<!\[CDATA\[.*?\]\]>|<[^<>]*>)", re.DOTALL)
_ATTRIBUTE: Final = re.compile(r"""=(?:"[^"]*"|'[^']*')""")
CONTENT_TYPES: Final = (None, "", "application/json", "text/html", "application/atom+xml; charset=koi8-r", "\x00/;;=")


def case(bodies: Bodies, parser: str, chance: random.Random) -> bytes:
    """Return one broken answer, in most cases one that the parser would read if it were whole."""
    if parser in bodies.of_format and chance.random() < _OWN:
        bodies = bodies.of_format[parser]
    of_feed = bool(bodies.feeds) and (not bodies.documents or chance.random() < 0.5)
    match chance.choices(("shape", "bytes", "noise"), (6, 3, 1))[0]:
        case "shape":
            body = _feed(bodies, chance) if of_feed else _json(bodies, chance)
            if chance.random() < 0.1:
                body = _bytes(body, bodies, chance)
        case "bytes":
            body = _bytes(bodies.body(chance, of_feed=of_feed), bodies, chance)
        case _:
            body = _noise(chance)
    return body[:MOST_BYTES]


def _noise(chance: random.Random) -> bytes:
    """Return bytes that were never an answer."""
    start = chance.choice(_STARTS)
    match chance.randrange(3):
        case 0:
            return start + chance.randbytes(chance.randrange(2_000))
        case 1:
            return start + b"".join(chance.choices(_TOKENS, k=chance.randrange(200)))
        case _:
            return start + chance.choice(_TOKENS) * chance.choice((1, 100, 5_000, 20_000))


# --- bytes ---


def _bytes(body: bytes, bodies: Bodies, chance: random.Random) -> bytes:
    """Break a body with no regard to what it means."""
    broken = bytearray(body)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        start = chance.randrange(len(broken) + 1)
        end = min(len(broken), start + chance.choice((1, 1, 4, 32, 1_000, 50_000)))
        match chance.randrange(7):
            case 0:
                broken[start:end] = b""
            case 1:
                broken[start:start] = chance.choice(_TOKENS)
            case 2:
                broken[start:start] = broken[start:end]
            case 3:
                broken[start:end] = chance.randbytes(min(end - start, 32))
            case 4:
                other = chance.choice(bodies.raw)
                cut = chance.randrange(len(other) + 1)
                broken[start:end] = other[cut : cut + 2_000]
            case 5:
                del broken[start:]
            case _:
                broken = bytearray(_reencoded(bytes(broken), chance))
        if len(broken) > MOST_BYTES:
            break
    return bytes(broken)


def _reencoded(body: bytes, chance: random.Random) -> bytes:
    return body.decode(errors="replace").encode(chance.choice(_ENCODINGS), errors="replace")


# --- JSON ---

_Holder = MutableMapping[str, Any] | MutableSequence[Any]


def _json(bodies: Bodies, chance: random.Random) -> bytes:
    """Break an answer inside its tree, so that it is still JSON."""
    document = bodies.document(chance)
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        places = _places(document)
        if not places:
            break
        holder, key = chance.choice(places)
        _break(holder, key, document, chance)
    if chance.random() < 0.02:
        document = _nested(document, chance)
    text = json.dumps(document, ensure_ascii=chance.random() < 0.5, check_circular=False)
    return text.encode("utf-8", "surrogatepass")


def _places(document: Any) -> list[tuple[_Holder, Any]]:
    """Return every (container, key) of the tree, the first ones of a long one."""
    places: list[tuple[_Holder, Any]] = []
    waiting = [document]
    while waiting and len(places) < _MOST_NODES:
        node = waiting.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        places += [(node, key) for key in keys]
        waiting += [node[key] for key in keys]
    return places


def _break(holder: _Holder, key: Any, document: Any, chance: random.Random) -> None:
    match chance.randrange(11):
        case 0 | 1 | 2:
            holder[key] = _copy(chance.choice(_VALUES))
        case 8 if isinstance(holder, list):
            holder.insert(chance.randrange(len(holder) + 1), _copy(chance.choice(_ODD)))
        case 9 if isinstance(holder[key], dict):
            holder[key][chance.choice(_ID_KEYS)] = _copy(chance.choice(_ODD))
        case 10 if isinstance(holder[key], list):
            holder[key] = {str(place): entry for place, entry in enumerate(holder[key])}
        case 3:
            del holder[key]
        case 4:
            # A copy from elsewhere: times stand where ids did, and the other way round.
            other, where = chance.choice(_places(document))
            holder[key] = _copy(other[where])
        case 5 if isinstance(holder, list):
            holder += [_copy(holder[key]) for _ in range(chance.choice((1, 3, 50)))]
        case 6 if isinstance(holder, dict):
            holder[chance.choice((key.upper(), "", "id", "page", "\x00", "a" * 5_000))] = holder.pop(key)
        case 7 if isinstance(holder[key], str):
            holder[key] = _text(holder[key], chance)
        case _:
            holder[key] = [holder[key]]


def _copy(node: Any) -> Any:
    return json.loads(json.dumps(node))


def _nested(document: Any, chance: random.Random) -> Any:
    # json.dumps itself goes no deeper; deeper ones come as noise.
    for _ in range(chance.choice((10, 100, 300))):
        document = chance.choice(([document], {"page": document}))
    return document


def _text(text: str, chance: random.Random) -> str:
    """Break a text that somebody wrote."""
    start = chance.randrange(len(text) + 1)
    match chance.randrange(4):
        case 0:
            return text[:start] + chance.choice(_WORDS) + text[start:]
        case 1:
            return text[start:] + text[:start]
        case 2:
            return text * chance.choice((2, 20, 200)) if len(text) < 1_000 else text
        case _:
            return chance.choice(_TIMES)


# --- XML ---


def _feed(bodies: Bodies, chance: random.Random) -> bytes:
    """Break a feed inside its markup, so that most of it is still a feed."""
    parts = [part for part in _PARTS.split(bodies.feed(chance)) if part]
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        if not parts:
            break
        _break_part(parts, chance.randrange(len(parts)), chance)
    text = "".join(parts)
    encoding = "utf-8" if chance.random() < 0.9 else chance.choice(_ENCODINGS)
    return text.encode(encoding, "replace" if encoding != "utf-8" else "surrogatepass")


def _break_part(parts: list[str], index: int, chance: random.Random) -> None:
    part = parts[index]
    is_tag = part.startswith("<")
    match chance.randrange(9):
        case 0:
            del parts[index]
        case 1:
            parts.insert(index, part)
        case 2:
            other = chance.randrange(len(parts))
            parts[index], parts[other] = parts[other], part
        case 3:
            end = min(len(parts), index + chance.randrange(1, 40))
            parts[index:index] = parts[index:end]
        case 4:
            parts.insert(index, chance.choice(_TOKENS).decode(errors="replace"))
        case 5 if is_tag:
            value = chance.choice((*_TIMES, *_WORDS)).replace('"', "")
            parts[index] = _ATTRIBUTE.sub(lambda _: f'="{value}"', part, count=1)
        case 6 if is_tag:
            depth = chance.choice((10, 500, 5_000))
            parts[index:index] = [part] * depth
        case 7 if is_tag:
            parts[index] = re.sub(
                r"\w+", lambda _: chance.choice(("entry", "id", "x:y", "updated", "a")), part, count=1
            )
        case _:
            parts[index] = chance.choice((*_TIMES, *_WORDS)) if not is_tag else _text(part, chance)
