"""Slack's status API, version 2.0.0 (docs.slack.dev/reference/slack-status-api) -> Snapshot.

`current` lists open incidents and is the primary answer; an incident leaves it as soon as it is over, and its last note
is in `history` only. Notes are newest first in `current` and oldest first in `history`, so their times decide. They
have no ids, and both texts and times are changed: a note that gets another date and keeps its text is the same update,
known by its text. A text with other words is another update. The clock `date_updated` is of no use: it goes back to the
dates of earlier notes. Only a planned maintenance is `scheduled`, `completed` or `cancelled`. `outage`, `incident` and
`notice` are major, minor and no impact.
"""

from collections.abc import Mapping
from itertools import chain
from typing import Any

import msgspec

from tracker.model.page import Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import each, entry_by_entry, identity
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import by_text, identified, oldest_first, parted
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import UNKNOWN, status_word

_IMPACTS: Mapping[str, Impact] = {"outage": Impact.MAJOR, "incident": Impact.MINOR, "notice": Impact.NONE}
_MARKS = frozenset({"services", "date_created"})
_MAINTENANCE_STATUSES = frozenset({"scheduled", "completed", "cancelled"})


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"date_created"') and _is_slack(fields.json_or_none(body))


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:  # noqa: ARG001  incidents hold whole addresses
    answer = fields.json_or_none(body)
    if not _is_slack(answer):
        raise refusal(body, content_type)
    answer = answer if isinstance(answer, dict) else {"history": answer}
    listed = (each(answer, key, "incident", _incident) for key in ("active_incidents", "history"))
    incidents, maintenances = parted(chain.from_iterable(listed))
    return Snapshot(incidents=incidents, maintenances=maintenances, open_only="active_incidents" in answer)


SLACK = Format(
    name="slack",
    title="Slack",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/api/v2.0.0/current", details=("/api/v2.0.0/history",)),),
    hosts=("slack-status.com", "status.slack.com"),
)


def _is_slack(answer: object) -> bool:
    """Return whether it is `current`, an object, or `history`, a list."""
    if isinstance(answer, dict):
        return isinstance(answer.get("active_incidents"), list) and answer.keys() >= {"status", "date_created"}
    incidents = fields.objects_in(answer)
    return any(isinstance(one.get("notes"), list) and one.keys() >= _MARKS for one in incidents)


def _incident(entry: dict[str, Any]) -> Incident:
    link, since = fields.link(entry.get("url")), fields.moment(entry.get("date_created"))
    incident_id = identity(entry.get("id"), "an incident", link=link, since=since)
    status = status_word(entry.get("status")) or UNKNOWN
    impact = Impact.MAINTENANCE if status in _MAINTENANCE_STATUSES else fields.known(_IMPACTS, entry.get("type"))
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("title")) or incident_id,
        status=status,
        impact=impact,
        link=link,
        updates=_updates(entry, status),
        # The order differs from answer to answer.
        components=tuple(sorted(fields.words(entry.get("services")))),
    )


def _updates(entry: dict[str, Any], status: str) -> tuple[IncidentUpdate, ...]:
    """Return the notes as updates. They have no statuses; the last one has the incident's."""
    earlier = "scheduled" if status in _MAINTENANCE_STATUSES else "active"
    notes = each(entry, "notes", "update", lambda note: _update(note, earlier))
    updates = identified(oldest_first(notes), by_text)
    return (*updates[:-1], *(msgspec.structs.replace(last, status=status) for last in updates[-1:]))


def _update(note: dict[str, Any], status: str) -> IncidentUpdate:
    return IncidentUpdate(
        id="",
        status=status,
        body=fields.body_text(note.get("body")),
        created_at=fields.moment(note.get("date_created")),
    )
