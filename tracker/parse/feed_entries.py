"""One entry of a feed -> Incident.

Feeds give no ids to updates, so that they are derived:

- Statuspage collapses all updates of an incident into one entry, each with its time. The time is the id, with a number
  behind it where several updates share a minute, counted from the oldest: editing a text moves no id, and neither
  does a newer update.
- Anywhere else an entry holds one text. Its time, status and text together are the id.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

import msgspec

from tracker.models import Impact, Incident, IncidentUpdate
from tracker.parse import _fields as fields
from tracker.parse.feed_body import Post, note, posts, scheduled_window
from tracker.parse.feed_times import dated, window
from tracker.parse.listed import digest_key, identified, oldest_first, with_status_before
from tracker.parse.words import MAINTENANCE_STATUSES, UNKNOWN, UPDATE, known_status, status_word, vendor_word

_INCIDENT_PATH = re.compile(r"/incidents/([^/]+)/?\Z")
_TITLE_WORDS = re.compile(r"\[([^\[\]]{2,40})\]|\A([^\W\d_]{4,20}) ?[:\uff1a]")
#: AWS's feed says it in words.
_ALL_CLEAR = "operating normally"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as the feed holds it, cleared of the differences between Atom and RSS."""

    id: str | None
    link: str | None
    title: str
    #: HTML.
    content: str
    published: datetime | None
    updated: datetime | None
    #: Minutes east of UTC of the page's clock, None where it does not say.
    offset: int | None
    #: What an element of that name says.
    status: str | None
    categories: tuple[str, ...]


def incident_of(entry: Entry) -> Incident:
    """Return the incident or maintenance that an entry tells of. Raises ParseError when it has no identity."""
    collapsed = posts(entry.content)
    updates = _updates(entry, collapsed) if collapsed else (_only_update(entry),)
    link = _tidy(entry.link)
    incident_id = _identity(entry, link)
    begins, ends = _window(entry)
    read = Incident(
        id=incident_id,
        name=fields.name(fields.body_text(entry.title)) or incident_id,
        status=updates[-1].status,
        link=link,
        updates=updates,
        components=updates[-1].components,
        scheduled_for=begins,
        scheduled_until=ends,
    )
    return msgspec.structs.replace(read, impact=Impact.MAINTENANCE) if is_maintenance(read) else read


def is_maintenance(incident: Incident) -> bool:
    """Tell whether it has been in a status that only a maintenance has."""
    return not MAINTENANCE_STATUSES.isdisjoint(update.status for update in incident.updates)


def joined(entries: Sequence[Incident]) -> Incident:
    """Return one incident for the entries of one identity, newest first, with the updates of all."""
    if len(entries) == 1:
        return entries[0]
    found = {update.id: update for entry in reversed(entries) for update in entry.updates}
    updates = oldest_first(found.values(), newest_first=False)
    impact = next((entry.impact for entry in entries if entry.impact), None)
    return msgspec.structs.replace(entries[0], updates=updates, status=updates[-1].status, impact=impact)


def _identity(entry: Entry, link: str | None) -> str:
    """Return the id in the incident's address, which is the one in the page's JSON, else the entry's own."""
    for address in (link, _tidy(entry.id)):
        found = _INCIDENT_PATH.search(urlsplit(address).path) if address else None
        if found:
            return fields.identifier(found[1], "an entry")
    return fields.identifier(entry.id or entry.link, "an entry")


def _tidy(address: str | None) -> str | None:
    """Return a web address without the doubled slashes that incident.io puts into its paths."""
    known = fields.link(address)
    if known is None:
        return None
    try:
        parts = urlsplit(known)
    except ValueError:
        return None
    return urlunsplit(parts._replace(path=re.sub("//+", "/", parts.path)))


def _updates(entry: Entry, collapsed: Sequence[Post]) -> tuple[IncidentUpdate, ...]:
    """Return the collapsed updates oldest first: in the order of posting, which the times shown may contradict."""
    times = dated([post.time for post in collapsed], _newest_time(entry), entry.offset)
    posted = [_posted(post, time) for post, time in zip(collapsed, times, strict=True)]
    return with_status_before(identified(reversed(posted)))


def _posted(post: Post, time: datetime | None) -> IncidentUpdate:
    status = status_word(post.label) or UPDATE
    return IncidentUpdate(
        id="", status=status, vendor_status=vendor_word(post.label, status), body=post.text, created_at=time
    )


def _newest_time(entry: Entry) -> datetime | None:
    """Return the time of the newest update: `published`, except that a future maintenance has its begin there."""
    return min(filter(None, (entry.published, entry.updated)), default=None)


def _only_update(entry: Entry) -> IncidentUpdate:
    """Return what an entry with one text says."""
    content = note(entry.content)
    # Entries that name their status are rewritten at each update; others keep the time at which they appeared.
    times = (entry.updated, entry.published) if content.word else (entry.published, entry.updated)
    time = next(filter(None, times), None)
    word = content.word or _word_beside(entry)
    status = status_word(word) or UNKNOWN
    return IncidentUpdate(
        id=digest_key(time.isoformat() if time else "", status, content.text),
        status=status,
        vendor_status=vendor_word(word, status),
        body=content.text,
        created_at=time,
        components=content.components,
    )


def _word_beside(entry: Entry) -> str | None:
    """Return the word for the status in an element of that name, in the title or in a category."""
    if entry.status:
        return entry.status
    if _ALL_CLEAR in entry.title.lower():
        return "resolved"
    titled = (word for pair in _TITLE_WORDS.findall(entry.title) for word in pair)
    return next((word for word in (*titled, *entry.categories) if known_status(word)), None)


def _window(entry: Entry) -> tuple[datetime | None, datetime | None]:
    announced = scheduled_window(entry.content)
    return window(announced, entry.published, entry.offset) if announced else (None, None)
