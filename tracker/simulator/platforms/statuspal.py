"""A revision in StatusPal's summary: a tree of services, open and planned events, times without a zone.

The real answer comes from the vendor's own host; the simulated page has it under the same path.
"""

from datetime import datetime

from tracker.model.page import ComponentStatus
from tracker.simulator.platform import Json, Platform, number
from tracker.simulator.revision import Revision, VendorComponent, VendorIncident, VendorUpdate

_TYPES = {
    ComponentStatus.UNDER_MAINTENANCE: "scheduled",
    ComponentStatus.DEGRADED_PERFORMANCE: "performance",
    ComponentStatus.PARTIAL_OUTAGE: "minor",
    ComponentStatus.MAJOR_OUTAGE: "major",
}
#: From the worst to the best.
_ORDER = ("major", "minor", "performance", "scheduled")
_IMPACTS = {"major": "major", "critical": "major", "maintenance": "scheduled"}


def summary(revision: Revision, url: str, _variation: int) -> Json:
    """Return the summary."""
    types = [_TYPES[component.status] for component in revision.components if component.status in _TYPES]
    worst = min(types, key=_ORDER.index, default=None)
    open_now = [incident for incident in revision.incidents if not incident.is_closed]
    planned = [incident for incident in open_now if incident.is_maintenance]
    return {
        "status_page": {
            "name": revision.name,
            "url": url,
            "subdomain": revision.page_id,
            "time_zone": revision.time_zone,
            "current_incident_type": worst,
        },
        "services": [_service(item, revision) for item in revision.components if item.group_id is None],
        "incidents": [_incident(item, url) for item in open_now if not item.is_maintenance],
        "maintenances": [_incident(item, url) for item in planned if item.status != "scheduled"],
        "upcoming_maintenances": [_incident(item, url) for item in planned if item.status == "scheduled"],
        "info_notices": [],
        "current_status_type": worst,
    }


def _service(component: VendorComponent, revision: Revision) -> Json:
    inside = [other for other in revision.components if other.group_id == component.id]
    return {
        "id": number(component.id),
        "name": component.name,
        "description": None,
        "current_incident_type": _TYPES.get(component.status),
        "children": [_service(other, revision) for other in inside],
    }


def _incident(incident: VendorIncident, url: str) -> Json:
    return {
        "id": number(incident.id),
        "type": _IMPACTS.get(incident.impact, "minor"),
        "title": incident.name,
        "url": f"{url}/incidents/{number(incident.id)}",
        "updates": [_update(update, is_first=update is incident.updates[-1]) for update in incident.updates],
        "inserted_at": _moment(incident.created_at),
        "updated_at": _moment(incident.updated_at),
        "starts_at": _moment(incident.scheduled_for or incident.created_at),
        "ends_at": incident.scheduled_until and _moment(incident.scheduled_until),
        "service_ids": [number(component_id) for component_id in incident.component_ids],
    }


def _update(update: VendorUpdate, *, is_first: bool) -> Json:
    word = "issue" if is_first and update.status == "investigating" else update.status
    return {
        "id": number(update.id),
        "type": word,
        "description": update.body,
        "inserted_at": _moment(update.created_at),
        "updated_at": _moment(update.updated_at),
        "posted_at": _moment(update.display_at or update.created_at),
    }


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


STATUSPAL = Platform(
    name="statuspal",
    answers={"/api/v2/status_pages/{page_id}/summary": summary},
    html_paths=("/", "/incidents/"),
)
