"""The page Alerts: open alerts, messages, dead letters, and the state of channels. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from tracker.alerting.alert import AlertState, Phase
from tracker.alerting.facts import AlertFacts, OpenAlert
from tracker.alerting.report import AlertReport, ChannelReport, Mark
from tracker.alerting.rules import RouteDecision
from tracker.alerting.stores import ChannelState
from tracker.model.drill import DrillRun
from tracker.model.route import AlertKind, Silence
from tracker.web.pages.badges import ATTENTION, FAILED, GOOD, MAINTENANCE, NOT_READ, Badge, impact_badge
from tracker.web.pages.wording import counted

#: The most alerts that one page shows; of the others the count is enough, and the API lists them all.
MOST_OPEN: Final = 200
MOST_OVER: Final = 20
MOST_DEAD: Final = 50
_MOST_RUNS: Final = 3
_NOT_USED: Final = Badge("quiet", "Not used yet")
_RUNS: Final = {"running": Badge("quiet", "Running"), "passed": GOOD, "failed": FAILED}


class AlertRow(msgspec.Struct, frozen=True, kw_only=True):
    """One alert."""

    report: AlertReport
    badge: Badge
    #: The beginning of the paths of its acts.
    path: str
    #: Provider and incident of its ledger; "" where it has none.
    provider: str
    incident: str
    delivered: str
    undelivered: str
    #: The last act of a person, and the last note.
    mark: Mark | None
    note: Mark | None
    verdicts: tuple[RouteDecision, ...] = ()

    @property
    def title(self) -> str:
        """Return its title without the provider's name, which the row shows in front of it."""
        return self.report.title.removeprefix(f"{self.report.provider_name} - ")

    @property
    def is_waiting(self) -> bool:
        """Return whether it was sent to somebody, and nobody has taken it on."""
        return self.report.is_waiting

    @property
    def is_open(self) -> bool:
        """Return whether nobody has taken it on, whether or not it was sent."""
        return self.report.state == AlertState.OPEN


class DeadLetterRow(msgspec.Struct, frozen=True, kw_only=True):
    """One dead letter."""

    row: AlertRow
    channel: ChannelReport


class ChannelRow(msgspec.Struct, frozen=True, kw_only=True):
    """One channel and its state."""

    name: str
    kind: str
    badge: Badge
    state: ChannelState
    drilled_at: datetime | None


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """One drill."""

    run: DrillRun
    badge: Badge


class AlertsPage(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    headline: str
    summary: str
    waiting: int
    open: tuple[AlertRow, ...]
    more: int
    dead: tuple[DeadLetterRow, ...]
    over: tuple[AlertRow, ...]
    channels: tuple[ChannelRow, ...]
    silences: tuple[Silence, ...]
    runs: tuple[RunRow, ...]
    kinds: tuple[str, ...] = tuple(kind.value for kind in AlertKind)


class AlertsKnown(msgspec.Struct, frozen=True, kw_only=True):
    """The sources of the page."""

    #: All open alerts, and the reports of those that are shown, in order.
    open: Sequence[OpenAlert]
    shown: Sequence[AlertReport]
    #: The alerts that ended last, and those with a dead letter.
    over: Sequence[AlertReport]
    dead: Sequence[AlertReport]
    #: The verdict of each route on an alert now, by alert id.
    verdicts: Mapping[str, tuple[RouteDecision, ...]]
    channels: Sequence[ChannelState]
    #: Types of channels, and their last good drills, by name.
    types: Mapping[str, str]
    drilled: Mapping[str, datetime]
    silences: Sequence[Silence]
    runs: Sequence[DrillRun]


def alerts_page(known: AlertsKnown) -> AlertsPage:
    """Return the page."""
    dead = [
        DeadLetterRow(row=alert_row(report), channel=each)
        for report in known.dead
        for each in report.channels
        if each.dead_letter
    ]
    dead.sort(key=_failed, reverse=True)
    facts = [each.facts for each in known.open]
    return AlertsPage(
        headline=headline(facts, has_channels=bool(known.channels)),
        waiting=sum(each.is_waiting for each in facts),
        summary=_summary(facts, dead, known.silences),
        open=tuple(alert_row(each, known.verdicts.get(each.id, ())) for each in known.shown),
        more=max(0, len(facts) - len(known.shown)),
        dead=tuple(dead[:MOST_DEAD]),
        over=tuple(map(alert_row, known.over)),
        channels=tuple(_channel(state, known) for state in known.channels),
        silences=tuple(known.silences),
        runs=tuple(RunRow(run=run, badge=_RUNS[run.state]) for run in known.runs[:_MOST_RUNS]),
    )


def alert_row(report: AlertReport, verdicts: tuple[RouteDecision, ...] = ()) -> AlertRow:
    """Return one alert as a row."""
    is_event = report.kind in (AlertKind.INCIDENT, AlertKind.MAINTENANCE) and not report.is_drill
    is_page = is_event or report.kind in (AlertKind.COMPONENT, AlertKind.PAGE) or report.is_drill
    reached = [each for each in report.channels if each.phase not in (Phase.DROPPED, Phase.GROUPED)]
    arrived = [each for each in reached if each.messages or each.sent_version]
    states = Counter(map(_undelivered, reached))
    return AlertRow(
        report=report,
        badge=alert_badge(report),
        path=f"/alerts/{report.id}",
        provider=report.provider if is_page else "",
        incident=report.subject if is_event else "",
        delivered=f"{sum(not each.waits and not each.dead_letter for each in arrived)} of {len(reached)}"
        if reached
        else "",
        undelivered=", ".join(f"{number} {word}" for word, number in states.items() if word),
        mark=next((mark for mark in reversed(report.marks) if mark.act != "noted"), None),
        note=next((mark for mark in reversed(report.marks) if mark.act == "noted"), None),
        verdicts=verdicts,
    )


def alert_badge(report: AlertReport) -> Badge:
    """Return the badge of an alert's severity."""
    if report.kind == AlertKind.PAGE:
        return NOT_READ
    if report.kind == AlertKind.MAINTENANCE:
        return MAINTENANCE
    if report.kind == AlertKind.TRACKER:
        return FAILED
    return impact_badge(report.impact)


def headline(running: Sequence[AlertFacts], *, has_channels: bool) -> str:
    """Return the state of all alerts, in one sentence."""
    waiting = sum(each.is_waiting for each in running)
    if waiting:
        return f"{counted(waiting, 'alert')} {'waits' if waiting == 1 else 'wait'} for somebody"
    if running:
        return f"No alert waits, {len(running):,} {'is' if len(running) == 1 else 'are'} open"
    return "No alert is open" if has_channels else "Alerts go nowhere yet"


def _summary(running: Sequence[AlertFacts], dead: Sequence[DeadLetterRow], silences: Sequence[Silence]) -> str:
    states = Counter(each.state for each in running)
    parts = []
    if running:
        named = [(states[AlertState.ACKNOWLEDGED], "acknowledged"), (states[AlertState.SNOOZED], "snoozed")]
        listed = ", ".join(f"{number} {word}" for number, word in named if number)
        parts.append(f"{len(running):,} open{': ' + listed if listed else ''}.")
    if dead:
        parts.append(f"{counted(len(dead), 'delivery', 'deliveries')} failed for good.")
    if silences:
        parts.append(f"{counted(len(silences), 'silence')} {'holds' if len(silences) == 1 else 'hold'} alerts back.")
    return " ".join(parts)


def _undelivered(reached: ChannelReport) -> str:
    if reached.dead_letter:
        return "given up"
    if reached.phase == Phase.HELD:
        return "held"
    return "waiting" if reached.waits else ""


def _channel(state: ChannelState, known: AlertsKnown) -> ChannelRow:
    badge = GOOD if state.last_delivered_at else _NOT_USED
    if state.failures:
        badge = FAILED if state.failing_since else ATTENTION
    return ChannelRow(
        name=state.name,
        kind=known.types.get(state.name, ""),
        badge=badge,
        state=state,
        drilled_at=known.drilled.get(state.name),
    )


def _failed(letter: DeadLetterRow) -> float:
    return letter.channel.failed_at.timestamp() if letter.channel.failed_at else 0.0
