"""Statuspage's public JSON, version 2, and incident.io's answers in the same shape -> Snapshot.

One reader for `summary.json`, `incidents.json`, `scheduled-maintenances.json`, `components.json`, `status.json` and
one bare incident: each is a choice of the same fields. Strict on ids, lenient on everything else.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from tracker.models import Component, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first, parted
from tracker.parse.mentions import mentioned, without_groups
from tracker.parse.sniff import STATUSPAGE_LISTS, refusal
from tracker.parse.words import UNKNOWN, component_status, status_word, vendor_word

#: What tells an entry of a list that came without its `page` from other vendors' lists of the same name.
_MARKS = frozenset({"incident_updates", "page_id", "shortlink"})
#: incident.io lists this many components at most, and other ones in the next answer.
_CUT_AT = 25
_IMPACTS: Mapping[str, Impact] = {impact.value: impact for impact in Impact}


def _recognises(body: bytes, _: str | None) -> bool:
    return _is_statuspage(fields.json_or_none(body))


def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if not _is_statuspage(answer):
        raise refusal(body, content_type)
    if _is_incident(answer):
        answer = {"incidents": [answer]}
    page = fields.mapping(answer.get("page"))
    site = fields.site(fields.link(page.get("url")) or url)
    incidents, maintenances = _incidents(answer, site)
    entries = fields.objects(answer, "components")
    components = _components(entries)
    names = {component.id: component.name for component in components}
    return Snapshot(
        name=fields.name(page.get("name")),
        updated_at=fields.moment(page.get("updated_at")),
        indicator=fields.known(_IMPACTS, fields.mapping(answer.get("status")).get("indicator")),
        incidents=tuple(without_groups(incident, names) for incident in incidents),
        maintenances=tuple(without_groups(maintenance, names) for maintenance in maintenances),
        components=components,
        components_complete=not _is_cut(entries),
    )


STATUSPAGE = Format(
    name="statuspage",
    title="Atlassian Statuspage",
    recognises=_recognises,
    read=_read,
    endpoints=(
        Endpoints(
            primary="/api/v2/summary.json",
            details=("/api/v2/incidents.json", "/api/v2/scheduled-maintenances.json"),
        ),
    ),
)


def _is_statuspage(answer: object) -> bool:
    """Tell whether the answer has the shape: a page with a list or a status, or lists of marked entries alone."""
    if not isinstance(answer, dict):
        return False
    if _is_incident(answer):
        return True
    present = [key for key in STATUSPAGE_LISTS if key in answer]
    page = answer.get("page")
    if isinstance(page, dict):
        return bool(present) or "indicator" in fields.mapping(answer.get("status"))
    return bool(present) and answer.keys() <= set(STATUSPAGE_LISTS) and all(_is_marked(answer[key]) for key in present)


def _is_incident(answer: dict[str, Any]) -> bool:
    return isinstance(answer.get("incident_updates"), list) and "id" in answer


def _is_marked(value: object) -> bool:
    """Tell whether a list that came without its page is empty or Statuspage's."""
    if value is None or value == []:
        return True
    first = value[0] if isinstance(value, list) else None
    return not _MARKS.isdisjoint(fields.mapping(first))


def _incident_link(site: str | None, incident_id: str) -> str | None:
    return f"{site}/incidents/{quote(incident_id, safe='')}" if site else None


def _incidents(answer: dict[str, Any], site: str | None) -> tuple[tuple[Incident, ...], tuple[Incident, ...]]:
    """Return incidents and maintenances; some vendors list a maintenance among the incidents, or in both lists."""
    planned, others = fields.objects(answer, "scheduled_maintenances"), fields.objects(answer, "incidents")
    return parted(
        (
            *(_incident(entry, site, is_maintenance=True) for entry in planned),
            *(_incident(entry, site, is_maintenance=_is_maintenance(entry)) for entry in others),
        )
    )


def _is_maintenance(entry: dict[str, Any]) -> bool:
    return fields.known(_IMPACTS, entry.get("impact")) is Impact.MAINTENANCE or bool(entry.get("scheduled_for"))


def _incident(entry: dict[str, Any], site: str | None, *, is_maintenance: bool) -> Incident:
    incident_id = fields.identifier(entry.get("id"), "an incident")
    status = status_word(entry.get("status"))
    entries = fields.objects(entry, "incident_updates")
    updates = oldest_first(distinct(_update(each, status or UNKNOWN) for each in entries), newest_first=True)
    if status is None:
        status = updates[-1].status if updates else UNKNOWN
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("name")) or incident_id,
        status=status,
        impact=Impact.MAINTENANCE if is_maintenance else fields.known(_IMPACTS, entry.get("impact")),
        link=fields.link(entry.get("shortlink")) or _incident_link(site, incident_id),
        updates=updates,
        mentions=mentioned(entry.get("components")),
        scheduled_for=fields.moment(entry.get("scheduled_for")),
        scheduled_until=fields.moment(entry.get("scheduled_until")),
    )


def _update(entry: dict[str, Any], incident_status: str) -> IncidentUpdate:
    status = status_word(entry.get("status")) or incident_status
    return IncidentUpdate(
        id=fields.identifier(entry.get("id"), "an incident update"),
        status=status,
        vendor_status=vendor_word(entry.get("status"), status),
        body=fields.body_text(entry.get("body")),
        created_at=(
            fields.moment(entry.get("created_at"))
            or fields.moment(entry.get("display_at"))
            or fields.moment(entry.get("updated_at"))
        ),
        mentions=mentioned(entry.get("affected_components"), "code"),
    )


def _components(entries: Sequence[dict[str, Any]]) -> tuple[Component, ...]:
    """Return the components; a group is none itself and gives its name to those inside."""
    ids = [fields.identifier(entry.get("id"), "a component") for entry in entries]
    groups = {
        group_id: fields.name(entry.get("name"))
        for group_id, entry in zip(ids, entries, strict=True)
        if entry.get("group") is True
    }
    found: dict[str, Component] = {}
    for component_id, entry in zip(ids, entries, strict=True):
        if component_id in groups or component_id in found:
            continue
        found[component_id] = Component(
            id=component_id,
            name=fields.name(entry.get("name")) or component_id,
            status=component_status(entry.get("status")),
            group=groups.get(str(entry.get("group_id"))),
        )
    return tuple(found.values())


def _is_cut(entries: Sequence[dict[str, Any]]) -> bool:
    """Tell whether the list is incident.io's, whose components know no groups, and as long as it ever gets."""
    return len(entries) >= _CUT_AT and not any("group" in entry for entry in entries)
