"""A revision in Status.io's public status API: messages without ids, no ended incidents, locations as containers.

The real answer comes from the vendor's own host; the simulated page has it under the same path.
"""

import hashlib

from tracker.model.page import ComponentStatus
from tracker.simulator.feeds import xml_text
from tracker.simulator.platform import Json, Platform, page_for_people, timestamp
from tracker.simulator.revision import Revision, VendorComponent, VendorIncident, VendorUpdate

#: The region of the simulated vendor.
CONTAINER = "Primary Data Center"

_CODES = {
    ComponentStatus.OPERATIONAL: (100, "Operational"),
    ComponentStatus.UNDER_MAINTENANCE: (200, "Planned Maintenance"),
    ComponentStatus.DEGRADED_PERFORMANCE: (300, "Degraded Performance"),
    ComponentStatus.PARTIAL_OUTAGE: (400, "Partial Service Disruption"),
    ComponentStatus.MAJOR_OUTAGE: (500, "Service Disruption"),
}
_IMPACT_CODES = {"none": 100, "minor": 300, "major": 400, "critical": 500}
_STATES = {"investigating": 100, "identified": 200, "monitoring": 300}
_MAINTENANCE_STATES = {"scheduled": 100, "in_progress": 200, "verifying": 200}


def object_id(key: str) -> str:
    """Return the id of 24 hexadecimal digits that the platform gives a thing."""
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def status(revision: Revision, _url: str, _variation: int) -> Json:
    """Return the one answer of the platform."""
    singles = [component for component in revision.components if not component.is_group]
    worst = max((_CODES[component.status] for component in singles), default=_CODES[ComponentStatus.OPERATIONAL])
    open_now = [incident for incident in revision.incidents if not incident.is_closed]
    planned = [incident for incident in open_now if incident.is_maintenance]
    return {
        "result": {
            "status_overall": {"updated": timestamp(revision.updated_at), "status": worst[1], "status_code": worst[0]},
            "status": [_component(component) for component in singles],
            "incidents": [_incident(incident, revision) for incident in open_now if not incident.is_maintenance],
            "maintenance": {
                "active": [_maintenance(item, revision) for item in planned if item.status != "scheduled"],
                "upcoming": [_maintenance(item, revision) for item in planned if item.status == "scheduled"],
            },
        }
    }


def _component(component: VendorComponent) -> Json:
    code, word = _CODES[component.status]
    state: Json = {"updated": timestamp(component.updated_at), "status": word, "status_code": code}
    return {
        "id": object_id(component.id),
        "name": component.name,
        **state,
        "containers": [{"id": object_id(CONTAINER), "name": CONTAINER, **state}],
    }


def _incident(incident: VendorIncident, revision: Revision) -> Json:
    return {
        "_id": object_id(incident.id),
        "name": incident.name,
        "datetime_open": timestamp(incident.created_at),
        "messages": [_message(update, incident) for update in reversed(incident.updates)],
        "components_affected": [
            {"_id": object_id(component.id), "name": component.name} for component in revision.touched_by(incident)
        ],
        "containers_affected": [{"_id": object_id(CONTAINER), "name": CONTAINER}],
    }


def _maintenance(incident: VendorIncident, revision: Revision) -> Json:
    wire = _incident(incident, revision)
    if incident.scheduled_for and incident.scheduled_until:
        wire["datetime_planned_start"] = timestamp(incident.scheduled_for)
        wire["datetime_planned_end"] = timestamp(incident.scheduled_until)
    return wire


def _message(update: VendorUpdate, incident: VendorIncident) -> Json:
    states = _MAINTENANCE_STATES if incident.is_maintenance else _STATES
    return {
        "details": update.body,
        "state": states.get(update.status, 100),
        "status": _IMPACT_CODES.get(incident.impact, 200),
        "datetime": timestamp(update.display_at or update.created_at),
    }


def _html(revision: Revision, url: str) -> str:
    """Return the HTML page; a script in it names the id for the API."""
    return page_for_people(revision, url, f"<script>var pageId = '{xml_text(revision.page_id)}';</script>")


STATUSIO = Platform(
    name="statusio",
    answers={"/1.0/status/{page_id}": status},
    html=_html,
    html_paths=("/", "/pages/incident/"),
)
