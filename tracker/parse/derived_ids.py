"""Order and identity of what a page lists: ids for the updates of vendors that give them none.

An id comes from what does not change when the same update is shown again.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from tracker.models import Component, Incident, IncidentUpdate

_Identified = TypeVar("_Identified", Component, Incident, IncidentUpdate)
_EVER = datetime.min.replace(tzinfo=UTC)
_DIGEST_LENGTH = 20


def by_time(update: IncidentUpdate) -> str:
    """Return a key that survives an edit of the text: when the update was published, to the second."""
    return f"{update.created_at:%Y%m%dT%H%M%SZ}" if update.created_at else "undated"


def by_text(update: IncidentUpdate) -> str:
    """Return a key that survives another date and other markup: the letters and digits of the text."""
    return text_key(update.body)


def text_key(*texts: str) -> str:
    """Return a digest of the letters and digits of texts."""
    letters = "\0".join("".join(filter(str.isalnum, text.casefold())) for text in texts)
    return hashlib.sha256(letters.encode()).hexdigest()[:_DIGEST_LENGTH]


def identified(
    updates: Iterable[IncidentUpdate], key: Callable[[IncidentUpdate], str] = by_time
) -> tuple[IncidentUpdate, ...]:
    """Return the updates oldest first, each with its key for an id; those that share one are counted from the oldest.

    The order given decides between equal times, and everywhere when a time is missing.
    """
    seen: Counter[str] = Counter()
    found = []
    for update in in_order(updates):
        update_key = key(update)
        seen[update_key] += 1
        number = seen[update_key]
        found.append(msgspec.structs.replace(update, id=update_key if number == 1 else f"{update_key}#{number}"))
    return tuple(found)


def in_order(updates: Iterable[IncidentUpdate]) -> tuple[IncidentUpdate, ...]:
    """Return the updates by time, as they are when one has none."""
    given = list(updates)
    if all(update.created_at for update in given):
        given.sort(key=lambda update: update.created_at or _EVER)
    return tuple(given)


def distinct(listed: Iterable[_Identified]) -> tuple[_Identified, ...]:
    """Return each of them once, the first that has its id."""
    found: dict[str, _Identified] = {}
    for item in listed:
        found.setdefault(item.id, item)
    return tuple(found.values())
