"""Merge the details of a page with its primary answer. Pure.

A detail that failed, or that lags behind the primary answer, leaves the primary answer unremembered: the next poll
reads it again, and no change is missed.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from tracker.detection.page_clock import is_earlier, lags, proven
from tracker.detection.snapshots import incident_ids, merged
from tracker.errors import PollError
from tracker.model.page import Snapshot
from tracker.model.page_state import KnownAnswer, PageState
from tracker.polling.reading import Observation, unremember

#: How long every poll waits for details that are older than the primary answer.
LAGGING_FOR = timedelta(minutes=10)


class Details(NamedTuple):
    """The answers of a page's details."""

    state: PageState
    snapshots: tuple[Snapshot, ...]
    #: Ids of the incidents in details that were read for the first time.
    history: frozenset[str]
    #: The reason of the last failure.
    failure: PollError | None
    #: Whether no answer was skipped for its clock: such an answer may show the end of an incident that others lack.
    is_current: bool
    #: The incidents of the answers for single incidents.
    alone: tuple[Snapshot, ...] = ()


def completed(
    before: PageState, observed: Observation, primary: Snapshot, details: Details, now: datetime
) -> Observation:
    """Merge the details of a page with its primary answer."""
    lagging_since = _lagging_since(before, details.state, primary, now)
    failure = details.failure
    settled = failure is None and (lagging_since is None or now - lagging_since > LAGGING_FOR)
    gaps = msgspec.structs.replace(
        details.state.gaps,
        lagging_since=None if settled else lagging_since,
        unsettled_since=None if settled else before.gaps.unsettled_since or now,
        detail_failure=str(failure) if failure else None,
    )
    state = details.state if settled else _unremembered(before, details.state)
    return msgspec.structs.replace(
        observed,
        state=msgspec.structs.replace(state, gaps=gaps),
        snapshot=merged(primary, (*details.snapshots, *details.alone)),
        recent=_recent(before, [primary, *details.snapshots], now),
        settled=settled,
        in_full=_is_in_full(state, details),
        is_current=details.is_current and not is_earlier(primary.updated_at, _newest_stamp(before, now)),
        # An incident that only a detail shows may be long over.
        open_ids=incident_ids(primary) if primary.open_only else None,
        history=details.history - incident_ids(primary),
        fresh_for_s=_fresh_for_s(observed, failure),
    )


def _unremembered(before: PageState, state: PageState) -> PageState:
    """Return the state without the primary answer, so that the next poll reads it again."""
    return unremember(before, state, state.source.primary) if state.source else state


def _is_in_full(state: PageState, details: Details) -> bool:
    """Return whether each detail that the page has was read again."""
    urls = state.source.details if state.source else ()
    lacking = [url for url in urls if state.answers.get(url, KnownAnswer()).missing_since is not None]
    return len(details.snapshots) + len(lacking) == len(urls)


def _fresh_for_s(observed: Observation, failure: PollError | None) -> float | None:
    """Return for how many seconds the server wants no request: by its freshness, or because it is busy."""
    wait_s = failure.retry_after_s if failure else None
    return max(observed.fresh_for_s or 0.0, wait_s) if wait_s else observed.fresh_for_s


def _lagging_since(before: PageState, state: PageState, primary: Snapshot, now: datetime) -> datetime | None:
    """Return since when a detail has been older than the primary answer, None if none is."""
    details = state.source.details if state.source else ()
    stamps = (state.answers.get(url, KnownAnswer()).stamp for url in details)
    if not any(lags(stamp, primary.updated_at, now) for stamp in stamps):
        return None
    return before.gaps.lagging_since or now


def _recent(before: PageState, read: list[Snapshot], now: datetime) -> Snapshot:
    """Return the contents of those answers that are not older than any before; endpoints lag behind one another."""
    newest = _newest_stamp(before, now)
    recent = [snapshot for snapshot in read if not is_earlier(snapshot.updated_at, newest)]
    return merged(recent[0], recent[1:]) if recent else Snapshot()


def _newest_stamp(before: PageState, now: datetime) -> datetime | None:
    stamps = (proven(known.stamp, now) for known in before.answers.values())
    return max((stamp for stamp in stamps if stamp), default=None)
