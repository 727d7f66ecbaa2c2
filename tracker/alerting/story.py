"""Applies occurrences to an alert: its state, its generations, its steps. Pure; knows nothing of channels."""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from tracker.alerting.alert import REOPENS_WITHIN, Alert, AlertState, Step, is_worse, trimmed
from tracker.alerting.occurrence import WORDLESS, Occurrence
from tracker.model.route import AlertKind

#: The time that an alert of a moved page waits for the new page to show it again.
MOVED_PATIENCE: Final = timedelta(hours=24)


def begun(what: Occurrence, now: datetime, generation: int = 1) -> Alert | None:
    """Return the alert that an occurrence opens, None for one that opens none."""
    if what.is_over or what.is_edit or what.is_withdrawal:
        return None
    alert = Alert(
        provider_id=what.provider_id,
        provider_name=what.provider_name,
        subject=what.subject,
        kind=what.kind,
        generation=generation,
        title=what.title,
        status=what.status,
        impact=what.impact,
        components=what.components,
        regions=what.regions,
        link=what.link,
        scheduled_for=what.scheduled_for,
        scheduled_until=what.scheduled_until,
        opened_at=now,
        since=now,
        drill=what.drill,
    )
    return replace(alert, steps=(_step(alert, what, worse=False),))


def continued(alert: Alert, what: Occurrence, now: datetime) -> Alert | None:
    """Return the alert after an occurrence: itself where nothing is new, None where a new generation begins."""
    if any(step.id == what.id for step in alert.steps):
        return alert
    if alert.is_over:
        return _after_end(alert, what, now)
    alert = replace(alert, moved_at=None)
    if what.is_edit or what.is_withdrawal:
        return _reworded(alert, what, now)
    impact = alert.impact if what.impact is None or alert.kind is AlertKind.MAINTENANCE else what.impact
    worse = is_worse(alert.impact, impact) and not what.is_over
    after = replace(
        alert,
        version=alert.version + 1,
        title=what.title,
        status=alert.status if what.status in WORDLESS else what.status,
        impact=impact,
        components=_joined(alert.components, what.components),
        regions=_joined(alert.regions, what.regions),
        link=what.link or alert.link,
        scheduled_for=what.scheduled_for or alert.scheduled_for,
        scheduled_until=what.scheduled_until or alert.scheduled_until,
    )
    if worse:
        after = replace(after, state=AlertState.OPEN, snoozed_until=None)
    after = _with(after, _step(after, what, worse=worse))
    return _ended(after, now, withdrawn=what.is_cancelled) if what.is_over else after


def acknowledged(alert: Alert, who: str, now: datetime) -> Alert:
    """Return the alert as somebody takes it on; one that is over stays over."""
    if alert.is_over or alert.state is AlertState.ACKNOWLEDGED:
        return alert
    marked = replace(alert, state=AlertState.ACKNOWLEDGED, snoozed_until=None)
    return _marked(marked, "acknowledged", f"Acknowledged by {who}.", now)


def snoozed(alert: Alert, until: datetime, who: str, now: datetime) -> Alert:
    """Return the alert with its changes held until then; its end and anything worse pass."""
    if alert.is_over or until <= now:
        return alert
    marked = replace(alert, state=AlertState.SNOOZED, snoozed_until=until)
    return _marked(marked, "snoozed", f"Snoozed by {who} until {until:%Y-%m-%d %H:%M} UTC.", now)


def woken(alert: Alert, who: str, now: datetime) -> Alert:
    """Return a snoozed alert with its changes let through again; any other one as it is."""
    if alert.state is not AlertState.SNOOZED:
        return alert
    marked = replace(alert, state=AlertState.OPEN, snoozed_until=None)
    return _marked(marked, "woken", f"Woken by {who}.", now)


def noted(alert: Alert, text: str, who: str, now: datetime) -> Alert:
    """Return the alert with a note of somebody's in its story; one that is over stays as it is."""
    return alert if alert.is_over else _marked(alert, "noted", f"{who}: “{text}”", now)


def elapsed(alert: Alert, now: datetime) -> Alert:
    """Return the alert after time has passed: a snooze that is over, a page that moved and no longer shows it."""
    if alert.state is AlertState.SNOOZED and alert.snoozed_until is not None and now >= alert.snoozed_until:
        alert = replace(alert, state=AlertState.OPEN, snoozed_until=None)
    if not alert.is_over and alert.moved_at is not None and now >= alert.moved_at + MOVED_PATIENCE:
        gone = "The page moved, and does not show this any more."
        alert = _ended(_marked(replace(alert, status="withdrawn"), "withdrawn", gone, now), now, withdrawn=True)
    return alert


def removed(alert: Alert, text: str, now: datetime) -> Alert:
    """Return the alert as it ends because its page is watched no longer."""
    if alert.is_over:
        return alert
    return _ended(_marked(replace(alert, status="withdrawn"), "withdrawn", text, now), now, withdrawn=True)


def _after_end(alert: Alert, what: Occurrence, now: datetime) -> Alert | None:
    """Reopen an alert, or leave it closed; None where a new generation begins."""
    if what.is_over or what.is_edit or what.is_withdrawal or what.status in WORDLESS:
        return alert
    if alert.closed_at is None or now - alert.closed_at > REOPENS_WITHIN:
        return None
    reopened = replace(
        alert,
        state=AlertState.OPEN,
        since=now,
        closed_at=None,
        status=what.status,
        version=alert.version + 1,
        title=what.title,
        impact=alert.impact if what.impact is None else what.impact,
    )
    return _with(reopened, _step(reopened, what, worse=True))


def _reworded(alert: Alert, what: Occurrence, now: datetime) -> Alert:
    """Record that the vendor changed a text; other occurrences carry the state."""
    edited = replace(alert, version=alert.version + 1)
    text = what.text if what.is_edit else f"The vendor withdrew the update “{_said(alert, what.update_id)}”."
    edited = _with(edited, replace(_step(edited, what, worse=False), status=alert.status, text=text))
    if not what.is_withdrawal:
        return edited
    gone = {step.update_id for step in edited.steps if step.is_withdrawal}
    left = [step for step in edited.steps if step.update_id is not None and step.update_id not in gone]
    return edited if left else _ended(replace(edited, status="withdrawn"), now, withdrawn=True)


def _said(alert: Alert, update_id: str | None) -> str:
    texts = [step.text for step in alert.steps if step.update_id == update_id and step.text]
    return texts[-1][:200] if texts else "without words"


def _ended(alert: Alert, now: datetime, *, withdrawn: bool) -> Alert:
    state = AlertState.WITHDRAWN if withdrawn else AlertState.RESOLVED
    return replace(alert, state=state, closed_at=now, snoozed_until=None, moved_at=None)


def _marked(alert: Alert, word: str, text: str, now: datetime) -> Alert:
    marked = replace(alert, version=alert.version + 1)
    step = Step(
        id=f"{word}/{now.timestamp():.3f}",
        version=marked.version,
        at=now,
        status=marked.status,
        text=text,
        title=marked.title,
        impact=marked.impact,
    )
    return _with(marked, step)


def _with(alert: Alert, step: Step) -> Alert:
    return replace(alert, steps=trimmed((*alert.steps, step)))


def _step(alert: Alert, what: Occurrence, *, worse: bool) -> Step:
    return Step(
        id=what.id,
        version=alert.version,
        at=what.at,
        status=alert.status if what.status in WORDLESS else what.status,
        text=what.text,
        update_id=what.update_id,
        is_edit=what.is_edit,
        is_withdrawal=what.is_withdrawal,
        is_worse=worse,
        title=alert.title,
        impact=alert.impact,
    )


def _joined(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))
