"""The messages of one alert to one channel: those sent so far, and the next one. Pure."""

from datetime import datetime

import msgspec
from msgspec.structs import replace

from tracker.alerting.alert import Alert, AlertTarget, Phase
from tracker.alerting.channel import Operation


class SentRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The messages of one alert that one channel was sent. Written before each call and after it."""

    #: Whether the channel took an open, and no close since.
    is_open: bool = False
    #: The newest version, and the number of reminders, that the channel took.
    version: int = 0
    repeats: int = 0
    handle: str | None = None
    #: The message that is being sent, or was when the sender died: it may have arrived.
    intent: Operation | None = None
    intent_version: int = 0
    intent_repeats: int = 0
    attempts: int = 0
    last_error: str | None = None
    last_error_at: datetime | None = None
    #: The version, and the number of reminders, that the channel refused for good; a newer one is tried again.
    refused_version: int = 0
    refused_repeats: int = 0
    sent_at: datetime | None = None
    #: When the channel took the first open, and the newest close; how many messages it took in all.
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    messages: int = 0
    #: The reason why the wanted message is not sent: the alert was over before the channel took anything.
    missed: str | None = None

    @property
    def is_dead(self) -> bool:
        """Return whether something of it was given up."""
        return self.missed is not None or self.refused_version > 0


class PlannedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The next message."""

    act: Operation
    version: int
    repeats: int
    #: Whether an earlier call with it may have arrived.
    in_doubt: bool


def planned(alert: Alert, target: AlertTarget, row: SentRow, *, every_update: bool) -> PlannedMessage | None:
    """Return the next message that a channel is to be sent of an alert, None when it has all.

    With `every_update` no version is skipped once the alert is open in the channel; otherwise the newest is sent.
    """
    newest = (target.version, target.repeats)
    is_refused = (row.refused_version, row.refused_repeats) >= newest and (row.version, row.repeats) < newest
    if is_refused:
        return None
    if target.is_notice:
        return _plan(row, Operation.OPEN, *newest) if target.phase is Phase.OPEN and not row.version else None
    if not row.is_open:
        return _opening(target, row)
    if row.intent is Operation.CLOSE and target.phase is Phase.OPEN:
        # It has reopened meanwhile: the close that may have arrived comes to its end first.
        return _plan(row, Operation.CLOSE, row.intent_version, row.intent_repeats)
    skipped = _next_version(alert, target, row) if every_update and row.intent is not Operation.CLOSE else None
    if skipped is not None:
        return _plan(row, Operation.CHANGE, skipped, row.repeats)
    return _going_on(target, row)


def _going_on(target: AlertTarget, row: SentRow) -> PlannedMessage | None:
    newest = (target.version, target.repeats)
    if target.phase is not Phase.OPEN:
        # Closed; or closed, reopened and held since, before the close was sent.
        return _plan(row, Operation.CLOSE, *newest)
    return _plan(row, Operation.CHANGE, *newest) if (row.version, row.repeats) < newest else None


def _opening(target: AlertTarget, row: SentRow) -> PlannedMessage | None:
    if target.phase is Phase.OPEN:
        return _plan(row, Operation.OPEN, target.version, target.repeats)
    if row.intent is Operation.OPEN:
        # Whether its open arrived is not known: it is opened as it was, and closed then.
        return _plan(row, Operation.OPEN, row.intent_version, row.intent_repeats)
    return None


def missed(target: AlertTarget, row: SentRow) -> bool:
    """Return whether an alert ended before the channel took anything of it, though it was decided to be sent."""
    return (
        target.phase is Phase.CLOSED
        and not row.is_open
        and row.intent is not Operation.OPEN
        and row.version < target.version
        and row.missed is None
    )


def again(row: SentRow) -> SentRow:
    """Return a row from which dead letters are sent once more."""
    is_partial = row.refused_version > 0 and (row.version, row.repeats) >= (row.refused_version, row.refused_repeats)
    cleared = replace(row, refused_version=0, refused_repeats=0, missed=None, attempts=0)
    # Some of the recipients have it; the others get it only if all do.
    return replace(cleared, is_open=True, version=0) if is_partial else cleared


def doubtful(alert: Alert, target: AlertTarget, row: SentRow) -> SentRow:
    """Return the row of a channel that may have accepted more than it says: with an open message of unknown result.

    It is opened once more then, and closed when it is over.
    """
    is_decided = target.phase in (Phase.OPEN, Phase.CLOSED) and not target.is_notice
    if not is_decided or row.is_open or row.is_dead or row.intent is not None or row.version >= target.version:
        return row
    before = [step.version for step in alert.steps if row.version < step.version < target.version]
    version = before[-1] if before else target.version
    return replace(row, intent=Operation.OPEN, intent_version=version, intent_repeats=row.repeats)


def _next_version(alert: Alert, target: AlertTarget, row: SentRow) -> int | None:
    """Return the version that comes next where that is not the newest one, or the last one before a close."""
    refused = max(row.version, row.refused_version)
    coming = [step.version for step in alert.steps if refused < step.version <= target.version]
    if not coming or (coming[0] >= target.version):
        return None
    return coming[0]


def _plan(row: SentRow, act: Operation, version: int, repeats: int) -> PlannedMessage:
    return PlannedMessage(act=act, version=version, repeats=repeats, in_doubt=row.intent is not None)
