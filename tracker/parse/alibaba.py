"""Alibaba Cloud's events (`/api/status/listEventInProgress`, `…/listHistoryEvent`) -> Snapshot.

The first lists ongoing events; the second also lists ended ones, with their last texts. An event has an id, products,
regions, and updates with texts and times in milliseconds. Its title holds its state: `[Incident (Recovered)] …`. It is
over when its title says so, or when it ended before its last change. The shape is that of several independent public
readers.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from tracker.model.page import Impact, Incident, IncidentUpdate, Reach, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import each, entry_by_entry, identity
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import identified, oldest_first, parted
from tracker.parse.sniff import mentions, refusal

_MARKS: Final = frozenset({"title", "startTime", "eventType"})
_STATE: Final = re.compile(r"\A\s*\[([^\[\]()]{1,60})\(([^()]{1,40})\)\s*\]\s*")
_WORK: Final = re.compile(r"\b(?:maintenance|upgrade)\b", re.IGNORECASE)
_STATUSES: Mapping[str, str] = {
    "recovered": "resolved",
    "resolved": "resolved",
    "completed": "resolved",
    "recovering": "identified",
    "repairing": "identified",
    "identified": "identified",
    "monitoring": "monitoring",
    "investigating": "investigating",
}


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"eventType"', b'"startTime"') and _is_list(fields.json_or_none(body))


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if not _is_list(answer) and not _is_quiet(answer):
        raise refusal(body, content_type)
    incidents, maintenances = parted(each(answer, "data", "incident", _incident))
    is_history = "history" in url.lower()
    return Snapshot(
        incidents=incidents,
        maintenances=maintenances,
        open_only=not is_history,
        incidents_reach=Reach.NOTHING if is_history else Reach.ALL,
    )


ALIBABA = Format(
    name="alibaba",
    title="Alibaba Cloud",
    source="independent readers",
    recognises=_recognises,
    read=_read,
    endpoints=(
        Endpoints(primary="/api/status/listEventInProgress", details=("/api/status/listHistoryEvent",)),
        Endpoints(primary="/api/status/listHistoryEvent"),
    ),
    hosts=("status.alibabacloud.com",),
)


def _is_list(answer: object) -> bool:
    return any(entry.keys() >= _MARKS for entry in fields.objects_in(fields.mapping(answer).get("data")))


def _is_quiet(answer: object) -> bool:
    return isinstance(answer, dict) and answer.get("data") == [] and answer.get("success") is True


def _incident(entry: dict[str, Any]) -> Incident:
    began, ended = fields.moment(entry.get("startTime")), fields.moment(entry.get("endTime"))
    changed = fields.moment(entry.get("lastUpdateTime"))
    incident_id = identity(entry.get("id"), "an event", since=began)
    title = fields.name(entry.get("title")) or incident_id
    stated = _STATE.match(title)
    word = stated[2].strip().lower() if stated else ""
    is_over = bool(ended and changed and ended <= changed)
    status = "resolved" if is_over else _STATUSES.get(word, "active")
    is_work = bool(_WORK.search(f"{stated[1] if stated else ''} {entry.get('eventType')}"))
    posted = oldest_first(each(entry, "eventUpdates", "update", _update))
    updates = identified(posted or [IncidentUpdate(id="", status=status, created_at=changed or began)])
    last = updates[-1]
    return Incident(
        id=incident_id,
        name=title[stated.end() :] or title if stated else title,
        status=status,
        impact=Impact.MAINTENANCE if is_work else None,
        # The state in the title is that of the newest update.
        updates=(*updates[:-1], _with_status(last, status)),
        components=_named(entry.get("products"), "productName"),
        regions=_named(entry.get("regions"), "regionName"),
        scheduled_for=began if is_work else None,
        scheduled_until=ended if is_work else None,
    )


def _with_status(update: IncidentUpdate, status: str) -> IncidentUpdate:
    return IncidentUpdate(id=update.id, status=status, body=update.body, created_at=update.created_at)


def _update(entry: dict[str, Any]) -> IncidentUpdate:
    return IncidentUpdate(
        id="",
        status="update",
        body=fields.body_text(entry.get("content")),
        created_at=fields.moment(entry.get("publishTime")),
    )


def _named(entries: object, key: str) -> tuple[str, ...]:
    """Return the names in a list of objects or of texts."""
    return fields.names(entries, key) or fields.names(entries) or fields.words(entries)
