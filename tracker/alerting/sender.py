"""The use case: send each channel its messages, one after the other.

The newest wanted version is sent, and a close follows each open. What is about to be sent is written down before the
call and what became of it after it, so that a sender that dies leaves at most one message in doubt.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from tracker.alerting.channel import Channel, Operation
from tracker.alerting.links import Links
from tracker.alerting.message import message_of
from tracker.alerting.row import PlannedMessage, SentRow, missed, planned
from tracker.alerting.stores import ChannelLease, ChannelMark, ReadyAlert, RowStore
from tracker.errors import (
    BadAnswer,
    ChannelFailed,
    ChannelRefused,
    ConfigError,
    Conflict,
    ConnectError,
    FetchError,
    FetchTimeout,
    TooLarge,
)
from tracker.failpoints import failpoint
from tracker.model.clock import Clock
from tracker.scheduling.schedule import phase_fraction

log = logging.getLogger(__name__)

#: Alerts that are read together.
BATCH: Final = 20
#: A busy channel gives its worker back after this long, so that others come in between.
TIME_SLICE: Final = timedelta(seconds=3)
#: The pause after the first failure of a channel; it doubles with every further one.
FIRST_PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 300.0
#: A channel may ask for no longer a pause than this.
LONGEST_DELAY_S: Final = 3600.0
_ENDED_FIRST: Final = "it was over before the channel took it"


class Sender:
    """Sends to channels. Safe for threads and processes: the store lets one of them have a channel at a time."""

    def __init__(
        self, store: RowStore, channels: Mapping[str, Channel], clock: Clock, links: Links | None = None
    ) -> None:
        self._store = store
        self._channels = channels
        self._clock = clock
        self._links = links

    def send(self, name: str) -> int:
        """Send a channel its waiting messages until none is left, it fails or its time is over.

        Return how many messages it took. Raises StoreError, Conflict; nothing is lost by either.
        """
        channel = self._channels.get(name)
        lease = None if channel is None else self._store.begin(name, self._clock())
        if channel is None or lease is None:
            return 0
        try:
            return self._drain(lease, channel)
        finally:
            self._store.end(lease)

    def _drain(self, lease: ChannelLease, channel: Channel) -> int:
        ends_at = self._clock() + TIME_SLICE
        sent = 0
        while self._clock() < ends_at and (batch := self._store.ready(lease, self._clock(), BATCH)):
            for ready in batch:
                took, is_failing = self._send_all(lease, channel, ready, ends_at)
                sent += took
                if is_failing:
                    return sent
                lease = replace(lease, failures=0, failing_since=None)
                if self._clock() >= ends_at:
                    return sent
        return sent

    def _send_all(
        self, lease: ChannelLease, channel: Channel, ready: ReadyAlert, ends_at: datetime
    ) -> tuple[int, bool]:
        """Send what one alert has to send; return how many messages were taken, and whether the channel fails."""
        row, sent = ready.row, 0
        while True:
            now = self._clock()
            plan = self._plan(lease, channel, ready, row, now)
            if plan is None:
                self._rest(lease, channel, ready, row, now)
                return sent, False
            row, mark = self._send_one(lease, channel, ready, row, plan)
            if mark.error is not None:
                return sent, True
            sent += row.refused_version == 0
            if self._clock() >= ends_at:
                return sent, False

    def _plan(
        self, lease: ChannelLease, channel: Channel, ready: ReadyAlert, row: SentRow, now: datetime
    ) -> PlannedMessage | None:
        target = None if ready.alert is None else ready.alert.targets.get(lease.channel)
        if ready.alert is None or target is None:
            return None
        plan = planned(ready.alert, target, row, every_update=channel.sends_every_update)
        if plan is not None or channel.resend_every is None or not row.is_open or row.sent_at is None:
            return plan
        if now < row.sent_at + channel.resend_every:
            return None
        return PlannedMessage(act=Operation.CHANGE, version=row.version, repeats=row.repeats, in_doubt=True)

    def _rest(self, lease: ChannelLease, channel: Channel, ready: ReadyAlert, row: SentRow, now: datetime) -> None:
        """Take an alert out of those that are ready, until it has to be sent again."""
        target = None if ready.alert is None else ready.alert.targets.get(lease.channel)
        if target is not None and missed(target, row):
            row = replace(row, missed=_ENDED_FIRST)
            log.warning("channel %s was not sent %s: %s", lease.channel, ready.alert_id, _ENDED_FIRST)
        again_at = None
        if channel.resend_every is not None and row.is_open and row.sent_at is not None:
            again_at = row.sent_at + channel.resend_every
        self._store.settle(lease, ready, row, now, again_at=again_at)

    def _send_one(
        self, lease: ChannelLease, channel: Channel, ready: ReadyAlert, row: SentRow, plan: PlannedMessage
    ) -> tuple[SentRow, ChannelMark]:
        if ready.alert is None:
            raise AssertionError("only an alert that is there has a plan")
        target = ready.alert.targets[lease.channel]
        intended = replace(
            row,
            intent=plan.act,
            intent_version=plan.version,
            intent_repeats=plan.repeats,
            attempts=row.attempts + 1,
        )
        intended_at = self._clock()
        self._store.intend(lease, ready, intended, intended_at)
        failpoint("intended")
        if self._clock() - intended_at > lease.call_begins_within:
            # This process was stopped meanwhile: its message would come after those of another one.
            raise Conflict(f"channel {lease.channel}: the lease ended before the message was sent")
        try:
            message = message_of(ready.alert, target, plan, self._act_link(ready.alert_id))
            handle = channel.send(message, row.handle, in_doubt=plan.in_doubt)
        except (FetchError, ConfigError) as error:
            return self._failed(lease, ready, intended, row, error)
        except ChannelRefused as error:
            if error.is_partial:
                intended = _taken(intended, plan, error.handle, self._clock(), is_notice=target.is_notice)
            after = _refused(intended, row, plan, error, self._clock())
            log.warning("channel %s has a new dead letter, %s: %s", lease.channel, ready.alert_id, error)
        else:
            failpoint("sent")
            after = _taken(intended, plan, handle, self._clock(), is_notice=target.is_notice)
        now = self._clock()
        mark = ChannelMark(is_delivery=after.refused_version == 0)
        # Due again at once: there may be more to send, and later decisions are not in here.
        self._store.settle(lease, ready, after, now, again_at=now, mark=mark)
        failpoint("settled")
        if lease.failures:
            log.warning("channel %s takes alerts again", lease.channel)
        return after, mark

    def _act_link(self, alert_id: str) -> str | None:
        return None if self._links is None else self._links.link(alert_id, self._clock())

    def _failed(
        self, lease: ChannelLease, ready: ReadyAlert, row: SentRow, before: SentRow, error: FetchError | ConfigError
    ) -> tuple[SentRow, ChannelMark]:
        now = self._clock()
        failures = lease.failures + 1
        asked_s = error.retry_after_s if isinstance(error, FetchError) else None
        pause = timedelta(seconds=pause_s(lease.channel, failures, asked_s))
        handle = error.handle if isinstance(error, ChannelFailed) else None
        in_doubt = row if handle or _may_have_arrived(error) else before
        after = replace(
            row,
            handle=handle or row.handle,
            # The failure of this call leaves it open whether an earlier one arrived.
            intent=in_doubt.intent,
            intent_version=in_doubt.intent_version,
            intent_repeats=in_doubt.intent_repeats,
            last_error=str(error),
            last_error_at=now,
        )
        mark = ChannelMark(
            failures=failures,
            failing_since=lease.failing_since or now,
            not_before=now + pause,
            error=str(error) or type(error).__name__,
        )
        # Behind the others: it may be this message alone that fails.
        self._store.settle(lease, ready, after, now, again_at=now + pause, mark=mark)
        log.warning("channel %s waits after %d failures: %s", lease.channel, failures, error)
        return after, mark


def pause_s(channel: str, failures: int, retry_after_s: float | None = None) -> float:
    """Return the pause after that many failures in a row, with a jitter of a tenth either way; longer if asked for."""
    plain = min(FIRST_PAUSE_S * 2.0 ** min(failures - 1, 30), LONGEST_PAUSE_S)
    jittered = plain * (0.9 + 0.2 * phase_fraction(f"{channel}#{failures}"))
    return max(jittered, min(retry_after_s or 0.0, LONGEST_DELAY_S))


def _taken(row: SentRow, plan: PlannedMessage, handle: str | None, now: datetime, *, is_notice: bool) -> SentRow:
    return replace(
        row,
        is_open=plan.act is not Operation.CLOSE and not is_notice,
        version=plan.version,
        repeats=plan.repeats,
        handle=handle or row.handle,
        intent=None,
        intent_version=0,
        intent_repeats=0,
        attempts=0,
        refused_version=0,
        refused_repeats=0,
        missed=None,
        last_error=None,
        last_error_at=None,
        sent_at=now,
        opened_at=row.opened_at or now,
        closed_at=now if plan.act is Operation.CLOSE else None,
        messages=row.messages + 1,
    )


def _refused(row: SentRow, before: SentRow, plan: PlannedMessage, error: ChannelRefused, now: datetime) -> SentRow:
    return replace(
        row,
        # After an acceptance in part nothing is in doubt.
        intent=None if error.is_partial else before.intent,
        intent_version=0 if error.is_partial else before.intent_version,
        intent_repeats=0 if error.is_partial else before.intent_repeats,
        handle=error.handle or row.handle,
        refused_version=plan.version,
        refused_repeats=plan.repeats,
        last_error=str(error),
        last_error_at=now,
    )


def _may_have_arrived(error: FetchError | ConfigError) -> bool:
    if isinstance(error, ChannelFailed):
        return error.may_have_arrived
    return isinstance(error, FetchTimeout | ConnectError | BadAnswer | TooLarge)
