"""The data in Okta's status page -> Snapshot, in part: the page has no texts of updates.

Two spans hold JSON lists, `incidents` and `planned-outages` (recorded, 2026-09; the first read so by inket/stts). An
incident is known by its id; an update is its status, at the time of the last one. Cells stand for regions. Of a planned
outage no recording is known: it is read by the keys of an incident. Feeds and JSON of the page want credentials.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tracker.model.page import Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse import page_data
from tracker.parse.entries import each, entry_by_entry, identity
from tracker.parse.format import Format
from tracker.parse.listed import distinct, status_key
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, status_word

_INCIDENTS: Final = 'data-id="incidents"'
_PLANNED: Final = 'data-id="planned-outages"'
_IMPACTS: Mapping[str, Impact] = {
    "major_service_disruption": Impact.CRITICAL,
    "service_disruption": Impact.MAJOR,
    "minor_service_disruption": Impact.MAJOR,
    "feature_disruption": Impact.MINOR,
    "service_degradation": Impact.MINOR,
    "performance_issue": Impact.MINOR,
    "planned_maintenance": Impact.MAINTENANCE,
}


def _recognises(body: bytes, _: str | None) -> bool:
    return _INCIDENTS.encode() in body and _list(body, _INCIDENTS) is not None


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    incidents = _list(body, _INCIDENTS)
    if incidents is None:
        raise refusal(body, content_type)
    listed = {"incidents": incidents, "planned": _list(body, _PLANNED) or []}
    return Snapshot(
        incidents=distinct(each(listed, "incidents", "incident", lambda entry: _incident(entry, None))),
        maintenances=distinct(
            each(listed, "planned", "maintenance", lambda entry: _incident(entry, Impact.MAINTENANCE))
        ),
    )


OKTA = Format(
    name="okta",
    title="Okta",
    in_part="no texts of updates",
    source="a recorded page",
    recognises=_recognises,
    read=_read,
    hosts=("status.okta.com",),
)


def _list(body: bytes, mark: str) -> list[Any] | None:
    text = page_data.attribute_text(body, mark)
    found = fields.json_or_none(text.encode(errors="replace")) if text else None
    return found if isinstance(found, list) else None


def _incident(entry: dict[str, Any], kind: Impact | None) -> Incident:
    began, changed = _time(entry, "Start_Time__c"), _time(entry, "Last_Updated__c")
    incident_id = identity(entry.get("Id"), "an incident", since=began)
    status = status_word(entry.get("Status__c")) or UNKNOWN
    title = fields.name(entry.get("Incident_Title__c"))
    cells = str(entry.get("Impacted_Cells__c") or "")[: fields.BODY_CAP].split(";")
    return Incident(
        id=incident_id,
        name=title or fields.name(entry.get("Name")) or incident_id,
        status=status,
        impact=kind or fields.known(_IMPACTS, entry.get("Category__c")),
        updates=(IncidentUpdate(id=status_key(status, changed), status=status, created_at=changed or began),),
        components=fields.unique([fields.name(entry.get("Service_Feature__c"))]),
        regions=fields.unique(map(fields.name, cells)),
        scheduled_for=began if kind else None,
        scheduled_until=_time(entry, "End_Date__c") if kind else None,
    )


def _time(entry: dict[str, Any], key: str) -> datetime | None:
    return fields.moment(entry.get(key))
