"""Atom and RSS -> Snapshot. The only importer of the feed library.

A feed tells history: one entry per incident, no components, no clock that could be trusted. Its own `updated` is
stamped anew with no news, so that a snapshot of a feed carries none.
"""

import io
import re
from datetime import UTC, datetime
from typing import Any

import feedparser

from tracker.errors import ParseError
from tracker.models import Incident, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.feed_entries import Entry, incident_of, is_maintenance, joined
from tracker.parse.feed_times import offset_of
from tracker.parse.format import Endpoints, Format
from tracker.parse.sniff import FEED_ROOTS, refusal, xml_root

#: Angle brackets and ampersands cost the feed library microseconds each; the largest real feeds have a tenth of this.
_MAX_MARKS = 300_000
_TAIL = 2_000
#: Statuspage calls its feeds `GitHub Status - Incident History`.
_TITLE_SUFFIX = " - Incident History"
_ENTITY_DECLARATION = re.compile(rb"<!ENTITY", re.IGNORECASE)


def _recognises(body: bytes, _: str | None) -> bool:
    return xml_root(body) in FEED_ROOTS


def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:  # noqa: ARG001  entries hold whole addresses
    root = xml_root(body)
    if root not in FEED_ROOTS:
        raise refusal(body, content_type)
    parsed = _parsed(body, root)
    title = fields.name(fields.body_text(parsed.feed.get("title")))
    incidents = _incidents([_entry(raw) for raw in parsed.entries])
    return Snapshot(
        name=title.removesuffix(_TITLE_SUFFIX) if title else None,
        incidents=tuple(incident for incident in incidents if not is_maintenance(incident)),
        maintenances=tuple(incident for incident in incidents if is_maintenance(incident)),
    )


FEED = Format(
    name="feed",
    recognises=_recognises,
    read=_read,
    endpoints=tuple(Endpoints(primary=path) for path in ("/history.atom", "/feed.atom", "/history.rss", "/feed.rss")),
)


def _parsed(body: bytes, root: str) -> Any:
    """Return what the feed library makes of the body, which is never a path or an address to it. Raises ParseError."""
    if _ENTITY_DECLARATION.search(body.replace(b"\0", b"")):
        raise ParseError("the feed declares XML entities of its own")
    if body.count(b"<") + body.count(b"&") > _MAX_MARKS:
        raise ParseError("the feed holds more markup than a status page's")
    try:
        parsed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    except Exception as exc:
        # The library answers hostile bytes with whatever goes wrong first.
        raise ParseError(f"the feed cannot be read ({type(exc).__name__})") from exc
    if parsed.bozo and not _is_whole(body, root):
        raise ParseError("the feed breaks off before its end")
    return parsed


def _is_whole(body: bytes, root: str) -> bool:
    tail = body[-_TAIL:].replace(b"\0", b"").lower()
    return re.search(rb"</(?:[\w.-]+:)?" + root.encode() + rb"\s*>", tail) is not None


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
    found: dict[str, Incident] = {}
    for entry in entries:
        incident = incident_of(entry)
        newer = found.get(incident.id)
        found[incident.id] = joined(newer, incident) if newer else incident
    return list(found.values())
