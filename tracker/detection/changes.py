"""What is new: decided from values alone, without clock, network or store.

An update is news when its key is not in the provider's seen-set; a component when its status is not the known one
(`tracker.detection.component_changes`). The first sight of a page is a baseline: by default only what goes on right now
is reported. What a page means without posting it (`inferred`, `absence`) is reported after what it posts.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

import msgspec
from msgspec.structs import replace

from tracker.detection.absence import absence, ends
from tracker.detection.component_changes import compared, component_events
from tracker.detection.inferred import Inferred, Known, after_updates, first_update, goes_on, inferred, is_planned
from tracker.detection.page_view import Compared, view_after
from tracker.detection.recognition import other_keys
from tracker.detection.snapshots import update_order
from tracker.detection.traces import kept
from tracker.model.component_names import Listing
from tracker.model.event import EventKind, PendingEvent, update_event
from tracker.model.filters import left_out_by, wants_kind
from tracker.model.page import CLOSED_STATUSES, Incident, IncidentUpdate, Snapshot
from tracker.model.page_state import PageView
from tracker.model.provider import FirstSight, Provider

#: Stands for the update of an incident that shows none.
_NO_UPDATE = IncidentUpdate(id="", status="")


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What one snapshot brings."""

    #: In published order within an incident.
    pending: tuple[PendingEvent, ...] = ()
    #: Keys that count as seen from now on without being told.
    seen: tuple[str, ...] = ()
    view: PageView
    #: Keys of updates whose status is told anew, their text with it.
    restated: frozenset[str] = frozenset()
    #: Whether the next answer has to be read whatever it says, since it decides about something that this one showed.
    is_open_question: bool = False


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """What was known when the snapshot came."""

    #: False at first sight.
    seeded: bool
    view: PageView = PageView()
    #: Those of the snapshot's keys that were seen before.
    seen: frozenset[str] = frozenset()
    #: Ids of incidents that come from a part of the page which was never read before: its past, if they are not known.
    history: frozenset[str] = frozenset()
    #: Ids in the answer that lists all that goes on or is planned and nothing that ended, None where no answer does.
    listed: frozenset[str] | None = None
    #: What those answers say that are not older than any before; only in them a change is told from an old state.
    #: None: all of the snapshot is.
    recent: Snapshot | None = None
    #: Whether it counts what the answers do not list: all of the page was read, and nothing older than before.
    absence_counts: bool = True
    #: Whether all parts of the page were read anew.
    in_full: bool = True
    #: Updates published before this are old, whether or not they are still known.
    watermark: datetime | None = None
    #: At first sight again, after the data server lost its data: when the page was read last before that. What was told
    #: up to then is in `seen` and `view`, what was passed over is not.
    known_until: datetime | None = None
    #: Counts the page's commits; makes ids of component events unique.
    revision: int = 0


def update_key(incident: Incident, update: IncidentUpdate) -> str:
    """Return the member of the provider's seen-set that stands for this update."""
    return f"{incident.id}/{update.id}"


def incident_key(incident: Incident) -> str:
    """Return the member of the provider's seen-set that stands for the incident itself, whatever updates it shows.

    It is in the set once the incident has passed the provider's filters: from then on it is followed to its end.
    """
    return f"{incident.id}/"


def keys(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the keys of all incidents and updates that a snapshot shows, and those by which they may be known."""
    incidents = (*snapshot.incidents, *snapshot.maintenances)
    own = (*map(incident_key, incidents), *(update_key(*pair) for pair in _updates(snapshot)))
    return (*own, *other_keys(snapshot))


def changes(provider: Provider, before: Before, snapshot: Snapshot, now: datetime) -> Changes:
    """Compare a snapshot with what was known and return what is new."""
    announced = [pair for pair in _updates(snapshot) if update_key(*pair) not in before.seen]
    unseen = [*announced, *_unannounced(before, snapshot)]
    parts = compared(provider, before.view, snapshot, seeded=before.seeded)
    listing = Listing(parts.listed.values())
    wanted, passed = _wanted(provider, before, snapshot, listing, _in_order(unseen))
    reported = [pair for pair in wanted if _is_reported(provider, before, *pair)]
    gone = absence(before.view, snapshot, before.listed, now, counts=before.absence_counts, in_full=before.in_full)
    meant = _inferred(before, snapshot, unseen)
    left = list(ends(before.view, gone.ended, now))
    unsaid = [*_meant(snapshot, meant), *((kind, incident, update) for kind, incident, update, _ in left)]
    known = before.seen | {incident_key(incident) for incident, _ in reported}
    derived, followed = _inferred_events(provider, before, listing, unsaid, known, now)
    passed |= followed
    # The revision tells one change from the next, the time one from before the data server was emptied.
    stamp = f"{before.revision}-{(snapshot.updated_at or now).timestamp():.0f}"
    found = (
        *_update_events(provider, before, snapshot, listing, reported, now),
        *derived,
        *component_events(provider, parts, stamp, now),
    )
    pending = tuple(piece for piece in found if wants_kind(provider, piece.event.event))
    silent = {*passed, *(update_key(*pair) for pair in announced)} - before.seen - {piece.key for piece in pending}
    have_passed = before.seen | passed
    traces = {key: each.trace for key, each in meant.items() if each.trace}
    result = Compared(
        listed=before.listed,
        absence=gone,
        components=parts,
        followed=frozenset(each.id for each in _entries(snapshot) if incident_key(each) in have_passed),
        traces=kept(before.view.traces, traces | {incident.id: trace for _, incident, _, trace in left}),
        doubted=frozenset(key for key, each in meant.items() if each.is_doubtful),
    )
    return Changes(
        pending=pending,
        seen=tuple(sorted(silent)),
        view=view_after(before.view, snapshot, result),
        restated=frozenset(f"{key}/{each.restated}" for key, each in meant.items() if each.restated),
        is_open_question=bool(gone.missing - gone.unjudged or result.doubted or parts.is_new),
    )


def _entries(snapshot: Snapshot) -> Iterable[Incident]:
    """Return every incident and maintenance once, also one that stands in two lists."""
    return {entry.id: entry for entry in (*snapshot.incidents, *snapshot.maintenances)}.values()


def _unannounced(before: Before, snapshot: Snapshot) -> Iterator[tuple[Incident, IncidentUpdate]]:
    """Yield what was never seen before and shows no update, each with one that announces it."""
    view = before.view
    known = {each.id for each in view.going_on}
    for incident in _entries(snapshot):
        is_known = incident.id in known or incident.id in view.traces or incident_key(incident) in before.seen
        if not incident.updates and not is_known:
            update = first_update(incident)
            yield replace(incident, updates=(update,)), update


def _inferred(
    before: Before, snapshot: Snapshot, unseen: Iterable[tuple[Incident, IncidentUpdate]]
) -> dict[str, Inferred]:
    """Return by incident id what entries say beyond their updates, as far as they are not older than before.

    What changed last stands at the end, as what is remembered longest.
    """
    view, recent = before.view, snapshot if before.recent is None else before.recent
    going_on = {each.id: each for each in view.going_on}
    maintenances = {maintenance.id for maintenance in recent.maintenances}
    new: dict[str, list[IncidentUpdate]] = {}
    for incident, update in unseen:
        new.setdefault(incident.id, []).append(update)
    found = {}
    for incident in sorted(_entries(recent), key=_last_change):
        if before.listed is not None and incident.id not in before.listed and incident.status not in CLOSED_STATUSES:
            # The answer that lists what goes on knows better.
            continue
        known = Known(
            trace=view.traces.get(incident.id),
            going_on=going_on.get(incident.id),
            unseen=tuple(new.get(incident.id, ())),
            goes_on=goes_on(incident, before.listed) or is_planned(incident, before.listed),
            is_maintenance=incident.id in maintenances,
            has_clock=recent.updated_at is not None,
            was_doubted=incident.id in view.doubted,
        )
        found[incident.id] = inferred(incident, known)
    # An older answer may bring updates that were not seen yet; beyond those it says nothing.
    for incident_id in new.keys() & view.traces.keys() - found.keys():
        found[incident_id] = Inferred(trace=after_updates(view.traces[incident_id], new[incident_id]))
    return found


def _last_change(incident: Incident) -> float:
    """Return the sort key that puts incidents in the order of their last changes, those without a date at the end."""
    dated = [update_order(update) for update in incident.updates if update.created_at]
    return max(dated, default=float("inf"))


def _meant(snapshot: Snapshot, meant: Mapping[str, Inferred]) -> Iterator[tuple[EventKind, Incident, IncidentUpdate]]:
    """Yield what is told of entries beyond their updates."""
    maintenances = {maintenance.id for maintenance in snapshot.maintenances}
    for incident in _entries(snapshot):
        update = meant[incident.id].update if incident.id in meant else None
        if update is not None:
            is_maintenance = incident.id in maintenances
            yield EventKind.MAINTENANCE_UPDATE if is_maintenance else EventKind.INCIDENT_UPDATE, incident, update


def _wanted(
    provider: Provider,
    before: Before,
    snapshot: Snapshot,
    listing: Listing,
    updates: Collection[tuple[Incident, IncidentUpdate]],
) -> tuple[list[tuple[Incident, IncidentUpdate]], set[str]]:
    """Return the updates that no filter leaves out, and the keys of the incidents that have passed by now."""
    maintenances = {maintenance.id for maintenance in snapshot.maintenances}
    passed = {incident_key(incident) for incident, _ in updates} & before.seen
    wanted = []

    def leaves_out(incident: Incident, update: IncidentUpdate) -> bool:
        is_maintenance, followed = incident.id in maintenances, incident_key(incident) in passed
        return bool(left_out_by(provider, incident, update, listing, maintenance=is_maintenance, followed=followed))

    for incident, update in updates:
        if not leaves_out(incident, update):
            wanted.append((incident, update))
            passed.add(incident_key(incident))
    bare = [incident for incident in (*snapshot.incidents, *snapshot.maintenances) if not incident.updates]
    passed |= {incident_key(incident) for incident in bare if not leaves_out(incident, _NO_UPDATE)}
    return wanted, passed


def _updates(snapshot: Snapshot) -> Iterable[tuple[Incident, IncidentUpdate]]:
    """Return every update once, also one whose incident stands in two lists."""
    pairs: dict[str, tuple[Incident, IncidentUpdate]] = {}
    for incident in (*snapshot.incidents, *snapshot.maintenances):
        for update in incident.updates:
            pairs.setdefault(update_key(incident, update), (incident, update))
    return pairs.values()


def _in_order(updates: Iterable[tuple[Incident, IncidentUpdate]]) -> list[tuple[Incident, IncidentUpdate]]:
    """Sort updates by time, none before one that its own incident shows earlier."""
    latest: dict[str, float] = {}
    ordered = []
    for incident, update in updates:
        latest[incident.id] = max(latest.get(incident.id, float("-inf")), update_order(update))
        ordered.append((latest[incident.id], (incident, update)))
    ordered.sort(key=lambda timed: timed[0])
    return [pair for _, pair in ordered]


def _is_reported(provider: Provider, before: Before, incident: Incident, update: IncidentUpdate) -> bool:
    if before.watermark is not None and update.created_at is not None and update.created_at < before.watermark:
        return False
    is_history = incident.id in before.history and incident_key(incident) not in before.seen
    if before.seeded and not is_history:
        return True
    if before.known_until is not None and _came_since(before, before.known_until, incident, update):
        return True
    match provider.first_sight:
        case FirstSight.SILENT:
            return False
        case FirstSight.ALL:
            return True
        case FirstSight.OPEN:
            return goes_on(incident, before.listed) and update is incident.updates[-1]


def _came_since(before: Before, known_until: datetime, incident: Incident, update: IncidentUpdate) -> bool:
    """Tell whether an update was published since then, or stands behind one of its incident that was told."""
    if update.created_at is not None and update.created_at >= known_until:
        return True
    reported = [number for number, each in enumerate(incident.updates) if update_key(incident, each) in before.seen]
    return bool(reported) and incident.updates.index(update) > reported[-1]


def _update_events(
    provider: Provider,
    before: Before,
    snapshot: Snapshot,
    listing: Listing,
    updates: Collection[tuple[Incident, IncidentUpdate]],
    now: datetime,
) -> Iterator[PendingEvent]:
    maintenances = {maintenance.id for maintenance in snapshot.maintenances}
    known = {incident.id for incident, _ in updates if incident_key(incident) in before.seen}
    for incident, update in updates:
        if incident.id in maintenances:
            kind = EventKind.MAINTENANCE_UPDATE
        else:
            kind = EventKind.INCIDENT_UPDATE if incident.id in known else EventKind.NEW_INCIDENT
        known.add(incident.id)
        key = update_key(incident, update)
        event = update_event(kind, f"{provider.id}/{key}", provider, incident, update, now, listing=listing)
        yield PendingEvent(event=event, key=key)


def _inferred_events(
    provider: Provider,
    before: Before,
    listing: Listing,
    found: Iterable[tuple[EventKind, Incident, IncidentUpdate]],
    known: Collection[str],
    now: datetime,
) -> tuple[list[PendingEvent], set[str]]:
    """Return what follows from what is known, of what passes the filters or was told before, and the keys of that.

    `known` are the keys of the incidents that have passed the filters before.
    """
    view = before.view
    followed = {each.id for each in view.going_on if each.is_followed}
    pending: list[PendingEvent] = []
    passed: set[str] = set()
    for kind, incident, update in found:
        is_maintenance = kind is EventKind.MAINTENANCE_UPDATE
        has_passed = incident.id in followed or incident_key(incident) in known
        if left_out_by(provider, incident, update, listing, maintenance=is_maintenance, followed=has_passed):
            continue
        passed.add(incident_key(incident))
        is_first = kind is EventKind.INCIDENT_UPDATE and not has_passed
        key = update_key(incident, update)
        reported = EventKind.NEW_INCIDENT if is_first else kind
        event = update_event(reported, f"{provider.id}/{key}", provider, incident, update, now, listing=listing)
        pending.append(PendingEvent(event=event, key=key))
    return pending, passed
