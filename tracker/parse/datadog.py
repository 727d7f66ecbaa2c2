"""Datadog Status Pages' `/config.json` -> Snapshot.

The HTML page is drawn from one document with components, incidents and updates, those of ended incidents included. It
is undocumented; the shape is that of a public reader and the page that it recorded (bentleypark/aiwatch). Ids are the
vendor's. An incident has a status of its own. Its severity is the worst status that an update gives to a component:
anything short of a major outage is minor, as on Statuspage. An update is dated by the moment that it describes
(`startedAt`), which the page shows; it may be typed in (`createdAt`) up to a week later. Maintenances are left out: no
answer that holds one is known.

The software answers every path with status 200, and with an empty HTML page where it has nothing.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tracker.model.page import Component, Impact, Incident, IncidentUpdate, Reach, Snapshot, worst_impact
from tracker.parse import _fields as fields
from tracker.parse.entries import among, each, entry_by_entry, identity, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first
from tracker.parse.mentions import mentioned
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, component_status, status_word

_IMPACTS: Mapping[str, Impact] = {
    "operational": Impact.NONE,
    "degraded": Impact.MINOR,
    "partial_outage": Impact.MINOR,
    "major_outage": Impact.MAJOR,
}


def _recognises(body: bytes, _: str | None) -> bool:
    return _is_page(fields.json_object(body))


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_object(body)
    if not _is_page(answer):
        raise refusal(body, content_type)
    return Snapshot(
        name=fields.name(answer.get("name")),
        incidents=distinct(each(answer, "incidents", "incident", _incident)),
        components=distinct(among(_placed(answer), "component", _component)),
        components_listed=True,
        incidents_reach=Reach.ALL,
    )


DATADOG = Format(
    name="datadog",
    title="Datadog Status Pages",
    in_part="no maintenance",
    precedence=14,
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/config.json"),),
)


def _is_page(answer: dict[str, Any]) -> bool:
    has_lists = isinstance(answer.get("components"), list) and "incidents" in answer and "maintenances" in answer
    return has_lists and isinstance(answer.get("domainPrefix"), str)


def _component(placed: tuple[dict[str, Any], str | None]) -> Component:
    entry, group = placed
    name = fields.name(entry.get("name"))
    component_id = identity(entry.get("id"), "a component", name=f"{group or ''}\0{name}" if name else "")
    status = component_status(entry.get("status"))
    return Component(id=component_id, name=name or component_id, status=status, group=group)


def _placed(answer: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Yield each component with the name of its group; groups have no status of their own."""
    for entry in objects(answer, "components", "component"):
        if entry.get("type") != "ComponentGroup":
            yield entry, None
            continue
        for inside in objects(entry, "components", "component"):
            yield inside, fields.name(entry.get("name"))


def _incident(entry: dict[str, Any]) -> Incident:
    incident_id = identity(entry.get("id"), "an incident", since=fields.moment(entry.get("publishedDate")))
    status = status_word(entry.get("currentStatus"))
    listed = each(entry, "timeline", "update", lambda update: _update(update, status or UNKNOWN))
    updates = oldest_first(distinct(listed), newest_first=True)
    timeline = fields.objects_in(entry.get("timeline"))
    affected = [
        part.get("status") for update in timeline for part in fields.objects_in(update.get("componentsAffected"))
    ]
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("title")) or incident_id,
        status=status or (updates[-1].status if updates else UNKNOWN),
        impact=worst_impact([fields.known(_IMPACTS, word) for word in affected]),
        updates=updates,
        components=fields.names(entry.get("componentsAffected")),
        mentions=mentioned(entry.get("componentsAffected")),
    )


def _update(entry: dict[str, Any], incident_status: str) -> IncidentUpdate:
    filed_at = fields.moment(entry.get("createdAt"))
    return IncidentUpdate(
        id=identity(entry.get("id"), "an incident update", since=filed_at),
        status=status_word(entry.get("status")) or incident_status,
        body=fields.body_text(entry.get("description")),
        created_at=fields.moment(entry.get("startedAt")) or filed_at,
        components=fields.names(entry.get("componentsAffected")),
        mentions=mentioned(entry.get("componentsAffected")),
    )
