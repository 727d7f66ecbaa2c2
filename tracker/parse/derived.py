"""What several platforms leave to their readers: ids and order of updates, each incident once.

Derived ids come from what does not change when a text is edited.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from tracker.models import Impact, Incident

_DIGEST_LENGTH = 20

_Entry = TypeVar("_Entry")


def parted(incidents: Iterable[Incident]) -> tuple[tuple[Incident, ...], tuple[Incident, ...]]:
    """Return the incidents and the maintenances, told apart by their impact, each id once."""
    found: dict[str, Incident] = {}
    for incident in incidents:
        found.setdefault(incident.id, incident)
    return (
        tuple(each for each in found.values() if each.impact is not Impact.MAINTENANCE),
        tuple(each for each in found.values() if each.impact is Impact.MAINTENANCE),
    )


def oldest_first(entries: Sequence[_Entry], time_of: Callable[[_Entry], datetime | None]) -> list[_Entry]:
    """Return the entries oldest first, whichever way the page lists them; its order decides between equal times."""
    listed = list(entries)
    times = [time for entry in listed if (time := time_of(entry))]
    if times and times[0] > times[-1]:
        listed.reverse()
        times.reverse()
    if len(times) < len(listed):
        return listed
    return [listed[place] for place in sorted(range(len(listed)), key=times.__getitem__)]


def time_key(time: datetime | None) -> str:
    """Return the id of an update that is known by nothing but its time."""
    return f"{time:%Y%m%dT%H%M%S.%fZ}" if time else "undated"


def numbered(keys: Iterable[str]) -> list[str]:
    """Return the keys, oldest first, with `#2`, `#3` … behind those that were there before."""
    seen: Counter[str] = Counter()
    found = []
    for key in keys:
        seen[key] += 1
        found.append(key if seen[key] == 1 else f"{key}#{seen[key]}")
    return found


def digest_key(*parts: str) -> str:
    """Return an id from texts, whatever the blanks between their words."""
    canonical = "\0".join(" ".join(part.split()) for part in parts)
    return hashlib.sha256(canonical.encode()).hexdigest()[:_DIGEST_LENGTH]
