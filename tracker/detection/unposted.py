"""Changes that a page shows without posting them: inferred updates, and ends by absence. Pure.

Both become updates that no vendor wrote; they pass the same filters and are reported after what the page posts.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from tracker.detection.absence import Absence, absence, ends
from tracker.detection.comparison import Comparison
from tracker.detection.inferred import Inferred, KnownIncident, after_updates, goes_on, inferred, is_planned
from tracker.detection.keys import Posted
from tracker.detection.reportable import event_of
from tracker.detection.snapshots import update_order
from tracker.detection.traces import kept
from tracker.model.event import EventKind, PendingEvent
from tracker.model.keys import key_of_update
from tracker.model.page import CLOSED_STATUSES, Incident, IncidentUpdate
from tracker.model.page_state import Trace


class Unposted(msgspec.Struct, frozen=True, kw_only=True):
    """The changes in a snapshot that no update announces."""

    absence: Absence
    #: By incident id.
    inferred: Mapping[str, Inferred]
    #: The updates to report, in order: inferred ones, then ends.
    updates: tuple["UnpostedUpdate", ...]
    #: The new entry of each incident, by id.
    traces: Mapping[str, Trace]

    @property
    def restated(self) -> frozenset[str]:
        """Return the keys of updates whose status is reported again, their text with it."""
        return frozenset(key_of_update(key, each.restated) for key, each in self.inferred.items() if each.restated)

    @property
    def doubted(self) -> frozenset[str]:
        """Return the ids of incidents that the answer may show in an earlier state."""
        return frozenset(key for key, each in self.inferred.items() if each.is_doubtful)


class UnpostedUpdate(NamedTuple):
    """An update that no vendor wrote."""

    kind: EventKind
    posted: Posted


def unposted(found: Comparison) -> Unposted:
    """Return the changes that the page made without posting an update."""
    before, view = found.before, found.before.view
    gone = absence(
        view, found.snapshot, before.open_ids, found.now, counts=before.absence_counts, in_full=before.in_full
    )
    meant = _inferred(found)
    ended = list(ends(view, gone.ended, found.now))
    now_ended = (UnpostedUpdate(kind, Posted(incident, update)) for kind, incident, update, _ in ended)
    traces = {key: each.trace for key, each in meant.items() if each.trace}
    return Unposted(
        absence=gone,
        inferred=meant,
        updates=(*_inferred_updates(found, meant), *now_ended),
        traces=kept(view.traces, traces | {incident.id: trace for _, incident, _, trace in ended}),
    )


def unposted_events(
    found: Comparison, updates: tuple[UnpostedUpdate, ...], followed: frozenset[str]
) -> tuple[list[PendingEvent], frozenset[str]]:
    """Return the events of what passes the filters, and the keys of the incidents that pass with it.

    `followed` are the keys of incidents that had passed the filters, or were just reported.
    """
    followed_before = {each.id for each in found.before.view.going_on if each.is_followed}
    pending: list[PendingEvent] = []
    passed: set[str] = set()
    for kind, posted in updates:
        has_passed = posted.incident.id in followed_before or posted.incident_key in followed
        is_maintenance = kind is EventKind.MAINTENANCE_UPDATE
        if found.passes(*posted, maintenance=is_maintenance, followed=has_passed):
            passed.add(posted.incident_key)
            is_first = kind is EventKind.INCIDENT_UPDATE and not has_passed
            pending.append(event_of(found, EventKind.NEW_INCIDENT if is_first else kind, posted))
    return pending, frozenset(passed)


def _inferred(found: Comparison) -> dict[str, Inferred]:
    """Return by incident id what entries say beyond their updates, as far as they are not older than before.

    The last changed entry stands at the end and is remembered longest.
    """
    before, view = found.before, found.before.view
    new: dict[str, list[IncidentUpdate]] = {}
    for incident, update in found.unseen:
        new.setdefault(incident.id, []).append(update)
    recent = found.snapshot if before.recent is None else before.recent
    maintenance_ids = {maintenance.id for maintenance in recent.maintenances}
    going_on = {each.id: each for each in view.going_on}
    meant = {}
    for incident in sorted({entry.id: entry for entry in recent.entries}.values(), key=_last_change):
        if (
            before.open_ids is not None
            and incident.id not in before.open_ids
            and incident.status not in CLOSED_STATUSES
        ):
            # The answer that lists what is ongoing knows better.
            continue
        known = KnownIncident(
            trace=view.traces.get(incident.id),
            going_on=going_on.get(incident.id),
            unseen=tuple(new.get(incident.id, ())),
            goes_on=goes_on(incident, before.open_ids) or is_planned(incident, before.open_ids),
            is_maintenance=incident.id in maintenance_ids,
            has_clock=recent.updated_at is not None,
            was_doubted=incident.id in view.doubted,
        )
        meant[incident.id] = inferred(incident, known)
    # An older answer may bring updates that were not seen yet; beyond those it says nothing.
    for incident_id in new.keys() & view.traces.keys() - meant.keys():
        meant[incident_id] = Inferred(trace=after_updates(view.traces[incident_id], new[incident_id]))
    return meant


def _last_change(incident: Incident) -> float:
    """Return the sort key that puts incidents in the order of their last changes, those without a date at the end."""
    dated = [update_order(update) for update in incident.updates if update.created_at]
    return max(dated, default=float("inf"))


def _inferred_updates(found: Comparison, meant: Mapping[str, Inferred]) -> Iterator[UnpostedUpdate]:
    """Yield the events of entries beyond their updates."""
    for incident in found.entries.values():
        update = meant[incident.id].update if incident.id in meant else None
        if update is not None:
            is_maintenance = found.is_maintenance(incident)
            kind = EventKind.MAINTENANCE_UPDATE if is_maintenance else EventKind.INCIDENT_UPDATE
            yield UnpostedUpdate(kind, Posted(incident, update))
