"""Railway's public status (`api.railwaystatus.com/status`) -> Snapshot, in part: no texts of updates.

One answer has everything: components in groups, open and ended incidents, maintenance. Railway publishes a schema
beside it (`/status/schema.json`); the keys read here are those that independent public readers use (hani-sul/Wakz and
others). An update is a status, at the time of the last change; the contents of `updates` are not known well enough to
be read.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tracker.model.page import Component, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, each, entry_by_entry, identity, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, status_key
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import UNKNOWN, component_status, status_word

_KEYS: Final = frozenset({"components", "incidents", "maintenances"})
_MARKS: Final = frozenset({"id", "name", "status", "type"})
_TYPES: Final = ("group", "component")
_IMPACTS: Mapping[str, Impact] = {
    "operational": Impact.NONE,
    "none": Impact.NONE,
    "minor": Impact.MINOR,
    "degraded": Impact.MINOR,
    "degraded_performance": Impact.MINOR,
    "partial_outage": Impact.MINOR,
    "major": Impact.MAJOR,
    "major_outage": Impact.MAJOR,
    "critical": Impact.CRITICAL,
}
_DEEPEST: Final = 3


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"maintenances"', b'"components"', b'"type"') and _is_status(fields.json_or_none(body))


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if not _is_status(answer):
        raise refusal(body, content_type)
    return Snapshot(
        incidents=distinct(each(answer, "incidents", "incident", _incident)),
        maintenances=distinct(each(answer, "maintenances", "maintenance", _maintenance)),
        components=distinct(among(_placed(answer, None, _DEEPEST), "component", _component)),
        components_listed=True,
    )


RAILWAY = Format(
    name="railway",
    title="Railway",
    in_part="no texts of updates",
    source="independent readers",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="https://api.railwaystatus.com/status"),),
    hosts=("status.railway.com", "status.railway.app", "api.railwaystatus.com"),
)


def _is_status(answer: object) -> bool:
    if not isinstance(answer, dict) or not answer.keys() >= _KEYS or "page" in answer:
        return False
    listed = fields.objects_in(answer["components"])
    return any(entry.keys() >= _MARKS and entry["type"] in _TYPES for entry in listed)


def _placed(holder: dict[str, Any], group: str | None, depth: int) -> Iterator[tuple[dict[str, Any], str | None]]:
    for entry in objects(holder, "components", "component"):
        if entry.get("type") == "group":
            if depth:
                yield from _placed(entry, fields.name(entry.get("name")), depth - 1)
        else:
            yield entry, group


def _component(placed: tuple[dict[str, Any], str | None]) -> Component:
    entry, group = placed
    name = fields.name(entry.get("name"))
    component_id = identity(entry.get("id"), "a component", name=f"{group or ''}\0{name}" if name else "")
    return Component(
        id=component_id, name=name or component_id, status=component_status(entry.get("status")), group=group
    )


def _incident(entry: dict[str, Any]) -> Incident:
    began, ended = fields.moment(entry.get("createdAt")), fields.moment(entry.get("resolvedAt"))
    incident_id = identity(entry.get("id"), "an incident", since=began)
    status = "resolved" if ended else status_word(entry.get("status")) or UNKNOWN
    changed = ended or fields.moment(entry.get("updatedAt")) or began
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("title")) or incident_id,
        status=status,
        impact=fields.known(_IMPACTS, entry.get("worstImpact")),
        updates=(IncidentUpdate(id=status_key(status, changed), status=status, created_at=changed),),
    )


def _maintenance(entry: dict[str, Any]) -> Incident:
    begins = fields.moment(entry.get("scheduledStart"))
    maintenance_id = identity(entry.get("id"), "a maintenance", since=begins)
    status = status_word(entry.get("status")) or UNKNOWN
    text = fields.body_text(entry.get("description"))
    return Incident(
        id=maintenance_id,
        name=fields.name(entry.get("title")) or maintenance_id,
        status=status,
        impact=Impact.MAINTENANCE,
        updates=(IncidentUpdate(id=status_key(status, None), status=status, body=text),),
        scheduled_for=begins,
        scheduled_until=fields.moment(entry.get("estimatedEnd")),
    )
