"""The feed of an Instatus page (`/history.rss`, `/history.atom`) -> its incidents and maintenances.

Entries are incidents and maintenances, open and ended, with the id of the JSON in their addresses. Type, duration and
components come before the updates. Updates come oldest first, each with day, time and offset but neither a year nor an
id; the software puts a full stop behind each text. The shape is as recorded (Northflank's feed, trimmed by its
recorder), and as in two independent public readers. The begin that the feed dates decides the year.
"""

import html
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from tracker.model.page import Impact, Incident, IncidentUpdate
from tracker.parse import _fields as fields
from tracker.parse.entries import among
from tracker.parse.feed_body import Post, posts
from tracker.parse.feed_entries import FeedEntry
from tracker.parse.listed import identified, oldest_first
from tracker.parse.sniff import mentions
from tracker.parse.text import one_line, plain_text
from tracker.parse.times import MONTHS, without_year
from tracker.parse.words import UNKNOWN, status_word

_ADDRESS: Final = re.compile(r"/(?:incident|maintenance)/(?P<id>\w{8,60})/?\Z")
_ENTRY: Final = re.compile(rb"<(?:guid|id)>[^<\s]{1,300}/(?:incident|maintenance)/\w{8,60}</")
_TYPE: Final = re.compile(r"<strong>\s{0,20}Type:\s{0,20}</strong>\s{0,20}(?P<type>\w{1,40})", re.IGNORECASE)
#: The components in RSS, which names them outside the HTML only, before the first update.
_COMPONENTS: Final = re.compile(
    r"Affected Components:[^\S\n]{0,20}(?P<names>[^\n]{1,2000}?)"
    r"\s*(?:\n|\Z|\b\w{3,9}\.? +\d{1,2}, +\d{1,2}:\d\d:\d\d)"
)
#: `Sep 25, 15:15:00 GMT+0`
_TIME: Final = re.compile(
    r"(?P<month>[^\W\d_]{3,9})\.?\s+(?P<day>\d{1,2})\s*,\s+(?P<hour>\d{1,2}):(?P<minute>\d\d):(?P<second>\d\d)"
    r"(?:\s*(?:GMT|UTC)(?P<sign>[+-])(?P<east>\d{1,2})(?::(?P<rest>\d\d))?)?"
)
#: Words of a maintenance, in the JSON as in the feed.
STATUSES: Final[Mapping[str, str]] = {"notstartedyet": "scheduled", "inprogress": "in_progress"}
_OF_WORK: Final = {"resolved": "completed", "identified": "in_progress"}


def listed_in(entries: Iterable[FeedEntry]) -> list[Incident]:
    """Return the incidents of a feed's entries, maintenances by their impact."""
    return among((entry for entry in entries if _id(entry) is not None), "incident", _incident)


def is_history(body: bytes) -> bool:
    """Return whether a feed looks like one of Instatus: the lines above the updates of each entry are its own."""
    return mentions(body, b"Type:</strong>") and _ENTRY.search(body) is not None


def is_of_instatus(entry: FeedEntry) -> bool:
    """Return whether an entry has the address and the heading that Instatus gives it."""
    return _id(entry) is not None and _TYPE.search(entry.content) is not None


def _id(entry: FeedEntry) -> str | None:
    found = (_ADDRESS.search(address) for address in (entry.id, entry.link) if address)
    return next((address["id"] for address in found if address), None)


def _incident(entry: FeedEntry) -> Incident:
    incident_id = fields.identifier(_id(entry), "an entry")
    found = _TYPE.search(entry.content)
    is_maintenance = found is not None and found["type"].lower() == "maintenance"
    # The RSS escapes the updates once more than the lines above them.
    content = entry.content if "<small" in entry.content else html.unescape(entry.content)
    updates = oldest_first(
        (_update(post, entry.published, is_maintenance=is_maintenance) for post in posts(content)), newest_first=False
    )
    return Incident(
        id=incident_id,
        name=fields.name(fields.body_text(entry.title)) or incident_id,
        status=updates[-1].status if updates else ("scheduled" if is_maintenance else UNKNOWN),
        impact=Impact.MAINTENANCE if is_maintenance else None,
        link=entry.address,
        updates=identified(updates),
        components=_components(entry),
        scheduled_for=entry.published if is_maintenance else None,
    )


def _components(entry: FeedEntry) -> tuple[str, ...]:
    found = _COMPONENTS.search(plain_text(entry.summary[: fields.BODY_CAP]))
    return fields.unique(map(fields.name, found["names"].split(", "))) if found else ()


def _update(post: Post, began: datetime | None, *, is_maintenance: bool) -> IncidentUpdate:
    status = fields.known(STATUSES, post.label) or status_word(post.label) or UNKNOWN
    return IncidentUpdate(
        id="",
        status=_OF_WORK.get(status, status) if is_maintenance else status,
        body=post.text.removesuffix(".").rstrip(),
        created_at=_moment(one_line(post.time), began),
    )


def _moment(text: str, near: datetime | None) -> datetime | None:
    """Return the moment with this date and time that is nearest to another one."""
    found = _TIME.search(text)
    month = MONTHS.get(found["month"].lower()) if found else None
    if found is None or month is None or near is None:
        return None
    east = timedelta(hours=int(found["east"] or 0), minutes=int(found["rest"] or 0))
    clock = timedelta(hours=int(found["hour"]), minutes=int(found["minute"]), seconds=int(found["second"]))
    return without_year(month, int(found["day"]), clock + east if found["sign"] == "-" else clock - east, near)
