"""A revision in Sorry's public API: notices with their latest update, and all updates of one notice alone."""

from tracker.model.page import ComponentStatus
from tracker.simulator.platform import Json, Platform, number, timestamp
from tracker.simulator.revision import Revision, VendorComponent, VendorIncident, VendorUpdate

#: The notices on a page of the list.
LIST_LENGTH = 25

_STATES = {
    "monitoring": "recovering",
    "in_progress": "underway",
    "verifying": "underway",
    "completed": "complete",
}


def notices(revision: Revision, url: str, _variation: int) -> Json:
    """Return the first page of notices, newest first."""
    shown = [_notice(incident, url) for incident in revision.incidents[:LIST_LENGTH]]
    return {"notices": shown, "meta": _meta(len(shown), len(revision.incidents), "notices")}


def components(revision: Revision, _url: str, _variation: int) -> Json:
    """Return the components, groups included."""
    shown = [_component(component) for component in revision.components]
    return {"components": shown, "meta": _meta(len(shown), len(shown), "components")}


def _meta(count: int, total: int, name: str) -> Json:
    following = f"/api/v1/{name}?page=2" if count < total else None
    return {"count": count, "total_count": total, "next_page": following}


def _notice(incident: VendorIncident, url: str) -> Json:
    latest = incident.updates[0] if incident.updates else None
    wire: Json = {
        "id": number(incident.id),
        "type": "planned" if incident.is_maintenance else "unplanned",
        "state": _state(incident.status),
        "timeline_state": _timeline_state(incident),
        "subject": incident.name,
        "url": f"{url}/notices/{incident.id}",
        "began_at": None if incident.status == "scheduled" else timestamp(incident.created_at),
        "ended_at": timestamp(incident.resolved_at) if incident.is_closed and incident.resolved_at else None,
        "created_at": timestamp(incident.created_at),
        "updated_at": timestamp(incident.updated_at),
        "latest_update": latest and _update(latest),
    }
    if incident.scheduled_for and incident.scheduled_until:
        wire["begins_at"] = timestamp(incident.scheduled_for)
        wire["ends_at"] = timestamp(incident.scheduled_until)
    return wire


def _timeline_state(incident: VendorIncident) -> str:
    if incident.is_closed:
        return "past_recent"
    return "future" if incident.status == "scheduled" else "present"


def _update(update: VendorUpdate) -> Json:
    return {
        "id": number(update.id),
        "state": _state(update.status),
        "content": update.body,
        "created_at": timestamp(update.created_at),
        "updated_at": timestamp(update.updated_at),
    }


def _state(status: str) -> str:
    return _STATES.get(status, status)


def _component(component: VendorComponent) -> Json:
    state = "operational" if component.status == ComponentStatus.OPERATIONAL else "degraded"
    if component.status == ComponentStatus.UNDER_MAINTENANCE:
        state = "under_maintenance"
    return {
        "id": number(component.id),
        "name": component.name,
        "state": state,
        "parent_id": number(component.group_id) if component.group_id else None,
        "created_at": timestamp(component.created_at),
        "updated_at": timestamp(component.updated_at),
    }


SORRY = Platform(
    name="sorry",
    answers={"/api/v1/notices": notices, "/api/v1/components": components},
    html_paths=("/", "/notices/", "/api"),
)
