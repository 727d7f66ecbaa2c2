"""Status.io's public status API, version 1.0 -> Snapshot (kb.status.io/developers/public-status-api).

One answer holds components, open incidents and planned maintenance; it is polled at most once a minute. Messages have
no id: their time is one, with a number behind it where two share it. Ended incidents are no longer listed. A component
is listed once for each location ("container") in which it runs, which is its region. The severity of an incident
follows from the status code of its newest message.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, each, entry_by_entry, identity, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, identified, oldest_first, parted
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN

_API: Final = "https://api.status.io/1.0/status/"
#: Where a page names its own id: in a script, in the addresses of its feeds and incidents, in a call of the API.
_PAGE_ID: Final = re.compile(
    rb"""(?:api\.status\.io/1\.0/status/|/pages/(?:[a-z]{1,20}/)?|pageId\s{0,9}[=:]\s{0,9}["'])([0-9a-f]{24})\b"""
)
_LOOKED_AT: Final = 1_000_000

#: Status code of a planned maintenance.
_PLANNED: Final = 200

# 600 is a security event, which is neither a better nor a worse state of a component.
_COMPONENT_STATUSES: Final[Mapping[int, ComponentStatus]] = {
    100: ComponentStatus.OPERATIONAL,
    _PLANNED: ComponentStatus.UNDER_MAINTENANCE,
    300: ComponentStatus.DEGRADED_PERFORMANCE,
    400: ComponentStatus.PARTIAL_OUTAGE,
    500: ComponentStatus.MAJOR_OUTAGE,
}
_IMPACTS: Final[Mapping[int, Impact]] = {
    100: Impact.NONE,
    _PLANNED: Impact.MAINTENANCE,
    300: Impact.MINOR,
    400: Impact.MAJOR,
    500: Impact.CRITICAL,
    600: Impact.CRITICAL,
}
_STATES: Final[Mapping[int, str]] = {100: "investigating", 200: "identified", 300: "monitoring", 400: "resolved"}


def _recognises(body: bytes, _: str | None) -> bool:
    return b"status_overall" in body and bool(_result(fields.json_or_none(body)))


def _result(answer: object) -> dict[str, Any]:
    result = fields.mapping(fields.mapping(answer).get("result"))
    is_ours = isinstance(result.get("status_overall"), dict) and isinstance(result.get("status"), list)
    return result if is_ours else {}


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    result = _result(fields.json_or_none(body))
    if not result:
        raise refusal(body, content_type)
    planned = fields.mapping(result.get("maintenance"))
    incidents, maintenances = parted(
        (
            *each(result, "incidents", "incident", _incident),
            *each(planned, "active", "maintenance", lambda entry: _maintenance(entry, "in_progress")),
            *each(planned, "upcoming", "maintenance", lambda entry: _maintenance(entry, "scheduled")),
        )
    )
    return Snapshot(
        indicator=fields.known(_IMPACTS, fields.mapping(result["status_overall"]).get("status_code")),
        incidents=incidents,
        maintenances=maintenances,
        components=distinct(among(_located(result), "component", _component)),
        components_listed=True,
        open_only=True,
    )


def _linked(html: bytes, _: str) -> tuple[Endpoints, ...]:
    ids = dict.fromkeys(found.decode() for found in _PAGE_ID.findall(html[:_LOOKED_AT]))
    return tuple(Endpoints(primary=_API + page_id) for page_id in list(ids)[:2])


STATUSIO = Format(
    name="statusio",
    title="Status.io",
    recognises=_recognises,
    read=_read,
    linked=_linked,
)


def _incident(entry: dict[str, Any]) -> Incident:
    incident_id = _id(entry, "an incident", fields.moment(entry.get("datetime_open")))
    messages = _messages(entry)
    statuses = [fields.known(_STATES, message.get("state")) or UNKNOWN for message in messages]
    codes = [message.get("status") for message in messages] or [entry.get("status_code")]
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("name")) or incident_id,
        status=statuses[-1] if statuses else UNKNOWN,
        impact=None if codes[-1] == _PLANNED else fields.known(_IMPACTS, codes[-1]),
        updates=_updates(messages, statuses),
        components=fields.names(entry.get("components_affected")),
        regions=fields.names(entry.get("containers_affected")),
    )


def _maintenance(entry: dict[str, Any], status: str) -> Incident:
    """Return a maintenance with the status of the list that holds it; messages before its begin are `scheduled`."""
    begins = fields.moment(entry.get("datetime_planned_start"))
    maintenance_id = _id(entry, "a maintenance", fields.moment(entry.get("datetime_open")) or begins)
    messages = _messages(entry)
    statuses = ["scheduled" if _is_before(_time(message), begins) else status for message in messages]
    return Incident(
        id=maintenance_id,
        name=fields.name(entry.get("name")) or maintenance_id,
        status=status,
        impact=Impact.MAINTENANCE,
        updates=_updates(messages, statuses),
        components=fields.names(entry.get("components_affected")),
        regions=fields.names(entry.get("containers_affected")),
        scheduled_for=begins,
        scheduled_until=fields.moment(entry.get("datetime_planned_end")),
    )


def _id(entry: dict[str, Any], what: str, since: datetime | None) -> str:
    return identity(entry.get("_id") or entry.get("id"), what, since=since)


def _messages(entry: dict[str, Any]) -> Sequence[dict[str, Any]]:
    return oldest_first(objects(entry, "messages", "update"), _time)


def _time(message: dict[str, Any]) -> datetime | None:
    return fields.moment(message.get("datetime"))


def _is_before(time: datetime | None, begins: datetime | None) -> bool:
    return time is not None and begins is not None and time < begins


def _updates(messages: Sequence[dict[str, Any]], statuses: Sequence[str]) -> tuple[IncidentUpdate, ...]:
    return identified(
        IncidentUpdate(id="", status=status, body=fields.body_text(message.get("details")), created_at=_time(message))
        for status, message in zip(statuses, messages, strict=True)
    )


def _located(result: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Yield the components, each once for each of its containers."""
    for entry in objects(result, "status", "component"):
        containers = objects(entry, "containers", "component")
        yield from ((entry, container) for container in containers or (None,))


def _component(located: tuple[dict[str, Any], dict[str, Any] | None]) -> Component:
    entry, container = located
    name, region = fields.name(entry.get("name")), fields.name((container or {}).get("name"))
    component_id = identity(entry.get("id"), "a component", name=name or "")
    if container is not None:
        component_id += f"/{identity(container.get('id'), 'a container', name=region or '')}"
    return Component(
        id=component_id,
        name=name or component_id,
        status=_component_status(entry if container is None else container),
        region=region,
    )


def _component_status(entry: dict[str, Any]) -> ComponentStatus:
    return fields.known(_COMPONENT_STATUSES, entry.get("status_code")) or ComponentStatus.UNKNOWN
