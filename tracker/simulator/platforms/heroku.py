"""A revision as Heroku's `current-status`: colours, open incidents, and maintenance that is never taken off."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tracker.model.page import ComponentStatus
from tracker.simulator.platform import Platform
from tracker.simulator.revision import Revision, VendorIncident

REGION = "EMEA"
_COLOURS: Mapping[str, str] = {
    ComponentStatus.OPERATIONAL: "green",
    ComponentStatus.MAJOR_OUTAGE: "red",
}


def _current(revision: Revision, url: str) -> dict[str, Any]:
    return {
        "status": [
            {"system": part.name, "status": _COLOURS.get(part.status, "yellow")}
            for part in revision.components
            if not part.is_group
        ],
        "incidents": [
            _incident(item, revision, url)
            for item in revision.incidents
            if not item.is_maintenance and not item.is_closed
        ],
        "scheduled": [_incident(item, revision, url) for item in revision.incidents if item.is_maintenance],
    }


def _incident(item: VendorIncident, revision: Revision, url: str) -> dict[str, Any]:
    return {
        "id": item.number,
        "title": item.name,
        # Maintenance stays `upcoming` after its end.
        "state": "upcoming" if item.is_maintenance else item.status,
        "resolved": False,
        "created_at": _milliseconds(item.created_at),
        "full_url": f"{url}/incidents/{item.number}",
        "systems": [
            {"name": part.name, "status": _COLOURS.get(part.status, "yellow"), "services": [part.name]}
            for part in revision.touched_by(item)
        ],
        "tags": [REGION],
        "updates": [
            {
                "created_at": _milliseconds(update.created_at),
                "contents": update.body,
                "update_type": "scheduled" if item.is_maintenance else update.status,
            }
            for update in item.updates
        ],
    }


def _milliseconds(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


HEROKU = Platform(
    name="heroku",
    answers={"/api/v4/current-status": lambda revision, url, _: _current(revision, url)},
    has_validators=False,
    host="status.heroku.com",
)
