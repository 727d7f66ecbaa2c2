"""A revision in openstatus's `/feed/json`: the whole page, and the time at which the answer was made."""

from tracker.model.page import ComponentStatus
from tracker.simulator.draft import BADNESS
from tracker.simulator.platform import Json, Platform, timestamp
from tracker.simulator.revision import Revision, VendorComponent, VendorIncident, VendorUpdate

_WORDS = {
    ComponentStatus.OPERATIONAL: "success",
    ComponentStatus.UNDER_MAINTENANCE: "info",
    ComponentStatus.DEGRADED_PERFORMANCE: "degraded",
    ComponentStatus.PARTIAL_OUTAGE: "error",
    ComponentStatus.MAJOR_OUTAGE: "error",
}


def _feed(revision: Revision, _url: str, _variation: int) -> Json:
    single = [item for item in revision.components if not item.is_group]
    groups = {item.id: item.position for item in revision.components if item.is_group}
    worst = max((item.status for item in single), key=BADNESS.index, default=ComponentStatus.OPERATIONAL)
    return {
        "title": revision.name,
        "description": "",
        "status": _WORDS[worst],
        "updatedAt": timestamp(revision.updated_at),
        "monitors": [_monitor(item) for item in single],
        "pageComponents": [_component(item, groups) for item in single],
        "pageComponentGroups": [
            {"id": item.position, "name": item.name} for item in revision.components if item.is_group
        ],
        "maintenances": [_maintenance(item, revision) for item in revision.incidents if item.is_maintenance],
        "statusReports": [_report(item, revision) for item in revision.incidents if not item.is_maintenance],
    }


def _monitor(item: VendorComponent) -> Json:
    return {"id": 1000 + item.position, "name": item.name, "description": "", "status": _WORDS[item.status]}


def _component(item: VendorComponent, groups: dict[str, int]) -> Json:
    wire = {"id": item.position, "name": item.name, "description": None, "monitorId": 1000 + item.position}
    return {**wire, "groupId": groups.get(item.group_id or ""), "order": item.position, "groupOrder": 0}


def _touched(item: VendorIncident, revision: Revision) -> list[int]:
    return [part.position for part in revision.touched_by(item)]


def _report(item: VendorIncident, revision: Revision) -> Json:
    return {
        "id": item.number,
        "title": item.name,
        "updatedAt": timestamp(item.updated_at),
        "status": item.status,
        "monitors": [],
        "pageComponents": _touched(item, revision),
        "statusReportUpdates": [{**_update(update), "status": update.status} for update in item.updates],
    }


def _update(update: VendorUpdate) -> Json:
    return {
        "id": int.from_bytes(update.id.encode()) % 10**9,
        "message": update.body,
        "date": timestamp(update.display_at or update.created_at),
        "updatedAt": timestamp(update.updated_at),
    }


def _maintenance(item: VendorIncident, revision: Revision) -> Json:
    """Return a maintenance: only the window shows an early begin or a late end."""
    at = {update.status: update.created_at for update in item.updates}
    begins, ends = at.get("in_progress") or item.scheduled_for, at.get("completed") or item.scheduled_until
    *later, announcement = item.updates
    return {
        "id": item.number,
        "name": item.name,
        "message": announcement.body,
        "maintenanceUpdates": [_update(update) for update in later],
        "from": begins and timestamp(begins),
        "to": ends and timestamp(ends),
        "updatedAt": timestamp(item.updated_at),
        "monitors": [],
        "pageComponents": _touched(item, revision),
    }


OPENSTATUS = Platform(name="openstatus", answers={"/feed/json": _feed}, has_validators=False)
