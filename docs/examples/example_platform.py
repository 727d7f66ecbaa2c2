"""Example's public JSON (`/status.json`) -> Snapshot. A start for a new platform: copy it to `tracker/parse/`.

Say here which answers there are, what they show and what they leave out, and where the vendor documents them.
"""

from typing import Any

from tracker.model.page import Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import each, entry_by_entry, identity
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, status_word

_IMPACTS = {"low": Impact.MINOR, "high": Impact.MAJOR, "down": Impact.CRITICAL}


def _recognises(body: bytes, _: str | None) -> bool:
    return fields.json_object(body).keys() >= {"example_page", "events"}


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    if not _recognises(body, content_type):
        raise refusal(body, content_type)
    answer = fields.json_object(body)
    return Snapshot(
        name=fields.name(answer.get("example_page")),
        incidents=distinct(each(answer, "events", "incident", _incident)),
        open_only=True,
    )


def _incident(entry: dict[str, Any]) -> Incident:
    updates = oldest_first(distinct(each(entry, "posts", "update", _update)), newest_first=True)
    incident_id = identity(entry.get("id"), "an incident")
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("title")) or incident_id,
        status=updates[-1].status if updates else UNKNOWN,
        impact=fields.known(_IMPACTS, entry.get("severity")),
        updates=updates,
    )


def _update(entry: dict[str, Any]) -> IncidentUpdate:
    created_at = fields.moment(entry.get("at"))
    return IncidentUpdate(
        id=identity(entry.get("id"), "an update", since=created_at),
        status=status_word(entry.get("state")) or UNKNOWN,
        body=fields.body_text(entry.get("text")),
        created_at=created_at,
    )


EXAMPLE = Format(
    name="example",
    title="Example",
    source="its documentation",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/status.json"),),
)
