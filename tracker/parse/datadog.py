"""Datadog Status Pages' `/config.json` -> Snapshot.

One document, from which the page for people is drawn, has components, incidents and their updates, also of those that
ended. It is not documented; the shape is that of a public reader and its recorded page (bentleypark/aiwatch). Ids are
the vendor's. An incident names its own status; its severity is the worst status that an update gives to a component:
anything short of a major outage is minor, as Statuspage has it. Updates count from when they were filed (`createdAt`),
not from the moment they are about. Maintenances are left out: no answer that holds one is known.

The software answers every path with status 200 and, where it has nothing, with an empty page for people.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tracker.models import Component, Impact, Incident, IncidentUpdate, Reach, Snapshot, worst_impact
from tracker.parse import _fields as fields
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first
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


def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_object(body)
    if not _is_page(answer):
        raise refusal(body, content_type)
    return Snapshot(
        name=fields.name(answer.get("name")),
        incidents=distinct(map(_incident, fields.objects(answer, "incidents"))),
        components=distinct(_components(answer)),
        components_listed=True,
        incidents_reach=Reach.ALL,
    )


DATADOG = Format(
    name="datadog",
    title="Datadog Status Pages",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/config.json"),),
)


def _is_page(answer: dict[str, Any]) -> bool:
    has_lists = isinstance(answer.get("components"), list) and "incidents" in answer and "maintenances" in answer
    return has_lists and isinstance(answer.get("domainPrefix"), str)


def _components(answer: dict[str, Any]) -> Iterator[Component]:
    for entry, group in _placed(answer):
        component_id = fields.identifier(entry.get("id"), "a component")
        name = fields.name(entry.get("name")) or component_id
        yield Component(id=component_id, name=name, status=component_status(entry.get("status")), group=group)


def _placed(answer: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Yield each component with the name of its group; groups have no status of their own."""
    for entry in fields.objects(answer, "components"):
        if entry.get("type") != "ComponentGroup":
            yield entry, None
            continue
        for inside in fields.objects(entry, "components"):
            yield inside, fields.name(entry.get("name"))


def _incident(entry: dict[str, Any]) -> Incident:
    incident_id = fields.identifier(entry.get("id"), "an incident")
    status = status_word(entry.get("currentStatus"))
    timeline = fields.objects(entry, "timeline")
    updates = oldest_first(distinct(_update(each, status or UNKNOWN) for each in timeline), newest_first=True)
    affected = [each.get("status") for update in timeline for each in fields.objects(update, "componentsAffected")]
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("title")) or incident_id,
        status=status or (updates[-1].status if updates else UNKNOWN),
        impact=worst_impact([fields.known(_IMPACTS, word) for word in affected]),
        updates=updates,
        components=_names(fields.objects(entry, "componentsAffected")),
    )


def _update(entry: dict[str, Any], incident_status: str) -> IncidentUpdate:
    return IncidentUpdate(
        id=fields.identifier(entry.get("id"), "an incident update"),
        status=status_word(entry.get("status")) or incident_status,
        body=fields.body_text(entry.get("description")),
        created_at=fields.moment(entry.get("createdAt")) or fields.moment(entry.get("startedAt")),
        components=_names(fields.objects(entry, "componentsAffected")),
    )


def _names(entries: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    return fields.unique(fields.name(entry.get("name")) for entry in entries)
