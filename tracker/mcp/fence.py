"""Fences vendors' words off: in fields of their own, cleaned and cut, apart from the tracker's words. Pure."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, unquote

from tracker.model.plain import one_line, several_lines

TITLE: Final = 200
TEXT: Final = 2000
#: Names of components in one answer.
MOST_NAMES: Final = 30


def title(text: str) -> str:
    """Return a title on one line without control and bidi characters."""
    return one_line(text, TITLE)


def prose(text: str | None) -> str:
    """Return a message with its lines, without control and bidi characters."""
    return several_lines(text or "", TEXT)


def name_list(found: Iterable[str]) -> tuple[str, ...]:
    """Return the first of some names, each on one line."""
    return tuple(title(name) for name, _ in zip(found, range(MOST_NAMES), strict=False))


def reference(provider: str, incident_id: str) -> str:
    """Return the id of an incident as one token of ASCII: `<provider>/<vendor's id, percent-encoded>`."""
    return f"{provider}/{quote(incident_id, safe='')}"


def referred(text: str) -> tuple[str, str]:
    """Return provider and vendor's id of such a token; the id is empty where there is none."""
    provider, _, encoded = text.partition("/")
    return provider, unquote(encoded)
