"""Gatus' endpoints and announcements -> Snapshot (github.com/TwiN/gatus, `api/`, `config/announcement`).

`/api/v1/endpoints/statuses` lists the endpoints with their last results: an endpoint whose last result failed is down.
`/api/v1/config` has the announcements, newest first. Each is an event of its own without an id: a type (outage,
warning, information, operational or none) and a text. Neither answer shows what the other has. An announcement of an
operational service does not name the one that it ends, so announcements are reported and never open.
"""

from collections.abc import Mapping
from typing import Any, Final

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import each, entry_by_entry, identity, marked
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import digest_key, distinct, time_key
from tracker.parse.sniff import mentions, refusal
from tracker.parse.text import cut, one_line
from tracker.parse.words import UNKNOWN

_MARKS: Final = frozenset({"key", "results"})
_IMPACTS: Mapping[str, Impact] = {
    "outage": Impact.MAJOR,
    "warning": Impact.MINOR,
    "information": Impact.NONE,
    "operational": Impact.NONE,
}
_TITLE_LENGTH: Final = 120


def _recognises(body: bytes, _: str | None) -> bool:
    named = mentions(body, b'"results"', b'"key"') or mentions(body, b'"announcements"', b'"authenticated"')
    answer = fields.json_or_none(body) if named else None
    return marked(answer, _MARKS) or _is_config(answer)


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if _is_config(answer):
        return Snapshot(incidents=distinct(each(answer, "announcements", "incident", _announcement)))
    if not marked(answer, _MARKS):
        raise refusal(body, content_type)
    components = distinct(each({"endpoints": answer}, "endpoints", "component", _component))
    return Snapshot(components=components, components_listed=True, components_complete=False)


def _linked(html: bytes, _: str) -> tuple[Endpoints, ...]:
    if b"gatus" not in html.lower():
        return ()
    return (Endpoints(primary="/api/v1/endpoints/statuses?page=1&pageSize=1", details=("/api/v1/config",)),)


GATUS = Format(
    name="gatus",
    title="Gatus",
    source="its source",
    recognises=_recognises,
    read=_read,
    linked=_linked,
    details_apart=True,
)


def _is_config(answer: object) -> bool:
    holder = fields.mapping(answer)
    return isinstance(holder.get("announcements"), list) and "authenticated" in holder and "oidc" in holder


def _component(entry: dict[str, Any]) -> Component:
    name, group = fields.name(entry.get("name")), fields.name(entry.get("group"))
    component_id = identity(entry.get("key"), "an endpoint", name=f"{group or ''}\0{name}" if name else "")
    # The newest result is the last one.
    results = fields.objects_in(entry.get("results"))
    success = results[-1].get("success") if results else None
    status = {True: ComponentStatus.OPERATIONAL, False: ComponentStatus.MAJOR_OUTAGE}
    known = status[success] if isinstance(success, bool) else ComponentStatus.UNKNOWN
    return Component(id=component_id, name=name or component_id, status=known, group=group)


def _announcement(entry: dict[str, Any]) -> Incident:
    posted_at, text = fields.moment(entry.get("timestamp")), fields.body_text(entry.get("message"))
    incident_id = identity(None, "an announcement", since=posted_at, name=text)
    key = time_key(posted_at) if posted_at else digest_key(text)
    return Incident(
        id=incident_id,
        name=cut(one_line(text), _TITLE_LENGTH) or incident_id,
        status=UNKNOWN,
        impact=fields.known(_IMPACTS, entry.get("type")),
        updates=(IncidentUpdate(id=key, status=UNKNOWN, body=text, created_at=posted_at),),
    )
