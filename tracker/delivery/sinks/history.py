"""The reported updates of each page, read from the record, to continue after the data server lost its data. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from tracker.delivery.event_stream import Reported
from tracker.model.event import EventKind
from tracker.model.keys import event_id, incident_part, key_of_update, present_event_id
from tracker.model.page import Component, ComponentStatus

_STATUSES = {status.value: status for status in ComponentStatus}


class _Line(msgspec.Struct, frozen=True):
    """The fields that are read back from a line."""

    id: str
    provider: str
    status: str
    event: str = ""
    incident_id: str | None = None
    update_id: str | None = None
    components: tuple[str, ...] = ()
    drill: str | None = None
    seen_at: datetime | None = None


def read_reported(lines: Iterable[bytes]) -> Mapping[str, Reported]:
    """Return the reported updates by provider id; lines that are not the record's are skipped."""
    keys: dict[str, set[str]] = {}
    components: dict[str, dict[str, Component]] = {}
    unreadable: dict[str, datetime | None] = {}
    for line in lines:
        try:
            reported = msgspec.json.decode(line, type=_Line)
        except msgspec.MsgspecError:
            continue
        if reported.drill is not None:
            continue
        if reported.event == EventKind.PAGE_UNREADABLE:
            unreadable[reported.provider] = reported.seen_at
        elif reported.event == EventKind.PAGE_READABLE:
            unreadable.pop(reported.provider, None)
        before, is_component, rest = reported.id.partition("/component/")
        if (key := _key_of_update(reported)) is not None:
            keys.setdefault(reported.provider, set()).update((key, incident_part(key)))
        elif (
            reported.incident_id is None
            and is_component
            and before == reported.provider
            and reported.status in _STATUSES
        ):
            component_id = rest.rpartition("/")[0]
            components.setdefault(reported.provider, {})[component_id] = Component(
                id=component_id, name=next(iter(reported.components), component_id), status=_STATUSES[reported.status]
            )
    return {
        provider: Reported(
            keys=frozenset(keys.get(provider, ())),
            components=components.get(provider, {}),
            unreadable_at=unreadable.get(provider),
        )
        for provider in keys.keys() | components.keys() | unreadable.keys()
    }


def _key_of_update(reported: _Line) -> str | None:
    """Return the key of the update that a line reports, whichever version wrote it; None where it reports none.

    Edits and withdrawals of the update, and what concerns the page itself, have other ids.
    """
    if reported.incident_id is None or reported.update_id is None:
        return None
    about = reported.provider, reported.incident_id, reported.update_id
    is_update = present_event_id(reported.id, *about) == event_id(*about)
    return key_of_update(reported.incident_id, reported.update_id) if is_update else None
