"""A revision in Checkly's list of unresolved incidents, which is all that a tracker can learn of its page."""

from datetime import UTC, datetime
from typing import Any

from tracker.models import Impact
from tracker.simulator.platform import Platform
from tracker.simulator.revision import Incident, IncidentUpdate, Revision

Json = dict[str, Any]

_SEVERITIES = {Impact.NONE: "MINOR", Impact.MINOR: "MINOR", Impact.MAJOR: "MAJOR", Impact.CRITICAL: "CRITICAL"}


def _unresolved(revision: Revision, _url: str, _variation: int) -> Json:
    shown = [item for item in revision.incidents if not item.is_closed and not item.is_maintenance]
    return {"incidents": [_incident(item, revision) for item in shown]}


def _incident(item: Incident, revision: Revision) -> Json:
    return {
        "id": item.id,
        "name": item.name,
        "severity": _SEVERITIES[item.impact],
        "duration": 0,
        "created_at": _time(item.created_at),
        "updated_at": _time(item.updated_at),
        "lastUpdateStatus": item.status.upper(),
        "services": [
            {"id": part.id, "name": part.name, "created_at": _time(part.created_at)}
            for part in revision.components
            if part.id in item.component_ids
        ],
        "incidentUpdates": [_update(update) for update in item.updates],
    }


def _update(update: IncidentUpdate) -> Json:
    return {
        "id": update.id,
        "status": update.status.upper(),
        "description": update.body,
        "publicIncidentUpdateDate": _time(update.display_at or update.created_at),
        "created_at": _time(update.created_at),
        "notifySubscribers": True,
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


CHECKLY = Platform(
    name="checkly",
    answers={"/api/status-page/{page_id}/unresolved-incidents": _unresolved},
    answers_everything=True,
)
