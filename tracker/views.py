"""What is known of a page once a snapshot was compared with what was known before. Pure."""

from collections.abc import Collection, Iterable, Iterator

import msgspec

from tracker.filters import component_names, region_names
from tracker.implied import goes_on, is_planned
from tracker.listing import Listing
from tracker.models import Component, ComponentStatus, Incident, OpenIncident, Snapshot
from tracker.snapshots import gone_components, known_components
from tracker.state import PageView

#: So many names from incidents are kept in a view.
MOST_NAMED = 200


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What comparing a snapshot with what was known has found out."""

    #: Ids in the answer that lists all that goes on or is planned and nothing that ended, None where no answer does.
    listed: frozenset[str] | None = None
    #: Ids of what such an answer missed for the first time: it may yet go on.
    missing: frozenset[str] = frozenset()
    #: Ids of the incidents and maintenances that have passed the provider's filters.
    followed: frozenset[str] = frozenset()
    #: Components whose change is told.
    told: tuple[Component, ...] = ()


def view_after(before: PageView, snapshot: Snapshot, compared: Compared) -> PageView:
    """Return what is known after the snapshot."""
    listed, missing, followed = compared.listed, compared.missing, compared.followed
    ongoing = [incident for incident in snapshot.incidents if goes_on(incident, listed)]
    running = [maintenance for maintenance in snapshot.maintenances if goes_on(maintenance, listed)]
    planned = [maintenance for maintenance in snapshot.maintenances if is_planned(maintenance, listed)]
    components = known_components(before.components, snapshot)
    fallen = {*before.falls_told, *(component.id for component in compared.told)}
    return PageView(
        name=snapshot.name or before.name,
        indicator=snapshot.indicator,
        components=components,
        gone_components=gone_components(before, snapshot),
        open_incidents=(*_opened(ongoing, followed), *_kept(before.open_incidents, missing)),
        open_maintenances=(*_opened(running, followed), *_kept(before.open_maintenances, missing)),
        planned_maintenances=(*_opened(planned, followed), *_kept(before.planned_maintenances, missing)),
        missing=tuple(sorted(missing)),
        components_complete=snapshot.components_complete if snapshot.components else before.components_complete,
        named_components=_last_named(component_names(snapshot, Listing(components.values())), before.named_components),
        named_regions=_last_named(region_names(snapshot), before.named_regions),
        falls_told=tuple(
            key
            for key, component in components.items()
            if key in fallen and component.status is not ComponentStatus.OPERATIONAL
        ),
    )


def _last_named(names: set[str], before: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*sorted(names), *before)))[:MOST_NAMED]


def _kept(known: Iterable[OpenIncident], missing: Collection[str]) -> Iterator[OpenIncident]:
    return (one for one in known if one.id in missing)


def _opened(incidents: Iterable[Incident], followed: Collection[str]) -> Iterator[OpenIncident]:
    return (_open_incident(incident, is_followed=incident.id in followed) for incident in incidents)


def _open_incident(incident: Incident, *, is_followed: bool) -> OpenIncident:
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
        mentions=incident.mentions,
        regions=incident.regions,
        scheduled_for=incident.scheduled_for,
        scheduled_until=incident.scheduled_until,
        is_followed=is_followed,
    )
