"""UptimeRobot's answers for its status pages -> Snapshot.

`/api/getEventFeed/<key>` lists announcements, each an event of its own without an id (recorded); events of monitors are
left out. `/api/getMonitorList/<key>` lists the monitors with their colours, 30 in each part (`psp.perPage`,
`psp.totalMonitors`, `?page=2`); independent public readers agree on that, one of them of Bluesky's page. Neither shows
what the other has. The key is in the page, and in its address on stats.uptimerobot.com. The platform has no state for
an announcement: it is reported, and neither open nor over, until it has an end. Times are in words, those of the page's
zone beside those in UTC (`endDateGMT`).
"""

import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tracker.model.page import Component, ComponentStatus, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, each, entry_by_entry, identity, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import digest_key, distinct, status_key, time_key
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import UNKNOWN

_HOSTED: Final = "stats.uptimerobot.com"
_KEY: Final = re.compile(rb"/api/get(?:MonitorList|EventFeed)/([A-Za-z0-9]{4,40})")
_PATH: Final = re.compile(r"/([A-Za-z0-9]{4,40})/?")
_ANNOUNCEMENT: Final = "ann"
_OVER: Final = "resolved"
_STATUSES: Mapping[str, ComponentStatus] = {
    "success": ComponentStatus.OPERATIONAL,
    "danger": ComponentStatus.MAJOR_OUTAGE,
    "warning": ComponentStatus.DEGRADED_PERFORMANCE,
}


def _recognises(body: bytes, _: str | None) -> bool:
    named = mentions(body, b'"eventType"') or mentions(body, b'"statusClass"')
    return named and _kind(fields.json_or_none(body)) is not None


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    kind = _kind(answer)
    if kind == "events":
        listed = (entry for entry in objects(answer, "results", "incident") if entry.get("eventType") == _ANNOUNCEMENT)
        return Snapshot(incidents=distinct(among(listed, "incident", _incident)))
    if kind != "monitors":
        raise refusal(body, content_type)
    holder = fields.mapping(answer.get("psp")) if "psp" in answer else answer
    holder = holder if isinstance(holder.get("monitors"), list) else {"monitors": answer.get("data")}
    components = distinct(each(holder, "monitors", "component", _component))
    rest = _rest(answer, url, len(components))
    return Snapshot(components=components, components_listed=True, components_complete=rest is None, continues_at=rest)


def _linked(html: bytes, url: str) -> tuple[Endpoints, ...]:
    found = _KEY.search(html)
    key = found[1].decode() if found else None
    try:
        parts = urlsplit(url)
    except ValueError:
        return ()
    hosted = _PATH.fullmatch(parts.path) if parts.hostname == _HOSTED else None
    key = key or (hosted[1] if hosted else None)
    if key is None:
        return ()
    site = f"{parts.scheme}://{parts.netloc}"
    return (Endpoints(primary=f"{site}/api/getEventFeed/{key}", details=(f"{site}/api/getMonitorList/{key}",)),)


UPTIMEROBOT = Format(
    name="uptimerobot",
    title="UptimeRobot",
    source="a recorded answer, independent readers",
    recognises=_recognises,
    read=_read,
    linked=_linked,
    signs=(b"uptimerobot",),
    details_apart=True,
)


def _kind(answer: object) -> str | None:
    """Return the kind of the answer, None for another one; an empty list of events has one."""
    holder = fields.mapping(answer)
    results = holder.get("results")
    if isinstance(results, list) and "meta" in holder:
        known = any("eventType" in entry for entry in fields.objects_in(results))
        return "events" if known or not results else None
    for listed in (fields.mapping(holder.get("psp")).get("monitors"), holder.get("data")):
        if any("statusClass" in entry for entry in fields.objects_in(listed)):
            return "monitors"
    return None


def _rest(answer: dict[str, Any], url: str, listed: int) -> str | None:
    """Return the address of the next part of the list, None where this is the last one."""
    page = fields.mapping(answer.get("psp"))
    total, size = page.get("totalMonitors"), page.get("perPage")
    if not isinstance(total, int) or not isinstance(size, int) or size < 1 or not listed:
        return None
    try:
        parts = urlsplit(url)
        number = int(parse_qs(parts.query).get("page", ["1"])[0])
    except ValueError:
        return None
    return parts._replace(query=f"page={number + 1}").geturl() if number > 0 and number * size < total else None


def _component(entry: dict[str, Any]) -> Component:
    name = fields.name(entry.get("name"))
    component_id = identity(entry.get("monitorId"), "a monitor", name=name or "")
    status = fields.known(_STATUSES, entry.get("statusClass")) or ComponentStatus.UNKNOWN
    return Component(id=component_id, name=name or component_id, status=status)


def _incident(entry: dict[str, Any]) -> Incident:
    posted_at = fields.moment(entry.get("ts"))
    ended_at = fields.moment(entry.get("endDateGMT"), UTC) or fields.moment(entry.get("endDate"))
    title, body = fields.name(entry.get("title")), fields.body_text(entry.get("content"))
    incident_id = identity(None, "an announcement", since=posted_at, name=title or "")
    first = IncidentUpdate(
        id=time_key(posted_at) if posted_at else digest_key(body), status=UNKNOWN, body=body, created_at=posted_at
    )
    ends = (IncidentUpdate(id=status_key(_OVER, ended_at), status=_OVER, created_at=ended_at),) if ended_at else ()
    return Incident(
        id=incident_id,
        name=title or incident_id,
        status=_OVER if ends else UNKNOWN,
        updates=(first, *ends),
    )
