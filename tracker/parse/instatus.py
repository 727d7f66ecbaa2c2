"""Instatus's public JSON, the data of its pages and its feed -> Snapshot (instatus.com/help/api, recorded answers).

`summary.json` shows ongoing and planned events without texts and without ids of updates: one request shows whether the
page is quiet. Its update is a status with the time of the last change, a stand-in for the newest update of the page
itself, whose data (Next.js) has texts and affected components, and of the feed, which also has ended events
(`instatus_history`). The feed gives updates no ids, so their times are their keys in both. The page's own word changes
with its components, which `components.json` lists as well. Severity is a component's word: anything short of a major
outage is minor, as on Statuspage. No recording of a maintenance in the page's data is known: it is read by the names in
the JSON.

The software answers every path with status 200, and with its HTML page where it has nothing.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tracker.model.keys import key_of_update
from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot, is_made
from tracker.parse import _fields as fields
from tracker.parse import page_data
from tracker.parse.entries import among, each, entry_by_entry, identity, objects
from tracker.parse.feed import opened
from tracker.parse.format import Endpoints, Format
from tracker.parse.instatus_history import STATUSES, is_history, is_of_instatus, listed_in
from tracker.parse.listed import distinct, numbered, oldest_first, parted, status_key, time_key
from tracker.parse.mentions import mentioned
from tracker.parse.sniff import feed_root, refusal
from tracker.parse.words import UNKNOWN, status_word

_COMPONENT_STATUSES: Mapping[str, ComponentStatus] = {
    "operational": ComponentStatus.OPERATIONAL,
    "undermaintenance": ComponentStatus.UNDER_MAINTENANCE,
    "degradedperformance": ComponentStatus.DEGRADED_PERFORMANCE,
    "minoroutage": ComponentStatus.PARTIAL_OUTAGE,
    "partialoutage": ComponentStatus.PARTIAL_OUTAGE,
    "majoroutage": ComponentStatus.MAJOR_OUTAGE,
}
_IMPACTS: Mapping[str, Impact] = {
    "operational": Impact.NONE,
    "undermaintenance": Impact.MAINTENANCE,
    "degradedperformance": Impact.MINOR,
    "minoroutage": Impact.MINOR,
    "partialoutage": Impact.MINOR,
    "majoroutage": Impact.MAJOR,
    # Words of the page alone.
    "up": Impact.NONE,
    "hasissues": Impact.MINOR,
}
#: A page's word may say how many components it concerns.
_COUNTS = ("one", "some", "all")
#: The keys of a page's data that hold components, incidents and maintenances.
_PAGE_KEYS = ("site", "activeIncidents", "activeMaintenances")
_SUMMARY_KEYS = frozenset({"page", "activeIncidents", "activeMaintenances"})
#: Groups hold components, not groups.
_DEEPEST = 2
_LONGEST = timedelta(days=366)


def _recognises(body: bytes, _: str | None) -> bool:
    if page_data.is_page(body):
        return bool(page_data.next_object(body, *_PAGE_KEYS))
    if feed_root(body) is not None:
        return is_history(body)
    answer = fields.json_object(body)
    return _is_summary(answer) or (_is_components(answer) and bool(answer["components"]))


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    if page_data.is_page(body):
        return _page(body, url, content_type)
    if feed_root(body) is not None:
        return _feed(body, url, content_type)
    answer = fields.json_object(body)
    if _is_components(answer):
        components = distinct(among(_placed(answer, None, _DEEPEST), "component", _component))
        return Snapshot(components=components, components_listed=True)
    if not _is_summary(answer):
        raise refusal(body, content_type)
    page = fields.mapping(answer["page"])
    incidents, maintenances = parted(
        (
            *each(answer, "activeIncidents", "incident", lambda entry: _incident(entry, is_maintenance=False)),
            *each(answer, "activeMaintenances", "maintenance", lambda entry: _incident(entry, is_maintenance=True)),
        )
    )
    return Snapshot(
        name=fields.name(page.get("name")),
        indicator=_page_impact(page.get("status")),
        incidents=incidents,
        maintenances=maintenances,
        open_only=True,
        stand_ins=tuple(key_of_update(each.id, each.updates[-1].id) for each in (*incidents, *maintenances)),
    )


INSTATUS = Format(
    name="instatus",
    title="Instatus",
    precedence=12,
    recognises=_recognises,
    read=_read,
    endpoints=tuple(
        Endpoints(primary=path, details=("/v3/components.json", "/", "/history.rss"))
        for path in ("/v3/summary.json", "/summary.json")
    ),
    signs=(b"instatus.com",),
)


def _is_summary(answer: dict[str, Any]) -> bool:
    """Return whether it is a page with a word in capitals, alone or with ongoing events."""
    page = fields.mapping(answer.get("page"))
    word = page.get("status")
    is_word = isinstance(word, str) and word.isascii() and word.isalpha() and word.isupper() and word != "OPERATIONAL"
    return is_word and isinstance(page.get("url"), str) and answer.keys() <= _SUMMARY_KEYS


def _is_components(answer: dict[str, Any]) -> bool:
    components = answer.get("components")
    if answer.keys() != {"components"} or not isinstance(components, list):
        return False
    words = (component.get("status") for component in fields.objects_in(components))
    known = (word for word in words if isinstance(word, str) and word.isupper())
    return not components or any(word.lower() in _COMPONENT_STATUSES for word in known)


def _page(body: bytes, url: str, content_type: str | None) -> Snapshot:
    """Return the contents of a page's data."""
    data = page_data.next_object(body, *_PAGE_KEYS)
    if not data:
        raise refusal(body, content_type)
    site = fields.mapping(data["site"])
    components = distinct(among(_placed(site, None, _DEEPEST), "component", _component))
    incidents, maintenances = parted(
        (
            *each(data, "activeIncidents", "incident", lambda entry: _detailed(entry, url, is_maintenance=False)),
            *each(data, "activeMaintenances", "maintenance", lambda entry: _detailed(entry, url, is_maintenance=True)),
        )
    )
    return Snapshot(
        name=fields.name(_text(site.get("name"))),
        indicator=_page_impact(site.get("mainStatus")) or _page_impact(site.get("status")),
        incidents=incidents,
        maintenances=maintenances,
        components=components,
        components_listed=True,
        open_only=True,
        former_keys=_former_keys(data),
    )


def _feed(body: bytes, url: str, content_type: str | None) -> Snapshot:
    """Return the contents of the feed. Raises ParseError for a feed of other software."""
    feed = opened(body, url, content_type)
    if feed.entries and not any(map(is_of_instatus, feed.entries)):
        raise refusal(body, content_type)
    incidents, maintenances = parted(listed_in(feed.entries))
    return Snapshot(incidents=incidents, maintenances=maintenances)


def _detailed(entry: dict[str, Any], url: str, *, is_maintenance: bool) -> Incident:
    """Return an incident or a maintenance of a page's data, with its updates."""
    known = _incident({**entry, "name": _text(entry.get("name"))}, is_maintenance=is_maintenance)
    listed = oldest_first(each(entry, "updates", "update", _update))
    keys = numbered(update.id for update in listed)
    updates = tuple(msgspec.structs.replace(update, id=key) for update, key in zip(listed, keys, strict=True))
    # A component there has the status of that time; its name is under `default`.
    places = [{**part, "name": _text(part.get("name"))} for part in fields.objects_in(entry.get("components"))]
    kind = "maintenance" if is_maintenance else "incident"
    link = None if is_made(known.id) else fields.link(f"{(fields.site(url) or '')}/{kind}/{known.id}")
    return msgspec.structs.replace(
        known,
        status=known.status if known.status != UNKNOWN or not updates else updates[-1].status,
        link=known.link or link,
        updates=updates or known.updates,
        components=fields.names(places),
        mentions=mentioned(places),
    )


def _update(entry: dict[str, Any]) -> IncidentUpdate:
    began = _began(entry)
    word = entry.get("status")
    return IncidentUpdate(
        id=time_key(began) if began else identity(entry.get("id"), "an incident update"),
        status=fields.known(STATUSES, word) or status_word(word) or UNKNOWN,
        body=fields.body_text(_text(entry.get("messageHtml")) or _text(entry.get("message"))),
        created_at=began,
    )


def _began(update: dict[str, Any]) -> datetime | None:
    return fields.moment(update.get("started")) or fields.moment(update.get("createdAt"))


def _former_keys(data: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the former key of each update by its key: the former one held the vendor's id."""
    found: dict[str, tuple[str, ...]] = {}
    for entry in (part for key in _PAGE_KEYS[1:] for part in fields.objects_in(data.get(key))):
        dated = oldest_first([part for part in fields.objects_in(entry.get("updates")) if _began(part)], _began)
        keys = numbered(time_key(_began(part)) for part in dated)
        pairs = ((key, part["id"]) for key, part in zip(keys, dated, strict=True) if isinstance(part.get("id"), str))
        incident_id = str(entry.get("id"))
        found |= {key_of_update(incident_id, key): (key_of_update(incident_id, own.strip()),) for key, own in pairs}
    return found


def _text(value: object) -> object:
    """Return a text in the page's language, which is under `default`; any other value as it is."""
    return value.get("default") or value.get("en") if isinstance(value, dict) else value


def _incident(entry: dict[str, Any], *, is_maintenance: bool) -> Incident:
    word = entry.get("status")
    status = fields.known(STATUSES, word) or status_word(word) or UNKNOWN
    began = fields.moment(entry.get("start" if is_maintenance else "started"))
    changed = fields.moment(entry.get("updatedAt"))
    link = fields.link(entry.get("url"))
    incident_id = identity(entry.get("id"), "an incident", link=link, since=began)
    update = IncidentUpdate(
        id=status_key(status, changed),
        status=status,
        created_at=changed or (None if is_maintenance else began),
    )
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("name")) or incident_id,
        status=status,
        impact=Impact.MAINTENANCE if is_maintenance else fields.known(_IMPACTS, entry.get("impact")),
        link=link,
        updates=(update,),
        scheduled_for=began if is_maintenance else None,
        scheduled_until=_end(began, entry.get("duration")) if is_maintenance else None,
    )


def _end(begins: datetime | None, minutes: object) -> datetime | None:
    """Return the end of a window from its length in minutes, a number or a text."""
    text = str(minutes)
    if begins is None or not (text.isascii() and text.isdecimal()):
        return None
    length = int(text[:9])
    return begins + timedelta(minutes=length) if timedelta(minutes=length) <= _LONGEST else None


def _page_impact(word: object) -> Impact | None:
    if not isinstance(word, str):
        return None
    folded = word.lower()
    counted = (folded.removeprefix(count) for count in _COUNTS if folded.startswith(count))
    return next(filter(None, (fields.known(_IMPACTS, each) for each in (folded, *counted))), None)


def _component(placed: tuple[dict[str, Any], str | None]) -> Component:
    entry, group = placed
    name = fields.name(_text(entry.get("name")))
    component_id = identity(entry.get("id"), "a component", name=f"{group or ''}\0{name}" if name else "")
    status = fields.known(_COMPONENT_STATUSES, entry.get("status")) or ComponentStatus.UNKNOWN
    return Component(id=component_id, name=name or component_id, status=status, group=group)


def _placed(holder: dict[str, Any], group: str | None, depth: int) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Yield each component with the name of its group, which holds it (`children`) or is named by it (`group`)."""
    for entry in objects(holder, "components" if group is None else "children", "component"):
        if depth > 1 and entry.get("isParent") is True:
            yield from _placed(entry, fields.name(_text(entry.get("name"))) or "", depth - 1)
        else:
            yield entry, group or fields.name(_text(fields.mapping(entry.get("group")).get("name")))
