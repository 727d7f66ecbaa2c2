"""Sorry's public API on the page's own host, version 1 -> Snapshot (every page documents it under `/api`).

`/api/v1/notices` holds past, ongoing and planned incidents ("unplanned") and maintenances ("planned"), each with its
latest update; `/api/v1/notices/<id>` holds all updates and the components. The list shows whether anything is new. An
update that another follows before the next poll is only in the answer for its notice, which is requested then. Sorry
has no severity. Components and their groups have an answer of their own.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from tracker.model.page import Component, Impact, Incident, IncidentUpdate, Reach, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, by_id, entry_by_entry, identity, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, numbered, oldest_first, parted, time_key
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, component_status, status_word, vendor_word

_PLANNED: Final = "planned"
#: Keys that every notice has.
_MARKS: Final = frozenset({"id", "type", "state", "subject"})


def _recognises(body: bytes, _: str | None) -> bool:
    named = (b'"notices"', b'"notice"', b'"components"')
    return any(name in body for name in named) and _is_sorry(fields.json_or_none(body))


def _is_sorry(answer: object) -> bool:
    if not isinstance(answer, dict):
        return False
    if answer.keys() == {"notice"}:
        return fields.mapping(answer["notice"]).keys() >= _MARKS
    is_page = "total_count" in fields.mapping(answer.get("meta"))
    return is_page and answer.keys() in ({"notices", "meta"}, {"components", "meta"})


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if not _is_sorry(answer):
        raise refusal(body, content_type)
    notices = [answer["notice"]] if "notice" in answer else objects(answer, "notices", "incident")
    incidents, maintenances = parted(among(notices, "incident", _incident))
    has_more = bool(fields.mapping(answer.get("meta")).get("next_page"))
    reach = Reach.NOTHING if "notices" not in answer else Reach.WINDOW if has_more else Reach.ALL
    return Snapshot(
        incidents=incidents,
        maintenances=maintenances,
        components=_components(objects(answer, "components", "component")),
        components_complete=not has_more,
        components_listed="components" in answer,
        incidents_reach=reach,
        maintenances_reach=reach,
    )


SORRY = Format(
    name="sorry",
    title="Sorry",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/api/v1/notices", details=("/api/v1/components",)),),
    signs=(b"sorryapp.com",),
    each_incident="/api/v1/notices/{id}",
)


def _incident(notice: dict[str, Any]) -> Incident:
    link = fields.link(notice.get("url")) or fields.link(notice.get("link"))
    since = _time(notice) or fields.moment(notice.get("began_at")) or fields.moment(notice.get("begins_at"))
    notice_id = identity(notice.get("id"), "a notice", link=link, since=since)
    status = status_word(notice.get("state")) or UNKNOWN
    is_planned = notice.get("type") == _PLANNED
    return Incident(
        id=notice_id,
        name=fields.name(notice.get("subject")) or notice_id,
        status=status,
        impact=Impact.MAINTENANCE if is_planned else None,
        link=link,
        updates=_updates(notice, status),
        components=fields.names(notice.get("components")),
        scheduled_for=fields.moment(notice.get("begins_at")) if is_planned else None,
        scheduled_until=fields.moment(notice.get("ends_at")) if is_planned else None,
    )


def _updates(notice: dict[str, Any], status: str) -> tuple[IncidentUpdate, ...]:
    """Return all updates, else the latest, else the state of the notice since its time."""
    latest = notice.get("latest_update")
    entries = objects(notice, "updates", "update") or ([latest] if isinstance(latest, dict) else [])
    if not entries:
        since = fields.moment(notice.get("ended_at")) or fields.moment(notice.get("began_at"))
        text = fields.body_text(notice.get("synopsis"))
        word = vendor_word(notice.get("state"), status)
        only = IncidentUpdate(
            id=status, status=status, vendor_status=word, body=text, created_at=since or _time(notice)
        )
        return (only,)
    ordered = oldest_first(entries, _time)
    return distinct(_update(key, entry, status) for key, entry in zip(_keys(ordered), ordered, strict=True))


def _update(key: str, entry: dict[str, Any], notice_status: str) -> IncidentUpdate:
    status = status_word(entry.get("state")) or notice_status
    return IncidentUpdate(
        id=key,
        status=status,
        vendor_status=vendor_word(entry.get("state"), status),
        body=fields.body_text(entry.get("content")),
        created_at=_time(entry),
    )


def _keys(updates: Sequence[dict[str, Any]]) -> list[str]:
    derived = numbered(time_key(_time(update)) for update in updates)
    return [
        fields.identifier(update["id"], "an update") if isinstance(update.get("id"), str | int) else key
        for update, key in zip(updates, derived, strict=True)
    ]


def _time(entry: dict[str, Any]) -> datetime | None:
    return fields.moment(entry.get("created_at"))


def _components(entries: Sequence[dict[str, Any]]) -> tuple[Component, ...]:
    """Return the components; one that has others inside is their group."""
    holders = {str(entry.get("parent_id")) for entry in entries}
    names = {key: fields.name(entry.get("name")) for key, entry in by_id(entries).items()}

    def component(entry: dict[str, Any]) -> Component:
        name, group = fields.name(entry.get("name")), names.get(str(entry.get("parent_id")))
        component_id = identity(entry.get("id"), "a component", name=f"{group or ''}\0{name}" if name else "")
        return Component(
            id=component_id, name=name or component_id, status=component_status(entry.get("state")), group=group
        )

    found = distinct(among(entries, "component", component))
    return tuple(component for component in found if component.id not in holders)
