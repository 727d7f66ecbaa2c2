"""Alerts that stand for several: storms, what quiet hours held back, digests. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from tracker.alerting.alert import Alert, AlertState, AlertTarget, ChildAlert, GroupKind, Phase, worst
from tracker.alerting.targets import GATHERING
from tracker.model.page import Impact
from tracker.model.route import AlertKind

#: Provider of alerts that stand for several.
GROUPS: Final = "~group"
#: Causes whose names are not a host's or a platform's, in words.
_CAUSES: Final = {"unreadable": "pages that cannot be read"}


def new_group(subject: str, channel: str, target: AlertTarget, now: datetime) -> Alert:
    """Return the alert of a group in one channel, as yet without children."""
    kind = GroupKind(subject.split("/")[1])
    waiting = AlertTarget(
        phase=Phase.HELD, due_at=now + GATHERING, labels=target.labels, is_notice=kind is GroupKind.DIGEST
    )
    return Alert(
        provider_id=GROUPS,
        provider_name="Status page tracker",
        subject=subject,
        kind=AlertKind.INCIDENT,
        title="",
        status="open",
        opened_at=now,
        since=now,
        targets={channel: waiting},
        group=kind,
    )


def with_child(group: Alert, alert: Alert, now: datetime) -> Alert:
    """Return a group with an alert as it stands now; itself where nothing is new."""
    child = ChildAlert(title=_child_title(alert), status=alert.status, is_over=alert.is_over, impact=alert.impact)
    children = {**group.children, alert.id: child}
    if children == group.children:
        return group
    kind = group.group or GroupKind.STORM
    going_on = sum(not each.is_over for each in children.values())
    changed = replace(
        group,
        children=children,
        title=_group_title(kind, len(children), going_on, group.subject),
        status="open" if going_on else "over",
        impact=_group_impact(kind, children.values()),
        version=group.version + (1 if group.children else 0),
        state=AlertState.OPEN,
        closed_at=None,
    )
    if going_on and kind is not GroupKind.DIGEST:
        return changed
    return replace(changed, state=AlertState.RESOLVED, closed_at=now)


def _group_impact(kind: GroupKind, children: Iterable[ChildAlert]) -> Impact | None:
    """Return the worst impact of what goes on; of a storm that is over, the worst that it had."""
    going_on = [each.impact for each in children if not each.is_over]
    if kind is GroupKind.STORM and not going_on:
        going_on = [each.impact for each in children]
    return worst(going_on) if going_on else Impact.NONE


def _group_title(kind: GroupKind, count: int, still: int, subject: str) -> str:
    alerts = "1 alert" if count == 1 else f"{count} alerts"
    match kind:
        case GroupKind.STORM:
            cause = subject.split("/")[2]
            return f"{count} more {alerts.partition(' ')[2]} with one cause: {_CAUSES.get(cause, cause)}"
        case GroupKind.SUMMARY:
            return f"Held in quiet hours: {alerts}, {still or 'none'} still open"
        case GroupKind.DIGEST:
            return f"Digest: {alerts}, {still or 'none'} open"


def _child_title(alert: Alert) -> str:
    if alert.title.startswith(alert.provider_name) or alert.kind is AlertKind.PAGE:
        return alert.title
    return f"{alert.provider_name}: {alert.title}"
