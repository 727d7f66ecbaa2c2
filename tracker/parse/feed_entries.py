"""One entry of a feed -> its account of an incident.

Feeds have no ids of updates, so these are derived:

- Statuspage collapses all updates of an incident into one entry, each with its time. The time is the id, with a number
  behind it where several updates share a minute, counted from the oldest: editing a text moves no id, and neither
  does a newer update.
- Anywhere else an entry holds one text, or several under words for their statuses. Status and text together are the
  id, and not the time: many feeds date their entries again with every answer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.model.page import ComponentStatus, IncidentUpdate
from tracker.parse import _fields as fields
from tracker.parse.feed_body import Post, headed_posts, posts, scheduled_window, without_components
from tracker.parse.feed_states import Stated, further, in_text, in_title, is_marked
from tracker.parse.feed_times import dated, window
from tracker.parse.listed import digest_key, identified, with_status_before
from tracker.parse.text import one_line
from tracker.parse.words import (
    MAINTENANCE_STATUSES,
    UNKNOWN,
    UPDATE,
    component_status,
    known_status,
    status_word,
    vendor_word,
)

#: AWS's words for an end.
_ALL_CLEAR = "operating normally"
#: A title that names nothing but work: "Venmo Maintenance", and not "Errors after maintenance".
_WORK = re.compile(r"(?:.*\s)?maintenance(?: \([^()]*\))?\Z", re.IGNORECASE)
_NOT_WORK = re.compile(
    r"\b(?:after|during|following|from|due to|caused by|because of|post|since|in|under|of)\b", re.IGNORECASE
)
#: Words for both maintenance and outages -> their status for maintenance.
_OF_WORK = {"initial notification": "scheduled", "resolved": "completed"}
#: Words for an open incident that say nothing else.
_GOING_ON = frozenset({
    "active", "ongoing", "on-going", "open", "started", "acknowledged", "disruption", "degradation", "incident",
    "service degradation", "service disruption", "service interruption", "service outage", "performance degradation",
})  # fmt: skip
#: The impact of an incident, by the status of the component in the same entry.
_OF_COMPONENTS = {
    ComponentStatus.OPERATIONAL: "resolved",
    ComponentStatus.DEGRADED_PERFORMANCE: "investigating",
    ComponentStatus.PARTIAL_OUTAGE: "investigating",
    ComponentStatus.MAJOR_OUTAGE: "investigating",
    ComponentStatus.UNDER_MAINTENANCE: "in_progress",
}
#: Ids of software that gives every item the begin of its incident as pubDate.
_DATED_AT_BEGIN = ("urn:flashduty:change:",)
#: The earlier version's patterns of a status in a title and above a text.
_FORMER_TITLE = re.compile(r"\[([^\[\]]{2,40})\]|\A([^\W\d_]{4,20}) ?[:\uff1a]")
_FORMER_LINE = re.compile(r"\A[^\n:\uff1a]{2,12}? ?[:\uff1a]\s{0,3}(?P<word>[^\n]{1,60})(?:\n|\Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One entry as the feed holds it, cleared of the differences between Atom and RSS."""

    id: str | None
    #: As written.
    link: str | None
    #: The whole address, completed where it is relative.
    address: str | None
    title: str
    #: HTML.
    content: str
    #: The summary that an element beside the content holds, HTML; "" where there is none.
    summary: str = ""
    published: datetime | None
    updated: datetime | None
    #: Both times as the feed library reads them, which takes an unknown zone for UTC.
    library_times: tuple[datetime | None, datetime | None]
    #: The page's offset in minutes east of UTC, None if it is not known.
    offset: int | None
    #: The text of the element `status`.
    status: str | None
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The part of an incident that one entry states."""

    #: The title without the status; a mark in square brackets stays.
    name: str | None
    #: The title without any status.
    bare: str
    #: Oldest first.
    updates: tuple[IncidentUpdate, ...]
    #: Whether the updates are known by their times, and need no number where two say the same.
    is_dated: bool = False
    #: Ids that an earlier version gave to the only update.
    former_ids: tuple[str, ...] = ()
    begins: datetime | None = None
    ends: datetime | None = None
    #: The text in the place of a status that is not a known status.
    unknown_word: str | None = None


def account_of(entry: FeedEntry) -> Account:
    """Return the contents of an entry."""
    title = fields.name(fields.body_text(entry.title)) or ""
    said = in_title(title)
    name = title if is_marked(title) else said.rest
    if collapsed := posts(entry.content):
        announced = scheduled_window(entry.content)
        begins, ends = window(announced, entry.published, entry.offset) if announced else (None, None)
        updates = _dated(entry, collapsed)
        return Account(name=name or None, bare=said.rest, updates=updates, is_dated=True, begins=begins, ends=ends)
    html, components = without_components(entry.content)
    headed = headed_posts(html)
    whole = fields.body_text(html)
    if headed:
        words, texts = [post.label for post in headed], [post.text for post in headed]
    else:
        stated = in_text(whole)
        word = _word(entry, said, stated)
        is_in_text = stated.is_announced or (
            stated.word is not None and known_status(stated.word) == known_status(word)
        )
        words, texts = [word or ""], [stated.rest if is_in_text else whole]
    is_work = _is_work(said.rest)
    time = _time(entry, any(map(known_status, words)) or bool(not headed and stated.is_announced))
    listed = [
        _undated(word, text, is_work=is_work, time=None if number else time, components=() if number else components)
        for number, (word, text) in enumerate(zip(words, texts, strict=True))
    ]
    return Account(
        name=name or None,
        bare=said.rest,
        updates=tuple(reversed(listed)),
        former_ids=_former_ids(entry, whole, [known_status(word) for word in words], title),
        unknown_word=next((one_line(word) for word in words if word and _status(word) == UNKNOWN), None),
    )


def is_maintenance(updates: Sequence[IncidentUpdate]) -> bool:
    """Return whether an update has a status that only a maintenance has."""
    return not MAINTENANCE_STATUSES.isdisjoint(update.status for update in updates)


def _dated(entry: FeedEntry, collapsed: Sequence[Post]) -> tuple[IncidentUpdate, ...]:
    """Return the collapsed updates oldest first: in the order of posting, which the times shown may contradict."""
    times = dated([post.time for post in collapsed], _newest_time(entry), entry.offset)
    posted = [_posted(post, time) for post, time in zip(collapsed, times, strict=True)]
    return with_status_before(identified(reversed(posted)))


def _posted(post: Post, time: datetime | None) -> IncidentUpdate:
    status = status_word(post.label) or UPDATE
    return IncidentUpdate(
        id="", status=status, vendor_status=vendor_word(post.label, status), body=post.text, created_at=time
    )


def _newest_time(entry: FeedEntry) -> datetime | None:
    """Return the time of the newest update: `published`, except for a future maintenance, where that is its begin."""
    return min(filter(None, (entry.published, entry.updated)), default=None)


def _undated(
    word: str, text: str, *, is_work: bool, time: datetime | None, components: tuple[str, ...]
) -> IncidentUpdate:
    status = _status(word)
    if is_work:
        status = _OF_WORK.get(" ".join(word.lower().split()), _OF_WORK.get(status, status))
    return IncidentUpdate(
        id=digest_key(status, text),
        status=status,
        vendor_status=vendor_word(word, status),
        body=text,
        created_at=time,
        components=components,
    )


def _time(entry: FeedEntry, names_status: bool) -> datetime | None:
    """Return when an entry's newest update was published.

    Entries that name their status are rewritten at each update; others keep the time at which they appeared.
    """
    if entry.updated is None and entry.id and entry.id.startswith(_DATED_AT_BEGIN):
        return None
    times = (entry.updated, entry.published) if names_status else (entry.published, entry.updated)
    return next(filter(None, times), None)


def _word(entry: FeedEntry, title: Stated, text: Stated) -> str | None:
    """Return the word for the status: under a heading, in an element of that name, in title, text or a category."""
    said = text.word if text.is_announced else None
    if said and known_status(said) not in (None, UPDATE):
        return said
    if entry.status:
        return entry.status
    if _ALL_CLEAR in entry.title.lower():
        return "resolved"
    known = further(title.word, text.word if not text.is_announced else None)
    return known or next(filter(known_status, entry.categories), None) or said


def _status(word: str) -> str:
    """Return the status in the field's word, `unknown` for a word that has none."""
    if known := known_status(word):
        return known
    if " ".join(word.lower().split()) in _GOING_ON:
        return "investigating"
    return _OF_COMPONENTS.get(component_status(word), UNKNOWN)


def _is_work(title: str) -> bool:
    return _WORK.match(title) is not None and _NOT_WORK.search(title) is None


def _former_ids(entry: FeedEntry, whole: str, known: Sequence[str | None], title: str) -> tuple[str, ...]:
    """Return the ids that an earlier version may have given the update: time, status and text together."""
    line = _FORMER_LINE.match(whole)
    titled = (known_status(word) for found in _FORMER_TITLE.findall(title) for word in found)
    statuses = {UNKNOWN, *filter(None, (*known[:1], *titled, status_word(entry.status)))}
    read = [(status, whole) for status in sorted(statuses)]
    if line:
        read.append((status_word(line["word"].strip()) or UNKNOWN, whole[line.end() :].lstrip()))
    times = dict.fromkeys(time.isoformat() for time in entry.library_times if time) or {"": None}
    return tuple(digest_key(time, status, text) for time in times for status, text in read)
