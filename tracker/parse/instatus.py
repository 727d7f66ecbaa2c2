"""Instatus's public JSON -> Snapshot (instatus.com/help/api, and recorded answers).

`summary.json` shows what goes on or is planned, without a text and without ids of updates: one request that tells
whether the page is quiet. An update is a status with the time of the last change. The page's own word changes with
its components, which only `components.json` lists. Nothing of what ended is shown. Severity is a component's word:
anything short of a major outage is minor, as Statuspage has it.

The software answers every path with status 200 and, where it has nothing, with the page for people.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tracker.models import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.format import Endpoints, Format
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, status_word

_COMPONENT_STATUSES: Mapping[object, ComponentStatus] = {
    "OPERATIONAL": ComponentStatus.OPERATIONAL,
    "UNDERMAINTENANCE": ComponentStatus.UNDER_MAINTENANCE,
    "DEGRADEDPERFORMANCE": ComponentStatus.DEGRADED_PERFORMANCE,
    "MINOROUTAGE": ComponentStatus.PARTIAL_OUTAGE,
    "PARTIALOUTAGE": ComponentStatus.PARTIAL_OUTAGE,
    "MAJOROUTAGE": ComponentStatus.MAJOR_OUTAGE,
}
_IMPACTS: Mapping[str, Impact] = {
    "OPERATIONAL": Impact.NONE,
    "UNDERMAINTENANCE": Impact.MAINTENANCE,
    "DEGRADEDPERFORMANCE": Impact.MINOR,
    "MINOROUTAGE": Impact.MINOR,
    "PARTIALOUTAGE": Impact.MINOR,
    "MAJOROUTAGE": Impact.MAJOR,
    # The page's words alone.
    "UP": Impact.NONE,
    "HASISSUES": Impact.MINOR,
}
#: A page's word may say how many components it is about.
_COUNTS = ("ONE", "SOME", "ALL")
_STATUSES: Mapping[object, str] = {"NOTSTARTEDYET": "scheduled", "INPROGRESS": "in_progress"}
_SUMMARY_KEYS = frozenset({"page", "activeIncidents", "activeMaintenances"})
#: Groups hold components, not groups.
_DEEPEST = 2
_LONGEST = timedelta(days=366)


def _recognises(body: bytes, _: str | None) -> bool:
    answer = fields.json_object(body)
    return _is_summary(answer) or (_is_components(answer) and bool(answer["components"]))


def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_object(body)
    if _is_components(answer):
        return Snapshot(components=_components(answer))
    if not _is_summary(answer):
        raise refusal(body, content_type)
    page = fields.mapping(answer["page"])
    ids = set[str]()
    return Snapshot(
        name=fields.name(page.get("name")),
        indicator=_page_impact(page.get("status")),
        incidents=tuple(_incidents(answer, "activeIncidents", ids)),
        maintenances=tuple(_incidents(answer, "activeMaintenances", ids)),
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
    """Tell whether it is a page with a word in capitals, alone or with what goes on."""
    page = fields.mapping(answer.get("page"))
    word = page.get("status")
    is_word = isinstance(word, str) and word.isascii() and word.isalpha() and word.isupper() and word != "OPERATIONAL"
    return is_word and isinstance(page.get("url"), str) and answer.keys() <= _SUMMARY_KEYS


def _is_components(answer: dict[str, Any]) -> bool:
    components = answer.get("components")
    if answer.keys() != {"components"} or not isinstance(components, list):
        return False
    return not components or fields.mapping(components[0]).get("status") in list(_COMPONENT_STATUSES)


def _incidents(answer: dict[str, Any], key: str, ids: set[str]) -> Iterator[Incident]:
    for entry in fields.objects(answer, key):
        incident = _incident(entry, is_maintenance=key == "activeMaintenances")
        if incident.id not in ids:
            ids.add(incident.id)
            yield incident


def _incident(entry: dict[str, Any], *, is_maintenance: bool) -> Incident:
    incident_id = fields.identifier(entry.get("id"), "an incident")
    word = entry.get("status")
    status = (_STATUSES.get(word) if isinstance(word, str) else None) or status_word(word) or UNKNOWN
    began = _moment(entry.get("start")) if is_maintenance else _moment(entry.get("started"))
    changed = _moment(entry.get("updatedAt"))
    impact = entry.get("impact")
    update = IncidentUpdate(
        id=f"{status}-{changed:%Y%m%dT%H%M%SZ}" if changed else status,
        status=status,
        created_at=changed or (None if is_maintenance else began),
    )
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("name")) or incident_id,
        status=status,
        impact=Impact.MAINTENANCE if is_maintenance else _IMPACTS.get(impact) if isinstance(impact, str) else None,
        link=fields.link(entry.get("url")),
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


def _moment(value: object) -> datetime | None:
    """Return a time: ISO 8601, or as JavaScript prints it (`Sat Jul 09 2022 04:20:00 GMT+0000 (…)`)."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.strptime(value.partition(" (")[0].strip(), "%a %b %d %Y %H:%M:%S GMT%z")
        return fields.plausible(parsed.astimezone(UTC))
    except (ValueError, OverflowError):
        return fields.moment(value)


def _page_impact(word: object) -> Impact | None:
    if not isinstance(word, str):
        return None
    known = _IMPACTS.get(word)
    counts = (count for count in _COUNTS if word.startswith(count))
    return known or next((_IMPACTS.get(word.removeprefix(count)) for count in counts), None)


def _components(answer: dict[str, Any]) -> tuple[Component, ...]:
    found: dict[str, Component] = {}
    for entry, group in _placed(answer, None, _DEEPEST):
        component_id = fields.identifier(entry.get("id"), "a component")
        word = entry.get("status")
        status = _COMPONENT_STATUSES.get(word) if isinstance(word, str) else None
        name = fields.name(entry.get("name")) or component_id
        component = Component(id=component_id, name=name, status=status or ComponentStatus.UNKNOWN, group=group)
        found.setdefault(component_id, component)
    return tuple(found.values())


def _placed(holder: dict[str, Any], group: str | None, depth: int) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Yield each component with the name of its group, which holds it (`children`) or is named by it (`group`)."""
    for entry in fields.objects(holder, "components" if group is None else "children"):
        if depth > 1 and entry.get("isParent") is True:
            yield from _placed(entry, fields.name(entry.get("name")) or "", depth - 1)
        else:
            yield entry, group or fields.name(fields.mapping(entry.get("group")).get("name"))
