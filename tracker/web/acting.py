"""Acts on alerts, for pages and interfaces: their author, their duration, and the line in the audit stream."""

from datetime import timedelta
from typing import Final

from tracker.catalogue.alert_values import seconds
from tracker.catalogue.mistakes import InvalidValue
from tracker.errors import ConfigError
from tracker.store.board import Act
from tracker.web.access import Viewer
from tracker.web.parts import Parts

#: The names of people who gave none.
_NAMES: Final = {
    "session": "somebody on the page",
    "token": "somebody with the token",
    "basic": "somebody with the token",
    "link": "somebody with the link",
}


def who(viewer: Viewer, given: str | None = None) -> str:
    """Return the author's name of an act: the user whom a proxy names, or else the name that the request gives."""
    if viewer.via == "proxy":
        return viewer.name
    return given or _NAMES.get(viewer.via, viewer.name)


def note(parts: Parts, viewer: Viewer, act: str, subject: str) -> None:
    """Write down an act with its author. Raises StoreError."""
    parts.acts.note(Act(at=parts.clock(), actor=viewer.name, act=act, subject=subject, via=viewer.via))


def span_of(text: str) -> timedelta:
    """Return a duration as in `4h`. Raises ConfigError."""
    try:
        found = seconds(text, least=1, example="4h")
    except InvalidValue:
        raise ConfigError("this is not a duration up to 30 days; write one as in 30m, 4h or 2d") from None
    return timedelta(seconds=found)
