"""StatusIQ's public summary and RSS (Site24x7) -> Snapshot.

`/sp/api/public/summary_details/statuspages/<id>` is the page's own request, with the page's id: components, ongoing
incidents, and ended ones by day. The keys of incidents and their updates are those of the vendor's own app kit
(StatusIQ for iOS, published under the Apache licence), those of components of independent public readers (inket/stts,
hani-sul/Wakz). Readers disagree on the numbers of states, so only 1 (operational) is read; the RSS beside it has the
others in words. It has an item for each component and none for incidents; a page may have switched it off (recorded).
Where it is the only answer, it is read as a feed. A component is known by its id, which is in the item's link. Texts of
maintenances are not known to be in the answer.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Reach, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, each, entry_by_entry, identity, objects
from tracker.parse.feed import opened
from tracker.parse.feed_entries import FeedEntry
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first, parted, status_key
from tracker.parse.sniff import feed_root, head, mentions, refusal
from tracker.parse.words import UNKNOWN, component_status, status_word

_SPACE: Final = b"site24x7.com/rssdefinitions"
_PAGE_ID: Final = re.compile(rb"""enc_statuspage_id\\?["']\s*:\s*\\?["']([\w=+/-]{8,100})""")
_COMPONENT_LINK: Final = re.compile(r"#/components/([\w=-]{1,200})")
#: The one number that all readers agree on.
_OPERATIONAL: Final = 1
#: The keys of an incident's id, title and beginning: in the app kit, and in the answers of other readers.
_IDS: Final = ("enc_inc_id", "enc_incident_id", "incident_id")
_TITLES: Final = ("incident_title", "title", "display_name")
_BEGAN: Final = ("incident_began_at", "started_at", "begin_time")


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b"current_status") and _is_summary(fields.json_or_none(body))


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if _is_summary(answer):
        return _summary(answer["data"])
    start = head(body)
    if _SPACE not in start or feed_root(start) != "rss":
        raise refusal(body, content_type)
    feed = opened(body, url, content_type)
    components = distinct(among(feed.entries, "component", _stated))
    return Snapshot(components=components, components_listed=True)


def _linked(html: bytes, _: str) -> tuple[Endpoints, ...]:
    found = _PAGE_ID.search(html)
    if found is None:
        return ()
    page = quote(found[1].decode(), safe="=")
    path = f"/sp/api/public/summary_details/statuspages/{page}?period=1&timezone=UTC"
    return (Endpoints(primary=path, details=("/rss",)),)


STATUSIQ = Format(
    name="statusiq",
    title="StatusIQ (Site24x7)",
    source="the vendor's app kit, independent readers; its RSS was recorded",
    recognises=_recognises,
    read=_read,
    linked=_linked,
    signs=(b"statusiq", b"StatusIQ"),
)


def _is_summary(answer: object) -> bool:
    data = fields.mapping(fields.mapping(answer).get("data"))
    return isinstance(data.get("current_status"), list) and "active_incident_details" in data


def _summary(data: dict[str, Any]) -> Snapshot:
    days = {"incidents": [each for day in _days(data) for each in fields.objects_in(day.get("grp_by_incidents_list"))]}
    listed = each(data, "active_incident_details", "incident", lambda entry: _incident(entry, is_over=False))
    ended = each(days, "incidents", "incident", lambda entry: _incident(entry, is_over=True))
    incidents, maintenances = parted((*listed, *ended))
    return Snapshot(
        incidents=incidents,
        maintenances=maintenances,
        components=distinct(among(_placed(data), "component", _component)),
        components_listed=True,
        incidents_reach=Reach.ALL,
        maintenances_reach=Reach.ALL,
        open_only=not days["incidents"],
    )


def _days(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    return fields.objects_in(data.get("resolved_incident_details"))


def _placed(data: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str | None]]:
    for entry in objects(data, "current_status", "component"):
        inside = objects(entry, "componentgroup_components", "component")
        group = fields.name(entry.get("componentgroup_display_name")) or fields.name(entry.get("display_name"))
        if inside:
            yield from ((component, group) for component in inside)
        elif not entry.get("is_group"):
            yield entry, None


def _component(placed: tuple[dict[str, Any], str | None]) -> Component:
    entry, group = placed
    name = fields.name(entry.get("display_name"))
    component_id = identity(entry.get("enc_component_id"), "a component", name=f"{group or ''}\0{name}" if name else "")
    code = entry.get("component_status")
    works = not isinstance(code, bool) and str(code) == str(_OPERATIONAL)
    status = ComponentStatus.OPERATIONAL if works else ComponentStatus.UNKNOWN
    return Component(id=component_id, name=name or component_id, status=status, group=group)


def _stated(entry: FeedEntry) -> Component:
    """Return the component of an item of the feed, `<name> - <state>`."""
    name, _, state = (entry.title or "").rpartition(" - ")
    found = _COMPONENT_LINK.search(entry.link or "")
    label = fields.name(name)
    component_id = identity(found[1] if found else None, "a component", name=label or "")
    informs = state.strip().lower() == "informational"
    return Component(
        id=component_id,
        name=label or component_id,
        status=ComponentStatus.OPERATIONAL if informs else component_status(state),
    )


def _incident(entry: dict[str, Any], *, is_over: bool) -> Incident:
    began, ended = _time(entry, *_BEGAN), _time(entry, "incident_ended_at")
    given = next((entry[key] for key in _IDS if entry.get(key)), None)
    incident_id = identity(given, "an incident", since=began)
    title = next(filter(None, (fields.name(entry.get(key)) for key in _TITLES)), None)
    updates = oldest_first(distinct(each(entry, "incident_status_updates", "update", _update)))
    # A number has no published meaning.
    said = updates[-1].status if updates else status_word(entry.get("status")) or UNKNOWN
    status = "resolved" if is_over else "active" if said == UNKNOWN else said
    if not updates:
        body = fields.body_text(entry.get("incident_desc"))
        when = ended if is_over else began
        updates = (IncidentUpdate(id=status_key(said, when), status=said, body=body, created_at=when),)
    return Incident(
        id=incident_id,
        name=title or incident_id,
        status=status,
        impact=Impact.MAINTENANCE if entry.get("is_maintenance") is True else None,
        link=fields.link(entry.get("permalink")),
        updates=updates,
        components=fields.names(entry.get("incident_affected_components"), "display_name"),
    )


def _update(entry: dict[str, Any]) -> IncidentUpdate:
    posted_at = _time(entry, "status_updated_at")
    return IncidentUpdate(
        id=identity(entry.get("enc_inc_state_progress_id"), "an incident update", since=posted_at),
        status=status_word(entry.get("incident_status")) or UNKNOWN,
        body=fields.body_text(entry.get("incident_status_desc")),
        created_at=posted_at,
    )


def _time(entry: Mapping[str, Any], *keys: str) -> datetime | None:
    return next(filter(None, (fields.moment(entry.get(key)) for key in keys)), None)
