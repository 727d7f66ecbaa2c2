"""Decides the content of an alert in each channel, and its time: opens, changes, closes and holds. Pure.

A channel that got an open gets exactly one close, whatever becomes of the routes; one that got none gets none.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec.structs import replace

from tracker.alerting.alert import Alert, AlertState, AlertTarget, DeliveryDecision, Hold, Phase, rank
from tracker.alerting.rules import Rules, held_for, is_at_least, silenced_by, wanted
from tracker.model.route import AlertKind, Route

#: A group's alert is sent so long after its first child came, so that others of the same moment are in it.
GATHERING: Final = timedelta(seconds=2)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def routed(
    alert: Alert, rules: Rules, now: datetime, *, storms: dict[str, str] | None = None
) -> tuple[Alert, tuple[DeliveryDecision, ...]]:
    """Return the alert with what each channel is to show by now, and the deliveries that were just decided.

    `storms` are the channels, with the key of a group, in which an alert that would open joins that group instead.
    """
    if alert.group is not None:
        return _settled(alert, {name: _of_group(alert, target, now) for name, target in alert.targets.items()})
    routes = wanted(alert, rules)
    targets: dict[str, AlertTarget] = {}
    for channel in dict.fromkeys((*alert.targets, *routes)):
        after = _next(alert, channel, alert.targets.get(channel), routes.get(channel), rules, now, storms or {})
        if after is not None:
            targets[channel] = after
    return _settled(alert, targets)


def _next(
    alert: Alert,
    channel: str,
    before: AlertTarget | None,
    route: tuple[int, Route] | None,
    rules: Rules,
    now: datetime,
    storms: dict[str, str],
) -> AlertTarget | None:
    """Return one channel's next target, None for a channel that has nothing to do with the alert."""
    if before is not None and before.phase is Phase.OPEN:
        return _going_on(alert, before, route, now)
    if before is not None and before.phase is Phase.GROUPED:
        return _grouped(alert, before, now)
    if before is not None and before.phase is Phase.HELD:
        return _held(alert, channel, before, route, rules, now, storms)
    if alert.is_over or route is None:
        return before
    return _opening(alert, channel, before, route, rules, now, storms)


def _opening(
    alert: Alert,
    channel: str,
    before: AlertTarget | None,
    chosen: tuple[int, Route],
    rules: Rules,
    now: datetime,
    storms: dict[str, str],
) -> AlertTarget:
    """Open an alert in a channel, or hold it back."""
    position, route = chosen
    target = replace(
        before or AlertTarget(phase=Phase.HELD),
        phase=Phase.HELD,
        route=position,
        hold=None,
        due_at=None,
        labels=route.labels,
        window_s=route.digest_s or 0,
        note=_held_note(before, alert, now),
    )
    for hold, due_at in _holds(alert, channel, route, rules, now) if alert.drill is None else ():
        return replace(target, hold=hold, due_at=due_at)
    if channel in storms and alert.drill is None:
        return replace(target, phase=Phase.GROUPED, group=storms[channel], version=alert.version)
    opened = replace(target, phase=Phase.OPEN, version=alert.version)
    reminder = _reminder(alert, route)
    if reminder is not None and now >= reminder:
        # Its announcement is reminder enough.
        opened = replace(opened, reminded_for=alert.scheduled_for)
    return _repeated(alert, opened, route, now, is_held=False)


def _holds(alert: Alert, channel: str, route: Route, rules: Rules, now: datetime) -> Iterator[tuple[Hold, datetime]]:
    """Yield the holds that keep an alert from opening, each with its end."""
    silence = silenced_by(alert, rules, now)
    if silence is not None:
        yield Hold.SILENCE, silence.ends_at
    opens_at = alert.since + held_for(alert, route)
    if now < opens_at:
        yield Hold.AFTER, opens_at
    quiet_until = _quiet_until(alert, route, now)
    if quiet_until is not None:
        yield Hold.QUIET, quiet_until
    if route.digest_s is not None and channel not in rules.objects:
        yield Hold.DIGEST, _window_end(now, route.digest_s)


def _held(
    alert: Alert,
    channel: str,
    before: AlertTarget,
    route: tuple[int, Route] | None,
    rules: Rules,
    now: datetime,
    storms: dict[str, str],
) -> AlertTarget | None:
    """Evaluate again the alerts that were held back."""
    gathers = before.hold is Hold.DIGEST or (before.hold is Hold.QUIET and channel not in rules.objects)
    is_due = before.due_at is not None and now >= before.due_at
    if alert.is_over and not gathers:
        return replace(before, phase=Phase.DROPPED, due_at=None)
    if gathers and is_due:
        kind = "digest" if before.hold is Hold.DIGEST else "summary"
        group = f"{channel}/{kind}/{before.due_at:%Y%m%dT%H%M%S}"
        return replace(before, phase=Phase.GROUPED, group=group, due_at=None, version=alert.version)
    if alert.is_over:
        return before
    if route is None:
        # The rules, or the alert, have become other ones before anything was sent, or since it was closed.
        return replace(before, phase=Phase.DROPPED, due_at=None) if before.version else None
    position, chosen = route
    passes_quiet = before.hold is Hold.QUIET and _quiet_until(alert, chosen, now) is None
    if gathers and not passes_quiet:
        return replace(before, route=position)
    return _opening(alert, channel, before, route, rules, now, storms)


def _going_on(alert: Alert, before: AlertTarget, route: tuple[int, Route] | None, now: datetime) -> AlertTarget:
    """Bring an open target up to date; its end passes whatever the rules say by now."""
    if alert.is_over:
        return replace(before, phase=Phase.CLOSED, version=alert.version, due_at=None, repeat_at=None, note="")
    chosen = route[1] if route is not None else None
    after = before
    quiet_until = None if chosen is None or alert.drill is not None else _quiet_until(alert, chosen, now)
    is_held = quiet_until is not None or alert.state is AlertState.SNOOZED
    # That it was snoozed is the last thing that is sent until then.
    is_snooze = alert.steps[-1].id.startswith("snoozed/") and quiet_until is None
    if alert.version > before.version and (not is_held or is_snooze):
        after = replace(after, version=alert.version, note="")
    waits_until = None if after.version == alert.version else quiet_until or alert.snoozed_until
    after = replace(after, due_at=waits_until)
    return _repeated(alert, after, chosen, now, is_held=is_held)


def _repeated(alert: Alert, target: AlertTarget, route: Route | None, now: datetime, *, is_held: bool) -> AlertTarget:
    """Remind the channel: of an alert that stays open, of a maintenance that begins soon."""
    if route is None:
        return replace(target, repeat_at=None)
    reminder, after = _reminder(alert, route), target
    if reminder is not None and now >= reminder and target.reminded_for != alert.scheduled_for:
        after = replace(after, reminded_for=alert.scheduled_for)
        if alert.scheduled_for is not None and now < alert.scheduled_for and not is_held:
            note = f"begins at {alert.scheduled_for:%Y-%m-%d %H:%M} UTC"
            after = replace(after, repeats=after.repeats + 1, note=note)
    repeat_at = target.repeat_at
    if route.repeat_s is None or alert.kind is AlertKind.MAINTENANCE:
        repeat_at = None
    elif repeat_at is None:
        repeat_at = now + timedelta(seconds=route.repeat_s)
    elif now >= repeat_at:
        repeat_at = now + timedelta(seconds=route.repeat_s)
        if alert.state is AlertState.OPEN and not is_held:
            note = f"still open after {spoken(now - alert.opened_at)}"
            after = replace(after, repeats=after.repeats + 1, note=note)
    coming = reminder if after.reminded_for != alert.scheduled_for else None
    return replace(after, repeat_at=_first(repeat_at, coming))


def _grouped(alert: Alert, before: AlertTarget, now: datetime) -> AlertTarget:
    """Keep the contents of a group up to date; a digest's alert holds new ones until the next window."""
    if before.hold is Hold.DIGEST and alert.version > before.version:
        return replace(before, phase=Phase.HELD, due_at=_window_end(now, before.window_s), version=alert.version)
    return replace(before, version=alert.version)


def _of_group(alert: Alert, before: AlertTarget, now: datetime) -> AlertTarget:
    """Return the target of a group's alert in a channel."""
    if before.phase is Phase.HELD:
        if before.due_at is not None and now < before.due_at:
            return before
        if alert.is_over and not before.is_notice:
            is_notice = alert.group is not None and alert.group != "storm"
            phase = Phase.OPEN if is_notice else Phase.DROPPED
            return replace(before, phase=phase, due_at=None, version=alert.version, is_notice=is_notice)
        return replace(before, phase=Phase.OPEN, due_at=None, version=alert.version)
    if before.is_notice or before.phase is not Phase.OPEN:
        return before
    return replace(before, phase=Phase.CLOSED if alert.is_over else Phase.OPEN, version=alert.version)


def _settled(alert: Alert, targets: dict[str, AlertTarget]) -> tuple[Alert, tuple[DeliveryDecision, ...]]:
    deliveries = [
        delivery
        for channel, target in targets.items()
        if (delivery := _delivery(alert, channel, alert.targets.get(channel), target)) is not None
    ]
    return replace(alert, targets=targets), tuple(deliveries)


def _delivery(alert: Alert, channel: str, before: AlertTarget | None, after: AlertTarget) -> DeliveryDecision | None:
    was_open = before is not None and before.phase is Phase.OPEN
    if after.phase is Phase.OPEN and not was_open:
        act = "open"
    elif after.phase is Phase.CLOSED and was_open:
        act = "close"
    elif (
        after.phase is Phase.OPEN
        and before is not None
        and ((after.version, after.repeats) != (before.version, before.repeats))
    ):
        act = "change"
    else:
        return None
    return DeliveryDecision(
        channel=channel,
        alert_id=alert.id,
        act=act,
        version=after.version,
        repeats=after.repeats,
        note=after.note,
    )


def _quiet_until(alert: Alert, route: Route, now: datetime) -> datetime | None:
    """Return when quiet hours end that hold this alert back now, None where none do."""
    quiet = route.quiet_hours
    if quiet is None:
        return None
    if quiet.passes is not None and rank(alert.impact) is not None and is_at_least(alert.impact, quiet.passes):
        return None
    return quiet.ends_after(now)


def _reminder(alert: Alert, route: Route) -> datetime | None:
    """Return when a maintenance that has not begun is announced again."""
    if alert.kind is not AlertKind.MAINTENANCE or alert.status != "scheduled" or alert.scheduled_for is None:
        return None
    return alert.scheduled_for - timedelta(seconds=route.remind_s)


def _held_note(before: AlertTarget | None, alert: Alert, now: datetime) -> str:
    if before is None or before.hold is None or before.phase is not Phase.HELD:
        return ""
    if before.hold is Hold.SILENCE:
        return "was silenced"
    return f"held {spoken(now - alert.since)}"


def spoken(span: timedelta) -> str:
    """Return a time span in its largest unit that it fills."""
    seconds = max(0, int(span.total_seconds()))
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


def _window_end(now: datetime, window_s: int) -> datetime:
    """Return the end of the window that `now` lies in; windows lie on a grid, so that all alerts share them."""
    windows = int((now - _EPOCH).total_seconds() // window_s) + 1
    return _EPOCH + timedelta(seconds=windows * window_s)


def _first(*moments: datetime | None) -> datetime | None:
    return min(filter(None, moments), default=None)
