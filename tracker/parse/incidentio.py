"""incident.io's own JSON -> Snapshot: what its pages read themselves, and the summary for widgets.

`/proxy/<host>` shows what goes on or is planned, with all updates, and every component in its group: one request that
tells whether the page is quiet. What ended is in `/proxy/<host>/incidents` alone, which names components by id only.
Neither is documented; the shape is that of public readers (yash492/statusy, OneUptime). `/api/v1/summary` is
documented (docs.incident.io/status-pages/api) and shows of an incident the newest text: it is read where a page is
given by that address, and asked for nowhere.

Ids are ULIDs, of incidents the same that the Statuspage-compatible answers show. An update of the widget has none; its
time stands in. A maintenance says so in `type`. Severity is the worst status that a component had on the way, in the
words of the compatible answers: degraded is minor, partial outage major, full outage critical.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tracker.models import Component, Impact, Incident, IncidentUpdate, Snapshot, worst_impact
from tracker.parse import _fields as fields
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first, parted, time_key
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, component_status, status_word

_IMPACTS: Mapping[str, Impact] = {
    "operational": Impact.NONE,
    "degraded_performance": Impact.MINOR,
    "partial_outage": Impact.MAJOR,
    "full_outage": Impact.CRITICAL,
}
_SUMMARY_KEYS = frozenset({"structure", "ongoing_incidents", "affected_components"})
_WIDGET_LISTS = ("in_progress_maintenances", "scheduled_maintenances")
#: What tells an incident from those of other platforms' lists of the same name.
_MARKS = frozenset({"component_impacts", "status_summaries", "status_page_id"})


def _recognises(body: bytes, _: str | None) -> bool:
    answer = fields.json_object(body)
    return _is_summary(answer) or _is_widget(answer) or (_is_history(answer) and bool(answer["incidents"]))


def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    answer = fields.json_object(body)
    if _is_summary(answer):
        return _summary(answer["summary"], url)
    if _is_widget(answer):
        return _widget(answer)
    if _is_history(answer):
        incidents, maintenances = parted(
            _incident(entry, {}, fields.site(url)) for entry in fields.objects(answer, "incidents")
        )
        return Snapshot(incidents=incidents, maintenances=maintenances)
    raise refusal(body, content_type)


INCIDENTIO = Format(
    name="incidentio",
    title="incident.io",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/proxy/{host}", details=("/proxy/{host}/incidents",)),),
)


def _is_summary(answer: dict[str, Any]) -> bool:
    return not _SUMMARY_KEYS.isdisjoint(fields.mapping(answer.get("summary")))


def _is_widget(answer: dict[str, Any]) -> bool:
    return "ongoing_incidents" in answer and any(key in answer for key in _WIDGET_LISTS)


def _is_history(answer: dict[str, Any]) -> bool:
    """Tell whether the answer is a list of incidents; an empty one is anybody's."""
    incidents = answer.get("incidents")
    if not isinstance(incidents, list):
        return False
    return not _MARKS.isdisjoint(fields.mapping(incidents[0])) if incidents else answer.keys() == {"incidents"}


def _summary(summary: dict[str, Any], url: str) -> Snapshot:
    components = _components(summary)
    names = {component.id: component.name for component in components}
    site = fields.link(summary.get("public_url")) or fields.site(url)
    entries = [*fields.objects(summary, "ongoing_incidents"), *fields.objects(summary, "scheduled_maintenances")]
    incidents, maintenances = parted(_incident(entry, names, site) for entry in entries)
    return Snapshot(
        name=fields.name(summary.get("name")),
        incidents=incidents,
        maintenances=maintenances,
        components=components,
        components_listed=True,
        open_only=True,
    )


def _components(summary: dict[str, Any]) -> tuple[Component, ...]:
    """Return all components: each that is not said to be affected works."""
    affected = {
        str(entry.get("component_id")): str(entry.get("status") or entry.get("current_status"))
        for entry in fields.objects(summary, "affected_components")
    }
    found: dict[str, Component] = {}
    for entry, group in _placed(summary):
        component_id = fields.identifier(entry.get("component_id") or entry.get("id"), "a component")
        status = component_status(affected.get(component_id, "operational"))
        name = fields.name(entry.get("name")) or component_id
        found.setdefault(component_id, Component(id=component_id, name=name, status=status, group=group))
    hidden = {str(entry.get("component_id")) for entry, _ in _placed(summary) if entry.get("hidden") is True}
    return tuple(component for component in found.values() if component.id not in hidden)


def _placed(summary: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Yield the components with the names of their groups, then those that stand in no place of the page."""
    for item in fields.objects(fields.mapping(summary.get("structure")), "items"):
        group = fields.mapping(item.get("group"))
        for entry in fields.objects(group, "components"):
            yield ({**entry, "hidden": True} if group.get("hidden") is True else entry), fields.name(group.get("name"))
        if isinstance(item.get("component"), dict):
            yield item["component"], None
    for entry in fields.objects(summary, "components"):
        yield entry, None


def _incident(entry: dict[str, Any], names: Mapping[str, str], site: str | None) -> Incident:
    incident_id = fields.identifier(entry.get("id"), "an incident")
    status = status_word(entry.get("status"))
    listed = (_update(update, names, status or UNKNOWN) for update in fields.objects(entry, "updates"))
    updates = oldest_first(distinct(listed))
    is_maintenance = entry.get("type") == "maintenance"
    begins, ends = _window(entry) if is_maintenance else (None, None)
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("name")) or incident_id,
        status=status or (updates[-1].status if updates else UNKNOWN),
        impact=Impact.MAINTENANCE if is_maintenance else _worst(entry),
        link=f"{site.rstrip('/')}/incidents/{quote(incident_id, safe='')}" if site else None,
        updates=updates,
        components=_named(fields.objects(entry, "affected_components"), names),
        scheduled_for=begins,
        scheduled_until=ends,
    )


def _update(entry: dict[str, Any], names: Mapping[str, str], incident_status: str) -> IncidentUpdate:
    text = entry.get("message_string") or fields.mapping(entry.get("message")).get("markdown")
    return IncidentUpdate(
        id=fields.identifier(entry.get("id"), "an incident update"),
        status=status_word(entry.get("to_status")) or incident_status,
        body=fields.body_text(text),
        created_at=fields.moment(entry.get("published_at")),
        components=_named(fields.objects(entry, "component_statuses"), names),
    )


def _named(entries: Sequence[dict[str, Any]], names: Mapping[str, str]) -> tuple[str, ...]:
    return fields.unique(names.get(str(entry.get("component_id"))) for entry in entries)


def _worst(entry: dict[str, Any]) -> Impact | None:
    met = [*fields.objects(entry, "component_impacts"), *fields.objects(entry, "affected_components")]
    return worst_impact([fields.known(_IMPACTS, each.get("status")) for each in met])


def _window(entry: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Return when a maintenance begins and ends: from the first to the last moment of any of its components."""
    impacts = fields.objects(entry, "component_impacts") or fields.objects(entry, "status_summaries")
    begins = filter(None, (fields.moment(impact.get("start_at")) for impact in impacts))
    ends = filter(None, (fields.moment(impact.get("end_at")) for impact in impacts))
    return min(begins, default=None), max(ends, default=None)


def _widget(answer: dict[str, Any]) -> Snapshot:
    planned = [entry for key in _WIDGET_LISTS for entry in fields.objects(answer, key)]
    ongoing = [_shown(entry, is_maintenance=False) for entry in fields.objects(answer, "ongoing_incidents")]
    incidents, maintenances = parted([*ongoing, *(_shown(entry, is_maintenance=True) for entry in planned)])
    return Snapshot(
        name=fields.name(answer.get("page_title")), incidents=incidents, maintenances=maintenances, open_only=True
    )


def _shown(entry: dict[str, Any], *, is_maintenance: bool) -> Incident:
    """Return an incident or a maintenance of the widget, with its newest update."""
    incident_id = fields.identifier(entry.get("id"), "an incident")
    status = status_word(entry.get("status")) or UNKNOWN
    time = fields.moment(entry.get("last_update_at"))
    components = fields.unique(fields.name(each.get("name")) for each in fields.objects(entry, "affected_components"))
    update = IncidentUpdate(
        id=time_key(time) if time else status,
        status=status,
        body=fields.body_text(entry.get("last_update_message")),
        created_at=time,
        components=components,
    )
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("name")) or incident_id,
        status=status,
        impact=Impact.MAINTENANCE if is_maintenance else fields.known(_IMPACTS, entry.get("current_worst_impact")),
        link=fields.link(entry.get("url")),
        updates=(update,),
        components=components,
        scheduled_for=fields.moment(entry.get("starts_at")) or fields.moment(entry.get("started_at")),
        scheduled_until=fields.moment(entry.get("ends_at")) or fields.moment(entry.get("scheduled_end_at")),
    )
