"""A PagerDuty status page's own data -> Snapshot.

The page has a script element `data` with all incidents, open and ended, their updates, the affected services and the
list of services; every other path answers the same page (recorded, 2023-12; read so by inket/stts). Updates are newest
first, with ids and HTML. Severity is the worst of what an open update says; `all_good` ends nothing, a status does. A
service is affected as the newest update of an open incident says, and works otherwise. `posts` hold maintenance; no
page that shows one is known, so that maintenance is not read. Pages of 2026 hold a layout alone: `pagerduty_posts`
reads what they are drawn from.
"""

from collections.abc import Mapping
from typing import Any, Final

from tracker.model.page import (
    CLOSED_STATUSES,
    Component,
    ComponentStatus,
    Impact,
    Incident,
    IncidentUpdate,
    Reach,
    Snapshot,
    worst_impact,
)
from tracker.parse import _fields as fields
from tracker.parse import page_data
from tracker.parse.entries import among, each, entry_by_entry, identity, objects
from tracker.parse.format import Format
from tracker.parse.listed import distinct, oldest_first
from tracker.parse.mentions import mentioned, names_of
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, status_word

_IMPACTS: Mapping[str, Impact] = {
    "all_good": Impact.NONE,
    "minor": Impact.MINOR,
    "major": Impact.MAJOR,
    "maintenance": Impact.MAINTENANCE,
}
_COMPONENT_STATUSES: Mapping[str, ComponentStatus] = {
    "all_good": ComponentStatus.OPERATIONAL,
    "minor": ComponentStatus.DEGRADED_PERFORMANCE,
    "major": ComponentStatus.MAJOR_OUTAGE,
    "maintenance": ComponentStatus.UNDER_MAINTENANCE,
}
_LISTS: Final = ("open_incidents", "resolved_incidents")


def _recognises(body: bytes, _: str | None) -> bool:
    return bool(_summary(body))


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    summary = _summary(body)
    if not summary:
        raise refusal(body, content_type)
    listed = [entry for key in _LISTS for entry in objects(summary, key, "incident")]
    incidents = distinct(among(listed, "incident", _incident))
    affected = _affected(objects(summary, "open_incidents", "incident"))
    return Snapshot(
        incidents=incidents,
        components=distinct(
            each(summary, "post_status_page_services", "component", lambda entry: _component(entry, affected))
        ),
        components_listed=True,
        incidents_reach=Reach.ALL,
    )


PAGERDUTY = Format(
    name="pagerduty",
    title="PagerDuty status pages until 2025",
    in_part="no maintenance",
    source="a recorded page",
    recognises=_recognises,
    read=_read,
)


def _summary(body: bytes) -> dict[str, Any]:
    """Return the page's data, also where it was cut out of the page."""
    if b'"open_incidents"' not in body:
        return {}
    data = page_data.script_data(body, 'id="data"') if page_data.is_page(body) else fields.json_or_none(body)
    summary = fields.mapping(fields.mapping(data).get("summary"))
    return summary if all(isinstance(summary.get(key), list) for key in _LISTS) else {}


def _incident(entry: dict[str, Any]) -> Incident:
    incident_id = identity(entry.get("id"), "an incident", name="")
    updates = oldest_first(distinct(each(entry, "updates", "update", _update)), newest_first=True)
    entries = fields.objects_in(entry.get("updates"))
    impacts = [fields.known(_IMPACTS, update.get("severity")) for update in entries]
    mentions = updates[-1].mentions if updates else ()
    touched = mentions or next((update.mentions for update in reversed(updates) if update.mentions), ())
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("title")) or incident_id,
        status=updates[-1].status if updates else UNKNOWN,
        impact=worst_impact(impacts),
        updates=updates,
        components=names_of(touched),
        mentions=touched,
    )


def _update(entry: dict[str, Any]) -> IncidentUpdate:
    reported = fields.moment(entry.get("reported_at")) or fields.moment(entry.get("created_at"))
    mentions = mentioned(entry.get("impacted_business_services"), "business_service_id")
    return IncidentUpdate(
        id=identity(entry.get("id"), "an incident update", since=reported),
        status=status_word(entry.get("status")) or UNKNOWN,
        body=fields.body_text(entry.get("message")),
        created_at=reported,
        components=names_of(mentions),
        mentions=mentions,
    )


def _affected(incidents: list[dict[str, Any]]) -> dict[str, ComponentStatus]:
    """Return how the services do that the newest updates of open incidents name."""
    found: dict[str, ComponentStatus] = {}
    for incident in incidents:
        newest = next(iter(fields.objects_in(incident.get("updates"))), {})
        if status_word(newest.get("status")) in CLOSED_STATUSES:
            continue
        for service in fields.objects_in(newest.get("impacted_business_services")):
            known = fields.known(_COMPONENT_STATUSES, service.get("severity")) or ComponentStatus.UNKNOWN
            found[str(service.get("business_service_id"))] = known
    return found


def _component(entry: dict[str, Any], affected: Mapping[str, ComponentStatus]) -> Component:
    name = fields.name(entry.get("name"))
    component_id = identity(entry.get("external_business_service_id") or entry.get("id"), "a service", name=name or "")
    status = affected.get(component_id, ComponentStatus.OPERATIONAL)
    return Component(id=component_id, name=name or component_id, status=status)
