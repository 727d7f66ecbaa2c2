"""One alert: one disturbance at one provider, and its wanted content in each channel."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from tracker.model.page import Impact
from tracker.model.route import AlertKind

#: A reopening within so long goes on with the alert that was closed; a later one begins a new generation.
REOPENS_WITHIN: Final = timedelta(minutes=30)
#: Alerts that are about what a vendor posts; their subjects are the vendor's ids.
OF_INCIDENTS: Final = (AlertKind.INCIDENT, AlertKind.MAINTENANCE)
#: Steps that are kept of one alert, the first one and the newest.
MOST_STEPS: Final = 60
_RANKS: Final = {Impact.NONE: 0, Impact.MAINTENANCE: 0, Impact.MINOR: 1, Impact.MAJOR: 2, Impact.CRITICAL: 3}


class AlertState(StrEnum):
    """The state of an alert."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"


class GroupKind(StrEnum):
    """The reason why one alert stands for several."""

    STORM = "storm"
    #: The part that quiet hours held back.
    SUMMARY = "summary"
    DIGEST = "digest"


class Phase(StrEnum):
    """The progress of one alert in one channel."""

    #: A route names the channel, and something holds the alert back.
    HELD = "held"
    OPEN = "open"
    CLOSED = "closed"
    #: It was over before it was sent.
    DROPPED = "dropped"
    #: The alert of a group shows it.
    GROUPED = "grouped"


class Hold(StrEnum):
    """The reason why an alert is held back from a channel."""

    AFTER = "after"
    SILENCE = "silence"
    QUIET = "quiet hours"
    DIGEST = "digest"


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an alert's story, and how the alert stood with it."""

    #: Id of the event, or of the act.
    id: str
    version: int
    at: datetime
    status: str
    text: str = ""
    update_id: str | None = None
    is_edit: bool = False
    is_withdrawal: bool = False
    is_worse: bool = False
    #: The alert's title and impact at that moment.
    title: str
    impact: Impact | None = None


class ChildAlert(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One alert that a group's alert stands for."""

    title: str
    status: str
    is_over: bool = False
    impact: Impact | None = None


class AlertTarget(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The wanted content of one alert in one channel; `tracker.alerting.row` holds the content sent so far."""

    phase: Phase
    #: Position of the route that decided, from 1 on; 0 where none did.
    route: int = 0
    hold: Hold | None = None
    #: When an alert that is held is evaluated again; of an open one, when quiet hours let its changes through.
    due_at: datetime | None = None
    #: The newest version that the channel is to show.
    version: int = 0
    #: How often the channel is to be reminded beyond the versions, and what such a reminder says.
    repeats: int = 0
    repeat_at: datetime | None = None
    note: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    #: Begin of the maintenance that the channel was reminded of last.
    reminded_for: datetime | None = None
    #: Key of the group's alert that shows this one.
    group: str | None = None
    #: Of a digest: the length of its windows.
    window_s: int = 0
    #: Whether it is sent once, complete, and has no end that would be sent.
    is_notice: bool = False


class Alert(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One alert. `version` grows with whatever channels show of it."""

    provider_id: str
    provider_name: str
    #: Its subject at the provider: an incident id, a component, the page.
    subject: str
    kind: AlertKind
    generation: int = 1
    state: AlertState = AlertState.OPEN
    version: int = 1
    title: str
    status: str
    impact: Impact | None = None
    components: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    link: str | None = None
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None
    opened_at: datetime
    #: When it opened or reopened last.
    since: datetime
    closed_at: datetime | None = None
    steps: tuple[Step, ...] = ()
    targets: Mapping[str, AlertTarget] = {}
    snoozed_until: datetime | None = None
    #: Since when the page is elsewhere and has not shown this yet.
    moved_at: datetime | None = None
    #: The channel that a drill is for, `*` for those that routes name; None for what really happened.
    drill: str | None = None
    group: GroupKind | None = None
    children: Mapping[str, ChildAlert] = {}

    @property
    def id(self) -> str:
        """Return its id: `<provider>/<digest>/<generation>`, printable ASCII."""
        return f"{self.provider_id}/{subject_digest(self.subject)}/{self.generation}"

    @property
    def is_over(self) -> bool:
        """Return whether it is closed."""
        return self.state in (AlertState.RESOLVED, AlertState.WITHDRAWN)

    @property
    def cause(self) -> str | None:
        """Return the cause, beside their host, that several alerts may share; None for none."""
        return "unreadable" if self.kind is AlertKind.PAGE else None


class DeliveryDecision(msgspec.Struct, frozen=True, kw_only=True):
    """One decision that a channel is sent something."""

    channel: str
    alert_id: str
    act: str
    version: int
    #: How often the channel has been reminded beyond the versions.
    repeats: int = 0
    note: str = ""


def subject_digest(subject: str) -> str:
    """Return 16 hexadecimal digits that stand for a subject in keys."""
    return hashlib.blake2b(subject.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def rank(impact: Impact | None) -> int | None:
    """Return a number that grows with the impact; None for an unknown one."""
    return None if impact is None else _RANKS[impact]


def is_worse(before: Impact | None, after: Impact | None) -> bool:
    """Return whether an impact is worse than another one; an unknown one is taken for a minor one."""
    return after is not None and _RANKS[after] > (_RANKS[Impact.MINOR] if before is None else _RANKS[before])


def worst(impacts: Iterable[Impact | None]) -> Impact | None:
    """Return the worst of impacts, of which there is at least one; an unknown one is taken for a minor one."""
    return max(impacts, key=lambda impact: _RANKS[impact or Impact.MINOR])


def trimmed(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the steps without those in the middle that are too many."""
    return steps if len(steps) <= MOST_STEPS else (steps[0], *steps[-(MOST_STEPS - 1) :])
