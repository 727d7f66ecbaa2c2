"""Heroku's status API, version 4 (`/api/v4/current-status`) -> Snapshot.

One answer shows the present: colours of systems, ongoing incidents, planned maintenance. `/api/v4/incidents` has the
same objects of the past, with their last texts, and is requested when something changes. `state` is the status of an
incident; `resolved` contradicts it and is not read. `scheduled` keeps maintenance that ended long ago as `upcoming`, so
it is announced and never counts as running. Updates are newest first and known by `created_at`, which no edit changes.
A colour is the status of a system; an incident has no severity. Fields as in Heroku's own client
(github.com/heroku/cli, `status`), and in recorded answers.
"""

from collections.abc import Mapping
from typing import Any

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import each, entry_by_entry, identity, marked
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, identified, oldest_first, with_status_before
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import UNKNOWN, UPDATE, status_word

_MARKS = frozenset({"system", "status"})
#: Keys of an incident in the list of past ones.
_INCIDENT = frozenset({"id", "title", "state", "systems", "updates"})
_LISTS = ("status", "incidents", "scheduled")
_COLOURS: Mapping[str, ComponentStatus] = {
    "green": ComponentStatus.OPERATIONAL,
    "yellow": ComponentStatus.DEGRADED_PERFORMANCE,
    "red": ComponentStatus.MAJOR_OUTAGE,
}


def _recognises(body: bytes, _: str | None) -> bool:
    if mentions(body, b'"scheduled"', b'"status"'):
        return _is_heroku(fields.json_or_none(body))
    return mentions(body, b'"systems"', b'"update_type"') and marked(fields.json_or_none(body), _INCIDENT)


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:  # noqa: ARG001  incidents hold whole addresses
    answer = fields.json_or_none(body)
    if marked(answer, _INCIDENT):
        listed = each({"list": answer}, "list", "incident", lambda entry: _incident(entry, None))
        return Snapshot(incidents=distinct(listed))
    if not _is_heroku(answer):
        raise refusal(body, content_type)
    return Snapshot(
        incidents=distinct(each(answer, "incidents", "incident", lambda entry: _incident(entry, None))),
        maintenances=distinct(
            each(answer, "scheduled", "maintenance", lambda entry: _incident(entry, Impact.MAINTENANCE))
        ),
        components=distinct(each(answer, "status", "component", _component)),
        open_only=True,
    )


HEROKU = Format(
    name="heroku",
    title="Heroku",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/api/v4/current-status", details=("/api/v4/incidents?limit=20",)),),
    hosts=("status.heroku.com",),
)


def _is_heroku(answer: object) -> bool:
    if not isinstance(answer, dict) or not all(isinstance(answer.get(key), list) for key in _LISTS):
        return False
    return marked(answer["status"], _MARKS)


def _component(system: dict[str, Any]) -> Component:
    name = fields.identifier(system.get("system"), "a system")
    status = fields.known(_COLOURS, system.get("status"))
    return Component(id=name, name=fields.name(name) or name, status=status or ComponentStatus.UNKNOWN)


def _incident(entry: dict[str, Any], impact: Impact | None) -> Incident:
    link, since = fields.link(entry.get("full_url")), fields.moment(entry.get("created_at"))
    incident_id = identity(entry.get("id"), "an incident", link=link, since=since)
    updates = _updates(entry)
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("title")) or incident_id,
        status=status_word(entry.get("state")) or (updates[-1].status if updates else UNKNOWN),
        impact=impact,
        link=link,
        updates=updates,
        components=fields.names(entry.get("systems")),
        regions=fields.words(entry.get("tags")),
    )


def _updates(entry: dict[str, Any]) -> tuple[IncidentUpdate, ...]:
    """Return the updates, newest first in the answer; a mere `update` has the status of the one before it."""
    return with_status_before(identified(oldest_first(each(entry, "updates", "update", _update), newest_first=True)))


def _update(entry: dict[str, Any]) -> IncidentUpdate:
    return IncidentUpdate(
        id="",
        status=status_word(entry.get("update_type")) or UPDATE,
        body=fields.body_text(entry.get("contents")),
        created_at=fields.moment(entry.get("created_at")),
    )
