"""One event as a message for people, not yet escaped for a chat: its vendor text is still hostile."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from typing import Final, assert_never
from urllib.parse import urlsplit

import msgspec

from tracker.delivery.sinks.plain import several_lines
from tracker.delivery.sinks.wording import product, status, title, window
from tracker.model.event import Event, EventKind

#: What all chats show of a vendor's message.
LONGEST_TEXT: Final = 3000
_LONGEST_LINK: Final = 500
#: Mentions everybody in some chat. An invisible blank behind the sign makes it a word.
_CALL: Final = re.compile(r"@(?=here|everyone|channel|all|group|team)", re.IGNORECASE)
#: An address as chats find it in a text, up to a letter that means something to one of them.
ADDRESS: Final = re.compile(r"https?://[^\s<>\"'`\\{}|^*\[\]()]+", re.IGNORECASE)
_UNSAFE_IN_LINKS: Final = re.compile(r"[\s<>\"'`\\{}|^*\[\]()\x00-\x20\x7f]")


class Message(msgspec.Struct, frozen=True, kw_only=True):
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


def message_of(event: Event) -> Message:
    """Return an event as a message."""
    return Message(
        product=product(event),
        facts=tuple(_facts(event)),
        text=several_lines(event.message or "", LONGEST_TEXT),
        links=tuple(_few(filter(None, map(_safe, event.links or ())))),
        link=_safe(event.link),
    )


def calls_nobody(text: str) -> str:
    """Return the text without mentions of everybody."""
    return _CALL.sub("@\u200b", text)


def fitted(text: str, limit: int, escaped: Callable[[str], str]) -> str:
    """Return as much of the text, escaped, as `limit` units of UTF-16 hold, an ellipsis at the end of a part."""
    whole = escaped(text)
    if units(whole) <= limit:
        return whole
    least, most = 0, len(text)
    while least < most:
        middle = (least + most + 1) // 2
        if units(escaped(text[:middle].rstrip() + "…")) <= limit:
            least = middle
        else:
            most = middle - 1
    return escaped(text[:least].rstrip() + "…") if least else ""


def units(text: str) -> int:
    """Return how long a text is for programs that count in UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


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


def _safe(link: str | None) -> str | None:
    """Return an address that no chat takes for anything else, None for others."""
    if link is None or len(link) > _LONGEST_LINK or _UNSAFE_IN_LINKS.search(link) or not link.isprintable():
        return None
    return link if urlsplit(link).scheme.lower() in ("http", "https") else None
