"""The use case: poll one page and commit its changes in one step."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from tracker.detection.keys import keys
from tracker.detection.snapshots import components_changed, projection, says_nothing
from tracker.errors import Blocked, HttpStatusError, MovedAway, ParseError, PollError, SignInNeeded
from tracker.failpoints import failpoint
from tracker.model.clock import Clock
from tracker.model.page import Snapshot
from tracker.model.page_state import PageState, Source
from tracker.model.provider import Provider
from tracker.polling.candidates import same_host
from tracker.polling.commits import ChangedPage, change, failure, quiet
from tracker.polling.fetcher import Asked
from tracker.polling.known import keep_known_ids, keys_to_recall, resumed_after_move, starting_state, under_current_keys
from tracker.polling.lesser import should_look_again
from tracker.polling.notices import log_busy_host, log_filters, log_gaps, log_unknown_words
from tracker.polling.observer import Observer
from tracker.polling.page_store import Commit, HostBusy, Known, PageStore, PollLease
from tracker.polling.poll_cost import FAILED, IN_PART, PollCost, ResponseClass
from tracker.polling.reading import Observation, searched

log = logging.getLogger(__name__)

#: After this many failures in a row the source is searched again; the page may have moved.
FAILURES_BEFORE_SEARCH = 3
#: How long after a failed search a page is not searched again.
SEARCH_AGAIN_AFTER = timedelta(hours=1)


class Outcome(StrEnum):
    """The end of a poll."""

    QUIET = "quiet"
    CHANGED = "changed"
    FAILED = "failed"
    POSTPONED = "postponed"


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one poll."""

    outcome: Outcome
    #: None for a poll that failed or was postponed.
    response_class: ResponseClass | None = None
    #: How many events entered the stream.
    events: int = 0
    #: Why it failed, None otherwise.
    failure: PollError | None = None
    #: Why it was postponed, None otherwise.
    busy: HostBusy | None = None


class Poller:
    """Polls pages: `begin | observe | changes | commit`."""

    def __init__(self, store: PageStore, observer: Observer, clock: Clock) -> None:
        self._store = store
        self._observer = observer
        self._clock = clock

    def poll(self, provider_id: str) -> Poll | None:
        """Poll a page once; None when it cannot be leased now. Raises StoreError, Conflict."""
        lease = self._store.begin(provider_id, self._clock())
        if lease is None:
            return None
        if isinstance(lease, HostBusy):
            return postponed(provider_id, lease)
        return self.carry_out(lease)

    def carry_out(self, lease: PollLease, asked: Asked | None = None) -> Poll:
        """Poll a leased page, whose first request may have been made already. Raises StoreError, Conflict."""
        self._observer.meter.start(asked)
        provider = lease.provider
        state = starting_state(lease)
        try:
            observed = self._observer.observe(provider, state, self._clock())
            if should_look_again(provider, state, self._clock()):
                observed = self._observer.look_for_better(provider, state, observed, self._clock())
            return self._succeed(lease, state, observed)
        except PollError as error:
            if not may_have_moved(provider, state, error, self._clock()):
                return self._fail(lease, state, error)
            return self._search(lease, state, error)

    def _search(self, lease: PollLease, state: PageState, failure: PollError) -> Poll:
        """Search for the page's source again; a failed search keeps the failure that it began with."""
        now = self._clock()
        try:
            observed = self._observer.search(lease.provider, state, now)
            return self._succeed(lease, state, observed)
        except ParseError:
            return self._fail(lease, searched(state, now), failure)
        except PollError:
            return self._fail(lease, state, failure)

    def _succeed(self, lease: PollLease, state: PageState, observed: Observation) -> Poll:
        now = self._clock()
        if observed.snapshot is None:
            events = self._commit(lease, quiet(lease, observed, now), observed.response_class, observed.state.source)
            return Poll(outcome=Outcome.QUIET, response_class=observed.response_class, events=events)
        commit, response_class = self._changed(lease, state, observed, observed.snapshot, now)
        failpoint("fetched")
        after = commit.state or state
        events = self._commit(lease, commit, IN_PART if after.omissions else response_class, observed.state.source)
        log_gaps(lease.provider, state, after)
        return Poll(outcome=Outcome.CHANGED if events else Outcome.QUIET, response_class=response_class, events=events)

    def _changed(
        self, lease: PollLease, state: PageState, observed: Observation, primary: Snapshot, now: datetime
    ) -> tuple[Commit, ResponseClass]:
        """Read the rest of an answer whose bytes are new: it may still mean the same."""
        provider, meaning = lease.provider, projection(primary)
        known = self._recall(provider, observed.state, keys(primary))
        if observed.state.seeded:
            _refuse_empty(observed, known, primary)
            if not observed.details_apart and _means_the_same(observed, known, primary, meaning):
                return quiet(lease, observed, now), ResponseClass.SAME_MEANING
        known_open = [each.id for each in known.view.going_on]
        observed = self._observer.complete(provider, state, observed, now, known_open=known_open)
        observed = resumed_after_move(known, observed)
        observed, others = keep_known_ids(known, observed)
        snapshot = observed.snapshot or primary
        if more := set(keys(snapshot)) - set(keys(primary)):
            known = _with_more(known, self._recall(provider, observed.state, more))
        page = ChangedPage(
            lease=lease,
            observed=observed,
            snapshot=snapshot,
            meaning=meaning,
            known=known,
            other_keys=others,
            now=now,
        )
        before, found, commit = change(page)
        log_filters(provider, before.view, found.view)
        log_unknown_words(provider, before.view, found.view)
        return commit, ResponseClass.CHANGED

    def _recall(self, provider: Provider, state: PageState, wanted: Collection[str]) -> Known:
        """Return the knowledge of a page, with the wanted keys that it has shown before."""
        return under_current_keys(state, wanted, self._store.recall(provider.id, keys_to_recall(state, wanted)))

    def _fail(self, lease: PollLease, state: PageState, error: PollError) -> Poll:
        events = self._commit(lease, failure(lease.provider, state, error, self._clock()), FAILED)
        return Poll(outcome=Outcome.FAILED, events=events, failure=error)

    def _commit(self, lease: PollLease, commit: Commit, ending: str, source: Source | None = None) -> int:
        """Write the commit with the cost of the poll; return how many events were new."""
        meter = self._observer.meter
        cost = PollCost(
            ending=ending,
            received_bytes=meter.received_bytes,
            answer_bytes=meter.received_from(source.primary) if source else None,
        )
        return self._store.commit(lease, msgspec.structs.replace(commit, cost=cost))


def may_have_moved(provider: Provider, state: PageState, error: PollError, now: datetime) -> bool:
    """Return whether a failure suggests that the page has moved, so that a search is worth its requests."""
    if state.source is None or _was_searched_lately(state, now):
        return False
    if isinstance(error, MovedAway):
        return True
    if isinstance(error, HttpStatusError):
        if isinstance(error, Blocked | SignInNeeded) or error.status >= 500 or error.status in (401, 429):  # noqa: PLR2004  the classes of RFC 9110
            return False  # Rate limits and server errors pass by themselves; a refused reader has not been moved.
        if error.url is not None and not same_host(error.url, state.source.primary):
            return True
        suspicious = True
    elif error.reason in ("dns", "connect", "tls"):
        # A host that the page once led to may be gone, while the page leads to another one.
        suspicious = not same_host(state.source.primary, provider.url)
    else:
        suspicious = error.reason in ("not_a_status_page", "redirects")
    return suspicious and state.readability.failures + 1 >= FAILURES_BEFORE_SEARCH


def _was_searched_lately(state: PageState, now: datetime) -> bool:
    """Return whether the page was searched since it began to fail; an earlier search was for a better source."""
    searched_at, failing_since = state.relocation.searched_at, state.readability.failing_since
    return (
        searched_at is not None
        and failing_since is not None
        and searched_at >= failing_since
        and now - searched_at < SEARCH_AGAIN_AFTER
    )


def _refuse_empty(observed: Observation, known: Known, primary: Snapshot) -> None:
    """Refuse an empty answer from a page that had a name: otherwise every open incident would count as over."""
    if observed.moved_from is None and known.view.name and says_nothing(primary):
        raise ParseError("the answer says nothing, not even the page's name")


def _means_the_same(observed: Observation, known: Known, primary: Snapshot, meaning: str) -> bool:
    return meaning == observed.state.projection and not components_changed(known.view.components, primary)


def _with_more(known: Known, more: Known) -> Known:
    return msgspec.structs.replace(known, seen=known.seen | more.seen, expiring=known.expiring | more.expiring)


def postponed(provider_id: str, busy: HostBusy) -> Poll:
    """Return a poll that was not made."""
    log_busy_host(provider_id, busy)
    return Poll(outcome=Outcome.POSTPONED, busy=busy)
