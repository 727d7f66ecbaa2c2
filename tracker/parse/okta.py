"""The data in Okta's status page -> Snapshot.

Spans hold JSON lists: `incidents` and `planned-outages` (recorded in part, 2026-09; inket/stts reads the first so), and
`updates`, each with its text, its time and the id of its incident. Two independent public readers agree on the keys of
`updates`, three on `Log__c`, the text with which an incident began. An update has no status: the newest takes that of
the incident, those before it are `investigating`. On a page without updates, the incident's status is one, at the time
of its last change. `cellList` names the cells, which are regions: the worst open incident that names a cell decides its
status. No recording of a planned outage is known: it is read by the keys of an incident. The page's feeds and JSON need
credentials.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from tracker.model.keys import key_of_update
from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot, worst_impact
from tracker.parse import _fields as fields
from tracker.parse import page_data
from tracker.parse.entries import among, each, entry_by_entry, identity
from tracker.parse.format import Format
from tracker.parse.listed import distinct, oldest_first, status_key
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, status_word

_INCIDENTS: Final = 'data-id="incidents"'
_PLANNED: Final = 'data-id="planned-outages"'
_UPDATES: Final = 'data-id="updates"'
_CELLS: Final = 'data-id="cellList"'
_IMPACTS: Mapping[str, Impact] = {
    "major_service_disruption": Impact.CRITICAL,
    "service_disruption": Impact.MAJOR,
    "minor_service_disruption": Impact.MAJOR,
    "feature_disruption": Impact.MINOR,
    "service_degradation": Impact.MINOR,
    "performance_issue": Impact.MINOR,
    "planned_maintenance": Impact.MAINTENANCE,
}
#: The impact of an open incident -> the status of the cells that it names.
_STATUSES: Mapping[Impact | None, ComponentStatus] = {
    Impact.CRITICAL: ComponentStatus.MAJOR_OUTAGE,
    Impact.MAJOR: ComponentStatus.PARTIAL_OUTAGE,
    Impact.MINOR: ComponentStatus.DEGRADED_PERFORMANCE,
    Impact.MAINTENANCE: ComponentStatus.UNDER_MAINTENANCE,
}
_FIRST_TEXT: Final = "log"
_BEFORE: Final = "investigating"


def _recognises(body: bytes, _: str | None) -> bool:
    return _INCIDENTS.encode() in body and _list(body, _INCIDENTS) is not None


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    incidents = _list(body, _INCIDENTS)
    if incidents is None:
        raise refusal(body, content_type)
    listed = {"incidents": incidents, "planned": _list(body, _PLANNED) or []}
    posted = _posted(_list(body, _UPDATES))
    found = distinct(each(listed, "incidents", "incident", lambda entry: _incident(entry, posted, None)))
    planned = each(listed, "planned", "maintenance", lambda entry: _incident(entry, posted, Impact.MAINTENANCE))
    cells = fields.unique(map(fields.name, (page_data.attribute_text(body, _CELLS) or "").split(",")))
    return Snapshot(
        incidents=found,
        maintenances=distinct(planned),
        components=_components(cells, [event for event in (*found, *planned) if event.is_open]),
        components_listed=bool(cells),
        former_keys=_former_keys((*found, *planned), fields.objects_in([*incidents, *listed["planned"]])),
    )


OKTA = Format(
    name="okta",
    title="Okta",
    source="a recorded page, independent readers",
    recognises=_recognises,
    read=_read,
    hosts=("status.okta.com",),
)


def _list(body: bytes, mark: str) -> list[Any] | None:
    text = page_data.attribute_text(body, mark)
    found = fields.json_or_none(text.encode(errors="replace")) if text else None
    return found if isinstance(found, list) else None


def _posted(updates: object) -> dict[str, list[dict[str, Any]]]:
    """Return the page's updates by the id of their incident."""
    found: dict[str, list[dict[str, Any]]] = {}
    for update in fields.objects_in(updates):
        found.setdefault(str(update.get("IncidentId__c")), []).append(update)
    return found


def _incident(entry: dict[str, Any], posted: Mapping[str, list[dict[str, Any]]], kind: Impact | None) -> Incident:
    began = _time(entry, "Start_Time__c")
    incident_id = identity(entry.get("Id"), "an incident", since=began)
    status = status_word(entry.get("Status__c")) or UNKNOWN
    title = fields.name(entry.get("Incident_Title__c"))
    cells = str(entry.get("Impacted_Cells__c") or "")[: fields.BODY_CAP].split(";")
    return Incident(
        id=incident_id,
        name=title or fields.name(entry.get("Name")) or incident_id,
        status=status,
        impact=kind or fields.known(_IMPACTS, entry.get("Category__c")),
        updates=_updates(entry, posted.get(incident_id, []), status),
        components=fields.unique([fields.name(entry.get("Service_Feature__c"))]),
        regions=fields.unique(map(fields.name, cells)),
        scheduled_for=began if kind else None,
        scheduled_until=_time(entry, "End_Date__c") if kind else None,
    )


def _updates(entry: dict[str, Any], posted: list[dict[str, Any]], status: str) -> tuple[IncidentUpdate, ...]:
    began, changed = _time(entry, "Start_Time__c"), _time(entry, "Last_Updated__c")
    first, later = fields.body_text(entry.get("Log__c")), oldest_first(distinct(among(posted, "update", _update)))
    if not later and not (first and status == _BEFORE):
        later = (IncidentUpdate(id=status_key(status, changed), status=status, created_at=changed or began),)
    if first and all(update.body != first for update in later):
        created = _time(entry, "CreatedDate") or began
        later = oldest_first([IncidentUpdate(id=_FIRST_TEXT, status=_BEFORE, body=first, created_at=created), *later])
    return (*later[:-1], replace(later[-1], status=status))


def _update(entry: dict[str, Any]) -> IncidentUpdate:
    created = _time(entry, "CreatedDate")
    return IncidentUpdate(
        id=identity(entry.get("Id"), "an update", since=created),
        status=_BEFORE,
        body=fields.body_text(entry.get("UpdateLog__c")),
        created_at=created,
    )


def _former_keys(incidents: Iterable[Incident], entries: Iterable[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return the keys that updates had when only the incident's status was read."""
    changed = {str(entry.get("Id")).strip(): _time(entry, "Last_Updated__c") for entry in entries}
    found: dict[str, tuple[str, ...]] = {}
    for incident in incidents:
        until = changed.get(incident.id)
        for update in incident.updates if until else ():
            if update.created_at and until and update.created_at <= until:
                key = key_of_update(incident.id, status_key(incident.status, until))
                found[key_of_update(incident.id, update.id)] = (key,)
    return found


def _components(cells: Iterable[str], events: Iterable[Incident]) -> tuple[Component, ...]:
    impacts: dict[str, list[Impact | None]] = {}
    for event in events:
        for cell in event.regions:
            impacts.setdefault(cell, []).append(event.impact)
    return tuple(Component(id=cell, name=cell, status=_status(impacts.get(cell, [])), region=cell) for cell in cells)


def _status(impacts: list[Impact | None]) -> ComponentStatus:
    if not impacts:
        return ComponentStatus.OPERATIONAL
    return _STATUSES.get(worst_impact(impacts), ComponentStatus.UNKNOWN)


def _time(entry: dict[str, Any], key: str) -> datetime | None:
    return fields.moment(entry.get(key))
