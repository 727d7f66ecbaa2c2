"""Uptime Kuma's status pages -> Snapshot (github.com/louislam/uptime-kuma, server/routers/status-page-router.js).

`/api/status-page/<slug>` shows what is posted and the names of the monitors, `/api/status-page/heartbeat/<slug>` what
they measured. Neither tells of the other, so that both are asked at every tick; of the measurements the last status of
each monitor counts, and neither pings nor times. Quiet is: the same posts and the same statuses.

A post is one text that is overwritten; each time of change is an update. Version 1 shows one (`incident`), version 2
all (`incidents`); times are UTC without saying so. A post that is taken off the page has ended, and posts have no
status and no severity. Maintenances are shown while they go on. The slug stands in the page for people.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from tracker.models import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, status_key
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, status_word

_UP, _DOWN, _MAINTENANCE = 1, 0, 3
#: A monitor that is tried again (2) is passed over, as on the vendor's own badge.
_COMPONENT_STATUSES: Mapping[int, ComponentStatus] = {
    _UP: ComponentStatus.OPERATIONAL,
    _DOWN: ComponentStatus.MAJOR_OUTAGE,
    _MAINTENANCE: ComponentStatus.UNDER_MAINTENANCE,
}
_STATUSES: Mapping[str, str] = {"under-maintenance": "in_progress", "ended": "completed"}
#: What a post is while it is shown; the vendor has a field of that name.
_ACTIVE = "active"
_OFFSET = re.compile(r"[+-]\d\d:\d\d")
#: How far into the page the link is looked for, and how long it may be.
_HEAD = 65_536
_MANIFEST = re.compile(r"""href=["']?((?:/[\w.~-]{1,100}){0,5}/api/status-page/)([A-Za-z0-9-]{1,100})/manifest\.json""")
_PRELOADED = "window.preloadData"
_PAGE_PATH = re.compile(r"/status/([A-Za-z0-9-]{1,100})/?")


def _recognises(body: bytes, _: str | None) -> bool:
    answer = fields.json_object(body)
    return _is_page(answer) or _is_heartbeat(answer)


def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_object(body)
    if _is_heartbeat(answer):
        return Snapshot(components=tuple(_measured(fields.mapping(answer["heartbeatList"]))))
    if not _is_page(answer):
        raise refusal(body, content_type)
    posts = [*fields.objects(answer, "incidents"), fields.mapping(answer.get("incident"))]
    incidents = (_incident(post) for post in posts if post)
    maintenances = (_maintenance(entry) for entry in fields.objects(answer, "maintenanceList"))
    return Snapshot(
        name=fields.name(fields.mapping(answer["config"]).get("title")),
        incidents=distinct(incidents),
        maintenances=distinct(maintenances),
        components=distinct(_monitors(answer)),
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
    recognises=_recognises,
    read=_read,
    linked=_linked,
    details_apart=True,
)


def _is_page(answer: dict[str, Any]) -> bool:
    return isinstance(answer.get("config"), dict) and isinstance(answer.get("publicGroupList"), list)


def _is_heartbeat(answer: dict[str, Any]) -> bool:
    return isinstance(answer.get("heartbeatList"), dict) and "uptimeList" in answer


def _monitors(answer: dict[str, Any]) -> Iterator[Component]:
    """Yield the monitors with names and groups; how they do, the other answer says."""
    for group in fields.objects(answer, "publicGroupList"):
        for monitor in fields.objects(group, "monitorList"):
            component_id = fields.identifier(monitor.get("id"), "a component")
            name, place = fields.name(monitor.get("name")) or component_id, fields.name(group.get("name"))
            yield Component(id=component_id, name=name, status=ComponentStatus.UNKNOWN, group=place)


def _measured(beats: dict[str, Any]) -> Iterator[Component]:
    """Yield how each monitor does; what it is called, the other answer says."""
    for monitor, listed in beats.items():
        component_id = fields.identifier(monitor, "a component")
        yield Component(id=component_id, name=component_id, status=_last_status(fields.objects_in(listed)))


def _last_status(beats: list[dict[str, Any]]) -> ComponentStatus:
    known = (beat.get("status") for beat in reversed(beats))
    statuses = (fields.known(_COMPONENT_STATUSES, code) for code in known)
    return next((status for status in statuses if status), ComponentStatus.UNKNOWN)


def _incident(post: dict[str, Any]) -> Incident:
    incident_id = fields.identifier(post.get("id"), "an incident")
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
    maintenance_id = fields.identifier(entry.get("id"), "a maintenance")
    word = entry.get("status")
    status = fields.known(_STATUSES, word) or status_word(word) or UNKNOWN
    offset = entry.get("timezoneOffset")
    zone = offset if isinstance(offset, str) and _OFFSET.fullmatch(offset) else "+00:00"
    slot = next(iter(fields.objects(entry, "timeslotList")), {})
    begins, ends = _moment(slot.get("startDate"), zone), _moment(slot.get("endDate"), zone)
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


def _moment(value: object, offset: str = "+00:00") -> datetime | None:
    """Return a time that may lack its zone, which is then at `offset`."""
    return fields.moment(value) or (fields.moment(f"{value.strip()}{offset}") if isinstance(value, str) else None)
