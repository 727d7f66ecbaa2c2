"""A revision in Checkly's list of unresolved incidents, the only answer of its page that a tracker can read."""

from tracker.model.page import Impact
from tracker.simulator.platform import Json, Platform, timestamp
from tracker.simulator.revision import Revision, VendorIncident, VendorUpdate

_SEVERITIES = {Impact.NONE: "MINOR", Impact.MINOR: "MINOR", Impact.MAJOR: "MAJOR", Impact.CRITICAL: "CRITICAL"}


def _unresolved(revision: Revision, _url: str, _variation: int) -> Json:
    shown = [item for item in revision.incidents if not item.is_closed and not item.is_maintenance]
    return {"incidents": [_incident(item, revision) for item in shown]}


def _incident(item: VendorIncident, revision: Revision) -> Json:
    return {
        "id": item.id,
        "name": item.name,
        "severity": _SEVERITIES[item.impact],
        "duration": 0,
        "created_at": timestamp(item.created_at),
        "updated_at": timestamp(item.updated_at),
        "lastUpdateStatus": item.status.upper(),
        "services": [
            {"id": part.id, "name": part.name, "created_at": timestamp(part.created_at)}
            for part in revision.touched_by(item)
        ],
        "incidentUpdates": [_update(update) for update in item.updates],
    }


def _update(update: VendorUpdate) -> Json:
    return {
        "id": update.id,
        "status": update.status.upper(),
        "description": update.body,
        "publicIncidentUpdateDate": timestamp(update.display_at or update.created_at),
        "created_at": timestamp(update.created_at),
        "notifySubscribers": True,
    }


CHECKLY = Platform(
    name="checkly",
    answers={"/api/status-page/{page_id}/unresolved-incidents": _unresolved},
    answers_everything=True,
)
