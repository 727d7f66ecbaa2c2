"""Alerts as commands, interfaces and pages show them: the stable form, and who was sent what. Pure."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from tracker.alerting.alert import Alert, AlertState, Phase
from tracker.alerting.message import severity
from tracker.alerting.row import SentRow


class ChannelReport(msgspec.Struct, frozen=True, kw_only=True):
    """The progress of one alert in one channel."""

    channel: str
    #: held, open, closed, dropped or grouped, as decided.
    phase: str
    #: The holds on it, and until when.
    hold: str | None
    until: datetime | None
    #: The newest version that the channel is to show, and the one that it took.
    wanted_version: int
    sent_version: int
    attempts: int
    last_error: str | None
    #: The reason why a message was given up; `alerts resend` sends it again.
    dead_letter: str | None
    #: When the channel took the first open, the newest message and the close, and how many messages it took.
    opened_at: datetime | None = None
    sent_at: datetime | None = None
    closed_at: datetime | None = None
    messages: int = 0
    #: When the last attempt failed.
    failed_at: datetime | None = None

    @property
    def waits(self) -> bool:
        """Return whether the channel has not taken the last decision yet."""
        is_decided = self.phase in (Phase.OPEN, Phase.CLOSED)
        return is_decided and self.sent_version < self.wanted_version and not self.dead_letter


class AlertReport(msgspec.Struct, frozen=True, kw_only=True):
    """One alert, with the messages sent to each channel."""

    id: str
    state: str
    kind: str
    severity: str
    provider: str
    title: str
    status: str
    impact: str | None
    opened_at: datetime
    closed_at: datetime | None
    is_drill: bool
    channels: tuple[ChannelReport, ...]
    #: Its subject at the provider: an incident id, a component, the page.
    subject: str = ""
    provider_name: str = ""
    snoozed_until: datetime | None = None
    #: The acts of people on it, the newest last.
    marks: tuple["Mark", ...] = ()

    @property
    def is_over(self) -> bool:
        """Return whether it is closed."""
        return self.closed_at is not None

    @property
    def is_waiting(self) -> bool:
        """Return whether it was sent to somebody, and nobody has taken it on."""
        return self.state == AlertState.OPEN and any(each.phase == Phase.OPEN for each in self.channels)


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One act of a person on an alert."""

    #: acknowledged, snoozed, woken or noted
    act: str
    at: datetime
    text: str

    @property
    def by(self) -> str:
        """Return the author."""
        if self.act == "noted":
            return self.text.partition(": “")[0]
        name = self.text.partition(" by ")[2].removesuffix(".")
        return name.rpartition(" until ")[0] if self.act == "snoozed" else name


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """The messages sent to one channel for one alert."""

    alert: str
    title: str
    provider: str
    state: str
    channel: ChannelReport


_MARKS = ("acknowledged", "snoozed", "woken", "noted")


def report(alert: Alert, rows: Mapping[str, SentRow]) -> AlertReport:
    """Return an alert with what each channel was sent of it; `rows` are by channel."""
    return AlertReport(
        id=alert.id,
        state=alert.state,
        kind=alert.group or alert.kind,
        severity=severity(alert.kind, alert.impact),
        provider=alert.provider_id.removeprefix("~"),
        title=alert.title,
        status=alert.status,
        impact=alert.impact,
        opened_at=alert.opened_at,
        closed_at=alert.closed_at,
        is_drill=alert.drill is not None,
        channels=tuple(_of_channel(alert, name, rows.get(name, SentRow())) for name in alert.targets),
        subject=alert.subject,
        provider_name=alert.provider_name,
        snoozed_until=alert.snoozed_until,
        marks=tuple(
            Mark(act=word, at=step.at, text=step.text)
            for step in alert.steps
            for word, _, when in [step.id.partition("/")]
            if word in _MARKS and "/" not in when
        ),
    )


def deliveries(found: AlertReport) -> tuple[Delivery, ...]:
    """Return the deliveries of an alert, one for each channel."""
    return tuple(
        Delivery(alert=found.id, title=found.title, provider=found.provider, state=found.state, channel=each)
        for each in found.channels
    )


def _of_channel(alert: Alert, name: str, row: SentRow) -> ChannelReport:
    target = alert.targets[name]
    return ChannelReport(
        channel=name,
        phase=target.phase,
        hold=target.hold if target.phase is Phase.HELD else None,
        until=target.due_at,
        wanted_version=target.version,
        sent_version=row.version,
        attempts=row.attempts,
        last_error=row.last_error,
        dead_letter=row.missed or (row.last_error if row.is_dead else None),
        opened_at=row.opened_at,
        sent_at=row.sent_at,
        closed_at=row.closed_at,
        messages=row.messages,
        failed_at=row.last_error_at,
    )
