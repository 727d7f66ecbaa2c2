"""StatusPal's summary, version 2 of its API -> Snapshot (statuspal.io/api-docs).

One answer holds services, open incidents and planned maintenance. It is on the vendor's host, under the page's
subdomain, which is part of the address on StatusPal's own domains. Updates have ids; ended incidents are no longer
listed. Times name no zone and are UTC. Services may be nested: one that has others inside is their group.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, each, entry_by_entry, identity, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first, parted, with_status_before
from tracker.parse.mentions import identified, names_of
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, UPDATE, known_status, vendor_word

_KEYS: Final = frozenset({"status_page", "services", "incidents", "maintenances", "upcoming_maintenances"})
_HOST: Final = re.compile(r"([a-z0-9][a-z0-9-]{0,62})\.statuspal\.(io|eu)")
_API_CALL: Final = re.compile(rb"statuspal\.(io|eu)/api/v\d/status_pages/([a-z0-9][a-z0-9-]{0,62})")
_NO_PAGES: Final = frozenset({"www", "api", "docs", "app"})
_LOOKED_AT: Final = 1_000_000
#: Levels of services that are read.
_DEEPEST: Final = 10

_IMPACTS: Final[Mapping[str, Impact]] = {
    "major": Impact.MAJOR,
    "minor": Impact.MINOR,
    "performance": Impact.MINOR,
    "scheduled": Impact.MAINTENANCE,
    "emergency-maintenance": Impact.MAINTENANCE,
}
_COMPONENT_STATUSES: Final[Mapping[str, ComponentStatus]] = {
    "major": ComponentStatus.MAJOR_OUTAGE,
    "minor": ComponentStatus.PARTIAL_OUTAGE,
    "performance": ComponentStatus.DEGRADED_PERFORMANCE,
    "scheduled": ComponentStatus.UNDER_MAINTENANCE,
    "emergency-maintenance": ComponentStatus.UNDER_MAINTENANCE,
}


def _recognises(body: bytes, _: str | None) -> bool:
    return b"upcoming_maintenances" in body and _is_statuspal(fields.json_or_none(body))


def _is_statuspal(answer: object) -> bool:
    return isinstance(answer, dict) and answer.keys() >= _KEYS and isinstance(answer["status_page"], dict)


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if not _is_statuspal(answer):
        raise refusal(body, content_type)
    placed = _placed(objects(answer, "services", "component"))
    components = distinct(among(placed, "component", _component))
    names = {component.id: component.name for component in components}
    incidents, maintenances = parted(
        (
            *each(answer, "incidents", "incident", lambda entry: _incident(entry, names)),
            *each(answer, "maintenances", "maintenance", lambda entry: _incident(entry, names, "in_progress")),
            *each(answer, "upcoming_maintenances", "maintenance", lambda entry: _incident(entry, names, "scheduled")),
        )
    )
    return Snapshot(
        name=fields.name(answer["status_page"].get("name")),
        indicator=_indicator(answer["status_page"].get("current_incident_type")),
        incidents=incidents,
        maintenances=maintenances,
        components=components,
        components_listed=True,
        open_only=True,
    )


def _linked(html: bytes, url: str) -> tuple[Endpoints, ...]:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    pages = [(found[1], found[2])] if (found := _HOST.fullmatch(host)) and found[1] not in _NO_PAGES else []
    calls = [(call[2].decode(), call[1].decode()) for call in _API_CALL.finditer(html[:_LOOKED_AT])]
    addresses = [f"https://statuspal.{domain}/api/v2/status_pages/{page}/summary" for page, domain in (*pages, *calls)]
    return tuple(Endpoints(primary=address) for address in list(dict.fromkeys(addresses))[:2])


STATUSPAL = Format(
    name="statuspal",
    title="StatusPal",
    recognises=_recognises,
    read=_read,
    linked=_linked,
)


def _indicator(word: object) -> Impact | None:
    return Impact.NONE if word is None else fields.known(_IMPACTS, word)


def _incident(entry: dict[str, Any], names: Mapping[str, str], going_on: str | None = None) -> Incident:
    """Return an incident, or a maintenance, whose status is that of the list that holds it."""
    link, begins = fields.link(entry.get("url")), _moment(entry, "starts_at")
    incident_id = identity(entry.get("id"), "an incident", link=link, since=_moment(entry, "inserted_at") or begins)
    impact = Impact.MAINTENANCE if going_on else fields.known(_IMPACTS, entry.get("type"))
    updates = _updates(entry, going_on)
    services = entry.get("service_ids")
    mentions = identified(services if isinstance(services, list) else (), names)
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("title")) or incident_id,
        status=going_on or (updates[-1].status if updates else UNKNOWN),
        impact=impact,
        link=link,
        updates=updates,
        components=names_of(mentions),
        mentions=mentions,
        scheduled_for=begins if going_on else None,
        scheduled_until=_moment(entry, "ends_at") if going_on else None,
    )


def _updates(entry: dict[str, Any], going_on: str | None) -> tuple[IncidentUpdate, ...]:
    """Return the updates oldest first; a type that names no status, such as `issue`, leaves the one before it."""
    listed = each(entry, "updates", "update", lambda update: _update(update, going_on))
    return with_status_before(oldest_first(distinct(listed)), "investigating")


def _update(update: dict[str, Any], going_on: str | None) -> IncidentUpdate:
    status = going_on or known_status(update.get("type")) or UPDATE
    created_at = _moment(update, "inserted_at") or _moment(update, "posted_at")
    return IncidentUpdate(
        id=identity(update.get("id"), "an update", since=created_at),
        status=status,
        vendor_status=vendor_word(update.get("type"), status),
        body=fields.body_text(update.get("description")),
        created_at=created_at,
    )


def _moment(entry: dict[str, Any], key: str) -> datetime | None:
    return fields.moment(entry.get(key), UTC)


def _placed(
    services: list[dict[str, Any]], group: str | None = None, depth: int = 0
) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Yield each service without others inside, with the name of its parent."""
    for service in services:
        children = [child for child in objects(service, "children", "component") if child] if depth < _DEEPEST else []
        if children:
            yield from _placed(children, fields.name(service.get("name")) or group, depth + 1)
        else:
            yield service, group


def _component(placed: tuple[dict[str, Any], str | None]) -> Component:
    service, group = placed
    name = fields.name(service.get("name"))
    service_id = identity(service.get("id"), "a service", name=f"{group or ''}\0{name}" if name else "")
    status = _component_status(service.get("current_incident_type"))
    return Component(id=service_id, name=name or service_id, status=status, group=group)


def _component_status(word: object) -> ComponentStatus:
    if word is None:
        return ComponentStatus.OPERATIONAL
    return fields.known(_COMPONENT_STATUSES, word) or ComponentStatus.UNKNOWN
