"""Cachet's API -> Snapshot: version 1 of Cachet 2, and the JSON:API of Cachet 3.

Shapes from the open source: cachethq/cachet (`app/Presenters`, `app/Models`) and cachethq/core (`src/Http/Resources`).
Incidents, schedules (planned maintenances) and components are separate lists. The incidents, newest first, show whether
anything is new; schedules and components are requested then. Incidents and schedules are numbered apart, so the ids of
schedules are marked. An incident begins with a message of its own, which has no vendor's id and gets the id `message`;
later updates have ids. Cachet before 2.4 has no updates: an incident or a schedule is known by its status. Until 2.3 a
maintenance is an incident with a scheduled time. Cachet has no severity. Its times name no zone; they are the server's,
which is UTC unless set.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Reach, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import Kind, among, each, entry_by_entry, identity, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import digest_key, distinct, oldest_first, parted
from tracker.parse.mentions import mentioned
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, status_word, vendor_word

_PAGINATION: Final = frozenset({"total", "count", "per_page", "current_page", "total_pages"})
#: Keys that only one kind of entry has.
_KINDS: Final[Mapping[str, frozenset[str]]] = {
    # Before schedules: until Cachet 2.3 every incident has `scheduled_at`, null unless it is a maintenance.
    "incident": frozenset({"stickied", "visible", "occurred"}),
    "schedule": frozenset({"scheduled_at", "scheduled"}),
    "component": frozenset({"order", "enabled"}),
}
_OMITTED_AS: Final[Mapping[str, Kind]] = {
    "incident": "incident",
    "schedule": "maintenance",
    "component": "component",
}
_BEGINNING: Final = "message"
_STATUSES: Final[Mapping[object, str]] = {
    0: "scheduled",
    1: "investigating",
    2: "identified",
    3: "monitoring",
    4: "resolved",
}
_SCHEDULE_STATUSES: Final[Mapping[object, str]] = {0: "scheduled", 1: "in_progress", 2: "completed"}
#: Statuses of a maintenance that is listed as an incident.
_PLANNED_STATUSES: Final[Mapping[object, str]] = {
    0: "scheduled",
    1: "in_progress",
    2: "in_progress",
    3: "verifying",
    4: "completed",
}
_COMPONENT_STATUSES: Final[Mapping[object, ComponentStatus]] = {
    1: ComponentStatus.OPERATIONAL,
    2: ComponentStatus.DEGRADED_PERFORMANCE,
    3: ComponentStatus.PARTIAL_OUTAGE,
    4: ComponentStatus.MAJOR_OUTAGE,
}


def _recognises(body: bytes, _: str | None) -> bool:
    return b'"data"' in body and _is_cachet(fields.json_or_none(body))


def _is_cachet(answer: object) -> bool:
    """Return whether the answer is a page of a list of either version, with entries of one known kind."""
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
        return False
    meta = fields.mapping(answer.get("meta"))
    if answer.keys() == {"meta", "data"} and fields.mapping(meta.get("pagination")).keys() >= _PAGINATION:
        return _holds_any(answer["data"])
    path = meta.get("path")
    is_list = isinstance(path, str) and path.endswith(("/api/incidents", "/api/schedules", "/api/components"))
    return is_list and _holds_any(answer["data"])


def _holds_any(entries: list[Any]) -> bool:
    """Return whether a list holds an entry of a known kind; an empty list may be any vendor's."""
    return not entries or any(_kind(_flat(entry)) for entry in entries)


def _kind(entry: dict[str, Any]) -> str | None:
    return next((kind for kind, marks in _KINDS.items() if not marks.isdisjoint(entry)), None)


def _flat(resource: object) -> dict[str, Any]:
    """Return an entry of either version in the shape of version 1: its attributes, without labels for people."""
    attributes = fields.mapping(resource).get("attributes")
    if not isinstance(attributes, dict):
        return fields.mapping(resource)
    return {key: _value(value) for key, value in attributes.items()}


def _value(attribute: object) -> object:
    known = fields.mapping(attribute)
    return known.get("string", known.get("value", attribute))


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if not _is_cachet(answer):
        raise refusal(body, content_type)
    included = _included(answer)
    usual = next((kind for entry in answer["data"] if (kind := _kind(_flat(entry)))), "incident")
    entries: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _KINDS}
    for resource in objects(answer, "data", _OMITTED_AS[usual]):
        entry = _flat(resource)
        entries[_kind(entry) or usual].append({**entry, **_related(resource, included)})
    incidents, maintenances = parted(
        (*among(entries["incident"], "incident", _incident), *among(entries["schedule"], "maintenance", _schedule))
    )
    has_more = _has_more(answer)
    held = {kind for kind, listed in entries.items() if listed} or _kinds_at(answer, url)
    reach = Reach.WINDOW if has_more else Reach.ALL
    return Snapshot(
        incidents=incidents,
        maintenances=maintenances,
        components=distinct(among(entries["component"], "component", _component)),
        components_complete=not has_more,
        components_listed="component" in held,
        incidents_reach=reach if "incident" in held else Reach.NOTHING,
        maintenances_reach=reach if "schedule" in held else Reach.NOTHING,
    )


def _kinds_at(answer: dict[str, Any], url: str) -> frozenset[str]:
    """Return the kinds that an empty list may have held: the one in its address, else any."""
    address = f"{url} {fields.mapping(answer.get('meta')).get('path')}"
    return frozenset(kind for kind in _KINDS if f"/{kind}s" in address) or frozenset(_KINDS)


CACHET = Format(
    name="cachet",
    title="Cachet",
    recognises=_recognises,
    read=_read,
    signs=(b"cachethq", b"Cachet"),
    endpoints=(
        Endpoints(
            primary="/api/v1/incidents?sort=id&order=desc&per_page=50",
            details=("/api/v1/schedules?sort=id&order=desc&per_page=50", "/api/v1/components?per_page=500"),
        ),
        Endpoints(
            primary="/api/incidents?include=updates,components&per_page=50",
            details=("/api/schedules?include=updates,components&per_page=50", "/api/components?per_page=500"),
        ),
    ),
)


def _included(answer: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the resources beside the list in an answer of version 3, by type and id."""
    resources = answer.get("included")
    return {_reference(resource): _flat(resource) for resource in (resources if isinstance(resources, list) else ())}


def _reference(resource: object) -> tuple[str, str]:
    known = fields.mapping(resource)
    return str(known.get("type")), str(known.get("id"))


def _related(resource: dict[str, Any], included: Mapping[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    """Return the updates and components that a resource of version 3 names."""
    relationships = fields.mapping(resource.get("relationships"))
    related: dict[str, Any] = {}
    for key in ("updates", "components"):
        named = fields.mapping(relationships.get(key)).get("data")
        if isinstance(named, list):
            related[key] = [included[each] for each in map(_reference, named) if each in included]
    return related


def _has_more(answer: dict[str, Any]) -> bool:
    pagination = fields.mapping(fields.mapping(answer.get("meta")).get("pagination"))
    links = fields.mapping(answer.get("links")) or fields.mapping(pagination.get("links"))
    return bool(links.get("next") or links.get("next_page"))


def _incident(entry: dict[str, Any]) -> Incident:
    """Return an incident; one with a scheduled time is a maintenance."""
    if _moment(entry, "scheduled_at"):
        return _schedule(entry)
    link, since = fields.link(entry.get("permalink")), _moment(entry, "created_at", "created")
    incident_id = identity(entry.get("id"), "an incident", link=link, since=since)
    status = _status(entry, _STATUSES)
    updates: tuple[IncidentUpdate, ...]
    if posted := _posted(entry, status):
        updates = (_beginning(entry, _STATUSES[1]), *posted)
    elif "updates" in entry:
        updates = _unposted(entry, status)
    else:
        updates = (_change(entry, status, _STATUSES[1]),)
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("name")) or incident_id,
        status=updates[-1].status if status == UNKNOWN else status,
        link=link,
        updates=updates,
        components=fields.names(entry.get("components")),
        mentions=mentioned(entry.get("components")),
    )


def _schedule(entry: dict[str, Any]) -> Incident:
    since = _moment(entry, "created_at", "created") or _moment(entry, "scheduled_at", "scheduled")
    schedule_id = identity(entry.get("id"), "a schedule", since=since)
    status = _status(entry, _PLANNED_STATUSES if _kind(entry) == "incident" else _SCHEDULE_STATUSES)
    posted = _posted(entry, status)
    change = _change(entry, status, _SCHEDULE_STATUSES[0])
    return Incident(
        id=f"schedule-{schedule_id}",
        name=fields.name(entry.get("name")) or schedule_id,
        status=status,
        impact=Impact.MAINTENANCE,
        updates=oldest_first((change, *posted)),
        components=fields.names(entry.get("components")),
        mentions=mentioned(entry.get("components")),
        scheduled_for=_moment(entry, "scheduled_at", "scheduled"),
        scheduled_until=_moment(entry, "completed_at", "completed"),
    )


def _status(entry: dict[str, Any], statuses: Mapping[object, str]) -> str:
    return statuses.get(_code(entry)) or status_word(entry.get("human_status")) or UNKNOWN


def _code(entry: dict[str, Any]) -> int | None:
    """Return the status, which some versions send as text."""
    code = entry.get("status")
    if isinstance(code, str) and code.isdecimal() and len(code) == 1:
        return int(code)
    return code if isinstance(code, int) else None


def _beginning(entry: dict[str, Any], status: str) -> IncidentUpdate:
    """Return the first update. Once there are later ones, the incident's own status is that of the latest."""
    began_at = _moment(entry, "occurred_at", "occurred", "created_at", "created")
    return IncidentUpdate(
        id=_BEGINNING, status=status, body=fields.body_text(entry.get("message")), created_at=began_at
    )


def _unposted(entry: dict[str, Any], status: str) -> tuple[IncidentUpdate, ...]:
    """Return the first update, and the status that the incident got later without a message."""
    changed_at = _moment(entry, "updated_at", "updated")
    if status == _STATUSES[1] or changed_at == _moment(entry, "created_at", "created"):
        return (_beginning(entry, status),)
    return (_beginning(entry, _STATUSES[1]), IncidentUpdate(id=status, status=status, created_at=changed_at))


def _change(entry: dict[str, Any], status: str, first: str) -> IncidentUpdate:
    """Return the update for a change of status without a message."""
    changed_at = None if status == first else _moment(entry, "updated_at", "updated")
    beginning = _beginning(entry, status)
    return msgspec.structs.replace(beginning, id=status, created_at=changed_at or beginning.created_at)


def _posted(entry: dict[str, Any], incident_status: str) -> tuple[IncidentUpdate, ...]:
    return oldest_first(distinct(each(entry, "updates", "update", lambda update: _update(update, incident_status))))


def _update(update: dict[str, Any], incident_status: str) -> IncidentUpdate:
    status = _status(update, _STATUSES) if "status" in update else incident_status
    return IncidentUpdate(
        id=_posted_id(update),
        status=status,
        vendor_status=vendor_word(update.get("human_status"), status),
        body=fields.body_text(update.get("message")),
        created_at=_moment(update, "created_at", "created"),
    )


def _posted_id(update: dict[str, Any]) -> str:
    """Return the vendor's id, a number, so that it never equals an id that is made here."""
    update_id = identity(update.get("id"), "an update", since=_moment(update, "created_at", "created"))
    return update_id if update_id.isdecimal() else digest_key(update_id)


def _component(entry: dict[str, Any]) -> Component:
    name = fields.name(entry.get("name"))
    component_id = identity(entry.get("id"), "a component", name=name or "")
    status = _COMPONENT_STATUSES.get(_code(entry), ComponentStatus.UNKNOWN)
    return Component(id=component_id, name=name or component_id, status=status)


def _moment(entry: dict[str, Any], *keys: str) -> datetime | None:
    return next((time for key in keys if (time := fields.moment(entry.get(key), UTC))), None)
