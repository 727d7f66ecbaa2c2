"""A revision as Slack's status API: `current`, notes newest first, and `history`, notes oldest first."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tracker.model.page import Impact
from tracker.simulator.platform import Platform
from tracker.simulator.revision import Revision, VendorIncident

#: The incidents that the history shows.
HISTORY_LENGTH = 40
_PACIFIC = ZoneInfo("America/Los_Angeles")


def _current(revision: Revision) -> dict[str, Any]:
    """Return open and planned entries; an incident leaves as soon as it is over."""
    listed = [item for item in revision.incidents if not item.is_closed]
    changed = _pacific(max((item.updated_at for item in listed), default=revision.updated_at))
    return {
        "status": "active" if listed else "ok",
        "date_created": changed,
        "date_updated": changed,
        "active_incidents": [_incident(item, revision) for item in listed],
    }


def _history(revision: Revision) -> list[dict[str, Any]]:
    listed = [_incident(item, revision) for item in revision.incidents[:HISTORY_LENGTH]]
    return [{**item, "notes": item["notes"][::-1]} for item in listed]


def _incident(item: VendorIncident, revision: Revision) -> dict[str, Any]:
    return {
        "id": item.number,
        "date_created": _pacific(item.created_at),
        "date_updated": _pacific(item.updated_at),
        "title": item.name,
        "type": _kind(item),
        "status": _status(item),
        "url": f"https://slack-status.com/{item.created_at:%Y-%m}/{item.id}",
        "services": [part.name for part in revision.touched_by(item)],
        "notes": [{"date_created": _pacific(update.created_at), "body": update.body} for update in item.updates],
    }


def _kind(item: VendorIncident) -> str:
    if item.is_maintenance:
        return "notice"
    return "outage" if item.impact in (Impact.MAJOR, Impact.CRITICAL) else "incident"


def _status(item: VendorIncident) -> str:
    if item.is_maintenance:
        return "completed" if item.is_closed else "scheduled"
    return "resolved" if item.is_closed else "active"


def _pacific(moment: datetime) -> str:
    return moment.astimezone(_PACIFIC).isoformat(timespec="seconds")


SLACK = Platform(
    name="slack",
    answers={
        "/api/v2.0.0/current": lambda revision, _url, _variation: _current(revision),
        "/api/v2.0.0/history": lambda revision, _url, _variation: _history(revision),
    },
    has_validators=False,
    host="slack-status.com",
)
