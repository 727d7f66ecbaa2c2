"""What is new: decided from values alone, without clock, network or store.

An update is news when its key is not in the provider's seen-set; a component when its status is not the known one.
The first sight of a page is a baseline: by default only what goes on right now is told. What a page means without
posting it (`tracker.implied`) is told after what it posts.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

import msgspec

from tracker.events import Event, EventKind, update_event
from tracker.filters import left_out_by, wants_change, wants_kind
from tracker.implied import Implied, absent, ends, goes_on, moved_windows
from tracker.listing import Listing
from tracker.models import (
    Component,
    ComponentStatus,
    FirstSight,
    Incident,
    IncidentUpdate,
    Provider,
    Snapshot,
)
from tracker.ports import News
from tracker.snapshots import known_components, update_order
from tracker.state import PageView
from tracker.views import Compared, view_after

#: Stands for the update of an incident that shows none.
_NO_UPDATE = IncidentUpdate(id="", status="")


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What one snapshot brings."""

    #: In published order within an incident.
    news: tuple[News, ...] = ()
    #: Keys that count as seen from now on without being told.
    seen: tuple[str, ...] = ()
    view: PageView


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
    #: Updates published before this are old, whether or not they are still known.
    horizon: datetime | None = None
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
    """Return the keys of all incidents and updates that a snapshot shows."""
    incidents = (*snapshot.incidents, *snapshot.maintenances)
    return (*map(incident_key, incidents), *(update_key(*pair) for pair in _updates(snapshot)))


def changes(provider: Provider, before: Before, snapshot: Snapshot, now: datetime) -> Changes:
    """Compare a snapshot with what was known and return what is new."""
    unseen = [pair for pair in _updates(snapshot) if update_key(*pair) not in before.seen]
    wanted, passed = _wanted(provider, before, snapshot, _in_order(unseen))
    told = [pair for pair in wanted if _is_told(provider, before, *pair)]
    moved = _told_components(provider, before, snapshot)
    missing = absent(before.view, snapshot, before.listed)
    # One answer without it may be a glitch; the next one is read whatever it says, and decides.
    ended = missing.intersection(before.view.missing)
    implied = (
        *ends(before.view, ended, now),
        *moved_windows(before.view, snapshot, {incident.id for incident, _ in unseen}),
    )
    found = (
        *_update_news(provider, before, snapshot, told, now),
        *_implied_news(provider, before, snapshot, implied, now),
        *_component_news(provider, before, snapshot, moved, now),
    )
    news = tuple(piece for piece in found if wants_kind(provider, piece.event.event))
    silent = {*passed, *(update_key(*pair) for pair in unseen)} - before.seen - {piece.key for piece in news}
    followed = frozenset(
        incident.id
        for incident in (*snapshot.incidents, *snapshot.maintenances)
        if incident_key(incident) in before.seen or incident_key(incident) in passed
    )
    compared = Compared(listed=before.listed, missing=missing - ended, followed=followed, told=tuple(moved))
    return Changes(news=news, seen=tuple(sorted(silent)), view=view_after(before.view, snapshot, compared))


def listing_of(view: PageView, snapshot: Snapshot) -> Listing:
    """Return the components that a page is known to list once a snapshot was read."""
    return Listing(known_components(view.components, snapshot).values())


def _wanted(
    provider: Provider, before: Before, snapshot: Snapshot, updates: Collection[tuple[Incident, IncidentUpdate]]
) -> tuple[list[tuple[Incident, IncidentUpdate]], set[str]]:
    """Return the updates that no filter leaves out, and the keys of the incidents that have passed by now."""
    listing = listing_of(before.view, snapshot)
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


def _is_told(provider: Provider, before: Before, incident: Incident, update: IncidentUpdate) -> bool:
    if before.horizon is not None and update.created_at is not None and update.created_at < before.horizon:
        return False
    is_history = incident.id in before.history and incident_key(incident) not in before.seen
    if before.seeded and not is_history:
        return True
    match provider.first_sight:
        case FirstSight.SILENT:
            return False
        case FirstSight.ALL:
            return True
        case FirstSight.OPEN:
            return goes_on(incident, before.listed) and update is incident.updates[-1]


def _update_news(
    provider: Provider,
    before: Before,
    snapshot: Snapshot,
    updates: Collection[tuple[Incident, IncidentUpdate]],
    now: datetime,
) -> Iterator[News]:
    maintenances = {maintenance.id for maintenance in snapshot.maintenances}
    listing = listing_of(before.view, snapshot)
    known = {incident.id for incident, _ in updates if incident_key(incident) in before.seen}
    for incident, update in updates:
        if incident.id in maintenances:
            kind = EventKind.MAINTENANCE_UPDATE
        else:
            kind = EventKind.INCIDENT_UPDATE if incident.id in known else EventKind.NEW_INCIDENT
        known.add(incident.id)
        key = update_key(incident, update)
        event = update_event(kind, f"{provider.id}/{key}", provider, incident, update, now, listing=listing)
        yield News(event=event, key=key)


def _implied_news(
    provider: Provider, before: Before, snapshot: Snapshot, implied: Iterable[Implied], now: datetime
) -> Iterator[News]:
    """Tell what follows from what is known, of what passes the filters or was told before."""
    listing = listing_of(before.view, snapshot)
    view = before.view
    known = (*view.open_incidents, *view.open_maintenances, *view.planned_maintenances)
    followed = {incident.id for incident in known if incident.is_followed}
    for kind, incident, update in implied:
        is_maintenance, is_followed = kind is EventKind.MAINTENANCE_UPDATE, incident.id in followed
        if left_out_by(provider, incident, update, listing, maintenance=is_maintenance, followed=is_followed):
            continue
        # Whether it was told before, only the commit knows: the page does not show it.
        key = update_key(incident, update)
        event = update_event(kind, f"{provider.id}/{key}", provider, incident, update, now, listing=listing)
        yield News(event=event, key=key)


def _told_components(provider: Provider, before: Before, snapshot: Snapshot) -> list[Component]:
    """Return the components whose change is told."""
    if not before.seeded and provider.first_sight is FirstSight.SILENT:
        return []
    remembered = _remembered(before)
    told = []
    for component in snapshot.components:
        known = remembered.get(component.id)
        fall_was_told = component.id in before.view.falls_told
        # A component that appears, or of which nothing was known, is news only if it does not work.
        no_news = {known.status} if known else {ComponentStatus.UNKNOWN}
        if no_news == {ComponentStatus.UNKNOWN} and not fall_was_told:
            no_news.add(ComponentStatus.OPERATIONAL)
        if component.status not in no_news and wants_change(
            provider, component, known.status if known else None, fall_was_told=fall_was_told
        ):
            told.append(component)
    return told


def _remembered(before: Before) -> dict[str, Component]:
    return {**before.view.gone_components, **before.view.components}


def _component_news(
    provider: Provider, before: Before, snapshot: Snapshot, components: Iterable[Component], now: datetime
) -> Iterator[News]:
    # The revision tells one change from the next, the time one from before the data server was emptied.
    change = f"{before.revision}-{(snapshot.updated_at or now).timestamp():.0f}"
    remembered = _remembered(before)
    listing = listing_of(before.view, snapshot)
    # Some platforms list components in another order each time.
    for component in sorted(components, key=lambda component: (listing.label(component.id).casefold(), component.id)):
        known = remembered.get(component.id)
        event = Event(
            id=f"{provider.id}/component/{component.id}/{change}",
            event=EventKind.COMPONENT_STATUS_CHANGE,
            provider=provider.id,
            provider_name=provider.name,
            product=provider.product((listing.label(component.id),)),
            status=component.status,
            message=f"was {known.status.replace('_', ' ')}" if known else None,
            components=(component.name,),
            published_at=None if component.changed_at is msgspec.UNSET else component.changed_at,
            seen_at=now,
            regions=(component.region,) if component.region else (),
        )
        yield News(event=event)
