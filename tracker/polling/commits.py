"""The commit of a poll: after a failure, without changes, or with changes. Pure."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from tracker.detection.changes import Changes, changes
from tracker.detection.comparison import Before
from tracker.detection.edits import UpdateDigests, follow
from tracker.detection.former_keys import with_former_keys
from tracker.detection.migration import moved, remembered
from tracker.detection.readability import failed, recovered
from tracker.detection.recognition import lasting_keys
from tracker.detection.snapshots import components_changed
from tracker.errors import PollError
from tracker.model.component_names import Listing
from tracker.model.event import EventKind, PendingEvent
from tracker.model.filters import wants_kind
from tracker.model.keys import KEYS_VERSION, key_of_update
from tracker.model.page import Snapshot
from tracker.model.page_state import PageState, RecentIncident, Source
from tracker.model.provider import Provider
from tracker.parse import format_of
from tracker.polling.known import known_before
from tracker.polling.page_store import Commit, Known, PollLease
from tracker.polling.poll_cost import ResponseClass
from tracker.polling.reading import Observation, read_again
from tracker.scheduling.cadence import noted, pace
from tracker.scheduling.schedule import due_after_failure, due_after_success


class ChangedPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page whose answer means something else than before."""

    lease: PollLease
    observed: Observation
    #: All answers of this poll together.
    snapshot: Snapshot
    #: Digest of the primary answer's meaning.
    meaning: str
    known: Known
    #: Keys under which the page's updates are known beside their own.
    other_keys: Collection[str]
    now: datetime

    @property
    def is_new(self) -> bool:
        """Return whether its texts are seen for the first time: at first sight, and after a move."""
        return not self.observed.state.seeded or self.observed.moved_from is not None


def change(page: ChangedPage) -> tuple[Before, Changes, Commit]:
    """Return the knowledge before a changed page's answer, the changes, and the commit."""
    provider, observed, now = page.lease.provider, page.observed, page.now
    before = known_before(page.lease, page.known, observed, page.snapshot, now)
    found = changes(provider, before, page.snapshot, now)
    edits, digests = _edits(page, found)
    after, readable = recovered(provider, observed.state, now)
    reported = _unseen_since(_last_read(page.lease, observed), (*found.pending, *edits))
    pending = (*readable, *_moved(page.lease, observed, now), *reported)
    suppressed = sorted(
        {*page.other_keys} | page.known.expiring | lasting_keys(before.seen, page.known.seen, page.snapshot)
    )
    after = _state_after(page, found, after, is_new=bool(pending))
    commit = Commit(
        state=after,
        view=replace(found.view, recent=_recent(page.known, observed, page.snapshot)),
        digests=digests,
        pending=pending,
        seen=(*found.seen, *suppressed, *_former_keys({*found.seen, *suppressed, *(each.key for each in pending)})),
        due_at=_due(provider, after, observed, now),
        checked_at=now,
        read_at=page.lease.begun_at if observed.settled else None,
    )
    return before, found, commit


def _former_keys(marked: Collection[str | None]) -> list[str]:
    """Return the former keys of the seen updates, for workers of an earlier version."""
    keys = {key for key in marked if key is not None}
    return sorted(with_former_keys(keys) - keys)


def failure(provider: Provider, state: PageState, error: PollError, now: datetime) -> Commit:
    """Return the commit of a poll that failed."""
    after, pending = failed(provider, state, error, now)
    due_at = due_after_failure(now, provider.id, provider.interval_s, after.readability.failures, error.retry_after_s)
    return Commit(state=after, pending=pending, due_at=due_at, checked_at=now)


def quiet(lease: PollLease, observed: Observation, now: datetime) -> Commit:
    """Return the commit of a poll without changes; if the state is the same, it only says that the poll took place."""
    after, pending = recovered(lease.provider, observed.state, now)
    return Commit(
        state=None if after == lease.state else after,
        pending=pending,
        due_at=_due(lease.provider, after, observed, now),
        checked_at=now,
        read_at=None if observed.response_class is ResponseClass.STALE else lease.begun_at,
    )


def _edits(page: ChangedPage, found: Changes) -> tuple[list[PendingEvent], UpdateDigests]:
    """Return the events of edited and withdrawn texts, but for those reported with another status, and the digests."""
    listing = Listing(found.view.components.values())
    known = {} if page.is_new else page.known.digests
    edits, digests = follow(page.lease.provider, known, page.observed.recent, page.now, listing=listing)
    return [edit for edit in edits if not _is_restated(edit, found.restated)], digests


def _is_restated(edit: PendingEvent, restated: frozenset[str]) -> bool:
    event = edit.event
    if event.event is not EventKind.UPDATE_EDITED or event.incident_id is None or event.update_id is None:
        return False
    return key_of_update(event.incident_id, event.update_id) in restated


def _state_after(page: ChangedPage, found: Changes, after: PageState, *, is_new: bool) -> PageState:
    """Return the state of a page that was read; with an open question it is read again with the next poll."""
    observed, now = page.observed, page.now
    has_changed = is_new or bool(found.seen) or components_changed(page.known.view.components, page.snapshot)
    after = noted(page.lease.provider, after, found.view, now, has_changed=has_changed)
    meaning = None if found.is_open_question else page.meaning
    activity, relocation = after.activity, after.relocation
    return replace(
        read_again(after) if meaning is None else after,
        seeded=True,
        keys_version=KEYS_VERSION,
        known_until=None,
        relocation=replace(relocation, moved_at=None) if observed.settled else relocation,
        projection=meaning if meaning is None or observed.settled else observed.state.projection,
        activity=replace(activity, changed_at=now) if is_new else activity,
    )


def _recent(known: Known, observed: Observation, snapshot: Snapshot) -> tuple[RecentIncident, ...]:
    """Return the incidents to remember; those of the former source stay until all of the new one was read."""
    before = known.view.recent if observed.state.seeded else ()
    is_moving = observed.state.relocation.moved_at is not None and not observed.settled
    return before if is_moving else remembered(before, snapshot)


def _moved(lease: PollLease, observed: Observation, now: datetime) -> tuple[PendingEvent, ...]:
    """Return the event of a page that moved with this answer."""
    before, after = observed.moved_from, observed.state.source
    if before is None or after is None or not wants_kind(lease.provider, EventKind.PAGE_MOVED):
        return ()
    return (moved(lease.provider, _named(before), _named(after), lease.revision, now),)


def _named(source: Source) -> str:
    known = format_of(source.format, source.definition)
    return f"{known.title if known else source.format} at {urlsplit(source.primary).netloc}"


def _last_read(lease: PollLease, observed: Observation) -> datetime | None:
    """Return when the page was read before, None if this poll is the first to read it or a part of it."""
    return lease.read_at if observed.state.seeded and not observed.history else None


def _unseen_since(read_at: datetime | None, pending: Iterable[PendingEvent]) -> Iterator[PendingEvent]:
    """Date each event to the last answer without it, except withdrawals, which take several answers."""
    for each in pending:
        since = None if each.event.event is EventKind.UPDATE_WITHDRAWN else read_at
        yield replace(each, event=replace(each.event, unseen_since=since))


def _due(provider: Provider, state: PageState, observed: Observation, now: datetime) -> datetime | None:
    return due_after_success(now, provider.id, provider.interval_s, observed.fresh_for_s, pace(provider, state, now))
