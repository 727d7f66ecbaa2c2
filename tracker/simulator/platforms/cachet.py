"""A revision in version 1 of Cachet's API: pages of lists, times without a zone, numbers for states."""

from collections.abc import Sequence
from datetime import datetime

from tracker.model.page import ComponentStatus
from tracker.simulator.feeds import xml_text
from tracker.simulator.platform import Json, Platform, number, page_for_people
from tracker.simulator.revision import Revision, VendorComponent, VendorIncident, VendorUpdate

#: The entries on a page of a list.
LIST_LENGTH = 50

_COMPONENT_STATUSES = {
    ComponentStatus.OPERATIONAL: (1, "Operational"),
    # Cachet does not know maintenance of a component.
    ComponentStatus.UNDER_MAINTENANCE: (1, "Operational"),
    ComponentStatus.DEGRADED_PERFORMANCE: (2, "Performance Issues"),
    ComponentStatus.PARTIAL_OUTAGE: (3, "Partial Outage"),
    ComponentStatus.MAJOR_OUTAGE: (4, "Major Outage"),
}
_STATUSES = {
    "investigating": (1, "Investigating"),
    "identified": (2, "Identified"),
    "monitoring": (3, "Watching"),
    "resolved": (4, "Fixed"),
}
_SCHEDULE_STATUSES = {"scheduled": (0, "Upcoming"), "completed": (2, "Complete")}


def incidents(revision: Revision, url: str, _variation: int) -> Json:
    """Return the first page of incidents, newest first."""
    return _paged([_incident(item, url) for item in revision.incidents if not item.is_maintenance])


def schedules(revision: Revision, _url: str, _variation: int) -> Json:
    """Return the first page of planned maintenances, newest first."""
    return _paged([_schedule(item) for item in revision.incidents if item.is_maintenance])


def components(revision: Revision, _url: str, _variation: int) -> Json:
    """Return the components; groups have a list of their own."""
    return _paged([_component(item) for item in revision.components if not item.is_group], length=500)


def _paged(entries: Sequence[Json], length: int = LIST_LENGTH) -> Json:
    shown = entries[:length]
    return {
        "meta": {
            "pagination": {
                "total": len(entries),
                "count": len(shown),
                "per_page": length,
                "current_page": 1,
                "total_pages": max(1, -(-len(entries) // length)),
                "links": {"next_page": None if len(shown) == len(entries) else "?page=2", "previous_page": None},
            }
        },
        "data": shown,
    }


def _incident(incident: VendorIncident, url: str) -> Json:
    """Return an incident; its first update is its own message."""
    first, posted = next(reversed(incident.updates), None), incident.updates[:-1]
    code, word = _STATUSES.get(incident.status, (4, "Fixed"))
    incident_number = number(incident.id)
    return {
        "id": incident_number,
        "component_id": 0,
        "name": incident.name,
        "status": code,
        "human_status": word,
        "visible": 1,
        "stickied": False,
        "message": first.body if first else "",
        "occurred_at": _moment(first.created_at if first else incident.created_at),
        "created_at": _moment(first.created_at if first else incident.created_at),
        "updated_at": _moment(incident.updated_at),
        "deleted_at": None,
        "is_resolved": incident.is_closed,
        "latest_status": code,
        "latest_human_status": word,
        "permalink": f"{url}/incidents/{incident_number}",
        "updates": [_update(update, incident_number, url) for update in posted],
    }


def _update(update: VendorUpdate, incident_number: int, url: str) -> Json:
    code, word = _STATUSES.get(update.status, (4, "Fixed"))
    return {
        "id": number(update.id),
        "incident_id": incident_number,
        "status": code,
        "human_status": word,
        "message": update.body,
        "user_id": 1,
        "created_at": _moment(update.created_at),
        "updated_at": _moment(update.updated_at),
        "permalink": f"{url}/incidents/{incident_number}#update-{number(update.id)}",
    }


def _schedule(incident: VendorIncident) -> Json:
    code, word = _SCHEDULE_STATUSES.get(incident.status, (1, "In Progress"))
    return {
        "id": number(incident.id),
        "name": incident.name,
        "message": incident.updates[-1].body,
        "status": code,
        "human_status": word,
        "scheduled_at": incident.scheduled_for and _moment(incident.scheduled_for),
        "completed_at": incident.scheduled_until and _moment(incident.scheduled_until),
        "created_at": _moment(incident.created_at),
        "updated_at": _moment(incident.updated_at),
    }


def _component(component: VendorComponent) -> Json:
    code, word = _COMPONENT_STATUSES[component.status]
    return {
        "id": number(component.id),
        "name": component.name,
        "description": "",
        "link": "",
        "status": code,
        "status_name": word,
        "order": component.position,
        "group_id": number(component.group_id) if component.group_id else 0,
        "enabled": True,
        "created_at": _moment(component.created_at),
        "updated_at": _moment(component.updated_at),
        "deleted_at": None,
        "tags": {},
    }


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _html(revision: Revision, url: str) -> str:
    head = f'<link rel="alternate" type="application/atom+xml" href="{xml_text(url)}/atom">'
    return page_for_people(revision, url, head)


CACHET = Platform(
    name="cachet",
    answers={"/api/v1/incidents": incidents, "/api/v1/schedules": schedules, "/api/v1/components": components},
    html=_html,
    html_paths=("/", "/incidents/"),
    has_validators=False,
)
