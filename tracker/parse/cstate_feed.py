"""The feed of a cState page (`/index.xml`) -> its issues with their texts (github.com/cstate/cstate, `layouts`).

An entry is an issue of any time, with the address that the JSON has. The title of an ended one begins with
`[Resolved]`, and the time of its end is a category. The text is one document that its author continues: in cState's own
examples each part begins with a word in italics and ends with a time (`{{< track >}}`) in a faded element. The time has
the notation that the site is set to, often without a year, and without a zone: it is read as UTC. A text without such
times is one update, known by its words.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from tracker.model.page import Incident, IncidentUpdate
from tracker.parse import _fields as fields
from tracker.parse.entries import among, identity
from tracker.parse.feed_entries import FeedEntry
from tracker.parse.listed import by_text, by_time, identified, oldest_first, with_status_before
from tracker.parse.sniff import feed_root, mentions
from tracker.parse.text import one_line, plain_text
from tracker.parse.times import MONTHS, hour, on_day, without_year
from tracker.parse.words import is_closing, known_status

RESOLVED: Final = "resolved"
UNRESOLVED: Final = "unresolved"
_GENERATOR: Final = b"github.com/cstate</generator>"
#: The mark of an ended issue, in the page's own language.
_MARK: Final = re.compile(r"\[(?P<word>[^\[\]]{2,40})\] (?=\S)")
_TRACK: Final = re.compile(
    r"<(?P<tag>span|p|small)\b[^<>]{0,80}\bfaded\b[^<>]{0,80}>(?P<time>[^<]{3,80})</(?P=tag)>", re.IGNORECASE
)
_LABEL: Final = re.compile(
    r"\s*(?:</?p\b[^<>]{0,80}>\s*){0,4}<(?P<tag>em|strong|b|i)>(?P<label>[^<]{2,40}?)[:\s]{0,3}</(?P=tag)>\s*[-:\u2013\u2014]?",
    re.IGNORECASE,
)
_HOUR: Final = re.compile(
    r"(?<!\d)(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?: ?(?P<half>[AaPp])\.?[Mm]\b)?"
)
_DAY: Final = re.compile(
    r"(?P<month>[^\W\d_]{3,9})\.? (?P<day>\d{1,2})(?![\d:])|(?<!\d)(?P<before>\d{1,2})\.? (?P<behind>[^\W\d_]{3,9})"
)
_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


def is_history(body: bytes) -> bool:
    """Return whether a feed says that cState made it."""
    return mentions(body, _GENERATOR) and feed_root(body) is not None


def incidents_of(entries: Iterable[FeedEntry]) -> list[Incident]:
    """Return the issues of a feed."""
    return among(entries, "incident", _issue)


def id_in(permalink: str | None) -> str | None:
    """Return the id of an issue from its address: the name of its file, None for no address."""
    try:
        path = urlsplit(permalink or "").path
    except ValueError:
        return None
    slug = path.rstrip("/").rpartition("/")[2]
    return f"{slug.removesuffix('.html')}.md" if slug else None


def _issue(entry: FeedEntry) -> Incident:
    incident_id = identity(id_in(entry.address), "an entry", since=entry.published)
    title = one_line(plain_text(entry.title))
    mark = _MARK.match(title)
    ended = next(filter(None, (fields.moment(word, UTC) for word in entry.categories)), None)
    is_over = ended is not None or (mark is not None and is_closing(known_status(mark["word"]) or ""))
    status = RESOLVED if is_over else UNRESOLVED
    return Incident(
        id=incident_id,
        name=fields.name(title[mark.end() :] if mark and is_over else title) or incident_id,
        status=status,
        link=entry.address,
        updates=_updates(entry, ended, is_over=is_over),
    )


def _updates(entry: FeedEntry, ended: datetime | None, *, is_over: bool) -> tuple[IncidentUpdate, ...]:
    posted = list(_parts(entry.content, entry.published))
    if not any(update.created_at for update in posted):
        body = fields.body_text(entry.content)
        if is_over:
            return (IncidentUpdate(id=RESOLVED, status=RESOLVED, body=body, created_at=ended or entry.published),)
        update = IncidentUpdate(id="", status=UNRESOLVED, body=body, created_at=entry.published)
        return identified((update,), by_text) if body else ()
    updates = identified(with_status_before(oldest_first(posted), UNRESOLVED), by_time)
    if is_over and not is_closing(updates[-1].status):
        return (*updates, IncidentUpdate(id=RESOLVED, status=RESOLVED, created_at=ended))
    return updates


def _parts(html: str, began: datetime | None) -> Iterator[IncidentUpdate]:
    """Yield the parts of a text, each with a time at its end; text behind the last time is left out."""
    start = 0
    for track in _TRACK.finditer(html):
        part, start = html[start : track.start()], track.end()
        label = _LABEL.match(part)
        status = known_status(one_line(plain_text(label["label"]))) if label else None
        if status is not None and is_closing(status):
            status = RESOLVED
        yield IncidentUpdate(
            id="",
            status=status or UNRESOLVED,
            body=fields.body_text(part[label.end() :] if label and status else part).strip(),
            created_at=_moment(one_line(plain_text(track["time"])), began),
        )


def _moment(text: str, near: datetime | None) -> datetime | None:
    """Return the time in a text; without a year, the one nearest to another time."""
    clock, day, year = _HOUR.search(text), _DAY.search(text), _YEAR.search(text)
    month = MONTHS.get((day["month"] or day["behind"]).lower()) if day else None
    if clock is None or day is None or month is None:
        return fields.moment(text, UTC)
    number = int(day["day"] or day["before"])
    since = timedelta(hours=hour(clock.groupdict()), minutes=int(clock["minute"]), seconds=int(clock["second"] or 0))
    if year is not None:
        return on_day(int(year[0]), month, number, since)
    return without_year(month, number, since, near) if near else None
