"""Absence: incidents and maintenances end when a page no longer lists them. Pure.

An answer proves that something ended if its list reaches far enough (`Reach`), all of the page was read and nothing was
left out of it. One such answer may be a glitch; the next one decides.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import accumulate

import msgspec
from msgspec.structs import replace

from tracker.detection.traces import numbered, reported_status
from tracker.model.event import EventKind
from tracker.model.page import CLOSED_STATUSES, Incident, IncidentUpdate, OpenIncident, Reach, Snapshot
from tracker.model.page_state import PageView, Trace

_ENTRIES = frozenset({"incident", "maintenance"})
#: Statuses of a maintenance that has begun, whatever its window says.
_BEGUN = frozenset({"in_progress", "verifying"})


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """The ongoing and planned entries that an answer no longer lists."""

    #: Ids of entries that it should list and does not, for the first time.
    missing: frozenset[str] = frozenset()
    #: Ids of entries that it should list and does not, for the second time in a row.
    ended: frozenset[str] = frozenset()
    #: Ids of what cannot be judged by this answer, and stays as it was.
    unjudged: frozenset[str] = frozenset()


def absence(
    view: PageView,
    snapshot: Snapshot,
    open_ids: Collection[str] | None,
    now: datetime,
    *,
    counts: bool = True,
    in_full: bool = True,
) -> Absence:
    """Judge the entries that the answer does not list.

    `open_ids` are the ids in the answer that lists all that is ongoing and nothing else, None where no answer does.
    Without `counts` the absence from this answer proves nothing; without `in_full` a part of the page was not read.
    """
    counts = counts and not any(omission.kind in _ENTRIES for omission in snapshot.omissions)
    gone = _gone(view, snapshot, open_ids)
    ages = {False: _Ages(snapshot.incidents), True: _Ages(snapshot.maintenances)}
    planned = {known.id for known in (*view.open_maintenances, *view.planned_maintenances)}
    absent: set[str] = set()
    unjudged: set[str] = set()
    for known in gone:
        reach = _reach(snapshot, open_ids, maintenance=known.id in planned)
        if not counts or (reach is Reach.NOTHING and not in_full):
            unjudged.add(known.id)
        elif reach is Reach.ALL or (
            reach is Reach.WINDOW
            and (_is_within(known, snapshot.window, now) or ages[known.id in planned].are_older_than(known))
        ):
            absent.add(known.id)
    # An entry that was missing and cannot be judged now is still missing.
    before = frozenset(view.missing)
    return Absence(
        missing=frozenset(absent - before) | (unjudged & before),
        ended=frozenset(absent & before),
        unjudged=frozenset(unjudged),
    )


def _gone(view: PageView, snapshot: Snapshot, open_ids: Collection[str] | None) -> Collection[OpenIncident]:
    """Return the ongoing and planned incidents that are neither shown now nor reported to be over, each once."""
    shown: dict[str, list[Incident]] = {}
    for incident in snapshot.entries:
        shown.setdefault(incident.id, []).append(incident)
    return {
        known.id: known
        for known in view.going_on
        if not _is_shown(known, view.traces.get(known.id), shown.get(known.id, ()), open_ids)
    }.values()


def ends(
    view: PageView, ended: Collection[str], now: datetime
) -> Iterator[tuple[EventKind, Incident, IncidentUpdate, Trace]]:
    """Yield the updates that end the incidents of these ids, with the traces that remember them.

    A maintenance that goes before it begins was cancelled.
    """
    maintenances = {known.id: known for known in (*view.open_maintenances, *view.planned_maintenances)}
    for known in view.open_incidents:
        if known.id in ended and known.id not in maintenances:
            yield EventKind.INCIDENT_UPDATE, *_ended(known, "resolved", view.traces.get(known.id))
    for known in maintenances.values():
        if known.id in ended:
            begins_later = known.scheduled_for is not None and known.scheduled_for > now
            status = "cancelled" if begins_later and known.status not in _BEGUN else "completed"
            yield EventKind.MAINTENANCE_UPDATE, *_ended(known, status, view.traces.get(known.id))


def _is_shown(
    known: OpenIncident, trace: Trace | None, shown: Collection[Incident], open_ids: Collection[str] | None
) -> bool:
    """Return whether the page shows it, or has shown its end."""
    if trace is not None and reported_status(trace) in CLOSED_STATUSES:
        return True
    if open_ids is None:
        return bool(shown)
    return known.id in open_ids or any(_shows_its_end(incident, trace) for incident in shown)


def _shows_its_end(incident: Incident, trace: Trace | None) -> bool:
    """Return whether it has ended by a reported status: that of an update, or of a change without one."""
    said = any(update.status in CLOSED_STATUSES for update in incident.updates)
    return incident.status in CLOSED_STATUSES and (said or trace is not None)


def _reach(snapshot: Snapshot, open_ids: Collection[str] | None, *, maintenance: bool) -> Reach:
    if open_ids is not None:
        return Reach.ALL
    return snapshot.maintenances_reach if maintenance else snapshot.incidents_reach


def _is_within(known: OpenIncident, window: timedelta | None, now: datetime) -> bool:
    """Return whether something changed within the time that a list covers for certain."""
    return window is not None and known.updated_at is not None and now - known.updated_at < window


class _Ages:
    """The times at which the entries of a list began and changed last."""

    def __init__(self, entries: Iterable[Incident]) -> None:
        times = ([update.created_at for update in entry.updates if update.created_at] for entry in entries)
        spans = sorted((min(dated), max(dated)) for dated in times if dated)
        self._begins = [began_at for began_at, _ in spans]
        #: The earliest last change of this one and those that began before it.
        self._changes = list(accumulate((changed_at for _, changed_at in spans), min))

    def are_older_than(self, known: OpenIncident) -> bool:
        """Return whether any began and last changed before it: then it has not aged out, whatever the order."""
        if known.began_at is None or known.updated_at is None:
            return False
        before = bisect_right(self._begins, known.began_at)
        return before > 0 and self._changes[before - 1] <= known.updated_at


def _ended(known: OpenIncident, status: str, trace: Trace | None) -> tuple[Incident, IncidentUpdate, Trace]:
    name = f"ended/{known.update_id}" if known.update_id else "ended"
    before = trace or Trace(status=known.status, impact=known.impact, update_id=known.update_id)
    update_id, after = numbered(before, name)
    update = IncidentUpdate(id=update_id, status=status, body="No longer listed on the page.")
    incident = Incident(
        id=known.id,
        name=known.name,
        status=status,
        impact=known.impact,
        link=known.link,
        updates=(update,),
        components=known.components,
        mentions=known.mentions,
        regions=known.regions,
        scheduled_for=known.scheduled_for,
        scheduled_until=known.scheduled_until,
    )
    return incident, update, replace(after, status=status, reported=None, is_absent=True)
