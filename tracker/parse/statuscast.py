"""StatusCast's `summary.json` and RSS -> Snapshot, in part: no components.

`/summary.json` has the page's word and the unresolved incidents with their posts. Two independent public readers (of
Fastly's and 8x8's pages) agree on its keys. `/rss`, as recorded (Campaign Monitor's), has an item for each post, those
of ended incidents included, without a state; its guid is `/<incident>/<post>`. Posts of the JSON have no id, so their
times are their ids in both. A post of the feed takes the state of its incident, which ends by its absence from the
JSON. Pages that admit no program (Fastly's) cannot be read.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tracker.model.page import Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, each, entry_by_entry, identity
from tracker.parse.feed import opened
from tracker.parse.feed_entries import FeedEntry
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import identified, oldest_first, parted, status_key
from tracker.parse.sniff import feed_root, head, mentions, refusal
from tracker.parse.words import UNKNOWN, UPDATE, status_word

_SPACE: Final = b"http://statuscast.com"
_GUID: Final = re.compile(r"/(\d{1,12})/\d{1,12}\Z")
_INDICATORS: Mapping[str, Impact] = {
    "available": Impact.NONE,
    "operational": Impact.NONE,
    "normal": Impact.NONE,
    "informational": Impact.NONE,
    "maintenance": Impact.MAINTENANCE,
    "degraded": Impact.MINOR,
    "degradedperformance": Impact.MINOR,
    "partialoutage": Impact.MAJOR,
    "unavailable": Impact.CRITICAL,
    "outage": Impact.CRITICAL,
    "majoroutage": Impact.CRITICAL,
}
#: The kind of an incident -> its impact.
_IMPACTS: Mapping[str, Impact] = {
    "informational": Impact.NONE,
    "performanceissue": Impact.MINOR,
    "degradedperformance": Impact.MINOR,
    "serviceunavailable": Impact.MAJOR,
    "scheduledmaintenance": Impact.MAINTENANCE,
    "maintenance": Impact.MAINTENANCE,
}
_STATUSES: Mapping[str, str] = {"inprogress": "active", "future": "scheduled"}
_OF_WORK: Mapping[str, str] = {"active": "in_progress", "investigating": "in_progress", "resolved": "completed"}


def _recognises(body: bytes, _: str | None) -> bool:
    if _is_feed(body):
        return True
    return mentions(body, b'"UnresolvedIncidents"') and _is_summary(fields.json_or_none(body))


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    if _is_feed(body):
        return _feed(body, url, content_type)
    answer = fields.json_or_none(body)
    if not _is_summary(answer):
        raise refusal(body, content_type)
    incidents, maintenances = parted(each(answer, "UnresolvedIncidents", "incident", _incident))
    return Snapshot(
        name=fields.name(answer.get("PageName")),
        indicator=fields.known(_INDICATORS, answer.get("Status")),
        incidents=incidents,
        maintenances=maintenances,
        open_only=True,
    )


STATUSCAST = Format(
    name="statuscast",
    title="StatusCast",
    in_part="no components",
    source="independent readers; its RSS was recorded",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/summary.json"),),
    signs=(b"statuscast", b"StatusCast"),
)


def _is_summary(answer: object) -> bool:
    return (
        isinstance(answer, dict)
        and isinstance(answer.get("Status"), str)
        and isinstance(answer.get("UnresolvedIncidents"), list)
    )


def _is_feed(body: bytes) -> bool:
    start = head(body)
    return _SPACE in start and feed_root(start) == "rss"


def _incident(entry: dict[str, Any]) -> Incident:
    began = _time(entry, "StartDate", "DateCreated")
    incident_id = identity(entry.get("Id"), "an incident", since=began)
    impact = fields.known(_IMPACTS, entry.get("IncidentType"))
    word = entry.get("Status")
    said = fields.known(_STATUSES, word) or status_word(word) or UNKNOWN
    is_work = impact is Impact.MAINTENANCE
    status = _OF_WORK.get(said, said) if is_work else said
    posts = oldest_first(each(entry, "Posts", "update", lambda post: _post(post, status)))
    updates = identified(posts) or (IncidentUpdate(id=status_key(status, began), status=status, created_at=began),)
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("Title")) or incident_id,
        status=status,
        impact=impact,
        link=fields.link(entry.get("ShortUrl")),
        updates=updates,
        scheduled_for=began if is_work else None,
        scheduled_until=_time(entry, "EndDate") if is_work else None,
    )


def _post(post: dict[str, Any], otherwise: str) -> IncidentUpdate:
    return IncidentUpdate(
        id="",
        status=fields.known(_STATUSES, post.get("Status")) or status_word(post.get("Status")) or otherwise,
        body=fields.body_text(post.get("Text")),
        created_at=_time(post, "DateCreated", "DateUpdated"),
    )


def _time(entry: Mapping[str, Any], *keys: str) -> datetime | None:
    return next(filter(None, (fields.moment(entry.get(key)) for key in keys)), None)


def _feed(body: bytes, url: str, content_type: str | None) -> Snapshot:
    """Return the posts of a feed by incident. Raises ParseError."""
    feed = opened(body, url, content_type)
    found: dict[str, list[FeedEntry]] = {}
    for entry in feed.entries:
        guid = _GUID.search(entry.id or "")
        if guid:
            found.setdefault(guid[1], []).append(entry)
    return Snapshot(name=feed.title, incidents=tuple(among(found.items(), "incident", _posted)))


def _posted(grouped: tuple[str, list[FeedEntry]]) -> Incident:
    incident_id, entries = grouped
    posts = [
        IncidentUpdate(id="", status=UPDATE, body=fields.body_text(entry.content), created_at=entry.published)
        for entry in entries
    ]
    newest = entries[0]
    return Incident(
        id=incident_id,
        name=fields.name(fields.body_text(newest.title)) or incident_id,
        status=UNKNOWN,
        link=newest.address,
        updates=identified(oldest_first(posts, newest_first=True)),
    )
