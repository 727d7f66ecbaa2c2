"""A revision in Uptime Kuma's answers: the page with its posts, and measurements that differ every time."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from tracker.model.page import ComponentStatus
from tracker.simulator.feeds import xml_text
from tracker.simulator.platform import Json, Platform, page_for_people
from tracker.simulator.revision import Revision, VendorComponent, VendorIncident

#: The measurements of each monitor in an answer.
_BEATS = 5
_DOWN, _UP, _UNDER_MAINTENANCE = 0, 1, 3
_CODES = {
    ComponentStatus.PARTIAL_OUTAGE: _DOWN,
    ComponentStatus.MAJOR_OUTAGE: _DOWN,
    ComponentStatus.UNDER_MAINTENANCE: _UNDER_MAINTENANCE,
}


def _page(revision: Revision, _url: str, _variation: int) -> Json:
    going_on = [item for item in revision.incidents if not item.is_closed and item.status != "scheduled"]
    return {
        "config": {"slug": revision.page_id, "title": revision.name, "description": None, "published": True},
        "incidents": [_post(item) for item in going_on if not item.is_maintenance],
        "publicGroupList": _groups(revision),
        "maintenanceList": [_maintenance(item) for item in going_on if item.is_maintenance],
    }


def _groups(revision: Revision) -> list[Json]:
    top = [item for item in revision.components if item.group_id is None and not item.is_group]
    groups = [{"id": 0, "name": "Services", "weight": 1, "monitorList": [_monitor(item) for item in top]}]
    for item in revision.components:
        if item.is_group:
            inside = [_monitor(other) for other in revision.components if other.group_id == item.id]
            groups.append({"id": item.position, "name": item.name, "weight": item.position, "monitorList": inside})
    return groups


def _monitor(item: VendorComponent) -> Json:
    return {"id": item.position, "name": item.name, "sendUrl": 0, "type": "http"}


def _post(item: VendorIncident) -> Json:
    return {
        "id": item.number,
        "style": "warning",
        "title": item.name,
        "content": item.updates[0].body if item.updates else "",
        "pin": True,
        "active": True,
        "createdDate": _time(item.created_at),
        "lastUpdatedDate": _time(item.updates[0].updated_at if item.updates else item.updated_at),
    }


def _maintenance(item: VendorIncident) -> Json:
    begins, ends = item.scheduled_for, item.scheduled_until
    slot = {"startDate": begins and _time(begins), "endDate": ends and _time(ends)}
    return {
        "id": item.number,
        "title": item.name,
        "description": item.updates[-1].body if item.updates else "",
        "strategy": "single",
        "active": True,
        "timeslotList": [slot],
        "timezone": "UTC",
        "timezoneOffset": "+00:00",
        "status": "under-maintenance",
    }


def _heartbeat(revision: Revision, _url: str, variation: int) -> Json:
    single = [item for item in revision.components if not item.is_group]
    newest = revision.updated_at + timedelta(minutes=variation)
    return {
        "heartbeatList": {str(item.position): _beats(item, newest, variation) for item in single},
        "uptimeList": {f"{item.position}_24": 0.999 for item in single},
    }


def _beats(item: VendorComponent, newest: datetime, variation: int) -> list[Json]:
    status = _CODES.get(item.status, _UP)
    times = [newest - timedelta(minutes=back) for back in reversed(range(_BEATS))]
    return [
        {"status": status, "time": _time(time), "msg": "", "ping": 20 + (variation + index) % 50}
        for index, time in enumerate(times)
    ]


def _html(revision: Revision, url: str) -> str:
    path = urlsplit(url).path.rstrip("/")
    link = f'<link rel="manifest" href="{xml_text(path)}/api/status-page/{xml_text(revision.page_id)}/manifest.json">'
    return page_for_people(revision, url, link)


def _time(moment: datetime) -> str:
    """Return a moment in UTC, in a text without a zone."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}"


UPTIMEKUMA = Platform(
    name="uptimekuma",
    answers={"/api/status-page/{page_id}": _page, "/api/status-page/heartbeat/{page_id}": _heartbeat},
    html=_html,
    html_paths=("/", "/status/"),
    answers_everything=True,
    varies=True,
)
