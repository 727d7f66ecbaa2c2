"""Tries a provider's filters on the past that its page still shows. Pure.

Decided by the same comparison as live polls (`tracker.detection.changes`). A page shows the impact and the components
that an incident has now, not what it had at each update; and it keeps no record of its components' past status.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from tracker.detection.changes import changes
from tracker.detection.comparison import Before
from tracker.detection.keys import update_key
from tracker.model.component_names import Listing
from tracker.model.event import EventKind
from tracker.model.filters import left_out_by
from tracker.model.page import Impact, Incident, IncidentUpdate, Snapshot
from tracker.model.provider import FirstSight, Provider

_DAY_S = 86400

#: Updates by their keys.
Updates = Mapping[str, IncidentUpdate]


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """An incident or a maintenance of which a filter leaves something out."""

    incident_id: str
    incident: str
    impact: Impact | None
    components: tuple[str, ...]
    regions: tuple[str, ...]
    link: str | None
    #: How many of its updates are left out.
    updates: int
    #: Keys of the filters that do so.
    filters: tuple[str, ...]
    last_update_at: datetime | None


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """The events that would have been reported in some days up to now."""

    days: int
    #: How many of the days the page's history covers, judged by the oldest update that it shows.
    days_shown: int
    #: None where the page shows no update with a date.
    oldest_at: datetime | None
    #: Whether the page shows what is ongoing and nothing that ended.
    open_only: bool
    #: Events of the kinds new_incident, incident_update and maintenance_update.
    new_incidents: int
    incident_updates: int
    maintenance_updates: int
    #: How many updates have no date; they are counted as if they were of these days.
    undated: int
    #: The latest first.
    left_out: tuple[LeftOut, ...]


def backtest(provider: Provider, snapshot: Snapshot, days: int, now: datetime) -> Backtest:
    """Return the result of the provider's filters for the updates of the last days that a page shows."""
    kinds = _reported(provider, snapshot, now)
    recent = _recent(snapshot, now - timedelta(days=days))
    reported = [kinds[key] for _, updates in recent for key in updates if key in kinds]
    undated = sum(update.created_at is None for _, updates in recent for update in updates.values())
    missed = [(incident, _without(updates, kinds)) for incident, updates in recent]
    reason = _reasons(provider, snapshot)
    left_out = [
        _left_out(incident, updates, {reason(incident, update) for update in updates})
        for incident, updates in missed
        if updates
    ]
    oldest = min(_dates(update for incident in _incidents(snapshot) for update in incident.updates), default=None)
    return Backtest(
        days=days,
        days_shown=min(days, max(1, -int((oldest - now).total_seconds() // _DAY_S))) if oldest else 0,
        oldest_at=oldest,
        open_only=snapshot.open_only,
        new_incidents=reported.count(EventKind.NEW_INCIDENT),
        incident_updates=reported.count(EventKind.INCIDENT_UPDATE),
        maintenance_updates=reported.count(EventKind.MAINTENANCE_UPDATE),
        undated=undated,
        left_out=tuple(sorted(left_out, key=lambda each: each.last_update_at or now, reverse=True)),
    )


def _reported(provider: Provider, snapshot: Snapshot, now: datetime) -> dict[str, EventKind]:
    """Return the kinds of the events that all of the page's updates bring, by update key."""
    found = changes(replace(provider, first_sight=FirstSight.ALL), Before(seeded=False), snapshot, now)
    return {piece.key: piece.event.event for piece in found.pending if piece.key is not None}


def _recent(snapshot: Snapshot, since: datetime) -> list[tuple[Incident, Updates]]:
    """Return the updates since then, and those without a date."""
    return [
        (
            incident,
            {
                update_key(incident, update): update
                for update in incident.updates
                if update.created_at is None or update.created_at >= since
            },
        )
        for incident in _incidents(snapshot)
    ]


def _incidents(snapshot: Snapshot) -> Iterable[Incident]:
    """Return every incident and maintenance once, also one that is in two lists."""
    return {incident.id: incident for incident in (*snapshot.maintenances, *snapshot.incidents)}.values()


def _without(updates: Updates, reported: Collection[str]) -> list[IncidentUpdate]:
    return [update for key, update in updates.items() if key not in reported]


def _reasons(provider: Provider, snapshot: Snapshot) -> Callable[[Incident, IncidentUpdate], str]:
    """Return a function that names the filter that leaves an update out."""
    listing = Listing(snapshot.components)
    maintenances = {maintenance.id for maintenance in snapshot.maintenances}

    def reason(incident: Incident, update: IncidentUpdate) -> str:
        key = left_out_by(provider, incident, update, listing, maintenance=incident.id in maintenances)
        return key or "events"  # what passes all others is left out for the kind of its event

    return reason


def _left_out(incident: Incident, updates: Collection[IncidentUpdate], filters: Collection[str]) -> LeftOut:
    named = [name for update in updates for name in update.components]
    return LeftOut(
        incident_id=incident.id,
        incident=incident.name,
        impact=incident.impact,
        components=tuple(dict.fromkeys((*incident.components, *named))),
        regions=incident.regions,
        link=incident.link,
        updates=len(updates),
        filters=tuple(sorted(filters)),
        last_update_at=max(_dates(updates), default=None),
    )


def _dates(updates: Iterable[IncidentUpdate]) -> list[datetime]:
    return [update.created_at for update in updates if update.created_at is not None]
