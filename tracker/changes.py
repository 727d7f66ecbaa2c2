"""What is new: decided from values alone, without clock, network or store.

An update is news when its key is not in the provider's seen-set; a component when its status is not the known one.
The first sight of a page is a baseline: by default only what goes on right now is told.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

import msgspec

from tracker.events import Event, EventKind, update_event
from tracker.filters import component_names, left_out_by, listed, region_names, wants_change, wants_kind
from tracker.models import (
    Component,
    ComponentStatus,
    FirstSight,
    Incident,
    IncidentUpdate,
    OpenIncident,
    Provider,
    Snapshot,
)
from tracker.ports import News
from tracker.snapshots import known_components, update_order
from tracker.state import PageView

#: So many names from incidents are kept in a view.
MOST_NAMED = 200
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
    found = (
        *_update_news(provider, before, snapshot, told, now),
        *_component_news(provider, before, snapshot, moved, now),
    )
    news = tuple(piece for piece in found if wants_kind(provider, piece.event.event))
    silent = {*passed, *(update_key(*pair) for pair in unseen)} - before.seen - {piece.key for piece in news}
    return Changes(news=news, seen=tuple(sorted(silent)), view=_view(before.view, snapshot, moved))


def _wanted(
    provider: Provider, before: Before, snapshot: Snapshot, updates: Collection[tuple[Incident, IncidentUpdate]]
) -> tuple[list[tuple[Incident, IncidentUpdate]], set[str]]:
    """Return the updates that no filter leaves out, and the keys of the incidents that have passed by now."""
    parts = listed(known_components(before.view.components, snapshot).values())
    maintenances = {maintenance.id for maintenance in snapshot.maintenances}
    passed = {incident_key(incident) for incident, _ in updates} & before.seen
    wanted = []

    def leaves_out(incident: Incident, update: IncidentUpdate) -> bool:
        is_maintenance, followed = incident.id in maintenances, incident_key(incident) in passed
        return bool(left_out_by(provider, incident, update, parts, maintenance=is_maintenance, followed=followed))

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
            return _is_newest_of_open(incident, update)


def _is_newest_of_open(incident: Incident, update: IncidentUpdate) -> bool:
    return incident.is_open and update is incident.updates[-1]


def _update_news(
    provider: Provider,
    before: Before,
    snapshot: Snapshot,
    updates: Collection[tuple[Incident, IncidentUpdate]],
    now: datetime,
) -> Iterator[News]:
    maintenances = {maintenance.id for maintenance in snapshot.maintenances}
    known = {incident.id for incident, _ in updates if incident_key(incident) in before.seen}
    for incident, update in updates:
        if incident.id in maintenances:
            kind = EventKind.MAINTENANCE_UPDATE
        else:
            kind = EventKind.INCIDENT_UPDATE if incident.id in known else EventKind.NEW_INCIDENT
        known.add(incident.id)
        key = update_key(incident, update)
        event = update_event(kind, f"{provider.id}/{key}", provider, incident, update, now)
        yield News(event=event, key=key)


def _told_components(provider: Provider, before: Before, snapshot: Snapshot) -> list[Component]:
    """Return the components whose change is told."""
    if not before.seeded and provider.first_sight is FirstSight.SILENT:
        return []
    told = []
    for component in snapshot.components:
        known = before.view.components.get(component.id)
        # A component that appears is news only if it does not work.
        no_news = {known.status} if known else {ComponentStatus.OPERATIONAL, ComponentStatus.UNKNOWN}
        fall_was_told = component.id in before.view.falls_told
        if component.status not in no_news and wants_change(
            provider, component, known.status if known else None, fall_was_told=fall_was_told
        ):
            told.append(component)
    return told


def _component_news(
    provider: Provider, before: Before, snapshot: Snapshot, components: Iterable[Component], now: datetime
) -> Iterator[News]:
    # The revision tells one change from the next, the time one from before the data server was emptied.
    change = f"{before.revision}-{(snapshot.updated_at or now).timestamp():.0f}"
    for component in components:
        known = before.view.components.get(component.id)
        event = Event(
            id=f"{provider.id}/component/{component.id}/{change}",
            event=EventKind.COMPONENT_STATUS_CHANGE,
            provider=provider.id,
            provider_name=provider.name,
            product=provider.product((component.name,)),
            status=component.status,
            message=f"was {known.status.replace('_', ' ')}" if known else None,
            components=(component.name,),
            seen_at=now,
        )
        yield News(event=event)


def _view(before: PageView, snapshot: Snapshot, told: Iterable[Component]) -> PageView:
    components = known_components(before.components, snapshot)
    fallen = {*before.falls_told, *(component.id for component in told)}
    return PageView(
        name=snapshot.name or before.name,
        indicator=snapshot.indicator,
        components=components,
        open_incidents=_open(snapshot.incidents),
        open_maintenances=_open(snapshot.maintenances),
        components_complete=snapshot.components_complete if snapshot.components else before.components_complete,
        named_components=_last_named(
            component_names(snapshot) - {component.name for component in components.values()}, before.named_components
        ),
        named_regions=_last_named(region_names(snapshot), before.named_regions),
        falls_told=tuple(
            key
            for key, component in components.items()
            if key in fallen and component.status is not ComponentStatus.OPERATIONAL
        ),
    )


def _last_named(names: set[str], before: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*sorted(names), *before)))[:MOST_NAMED]


def _open(incidents: Iterable[Incident]) -> tuple[OpenIncident, ...]:
    return tuple(_open_incident(incident) for incident in incidents if incident.is_open)


def _open_incident(incident: Incident) -> OpenIncident:
    return OpenIncident(
        id=incident.id,
        name=incident.name,
        status=incident.status,
        impact=incident.impact,
        link=incident.link,
        updated_at=incident.updates[-1].created_at if incident.updates else None,
    )
