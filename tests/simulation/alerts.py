"""The part of the simulated tracker that decides about alerts and sends them, and what it promises."""

import contextlib
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from tests.simulation.channels import FakeChannel
from tests.simulation.scheduler import Process, Scheduler
from tests.simulation.server import bare_client
from tracker.alerting.alert import MOST_STEPS, Alert, Phase
from tracker.alerting.channel import Operation
from tracker.alerting.decider import Decider
from tracker.alerting.due import KEPT_FOR
from tracker.alerting.row import SentRow
from tracker.alerting.sender import Sender
from tracker.alerting.story import acknowledged
from tracker.errors import Conflict, StoreError
from tracker.model.channel import DiscordConfig, PagerDutyConfig
from tracker.model.event import Event, EventKind
from tracker.model.page import Impact
from tracker.model.route import Alerting, Route
from tracker.store.alert_rows import RedisRows
from tracker.store.alerts import RedisAlerts
from tracker.store.connection import (
    ALERTS_DUE,
    ALERTS_GROUP,
    ALERTS_INDEX,
    CHANNEL_READY_PREFIX,
    CHANNEL_ROWS_PREFIX,
    UPDATES,
)

ONCALL: Final = "oncall"
CHAT: Final = "chat"
BOTH: Final = (ONCALL, CHAT)
SOMEBODY: Final = "somebody"
#: How alerts are routed: mostly each to both, so that both are compared with all that was posted.
ROUTES: Final[Sequence[tuple[Route, ...]]] = (
    (Route(to=BOTH),),
    (Route(to=BOTH),),
    (Route(to=BOTH, repeat_s=90),),
    (Route(to=(ONCALL,), min_impact=Impact.MAJOR, continues=True), Route(to=(CHAT,), after_s=30)),
    (Route(to=(ONCALL,), after_s=45, continues=True), Route(to=(CHAT,), digest_s=300)),
)
#: What is on record of an incident and becomes a step of its alert, if that is open.
_POSTED: Final = (EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE)


class Alerts:
    """Deciders, senders, somebody who acknowledges, and two channels."""

    def __init__(self, scheduler: Scheduler, longest_pause_s: float) -> None:
        self._scheduler = scheduler
        self._clock = scheduler.clock
        self._longest_pause_s = longest_pause_s
        self._kept, self._sent = RedisAlerts(bare_client()), RedisRows(bare_client())
        self._alerts, self._rows = RedisAlerts(scheduler.client), RedisRows(scheduler.client)
        self._tasks: deque[str] = deque()
        chance = scheduler.random
        self.channels = {
            ONCALL: FakeChannel(ONCALL, scheduler, has_keys=True, sends_every_update=chance.random() < 0.3),
            CHAT: FakeChannel(CHAT, scheduler, has_keys=False, sends_every_update=chance.random() < 0.5),
        }
        routes = chance.choice(ROUTES)
        self._is_all_sent = routes[0] == Route(to=BOTH)
        self._kept.sync(
            Alerting(
                channels=(
                    PagerDutyConfig(name=ONCALL, routing_key_env="KEY"),
                    DiscordConfig(name=CHAT, url="https://chat.example"),
                ),
                routes=routes,
                fallback=(CHAT,),
            )
        )
        for number in (1, 2):
            scheduler.add(f"decider-{number}", self._decider)
            scheduler.add(f"sender-{number}", self._sender)
        scheduler.add(SOMEBODY, self._somebody)

    # --- processes ---

    def _decider(self, _: Process) -> None:
        decider = Decider(self._alerts, self._clock)
        while True:
            with contextlib.suppress(StoreError, Conflict):
                decider.run()
            self._wake_senders()
            self._scheduler.idle(self._pause_s())

    def _wake_senders(self) -> None:
        chance = self._scheduler.random
        with contextlib.suppress(StoreError):
            for name in self._alerts.channels_ready(self.channels, self._clock()):
                # A task may be lost, and may come twice.
                self._tasks.extend([name] * (chance.choice((0, 1, 1, 1, 2)) if self._scheduler.has_faults else 1))
            if self._tasks:
                self._scheduler.hint("sender")

    def _sender(self, _: Process) -> None:
        sender = Sender(self._rows, self.channels, self._clock)
        while True:
            if not self._tasks:
                self._scheduler.idle(self._longest_pause_s)
                continue
            with contextlib.suppress(StoreError, Conflict):
                if sender.send(self._tasks.popleft()):
                    self._wake_senders()

    def _somebody(self, _: Process) -> None:
        decider = Decider(self._alerts, self._clock)
        while True:
            self._scheduler.sleep(self._scheduler.random.choice((20, 2 * self._longest_pause_s)))
            opened = self._kept.open_alerts()
            if opened:
                alert = self._scheduler.random.choice(opened)
                with contextlib.suppress(StoreError, Conflict):
                    decider.act(alert.id, lambda known: acknowledged(known, "somebody", self._clock()))

    def _pause_s(self) -> float:
        return self._scheduler.random.choice((10, self._longest_pause_s, 2 * self._longest_pause_s))

    # --- what was promised ---

    def is_at_rest(self) -> bool:
        """Return whether all that happened is decided about, and all that was decided is sent."""
        client = bare_client()
        if any(client.zcard(CHANNEL_READY_PREFIX + name) for name in self.channels):
            return False
        group = next(each for each in client.xinfo_groups(UPDATES) if each["name"].decode() == ALERTS_GROUP)
        return not group["pending"] and not client.xrange(UPDATES, f"({group['last-delivered-id'].decode()}", count=1)

    @property
    def messages(self) -> int:
        """Return how many messages the channels took."""
        return sum(len(taken) for channel in self.channels.values() for taken in channel.taken.values())

    def send_refused_again(self) -> bool:
        """Have what was refused for good sent again, as somebody does who has mended the channel; return if any was."""
        is_any = False
        for name in self.channels:
            for alert_id, row in self._sent_to(name).items():
                if row.refused_version:
                    self._sent.resend(name, alert_id, self._clock())
                    is_any = True
        return is_any

    def _sent_to(self, channel: str) -> Mapping[str, SentRow]:
        """Return all that a channel was sent, by alert id."""
        client = bare_client()
        ids = [key.decode() for key in client.hkeys(CHANNEL_ROWS_PREFIX + channel)]
        return self._sent.rows({channel: ids}).get(channel, {})

    def broken(self, record: Sequence[Event]) -> Iterator[str]:
        """Yield each promise that is broken."""
        if not self.is_at_rest():
            yield "alerts do not come to rest"
        alerts = {alert.id: alert for alert in self._kept.all_alerts()}
        yield from self._undecided(alerts, record)
        for channel in self.channels.values():
            yield from channel.wrong
            rows = self._sent_to(channel.name)
            if stray := (rows.keys() | channel.shown.keys()) - alerts.keys():
                yield f"{channel.name} knows of {stray}, which are no alerts"
            for alert in alerts.values():
                yield from _unlike(alert, channel, rows.get(alert.id, SentRow()))
            yield from self._doubled(alerts, channel)
        yield from self._left_over(alerts)

    def kept_too_long(self) -> Iterator[str]:
        """Yield what is left of alerts that were over a week ago; the clock moves on."""
        self._clock.now += KEPT_FOR + timedelta(days=1)
        decider = Decider(self._kept, self._clock)
        for _ in range(3):
            decider.run()
        alerts = {alert.id: alert for alert in self._kept.all_alerts()}
        if over := [
            alert.id for alert in alerts.values() if alert.is_over and alert.closed_at < self._clock() - KEPT_FOR
        ]:
            yield f"{over} are over for more than a week, and still kept"
        for name in self.channels:
            if stray := self._sent_to(name).keys() - alerts.keys():
                yield f"what {name} was sent of {stray} is still kept"
        yield from self._left_over(alerts)

    def _undecided(self, alerts: Mapping[str, Alert], record: Sequence[Event]) -> Iterator[str]:
        """Compare the alerts with what is on record."""
        posted: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
        for event in record:
            if event.event in _POSTED and event.incident_id:
                posted[event.provider, event.incident_id].append(event)
        for (provider, incident), events in posted.items():
            own = [alert for alert in alerts.values() if (alert.provider_id, alert.subject) == (provider, incident)]
            own.sort(key=lambda alert: alert.generation)
            known = {event.id for event in events}
            steps = [step.id for alert in own for step in alert.steps if step.id in known]
            if steps != [event.id for event in events] and len(events) < MOST_STEPS:
                yield f"on record {[event.id for event in events]}, in the alerts of {incident} {steps}"
            if own and own[-1].is_over is not (events[-1].status == "resolved"):
                yield f"{own[-1].id} is {own[-1].state}, and the incident is {events[-1].status}"
            if self._is_all_sent and own and not own[-1].targets.keys() >= set(BOTH):
                yield f"{own[-1].id} goes to {list(own[-1].targets)} alone"

    def _doubled(self, alerts: Mapping[str, Alert], channel: FakeChannel) -> Iterator[str]:
        """Yield what was opened more often than it should have been, and stays open in a service without keys."""
        doubles = sum(
            sum(shown.is_open for shown in channel.shown[alert.id]) - _is_to_show(alert, channel.name)
            for alert in alerts.values()
            if channel.shown.get(alert.id) and not alert.targets[channel.name].is_notice
        )
        # Each time that a sender is killed, stopped or left without an answer it may have to open once more.
        faults = sum(count for name, count in self._scheduler.faults.items() if name.startswith(("sender", "a stall")))
        allowed = 0 if channel.has_keys else faults
        if not 0 <= doubles <= allowed:
            yield f"{channel.name} shows {doubles} objects too many after {allowed} faults"

    def _left_over(self, alerts: Mapping[str, Alert]) -> Iterator[str]:
        """Yield what is kept of alerts that are over for long, or of none."""
        client = bare_client()
        if {name.decode() for name in client.zrange(ALERTS_INDEX, 0, -1)} != alerts.keys():
            yield "the index of alerts holds others than there are"
        if stray := {name.decode() for name in client.zrange(ALERTS_DUE, 0, -1)} - alerts.keys():
            yield f"{stray} is looked at again, and no alert"


def _is_to_show(alert: Alert, channel: str) -> bool:
    return alert.targets[channel].phase is Phase.OPEN


def _unlike(alert: Alert, channel: FakeChannel, row: SentRow) -> Iterator[str]:
    """Compare what a channel shows of an alert with what was decided."""
    target, taken = alert.targets.get(channel.name), channel.taken.get(alert.id, [])
    where = f"{alert.id} in {channel.name}"
    is_shown = target is not None and target.phase in (Phase.OPEN, Phase.CLOSED) and row.missed is None
    if target is None or not is_shown:
        # What was shown and closed may have begun once more, to end before it was sent.
        if taken and (row.is_open or taken[-1][0] is not Operation.CLOSE):
            yield f"{where} is {target and target.phase}, missed {row.missed}, and was sent {taken}"
        return
    if not taken:
        yield f"{where} is {target.phase} and was sent nothing"
        return
    newest = target.version + target.repeats
    if taken[-1][1] != newest and not target.is_notice:
        yield f"{where} is to show {newest}, and was sent {taken}"
    if row.intent is not None or row.is_open is not (target.phase is Phase.OPEN and not target.is_notice):
        yield f"{where} is {target.phase}, and its row says {row}"
    shown = channel.shown[alert.id]
    if not target.is_notice and target.phase is Phase.CLOSED and not any(each.closes for each in shown):
        yield f"{where} is closed, and shown as {shown}"
    for each in shown:
        if each.closes != each.opens - each.is_open:
            yield f"{where} was opened {each.opens} times and closed {each.closes} times"
    yield from _skipped(alert, channel, where)


def _skipped(alert: Alert, channel: FakeChannel, where: str) -> Iterator[str]:
    """Yield the versions that a service was not sent though it wants each."""
    taken = channel.taken[alert.id]
    opens = [version for act, version in taken if act is Operation.OPEN]
    is_simple = len(set(opens)) == 1 and alert.id not in channel.refused and not alert.targets[channel.name].repeats
    if not channel.sends_every_update or not is_simple:
        return
    wanted = {step.version for step in alert.steps if opens[0] <= step.version <= alert.targets[channel.name].version}
    if missing := wanted - {version for _, version in taken}:
        yield f"{where} was not sent the versions {missing}, but {taken}"
