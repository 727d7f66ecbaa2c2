"""Alerts of the made-up world, as the data server would hold them: decided by the machine from what is on record."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from tests.web import world
from tracker.alerting.alert import Alert, Phase
from tracker.alerting.backtest import Replay
from tracker.alerting.facts import AlertPosition, OpenAlert, facts_of
from tracker.alerting.machine import MemoryBook, Storm
from tracker.alerting.row import SentRow
from tracker.alerting.rules import rules_of
from tracker.alerting.stores import ChannelState, Decided, ReadEvent
from tracker.alerting.story import acknowledged, noted, snoozed
from tracker.alerting.vital_signs import Signs
from tracker.model.channel import EmailConfig, PagerDutyConfig, SlackConfig
from tracker.model.drill import DrillRun
from tracker.model.event import Event
from tracker.model.page import Impact
from tracker.model.provider import Provider
from tracker.model.route import Alerting, AlertKind, Route, Silence

CONFIG = Alerting(
    channels=(
        PagerDutyConfig(name="oncall", routing_key_env="KEY"),
        SlackConfig(name="vendors", token_env="TOKEN", channel="C1"),
        EmailConfig(name="finance", host="smtp.example", sender="a@smtp.example", recipients=("b@smtp.example",)),
    ),
    routes=(
        Route(to=("oncall",), min_impact=Impact.CRITICAL, continues=True),
        Route(to=("finance",), groups=("Payments",), continues=True),
        Route(to=("vendors",), kinds=(AlertKind.INCIDENT, AlertKind.PAGE)),
    ),
)
REFUSED = "550 mailbox unavailable"


class Book(MemoryBook):
    """What is written stays, and needs no keeping."""

    @property
    def written(self) -> Mapping[str, Alert]:
        return {}

    @property
    def written_storms(self) -> Mapping[str, Storm]:
        return {}


class MadeUpAlerts:
    """Alerts, rows, drills and silences in memory."""

    def __init__(self, providers: Sequence[Provider], events: Sequence[Event] | None = None) -> None:
        self._providers = providers
        self._config = CONFIG if providers else Alerting()
        self._silences = [
            Silence(
                id="5116e7ce",
                reason="their move to another region",
                providers=("fjord-*",),
                created_at=world.minutes(50),
                ends_at=world.minutes(-190),
                created_by="Tomasz W.",
            )
        ][: len(providers)]
        self.runs: dict[str, DrillRun] = {}
        self.resent: list[tuple[str, str]] = []
        replay = Replay(rules_of(self._config, providers))
        known = {provider.id for provider in providers}
        recent = [
            event
            for event in sorted(world.events() if events is None else events, key=lambda each: each.seen_at)
            if event.provider in known and event.seen_at > world.NOW - timedelta(days=3)
        ]
        replay.play(recent, until=world.NOW)
        self._book = Book(map(_at_hand, replay.book.alerts))
        self._rows: dict[str, dict[str, SentRow]] = {name: {} for name in ("oncall", "vendors", "finance")}
        for alert in self._book.alerts:
            for name, target in alert.targets.items():
                self._rows.setdefault(name, {})[alert.id] = _row(alert, name, target.phase, target.version)

    def mend(self, channels: Sequence[str]) -> None:
        pass

    def begin(self) -> str:
        return "made up"

    def end(self, owner: str) -> None:
        pass

    def version(self) -> bytes:
        return b"1"

    def config(self) -> Alerting:
        return self._config

    def providers(self) -> Sequence[Provider]:
        return self._providers

    def silences(self) -> Sequence[Silence]:
        return tuple(self._silences)

    def silence(self, silence: Silence) -> None:
        self._silences.append(silence)

    def end_silence(self, silence_id: str) -> None:
        self._silences = [each for each in self._silences if each.id != silence_id]

    def events(self, _count: int) -> Sequence[ReadEvent]:
        return ()

    def book(self) -> Book:
        return self._book

    def due(self, _now: datetime, _count: int) -> Sequence[Alert]:
        return ()

    def all_alerts(self) -> Sequence[Alert]:
        return sorted(self._book.alerts, key=lambda alert: alert.opened_at)

    def open_providers(self) -> frozenset[str]:
        return frozenset(alert.provider_id for alert in self.open_alerts())

    def open_alerts(self) -> Sequence[Alert]:
        return [alert for alert in self.all_alerts() if not alert.is_over]

    def named(self, ids: Sequence[str]) -> Sequence[Alert]:
        return [alert for alert in self.all_alerts() if alert.id in ids]

    def places(
        self,
        *,
        is_open: bool | None,
        provider_ids: Collection[str] = (),
        after: AlertPosition | None = None,
        count: int,
    ) -> Sequence[AlertPosition]:
        found = [
            AlertPosition(alert.opened_at.timestamp(), alert.id)
            for alert in self.all_alerts()
            if is_open in (None, not alert.is_over) and (not provider_ids or alert.provider_id in provider_ids)
        ]
        return sorted((place for place in found if after is None or place < after), reverse=True)[:count]

    def open_facts(self) -> Sequence[OpenAlert]:
        return [OpenAlert(alert.id, facts_of(alert)) for alert in self.open_alerts()]

    def ended_last(self, count: int) -> Sequence[str]:
        over = [alert for alert in self.all_alerts() if alert.closed_at]
        return [alert.id for alert in sorted(over, key=lambda each: each.closed_at or world.NOW, reverse=True)][:count]

    def dead(self, channels: Sequence[str], count: int) -> Mapping[str, Sequence[str]]:
        return {name: [key for key, row in self._rows[name].items() if row.is_dead][:count] for name in channels}

    def channel_states(self, names: Collection[str]) -> Sequence[ChannelState]:
        taken = {"delivered": 12, "last_delivered_at": world.minutes(4)}
        states = {
            "oncall": ChannelState(name="oncall", **taken),  # type: ignore[arg-type]
            "vendors": ChannelState(
                name="vendors",
                failures=4,
                failing_since=world.minutes(22),
                last_error="the channel vendors: Slack answered not_in_channel; invite the app to the conversation",
                ready=2,
                **taken,  # type: ignore[arg-type]
            ),
        }
        return [states.get(name, ChannelState(name=name)) for name in names]

    def good_drills(self) -> Mapping[str, datetime]:
        return {"oncall": world.minutes(60 * 90)}

    def signs(self) -> Signs:
        return Signs()

    def keep(self, owner: str, decided: Decided, now: datetime) -> None:
        pass

    def rows(self, wanted: Mapping[str, Sequence[str]]) -> Mapping[str, Mapping[str, SentRow]]:
        return {name: {each: self.row(name, each) for each in ids} for name, ids in wanted.items()}

    def row(self, channel: str, alert_id: str) -> SentRow:
        return self._rows.get(channel, {}).get(alert_id, SentRow())

    def resend(self, channel: str, alert_id: str, _now: datetime) -> None:
        self.resent.append((channel, alert_id))
        self._rows[channel][alert_id] = replace(self.row(channel, alert_id), refused_version=0, last_error=None)

    def put(self, run: DrillRun) -> None:
        self.runs[run.id] = run

    def all(self) -> tuple[DrillRun, ...]:
        return tuple(sorted(self.runs.values(), key=lambda run: run.began_at, reverse=True))

    def drill(
        self, _provider: str, _channel: str | None, tell: Callable[[str], object], _stop: threading.Event
    ) -> None:
        tell("routed to oncall")


def _at_hand(alert: Alert) -> Alert:
    """Return an alert as people have worked on it."""
    if alert.is_over:
        return alert
    if alert.provider_id == "meridian-cloud" and alert.kind is AlertKind.INCIDENT:
        taken = acknowledged(alert, "Dana K.", world.minutes(78))
        return noted(taken, "Failing reads over to us-west-2, ticket OPS-4127.", "Dana K.", world.minutes(70))
    if alert.provider_name == "花火メール":
        return snoozed(alert, world.minutes(-168), "Tomasz W.", world.minutes(30))
    return alert


def _row(alert: Alert, channel: str, phase: Phase, version: int) -> SentRow:
    if phase not in (Phase.OPEN, Phase.CLOSED):
        return SentRow()
    if channel == "finance":
        return SentRow(attempts=1, refused_version=version, last_error=REFUSED, last_error_at=world.minutes(25))
    return SentRow(
        is_open=phase is Phase.OPEN,
        version=version,
        opened_at=alert.opened_at + timedelta(seconds=1),
        sent_at=alert.steps[-1].at + timedelta(seconds=1),
        closed_at=alert.closed_at,
        messages=len(alert.steps),
    )
