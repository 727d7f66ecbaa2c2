"""Readability is a state of its own, neither up nor down: one event when it ends, and one when it returns.

A page that is read in part says so, and still counts as readable.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec

from tracker.errors import PollError
from tracker.model.event import Event, EventKind, PendingEvent
from tracker.model.filters import wants_kind
from tracker.model.page import Omission
from tracker.model.page_state import PageState, Readability
from tracker.model.provider import Provider
from tracker.scheduling.cadence import longest_pause_s
from tracker.scheduling.schedule import backoff_s

#: This many failures in a row make a page unreadable.
UNREADABLE_AFTER = 3
#: The longest that one poll takes: the time limit of its task.
_LONGEST_POLL_S = 60.0
#: A page whose unreadable times are not on record may have been unread for so long.
_UNRECORDED_S = 86400.0


def unnoticed_s(provider: Provider) -> float:
    """Return the longest time for which a page may be unread without an event that says so, in seconds."""
    if not wants_kind(provider, EventKind.PAGE_UNREADABLE):
        return _UNRECORDED_S
    pauses_s = (backoff_s(provider.id, provider.interval_s, failures) for failures in range(1, UNREADABLE_AFTER))
    return longest_pause_s(provider) + sum(pauses_s) + UNREADABLE_AFTER * _LONGEST_POLL_S


def read_until(
    provider: Provider, polled_at: datetime, unreadable_at: datetime | None, begun_at: datetime | None
) -> datetime:
    """Return until when a page was certainly read, for one whose state was lost.

    Pages were polled until `polled_at`. An event at `unreadable_at` said that this one cannot be read, and nobody
    watched it before `begun_at`; None where either is not known.
    """
    read = min(polled_at, unreadable_at or polled_at) - timedelta(seconds=unnoticed_s(provider))
    return max(read, begun_at or read)


def failed(
    provider: Provider, state: PageState, error: PollError, now: datetime
) -> tuple[PageState, tuple[PendingEvent, ...]]:
    """Return the state after a failed poll, and the event if the page has just become unreadable.

    The reason does not matter: one empty or cut answer counts as much as one 503.
    """
    before = state.readability
    failing_since = before.failing_since or now
    after = msgspec.structs.replace(
        before,
        failures=before.failures + 1,
        failing_since=failing_since,
        failure_reason=error.reason,
        failure=str(error),
    )
    if before.unreadable_since is not None or after.failures < UNREADABLE_AFTER:
        return msgspec.structs.replace(state, readability=after), ()
    pending = _pending(
        provider, EventKind.PAGE_UNREADABLE, failing_since, now, status="unknown", message=f"cannot be read: {error}"
    )
    unreadable = msgspec.structs.replace(after, unreadable_since=failing_since)
    return msgspec.structs.replace(state, readability=unreadable), pending


def recovered(provider: Provider, state: PageState, now: datetime) -> tuple[PageState, tuple[PendingEvent, ...]]:
    """Return the state after a poll that succeeded, and the event if the page was unreadable."""
    since = state.readability.unreadable_since
    if not state.readability.failures and since is None:
        return state, ()
    after = msgspec.structs.replace(state, readability=Readability())
    if since is None:
        return after, ()
    blind_s = max(0, round((now - since).total_seconds()))
    message = f"could not be read for {duration(blind_s)}, since {since:%Y-%m-%d %H:%M:%S} UTC"
    return after, _pending(provider, EventKind.PAGE_READABLE, since, now, "readable", message)


def left_out(omissions: Collection[Omission]) -> str | None:
    """Return one sentence about the entries that were left out of a page's answers, None without any."""
    reasons: dict[str, list[str]] = {}
    for omission in sorted(set(omissions), key=lambda each: (each.kind, each.reason)):
        reasons.setdefault(omission.kind, []).append(omission.reason)
    said = (f"{kind}s with {', '.join(words)}" for kind, words in reasons.items())
    return f"left out: {'; '.join(said)}" if reasons else None


def incomplete(state: PageState) -> str | None:
    """Return the reason why a part of a page is not read, None if all of it is."""
    return "; ".join(filter(None, (state.gaps.detail_failure, left_out(state.omissions)))) or None


def duration(seconds: int) -> str:
    """Return a duration in the two largest units that it fills."""
    parts: list[str] = []
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= unit or (unit == 1 and not parts):
            parts.append(f"{seconds // unit} {name}")
            seconds %= unit
    return " ".join(parts[:2])


def _pending(
    provider: Provider, kind: EventKind, since: datetime, now: datetime, status: str, message: str
) -> tuple[PendingEvent, ...]:
    if not wants_kind(provider, kind):
        return ()
    event = Event(
        id=f"{provider.id}/{kind}/{since.timestamp():.0f}",
        event=kind,
        provider=provider.id,
        provider_name=provider.name,
        product=provider.name,
        status=status,
        message=message,
        published_at=None,
        seen_at=now,
    )
    return (PendingEvent(event=event),)
