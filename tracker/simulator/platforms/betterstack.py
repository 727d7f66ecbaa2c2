"""A revision in Better Stack's `/index.json`: one JSON:API document with everything, ended events included."""

from collections.abc import Iterator

from tracker.model.page import ComponentStatus
from tracker.simulator.draft import BADNESS
from tracker.simulator.platform import Json, Platform, number, timestamp
from tracker.simulator.revision import Revision, VendorComponent, VendorIncident, VendorUpdate

_STATES = {
    ComponentStatus.OPERATIONAL: "operational",
    ComponentStatus.UNDER_MAINTENANCE: "maintenance",
    ComponentStatus.DEGRADED_PERFORMANCE: "degraded",
    ComponentStatus.PARTIAL_OUTAGE: "downtime",
    ComponentStatus.MAJOR_OUTAGE: "downtime",
}


def _index(revision: Revision, _url: str, _variation: int) -> Json:
    single = [item for item in revision.components if not item.is_group]
    return {
        "data": {
            "id": str(number(revision.page_id)),
            "type": "status_page",
            "attributes": {
                "company_name": revision.name,
                "subdomain": revision.page_id,
                "aggregate_state": _worst([item.status for item in single]),
                "created_at": timestamp(revision.created_at),
                "updated_at": timestamp(revision.updated_at),
            },
        },
        "included": [
            *(_section(item) for item in revision.components if item.is_group),
            *(_resource(item, revision) for item in single),
            *(wire for item in revision.incidents for wire in _report(item)),
        ],
    }


def _section(item: VendorComponent) -> Json:
    return {"id": str(number(item.id)), "type": "status_page_section", "attributes": {"name": item.name}}


def _resource(item: VendorComponent, revision: Revision) -> Json:
    days = [{"day": revision.updated_at.date().isoformat(), "status": _STATES[item.status], "downtime_duration": 0}]
    return {
        "id": str(number(item.id)),
        "type": "status_page_resource",
        "attributes": {
            "status_page_section_id": number(item.group_id) if item.group_id else None,
            "public_name": item.name,
            "status": _STATES[item.status],
            "status_history": days,
        },
    }


def _report(item: VendorIncident) -> Iterator[Json]:
    """Yield the updates of a report, then the report; the updates of a maintenance name no resources."""
    for update in item.updates:
        yield _update(update, is_maintenance=item.is_maintenance)
    references = [{"id": str(number(update.id)), "type": "status_update"} for update in item.updates]
    yield {
        "id": str(item.number),
        "type": "status_report",
        "attributes": {
            "title": item.name,
            "report_type": "maintenance" if item.is_maintenance else "manual",
            "starts_at": timestamp(item.scheduled_for or item.started_at),
            "ends_at": item.scheduled_until and timestamp(item.scheduled_until),
            "affected_resources": _affected_by(item),
            "aggregate_state": _state_of(item),
        },
        "relationships": {"status_updates": {"data": references}},
    }


def _affected_by(item: VendorIncident) -> list[Json]:
    if item.is_maintenance:
        return [{"status_page_resource_id": str(number(key)), "status": "maintenance"} for key in item.component_ids]
    return _affected(item.updates[0]) if item.updates else []


def _state_of(item: VendorIncident) -> str:
    if item.is_closed:
        return "resolved"
    if item.is_maintenance:
        return "maintenance"
    touched = [part.new_status for part in item.updates[0].affected] if item.updates else []
    return _worst(touched) if touched else "degraded"


def _update(update: VendorUpdate, *, is_maintenance: bool) -> Json:
    return {
        "id": str(number(update.id)),
        "type": "status_update",
        "attributes": {
            "message": update.body,
            "published_at": timestamp(update.created_at),
            "notify_subscribers": True,
            "affected_resources": [] if is_maintenance else _affected(update),
        },
    }


def _affected(update: VendorUpdate) -> list[Json]:
    return [
        {
            "status_page_resource_id": str(number(part.id)),
            "status": "resolved" if part.new_status == ComponentStatus.OPERATIONAL else _STATES[part.new_status],
        }
        for part in update.affected
    ]


def _worst(statuses: list[ComponentStatus]) -> str:
    return _STATES[max(statuses, key=BADNESS.index, default=ComponentStatus.OPERATIONAL)]


BETTERSTACK = Platform(name="betterstack", answers={"/index.json": _index}, answers_everything=True)
