"""The alert machine: occurrences go in, alerts and deliveries come out. Pure; `now` is a parameter."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec
from msgspec.structs import replace

from tracker.alerting.alert import (
    OF_INCIDENTS,
    Alert,
    AlertTarget,
    DeliveryDecision,
    GroupKind,
    Phase,
    subject_digest,
)
from tracker.alerting.groups import GROUPS, new_group, with_child
from tracker.alerting.occurrence import Occurrence, occurrence_of
from tracker.alerting.rules import ProviderFacts, Rules
from tracker.alerting.story import begun, continued, elapsed
from tracker.alerting.targets import routed
from tracker.model.event import Event, EventKind
from tracker.model.route import AlertKind

#: More alerts than this that open within so long with one cause are a storm: those that follow are one alert.
STORM_SIZE: Final = 5
STORM_WINDOW: Final = timedelta(minutes=2)


class Storm(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The alerts that opened recently with one cause."""

    opened: tuple[tuple[datetime, str], ...] = ()
    #: The name of the storm, once it is one.
    name: str | None = None


class Book(Protocol):
    """The known alerts. Reading after writing returns the written alert."""

    def of_provider(self, provider_id: str) -> Sequence[Alert]:
        """Return a provider's alerts, closed ones included as long as they are kept."""
        ...

    def write(self, alert: Alert) -> None:
        """Keep an alert."""
        ...

    def storm(self, cause: str) -> Storm:
        """Return the alerts that opened recently with that cause."""
        ...

    def write_storm(self, cause: str, storm: Storm) -> None:
        """Keep that."""
        ...


class MemoryBook:
    """A `Book` in memory."""

    def __init__(self, alerts: Iterable[Alert] = (), storms: Mapping[str, Storm] | None = None) -> None:
        self._alerts: dict[str, dict[str, Alert]] = {}
        self.storms = dict(storms or {})
        for alert in alerts:
            self.write(alert)

    def of_provider(self, provider_id: str) -> Sequence[Alert]:
        """Return a provider's alerts."""
        return list(self._alerts.get(provider_id, {}).values())

    def write(self, alert: Alert) -> None:
        """Keep an alert."""
        self._alerts.setdefault(alert.provider_id, {})[alert.id] = alert

    def storm(self, cause: str) -> Storm:
        """Return the alerts that opened recently with that cause."""
        return self.storms.get(cause, Storm())

    def write_storm(self, cause: str, storm: Storm) -> None:
        """Keep that."""
        self.storms[cause] = storm

    @property
    def alerts(self) -> Iterator[Alert]:
        """Yield all alerts."""
        for alerts in self._alerts.values():
            yield from alerts.values()


def decide(
    alert: Alert | None, what: Occurrence, rules: Rules, now: datetime
) -> tuple[Alert | None, tuple[DeliveryDecision, ...]]:
    """Return the alert after an occurrence, and the deliveries to channels that follow.

    The alert is None before the first occurrence, and stays None where that opens none. An occurrence on one that
    ended long ago gives an alert of the next generation.
    """
    after = _after(alert, what, now, 1 if alert is None else alert.generation + 1)
    return (None, ()) if after is None else routed(after, rules, now)


def take_in(book: Book, event: Event, rules: Rules, now: datetime) -> tuple[DeliveryDecision, ...]:
    """Bring the book up to date with an event; return the deliveries that follow."""
    if event.event is EventKind.PAGE_MOVED:
        for alert in book.of_provider(event.provider):
            if not alert.is_over and alert.kind in OF_INCIDENTS and alert.drill is None:
                book.write(replace(alert, moved_at=now))
        return ()
    what = occurrence_of(event)
    return () if what is None else occur(book, what, rules, now)


def occur(book: Book, what: Occurrence, rules: Rules, now: datetime) -> tuple[DeliveryDecision, ...]:
    """Bring the book up to date with an occurrence; return the deliveries that follow."""
    alerts = book.of_provider(what.provider_id)
    known = _known(alerts, what)
    if known is None and what.kind is AlertKind.COMPONENT and _is_covered_by_incident(book, what):
        return ()
    # A component and an incident may have the same subject: generations distinguish their alerts.
    generation = 1 + max((alert.generation for alert in alerts if alert.subject == what.subject), default=0)
    after = _after(known, what, now, generation)
    if after is None or after is known:
        return ()
    return _decide_channels(book, after, rules, now)


def look_again(book: Book, alert: Alert, rules: Rules, now: datetime) -> tuple[DeliveryDecision, ...]:
    """Bring an alert up to date with the time; return the deliveries that follow."""
    return _decide_channels(book, elapsed(alert, now), rules, now)


def change(
    book: Book, alert: Alert, how: Callable[[Alert], Alert], rules: Rules, now: datetime
) -> tuple[DeliveryDecision, ...]:
    """Do something to an alert (acknowledge, snooze); return the deliveries that follow."""
    after = how(alert)
    return () if after is alert else _decide_channels(book, after, rules, now)


def _after(alert: Alert | None, what: Occurrence, now: datetime, generation: int) -> Alert | None:
    """Return the alert after an occurrence; one that it begins is of that generation."""
    return (continued(alert, what, now) if alert else None) or begun(what, now, generation)


def _known(alerts: Sequence[Alert], what: Occurrence) -> Alert | None:
    """Return the alert that an occurrence is about: by its subject, or, once the page has moved, by link or title."""
    own = [
        alert
        for alert in alerts
        if alert.subject == what.subject
        and (alert.kind in OF_INCIDENTS) == (what.kind in OF_INCIDENTS)
        and (alert.drill is None) == (what.drill is None)
    ]
    if own:
        return max(own, key=lambda alert: alert.generation)
    if what.is_first or what.kind not in OF_INCIDENTS:
        return None
    waiting = [alert for alert in alerts if alert.moved_at is not None and alert.kind is what.kind]
    by_link = [alert for alert in waiting if what.link is not None and alert.link == what.link]
    by_title = [alert for alert in waiting if _words(alert.title) == _words(what.title)]
    for found in (by_link, by_title):
        if len(found) == 1:
            return found[0]
    return None


def _words(title: str) -> list[str]:
    return title.casefold().split()


def _is_covered_by_incident(book: Book, what: Occurrence) -> bool:
    """Return whether an ongoing incident or maintenance names the component."""
    return any(
        not alert.is_over and alert.kind in OF_INCIDENTS and {*alert.components} & {*what.components}
        for alert in book.of_provider(what.provider_id)
    )


def _decide_channels(book: Book, alert: Alert, rules: Rules, now: datetime) -> tuple[DeliveryDecision, ...]:
    """Decide what channels show of an alert, storms and groups included, and keep it."""
    before = alert.targets
    after, deliveries = routed(alert, rules, now)
    opening = {each.channel for each in deliveries if each.act == "open"}
    if opening and alert.group is None and alert.drill is None and alert.kind is not AlertKind.TRACKER:
        storms = _storms(book, alert, opening, rules, now)
        if storms:
            after, deliveries = routed(alert, rules, now, storms=storms)
    decided = [*deliveries]
    for channel, target in after.targets.items():
        if target.phase is Phase.GROUPED and target != before.get(channel):
            joined = _join(book, after, channel, target, rules, now)
            if joined is None:
                # The group is over, and its alert goes on: it is on its own from now on.
                alone = {**after.targets, channel: replace(target, phase=Phase.CLOSED, group=None, hold=None)}
                after, more = routed(replace(after, targets=alone), rules, now)
                decided += more
            else:
                decided += joined
    book.write(after)
    return tuple(decided)


def _join(
    book: Book, alert: Alert, channel: str, target: AlertTarget, rules: Rules, now: datetime
) -> tuple[DeliveryDecision, ...] | None:
    """Have a group show an alert; None where that group is over while the alert goes on."""
    subject = target.group or ""
    known = {group.subject: group for group in book.of_provider(GROUPS)}
    while (group := known.get(subject)) and group.is_over and group.targets[channel].phase is not Phase.HELD:
        if alert.id in group.children and group.group is not GroupKind.DIGEST:
            return () if alert.is_over else None
        subject += "+"  # it was sent already
    if group is None:
        group = new_group(subject, channel, target, now)
    changed = with_child(group, alert, now)
    if changed is group:
        return ()
    after, deliveries = routed(changed, rules, now)
    book.write(after)
    return deliveries


def _storms(book: Book, alert: Alert, channels: Iterable[str], rules: Rules, now: datetime) -> dict[str, str]:
    """Note that an alert opens; return for each channel the group that it joins if its cause opens too many."""
    facts = rules.providers.get(alert.provider_id, ProviderFacts())
    causes = [cause for cause in (alert.cause, facts.host, facts.platform) if cause]
    found: str | None = None
    for cause in causes:
        storm = book.storm(cause)
        recent = tuple((at, name) for at, name in storm.opened if now - at <= STORM_WINDOW and name != alert.id)
        name = storm.name if recent else None
        opened = (*recent, (now, alert.id))[-(STORM_SIZE + 1) :]
        if len(opened) > STORM_SIZE and name is None:
            name = f"{cause}/{subject_digest(f'{cause} {now.timestamp():.3f}')}"
        book.write_storm(cause, Storm(opened=opened, name=name))
        found = found or name
    return {} if found is None else {channel: f"{channel}/storm/{found}" for channel in channels}
