"""One event as a message for people, not yet escaped for a chat: its vendor text is still hostile."""

from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Final, assert_never

import msgspec

from tracker.delivery.sinks.wording import product, status, title, window
from tracker.model.event import Event, EventKind
from tracker.model.marks import safe_link
from tracker.model.plain import several_lines

#: The part of a vendor's message that all chats show.
LONGEST_TEXT: Final = 3000
_LONGEST_LINK: Final = 500


class ChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of an event that a chat shows."""

    product: str
    #: Label and text of each line of it.
    facts: tuple[tuple[str, str], ...]
    #: The vendor's message, in several lines.
    text: str
    #: Addresses behind words of the text.
    links: tuple[str, ...] = ()
    #: The incident's page.
    link: str | None


def message_of(event: Event) -> ChatMessage:
    """Return an event as a message."""
    return ChatMessage(
        product=product(event),
        facts=tuple(_facts(event)),
        text=several_lines(event.message or "", LONGEST_TEXT),
        links=tuple(_few(filter(None, map(safe_link, event.links or ())))),
        link=safe_link(event.link),
    )


def _facts(event: Event) -> Iterator[tuple[str, str]]:
    match event.event:
        case EventKind.MAINTENANCE_UPDATE:
            yield "Maintenance", title(event)
            if event.scheduled_for is not None:
                yield "Window", window(event.scheduled_for, event.scheduled_until)
        case EventKind.NEW_INCIDENT | EventKind.INCIDENT_UPDATE | EventKind.UPDATE_EDITED | EventKind.UPDATE_WITHDRAWN:
            yield "Incident", title(event)
        case (
            EventKind.COMPONENT_STATUS_CHANGE
            | EventKind.PAGE_UNREADABLE
            | EventKind.PAGE_READABLE
            | EventKind.PAGE_MOVED
        ):
            pass
        case _:
            assert_never(event.event)
    yield "Status", f"{status(event)}, edited" if event.event is EventKind.UPDATE_EDITED else status(event)
    if event.published_at is not None:
        yield "Published", f"{event.published_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _few(links: Iterable[str]) -> Iterator[str]:
    """Yield the first links, as long as they leave room for the message."""
    left = _LONGEST_LINK
    for link in links:
        left -= len(link)
        if left < 0:
            return
        yield link
