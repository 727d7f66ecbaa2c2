"""Yandex Cloud's incidents (`/api/incidents`, also one alone from `/api/incidents/<id>`) -> Snapshot.

The newest incidents with all their comments in one answer. Comments have ids. A comment of type `update` repeats the
status before it. An incident may be called open long after the comment that resolves it: it is over once it has an
end. The published report is its postmortem. Texts come in the language that the address asks for. Planned works are
not reported here.
"""

from collections.abc import Mapping
from typing import Any, Final

from tracker.model.page import Impact, Incident, IncidentUpdate, Reach, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import each, entry_by_entry, identity, marked
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first, parted, with_status_before
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, UPDATE, status_word

_SITE: Final = "https://status.yandex.cloud"
_REPORT: Final = "report"
#: Keys that every incident has, and no other vendor's.
_MARKS: Final = frozenset({"comments", "installations", "levelId"})
# By level: minor trouble, and an outage.
_IMPACTS: Final[Mapping[int, Impact]] = {1: Impact.MINOR, 2: Impact.MAJOR}


def _recognises(body: bytes, _: str | None) -> bool:
    return (b'"levelId"' in body or b'"items"' in body) and _entries(fields.json_or_none(body)) is not None


def _entries(answer: object) -> list[Any] | None:
    """Return the list in an answer of either shape, None for any other answer."""
    if not isinstance(answer, dict):
        return None
    if answer.keys() >= _MARKS:
        return [answer]
    items = answer.get("items")
    if answer.keys() != {"items", "count"} or not isinstance(items, list):
        return None
    return items if not items or marked(items, _MARKS) else None


@entry_by_entry
def _read(body: bytes, _url: str, content_type: str | None) -> Snapshot:
    entries = _entries(fields.json_or_none(body))
    if entries is None:
        raise refusal(body, content_type)
    incidents, _ = parted(each({"items": entries}, "items", "incident", _incident))
    is_list = "items" in fields.json_object(body)
    return Snapshot(incidents=incidents, incidents_reach=Reach.WINDOW if is_list else Reach.NOTHING)


YANDEX = Format(
    name="yandex",
    title="Yandex Cloud",
    in_part="no planned works",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/api/incidents?lang=ru&installation=all"),),
    hosts=("status.yandex.cloud",),
)


def _incident(entry: dict[str, Any]) -> Incident:
    incident_id = identity(entry.get("id"), "an incident", since=fields.moment(entry.get("startDate")))
    updates = _updates(entry)
    is_over = bool(fields.moment(entry.get("endDate")))
    status = "resolved" if is_over else status_word(entry.get("status")) or UNKNOWN
    if not is_over and updates:
        status = updates[-1].status
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("title")) or incident_id,
        status=status,
        impact=fields.known(_IMPACTS, entry.get("levelId")),
        link=f"{_SITE}/ru/incidents/{incident_id}" if incident_id.isascii() and incident_id.isalnum() else None,
        updates=updates,
        components=fields.names(entry.get("services")),
        regions=_zones(entry),
    )


def _updates(entry: dict[str, Any]) -> tuple[IncidentUpdate, ...]:
    comments = oldest_first(distinct(each(entry, "comments", "update", _update)), newest_first=True)
    updates = with_status_before(comments, UNKNOWN)
    if entry.get("isReportPublished") is True and (report := fields.body_text(entry.get("report"))):
        published_at = fields.moment(entry.get("reportPublishedTime"))
        return (*updates, IncidentUpdate(id=_REPORT, status="postmortem", body=report, created_at=published_at))
    return updates


def _update(comment: dict[str, Any]) -> IncidentUpdate:
    created_at = fields.moment(comment.get("createdAt"))
    return IncidentUpdate(
        id=identity(comment.get("id"), "a comment", since=created_at),
        status=status_word(comment.get("type")) or UPDATE,
        body=fields.body_text(comment.get("content")),
        created_at=created_at,
    )


def _zones(entry: dict[str, Any]) -> tuple[str, ...]:
    """Return the ids of the availability zones, of a region that names none its own code."""
    regions = entry.get("installations")
    zones: list[str | None] = []
    for region in map(fields.mapping, regions if isinstance(regions, list) else ()):
        inside = region.get("zones")
        named = [fields.name(fields.mapping(zone).get("id")) for zone in (inside if isinstance(inside, list) else ())]
        zones += named or [fields.name(region.get("code"))]
    return fields.unique(zones)
