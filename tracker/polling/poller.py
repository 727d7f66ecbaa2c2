"""The use case: poll one page and commit what is new in one step."""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

import msgspec

from tracker.detection.changes import changes, keys
from tracker.detection.edits import follow
from tracker.detection.migration import moved, remembered
from tracker.detection.readability import failed, recovered
from tracker.detection.recognition import kept
from tracker.detection.snapshots import components_changed, projection, says_nothing
from tracker.errors import Blocked, HttpStatusError, MovedAway, ParseError, PollError, SignInNeeded
from tracker.failpoints import failpoint
from tracker.model.clock import Clock
from tracker.model.component_names import Listing
from tracker.model.event import EventKind, PendingEvent
from tracker.model.filters import wants_kind
from tracker.model.page import Snapshot
from tracker.model.page_state import PageState, RecentIncident, Source
from tracker.model.provider import Provider
from tracker.parse import FORMATS
from tracker.polling.candidates import same_host
from tracker.polling.known import as_known, before_of, remembered_of
from tracker.polling.lesser import should_look_again
from tracker.polling.notices import tell_of_busy_host, tell_of_filters, tell_of_gaps, tell_of_words
from tracker.polling.observer import Observer
from tracker.polling.poll_cost import FAILED, IN_PART, PollCost, ResponseClass
from tracker.polling.ports import Asked, Commit, HostBusy, Known, PageStore, PollLease
from tracker.polling.reading import Observation, read_again
from tracker.scheduling.cadence import noted, pace
from tracker.scheduling.schedule import due_after_failure, due_after_success

log = logging.getLogger(__name__)

#: With this many failures in a row the source is looked for again; the page may have moved.
FAILURES_BEFORE_SEARCH = 3
#: After a search in vain a page is left in peace so long.
SEARCH_AGAIN_AFTER = timedelta(hours=1)


class Outcome(StrEnum):
    """How a poll ended."""

    QUIET = "quiet"
    CHANGED = "changed"
    FAILED = "failed"
    POSTPONED = "postponed"


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """What one poll did."""

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
        """Poll a page once; None when there was no turn to take. Raises StoreError, Conflict."""
        lease = self._store.begin(provider_id, self._clock())
        if lease is None:
            return None
        if isinstance(lease, HostBusy):
            return postponed(provider_id, lease)
        return self.carry_out(lease)

    def carry_out(self, lease: PollLease, asked: Asked | None = None) -> Poll:
        """Poll a page whose turn was taken, and whose first request was perhaps made. Raises StoreError, Conflict."""
        self._observer.meter.start(asked)
        provider = lease.provider
        state = remembered_of(lease)
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
        """Look for the page's source again; a search in vain leaves the failure that it began with."""
        now = self._clock()
        try:
            observed = self._observer.search(lease.provider, state, now)
            return self._succeed(lease, state, observed)
        except ParseError:
            return self._fail(lease, msgspec.structs.replace(state, searched_at=now), failure)
        except PollError:
            return self._fail(lease, state, failure)

    def _succeed(self, lease: PollLease, state: PageState, observed: Observation) -> Poll:
        now = self._clock()
        if observed.snapshot is None:
            events = self._commit(lease, quiet(lease, observed, now), observed.response_class, observed.state.source)
            return Poll(outcome=Outcome.QUIET, response_class=observed.response_class, events=events)
        commit, response_class = self._changed(lease, state, observed, now)
        failpoint("fetched")
        after = commit.state or state
        events = self._commit(lease, commit, IN_PART if after.omissions else response_class, observed.state.source)
        tell_of_gaps(lease.provider, state, after)
        return Poll(outcome=Outcome.CHANGED if events else Outcome.QUIET, response_class=response_class, events=events)

    def _changed(
        self, lease: PollLease, state: PageState, observed: Observation, now: datetime
    ) -> tuple[Commit, ResponseClass]:
        """Read on an answer whose bytes are new: it may still mean the same."""
        provider, primary = lease.provider, observed.snapshot
        if primary is None:
            raise AssertionError("only a snapshot can hold changes")
        meaning = projection(primary)
        known = self._store.recall(provider.id, keys(primary))
        seeded = observed.state.seeded
        if seeded and observed.moved_from is None and known.view.name and says_nothing(primary):
            # Taken at its word, whatever went on would be over.
            raise ParseError("the answer says nothing, not even the page's name")
        means_the_same = meaning == observed.state.projection and not components_changed(known.view.components, primary)
        if seeded and means_the_same and not observed.details_apart:
            return quiet(lease, observed, now), ResponseClass.SAME_MEANING
        observed = self._observer.complete(provider, state, observed, now)
        observed, others = as_known(known, observed)
        snapshot = observed.snapshot or primary
        more = set(keys(snapshot)) - set(keys(primary))
        if more:
            known = _with_more(known, self._store.recall(provider.id, more))
        before = before_of(lease, known, observed, snapshot, now)
        found = changes(provider, before, snapshot, now)
        tell_of_filters(provider, before.view, found.view)
        tell_of_words(provider, before.view, found.view)
        is_new = not seeded or observed.moved_from is not None
        listing = Listing(found.view.components.values())
        reworded, digests = follow(provider, {} if is_new else known.digests, observed.recent, now, listing=listing)
        edits = (piece for piece in reworded if not _is_restated(piece, found.restated))
        after, readable = recovered(provider, observed.state, now)
        reported = _unseen_since(_last_read(lease, observed), (*found.pending, *edits))
        pending = (*readable, *_moved(lease, observed, now), *reported)
        has_changed = bool(pending or found.seen) or components_changed(known.view.components, snapshot)
        after = noted(provider, after, found.view, now, has_changed=has_changed)
        after = _read(after, observed, now, meaning=None if found.is_open_question else meaning, is_news=bool(pending))
        commit = Commit(
            state=after,
            view=msgspec.structs.replace(found.view, recent=_recent(known, observed, snapshot)),
            digests=digests,
            pending=pending,
            seen=(*found.seen, *sorted(others | known.expiring | kept(before.seen, known.seen, snapshot))),
            due_at=_due(provider, after, observed, now),
            checked_at=now,
            read_at=lease.begun_at if observed.settled else None,
        )
        return commit, ResponseClass.CHANGED

    def _fail(self, lease: PollLease, state: PageState, error: PollError) -> Poll:
        events = self._commit(lease, failure(lease.provider, state, error, self._clock()), FAILED)
        return Poll(outcome=Outcome.FAILED, events=events, failure=error)

    def _commit(self, lease: PollLease, commit: Commit, ending: str, source: Source | None = None) -> int:
        """Write the commit with what the poll took; return how many events were new."""
        meter = self._observer.meter
        cost = PollCost(
            ending=ending,
            received_bytes=meter.received_bytes,
            answer_bytes=meter.received_from(source.primary) if source else None,
        )
        return self._store.commit(lease, msgspec.structs.replace(commit, cost=cost))


def may_have_moved(provider: Provider, state: PageState, error: PollError, now: datetime) -> bool:
    """Tell whether a failure is one that a page leaves behind which is elsewhere now, and worth a search."""
    if state.source is None or (state.searched_at is not None and now - state.searched_at < SEARCH_AGAIN_AFTER):
        return False
    if isinstance(error, MovedAway):
        return True
    if isinstance(error, HttpStatusError):
        if isinstance(error, Blocked | SignInNeeded) or error.status >= 500 or error.status in (401, 429):  # noqa: PLR2004  the classes of RFC 9110
            return False  # Too many requests and a server's own troubles pass; who may not read it is not sent away.
        if error.url is not None and not same_host(error.url, state.source.primary):
            return True
        suspicious = True
    elif error.reason in ("dns", "connect", "tls"):
        # A host that the page once led to may be gone, while the page leads to another one.
        suspicious = not same_host(state.source.primary, provider.url)
    else:
        suspicious = error.reason in ("not_a_status_page", "redirects")
    return suspicious and state.failures + 1 >= FAILURES_BEFORE_SEARCH


def _read(after: PageState, observed: Observation, now: datetime, *, meaning: str | None, is_news: bool) -> PageState:
    """Return the state of a page that was read; without a meaning it is read again with the next poll."""
    return msgspec.structs.replace(
        read_again(after) if meaning is None else after,
        seeded=True,
        known_until=None,
        moved_at=None if observed.settled else after.moved_at,
        projection=meaning if meaning is None or observed.settled else observed.state.projection,
        changed_at=now if is_news else observed.state.changed_at,
    )


def _is_restated(edit: PendingEvent, restated: frozenset[str]) -> bool:
    """Tell whether an edit is one whose text is told along with another status."""
    event = edit.event
    return event.event is EventKind.UPDATE_EDITED and f"{event.incident_id}/{event.update_id}" in restated


def _recent(known: Known, observed: Observation, snapshot: Snapshot) -> tuple[RecentIncident, ...]:
    """Return which incidents are remembered; those of a source before stay until all of the new one was read."""
    before = known.view.recent if observed.state.seeded else ()
    is_moving = observed.state.moved_at is not None and not observed.settled
    return before if is_moving else remembered(before, snapshot)


def _moved(lease: PollLease, observed: Observation, now: datetime) -> tuple[PendingEvent, ...]:
    """Return the event of a page that is elsewhere since this answer."""
    before, after = observed.moved_from, observed.state.source
    if before is None or after is None or not wants_kind(lease.provider, EventKind.PAGE_MOVED):
        return ()
    return (moved(lease.provider, _named(before), _named(after), lease.revision, now),)


def _named(source: Source) -> str:
    known = FORMATS.get(source.format)
    return f"{known.title if known else source.format} at {urlsplit(source.primary).netloc}"


def _with_more(known: Known, more: Known) -> Known:
    return msgspec.structs.replace(known, seen=known.seen | more.seen, expiring=known.expiring | more.expiring)


def _last_read(lease: PollLease, observed: Observation) -> datetime | None:
    """Return when the page was read before, None if this poll is the first to read it or a part of it."""
    return lease.read_at if observed.state.seeded and not observed.history else None


def _unseen_since(read_at: datetime | None, pending: Iterable[PendingEvent]) -> Iterator[PendingEvent]:
    """Say of each event since when it was not there; what is withdrawn was gone for some answers by then."""
    for each in pending:
        since = None if each.event.event is EventKind.UPDATE_WITHDRAWN else read_at
        yield msgspec.structs.replace(each, event=msgspec.structs.replace(each.event, unseen_since=since))


def failure(provider: Provider, state: PageState, error: PollError, now: datetime) -> Commit:
    """Return what a poll that failed writes."""
    after, pending = failed(provider, state, error, now)
    due_at = due_after_failure(now, provider.id, provider.interval_s, after.failures, error.retry_after_s)
    return Commit(state=after, pending=pending, due_at=due_at, checked_at=now)


def quiet(lease: PollLease, observed: Observation, now: datetime) -> Commit:
    """Return what a poll without news writes: no more than that it took place, if the state is what it was."""
    after, pending = recovered(lease.provider, observed.state, now)
    return Commit(
        state=None if after == lease.state else after,
        pending=pending,
        due_at=_due(lease.provider, after, observed, now),
        checked_at=now,
        read_at=None if observed.response_class is ResponseClass.STALE else lease.begun_at,
    )


def _due(provider: Provider, state: PageState, observed: Observation, now: datetime) -> datetime | None:
    return due_after_success(now, provider.id, provider.interval_s, observed.fresh_for_s, pace(provider, state, now))


def postponed(provider_id: str, busy: HostBusy) -> Poll:
    """Return a poll that was not made."""
    tell_of_busy_host(provider_id, busy)
    return Poll(outcome=Outcome.POSTPONED, busy=busy)
