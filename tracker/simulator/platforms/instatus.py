"""A revision in Instatus's public JSON: open incidents without texts, components apart, no ended incidents."""

from tracker.model.page import ComponentStatus
from tracker.simulator.draft import BADNESS
from tracker.simulator.platform import Json, Platform, timestamp
from tracker.simulator.revision import Component, Incident, Revision

_WORDS = {
    ComponentStatus.OPERATIONAL: "OPERATIONAL",
    ComponentStatus.UNDER_MAINTENANCE: "UNDERMAINTENANCE",
    ComponentStatus.DEGRADED_PERFORMANCE: "DEGRADEDPERFORMANCE",
    ComponentStatus.PARTIAL_OUTAGE: "PARTIALOUTAGE",
    ComponentStatus.MAJOR_OUTAGE: "MAJOROUTAGE",
}
_STATUSES = {"scheduled": "NOTSTARTEDYET", "in_progress": "INPROGRESS", "verifying": "INPROGRESS"}


def _summary(revision: Revision, url: str, _variation: int) -> Json:
    """Return the summary; a list is absent when it would be empty."""
    going_on = [item for item in revision.incidents if not item.is_closed]
    incidents = [_incident(item, revision, url) for item in going_on if not item.is_maintenance]
    maintenances = [_maintenance(item, url) for item in going_on if item.is_maintenance]
    wire: Json = {"page": {"name": revision.name, "url": url, "status": _page_status(revision)}}
    if incidents:
        wire["activeIncidents"] = incidents
    if maintenances:
        wire["activeMaintenances"] = maintenances
    return wire


def _components(revision: Revision, _url: str, _variation: int) -> Json:
    groups = {item.id: {"id": item.id, "name": item.name} for item in revision.components if item.is_group}
    return {
        "components": [
            {
                "id": item.id,
                "name": item.name,
                "description": "",
                "status": _WORDS[item.status],
                "group": groups.get(item.group_id or ""),
            }
            for item in revision.components
            if not item.is_group
        ]
    }


def _page_status(revision: Revision) -> str:
    failing = [item for item in _single(revision) if item.status != ComponentStatus.OPERATIONAL]
    if not failing:
        return "UP"
    worst = max((item.status for item in failing), key=BADNESS.index)
    if worst == ComponentStatus.UNDER_MAINTENANCE:
        return "UNDERMAINTENANCE"
    is_one = sum(item.status == worst for item in failing) == 1
    return f"ONE{_WORDS[worst]}" if is_one else "HASISSUES"


def _single(revision: Revision) -> list[Component]:
    return [item for item in revision.components if not item.is_group]


def _incident(item: Incident, revision: Revision, url: str) -> Json:
    touched = [part.status for part in revision.touched_by(item)]
    return {
        "id": item.id,
        "name": item.name,
        "started": timestamp(item.started_at),
        "status": item.status.upper(),
        "impact": _WORDS[max(touched, key=BADNESS.index, default=ComponentStatus.OPERATIONAL)],
        "url": f"{url}/{item.id}",
        "updatedAt": timestamp(item.updated_at),
    }


def _maintenance(item: Incident, url: str) -> Json:
    begins, ends = item.scheduled_for, item.scheduled_until
    return {
        "id": item.id,
        "name": item.name,
        "start": begins and timestamp(begins),
        "status": _STATUSES[item.status],
        "duration": str(int((ends - begins).total_seconds() // 60)) if begins and ends else "0",
        "url": f"{url}/{item.id}",
        "updatedAt": timestamp(item.updated_at),
    }


INSTATUS = Platform(
    name="instatus",
    answers={"/v3/summary.json": _summary, "/summary.json": _summary, "/v3/components.json": _components},
    answers_everything=True,
    has_validators=False,
)
