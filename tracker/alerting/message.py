"""An alert as one message to a channel. Pure."""

from typing import Final

from tracker.alerting.alert import Alert, AlertTarget, Step
from tracker.alerting.channel import AlertEntry, Message, Operation, Severity
from tracker.alerting.row import PlannedMessage
from tracker.model.page import Impact
from tracker.model.route import AlertKind

_SEVERITIES: Final = {
    Impact.NONE: Severity.INFO,
    Impact.MAINTENANCE: Severity.INFO,
    Impact.MINOR: Severity.WARNING,
    Impact.MAJOR: Severity.ERROR,
    Impact.CRITICAL: Severity.CRITICAL,
}
#: Lines that one message names of the alerts that it stands for.
_MOST_CHILDREN: Final = 50


def message_of(alert: Alert, target: AlertTarget, plan: PlannedMessage, act_link: str | None = None) -> Message:
    """Return the message for one step of a channel's plan: the alert as it was with that version."""
    steps = [step for step in alert.steps if step.version <= plan.version]
    newest = steps[-1] if steps else None
    is_newest = plan.version >= alert.version
    impact = alert.impact if newest is None or is_newest else newest.impact
    # Only the note of the newest message has the decisions since then.
    note = target.note if plan.version >= target.version and plan.act is not Operation.CLOSE else ""
    return Message(
        act=plan.act,
        key=alert.id,
        version=plan.version + plan.repeats,
        title=alert.title if newest is None or is_newest else newest.title,
        provider_id=alert.provider_id.removeprefix("~"),
        provider_name=alert.provider_name,
        kind=alert.group or alert.kind,
        severity=severity(alert.kind, impact),
        impact=impact or "",
        status=alert.status if newest is None or is_newest else newest.status,
        text=newest.text if newest else "",
        updates=tuple(map(_entry, steps)),
        components=alert.components,
        link=alert.link,
        started_at=alert.opened_at,
        ended_at=(alert.closed_at or alert.since) if plan.act is Operation.CLOSE or target.is_notice else None,
        window=None if alert.scheduled_for is None else (alert.scheduled_for, alert.scheduled_until),
        is_drill=alert.drill is not None,
        labels=dict(target.labels),
        children=_children(alert),
        act_link=None if plan.act is Operation.CLOSE or target.is_notice else act_link,
        note=note,
    )


def severity(kind: AlertKind, impact: Impact | None) -> Severity:
    """Return the severity of an alert."""
    if kind is AlertKind.TRACKER:
        return Severity.ERROR
    return Severity.WARNING if impact is None else _SEVERITIES[impact]


def _entry(step: Step) -> AlertEntry:
    return AlertEntry(
        id=step.id,
        at=step.at,
        status="update withdrawn" if step.is_withdrawal else step.status,
        text=step.text,
        is_edit=step.is_edit,
        is_worse=step.is_worse,
    )


def _children(alert: Alert) -> tuple[str, ...]:
    lines = [f"{child.title} ({child.status.replace('_', ' ')})" for child in alert.children.values()]
    if len(lines) > _MOST_CHILDREN:
        lines = [*lines[:_MOST_CHILDREN], f"and {len(lines) - _MOST_CHILDREN} more"]
    return tuple(lines)
