"""Atom and RSS -> Snapshot.

A feed tells history: one entry per incident, no components, no clock that could be trusted. Its own `updated` is
stamped anew with no news, so that a snapshot of a feed carries none.
"""

import re
from datetime import UTC, datetime
from typing import Any

from tracker.errors import ParseError
from tracker.models import Incident, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.feed_entries import Entry, incident_of, is_maintenance, joined
from tracker.parse.feed_library import parsed, text_of
from tracker.parse.feed_subject import is_of_incidents
from tracker.parse.feed_times import offset_of
from tracker.parse.format import Endpoints, Format
from tracker.parse.sniff import FEED_ROOTS, refusal, xml_root

#: Angle brackets and ampersands cost the feed library some 20 microseconds each; the largest real feeds have 5,000.
_MAX_MARKS = 50_000
#: Entries cost a hundred times as much; real feeds have 50.
_MAX_ENTRIES = 5_000
_TAIL = 2_000
#: Statuspage calls its feeds `GitHub Status - Incident History`.
_TITLE_SUFFIX = " - Incident History"
_ENTITY_DECLARATION = re.compile("<!ENTITY", re.IGNORECASE)
#: A tag of thousands of words; real ones have three. It ends at `>`, quotes apart, and holds no `<`.
_ENDLESS_TAG = re.compile(r"""<[\w:/](?:[^<>"']|"[^"<]*+"|'[^'<]*+'){5000}+""")


def _recognises(body: bytes, _: str | None) -> bool:
    return xml_root(body) in FEED_ROOTS


def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:  # noqa: ARG001  entries hold whole addresses
    title, entries = opened(body, content_type)
    incidents = _incidents(entries)
    return Snapshot(
        name=title.removesuffix(_TITLE_SUFFIX) if title else None,
        incidents=tuple(incident for incident in incidents if not is_maintenance(incident)),
        maintenances=tuple(incident for incident in incidents if is_maintenance(incident)),
    )


def opened(body: bytes, content_type: str | None) -> tuple[str | None, list[Entry]]:
    """Return title and entries of a feed. Raises ParseError."""
    feed = _feed(body, content_type)
    return fields.name(fields.body_text(feed.feed.get("title"))), [_entry(raw) for raw in feed.entries]


def _tells_incidents(body: bytes, _: str, content_type: str | None) -> bool:
    try:
        feed = _feed(body, content_type)
    except ParseError:
        return False
    titles = (_text(feed.feed.get("title")), _text(feed.feed.get("subtitle")))
    return is_of_incidents(titles, [_entry(raw) for raw in feed.entries])


def _feed(body: bytes, content_type: str | None) -> Any:
    text = text_of(body)
    root = xml_root(text.encode())
    if root not in FEED_ROOTS:
        raise refusal(body, content_type)
    return _parsed(text, root)


FEED = Format(
    name="feed",
    title="Atom or RSS feed",
    recognises=_recognises,
    read=_read,
    endpoints=tuple(Endpoints(primary=path) for path in ("/history.atom", "/feed.atom", "/history.rss", "/feed.rss")),
    tells_incidents=_tells_incidents,
)


def _parsed(text: str, root: str) -> Any:
    """Return what the feed library makes of the text. Raises ParseError."""
    if _ENTITY_DECLARATION.search(text):
        raise ParseError("the feed declares XML entities of its own")
    if text.count("<") + text.count("&") > _MAX_MARKS or _ENDLESS_TAG.search(text):
        raise ParseError("the feed holds more markup than a status page's")
    try:
        feed = parsed(text)
    except Exception as exc:
        # The library answers hostile bytes with whatever goes wrong first.
        raise ParseError(f"the feed cannot be read ({type(exc).__name__})") from exc
    if len(feed.entries) > _MAX_ENTRIES:
        raise ParseError(f"the feed holds {len(feed.entries)} entries; no status page's has more than {_MAX_ENTRIES}")
    if feed.bozo and not _is_whole(text, root):
        raise ParseError("the feed breaks off before its end")
    return feed


def _is_whole(text: str, root: str) -> bool:
    return re.search(rf"</(?:[\w.-]+:)?{root}\s*>", text[-_TAIL:].lower()) is not None


def _entry(raw: Any) -> Entry:
    # Plain dict access: the library's own answers a missing `updated` with `published` and a warning.
    held = dict(raw)
    contents = [part.get("value") for part in held.get("content", ()) if isinstance(part, dict)]
    stamps = [stamp for stamp in (held.get("published"), held.get("updated")) if isinstance(stamp, str)]
    return Entry(
        id=_text(held.get("id")),
        link=_text(held.get("link")),
        title=_text(held.get("title")) or "",
        content=next((text for text in (*contents, held.get("summary")) if isinstance(text, str) and text.strip()), ""),
        published=_moment(held.get("published_parsed")),
        updated=_moment(held.get("updated_parsed")),
        offset=next((offset for stamp in stamps if (offset := offset_of(stamp)) is not None), None),
        status=_text(held.get("status")),
        categories=tuple(_categories(held)),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _categories(held: dict[str, Any]) -> list[str]:
    terms = (tag.get("term") for tag in held.get("tags", ()) if isinstance(tag, dict))
    return [term for term in terms if isinstance(term, str)]


def _moment(parsed: Any) -> datetime | None:
    """Return the library's time, which is UTC already."""
    try:
        year, month, day, hour, minute, second = parsed[:6]
        return fields.plausible(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
    except (TypeError, ValueError):
        return None


def _incidents(entries: list[Entry]) -> list[Incident]:
    """Return one incident per identity, in the feed's order."""
    found: dict[str, list[Incident]] = {}
    for entry in entries:
        incident = incident_of(entry)
        found.setdefault(incident.id, []).append(incident)
    return [joined(incidents) for incidents in found.values()]
