"""OnlineOrNot's public summary of a page -> Snapshot, in part: an incident has neither a state nor a text.

`api.onlineornot.com/v1/status_pages/<host>/summary` shows the present: components, ongoing incidents and maintenance.
An incident is known by its id; of an update, the answer has only the time of the last change (`updated_at`).
Severity is the word of the incident. No answer with a scheduled maintenance is known: it is read by the keys of an
incident. (Recorded; hani-sul/Wakz and SmartScaleAI/statussy read it so.)
"""

from collections.abc import Mapping
from typing import Any

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import each, entry_by_entry, identity
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, status_key
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import component_status

_IMPACTS: Mapping[str, Impact] = {
    "no_impact": Impact.NONE,
    "minor": Impact.MINOR,
    "major": Impact.MAJOR,
    "critical": Impact.CRITICAL,
}


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"active_incidents"', b'"status_page"') and _is_summary(fields.json_or_none(body))


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if not _is_summary(answer):
        raise refusal(body, content_type)
    result = answer["result"]
    return Snapshot(
        name=fields.name(fields.mapping(result.get("status_page")).get("name")),
        incidents=distinct(each(result, "active_incidents", "incident", lambda entry: _incident(entry, None))),
        maintenances=distinct(
            each(result, "scheduled_maintenance", "maintenance", lambda entry: _incident(entry, Impact.MAINTENANCE))
        ),
        components=distinct(each(result, "components", "component", _component)),
        components_listed=True,
        open_only=True,
    )


def _linked(html: bytes, _: str) -> tuple[Endpoints, ...]:
    if b"onlineornot" not in html.lower():
        return ()
    return (Endpoints(primary="https://api.onlineornot.com/v1/status_pages/{host}/summary"),)


ONLINEORNOT = Format(
    name="onlineornot",
    title="OnlineOrNot",
    in_part="no states and no texts of incidents",
    source="a recorded answer",
    recognises=_recognises,
    read=_read,
    linked=_linked,
    signs=(b"onlineornot",),
)


def _is_summary(answer: object) -> bool:
    result = fields.mapping(fields.mapping(answer).get("result"))
    return isinstance(result.get("active_incidents"), list) and isinstance(result.get("status_page"), dict)


def _component(entry: dict[str, Any]) -> Component:
    name = fields.name(entry.get("name"))
    component_id = identity(entry.get("id"), "a component", name=name or "")
    status = component_status(entry.get("status"))
    return Component(id=component_id, name=name or component_id, status=status or ComponentStatus.UNKNOWN)


def _incident(entry: dict[str, Any], kind: Impact | None) -> Incident:
    began = fields.moment(entry.get("started")) or fields.moment(entry.get("created_at"))
    changed = fields.moment(entry.get("updated_at")) or began
    incident_id = identity(entry.get("id"), "an incident", since=began)
    # The answer has no state; a maintenance may not have begun.
    status = "unknown" if kind else "active"
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("title")) or incident_id,
        status=status,
        impact=kind or fields.known(_IMPACTS, entry.get("impact")),
        updates=(IncidentUpdate(id=status_key(status, changed), status=status, created_at=changed),),
        scheduled_for=began if kind else None,
    )
