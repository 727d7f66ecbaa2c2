"""A revision in the `/config.json` that Datadog Status Pages are drawn from."""

from collections.abc import Iterator
from datetime import UTC, datetime

from tracker.model.page import ComponentStatus
from tracker.simulator.platform import Json, Platform
from tracker.simulator.revision import Revision, VendorComponent, VendorIncident, VendorUpdate

_WORDS = {
    ComponentStatus.OPERATIONAL: "operational",
    ComponentStatus.UNDER_MAINTENANCE: "maintenance",
    ComponentStatus.DEGRADED_PERFORMANCE: "degraded",
    ComponentStatus.PARTIAL_OUTAGE: "partial_outage",
    ComponentStatus.MAJOR_OUTAGE: "major_outage",
}


def _config(revision: Revision, url: str, _variation: int) -> Json:
    incidents = [_incident(item, revision) for item in revision.incidents if not item.is_maintenance]
    return {
        "companyLogoThumbnail": "data:image/png;base64,",
        "components": list(_components(revision)),
        "created": _time(revision.created_at),
        "domainPrefix": revision.page_id,
        "id": revision.page_id,
        "incidents": incidents or None,
        "maintenances": None,
        "name": revision.name,
        "pageType": "public",
        "pageUrl": url,
    }


def _components(revision: Revision) -> Iterator[Json]:
    for item in revision.components:
        if item.is_group:
            inside = [_component(other, other.status) for other in revision.components if other.group_id == item.id]
            yield {"id": item.id, "name": item.name, "type": "ComponentGroup", "components": inside}
        elif item.group_id is None:
            yield _component(item, item.status)


def _component(item: VendorComponent, status: ComponentStatus) -> Json:
    wire = {"id": item.id, "name": item.name, "position": item.position}
    return {**wire, "status": _WORDS[status], "type": "Component"}


def _incident(item: VendorIncident, revision: Revision) -> Json:
    parts = {part.id: part for part in revision.components}
    return {
        "id": item.id,
        "title": item.name,
        "currentStatus": item.status,
        "description": item.updates[0].body if item.updates else "",
        "publishedDate": _time(item.started_at),
        "resolved": item.is_closed,
        "resolvedDate": item.resolved_at and _time(item.resolved_at),
        "lastModifiedAt": _time(item.updated_at),
        "componentsAffected": [_component(parts[key], parts[key].status) for key in item.component_ids if key in parts],
        "timeline": [_update(update, parts) for update in item.updates],
    }


def _update(update: VendorUpdate, parts: dict[str, VendorComponent]) -> Json:
    return {
        "id": update.id,
        "status": update.status,
        "description": update.body,
        "createdAt": _time(update.created_at),
        "startedAt": _time(update.display_at or update.created_at),
        "lastModifiedAt": _time(update.updated_at),
        "componentsAffected": [
            _component(parts[part.id], part.new_status) for part in update.affected if part.id in parts
        ],
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


DATADOG = Platform(name="datadog", answers={"/config.json": _config}, answers_everything=True)
