"""The data that draw an HTML page and are inside it: read and bounded like any answer.

Next.js writes rows into `self.__next_f.push([1, "…"])`: `<id>:<JSON>`, or `<id>:T<length>,<text>` which other rows call
`$<id>`. Nuxt writes one list whose numbers are places in it (`devalue`). Others write JSON into a script element.
"""

import html
import json
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from tracker.errors import ParseError
from tracker.parse import _fields as fields

#: Bytes of a page that are searched; recorded pages have 250,000.
_LOOKED_AT: Final = 4 * 1024 * 1024
_BEGINNING: Final = 4096
#: Objects and lists that are visited, and their depth.
_MOST_NODES: Final = 200_000
_DEEPEST: Final = 40

_PUSHED: Final = re.compile(rb'self\.__next_f\.push\(\[1,\s*+("(?:[^"\\]++|\\.)*+")\s*+\]\)', re.DOTALL)
_ROW: Final = re.compile(rb"([0-9a-f]{0,8}):")
_TEXT: Final = re.compile(rb"T([0-9a-f]{1,7}),")
_REFERENCE: Final = re.compile(r"\$([0-9a-f]{1,8})")


def is_page(body: bytes) -> bool:
    """Return whether an answer begins like a page for people."""
    start = body[:_BEGINNING].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head")) or (
        start.startswith(b"<!--") and b"<html" in start
    )


def next_object(body: bytes, *keys: str) -> dict[str, Any]:
    """Return the first object with all these keys among the rows of a Next.js page, an empty one for none."""
    if b"__next_f" not in body:
        return {}
    marks = [f'"{key}"'.encode() for key in keys]
    rows, texts = _rows(body[:_LOOKED_AT])
    for row in rows:
        if all(mark in row for mark in marks) and (found := object_with(fields.json_or_none(row), *keys)):
            return fields.mapping(_resolved(found, texts, _DEEPEST))
    return {}


def script_data(body: bytes, mark: str) -> Any:
    """Return the JSON of the first script element whose tag holds this mark, None for none."""
    inside = _inside(body[:_LOOKED_AT], mark.encode(), b"<script", b"</script")
    return None if inside is None else fields.json_or_none(inside.strip())


def attribute_text(body: bytes, mark: str) -> str | None:
    """Return the text of the first element whose tag holds this mark, up to the next tag, None for none."""
    inside = _inside(body[:_LOOKED_AT], mark.encode(), b"<", b"<")
    return None if inside is None else html.unescape(inside.decode(errors="replace"))


def _inside(body: bytes, mark: bytes, opens: bytes, closes: bytes) -> bytes | None:
    """Return the bytes between a tag that holds a mark and the next closing mark."""
    place = body.find(mark)
    if place < 0:
        return None
    begins, ends = body.rfind(b"<", 0, place), body.find(b">", place)
    if begins < 0 or ends < 0 or b">" in body[begins:place] or not body.startswith(opens, begins):
        return None
    closed = body.find(closes, ends)
    return None if closed < 0 else body[ends + 1 : closed]


def pieces(text: str, begins: re.Pattern[str], longest: int) -> Iterator[str]:
    """Yield the text from each beginning to the next, cut at the longest."""
    places = [found.start() for found in begins.finditer(text)]
    for place, following in pairwise([*places, len(text)]):
        yield text[place : min(following, place + longest)]


def unflattened(flat: object) -> Any:
    """Return the value of a list whose numbers are places in it. Raises ParseError for anything else, or for a loop."""
    if not isinstance(flat, list) or not flat:
        raise ParseError("the page's data is no list")
    budget = [_MOST_NODES]

    def at(place: object, depth: int) -> Any:
        budget[0] -= 1
        if depth == 0 or budget[0] < 0:
            raise ParseError("the page's data is nested too deeply")
        if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < len(flat):
            return None
        value = flat[place]
        if isinstance(value, dict):
            return {key: at(inner, depth - 1) for key, inner in value.items()}
        if not isinstance(value, list):
            return value
        if value and isinstance(value[0], str):
            # A named kind of value: `["Date", "…"]`, `["ShallowReactive", 5]`.
            return value[1] if value[0] == "Date" and len(value) > 1 else at(value[1], depth - 1) if value[1:] else None
        return [at(inner, depth - 1) for inner in value]

    return at(0, _DEEPEST)


def object_with(value: object, *keys: str) -> dict[str, Any]:
    """Return the first object with all these keys, in the order of the document, an empty one for none."""
    return next((node for node in _nodes(value) if node.keys() >= set(keys)), {})


def _nodes(value: object) -> Iterator[dict[str, Any]]:
    """Yield all objects in a document, each before the objects inside it."""
    waiting = [value]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(inner for inner in reversed(node.values()) if isinstance(inner, dict | list))
        elif isinstance(node, list):
            waiting.extend(inner for inner in reversed(node) if isinstance(inner, dict | list))


def _rows(body: bytes) -> tuple[list[bytes], dict[str, str]]:
    """Return the rows of a Next.js page that hold JSON, and the texts that they refer to."""
    data = b"".join(_pushed(body))
    rows: list[bytes] = []
    texts: dict[str, str] = {}
    position = 0
    while found := _ROW.match(data, position):
        start = found.end()
        if text := _TEXT.match(data, start):
            position = text.end() + int(text[1], 16)
            texts[found[1].decode()] = data[text.end() : position].decode(errors="replace")
            continue
        end = data.find(b"\n", start)
        position = len(data) if end < 0 else end + 1
        row = data[start:position].strip()
        if row.startswith((b"[", b"{")):
            rows.append(row)
    return rows, texts


def _pushed(body: bytes) -> Iterator[bytes]:
    for found in _PUSHED.finditer(body):
        try:
            piece = json.loads(found[1])
        except ValueError:
            continue
        yield piece.encode(errors="replace")


def _resolved(value: object, texts: Mapping[str, str], depth: int) -> Any:
    """Return a value with its references resolved: `$undefined` to nothing, `$D…` to a time, `$1f` to a text."""
    if depth == 0:
        return None
    if isinstance(value, dict):
        return {key: _resolved(inner, texts, depth - 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner, texts, depth - 1) for inner in value]
    return _referred(value, texts) if isinstance(value, str) and value.startswith("$") else value


def _referred(value: str, texts: Mapping[str, str]) -> str | None:
    if value == "$undefined":
        return None
    reference = _REFERENCE.fullmatch(value)
    if reference:
        return texts.get(reference[1], value)
    return value[1:] if value.startswith("$$") else value.removeprefix("$D")
