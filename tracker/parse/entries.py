"""Read the entries of an answer one by one: an unreadable one is left out and named.

Vendors send `null` for an object, a text for a list, an update without an id. Such an entry gets an id from fields that
an edit does not change, or is left out if it has none. An answer without any readable entry is refused: it is not the
expected answer.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from datetime import datetime
from functools import wraps
from typing import Any, Literal, TypeVar

import msgspec

from tracker.errors import ParseError
from tracker.model.page import MADE, Component, Incident, IncidentUpdate, Omission, Snapshot, is_made
from tracker.parse import _fields as fields
from tracker.parse.listed import digest_key, time_key
from tracker.parse.words import UNKNOWN

Kind = Literal["incident", "maintenance", "update", "component"]
Reader = Callable[[bytes, str, str | None], Snapshot]

_Entry = TypeVar("_Entry")
_Read = TypeVar("_Read", Component, Incident, IncidentUpdate)

#: Reasons why an entry is left out.
NO_ID, NO_OBJECT, NO_LIST, NOTHING = "no id", "no object", "no list", "nothing in it"


class _Reading:
    """The findings in one answer so far."""

    def __init__(self) -> None:
        self.omissions: dict[Omission, None] = {}
        self._tried: Counter[Kind] = Counter()
        self._read: Counter[Kind] = Counter()
        self._made: dict[str, str] = {}

    def try_one(self, kind: Kind, *, problem: str | None = None) -> None:
        """Count an entry, and name it if there is a problem with it."""
        self._tried[kind] += 1
        if problem is None:
            self._read[kind] += 1
        else:
            self.omissions[Omission(kind=kind, reason=problem)] = None

    def with_unique_id(self, item: _Read, place: str) -> _Read:
        """Return an entry with an id that is unique in its place; only an id that was made here changes."""
        if not is_made(item.id):
            return item
        says = _said(item)
        if self._made.setdefault(f"{place}/{item.id}", says) == says:
            return item
        return msgspec.structs.replace(item, id=f"{item.id}-{digest_key(says)}")

    def completed(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot with its omissions. Raises ParseError when no entry of a list could be read."""
        whole = Counter({kind: count for kind, count in self._tried.items() if kind != "update"})
        for kind, count in whole.items():
            if not self._read[kind] and (count > 1 or whole.total() == count):
                reason = next(omission.reason for omission in self.omissions if omission.kind == kind)
                entries = (
                    f"none of the answer's {count} {kind}s can" if count > 1 else f"the answer's only {kind} cannot"
                )
                raise ParseError(f"{entries} be read ({reason})")
        if not self.omissions:
            return snapshot
        lacks_components = any(omission.kind == "component" for omission in self.omissions)
        return msgspec.structs.replace(
            snapshot,
            omissions=tuple(self.omissions),
            components_complete=snapshot.components_complete and not lacks_components,
        )


_READING: ContextVar[_Reading | None] = ContextVar("reading", default=None)


def entry_by_entry(read: Reader) -> Reader:
    """Make the reader of a format name the entries that it leaves out."""

    @wraps(read)
    def reader(body: bytes, url: str, content_type: str | None) -> Snapshot:
        reading = _Reading()
        token = _READING.set(reading)
        try:
            return reading.completed(read(body, url, content_type))
        finally:
            _READING.reset(token)

    return reader


def each(holder: Mapping[str, Any], key: str, kind: Kind, read: Callable[[dict[str, Any]], _Read]) -> list[_Read]:
    """Return the read entries of a list, without unreadable ones."""
    return among(objects(holder, key, kind), kind, read)


def among(entries: Iterable[_Entry], kind: Kind, read: Callable[[_Entry], _Read]) -> list[_Read]:
    """Return the read entries, without unreadable ones."""
    reading = _READING.get() or _Reading()
    apart = _Reading() if kind == "update" else reading
    found = []
    for entry in entries:
        try:
            item = read(entry)
        except ParseError:
            reading.try_one(kind, problem=NO_ID)
            continue
        if _is_bare(item):
            reading.try_one(kind, problem=NOTHING)
            continue
        reading.try_one(kind)
        found.append(apart.with_unique_id(item, "component" if kind == "component" else "incident"))
    return found


def _said(item: Component | Incident | IncidentUpdate) -> str:
    return item.body if isinstance(item, IncidentUpdate) else item.name


def _is_bare(item: Component | Incident | IncidentUpdate) -> bool:
    """Return whether an incident has nothing but an id, or an update not even that."""
    if isinstance(item, IncidentUpdate):
        return not item.id and not item.body and item.created_at is None
    return isinstance(item, Incident) and item.status == UNKNOWN and not item.updates and item.name == item.id


def objects(holder: Mapping[str, Any], key: str, kind: Kind) -> list[dict[str, Any]]:
    """Return the objects of a list; absent, null and [] are all []. Anything else is left out and named.

    An object whose values are all objects counts as a list of them; any other object is the only entry.
    """
    value = holder.get(key)
    if value is None:
        return []
    reading = _READING.get() or _Reading()
    if isinstance(value, dict):
        value = list(value.values()) if all(isinstance(item, dict) for item in value.values()) else [value]
    if not isinstance(value, list):
        reading.try_one(kind, problem=NO_LIST)
        return []
    for item in value:
        if not isinstance(item, dict) or not item:
            reading.try_one(kind, problem=NOTHING if item == {} else NO_OBJECT)
    return [item for item in value if isinstance(item, dict) and item]


def identity(own: object, what: str, *, link: str | None = None, since: datetime | None = None, name: str = "") -> str:
    """Return the vendor's id, else one from a field that an edit leaves alone: the link, else the time, else the name.

    A name is for entries without a history of their own, such as a component. Raises ParseError for none of them.
    """
    try:
        return fields.identifier(own, what)
    except ParseError:
        if not (link or since or name):
            raise
        return MADE + (digest_key(link) if link else time_key(since) if since else digest_key(name))


def by_id(entries: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return entries by the ids under which others name them, without those that have none."""
    with_ids = (entry for entry in entries if isinstance(entry.get("id"), str | int))
    return {str(entry["id"]).strip(): entry for entry in with_ids}


def leave_out(kind: Kind, problem: str) -> None:
    """Leave out an entry that the format's reader cannot use, and name it."""
    (_READING.get() or _Reading()).try_one(kind, problem=problem)


def marked(entries: object, marks: frozenset[str]) -> bool:
    """Return whether a list has an entry with all these keys: one odd entry hides no format."""
    return isinstance(entries, list) and any(isinstance(entry, dict) and entry.keys() >= marks for entry in entries)
