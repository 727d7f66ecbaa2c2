"""The shape in which the state of a page is stored: one level, with the names of the first version."""

from datetime import datetime
from typing import Final

import msgspec

from tracker.model.page_state import Activity, Gaps, KnownAnswer, PageState, Readability, Relocation, Source


class StoredState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A `PageState` as the data server holds it; the order of the fields is that of the written bytes."""

    url: str = ""
    seeded: bool = False
    source: Source | None = None
    former: Source | None = None
    searched_at: datetime | None = None
    moved_at: datetime | None = None
    answers: dict[str, KnownAnswer] = {}
    known_until: datetime | None = None
    projection: str | None = None
    stale_since: datetime | None = None
    lagging_since: datetime | None = None
    unsettled_since: datetime | None = None
    detail_failure: str | None = None
    failures: int = 0
    failing_since: datetime | None = None
    failure_reason: str | None = None
    failure: str | None = None
    unreadable_since: datetime | None = None
    changed_at: datetime | None = None
    incident_at: datetime | None = None
    quiet_since: datetime | None = msgspec.field(default=None, name="calm_since")
    keys_version: int = 0


def stored(state: PageState) -> StoredState:
    """Return the state in the shape in which it is stored."""
    relocation, gaps, readability, activity = state.relocation, state.gaps, state.readability, state.activity
    return StoredState(
        url=state.url,
        seeded=state.seeded,
        source=state.source,
        former=relocation.former,
        searched_at=relocation.searched_at,
        moved_at=relocation.moved_at,
        answers=state.answers,
        known_until=state.known_until,
        projection=state.projection,
        stale_since=gaps.stale_since,
        lagging_since=gaps.lagging_since,
        unsettled_since=gaps.unsettled_since,
        detail_failure=gaps.detail_failure,
        failures=readability.failures,
        failing_since=readability.failing_since,
        failure_reason=readability.failure_reason,
        failure=readability.failure,
        unreadable_since=readability.unreadable_since,
        changed_at=activity.changed_at,
        incident_at=activity.incident_at,
        quiet_since=activity.quiet_since,
        keys_version=state.keys_version,
    )


def restored(state: StoredState) -> PageState:
    """Return the state that was stored."""
    return PageState(
        url=state.url,
        seeded=state.seeded,
        keys_version=state.keys_version,
        source=state.source,
        answers=state.answers,
        projection=state.projection,
        known_until=state.known_until,
        relocation=_relocation(state),
        gaps=_gaps(state),
        readability=_readability(state),
        activity=Activity(changed_at=state.changed_at, incident_at=state.incident_at, quiet_since=state.quiet_since),
    )


# Nearly all pages share these values: a process may hold the states of thousands of pages.
_NO_RELOCATION: Final = Relocation()
_NO_GAPS: Final = Gaps()
_READABLE: Final = Readability()


def _relocation(state: StoredState) -> Relocation:
    found = Relocation(former=state.former, searched_at=state.searched_at, moved_at=state.moved_at)
    return _NO_RELOCATION if found == _NO_RELOCATION else found


def _gaps(state: StoredState) -> Gaps:
    found = Gaps(
        stale_since=state.stale_since,
        lagging_since=state.lagging_since,
        unsettled_since=state.unsettled_since,
        detail_failure=state.detail_failure,
    )
    return _NO_GAPS if found == _NO_GAPS else found


def _readability(state: StoredState) -> Readability:
    found = Readability(
        failures=state.failures,
        failing_since=state.failing_since,
        failure_reason=state.failure_reason,
        failure=state.failure,
        unreadable_since=state.unreadable_since,
    )
    return _READABLE if found == _READABLE else found
