"""A revision as Google Cloud's `incidents.json`: every incident of the window, open and ended."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tracker.model.page import Impact
from tracker.simulator.platform import Platform
from tracker.simulator.revision import Revision, VendorIncident, VendorUpdate

REGION = {"title": "Iowa (us-central1)", "id": "us-central1"}
_LOW = ("low", "SERVICE_INFORMATION")
_SEVERITIES: Mapping[str, tuple[str, str]] = {
    Impact.MAJOR: ("medium", "SERVICE_DISRUPTION"),
    Impact.CRITICAL: ("high", "SERVICE_OUTAGE"),
}


def _incidents(revision: Revision) -> list[dict[str, Any]]:
    return [_incident(item, revision) for item in revision.incidents if not item.is_maintenance]


def _incident(item: VendorIncident, revision: Revision) -> dict[str, Any]:
    severity, status_impact = _SEVERITIES.get(item.impact, _LOW)
    updates = [_update(update, status_impact) for update in item.updates]
    products = [{"title": part.name, "id": part.id} for part in revision.touched_by(item)]
    wire = {
        "id": item.id,
        "number": str(item.number),
        "begin": _seconds(item.created_at),
        "created": _seconds(item.created_at),
        # Absent while the incident is open.
        "end": item.resolved_at and _seconds(item.resolved_at),
        "modified": _seconds(item.updated_at),
        "external_desc": item.name,
        "updates": updates,
        "most_recent_update": updates[0] if updates else None,
        "status_impact": status_impact,
        "severity": severity,
        "service_key": products[0]["id"] if len(products) == 1 else "zall",
        "service_name": products[0]["title"] if len(products) == 1 else "Multiple Products",
        "affected_products": products,
        "uri": f"incidents/{item.id}",
        "currently_affected_locations": [] if item.is_closed else [REGION],
        "previously_affected_locations": [REGION] if item.is_closed else [],
    }
    if not item.is_closed:
        del wire["end"]
    return wire


def _update(update: VendorUpdate, status_impact: str) -> dict[str, Any]:
    is_over = update.status in ("resolved", "postmortem")
    return {
        "created": _seconds(update.created_at),
        "modified": _seconds(update.updated_at),
        "when": _seconds(update.created_at),
        "text": update.body,
        "status": "AVAILABLE" if is_over else status_impact,
        "affected_locations": [] if is_over else [REGION],
    }


def _seconds(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


GOOGLE = Platform(
    name="google",
    answers={"/incidents.json": lambda revision, _url, _variation: _incidents(revision)},
    # The real page sends Last-Modified and ignores If-Modified-Since.
    has_validators=False,
    host="status.cloud.google.com",
)
