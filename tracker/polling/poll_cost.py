"""The cost and savings of polls: how each one ended, and how many bytes it received or saved. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec


class ResponseClass(StrEnum):
    """The depth to which an answer was read until it was clear whether it changed."""

    NOT_MODIFIED = "not_modified"
    SAME_BODY = "same_body"
    STALE = "stale"
    SAME_MEANING = "same_meaning"
    CHANGED = "changed"


#: The ending of a poll that reads an answer with unreadable entries.
IN_PART: Final = "in_part"
#: The ending of a poll without an answer, or with one that cannot be read.
FAILED: Final = "failed"
#: All endings of polls, the cheapest first.
ENDINGS: Final = (*(str(response_class) for response_class in ResponseClass), IN_PART, FAILED)
#: The endings of polls whose primary answer was not parsed.
_UNPARSED: Final = (ResponseClass.NOT_MODIFIED, ResponseClass.SAME_BODY)


class PollCost(msgspec.Struct, frozen=True, kw_only=True):
    """The amounts that one poll adds to the counters of its page."""

    #: One of `ENDINGS`.
    ending: str
    #: Bytes of all bodies that came, as they were sent: compressed, without headers.
    received_bytes: int = 0
    #: How many of them are the primary answer's; None if it had no body.
    answer_bytes: int | None = None


class Savings(msgspec.Struct, frozen=True, kw_only=True):
    """The counters of a page, or the sum over several."""

    #: The number of polls by ending, one of `ENDINGS`.
    endings: Mapping[str, int] = {}
    received_bytes: int = 0
    #: For every 304, the size of the last primary answer before it.
    spared_bytes: int = 0
    #: Since when it is counted, None if nothing was.
    since: datetime | None = None

    @property
    def polls(self) -> int:
        """Return the number of counted polls."""
        return sum(self.endings.values())

    @property
    def spared_parses(self) -> int:
        """Return the number of primary answers that needed no parsing: 304, or a known body."""
        return sum(self.endings.get(response_class, 0) for response_class in _UNPARSED)

    def share(self, ending: str) -> float:
        """Return the share of polls that ended so, 0 to 1."""
        return self.endings.get(ending, 0) / self.polls if self.polls else 0.0


def total(pages: Iterable[Savings]) -> Savings:
    """Return the sum, counted since the first of them."""
    known = list(pages)
    return Savings(
        endings={ending: sum(page.endings.get(ending, 0) for page in known) for ending in ENDINGS},
        received_bytes=sum(page.received_bytes for page in known),
        spared_bytes=sum(page.spared_bytes for page in known),
        since=min((page.since for page in known if page.since), default=None),
    )
