"""incident.io's own JSON -> Snapshot: the answers that its pages request themselves, and the summary for widgets.

`/proxy/<host>` shows ongoing and planned events with all updates, and every component in its group: one request that
shows whether the page is quiet. Ended events are in `/proxy/<host>/incidents` alone, which names components by id;
their names are in the other answer. Neither is documented; the shape is that of public readers (yash492/statusy,
OneUptime). The page itself (Next.js) has the data of the first answer; it is read for a page below another, whose own
answers are not known, and where nothing else answers. `/api/v1/summary` is documented
(docs.incident.io/status-pages/api). It shows the newest text of an incident, a stand-in for the newest update in the
page's data.

Ids are ULIDs; an incident has the same one in the Statuspage-compatible answers. An update of the widget has no id and
is known by its time. `type` marks a maintenance. Severity is the worst status that a component had during the incident,
in the words of the compatible answers: degraded is minor, partial outage major, full outage critical.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tracker.model.keys import key_of_update
from tracker.model.page import Component, Impact, Incident, IncidentUpdate, Snapshot, is_made, worst_impact
from tracker.parse import _fields as fields
from tracker.parse import page_data
from tracker.parse.entries import Kind, among, each, entry_by_entry, identity, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first, parted, time_key
from tracker.parse.mentions import identified, mentioned, names_of
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, component_status, status_word

_IMPACTS: Mapping[str, Impact] = {
    "operational": Impact.NONE,
    "degraded_performance": Impact.MINOR,
    "partial_outage": Impact.MAJOR,
    "full_outage": Impact.CRITICAL,
}
_SUMMARY_KEYS = frozenset({"structure", "ongoing_incidents", "affected_components"})
_SUMMARY_LISTS: Mapping[str, Kind] = {"ongoing_incidents": "incident", "scheduled_maintenances": "maintenance"}
#: The keys of the summary among the data of a page.
_PAGE_KEYS = ("ongoing_incidents", "affected_components", "structure")
_WIDGET_LISTS = ("in_progress_maintenances", "scheduled_maintenances")
#: Keys of an incident that distinguish it from those in other platforms' lists of the same name.
_MARKS = frozenset({"component_impacts", "status_summaries", "status_page_id"})


def _recognises(body: bytes, _: str | None) -> bool:
    if page_data.is_page(body):
        return bool(page_data.next_object(body, *_PAGE_KEYS))
    answer = fields.json_object(body)
    return _is_summary(answer) or _is_widget(answer) or (_is_history(answer) and bool(answer["incidents"]))


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    if page_data.is_page(body) and (summary := page_data.next_object(body, *_PAGE_KEYS)):
        return _summary(summary, url)
    answer = fields.json_object(body)
    if _is_summary(answer):
        return _summary(answer["summary"], url)
    if _is_widget(answer):
        return _widget(answer)
    if _is_history(answer):
        site = fields.site(url)
        incidents, maintenances = parted(
            each(answer, "incidents", "incident", lambda entry: _incident(entry, None, site))
        )
        return Snapshot(incidents=incidents, maintenances=maintenances, components_by_id=True)
    raise refusal(body, content_type)


_NATIVE = Endpoints(primary="/proxy/{host}", details=("/proxy/{host}/incidents",))
_SIGNS = (b"incident.io", b"incident-io-status-page")


def _linked(html: bytes, _: str) -> tuple[Endpoints, ...]:
    """Return the summary for widgets as well where the page is one of incident.io's."""
    if not any(sign in html for sign in _SIGNS):
        return ()
    return (_NATIVE, Endpoints(primary="/api/v1/summary", details=("/",)))


INCIDENTIO = Format(
    name="incidentio",
    title="incident.io",
    precedence=10,
    recognises=_recognises,
    read=_read,
    endpoints=(_NATIVE,),
    linked=_linked,
    signs=_SIGNS,
)


def _is_summary(answer: dict[str, Any]) -> bool:
    return not _SUMMARY_KEYS.isdisjoint(fields.mapping(answer.get("summary")))


def _is_widget(answer: dict[str, Any]) -> bool:
    return "ongoing_incidents" in answer and any(key in answer for key in _WIDGET_LISTS)


def _is_history(answer: dict[str, Any]) -> bool:
    """Return whether the answer is a list of incidents; an empty list may be any vendor's."""
    incidents = answer.get("incidents")
    if not isinstance(incidents, list):
        return False
    known = any(not _MARKS.isdisjoint(entry) for entry in fields.objects_in(incidents))
    return known if incidents else answer.keys() == {"incidents"}


def _summary(summary: dict[str, Any], url: str) -> Snapshot:
    components = _components(summary)
    names = {component.id: component.name for component in components}
    site = fields.link(summary.get("public_url")) or fields.site(url)
    listed = (
        incident
        for key, kind in _SUMMARY_LISTS.items()
        for incident in each(summary, key, kind, lambda entry: _incident(entry, names, site))
    )
    incidents, maintenances = parted(listed)
    return Snapshot(
        name=fields.name(summary.get("name")),
        incidents=incidents,
        maintenances=maintenances,
        components=components,
        components_listed=True,
        open_only=True,
    )


def _components(summary: dict[str, Any]) -> tuple[Component, ...]:
    """Return all components; one that is not listed as affected works."""
    affected = {
        str(entry.get("component_id")): entry.get("current_status") or entry.get("status")
        for entry in fields.objects_in(summary.get("affected_components"))
    }
    placed = list(_placed(summary))
    hidden = {str(entry.get("component_id")) for entry, _ in placed if entry.get("hidden") is True}

    def component(placed: tuple[dict[str, Any], str | None]) -> Component:
        entry, group = placed
        name = fields.name(entry.get("name"))
        own = entry.get("component_id") or entry.get("id")
        component_id = identity(own, "a component", name=f"{group or ''}\0{name}" if name else "")
        status = component_status(affected.get(component_id, "operational"))
        return Component(id=component_id, name=name or component_id, status=status, group=group)

    return tuple(each for each in distinct(among(placed, "component", component)) if each.id not in hidden)


def _placed(summary: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Yield the components with the names of their groups, then those without a place on the page."""
    for item in objects(fields.mapping(summary.get("structure")), "items", "component"):
        group = fields.mapping(item.get("group"))
        for entry in objects(group, "components", "component"):
            yield ({**entry, "hidden": True} if group.get("hidden") is True else entry), fields.name(group.get("name"))
        if isinstance(item.get("component"), dict):
            yield item["component"], None
    for entry in objects(summary, "components", "component"):
        yield entry, None


def _incident(entry: dict[str, Any], names: Mapping[str, str] | None, site: str | None) -> Incident:
    """Return an incident; it names components by their ids if their names are unknown."""
    incident_id = identity(entry.get("id"), "an incident", since=fields.moment(entry.get("published_at")))
    status = status_word(entry.get("status"))
    listed = each(entry, "updates", "update", lambda update: _update(update, names, status or UNKNOWN))
    updates = oldest_first(distinct(listed))
    is_maintenance = entry.get("type") == "maintenance"
    begins, ends = _window(entry) if is_maintenance else (None, None)
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("name")) or incident_id,
        status=status or (updates[-1].status if updates else UNKNOWN),
        impact=Impact.MAINTENANCE if is_maintenance else _worst(entry),
        link=_link(site, incident_id),
        updates=updates,
        components=_named(entry.get("affected_components"), names),
        mentions=identified(_ids(entry.get("affected_components")), names or {}),
        scheduled_for=begins,
        scheduled_until=ends,
    )


def _link(site: str | None, incident_id: str) -> str | None:
    if site is None or is_made(incident_id):
        return site
    return f"{site.rstrip('/')}/incidents/{quote(incident_id, safe='')}"


def _update(entry: dict[str, Any], names: Mapping[str, str] | None, incident_status: str) -> IncidentUpdate:
    text = entry.get("message_string") or fields.mapping(entry.get("message")).get("markdown")
    published_at = fields.moment(entry.get("published_at"))
    return IncidentUpdate(
        id=identity(entry.get("id"), "an incident update", since=published_at),
        status=status_word(entry.get("to_status")) or incident_status,
        body=fields.body_text(text),
        created_at=published_at,
        components=_named(entry.get("component_statuses"), names),
        mentions=identified(_ids(entry.get("component_statuses")), names or {}),
    )


def _named(entries: object, names: Mapping[str, str] | None) -> tuple[str, ...]:
    ids = map(fields.name, _ids(entries))
    return fields.unique(ids if names is None else map(names.get, filter(None, ids)))


def _ids(entries: object) -> Iterator[object]:
    return (entry.get("component_id") for entry in fields.objects_in(entries))


def _worst(entry: dict[str, Any]) -> Impact | None:
    met = [*fields.objects_in(entry.get("component_impacts")), *fields.objects_in(entry.get("affected_components"))]
    return worst_impact([fields.known(_IMPACTS, each.get("status")) for each in met])


def _window(entry: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Return begin and end of a maintenance: the first and the last moment of any of its components."""
    impacts = fields.objects_in(entry.get("component_impacts")) or fields.objects_in(entry.get("status_summaries"))
    begins = filter(None, (fields.moment(impact.get("start_at")) for impact in impacts))
    ends = filter(None, (fields.moment(impact.get("end_at")) for impact in impacts))
    return min(begins, default=None), max(ends, default=None)


def _widget(answer: dict[str, Any]) -> Snapshot:
    ongoing = each(answer, "ongoing_incidents", "incident", lambda entry: _shown(entry, is_maintenance=False))
    planned = (
        maintenance
        for key in _WIDGET_LISTS
        for maintenance in each(answer, key, "maintenance", lambda entry: _shown(entry, is_maintenance=True))
    )
    incidents, maintenances = parted((*ongoing, *planned))
    return Snapshot(
        name=fields.name(answer.get("page_title")),
        incidents=incidents,
        maintenances=maintenances,
        open_only=True,
        stand_ins=tuple(key_of_update(each.id, each.updates[-1].id) for each in (*incidents, *maintenances)),
    )


def _shown(entry: dict[str, Any], *, is_maintenance: bool) -> Incident:
    """Return an incident or a maintenance of the widget, with its newest update."""
    link = fields.link(entry.get("url"))
    begins = fields.moment(entry.get("starts_at")) or fields.moment(entry.get("started_at"))
    incident_id = identity(entry.get("id"), "an incident", link=link, since=begins)
    status = status_word(entry.get("status")) or UNKNOWN
    time = fields.moment(entry.get("last_update_at"))
    mentions = mentioned(entry.get("affected_components"))
    components = names_of(mentions)
    update = IncidentUpdate(
        id=time_key(time) if time else status,
        status=status,
        body=fields.body_text(entry.get("last_update_message")),
        created_at=time,
        components=components,
        mentions=mentions,
    )
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("name")) or incident_id,
        status=status,
        impact=Impact.MAINTENANCE if is_maintenance else fields.known(_IMPACTS, entry.get("current_worst_impact")),
        link=link,
        updates=(update,),
        components=components,
        mentions=mentions,
        scheduled_for=begins,
        scheduled_until=fields.moment(entry.get("ends_at")) or fields.moment(entry.get("scheduled_end_at")),
    )
