"""A revision as incident.io's own front end reads it (`/proxy/<host>`), and as its widget does (`/api/v1/summary`)."""

import hashlib
from datetime import datetime

from tracker.model.page import ComponentStatus
from tracker.simulator.platform import Json, timestamp
from tracker.simulator.revision import Revision, VendorComponent, VendorIncident, VendorUpdate

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_STATUSES = {
    "scheduled": "maintenance_scheduled",
    "in_progress": "maintenance_in_progress",
    "verifying": "maintenance_in_progress",
    "completed": "maintenance_complete",
    "postmortem": "resolved",
}


def summary(revision: Revision, url: str, _variation: int) -> Json:
    """Return `/proxy/<host>`: every component in its place, open incidents and planned maintenances."""
    single = [item for item in revision.components if not item.is_group]
    page_id = ulid(revision.created_at, revision.page_id)
    return {
        "summary": {
            "id": page_id,
            "name": revision.name,
            "public_url": url,
            "components": [{"id": _id(item), "name": item.name, "status_page_id": page_id} for item in single],
            "affected_components": [
                {"component_id": _id(item), "status": _word(item.status)}
                for item in single
                if item.status != ComponentStatus.OPERATIONAL
            ],
            "ongoing_incidents": [_incident(item, revision) for item in revision.incidents if _is_ongoing(item)],
            "scheduled_maintenances": [
                _incident(item, revision) for item in revision.incidents if item.status == "scheduled"
            ],
            "structure": {"items": [_place(item, revision) for item in revision.components if item.group_id is None]},
        }
    }


def incidents(revision: Revision, _url: str, _variation: int) -> Json:
    """Return `/proxy/<host>/incidents`: past incidents, too."""
    return {"incidents": [_incident(item, revision) for item in revision.incidents]}


def widget(revision: Revision, url: str, _variation: int) -> Json:
    """Return `/api/v1/summary`: open and planned entries, each with its newest text."""
    shown = [(item, _shown(item, revision, url)) for item in revision.incidents if not item.is_closed]
    return {
        "page_title": revision.name,
        "page_url": url,
        "ongoing_incidents": [wire for item, wire in shown if not item.is_maintenance],
        "in_progress_maintenances": [wire for item, wire in shown if item.is_maintenance and _is_ongoing(item)],
        "scheduled_maintenances": [wire for item, wire in shown if item.status == "scheduled"],
    }


def ulid(moment: datetime, key: str) -> str:
    """Return the ULID of a thing that was made at a moment; one key gives one ULID."""
    random_part = int.from_bytes(hashlib.sha256(key.encode()).digest()[:10])
    number = int(moment.timestamp() * 1000) << 80 | random_part
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def _is_ongoing(item: VendorIncident) -> bool:
    return not item.is_closed and item.status != "scheduled"


def _id(item: VendorComponent) -> str:
    return ulid(item.created_at, item.id)


def _word(status: ComponentStatus) -> str:
    return "full_outage" if status == ComponentStatus.MAJOR_OUTAGE else status.value


def _place(item: VendorComponent, revision: Revision) -> Json:
    if not item.is_group:
        return {"component": {"component_id": _id(item), "name": item.name, "hidden": False}}
    inside = [other for other in revision.components if other.group_id == item.id]
    listed = [{"component_id": _id(other), "name": other.name, "hidden": False} for other in inside]
    return {"group": {"id": _id(item), "name": item.name, "hidden": False, "components": listed}}


def _incident(item: VendorIncident, revision: Revision) -> Json:
    page_id = ulid(revision.created_at, revision.page_id)
    ids = {part.id: _id(part) for part in revision.components}
    affected = revision.touched_by(item)
    return {
        "id": ulid(item.created_at, item.id),
        "status_page_id": page_id,
        "name": item.name,
        "status": _STATUSES.get(item.status, item.status),
        "type": "maintenance" if item.is_maintenance else "incident",
        "published_at": timestamp(item.created_at),
        # Unlike everything else of a page, oldest first.
        "updates": [_update(update, ids) for update in reversed(item.updates)],
        "affected_components": [
            {"component_id": _id(part), "status": _word(part.status), "current_status": _word(part.status)}
            for part in affected
        ],
        "component_impacts": _planned(item, affected) if item.is_maintenance else _impacts(item, ids),
        "status_summaries": [],
    }


def _planned(item: VendorIncident, affected: list[VendorComponent]) -> list[Json]:
    begins, ends = item.scheduled_for, item.scheduled_until
    window = {"start_at": begins and timestamp(begins), "end_at": ends and timestamp(ends)}
    return [{"component_id": _id(part), "status": "under_maintenance", **window} for part in affected]


def _impacts(item: VendorIncident, ids: dict[str, str]) -> list[Json]:
    """Return the components and times of each update that set a component to another status than operational."""
    return [
        {"component_id": ids[part.id], "status": _word(part.new_status), "start_at": timestamp(update.created_at)}
        for update in item.updates
        for part in update.affected
        if part.id in ids and part.new_status != ComponentStatus.OPERATIONAL
    ]


def _update(update: VendorUpdate, ids: dict[str, str]) -> Json:
    return {
        "id": ulid(update.created_at, update.id),
        "published_at": timestamp(update.created_at),
        "to_status": _STATUSES.get(update.status, update.status),
        "message": {"markdown": update.body},
        "message_string": update.body,
        "component_statuses": [
            {"component_id": ids[part.id], "status": _word(part.new_status)}
            for part in update.affected
            if part.id in ids
        ],
        "automated_update": False,
    }


def _shown(item: VendorIncident, revision: Revision, url: str) -> Json:
    newest = item.updates[0]
    incident_id = ulid(item.created_at, item.id)
    wire: Json = {
        "id": incident_id,
        "name": item.name,
        "status": _STATUSES.get(item.status, item.status),
        "url": f"{url}/incidents/{incident_id}",
        "last_update_at": timestamp(newest.created_at),
        "last_update_message": newest.body,
        "affected_components": [
            {"id": _id(part), "name": part.name, "current_status": _word(part.status)}
            for part in revision.touched_by(item)
        ],
    }
    if not (item.scheduled_for and item.scheduled_until):
        return wire
    begins, ends = ("starts_at", "ends_at") if item.status == "scheduled" else ("started_at", "scheduled_end_at")
    return {**wire, begins: timestamp(item.scheduled_for), ends: timestamp(item.scheduled_until)}
