"""The knowledge of a page before an answer. Pure.

It differs from what is stored for a page that is new, has moved, or was lost by the data server.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from tracker.detection.comparison import Before
from tracker.detection.former_keys import seen_under_former_keys, with_former_keys
from tracker.detection.keys import keys
from tracker.detection.migration import GRACE, carried_over, is_known_page
from tracker.detection.other_ids import keys_of_others, known_ids, known_updates, under_known_ids, under_known_updates
from tracker.detection.recognition import seen_under_other_keys
from tracker.model.keys import KEYS_VERSION, key_of_incident, parted
from tracker.model.page import Snapshot
from tracker.model.page_state import Activity, PageState, PageView, Readability, Relocation
from tracker.model.provider import Provider
from tracker.model.urls import same_page
from tracker.polling.candidates import same_host, with_all_details
from tracker.polling.page_store import Known, PollLease
from tracker.polling.reading import Observation
from tracker.scheduling.cadence import longest_pause_s

#: While a part of a page cannot be read, absence from its lists proves nothing for this long.
UNSETTLED_FOR = timedelta(hours=1)
_EVER = datetime.min.replace(tzinfo=UTC)


def starting_state(lease: PollLease) -> PageState:
    """Return the knowledge of the page. At a corrected address nothing is known until it was read there.

    Another spelling of the same address is the same page, unless polls failed: the spelling may have been the cause.
    """
    state, url = lease.state, lease.provider.url
    if state.url == url or (same_page(state.url, url) and not state.readability.failures):
        return _read_as_defined(state, lease.provider)
    readability = Readability(unreadable_since=state.readability.unreadable_since)
    if not state.seeded:
        return PageState(url=url, keys_version=state.keys_version, readability=readability)
    known = (state.relocation.moved_at, state.readability.failing_since, lease.read_at)
    moved_at = min((moment for moment in known if moment is not None), default=None)
    return PageState(
        url=url,
        keys_version=state.keys_version,
        relocation=Relocation(former=state.source, moved_at=moved_at),
        readability=readability,
        activity=Activity(changed_at=state.activity.changed_at),
    )


def keys_to_recall(state: PageState, keys: Collection[str]) -> Collection[str]:
    """Return the keys to ask the store for: these, and their former ones where an earlier version wrote the state."""
    return keys if state.keys_version >= KEYS_VERSION else with_former_keys(keys)


def under_current_keys(state: PageState, keys: Collection[str], known: Known) -> Known:
    """Return the knowledge under the present keys; keys that were seen in a former form are stored again in this."""
    if state.keys_version >= KEYS_VERSION:
        return known
    carried = seen_under_former_keys(keys, known.seen, known.digests)
    return replace(
        known, seen=known.seen.intersection(keys) | carried, expiring=known.expiring.intersection(keys) | carried
    )


def resumed_after_move(known: Known, observed: Observation) -> Observation:
    """Return the first reading at a corrected address as the next answer of the page, if it is the same page."""
    snapshot, state, former = observed.snapshot, observed.state, observed.state.relocation.former
    if snapshot is None or former is None or state.source is None:
        return observed
    if not is_known_page(known.view, snapshot):
        return replace(observed, state=replace(state, relocation=replace(state.relocation, former=None, moved_at=None)))
    has_same_ids = former.format == state.source.format and same_host(former.primary, state.source.primary)
    return replace(
        observed,
        state=replace(state, seeded=True, relocation=replace(state.relocation, former=None)),
        moved_from=None if has_same_ids else former,
    )


def _read_as_defined(state: PageState, provider: Provider) -> PageState:
    """Return the state with the source that the catalogue defines now.

    A changed definition drops source and answers. Details that the format has gained are added.
    """
    if state.source is None:
        return state
    if state.source.definition == provider.definition:
        source = with_all_details(state.source)
        return state if source is state.source else replace(state, source=source)
    return replace(state, source=None, answers={}, projection=None)


def keep_known_ids(known: Known, observed: Observation) -> tuple[Observation, set[str]]:
    """Return the observation with its ids replaced by those that are known, and the keys of the replaced ids."""
    snapshot, state = observed.snapshot, observed.state
    if snapshot is None or state.relocation.moved_at is not None:
        return observed, set()
    view = known.view if state.seeded or state.known_until is not None else PageView()
    if ids := known_ids(view, snapshot):

        def renamed(entries: frozenset[str]) -> frozenset[str]:
            return frozenset(ids.get(entry, entry) for entry in entries)

        observed = replace(
            observed,
            snapshot=under_known_ids(snapshot, ids),
            recent=under_known_ids(observed.recent, ids),
            history=renamed(observed.history),
            open_ids=None if observed.open_ids is None else renamed(observed.open_ids),
        )
    updates = known_updates(known.digests, observed.snapshot or snapshot) if state.seeded else {}
    if updates:
        observed = replace(
            observed,
            snapshot=under_known_updates(observed.snapshot or snapshot, updates),
            recent=under_known_updates(observed.recent, updates),
        )
    return observed, keys_of_others(view, snapshot, ids) | updates.keys()


def known_before(lease: PollLease, known: Known, observed: Observation, snapshot: Snapshot, now: datetime) -> Before:
    """Return the knowledge before the answer: only seen keys for a page at first sight, or after a loss."""
    provider, state = lease.provider, observed.state
    is_known = state.seeded or state.known_until is not None
    view, history = known.view if is_known else PageView(), observed.history
    seen = known.seen | _shown_before(known, snapshot) if state.seeded else known.seen
    seen |= seen_under_other_keys(seen, snapshot)
    if state.relocation.moved_at is not None and now - state.relocation.moved_at < GRACE:
        last_read = state.relocation.moved_at - timedelta(seconds=longest_pause_s(provider))
        carried = carried_over(provider, view, seen, snapshot, last_read)
        seen = seen | carried.seen
        # An incident without updates does not say when it began.
        history = frozenset(each.id for each in snapshot.entries if not each.updates)
        view = carried.view if observed.moved_from else view
    return Before(
        seeded=state.seeded,
        view=view,
        seen=seen,
        history=history,
        open_ids=observed.open_ids,
        recent=observed.recent,
        absence_counts=_absence_counts(observed, now),
        in_full=observed.in_full,
        watermark=known.watermark,
        known_until=_known_until(lease, known, state),
        revision=lease.revision,
    )


def _shown_before(known: Known, snapshot: Snapshot) -> set[str]:
    """Return the keys of all that the page has shown, since a data server that evicts may have lost some."""
    followed = {incident.id for incident in known.view.open_incidents if incident.is_followed}
    keys_of_followed = set(map(key_of_incident, followed))
    return {key for key in keys(snapshot) if key in keys_of_followed or _was_shown(known, *parted(key))}


def _was_shown(known: Known, incident_id: str, update_id: str) -> bool:
    return update_id in known.digests.get(incident_id, {})


def _known_until(lease: PollLease, known: Known, state: PageState) -> datetime | None:
    """Return the time until which a page was known before the data server lost it, None if nothing was lost."""
    if state.seeded:
        return None
    if state.known_until is not None:
        return state.known_until
    # The seen ids are there and the state is not: a server with an eviction policy dropped the state alone.
    return _EVER if known.seen and not lease.state.url else None


def _absence_counts(observed: Observation, now: datetime) -> bool:
    """Return whether an incident that the page no longer lists has ended.

    An answer that lists exactly the ongoing incidents proves it by itself. Otherwise an unreadable part of the page
    delays the decision, but not forever.
    """
    since = observed.state.gaps.unsettled_since
    is_whole = observed.settled or (since is not None and now - since > UNSETTLED_FOR)
    return observed.open_ids is not None or (observed.is_current and is_whole)
