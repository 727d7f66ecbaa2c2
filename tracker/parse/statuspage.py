"""Statuspage's public JSON, version 2, and incident.io's answers in the same shape -> Snapshot.

One reader for `summary.json`, `incidents.json`, `scheduled-maintenances.json`, `components.json`, `status.json` and one
bare incident: each holds some of the same fields. Strict on ids, lenient on everything else.
"""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import quote

from msgspec import UNSET

from tracker.model.page import Component, Impact, Incident, IncidentUpdate, Reach, Snapshot, is_made
from tracker.parse import _fields as fields
from tracker.parse.entries import among, by_id, each, entry_by_entry, identity, marked, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first, parted
from tracker.parse.mentions import mentioned, without_groups
from tracker.parse.rootly import is_rootly
from tracker.parse.sniff import STATUSPAGE_LISTS, refusal
from tracker.parse.words import UNKNOWN, component_status, status_word, vendor_word
from tracker.parse.zones import zone_of

#: Keys of an entry that distinguish a list without `page` from other vendors' lists of the same name.
_MARKS = frozenset({"incident_updates", "page_id", "shortlink"})
#: incident.io lists this many components at most, and other ones in the next answer.
_CUT_AT = 25
#: Lists of the newest hold 50 incidents, incident.io's 25: a shorter one holds all there are.
_SHORTEST_WINDOW = 25
_IMPACTS: Mapping[str, Impact] = {impact.value: impact for impact in Impact}


def _recognises(body: bytes, _: str | None) -> bool:
    answer = fields.json_or_none(body)
    return _is_statuspage(answer) and not is_rootly(answer)


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if not _is_statuspage(answer):
        raise refusal(body, content_type)
    if _is_incident(answer):
        answer = {"incidents": [answer]}
    page = fields.mapping(answer.get("page"))
    zone = zone_of(page.get("time_zone"))
    incidents, maintenances = _incidents(answer, fields.site(fields.link(page.get("url")) or url), zone)
    entries = objects(answer, "components", "component")
    components = _components(entries, zone)
    names = {component.id: component.name for component in components}
    return Snapshot(
        name=fields.name(page.get("name")),
        updated_at=fields.moment(page.get("updated_at"), zone),
        indicator=fields.known(_IMPACTS, fields.mapping(answer.get("status")).get("indicator")),
        incidents=tuple(without_groups(incident, names) for incident in incidents),
        maintenances=tuple(without_groups(maintenance, names) for maintenance in maintenances),
        components=components,
        components_complete=not _is_cut(entries),
        components_listed=isinstance(answer.get("components"), list),
        incidents_reach=_reach(answer, "incidents"),
        maintenances_reach=_reach(answer, "scheduled_maintenances"),
    )


STATUSPAGE = Format(
    name="statuspage",
    title="Atlassian Statuspage",
    precedence=11,
    recognises=_recognises,
    read=_read,
    signs=(b"statuspage.io", b"dka575ofm4ao0.cloudfront.net"),
    endpoints=(
        Endpoints(
            primary="/api/v2/summary.json",
            details=("/api/v2/incidents.json", "/api/v2/scheduled-maintenances.json"),
        ),
    ),
)


def _is_statuspage(answer: object) -> bool:
    """Return whether the answer has the shape: a page with a list or a status, or lists of marked entries alone."""
    if not isinstance(answer, dict):
        return False
    if _is_incident(answer):
        return True
    present = [key for key in STATUSPAGE_LISTS if key in answer]
    page = answer.get("page")
    if isinstance(page, dict):
        return bool(present) or "indicator" in fields.mapping(answer.get("status"))
    # A `page` that is null counts like an absent one, and may come with a status.
    others = answer.keys() - {"page", "status"} if "page" in answer else answer.keys()
    return bool(present) and others <= set(STATUSPAGE_LISTS) and all(_is_marked(answer[key]) for key in present)


def _reach(answer: dict[str, Any], key: str) -> Reach:
    """Return the reach of a list: `summary.json` holds all open and planned incidents, other answers the newest."""
    entries = answer.get(key)
    if "status" in answer and "components" in answer and "page" in answer:
        # incident.io leaves the list of incidents out when it is empty, and that of maintenances always.
        return Reach.ALL if key == "incidents" or isinstance(entries, list) else Reach.NOTHING
    if not isinstance(entries, list) or "page" not in answer:
        return Reach.NOTHING
    return Reach.ALL if len(entries) < _SHORTEST_WINDOW else Reach.WINDOW


def _is_incident(answer: dict[str, Any]) -> bool:
    return isinstance(answer.get("incident_updates"), list) and "id" in answer


def _is_marked(value: object) -> bool:
    """Return whether a list without its page is empty or Statuspage's."""
    if value is None or value == []:
        return True
    return any(marked(value, frozenset({mark})) for mark in _MARKS)


def _incident_link(site: str | None, incident_id: str) -> str | None:
    return f"{site}/incidents/{quote(incident_id, safe='')}" if site else None


def _incidents(
    answer: dict[str, Any], site: str | None, zone: tzinfo | None
) -> tuple[tuple[Incident, ...], tuple[Incident, ...]]:
    """Return incidents and maintenances; some vendors list a maintenance among the incidents, or in both lists."""

    def planned(entry: dict[str, Any]) -> Incident:
        return _incident(entry, site, zone, is_maintenance=True)

    def other(entry: dict[str, Any]) -> Incident:
        return _incident(entry, site, zone, is_maintenance=_is_maintenance(entry))

    maintenances = each(answer, "scheduled_maintenances", "maintenance", planned)
    return parted((*maintenances, *each(answer, "incidents", "incident", other)))


def _is_maintenance(entry: dict[str, Any]) -> bool:
    return fields.known(_IMPACTS, entry.get("impact")) is Impact.MAINTENANCE or bool(entry.get("scheduled_for"))


def _incident(entry: dict[str, Any], site: str | None, zone: tzinfo | None, *, is_maintenance: bool) -> Incident:
    shortlink = fields.link(entry.get("shortlink"))
    since = _moment(entry, zone, "created_at", "started_at")
    incident_id = identity(entry.get("id"), "an incident", link=shortlink, since=since)
    status = status_word(entry.get("status"))
    listed = each(entry, "incident_updates", "update", lambda update: _update(update, status or UNKNOWN, zone))
    updates = oldest_first(distinct(listed), newest_first=True)
    if status is None:
        status = updates[-1].status if updates else UNKNOWN
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("name")) or incident_id,
        status=status,
        impact=Impact.MAINTENANCE if is_maintenance else fields.known(_IMPACTS, entry.get("impact")),
        link=shortlink or (site if is_made(incident_id) else _incident_link(site, incident_id)),
        updates=updates,
        mentions=mentioned(entry.get("components")),
        scheduled_for=_moment(entry, zone, "scheduled_for"),
        scheduled_until=_moment(entry, zone, "scheduled_until"),
    )


def _moment(entry: dict[str, Any], zone: tzinfo | None, *keys: str) -> datetime | None:
    return next((time for key in keys if (time := fields.moment(entry.get(key), zone))), None)


def _update(entry: dict[str, Any], incident_status: str, zone: tzinfo | None) -> IncidentUpdate:
    status = status_word(entry.get("status")) or incident_status
    created_at = _moment(entry, zone, "created_at", "display_at")
    return IncidentUpdate(
        id=identity(entry.get("id"), "an incident update", since=created_at),
        status=status,
        vendor_status=vendor_word(entry.get("status"), status),
        body=fields.body_text(entry.get("body")),
        created_at=created_at or _moment(entry, zone, "updated_at"),
        mentions=mentioned(entry.get("affected_components"), "code"),
    )


def _components(entries: list[dict[str, Any]], zone: tzinfo | None) -> tuple[Component, ...]:
    """Return the components; a group is no component, and gives its name to those inside."""
    holders = by_id(entry for entry in entries if entry.get("group") is True)
    groups = {group_id: fields.name(entry.get("name")) for group_id, entry in holders.items()}
    parts = (entry for entry in entries if entry.get("group") is not True)
    found = among(parts, "component", lambda entry: _component(entry, groups.get(str(entry.get("group_id"))), zone))
    return tuple(component for component in distinct(found) if component.id not in groups)


def _component(entry: dict[str, Any], group: str | None, zone: tzinfo | None) -> Component:
    name = fields.name(entry.get("name"))
    component_id = identity(entry.get("id"), "a component", name=f"{group or ''}\0{name}" if name else "")
    return Component(
        id=component_id,
        name=name or component_id,
        status=component_status(entry.get("status")),
        group=group,
        # incident.io, whose components know no groups, dates all of them by one time.
        changed_at=(_moment(entry, zone, "updated_at") if "group" in entry else None) or UNSET,
    )


def _is_cut(entries: list[dict[str, Any]]) -> bool:
    """Return whether the list is incident.io's, whose components know no groups, and has the greatest length."""
    return len(entries) >= _CUT_AT and not any("group" in entry for entry in entries)
