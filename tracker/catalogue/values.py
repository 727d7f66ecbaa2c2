"""Checks of the values of an entry: each returns the value, or raises InvalidValue, which says what to write."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tracker.catalogue.mistakes import InvalidValue, alternatives, described, quoted
from tracker.catalogue.names import LONGEST_ID, slug

LONGEST_TEXT = 200
LONGEST_EXPRESSION = 500
#: Vendors have a dozen words for states.
_MOST_WORDS = 100
_ID = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{LONGEST_ID - 1}}}")

T = TypeVar("T")


def text(value: object, longest: int = LONGEST_TEXT) -> str:
    """Return one line of text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidValue(f"is {described(value)}; write some text in quotes")
    if len(value) > longest:
        raise InvalidValue(f"is {quoted(value)}, longer than {longest} characters; shorten it")
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in value):
        raise InvalidValue(f"is {quoted(value)} with control characters in it; remove them")
    return value.strip()


def identifier(value: object, key: str, otherwise: str) -> str:
    """Return an id, which becomes part of keys and file lines."""
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    proposal = f'write {key} = "{slug(value)}"' if isinstance(value, str) and value.strip() else otherwise
    raise InvalidValue(
        f"is {described(value)}, not 1 to {LONGEST_ID} of a-z, 0-9, dot, underscore and hyphen, "
        f"the first a letter or digit; {proposal}"
    )


def choice(value: object, known: Sequence[str]) -> str:
    """Return one of the known words."""
    if isinstance(value, str) and value in known:
        return value
    hint = alternatives(value, known) if isinstance(value, str) else f"known are {', '.join(known)}"
    raise InvalidValue(f"is {described(value)}; {hint}")


def list_of(value: object, check: Callable[[object], T], example: str) -> tuple[T, ...]:
    """Return the items of a list, each one checked."""
    if not isinstance(value, list | tuple):
        raise InvalidValue(f"is {described(value)}, not a list; write one, as in {example}")
    try:
        return tuple(map(check, value))
    except InvalidValue as error:
        raise InvalidValue(f"has an item that {error}") from None


def boolean(value: object) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise InvalidValue(f"is {described(value)}; write true or false, without quotes")
    return value


def whole_number(value: object, least: int, most: int, unit: str, example: str) -> int:
    """Return a whole number within its bounds; `unit` is what it counts."""
    # To Python, true is the integer 1.
    if not isinstance(value, int) or isinstance(value, bool):
        kind = f"a whole number of {unit}" if unit else "a whole number"
        raise InvalidValue(f"is {described(value)}, not {kind}; write one, as in {example}")
    if not least <= value <= most:
        bounds = f"from {least} to {most} {unit}".rstrip()
        raise InvalidValue(f"is {described(value)}, not {bounds}; write {example}")
    return value


def word_table(value: object, known: Sequence[str], example: str) -> tuple[tuple[str, str], ...]:
    """Return a table of a page's words, each with one of the known words."""
    if not isinstance(value, dict):
        raise InvalidValue(f"is {described(value)}, not a table; write one, as in {example}")
    if len(value) > _MOST_WORDS:
        raise InvalidValue(f"has {len(value)} words, more than {_MOST_WORDS}; leave out those that are known anyway")
    pairs = []
    for word, meaning in value.items():
        try:
            pairs.append((text(word), choice(meaning, known)))
        except InvalidValue as error:
            raise InvalidValue(f"has a word {quoted(word)} whose meaning {error}") from None
    return tuple(pairs)


def time_zone(value: object, example: str) -> str:
    """Return the name of a time zone."""
    name = text(value)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidValue(f"is {quoted(name)}, not the name of a time zone; write one, as in {example}") from None
    return name
