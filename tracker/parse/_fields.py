"""Typed getters for the values that vendors send. Contains no business logic."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from tracker.errors import ParseError
from tracker.parse import times
from tracker.parse.text import cut, encodable, one_line, plain_text

_Meaning = TypeVar("_Meaning")

#: Times have a module of their own.
moment, plausible = times.moment, times.plausible

NAME_CAP = 300
BODY_CAP = 16_000
#: Characters of a text that are read: markup takes a small multiple of the message that it surrounds.
_RAW_CAP = 20 * BODY_CAP
_ID_CAP = 200
_LINK_CAP = 2_000
_CODE_CAP = 5
_BETWEEN_WORDS = re.compile(r"[\s_-]+|(?<=[a-z])(?=[A-Z])")
#: The most digits of an integer on which JSON readers agree; longer ones are kept as text.
_INTEGER_CAP = 18
#: Brackets and commas, about one for each value: a value takes up to a hundred bytes of memory. The largest real
#: answers have 25,000.
_MAX_MARKS = 200_000


def decode_json(body: bytes) -> Any:
    """Return the contents of JSON in any encoding. Raises ParseError."""
    if sum(map(body.count, (b"{", b"[", b","))) > _MAX_MARKS:
        raise ParseError("the answer is JSON with more in it than a status page")
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return _decode_leniently(body)


def json_or_none(body: bytes) -> Any:
    """Return the contents of JSON, None for anything else."""
    try:
        return decode_json(body)
    except ParseError:
        return None


def json_object(body: bytes) -> dict[str, Any]:
    """Return the object in the JSON, an empty one for any other answer."""
    return mapping(json_or_none(body))


def _decode_leniently(body: bytes) -> Any:
    """Decode JSON that the strict decoder refuses: other encodings, NULs, lone surrogates, raw control characters."""
    for encoding in dict.fromkeys((json.detect_encoding(body), "utf-8")):
        text = body.decode(encoding, "replace").replace("\0", "")
        try:
            return json.loads(text, strict=False, parse_int=_integer, parse_constant=_nothing)
        except RecursionError:
            raise ParseError("the answer is JSON nested too deeply") from None
        except ValueError:
            continue
    raise ParseError("the answer is broken JSON")


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _INTEGER_CAP else digits


def _nothing(_: str) -> None:
    """Read NaN and Infinity, which JSON does not know, as null."""


def identifier(value: object, what: str) -> str:
    """Return an id as text; a very long one as its digest. Raises ParseError when there is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ParseError(f"the answer holds {what} without an id")
    text = encodable(str(value)).strip()
    if not text:
        raise ParseError(f"the answer holds {what} with an empty id")
    return text if len(text) <= _ID_CAP else hashlib.sha256(text.encode()).hexdigest()[:32]


def name(value: object) -> str | None:
    """Return a name as one capped line, None when there is none."""
    return (cut(one_line(value[:_RAW_CAP]), NAME_CAP) or None) if isinstance(value, str) else None


def body_text(value: object) -> str:
    """Return a message as capped plain text, "" when there is none."""
    return cut(plain_text(value[:_RAW_CAP]), BODY_CAP) if isinstance(value, str) else ""


def link(value: object) -> str | None:
    """Return an absolute web address, None for anything else."""
    if not isinstance(value, str):
        return None
    address = encodable(value).strip()
    is_web = address.lower().startswith(("https://", "http://"))
    return address if is_web and len(address) <= _LINK_CAP and len(address.split()) == 1 else None


def site(url: str) -> str | None:
    """Return scheme and host of a web address, None for anything else."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else None


def mapping(value: object) -> dict[str, Any]:
    """Return an object, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def unique(words: Iterable[str | None]) -> tuple[str, ...]:
    """Return each word once, in order of first appearance, without empty ones."""
    return tuple(dict.fromkeys(word for word in words if word))


def known(meanings: Mapping[Any, _Meaning], word: object) -> _Meaning | None:
    """Return the meaning of a vendor's word or number, None for an unknown one. The keys are in lower case.

    `Degraded Performance`, `DEGRADED-PERFORMANCE` and `degradedPerformance` are one word, whose key has underscores or
    nothing between its parts. A number may be given as text.
    """
    if isinstance(word, str):
        snake = _BETWEEN_WORDS.sub("_", word[:NAME_CAP].strip()).lower()
        spellings = (word.strip().lower(), snake, snake.replace("_", ""), _digit(word))
        return next((meanings[spelling] for spelling in spellings if spelling in meanings), None)
    return meanings.get(word) if isinstance(word, int) and not isinstance(word, bool) else None


def _digit(word: str) -> int | None:
    text = word.strip()
    return int(text) if len(text) <= _CODE_CAP and text.isascii() and text.isdecimal() else None


def names(entries: object, key: str = "name") -> tuple[str, ...]:
    """Return the names that a list of objects has under a key; oddities name nothing."""
    if not isinstance(entries, list | tuple):
        return ()
    return unique(name(mapping(entry).get(key)) for entry in entries)


def words(entries: object) -> tuple[str, ...]:
    """Return the names that a list holds; oddities name nothing."""
    return unique(map(name, entries)) if isinstance(entries, list | tuple) else ()


def objects_in(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list that hold anything, without the rest of it, none for anything else."""
    return [item for item in value if isinstance(item, dict) and item] if isinstance(value, list) else []
