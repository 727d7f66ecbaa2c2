"""The reported updates of each page, read from the record, to continue after the data server lost its data. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from tracker.delivery.event_stream import Reported
from tracker.model.event import EventKind
from tracker.model.keys import event_id, incident_part, key_of_update, present_event_id
from tracker.model.page import CLOSED_STATUSES, Component, ComponentStatus, Impact, OpenIncident

_STATUSES = {status.value: status for status in ComponentStatus}
_IMPACTS: Final = {impact.value: impact for impact in Impact}
#: Statuses that say nothing of how it goes.
_WORDLESS: Final = frozenset({"unknown", "update"})


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
    incident: str | None = None
    impact: str | None = None
    link: str | None = None
    published_at: datetime | None = None
    regions: tuple[str, ...] = ()
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None


def read_reported(lines: Iterable[bytes]) -> Mapping[str, Reported]:
    """Return the reported updates by provider id; lines that are not the record's are skipped."""
    pages: dict[str, _Page] = {}
    for line in lines:
        try:
            reported = msgspec.json.decode(line, type=_Line)
        except msgspec.MsgspecError:
            continue
        if reported.drill is None:
            pages.setdefault(reported.provider, _Page()).take(reported)
    return {provider: page.reported() for provider, page in pages.items()}


class _Page:
    """The knowledge of one page, as its lines give it."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._components: dict[str, Component] = {}
        self._unreadable_at: datetime | None = None
        self._incidents: dict[str, OpenIncident] = {}
        self._maintenances: dict[str, OpenIncident] = {}

    def take(self, reported: _Line) -> None:
        """Take in the next line."""
        key = _key_of_update(reported)
        if key is not None:
            self._keys |= {key, incident_part(key)}
            is_maintenance = reported.event == EventKind.MAINTENANCE_UPDATE
            _follow(self._maintenances if is_maintenance else self._incidents, reported)
        elif reported.event == EventKind.PAGE_UNREADABLE:
            self._unreadable_at = reported.seen_at
        elif reported.event == EventKind.PAGE_READABLE:
            self._unreadable_at = None
        elif (component := _component(reported)) is not None:
            self._components[component.id] = component

    def reported(self) -> Reported:
        """Return all that was reported."""
        return Reported(
            keys=frozenset(self._keys),
            components=self._components,
            unreadable_at=self._unreadable_at,
            incidents=tuple(self._incidents.values()),
            maintenances=tuple(self._maintenances.values()),
        )


def _component(reported: _Line) -> Component | None:
    """Return the component that a line reports, None where it reports none."""
    before, is_component, rest = reported.id.partition("/component/")
    is_of_page = reported.incident_id is None and before == reported.provider
    if not is_component or not is_of_page or reported.status not in _STATUSES:
        return None
    component_id = rest.rpartition("/")[0]
    name = next(iter(reported.components), component_id)
    return Component(id=component_id, name=name, status=_STATUSES[reported.status])


def _follow(ongoing: dict[str, OpenIncident], reported: _Line) -> None:
    """Apply an update to its incident or maintenance: its state, or its end."""
    incident_id = reported.incident_id or ""
    before = ongoing.get(incident_id)
    if reported.status in CLOSED_STATUSES:
        ongoing.pop(incident_id, None)
    elif before is not None or reported.status not in _WORDLESS or reported.event == EventKind.NEW_INCIDENT:
        ongoing[incident_id] = _going_on(before, reported)


def _going_on(before: OpenIncident | None, reported: _Line) -> OpenIncident:
    name = reported.incident or reported.incident_id or ""
    known = before or OpenIncident(
        id=reported.incident_id or "",
        name=name,
        status=reported.status,
        began_at=reported.published_at,
        is_followed=True,
    )
    return replace(
        known,
        name=name,
        status=known.status if reported.status in _WORDLESS else reported.status,
        impact=_IMPACTS.get(reported.impact or "", known.impact),
        link=reported.link or known.link,
        update_id=reported.update_id,
        updated_at=reported.published_at or known.updated_at,
        components=reported.components or known.components,
        regions=reported.regions or known.regions,
        scheduled_for=reported.scheduled_for or known.scheduled_for,
        scheduled_until=reported.scheduled_until or known.scheduled_until,
    )


def _key_of_update(reported: _Line) -> str | None:
    """Return the key of the update that a line reports, whichever version wrote it; None where it reports none.

    Edits and withdrawals of the update, and what concerns the page itself, have other ids.
    """
    if reported.incident_id is None or reported.update_id is None:
        return None
    about = reported.provider, reported.incident_id, reported.update_id
    is_update = present_event_id(reported.id, *about) == event_id(*about)
    return key_of_update(reported.incident_id, reported.update_id) if is_update else None
