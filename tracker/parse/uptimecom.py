"""Uptime.com's answers for a status page (`<page>/ajax`, `<page>/history`) -> Snapshot.

The first shows the present: components in groups, open incidents, ongoing and planned maintenance. The second has ended
incidents. Incidents and updates have ids; an update has the state that it brought. The shape is that of two independent
public readers, one of them recorded against Uptime.com's own page (2026-09); answers are wrapped in `{error, fields,
data}`. A group's status sums up its components and is not read. A maintenance without a state is planned until an
update has another one.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tracker.model.page import Component, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, each, entry_by_entry, identity, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first, parted, with_status_before
from tracker.parse.mentions import mentioned
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import UNKNOWN, UPDATE, component_status, status_word

_WORK: Final = "SCHEDULED_MAINTENANCE"
_DEEPEST: Final = 3
_STATUSES: Mapping[str, str] = {"maintenance": "in_progress", "notification": "update"}
_NOW: Final = ("active_incidents", "upcoming_maintenance")


def _recognises(body: bytes, _: str | None) -> bool:
    named = mentions(body, b'"global_is_operational"') or mentions(body, b'"past_incidents"', b'"incident_type"')
    return named and bool(_data(fields.json_or_none(body)))


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    data = _data(fields.json_or_none(body))
    if not data:
        raise refusal(body, content_type)
    if "past_incidents" in data:
        incidents, maintenances = parted(
            each(data, "past_incidents", "incident", lambda entry: _incident(entry, over=True))
        )
        return Snapshot(incidents=incidents, maintenances=maintenances)
    listed = (entry for key in _NOW for entry in objects(data, key, "incident"))
    incidents, maintenances = parted(among(listed, "incident", lambda entry: _incident(entry, over=False)))
    return Snapshot(
        name=fields.name(data.get("name")),
        incidents=incidents,
        maintenances=maintenances,
        components=distinct(among(_placed(data, "components", None, _DEEPEST), "component", _component)),
        components_listed=True,
        open_only=True,
    )


def _linked(html: bytes, _: str) -> tuple[Endpoints, ...]:
    if b"StatusPageDisplayController" not in html:
        return ()
    return (Endpoints(primary="/ajax", details=("/history",)),)


UPTIMECOM = Format(
    name="uptimecom",
    title="Uptime.com",
    source="independent readers, one of which records answers",
    recognises=_recognises,
    read=_read,
    linked=_linked,
)


def _data(answer: object) -> dict[str, Any]:
    data = fields.mapping(fields.mapping(answer).get("data"))
    if isinstance(data.get("components"), list) and "global_is_operational" in data:
        return data
    past = fields.objects_in(data.get("past_incidents"))
    return data if any("incident_type" in entry for entry in past) else {}


def _placed(
    holder: dict[str, Any], key: str, group: str | None, depth: int
) -> Iterator[tuple[dict[str, Any], str | None]]:
    for entry in objects(holder, key, "component"):
        if entry.get("is_group") is True:
            if depth:
                yield from _placed(entry, "subcomponents", fields.name(entry.get("name")), depth - 1)
        else:
            yield entry, group


def _component(placed: tuple[dict[str, Any], str | None]) -> Component:
    entry, group = placed
    name = fields.name(entry.get("name"))
    component_id = identity(entry.get("id"), "a component", name=f"{group or ''}\0{name}" if name else "")
    status = component_status(entry.get("status"))
    return Component(id=component_id, name=name or component_id, status=status, group=group)


def _incident(entry: dict[str, Any], *, over: bool) -> Incident:
    begins, ends = fields.moment(entry.get("starts_at")), fields.moment(entry.get("ends_at"))
    incident_id = identity(entry.get("id"), "an incident", since=begins)
    is_work = entry.get("incident_type") == _WORK
    before = "scheduled" if is_work else "investigating"
    updates = with_status_before(oldest_first(distinct(each(entry, "updates", "update", _update))), before)
    status = _state(entry.get("latest_update_incident_state")) or (updates[-1].status if updates else None)
    status = before if status in (None, UPDATE) else status
    if over and ends:
        status = "completed" if is_work else "resolved"
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("name")) or incident_id,
        status=status or UNKNOWN,
        impact=Impact.MAINTENANCE if is_work else None,
        updates=updates,
        components=fields.names(entry.get("affected_components")),
        mentions=mentioned(entry.get("affected_components")),
        scheduled_for=begins if is_work else None,
        scheduled_until=ends if is_work else None,
    )


def _update(entry: dict[str, Any]) -> IncidentUpdate:
    posted = fields.moment(entry.get("updated_at"))
    return IncidentUpdate(
        id=identity(entry.get("id"), "an incident update", since=posted),
        status=_state(entry.get("incident_state")) or UPDATE,
        body=fields.body_text(entry.get("description")),
        created_at=posted,
    )


def _state(word: object) -> str | None:
    return fields.known(_STATUSES, word) or status_word(word)
