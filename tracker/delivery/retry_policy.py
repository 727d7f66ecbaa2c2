"""The disposition of a delivery: which webhook wants it, the meaning of an answer, the next attempt. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Final

import msgspec

from tracker.model.event import Event
from tracker.model.provider import Webhook
from tracker.scheduling.schedule import phase_fraction

#: The pause after the first failure; it doubles with every further one.
FIRST_PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 600.0
#: The longest `Retry-After` that is obeyed.
LONGEST_DELAY_S: Final = 3600.0
#: An attempt that is due later than this was postponed by a wrong clock.
LONGEST_WAIT_S: Final = 2 * LONGEST_DELAY_S
#: An event that waited this long for a receiver that kept failing becomes a dead letter.
PATIENCE: Final = timedelta(hours=24)
#: A day with fewer attempts than this was a clock that jumped: even hourly ones are more.
LEAST_FAILURES: Final = 20

#: Temporary refusals; every other 4xx is final (RFC 9110, section 15.5; RFC 8470; RFC 6585).
_TEMPORARY: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


class ReceiverResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a receiver."""

    status: int
    #: How long it asks us to wait, in seconds.
    retry_after_s: float | None = None
    #: The beginning of its body, on one line.
    text: str = ""


class Unanswered(msgspec.Struct, frozen=True, kw_only=True):
    """No answer came."""

    reason: str


class FailureStreak(msgspec.Struct, frozen=True, kw_only=True):
    """The failures of a receiver since it last accepted an event."""

    #: Failures in a row.
    failures: int = 0
    failing_since: datetime | None = None


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The receiver has the event."""

    streak: FailureStreak = FailureStreak()


class DeadLettered(msgspec.Struct, frozen=True, kw_only=True):
    """The event becomes a dead letter, and the next one is tried at once."""

    reason: str
    streak: FailureStreak


class Postponed(msgspec.Struct, frozen=True, kw_only=True):
    """The sink waits with this event and all later ones."""

    reason: str
    streak: FailureStreak
    not_before: datetime


Disposition = Accepted | DeadLettered | Postponed


def wants(webhook: Webhook, event: Event) -> bool:
    """Return whether a webhook is to be informed about an event; a drill is for channels alone."""
    if event.is_drill:
        return False
    return matches(webhook.providers, event.provider) and (not webhook.events or event.event in webhook.events)


def matches(globs: Iterable[str], provider_id: str) -> bool:
    """Return whether a provider matches the globs; () matches all."""
    return not globs or any(fnmatchcase(provider_id, glob.casefold()) for glob in globs)


def judge(
    answer: ReceiverResponse | Unanswered, *, sink: str, streak: FailureStreak, queued_at: datetime, now: datetime
) -> Disposition:
    """Return the disposition of an event that was queued at `queued_at`, after one attempt to deliver it."""
    if isinstance(answer, Unanswered):
        return _after_failure(answer.reason, None, sink, streak, queued_at, now)
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return Accepted()
    reason = f"answered {answer.status}" + (f": {answer.text}" if answer.text else "")
    if HTTPStatus.OK <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR and answer.status not in _TEMPORARY:
        # It answers and refuses, so it is not failing.
        return DeadLettered(reason=reason, streak=FailureStreak())
    return _after_failure(reason, answer.retry_after_s, sink, streak, queued_at, now)


def pause_s(sink: str, failures: int, retry_after_s: float | None = None) -> float:
    """Return the pause after that many failures in a row, with a jitter of a tenth either way; longer if asked for."""
    plain = min(FIRST_PAUSE_S * 2.0 ** min(failures - 1, 30), LONGEST_PAUSE_S)
    jittered = plain * (0.9 + 0.2 * phase_fraction(f"{sink}#{failures}"))
    return max(jittered, min(retry_after_s or 0.0, LONGEST_DELAY_S))


def _after_failure(
    reason: str, retry_after_s: float | None, sink: str, streak: FailureStreak, queued_at: datetime, now: datetime
) -> DeadLettered | Postponed:
    """Wait, unless the event has waited long enough.

    An event's patience begins when it is queued, or when the receiver began to fail if that is later: a short outage
    costs none, and during a long one events become dead letters as fast as new ones come.
    """
    failing_since = streak.failing_since or now
    failing = FailureStreak(failures=streak.failures + 1, failing_since=failing_since)
    has_waited = now - max(failing_since, queued_at) >= PATIENCE
    if has_waited and failing.failures >= LEAST_FAILURES:
        return DeadLettered(reason=f"{reason}, and so for {_hours(now - failing_since)} h", streak=failing)
    pause = timedelta(seconds=pause_s(sink, failing.failures, retry_after_s))
    return Postponed(reason=reason, streak=failing, not_before=now + pause)


def _hours(span: timedelta) -> int:
    return int(span.total_seconds() // 3600)


def is_put_off(not_before: datetime | None, now: datetime) -> bool:
    """Return whether a receiver is to be left alone until then; a moment too far ahead does not count."""
    return not_before is not None and now < not_before <= now + timedelta(seconds=LONGEST_WAIT_S)
