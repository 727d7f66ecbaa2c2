"""What is new: decided from values alone, without clock, network or store.

An update is news when its key is not in the provider's seen-set; a component when its status is not the known one.
The first sight of a page is a baseline: by default only what goes on right now is told. What a page means without
posting it (`tracker.implied`) is told after what it posts.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

import msgspec

from tracker.events import Event, EventKind, update_event
from tracker.implied import Implied, absent, ends, goes_on, is_planned, moved_windows
from tracker.models import (
    ComponentStatus,
    FirstSight,
    Incident,
    IncidentUpdate,
    OpenIncident,
    Provider,
    Snapshot,
)
from tracker.ports import News
from tracker.snapshots import gone_components, known_components, labels, update_order
from tracker.state import PageView


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
    """Return the member of the provider's seen-set that stands for the incident itself, whatever updates it shows."""
    return f"{incident.id}/"


def keys(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the keys of all incidents and updates that a snapshot shows."""
    incidents = (*snapshot.incidents, *snapshot.maintenances)
    return (*map(incident_key, incidents), *(update_key(*pair) for pair in _updates(snapshot)))


def changes(provider: Provider, before: Before, snapshot: Snapshot, now: datetime) -> Changes:
    """Compare a snapshot with what was known and return what is new."""
    updates = [pair for pair in _updates(snapshot) if update_key(*pair) not in before.seen]
    told = [pair for pair in _in_order(updates) if provider.wants(_named(*pair)) and _is_told(provider, before, *pair)]
    silent = {*keys(snapshot)} - before.seen - {update_key(*pair) for pair in told}
    missing = absent(before.view, snapshot, before.listed)
    # One answer without it may be a glitch; the next one is read whatever it says, and decides.
    ended = missing.intersection(before.view.missing)
    updated = {incident.id for incident, _ in updates}
    return Changes(
        news=(
            *_update_news(provider, before, snapshot, told, now),
            *_implied_news(provider, ends(before.view, ended, now), now),
            *_implied_news(provider, moved_windows(before.view, snapshot, updated), now),
            *_component_news(provider, before, snapshot, now),
        ),
        seen=tuple(sorted(silent)),
        view=_view(before, snapshot, missing - ended),
    )


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


def _named(incident: Incident, update: IncidentUpdate) -> set[str]:
    return {*incident.components, *update.components}


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


def _implied_news(provider: Provider, implied: Iterable[Implied], now: datetime) -> Iterator[News]:
    for kind, incident, update in implied:
        if provider.wants(_named(incident, update)):
            # Whether it was told before, only the commit knows: the page does not show it.
            key = update_key(incident, update)
            yield News(event=update_event(kind, f"{provider.id}/{key}", provider, incident, update, now), key=key)


def _component_news(provider: Provider, before: Before, snapshot: Snapshot, now: datetime) -> Iterator[News]:
    if not before.seeded and provider.first_sight is FirstSight.SILENT:
        return
    # The revision tells one change from the next, the time one from before the data server was emptied.
    change = f"{before.revision}-{(snapshot.updated_at or now).timestamp():.0f}"
    remembered = {**before.view.gone_components, **before.view.components}
    called = labels(known_components(before.view.components, snapshot).values())
    # Some platforms list components in another order each time.
    for component in sorted(snapshot.components, key=lambda component: (called[component.id].casefold(), component.id)):
        known = remembered.get(component.id)
        # A component that appears is news only if it does not work.
        no_news = {known.status} if known else {ComponentStatus.OPERATIONAL, ComponentStatus.UNKNOWN}
        if component.status in no_news or not provider.wants((component.name,)):
            continue
        event = Event(
            id=f"{provider.id}/component/{component.id}/{change}",
            event=EventKind.COMPONENT_STATUS_CHANGE,
            provider=provider.id,
            provider_name=provider.name,
            product=provider.product((called[component.id],)),
            status=component.status,
            message=f"was {known.status.replace('_', ' ')}" if known else None,
            components=(component.name,),
            seen_at=now,
            regions=(component.region,) if component.region else (),
        )
        yield News(event=event)


def _view(before: Before, snapshot: Snapshot, missing: Collection[str]) -> PageView:
    """Return what is known after the snapshot; what it missed for the first time may yet go on."""
    view, listed = before.view, before.listed
    ongoing = [incident for incident in snapshot.incidents if goes_on(incident, listed)]
    running = [maintenance for maintenance in snapshot.maintenances if goes_on(maintenance, listed)]
    planned = [maintenance for maintenance in snapshot.maintenances if is_planned(maintenance, listed)]
    return PageView(
        name=snapshot.name or view.name,
        indicator=snapshot.indicator,
        components=known_components(view.components, snapshot),
        gone_components=gone_components(view, snapshot),
        open_incidents=(*map(_open_incident, ongoing), *_kept(view.open_incidents, missing)),
        open_maintenances=(*map(_open_incident, running), *_kept(view.open_maintenances, missing)),
        planned_maintenances=(*map(_open_incident, planned), *_kept(view.planned_maintenances, missing)),
        missing=tuple(sorted(missing)),
    )


def _kept(known: Iterable[OpenIncident], missing: Collection[str]) -> Iterator[OpenIncident]:
    return (one for one in known if one.id in missing)


def _open_incident(incident: Incident) -> OpenIncident:
    newest = incident.updates[-1] if incident.updates else None
    return OpenIncident(
        id=incident.id,
        name=incident.name,
        status=incident.status,
        impact=incident.impact,
        link=incident.link,
        update_id=newest.id if newest else None,
        updated_at=newest.created_at if newest else None,
        components=incident.components,
        regions=incident.regions,
        scheduled_for=incident.scheduled_for,
        scheduled_until=incident.scheduled_until,
    )
