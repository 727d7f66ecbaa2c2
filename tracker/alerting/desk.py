"""The use cases of people: list alerts with their messages, acknowledge, snooze, resend, silence."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import uuid4

from tracker.alerting.alert import OF_INCIDENTS, Alert
from tracker.alerting.decider import Decider
from tracker.alerting.lists import AlertLists, ListedAlerts, ListedRows
from tracker.alerting.report import AlertReport, report
from tracker.alerting.row import SentRow
from tracker.alerting.rules import RouteDecision, Rules, rules_of, verdicts
from tracker.alerting.stores import AlertStore, ChannelState
from tracker.alerting.story import acknowledged, noted, snoozed, woken
from tracker.errors import ConfigError, Conflict
from tracker.model.clock import Clock
from tracker.model.plain import one_line
from tracker.model.route import AlertKind, Silence

#: The longest wait for the process that decides now.
_PATIENCE_S: Final = 10.0
_PAUSE_S: Final = 0.05
#: Characters of a name, of a note and of a reason.
_NAME: Final = 80
_NOTE: Final = 500
_REASON: Final = 200
#: No silence and no snooze is longer.
LONGEST: Final = timedelta(days=30)


class DeskAlerts(AlertStore, ListedAlerts, Protocol):
    """Alerts as people work with them. Every method raises StoreError."""

    def good_drills(self) -> Mapping[str, datetime]:
        """Return when the last drill of each channel succeeded, by name."""
        ...

    def silence(self, silence: Silence) -> None:
        """Add a silence."""
        ...

    def end_silence(self, silence_id: str) -> None:
        """Forget a silence."""
        ...


class DeskRows(ListedRows, Protocol):
    """The messages sent so far, as people work with them. Every method raises StoreError."""

    def row(self, channel: str, alert_id: str) -> SentRow:
        """Return the messages of one alert to one channel."""
        ...

    def resend(self, channel: str, alert_id: str, now: datetime) -> None:
        """Have the messages that a channel refused sent again at once."""
        ...


class Desk:
    """Alerts at the hands of people. Every method raises StoreError; what names no alert raises ConfigError."""

    def __init__(self, alerts: DeskAlerts, rows: DeskRows, clock: Clock) -> None:
        self.alerts = alerts
        self.lists = AlertLists(alerts, rows)
        self._rows = rows
        self._clock = clock

    def of_incident(self, provider_id: str, incident_id: str) -> tuple[AlertReport, ...]:
        """Return the alerts of one incident or maintenance, the oldest first."""
        alerts = self.alerts.book().of_provider(provider_id)
        found = [alert for alert in alerts if alert.subject == incident_id and alert.kind in OF_INCIDENTS]
        return tuple(map(self.report, sorted(found, key=lambda alert: alert.generation)))

    def report(self, alert: Alert) -> AlertReport:
        """Return one alert with what each channel was sent of it."""
        return report(alert, {name: self._rows.row(name, alert.id) for name in alert.targets})

    def find(self, named: str) -> Alert:
        """Return the newest alert of an id or of `<provider>/<incident id>`. Raises ConfigError."""
        provider_id = named.partition("/")[0]
        alerts = self.alerts.book().of_provider(provider_id)
        found = [alert for alert in alerts if alert.id == named] or [
            alert for alert in alerts if named == f"{alert.provider_id}/{alert.subject}"
        ]
        if not found:
            raise ConfigError(f"there is no alert {named}; `tracker alerts list --all` shows them all")
        return max(found, key=lambda alert: (alert.kind in OF_INCIDENTS, alert.generation))

    def acknowledge(self, named: str, who: str) -> Alert:
        """Acknowledge an alert: it is not sent again until it gets worse or ends."""
        now, name = self._clock(), one_line(who, _NAME)
        return self.act(named, lambda alert: acknowledged(alert, name, now))

    def snooze(self, named: str, span: timedelta, who: str) -> Alert:
        """Hold an alert's changes back for a while."""
        now, name = self._clock(), one_line(who, _NAME)
        return self.act(named, lambda alert: snoozed(alert, now + min(span, LONGEST), name, now))

    def wake(self, named: str, who: str) -> Alert:
        """End the snooze of an alert, so that its changes are sent."""
        now, name = self._clock(), one_line(who, _NAME)
        return self.act(named, lambda alert: woken(alert, name, now))

    def note(self, named: str, text: str, who: str) -> Alert:
        """Write a note into an alert's story, which its channels show as they show an update."""
        now, name, said = self._clock(), one_line(who, _NAME), one_line(text, _NOTE)
        if not said:
            raise ConfigError("the note is empty; write what others are to know")
        return self.act(named, lambda alert: noted(alert, said, name, now))

    def resend(self, named: str, channel: str | None = None) -> tuple[str, ...]:
        """Have sent again what one channel, or each that gave something up, refused; return the channels."""
        found = self.find(named)
        if channel is not None and channel not in self.channels:
            raise ConfigError(f"there is no channel {channel}; `tracker channels list` shows them all")
        names = [name for name in self.channels if channel in (None, name)]
        again = [name for name in names if channel is not None or self._rows.row(name, found.id).is_dead]
        for name in again:
            self._rows.resend(name, found.id, self._clock())
        return tuple(again)

    def act(self, named: str, how: Callable[[Alert], Alert]) -> Alert:
        """Do something to an alert, while nobody else decides. Raises ConfigError where somebody always does."""
        found = self.find(named)
        until = time.monotonic() + _PATIENCE_S
        decider = Decider(self.alerts, self._clock)
        while time.monotonic() < until:
            try:
                after = decider.act(found.id, how)
            except Conflict:
                after = None
            if after is not None:
                return after
            time.sleep(_PAUSE_S)
        raise ConfigError("alerts are being decided about all the time; try again")

    @property
    def channels(self) -> tuple[str, ...]:
        """Return the names of the channels, as configured."""
        return tuple(channel.name for channel in self.alerts.config().channels)

    @property
    def channel_types(self) -> Mapping[str, str]:
        """Return the type of each channel, by name."""
        return {channel.name: str(channel.__struct_config__.tag) for channel in self.alerts.config().channels}

    def channel_states(self) -> tuple[ChannelState, ...]:
        """Return the state of the channels, by name."""
        return tuple(self.alerts.channel_states(self.channels))

    def good_drills(self) -> Mapping[str, datetime]:
        """Return when the last drill of each channel succeeded, by name."""
        return self.alerts.good_drills()

    def rules(self) -> Rules:
        """Return the rules that hold now."""
        return rules_of(self.alerts.config(), self.alerts.providers(), self.alerts.silences())

    def verdicts(self, alert: Alert) -> tuple[RouteDecision, ...]:
        """Return the verdict of each route on an alert now."""
        return tuple(verdicts(alert, self.rules()))

    def verdicts_of(self, alert_ids: Sequence[str]) -> dict[str, tuple[RouteDecision, ...]]:
        """Return the verdicts of each route on alerts now, by alert id."""
        rules = self.rules()
        return {alert.id: tuple(verdicts(alert, rules)) for alert in self.alerts.named(alert_ids)}

    def silences(self) -> tuple[Silence, ...]:
        """Return the silences that have not ended, the oldest first."""
        now = self._clock()
        return tuple(each for each in self.alerts.silences() if each.ends_at > now)

    def silence(
        self,
        *,
        providers: Sequence[str],
        components: Sequence[str],
        kinds: Sequence[AlertKind],
        span: timedelta,
        reason: str,
        who: str,
    ) -> Silence:
        """Begin a silence now. Raises ConfigError for one of everything."""
        if not (providers or components or kinds):
            raise ConfigError("a silence of everything would hide all; name providers, components or kinds")
        now = self._clock()
        made = Silence(
            id=uuid4().hex[:8],
            reason=one_line(reason, _REASON) or "no reason given",
            providers=tuple(providers),
            components=tuple(components),
            kinds=tuple(kinds),
            created_at=now,
            ends_at=now + min(span, LONGEST),
            created_by=one_line(who, _NAME),
        )
        self.alerts.silence(made)
        return made

    def end_silence(self, silence_id: str) -> None:
        """End a silence; its alerts open at once, if they are not over. Raises ConfigError where there is none."""
        if silence_id not in {each.id for each in self.alerts.silences()}:
            raise ConfigError(f"there is no silence {silence_id}; `tracker silence list` shows them all")
        self.alerts.end_silence(silence_id)
