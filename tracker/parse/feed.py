"""Atom and RSS -> Snapshot.

A feed is a history: one entry per incident, no components, no reliable clock. Its own `updated` changes without any
other change, so a snapshot of a feed has no clock.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit, urlunsplit

from tracker.errors import ParseError
from tracker.model.page import Snapshot
from tracker.parse import _fields as fields
from tracker.parse.feed_components import parted
from tracker.parse.feed_entries import FeedEntry
from tracker.parse.feed_incidents import incidents_in
from tracker.parse.feed_library import parsed
from tracker.parse.feed_subject import is_of_incidents
from tracker.parse.feed_text import FeedText, feed_text
from tracker.parse.feed_times import offset_of
from tracker.parse.format import Endpoints, Format
from tracker.parse.sniff import feed_root, refusal
from tracker.parse.times import moment

#: Angle brackets and ampersands cost the feed library some 20 microseconds each; the largest real feeds have 5,000.
_MAX_MARKS = 50_000
#: Entries cost a hundred times as much; real feeds have 50.
_MAX_ENTRIES = 5_000
#: Statuspage calls its feeds `GitHub Status - Incident History`.
_TITLE_SUFFIXES = (" - Incident History", " - Event History")
#: A tag of thousands of words; real ones have three. It ends at `>` outside quotes, and holds no `<`.
_ENDLESS_TAG = re.compile(r"""<[\w:/](?:[^<>"']|"[^"<]*+"|'[^'<]*+'){5000}+""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A feed, taken apart."""

    title: str | None
    #: Its title and description, as written.
    subtitle: str | None
    entries: list[FeedEntry]
    #: Addresses of the page as a whole.
    home: tuple[str, ...]


def _recognises(body: bytes, _: str | None) -> bool:
    return feed_root(body) is not None


def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    feed = opened(body, url, content_type)
    entries, components = parted(feed.entries)
    reading = incidents_in(entries, feed.home)
    title = feed.title
    for suffix in _TITLE_SUFFIXES:
        title = title.removesuffix(suffix) if title else None
    return Snapshot(
        name=title,
        incidents=reading.incidents,
        maintenances=reading.maintenances,
        components=components,
        omissions=reading.omissions,
        unknown_words=reading.unknown_words,
        former_keys=reading.former_keys,
        alias_keys=reading.alias_keys,
    )


def opened(body: bytes, url: str, content_type: str | None) -> Opened:
    """Return title and entries of a feed. Raises ParseError."""
    text = feed_text(body, content_type)
    if text is None:
        raise refusal(body, content_type)
    feed = _parsed(text)
    link = _text(feed.feed.get("link")) or ""
    base = url if fields.site(url) else link
    return Opened(
        title=fields.name(fields.body_text(feed.feed.get("title"))),
        subtitle=_text(feed.feed.get("subtitle")),
        entries=[_entry(raw, base) for raw in feed.entries],
        home=tuple(filter(None, (link, url, fields.site(url)))),
    )


def _is_about_incidents(body: bytes, url: str, content_type: str | None) -> bool:
    try:
        feed = opened(body, url, content_type)
    except ParseError:
        return False
    return is_of_incidents((feed.title, feed.subtitle), feed.entries)


#: A mark on pages of some software -> the path of its feed: Kener (kener.ing/docs/v4/rss-feed).
_FEEDS_OF: Final[Mapping[bytes, str]] = {b"kener": "/rss.xml"}


def _linked(html: bytes, _: str) -> tuple[Endpoints, ...]:
    """Return the feeds of software that its pages identify without linking to them."""
    page = html.lower()
    return tuple(Endpoints(primary=path) for sign, path in _FEEDS_OF.items() if sign in page)


FEED = Format(
    name="feed",
    title="Atom or RSS feed",
    in_part="a feed: history and texts, no components",
    precedence=99,
    recognises=_recognises,
    read=_read,
    endpoints=tuple(Endpoints(primary=path) for path in ("/history.atom", "/feed.atom", "/history.rss", "/feed.rss")),
    linked=_linked,
    is_about_incidents=_is_about_incidents,
)


def _parsed(text: FeedText) -> Any:
    """Return the feed library's result for the text. Raises ParseError."""
    if text.text.count("<") + text.text.count("&") > _MAX_MARKS or _ENDLESS_TAG.search(text.text):
        raise ParseError("the feed holds more markup than a status page's")
    try:
        feed = parsed(text.text)
    except Exception as exc:
        # On hostile bytes, the library may raise any exception.
        raise ParseError(f"the feed cannot be read ({type(exc).__name__})") from exc
    if len(feed.entries) > _MAX_ENTRIES:
        raise ParseError(f"the feed holds {len(feed.entries)} entries; no status page's has more than {_MAX_ENTRIES}")
    if feed.bozo and not text.is_whole:
        raise ParseError("the feed breaks off before its end")
    return feed


def _entry(raw: Any, base: str) -> FeedEntry:
    # Plain dict access: the library's own answers a missing `updated` with `published` and a warning.
    held = dict(raw)
    contents = [part.get("value") for part in held.get("content", ()) if isinstance(part, dict)]
    stamps = [stamp for stamp in (held.get("published"), held.get("updated")) if isinstance(stamp, str)]
    times = _library_time(held.get("published_parsed")), _library_time(held.get("updated_parsed"))
    guid, link = _text(held.get("id")), _text(held.get("link"))
    if link == guid and fields.link(link) is None and not (link or "").startswith("/"):
        link = None  # Without an address, the library takes the id for it.
    return FeedEntry(
        id=guid,
        link=link,
        address=_address(link, base),
        title=_text(held.get("title")) or "",
        content=next((text for text in (*contents, held.get("summary")) if isinstance(text, str) and text.strip()), ""),
        summary=_text(held.get("summary")) or "",
        published=_moment(held.get("published"), times[0]),
        updated=_moment(held.get("updated"), times[1]),
        library_times=times,
        offset=next((offset for stamp in stamps if (offset := offset_of(stamp)) is not None), None),
        status=_text(held.get("status")),
        categories=tuple(_categories(held)),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _address(link: str | None, base: str) -> str | None:
    """Return a whole web address without the doubled slashes that incident.io puts into its paths."""
    try:
        known = fields.link(urljoin(base, link.strip()) if link else None)
        if known is None:
            return None
        parts = urlsplit(known)
        return urlunsplit(parts._replace(path=re.sub("//+", "/", parts.path)))
    except ValueError:
        return None


def _categories(held: dict[str, Any]) -> list[str]:
    terms = (tag.get("term") for tag in held.get("tags", ()) if isinstance(tag, dict))
    return [term for term in terms if isinstance(term, str)]


def _moment(stamp: object, library: datetime | None) -> datetime | None:
    """Return the time of a stamp, in whole seconds; the library knows more notations."""
    time = moment(stamp, UTC)
    return time.replace(microsecond=0) if time else library


def _library_time(parsed: Any) -> datetime | None:
    """Return the library's time, which is UTC already."""
    try:
        year, month, day, hour, minute, second = parsed[:6]
        return fields.plausible(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
    except (TypeError, ValueError):
        return None
