"""The API's answers about alerts. Fields may be added, never changed."""

from datetime import datetime
from typing import Annotated

import msgspec

from tracker.alerting.report import AlertReport, Delivery
from tracker.alerting.stores import ChannelState
from tracker.model.drill import DrillRun
from tracker.model.route import AlertKind, Silence

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Glob = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Span = Annotated[str, msgspec.Meta(max_length=20)]


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the alerts, those that opened last first; `next` continues the list."""

    items: tuple[AlertReport, ...]
    #: The `cursor` of the next page; None at the end.
    next: str | None = None


class StoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an alert's story."""

    id: str
    at: datetime
    status: str
    text: str


class RouteVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict of one route on an alert."""

    #: Position of the route in providers.toml, from 1 on.
    route: int
    to: tuple[str, ...]
    matches: bool
    #: The key that decided, and why.
    reason: str


class AlertDetail(msgspec.Struct, frozen=True, kw_only=True):
    """An alert with its story, and each route's present verdict on it."""

    alert: AlertReport
    story: tuple[StoryLine, ...]
    routes: tuple[RouteVerdict, ...]


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """The verdicts of routes on one event, and the messages that it caused."""

    event: str
    #: The alert that it changed; None if it changed none.
    alert: str | None
    routes: tuple[RouteVerdict, ...]
    #: The messages that this event caused: channel, act, version.
    sent: tuple["SentBy", ...]


class SentBy(msgspec.Struct, frozen=True, kw_only=True):
    """One message that an event caused."""

    channel: str
    act: str
    version: int


class Deliveries(msgspec.Struct, frozen=True, kw_only=True):
    """The messages sent to each channel for each alert, in the order of `Alerts`; `next` continues the list."""

    items: tuple[Delivery, ...]
    next: str | None = None


class ChannelStates(msgspec.Struct, frozen=True, kw_only=True):
    """The channels and their states."""

    items: tuple["ChannelNow", ...]


class ChannelNow(msgspec.Struct, frozen=True, kw_only=True):
    """One channel with its state."""

    state: ChannelState
    #: The time of the last drill that succeeded, None for none.
    last_good_drill_at: datetime | None


class Silences(msgspec.Struct, frozen=True, kw_only=True):
    """The silences that have not ended, the oldest first."""

    items: tuple[Silence, ...]


class DrillRuns(msgspec.Struct, frozen=True, kw_only=True):
    """The last drills, the newest first."""

    items: tuple["DrillState", ...]


class DrillState(msgspec.Struct, frozen=True, kw_only=True):
    """A drill, and whether it is `running`, `passed` or `failed`."""

    state: str
    drill: DrillRun


class AlertDone(msgspec.Struct, frozen=True, kw_only=True):
    """An alert after an act."""

    alert: str
    state: str
    #: The channels that it is sent to again.
    channels: tuple[str, ...] = ()


class By(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The author of an act; a token alone does not name one."""

    by: Name | None = None


class SnoozeFor(By, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The time to hold an alert: `30m`, `4h`, `2d`; 30 days at most."""

    span: Span = msgspec.field(default="1h", name="for")


class NewNote(By, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A note on the alert, which its channels show, too."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Resend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The channel to resend to; without it, all channels with dead letters."""

    channel: Name | None = None


class NewSilence(SnoozeFor, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The alerts to hold back for a while, and the reason."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    providers: tuple[Glob, ...] = ()
    components: tuple[Glob, ...] = ()
    kinds: tuple[AlertKind, ...] = ()


class NewDrill(By, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The provider of a drill; with `channel`, only that channel is tried."""

    provider: Glob
    channel: Name | None = None
