"""The list of all updates, edits and changes of vendors, newest first. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

import msgspec

from tracker.model.event import Event, EventKind
from tracker.web.pages.badges import Badge, component_badge, impact_badge, words
from tracker.web.pages.text_diff import Change, Piece, readable, word_diff
from tracker.web.pages.wording import clock, relative_day, weekday

#: The choices of the filter by kind: value, name, and the kinds that it lets pass.
KINDS: Final = (
    ("", "everything", ()),
    ("updates", "updates", (EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE)),
    ("edits", "edits and withdrawals", (EventKind.UPDATE_EDITED, EventKind.UPDATE_WITHDRAWN)),
    ("components", "components", (EventKind.COMPONENT_STATUS_CHANGE,)),
    ("maintenance", "maintenance", (EventKind.MAINTENANCE_UPDATE,)),
    ("pages", "pages that cannot be read", (EventKind.PAGE_UNREADABLE, EventKind.PAGE_READABLE, EventKind.PAGE_MOVED)),
)
#: Characters of a text that the list shows.
_EXCERPT: Final = 1000
IMPACTS: Final = ("", "minor", "major", "critical")
_WHAT: Final = {
    EventKind.NEW_INCIDENT: "New incident",
    EventKind.INCIDENT_UPDATE: "Update",
    EventKind.MAINTENANCE_UPDATE: "Maintenance",
    EventKind.COMPONENT_STATUS_CHANGE: "Component changed",
    EventKind.UPDATE_WITHDRAWN: "Withdrawn",
    EventKind.UPDATE_EDITED: "Edited",
    EventKind.PAGE_UNREADABLE: "Cannot be read",
    EventKind.PAGE_READABLE: "Can be read again",
    EventKind.PAGE_MOVED: "Page moved",
}


#: Events whose text is the tracker's, or which have none.
_OWN_WORDS: Final = {
    EventKind.UPDATE_WITHDRAWN,
    EventKind.COMPONENT_STATUS_CHANGE,
    EventKind.PAGE_UNREADABLE,
    EventKind.PAGE_READABLE,
    EventKind.PAGE_MOVED,
}


class UpdatesFilter(msgspec.Struct, frozen=True, kw_only=True):
    """The filters in the address."""

    words: str = ""
    providers: tuple[str, ...] = ()
    group: str = ""
    impact: str = ""
    kinds: tuple[str, ...] = ()

    @property
    def query(self) -> str:
        """Return the filter as the query of an address; the feeds take the same one."""
        given: list[tuple[str, str]] = [("q", self.words)] if self.words else []
        given += [("provider", provider) for provider in self.providers]
        given += [("group", self.group)] if self.group else []
        given += [("min_impact", self.impact)] if self.impact else []
        given += [("kind", kind) for kind in self.kinds]
        return f"?{urlencode(given)}" if given else ""

    @property
    def what(self) -> str:
        """Return the name of the offered choice that the filter by kind is, "" if it is none of them."""
        return next((value for value, _, kinds in KINDS if kinds and {*kinds} == {*self.kinds}), "")


class FeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event."""

    id: str
    at: datetime
    badge: Badge
    provider: str
    provider_name: str
    #: The incident's title, or the component's name.
    title: str
    incident_id: str | None
    pieces: tuple[Piece, ...]
    what: str
    is_withdrawn: bool


class FeedDay(msgspec.Struct, frozen=True, kw_only=True):
    """The events of one day."""

    name: str
    weekday: str
    rows: tuple[FeedRow, ...]


def feed_days(events: Sequence[Event], now: datetime, earlier: Mapping[str, str] | None = None) -> tuple[FeedDay, ...]:
    """Return events, newest first, by the day on which they were seen.

    `earlier` holds by the id of an edit or a withdrawal the text before it, if that is on record.
    """
    days: dict[object, list[Event]] = {}
    for event in events:
        days.setdefault(event.seen_at.astimezone(UTC).date(), []).append(event)
    return tuple(
        FeedDay(
            name=relative_day(found[0].seen_at, now),
            weekday=weekday(found[0].seen_at),
            rows=tuple(_row(event, (earlier or {}).get(event.id)) for event in found),
        )
        for found in days.values()
    )


def _row(event: Event, before: str | None) -> FeedRow:
    text, said = readable(event.message or "", _EXCERPT), readable(before or "", _EXCERPT)
    if event.event in _OWN_WORDS:
        text = text[:1].upper() + text[1:] or said
    pieces: tuple[Piece, ...] = (Piece(Change.SAME, text),) if text else ()
    if said and event.event is EventKind.UPDATE_EDITED:
        pieces = word_diff(said, text)
    return FeedRow(
        id=event.id,
        at=event.seen_at,
        badge=_badge(event),
        provider=event.provider,
        provider_name=event.provider_name,
        title=event.incident or ", ".join(event.components),
        incident_id=event.incident_id,
        pieces=pieces,
        what=_what(event),
        is_withdrawn=event.event is EventKind.UPDATE_WITHDRAWN,
    )


def _badge(event: Event) -> Badge:
    if event.event is EventKind.COMPONENT_STATUS_CHANGE:
        return component_badge(event.status)
    if event.event is EventKind.PAGE_UNREADABLE:
        return Badge("unknown", "Unknown")
    if event.event in (EventKind.PAGE_READABLE, EventKind.PAGE_MOVED):
        return Badge("quiet", "Readable" if event.event is EventKind.PAGE_READABLE else "Moved")
    if event.event is EventKind.MAINTENANCE_UPDATE:
        return Badge("maintenance", "Maintenance")
    return impact_badge(event.impact)


def _what(event: Event) -> str:
    name = _WHAT[event.event]
    if event.event is EventKind.UPDATE_EDITED and event.published_at:
        return f"{name}, first said {clock(event.published_at)}"
    spoken = (EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE, EventKind.MAINTENANCE_UPDATE)
    return f"{name}, {words(event.status).lower()}" if event.event in spoken else name
