"""Uptime Kuma's status pages -> Snapshot (github.com/louislam/uptime-kuma, server/routers/status-page-router.js).

`/api/status-page/<slug>` shows posts and the names of monitors, `/api/status-page/heartbeat/<slug>` their measurements.
Neither includes the other, so every poll requests both. Of the measurements, only the last status of each monitor
counts, not pings and times. A quiet page has the same posts and the same statuses as before.

A post is one text that is overwritten; each time of change is an update. Version 1 shows one (`incident`), version 2
all (`incidents`); times are UTC without saying so. A post that is removed from the page has ended; posts have no status
and no severity. Maintenances are shown while they are in progress. The slug is in the HTML page.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timezone, tzinfo
from typing import Any
from urllib.parse import urljoin, urlsplit

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, each, entry_by_entry, identity, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, status_key
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, status_word
from tracker.parse.zones import offset_of

_UP, _DOWN, _MAINTENANCE = 1, 0, 3
#: A monitor that is tried again (2) is skipped, as on the vendor's own badge.
_COMPONENT_STATUSES: Mapping[int, ComponentStatus] = {
    _UP: ComponentStatus.OPERATIONAL,
    _DOWN: ComponentStatus.MAJOR_OUTAGE,
    _MAINTENANCE: ComponentStatus.UNDER_MAINTENANCE,
}
_STATUSES: Mapping[str, str] = {"under-maintenance": "in_progress", "ended": "completed"}
#: The status of a post while it is shown, as in the vendor's field of that name.
_ACTIVE = "active"
#: How far into the page the link may begin, and its greatest length.
_HEAD = 65_536
_MANIFEST = re.compile(r"""href=["']?((?:/[\w.~-]{1,100}){0,5}/api/status-page/)([A-Za-z0-9-]{1,100})/manifest\.json""")
_PRELOADED = "window.preloadData"
_PAGE_PATH = re.compile(r"/status/([A-Za-z0-9-]{1,100})/?")


def _recognises(body: bytes, _: str | None) -> bool:
    answer = fields.json_object(body)
    return _is_page(answer) or _is_heartbeat(answer)


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_object(body)
    if _is_heartbeat(answer):
        return Snapshot(components=tuple(among(_beats(answer), "component", _measured)))
    if not _is_page(answer):
        raise refusal(body, content_type)
    only = answer.get("incident")
    posts = [*objects(answer, "incidents", "incident"), *objects({"list": [only] if only else []}, "list", "incident")]
    incidents = among(posts, "incident", _incident)
    maintenances = each(answer, "maintenanceList", "maintenance", _maintenance)
    return Snapshot(
        name=fields.name(fields.mapping(answer["config"]).get("title")),
        incidents=distinct(incidents),
        maintenances=distinct(maintenances),
        components=distinct(among(_monitors(answer), "component", _monitor)),
        components_listed=True,
        open_only=True,
    )


def _linked(body: bytes, url: str) -> tuple[Endpoints, ...]:
    """Find the slug where the page names its manifest, else in the page's address."""
    html = body[:_HEAD].decode(errors="replace")
    try:
        page = urlsplit(url).path
        if found := _MANIFEST.search(html):
            return (_endpoints(urljoin(url, found[1]), found[2]),)
        if _PRELOADED in html and (path := _PAGE_PATH.fullmatch(page)):
            return (_endpoints(urljoin(url, "/api/status-page/"), path[1]),)
    except ValueError:
        pass
    return ()


def _endpoints(base: str, slug: str) -> Endpoints:
    return Endpoints(primary=f"{base}{slug}", details=(f"{base}heartbeat/{slug}",))


UPTIMEKUMA = Format(
    name="uptimekuma",
    title="Uptime Kuma",
    precedence=16,
    recognises=_recognises,
    read=_read,
    linked=_linked,
    details_apart=True,
)


def _is_page(answer: dict[str, Any]) -> bool:
    return isinstance(answer.get("config"), dict) and isinstance(answer.get("publicGroupList"), list)


def _is_heartbeat(answer: dict[str, Any]) -> bool:
    return isinstance(answer.get("heartbeatList"), dict) and "uptimeList" in answer


def _monitors(answer: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Yield the monitors with their groups."""
    for group in objects(answer, "publicGroupList", "component"):
        for monitor in objects(group, "monitorList", "component"):
            yield monitor, fields.name(group.get("name"))


def _monitor(placed: tuple[dict[str, Any], str | None]) -> Component:
    """Return a monitor with its name and group; the other answer has its status."""
    monitor, group = placed
    component_id = fields.identifier(monitor.get("id"), "a component")
    name = fields.name(monitor.get("name")) or component_id
    return Component(id=component_id, name=name, status=ComponentStatus.UNKNOWN, group=group)


def _beats(answer: dict[str, Any]) -> Iterator[tuple[str, object]]:
    return iter(fields.mapping(answer["heartbeatList"]).items())


def _measured(measured: tuple[str, object]) -> Component:
    """Return the status of a monitor as a component; the other answer has its name."""
    component_id = fields.identifier(measured[0], "a component")
    return Component(id=component_id, name=component_id, status=_last_status(fields.objects_in(measured[1])))


def _last_status(beats: list[dict[str, Any]]) -> ComponentStatus:
    known = (beat.get("status") for beat in reversed(beats))
    statuses = (fields.known(_COMPONENT_STATUSES, code) for code in known)
    return next((status for status in statuses if status), ComponentStatus.UNKNOWN)


def _incident(post: dict[str, Any]) -> Incident:
    incident_id = identity(post.get("id"), "an incident", since=_moment(post.get("createdDate")))
    changed = _moment(post.get("lastUpdatedDate")) or _moment(post.get("createdDate"))
    status = "resolved" if post.get("active") is False else _ACTIVE
    update = IncidentUpdate(
        id=status_key(status, changed),
        status=status,
        body=fields.body_text(post.get("content")),
        created_at=changed,
    )
    name = fields.name(post.get("title")) or incident_id
    return Incident(id=incident_id, name=name, status=status, updates=(update,))


def _maintenance(entry: dict[str, Any]) -> Incident:
    """Return a maintenance; it has ids of its own, which those of posts may equal."""
    word = entry.get("status")
    status = fields.known(_STATUSES, word) or status_word(word) or UNKNOWN
    zone = _zone(entry.get("timezoneOffset"))
    slot = next(iter(fields.objects_in(entry.get("timeslotList"))), {})
    begins, ends = _moment(slot.get("startDate"), zone), _moment(slot.get("endDate"), zone)
    maintenance_id = identity(entry.get("id"), "a maintenance", since=begins)
    update = IncidentUpdate(
        id=status_key(status, begins),
        status=status,
        body=fields.body_text(entry.get("description")),
        created_at=begins if status == "in_progress" else None,
    )
    return Incident(
        id=f"maintenance-{maintenance_id}",
        name=fields.name(entry.get("title")) or maintenance_id,
        status=status,
        impact=Impact.MAINTENANCE,
        updates=(update,),
        scheduled_for=begins,
        scheduled_until=ends,
    )


def _zone(offset: object) -> tzinfo:
    """Return the zone of a maintenance's times, UTC where the offset cannot be read."""
    known = offset_of(offset, datetime.min.replace(tzinfo=UTC)) if isinstance(offset, str) else None
    return timezone(known) if known is not None else UTC


def _moment(value: object, zone: tzinfo = UTC) -> datetime | None:
    """Return a time that may lack its zone."""
    return fields.moment(value, zone)
