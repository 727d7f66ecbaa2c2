"""StatusPal's summary, version 2 of its API -> Snapshot (statuspal.io/api-docs).

One answer holds services, what is open and what is planned. It lies on the vendor's host, under the page's subdomain,
which a page of StatusPal's own domains tells by its address. Updates have ids; ended incidents are no longer listed.
Times name no zone and are UTC. Services may be nested; one that others are part of is their group.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from tracker.models import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first, parted, with_status_before
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, UPDATE, known_status, vendor_word

_KEYS: Final = frozenset({"status_page", "services", "incidents", "maintenances", "upcoming_maintenances"})
_HOST: Final = re.compile(r"([a-z0-9][a-z0-9-]{0,62})\.statuspal\.(io|eu)")
_API_CALL: Final = re.compile(rb"statuspal\.(io|eu)/api/v\d/status_pages/([a-z0-9][a-z0-9-]{0,62})")
_NO_PAGES: Final = frozenset({"www", "api", "docs", "app"})
_LOOKED_AT: Final = 1_000_000
#: How deep services are looked for.
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


def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if not _is_statuspal(answer):
        raise refusal(body, content_type)
    components = distinct(_components(fields.objects(answer, "services")))
    names = {component.id: component.name for component in components}
    incidents, maintenances = parted(
        (
            *(_incident(entry, names) for entry in fields.objects(answer, "incidents")),
            *(_incident(entry, names, "in_progress") for entry in fields.objects(answer, "maintenances")),
            *(_incident(entry, names, "scheduled") for entry in fields.objects(answer, "upcoming_maintenances")),
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


STATUSPAL = Format(name="statuspal", title="StatusPal", recognises=_recognises, read=_read, linked=_linked)


def _indicator(word: object) -> Impact | None:
    return Impact.NONE if word is None else fields.known(_IMPACTS, word)


def _incident(entry: dict[str, Any], names: Mapping[str, str], going_on: str | None = None) -> Incident:
    """Return an incident, or a maintenance where the list that holds it says how far it is."""
    incident_id = fields.identifier(entry.get("id"), "an incident")
    impact = Impact.MAINTENANCE if going_on else fields.known(_IMPACTS, entry.get("type"))
    updates = _updates(entry, going_on)
    services = entry.get("service_ids")
    touched = [names.get(str(service)) for service in (services if isinstance(services, list) else ())]
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("title")) or incident_id,
        status=going_on or (updates[-1].status if updates else UNKNOWN),
        impact=impact,
        link=fields.link(entry.get("url")),
        updates=updates,
        components=fields.unique(touched),
        scheduled_for=_moment(entry, "starts_at") if going_on else None,
        scheduled_until=_moment(entry, "ends_at") if going_on else None,
    )


def _updates(entry: dict[str, Any], going_on: str | None) -> tuple[IncidentUpdate, ...]:
    """Return the updates oldest first; a type that names no status, such as `issue`, leaves the one before it."""
    updates = oldest_first(distinct(_update(update, going_on) for update in fields.objects(entry, "updates")))
    return with_status_before(updates, "investigating")


def _update(update: dict[str, Any], going_on: str | None) -> IncidentUpdate:
    status = going_on or known_status(update.get("type")) or UPDATE
    return IncidentUpdate(
        id=fields.identifier(update.get("id"), "an update"),
        status=status,
        vendor_status=vendor_word(update.get("type"), status),
        body=fields.body_text(update.get("description")),
        created_at=_moment(update, "inserted_at") or _moment(update, "posted_at"),
    )


def _moment(entry: dict[str, Any], key: str) -> datetime | None:
    return fields.moment(entry.get(key), UTC)


def _components(services: Sequence[dict[str, Any]], group: str | None = None, depth: int = 0) -> Iterator[Component]:
    for service in services:
        children = [child for child in fields.objects(service, "children") if child] if depth < _DEEPEST else []
        if children:
            yield from _components(children, fields.name(service.get("name")) or group, depth + 1)
            continue
        service_id = fields.identifier(service.get("id"), "a service")
        yield Component(
            id=service_id,
            name=fields.name(service.get("name")) or service_id,
            status=_component_status(service.get("current_incident_type")),
            group=group,
        )


def _component_status(word: object) -> ComponentStatus:
    if word is None:
        return ComponentStatus.OPERATIONAL
    return fields.known(_COMPONENT_STATUSES, word) or ComponentStatus.UNKNOWN
