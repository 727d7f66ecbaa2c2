"""A revision as the status of one instance on Salesforce Trust."""

from datetime import UTC, datetime
from typing import Any

from tracker.model.page import ComponentStatus, Impact
from tracker.simulator.platform import Platform
from tracker.simulator.revision import Revision, VendorIncident


def _instance(revision: Revision) -> dict[str, Any]:
    going_on = [item for item in revision.incidents if not item.is_closed]
    return {
        "key": revision.page_id,
        "status": _status(revision),
        "isActive": True,
        "Services": [{"key": part.name, "isCore": True} for part in revision.components if not part.is_group],
        "Incidents": [_incident(item, revision) for item in going_on if not item.is_maintenance],
        "Maintenances": [_maintenance(item, revision) for item in going_on if item.is_maintenance],
    }


def _status(revision: Revision) -> str:
    statuses = {part.status for part in revision.components}
    if ComponentStatus.MAJOR_OUTAGE in statuses:
        return "MAJOR_INCIDENT_CORE"
    if ComponentStatus.UNDER_MAINTENANCE in statuses:
        return "MAINTENANCE_CORE"
    return "OK" if statuses <= {ComponentStatus.OPERATIONAL} else "MINOR_INCIDENT_CORE"


def _incident(item: VendorIncident, revision: Revision) -> dict[str, Any]:
    return {
        "id": item.number,
        "createdAt": _milliseconds(item.created_at),
        "updatedAt": _milliseconds(item.updated_at),
        "IncidentImpacts": [
            {
                "startTime": _milliseconds(item.created_at),
                "endTime": None,
                "type": "performanceDegradation",
                "severity": "major" if item.impact in (Impact.MAJOR, Impact.CRITICAL) else "minor",
            }
        ],
        "IncidentEvents": _events(item, is_maintenance=False),
        "serviceKeys": _services(item, revision),
    }


def _maintenance(item: VendorIncident, revision: Revision) -> dict[str, Any]:
    return {
        "id": item.number,
        "name": item.name,
        "plannedStartTime": item.scheduled_for and _milliseconds(item.scheduled_for),
        "plannedEndTime": item.scheduled_until and _milliseconds(item.scheduled_until),
        "MaintenanceImpacts": [],
        "MaintenanceEvents": _events(item, is_maintenance=True),
        "serviceKeys": _services(item, revision),
    }


def _events(item: VendorIncident, *, is_maintenance: bool) -> list[dict[str, Any]]:
    return [
        {
            "id": update.id,
            "type": update.status if is_maintenance else "update",
            "message": update.body,
            "createdAt": _milliseconds(update.created_at),
        }
        for update in item.updates
    ]


def _services(item: VendorIncident, revision: Revision) -> list[str]:
    return [part.name for part in revision.touched_by(item)]


def _milliseconds(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


SALESFORCE = Platform(
    name="salesforce",
    answers={"/v1/instances/{page_id}/status": lambda revision, _url, _variation: _instance(revision)},
    has_validators=False,
    host="api.status.salesforce.com",
)
