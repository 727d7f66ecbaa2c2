"""Order and identity of the entries of a page: each once, oldest first, with an id where the vendor gives none.

A derived id comes from values that do not change when a text is edited or the same update is shown again.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, TypeVar

import msgspec

from tracker.model.page import Component, Impact, Incident, IncidentUpdate
from tracker.parse.words import UPDATE

_Listed = TypeVar("_Listed", Component, Incident, IncidentUpdate)
_Entry = TypeVar("_Entry")

_DIGEST_LENGTH: Final = 20
_CREATED_AT: Final[Callable[[Any], datetime | None]] = attrgetter("created_at")


def distinct(listed: Iterable[_Listed]) -> tuple[_Listed, ...]:
    """Return each entry once, the first with its id."""
    found: dict[str, _Listed] = {}
    for item in listed:
        found.setdefault(item.id, item)
    return tuple(found.values())


def parted(listed: Iterable[Incident]) -> tuple[tuple[Incident, ...], tuple[Incident, ...]]:
    """Return incidents and maintenances, distinguished by their impact, each id once."""
    found = distinct(listed)
    return (
        tuple(each for each in found if each.impact is not Impact.MAINTENANCE),
        tuple(each for each in found if each.impact is Impact.MAINTENANCE),
    )


def oldest_first(
    listed: Iterable[_Entry],
    time_of: Callable[[_Entry], datetime | None] = _CREATED_AT,
    *,
    newest_first: bool | None = None,
) -> tuple[_Entry, ...]:
    """Return updates, or entries that have a time, oldest first.

    The page's order decides between equal times, and everywhere when a time is missing. `newest_first` is that order;
    if the order is unknown, the first and the last time decide.
    """
    entries = list(listed)
    times = [time for entry in entries if (time := time_of(entry))]
    if newest_first is None:
        newest_first = bool(times) and times[0] > times[-1]
    if newest_first:
        entries.reverse()
        times.reverse()
    if len(times) < len(entries):
        return tuple(entries)
    return tuple(entries[place] for place in sorted(range(len(entries)), key=times.__getitem__))


def with_status_before(updates: Iterable[IncidentUpdate], before: str = UPDATE) -> tuple[IncidentUpdate, ...]:
    """Return the updates, oldest first; a mere `update` has the status of the one before it."""
    found = []
    for update in updates:
        before = before if update.status == UPDATE else update.status
        found.append(msgspec.structs.replace(update, status=before))
    return tuple(found)


def time_key(time: datetime | None) -> str:
    """Return the id of an update that is known only by its time, in seconds."""
    return f"{time:%Y%m%dT%H%M%SZ}" if time else "undated"


def status_key(status: str, time: datetime | None) -> str:
    """Return the id of an update that is known by its status and the time of the status."""
    return f"{status}-{time_key(time)}" if time else status


def digest_key(*texts: str) -> str:
    """Return an id made of texts, whatever the blanks between their words."""
    canonical = "\0".join(" ".join(text.split()) for text in texts)
    return hashlib.sha256(canonical.encode()).hexdigest()[:_DIGEST_LENGTH]


def letters_key(*texts: str) -> str:
    """Return an id made of the letters and digits of texts, whatever the markup around them."""
    return digest_key(*("".join(filter(str.isalnum, text.casefold())) for text in texts))


def by_time(update: IncidentUpdate) -> str:
    """Return a key that survives an edit of the text: when the update was published."""
    return time_key(update.created_at)


def by_text(update: IncidentUpdate) -> str:
    """Return a key that survives another date and other markup."""
    return letters_key(update.body)


def numbered(keys: Iterable[str]) -> list[str]:
    """Return the keys, oldest first, with `#2`, `#3` … behind repeated ones."""
    seen: Counter[str] = Counter()
    found: dict[str, None] = {}
    for key in keys:
        seen[key] += 1
        # A key that itself ends in `#2` may be taken already.
        while (name := key if seen[key] == 1 else f"{key}#{seen[key]}") in found:
            seen[key] += 1
        found[name] = None
    return list(found)


def identified(
    updates: Iterable[IncidentUpdate], key: Callable[[IncidentUpdate], str] = by_time
) -> tuple[IncidentUpdate, ...]:
    """Return the updates, oldest first, with their keys for ids, numbered where several share one."""
    given = list(updates)
    keys = numbered(map(key, given))
    return tuple(msgspec.structs.replace(update, id=update_id) for update, update_id in zip(given, keys, strict=True))
