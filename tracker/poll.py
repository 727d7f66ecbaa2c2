"""The use case: poll one page and commit what is new in one step."""

import logging
from datetime import datetime
from enum import StrEnum

import msgspec

from tracker.changes import Before, changes, keys
from tracker.errors import PollError
from tracker.failpoints import failpoint
from tracker.models import Provider
from tracker.observe import Layer, Observation, Observer
from tracker.ports import Clock, Commit, PageStore, Turn
from tracker.schedule import due_after_failure, due_after_success
from tracker.snapshots import components_changed, projection
from tracker.state import PageState, PageView

log = logging.getLogger(__name__)

#: After this many failures in a row the source is looked for again; the page may have moved.
FAILURES_BEFORE_SEARCH = 3


class Outcome(StrEnum):
    """How a poll ended."""

    QUIET = "quiet"
    CHANGED = "changed"
    FAILED = "failed"


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """What one poll did."""

    outcome: Outcome
    #: None for a failed poll.
    layer: Layer | None = None
    #: How many events entered the stream.
    events: int = 0
    #: Why it failed, None otherwise.
    failure: PollError | None = None


class Poller:
    """Polls pages: `begin | observe | changes | commit`."""

    def __init__(self, store: PageStore, observer: Observer, clock: Clock) -> None:
        self._store = store
        self._observer = observer
        self._clock = clock

    def poll(self, provider_id: str) -> Poll | None:
        """Poll a page once; None when there was no turn to take. Raises StoreError, Conflict."""
        turn = self._store.begin(provider_id, self._clock())
        if turn is None:
            return None
        provider = turn.provider
        state = turn.state if turn.state.url == provider.url else PageState(url=provider.url)
        try:
            observed = self._observer.observe(provider, state, self._clock())
            return self._succeed(turn, state, observed)
        except PollError as error:
            return self._fail(turn, state, error)

    def _succeed(self, turn: Turn, state: PageState, observed: Observation) -> Poll:
        now = self._clock()
        if observed.snapshot is None:
            self._store.commit(turn, _quiet(turn, observed, now))
            return Poll(outcome=Outcome.QUIET, layer=observed.layer)
        commit, layer = self._changed(turn, state, observed, now)
        failpoint("fetched")
        events = self._store.commit(turn, commit)
        return Poll(outcome=Outcome.CHANGED if events else Outcome.QUIET, layer=layer, events=events)

    def _changed(self, turn: Turn, state: PageState, observed: Observation, now: datetime) -> tuple[Commit, Layer]:
        """Read on an answer whose bytes are new: it may still mean the same."""
        primary = observed.snapshot
        if primary is None:
            raise AssertionError("only a snapshot can hold changes")
        meaning = projection(primary)
        view, seen = self._store.recall(turn.provider.id, keys(primary))
        if observed.state.seeded and meaning == state.projection and not components_changed(view.components, primary):
            return _quiet(turn, observed, now), Layer.SAME_MEANING
        observed = self._observer.complete(turn.provider, state, observed)
        snapshot = observed.snapshot or primary
        more = set(keys(snapshot)) - set(keys(primary))
        if more:
            seen |= self._store.recall(turn.provider.id, more)[1]
        before = Before(
            seeded=observed.state.seeded,
            view=view if observed.state.seeded else PageView(),
            seen=seen,
            history=observed.history,
            revision=turn.revision,
        )
        found = changes(turn.provider, before, snapshot, now)
        after = msgspec.structs.replace(
            _recovered(observed.state),
            seeded=True,
            projection=meaning if observed.settled else state.projection,
            changed_at=now if found.news else observed.state.changed_at,
        )
        commit = Commit(
            state=after,
            view=found.view,
            news=found.news,
            seen=found.seen,
            due_at=_due(turn.provider, observed, now),
            checked_at=now,
        )
        return commit, Layer.CHANGED

    def _fail(self, turn: Turn, state: PageState, error: PollError) -> Poll:
        now = self._clock()
        provider = turn.provider
        failures = state.failures + 1
        due_at = due_after_failure(now, provider.id, provider.interval_s, failures, error.retry_after_s)
        search = failures >= FAILURES_BEFORE_SEARCH and error.reason in ("not_a_status_page", "http_status")
        after = msgspec.structs.replace(
            state,
            searching=state.searching or search,
            failures=failures,
            failing_since=state.failing_since or now,
            failure_reason=error.reason,
            failure=str(error),
        )
        self._store.commit(turn, Commit(state=after, due_at=due_at, checked_at=now))
        return Poll(outcome=Outcome.FAILED, failure=error)


def _recovered(state: PageState) -> PageState:
    if not state.failures:
        return state
    return msgspec.structs.replace(state, failures=0, failing_since=None, failure_reason=None, failure=None)


def _quiet(turn: Turn, observed: Observation, now: datetime) -> Commit:
    """Return what a poll without news writes: no more than that it took place, if the state is what it was."""
    after = _recovered(observed.state)
    return Commit(
        state=None if after == turn.state else after,
        due_at=_due(turn.provider, observed, now),
        checked_at=now,
    )


def _due(provider: Provider, observed: Observation, now: datetime) -> datetime | None:
    return due_after_success(now, provider.id, provider.interval_s, observed.fresh_for_s)


def describe(provider: Provider, poll: Poll) -> str:
    """Return one line about a poll for a log."""
    if poll.failure is not None:
        return f"{provider.id}: {poll.failure}"
    return f"{provider.id}: {poll.layer}, {poll.events} new"
