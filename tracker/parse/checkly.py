"""Checkly's list of unresolved incidents, which its status pages request themselves -> Snapshot.

`/api/status-page/<slug>/unresolved-incidents` lists open incidents with all updates: one request shows whether the page
is quiet. Incidents and updates have the shape and the ids of Checkly's API (checklyhq.com/docs/api-reference, "Status
page incidents"). Ended incidents are not shown. The other answers of a page (services, uptime, maintenance windows) are
undocumented and not requested. Severity: minor and medium are minor; the other words are the field's.

The HTML page has the same incidents in its data (Nuxt; recorded, 2026-09), and its services: a service that an open
incident names is affected as badly as the incident, the others work. Its lists of maintenance windows were empty in the
recording, so maintenance is not read. The address of a page at `<slug>.checkly-status-page.com` holds the slug; a page
at a domain of its own is read as HTML.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tracker.errors import ParseError
from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse import page_data
from tracker.parse.entries import among, each, entry_by_entry, identity, marked, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first
from tracker.parse.mentions import mentioned
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, status_word

_DOMAIN = ".checkly-status-page.com"
_SLUG = re.compile(r"[a-z0-9-]{1,63}")
_IMPACTS: Mapping[str, Impact] = {
    "minor": Impact.MINOR,
    "medium": Impact.MINOR,
    "major": Impact.MAJOR,
    "critical": Impact.CRITICAL,
}
_AFFECTED: Mapping[Impact, ComponentStatus] = {
    Impact.MINOR: ComponentStatus.DEGRADED_PERFORMANCE,
    Impact.MAJOR: ComponentStatus.PARTIAL_OUTAGE,
    Impact.CRITICAL: ComponentStatus.MAJOR_OUTAGE,
}
#: The prefix of the name of the request for incidents in the data of a page.
_UNRESOLVED = "unresolved-incidents-"
_MARKS = frozenset({"incidentUpdates", "lastUpdateStatus", "severity"})


def _recognises(body: bytes, _: str | None) -> bool:
    return bool(_page_data(body)) or _is_list(fields.json_object(body))


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    if data := _page_data(body):
        return _page(data)
    answer = fields.json_object(body)
    if not _is_list(answer):
        raise refusal(body, content_type)
    return Snapshot(incidents=distinct(each(answer, "incidents", "incident", _incident)), open_only=True)


def _linked(_: bytes, url: str) -> tuple[Endpoints, ...]:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ()
    slug = host.removesuffix(_DOMAIN)
    if slug == host or not _SLUG.fullmatch(slug):
        return ()
    return (Endpoints(primary=f"/api/status-page/{slug}/unresolved-incidents"),)


CHECKLY = Format(
    name="checkly",
    title="Checkly",
    in_part="no maintenance",
    precedence=17,
    recognises=_recognises,
    read=_read,
    linked=_linked,
)


def _page_data(body: bytes) -> dict[str, Any]:
    """Return a page's data by the names of its requests; the body is the page, or the data alone."""
    if b"incidentUpdates" not in body and b"unresolved-incidents-" not in body:
        return {}
    found = page_data.script_data(body, "__NUXT_DATA__") if page_data.is_page(body) else fields.json_or_none(body)
    try:
        data = fields.mapping(fields.mapping(page_data.unflattened(found)).get("data"))
    except ParseError:
        return {}
    return data if any(key.startswith(_UNRESOLVED) for key in data) else {}


def _page(data: Mapping[str, Any]) -> Snapshot:
    def under(prefix: str) -> dict[str, Any]:
        return next((fields.mapping(value) for key, value in data.items() if key.startswith(prefix)), {})

    listed = under(_UNRESOLVED)
    incidents = distinct(each(listed, "incidents", "incident", _incident))
    affected = {
        mention.id: _AFFECTED.get(incident.impact or Impact.MINOR, ComponentStatus.UNKNOWN)
        for incident in incidents
        for mention in incident.mentions
        if incident.is_open
    }
    services = [
        (service, fields.name(group.get("name")))
        for group in objects(under("uptime-"), "metadata", "component")
        for service in objects(group, "services", "component")
    ]

    def component(placed: tuple[dict[str, Any], str | None]) -> Component:
        service, group = placed
        name = fields.name(service.get("name"))
        component_id = identity(service.get("id"), "a service", name=f"{group or ''}\0{name}" if name else "")
        status = affected.get(component_id, ComponentStatus.OPERATIONAL)
        return Component(id=component_id, name=name or component_id, status=status, group=group)

    return Snapshot(
        name=fields.name(fields.mapping(under("status-page-resolver-").get("statusPage")).get("name")),
        incidents=incidents,
        components=distinct(among(services, "component", component)),
        components_listed=bool(services),
        open_only=True,
    )


def _is_list(answer: dict[str, Any]) -> bool:
    """Return whether the answer is a list of Checkly incidents; an empty list has no marks, and is a quiet page."""
    incidents = answer.get("incidents")
    if answer.keys() != {"incidents"} or not isinstance(incidents, list):
        return False
    return not incidents or marked(incidents, _MARKS)


def _incident(entry: dict[str, Any]) -> Incident:
    incident_id = identity(entry.get("id"), "an incident", since=fields.moment(entry.get("created_at")))
    status = status_word(entry.get("lastUpdateStatus"))
    listed = each(entry, "incidentUpdates", "update", lambda update: _update(update, status or UNKNOWN))
    updates = oldest_first(distinct(listed), newest_first=True)
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("name")) or incident_id,
        status=status or (updates[-1].status if updates else UNKNOWN),
        impact=fields.known(_IMPACTS, entry.get("severity")),
        updates=updates,
        components=fields.names(entry.get("services")),
        mentions=mentioned(entry.get("services")),
    )


def _update(entry: dict[str, Any], incident_status: str) -> IncidentUpdate:
    created_at = fields.moment(entry.get("created_at")) or fields.moment(entry.get("publicIncidentUpdateDate"))
    return IncidentUpdate(
        id=identity(entry.get("id"), "an incident update", since=created_at),
        status=status_word(entry.get("status")) or incident_status,
        body=fields.body_text(entry.get("description")),
        created_at=created_at,
    )
