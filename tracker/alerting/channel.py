"""The port of alerting to a channel: an alert as one message, and the object that shows it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import msgspec


class Operation(StrEnum):
    """An operation on the one object that an alert is in a channel."""

    OPEN = "open"
    CHANGE = "change"
    CLOSE = "close"


class Severity(StrEnum):
    """The severity of an alert, in the words of PagerDuty's Events API."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Return a number that grows with the severity."""
        return list(Severity).index(self)


class AlertEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an alert's history: an update of the vendor, an edit or withdrawal of one, or a change."""

    #: The event's id; no two entries of an alert share one.
    id: str
    at: datetime
    status: str
    text: str = ""
    is_edit: bool = False
    #: Whether the alert got worse with it.
    is_worse: bool = False


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as a channel is to show it now. All of the vendor's words in it are untrusted."""

    act: Operation
    #: Stable over the alert's generation; 1 to 255 printable ASCII characters without spaces.
    key: str
    #: Grows with every message of one key.
    version: int
    title: str
    provider_id: str
    provider_name: str
    #: incident, maintenance, component, page, tracker
    kind: str
    severity: Severity
    #: The vendor's impact (`minor`, `major`, …), empty where it gives none.
    impact: str = ""
    status: str
    #: The text of the newest update.
    text: str = ""
    #: Oldest first. Holds at least all entries since the last message that this channel accepted.
    updates: tuple[AlertEntry, ...] = ()
    components: tuple[str, ...] = ()
    #: The incident's page.
    link: str | None = None
    started_at: datetime
    #: When it ended, in a message that closes.
    ended_at: datetime | None = None
    #: When a maintenance is planned: its begin, and its end if that is known.
    window: tuple[datetime, datetime | None] | None = None
    is_drill: bool = False
    #: The route's own words, which are trusted.
    labels: Mapping[str, str] = {}
    #: Titles of the alerts that a storm's alert stands for.
    children: tuple[str, ...] = ()
    #: The link to acknowledge or snooze the alert without signing in; None without one.
    act_link: str | None = None
    #: The reason for the message, in our words: "held 3 min".
    note: str = ""


class Channel(Protocol):
    """Shows alerts in one service. Stateless: the handle holds all that it has to remember of an alert."""

    @property
    def sends_every_update(self) -> bool:
        """Return whether each update goes out on its own, so that no version may be skipped."""
        ...

    @property
    def resend_every(self) -> timedelta | None:
        """Return the interval at which the newest message of an open alert is sent again; None for never."""
        ...

    def send(self, message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        """Show the message, and return the handle for the next message of the same key.

        `in_doubt` says that an earlier call with this message may have arrived. Raises FetchError (try again, after
        `retry_after_s` if it has one), ChannelRefused (a retry cannot help), ConfigError (a secret is missing).
        ChannelFailed is a FetchError that carries a handle, which replaces the one that was given.
        """
        ...
