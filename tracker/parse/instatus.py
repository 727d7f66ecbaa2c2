"""Instatus's public JSON -> Snapshot (instatus.com/help/api, and recorded answers).

`summary.json` shows open incidents and planned maintenances, without texts and ids of updates: one request shows
whether the page is quiet. An update is a status with the time of the last change. The page's own word changes with its
components, which only `components.json` lists. Nothing of what ended is shown. Severity is a component's word: anything
short of a major outage is minor, as Statuspage has it.

The software answers every path with status 200 and, where it has nothing, with the page for people.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, each, entry_by_entry, identity, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, parted, status_key
from tracker.parse.sniff import refusal
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
    # The page's words alone.
    "up": Impact.NONE,
    "hasissues": Impact.MINOR,
}
#: A page's word may say how many components it is about.
_COUNTS = ("one", "some", "all")
_STATUSES: Mapping[str, str] = {"notstartedyet": "scheduled", "inprogress": "in_progress"}
_SUMMARY_KEYS = frozenset({"page", "activeIncidents", "activeMaintenances"})
#: Groups hold components, not groups.
_DEEPEST = 2
_LONGEST = timedelta(days=366)


def _recognises(body: bytes, _: str | None) -> bool:
    answer = fields.json_object(body)
    return _is_summary(answer) or (_is_components(answer) and bool(answer["components"]))


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
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
    )


INSTATUS = Format(
    name="instatus",
    title="Instatus",
    recognises=_recognises,
    read=_read,
    endpoints=tuple(
        Endpoints(primary=path, details=("/v3/components.json",)) for path in ("/v3/summary.json", "/summary.json")
    ),
)


def _is_summary(answer: dict[str, Any]) -> bool:
    """Return whether it is a page with a word in capitals, alone or with what goes on."""
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


def _incident(entry: dict[str, Any], *, is_maintenance: bool) -> Incident:
    word = entry.get("status")
    status = fields.known(_STATUSES, word) or status_word(word) or UNKNOWN
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
    """Return the end of a window of so many minutes, which may stand there as text."""
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
    name = fields.name(entry.get("name"))
    component_id = identity(entry.get("id"), "a component", name=f"{group or ''}\0{name}" if name else "")
    status = fields.known(_COMPONENT_STATUSES, entry.get("status")) or ComponentStatus.UNKNOWN
    return Component(id=component_id, name=name or component_id, status=status, group=group)


def _placed(holder: dict[str, Any], group: str | None, depth: int) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Yield each component with the name of its group, which holds it (`children`) or is named by it (`group`)."""
    for entry in objects(holder, "components" if group is None else "children", "component"):
        if depth > 1 and entry.get("isParent") is True:
            yield from _placed(entry, fields.name(entry.get("name")) or "", depth - 1)
        else:
            yield entry, group or fields.name(fields.mapping(entry.get("group")).get("name"))
