"""Updates as Atom (RFC 4287) and JSON Feed 1.1: one entry for each update, which an edit changes. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote
from xml.etree import ElementTree as ET

import msgspec

from tracker.history import FeedItem
from tracker.model.event import Event, EventKind
from tracker.model.keys import event_id
from tracker.web.plain import LONGEST_TEXT, LONGEST_TITLE, link_of, text_of, title_of

_ATOM: Final = "http://www.w3.org/2005/Atom"
#: A prefix after RFC 4151, under which the ids are the tracker's forever.
_TAG: Final = "tag:github.com,2026:status-page-tracker"
_CHANGES: Final = frozenset({EventKind.UPDATE_EDITED, EventKind.UPDATE_WITHDRAWN})


class OutgoingEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a feed; harmless text."""

    id: str
    title: str
    text: str
    author: str
    published_at: datetime
    updated_at: datetime
    link: str | None
    tags: tuple[str, ...]


class OutgoingFeed(msgspec.Struct, frozen=True, kw_only=True):
    """A feed with its entries."""

    title: str
    #: The feed's own address, and the address of the page with the same list.
    url: str
    home: str
    entries: tuple[OutgoingEntry, ...]

    @property
    def updated_at(self) -> datetime:
        """Return when its newest entry changed."""
        return max((entry.updated_at for entry in self.entries), default=datetime(2000, 1, 1, tzinfo=UTC))


def entries_of(items: Sequence[FeedItem]) -> tuple[OutgoingEntry, ...]:
    """Return the entries of events, the newest first as those are given; an edit changes its update's entry."""
    entries: dict[str, OutgoingEntry] = {}
    reported = {_place(item.event): item.event.id for item in items if item.event.event not in _CHANGES}
    for item in items:
        event = item.event
        is_change = event.event in _CHANGES and event.incident_id is not None and event.update_id is not None
        entry = _entry(event, reported.get(_place(event), _own_id(event)) if is_change else event.id)
        newer = entries.get(entry.id)
        # The older event has the date of publication; the newer one has the text.
        entries[entry.id] = entry if newer is None else msgspec.structs.replace(newer, published_at=entry.published_at)
    return tuple(entries.values())


def as_atom(channel: OutgoingFeed) -> bytes:
    """Return the feed as Atom."""
    ET.register_namespace("", _ATOM)
    feed = ET.Element(f"{{{_ATOM}}}feed")
    _add(feed, "id", f"{_TAG}:{quote(channel.url)}")
    _add(feed, "title", channel.title)
    _add(feed, "updated", _time(channel.updated_at))
    _add(feed, "link", rel="self", type="application/atom+xml", href=channel.url)
    _add(feed, "link", rel="alternate", type="text/html", href=channel.home)
    for entry in channel.entries:
        node = _add(feed, "entry")
        _add(node, "id", entry.id)
        _add(node, "title", entry.title)
        _add(node, "published", _time(entry.published_at))
        _add(node, "updated", _time(entry.updated_at))
        _add(_add(node, "author"), "name", entry.author)
        if entry.link:
            _add(node, "link", rel="alternate", href=entry.link)
        for tag in entry.tags:
            _add(node, "category", term=tag)
        _add(node, "content", entry.text, type="text")
    document: bytes = ET.tostring(feed, "utf-8", xml_declaration=True)
    return document


def as_json_feed(channel: OutgoingFeed) -> bytes:
    """Return the feed as JSON Feed."""
    items = [
        {
            "id": entry.id,
            "title": entry.title,
            "content_text": entry.text,
            "date_published": _time(entry.published_at),
            "date_modified": _time(entry.updated_at),
            "authors": [{"name": entry.author}],
            "tags": list(entry.tags),
            **({"url": entry.link} if entry.link else {}),
        }
        for entry in channel.entries
    ]
    return msgspec.json.encode(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": channel.title,
            "home_page_url": channel.home,
            "feed_url": channel.url,
            "items": items,
        }
    )


def _place(event: Event) -> tuple[str, str | None, str | None]:
    return event.provider, event.incident_id, event.update_id


def _own_id(event: Event) -> str:
    """Return the id under which the update that an event changes was reported, unless an earlier version did that."""
    return event_id(event.provider, event.incident_id or "", event.update_id or "")


def _entry(event: Event, named: str) -> OutgoingEntry:
    what = event.incident or event.message or event.event.replace("_", " ")
    withdrawn = "Withdrawn: " if event.event is EventKind.UPDATE_WITHDRAWN else ""
    published_at = event.published_at or event.seen_at
    is_later = event.event in _CHANGES
    components = (title_of(name, 100) for name in event.components)
    title = title_of(f"{withdrawn}{event.product}: {what} ({event.status.replace('_', ' ')})", LONGEST_TITLE)
    return OutgoingEntry(
        id=f"{_TAG}/{quote(named.encode('utf-8', 'replace'), safe='/')}",
        title=title,
        text=text_of(event.message, LONGEST_TEXT),
        author=title_of(event.provider_name, 100) or event.provider,
        published_at=published_at,
        updated_at=max(published_at, event.seen_at) if is_later else published_at,
        link=link_of(event.link),
        tags=tuple(filter(None, (event.event.value, event.impact, *components))),
    )


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: Any) -> ET.Element:
    node = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    node.text = text
    return node


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
