"""Better Stack's `/index.json` -> Snapshot (betterstack.com/docs/uptime/status-pages, "JSON API status").

One answer in JSON:API has the whole page: its sections and resources, and its reports with their updates, some of them
ended. Ids are the vendor's. A report ends by its own word (`resolved`); `ends_at` is null for most. An update has no
status of its own but one for each resource that it names: the worst of these is reported, in the vendor's word. A
maintenance is in progress while one of its resources is in maintenance, and planned before. Severity: degraded is
minor; downtime, "major service disruption" in the vendor's words, is major.

The software answers every path with status 200, and with its HTML page where it has nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from msgspec.structs import replace

from tracker.model.page import (
    Component,
    ComponentStatus,
    Impact,
    Incident,
    IncidentUpdate,
    Mention,
    Reach,
    Snapshot,
    worst_impact,
)
from tracker.parse import _fields as fields
from tracker.parse.entries import NO_ID, NO_OBJECT, among, by_id, entry_by_entry, identity, leave_out, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first, parted
from tracker.parse.mentions import names_of
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, UPDATE
from tracker.parse.zones import zone_of

_COMPONENT_STATUSES: Mapping[str, ComponentStatus] = {
    "operational": ComponentStatus.OPERATIONAL,
    "resolved": ComponentStatus.OPERATIONAL,
    "degraded": ComponentStatus.DEGRADED_PERFORMANCE,
    "downtime": ComponentStatus.MAJOR_OUTAGE,
    "maintenance": ComponentStatus.UNDER_MAINTENANCE,
}
_IMPACTS: Mapping[str, Impact] = {
    "operational": Impact.NONE,
    "resolved": Impact.NONE,
    "degraded": Impact.MINOR,
    "downtime": Impact.MAJOR,
    "maintenance": Impact.MAINTENANCE,
}
#: From the worst to the best.
_STATES = ("downtime", "degraded", "maintenance", "operational", "resolved")

_Attributes = dict[str, Any]


def _recognises(body: bytes, _: str | None) -> bool:
    return _is_page(fields.json_object(body))


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_object(body)
    if not _is_page(answer):
        raise refusal(body, content_type)
    page = _attributes(answer["data"])
    included = objects(answer, "included", "incident")
    if len(included) < len(answer["included"]):
        # An empty entry may have been a component.
        leave_out("component", NO_OBJECT)
    components = _components(included)
    incidents, maintenances = parted(_Reports(included, components, zone_of(page.get("timezone"))).read())
    return Snapshot(
        name=fields.name(page.get("company_name")),
        indicator=fields.known(_IMPACTS, page.get("aggregate_state")),
        incidents=incidents,
        maintenances=maintenances,
        components=components,
        components_listed=True,
        incidents_reach=Reach.ALL,
        maintenances_reach=Reach.ALL,
    )


BETTERSTACK = Format(
    name="betterstack",
    title="Better Stack",
    precedence=13,
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/index.json"),),
    signs=(b"betterstack.com", b"betteruptime.com"),
)


def _is_page(answer: dict[str, Any]) -> bool:
    data = fields.mapping(answer.get("data"))
    return data.get("type") == "status_page" and isinstance(answer.get("included"), list)


def _attributes(entry: dict[str, Any]) -> _Attributes:
    return fields.mapping(entry.get("attributes"))


def _of_type(included: Sequence[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [entry for entry in included if entry.get("type") == name]


def _components(included: Sequence[dict[str, Any]]) -> tuple[Component, ...]:
    """Return the resources as components, each in the group that its section names."""
    sections = by_id(_of_type(included, "status_page_section"))
    groups = {section_id: fields.name(_attributes(entry).get("name")) for section_id, entry in sections.items()}

    def component(entry: dict[str, Any]) -> Component:
        resource = _attributes(entry)
        name, group = fields.name(resource.get("public_name")), groups.get(str(resource.get("status_page_section_id")))
        component_id = identity(entry.get("id"), "a component", name=f"{group or ''}\0{name}" if name else "")
        status = fields.known(_COMPONENT_STATUSES, resource.get("status")) or ComponentStatus.UNKNOWN
        return Component(id=component_id, name=name or component_id, status=status, group=group)

    return distinct(among(_of_type(included, "status_page_resource"), "component", component))


class _Reports:
    """Reads the reports of one answer."""

    def __init__(
        self, included: Sequence[dict[str, Any]], components: Sequence[Component], zone: tzinfo | None
    ) -> None:
        self._zone = zone
        self._reports = _of_type(included, "status_report")
        updates = _of_type(included, "status_update")
        self._updates = by_id(updates)
        self._components = {component.id: component for component in components}
        if not all(update.get("id") for update in updates):
            leave_out("update", NO_ID)

    def read(self) -> list[Incident]:
        """Return incidents and maintenances."""
        return among(self._reports, "incident", self._incident)

    def _incident(self, entry: dict[str, Any]) -> Incident:
        report = _attributes(entry)
        begins, ends = (fields.moment(report.get(key), self._zone) for key in ("starts_at", "ends_at"))
        report_id = identity(entry.get("id"), "an incident", since=begins)
        is_maintenance = report.get("report_type") == "maintenance"
        status = self._status(report, is_maintenance=is_maintenance)
        listed = [(update_id, _attributes(self._updates[update_id])) for update_id in self._update_ids(entry)]
        updates = oldest_first(distinct(self._update(*each, is_maintenance=is_maintenance) for each in listed))
        if len(updates) > 1 and status in ("resolved", "completed"):
            # The update that closes a report need not name its resources again.
            closing = updates[-1]
            updates = (*updates[:-1], _with_status(closing, status) if closing.status == UPDATE else closing)
        met = [report, *(update for _, update in listed)]
        impacts = [
            fields.known(_IMPACTS, state) for each in met for state in (each.get("aggregate_state"), *_states(each))
        ]
        return Incident(
            id=report_id,
            name=fields.name(report.get("title")) or report_id,
            status=status,
            impact=Impact.MAINTENANCE if is_maintenance else worst_impact(impacts),
            updates=updates,
            components=names_of(self._named(report)),
            mentions=self._named(report),
            scheduled_for=begins if is_maintenance else None,
            scheduled_until=ends if is_maintenance else None,
        )

    def _update_ids(self, entry: dict[str, Any]) -> Iterator[str]:
        """Yield the ids of a report's updates that the answer holds."""
        relation = fields.mapping(fields.mapping(entry.get("relationships")).get("status_updates"))
        for reference in fields.objects_in(relation.get("data")):
            if str(reference.get("id")).strip() in self._updates:
                yield str(reference.get("id")).strip()

    def _status(self, report: _Attributes, *, is_maintenance: bool) -> str:
        state = report.get("aggregate_state")
        if state == "resolved":
            return "completed" if is_maintenance else "resolved"
        if is_maintenance:
            touched = [self._components.get(component_id) for component_id in _resource_ids(report)]
            runs = any(each.status is ComponentStatus.UNDER_MAINTENANCE for each in touched if each)
            return "in_progress" if runs else "scheduled"
        return (fields.name(state) or UNKNOWN).lower()

    def _update(self, update_id: str, update: _Attributes, *, is_maintenance: bool) -> IncidentUpdate:
        return IncidentUpdate(
            id=update_id,
            status=_worst_state(_states(update), is_maintenance=is_maintenance),
            body=fields.body_text(update.get("message")),
            created_at=fields.moment(update.get("published_at"), self._zone),
            components=names_of(self._named(update)),
            mentions=self._named(update),
        )

    def _named(self, attributes: _Attributes) -> tuple[Mention, ...]:
        known = (self._components.get(component_id) for component_id in _resource_ids(attributes))
        return tuple(dict.fromkeys(Mention(id=component.id, name=component.name) for component in known if component))


def _states(attributes: _Attributes) -> list[object]:
    return [entry.get("status") for entry in fields.objects_in(attributes.get("affected_resources"))]


def _resource_ids(attributes: _Attributes) -> list[str]:
    return [
        str(entry.get("status_page_resource_id")) for entry in fields.objects_in(attributes.get("affected_resources"))
    ]


def _worst_state(states: Sequence[object], *, is_maintenance: bool) -> str:
    """Return the worst state that an update gives to resources, in the field's word where there is one."""
    worst = next((state for state in _STATES if state in states), None)
    if worst in ("operational", "resolved"):
        return "completed" if is_maintenance else "resolved"
    return ("in_progress" if worst == "maintenance" else worst) or UPDATE


def _with_status(update: IncidentUpdate, status: str) -> IncidentUpdate:
    return replace(update, status=status)
