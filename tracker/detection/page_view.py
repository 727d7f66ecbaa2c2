"""The view of a page after a snapshot was compared with the one before. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from tracker.detection.absence import Absence
from tracker.detection.component_changes import KnownComponents
from tracker.detection.inferred import goes_on, is_planned
from tracker.detection.traces import reported_status
from tracker.model.component_names import Listing
from tracker.model.filters import component_names, region_names
from tracker.model.page import CLOSED_STATUSES, Incident, OpenIncident, Snapshot
from tracker.model.page_state import PageView, Trace

#: How many names from incidents a view keeps.
MOST_NAMED = 200


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """The result of comparing a snapshot with the knowledge before it."""

    #: Ids in the answer that lists all that is ongoing or planned and nothing that ended, None where no answer does.
    open_ids: frozenset[str] | None = None
    #: Entries that the answer no longer lists.
    absence: Absence
    components: KnownComponents
    #: Ids of the incidents and maintenances that have passed the provider's filters.
    followed: frozenset[str] = frozenset()
    #: By incident id.
    traces: Mapping[str, Trace] = {}
    #: Ids of incidents that the answer may show in an earlier state.
    doubted: frozenset[str] = frozenset()


def view_after(before: PageView, snapshot: Snapshot, compared: Compared) -> PageView:
    """Return the knowledge after the snapshot."""
    open_ids, followed, parts = compared.open_ids, compared.followed, compared.components
    ongoing = [incident for incident in snapshot.incidents if goes_on(incident, open_ids)]
    running = [maintenance for maintenance in snapshot.maintenances if goes_on(maintenance, open_ids)]
    planned = [maintenance for maintenance in snapshot.maintenances if is_planned(maintenance, open_ids)]
    known = {each.id: each for each in before.going_on}
    shown = {each.id for each in (*ongoing, *running, *planned)}
    stays = compared.absence.missing | compared.absence.unjudged | _unsaid(snapshot, compared.traces) - shown
    return PageView(
        name=snapshot.name or before.name,
        indicator=snapshot.indicator,
        components=parts.listed,
        gone_components=parts.gone,
        open_incidents=(*_opened(ongoing, followed, known), *_kept(before.open_incidents, stays)),
        open_maintenances=(*_opened(running, followed, known), *_kept(before.open_maintenances, stays)),
        planned_maintenances=(*_opened(planned, followed, known), *_kept(before.planned_maintenances, stays)),
        missing=tuple(sorted(compared.absence.missing)),
        missing_components=parts.missing,
        doubted=tuple(sorted(compared.doubted)),
        traces=dict(compared.traces),
        components_complete=snapshot.components_complete if snapshot.components else before.components_complete,
        named_components=_last_named(
            component_names(snapshot, Listing(parts.listed.values())), before.named_components
        ),
        named_regions=_last_named(region_names(snapshot), before.named_regions),
        unknown_words=snapshot.unknown_words[:MOST_NAMED],
        falls_reported=parts.falls_reported,
    )


def _unsaid(snapshot: Snapshot, traces: Mapping[str, Trace]) -> frozenset[str]:
    """Return the ids of entries whose status cannot be read, which says neither that they are over nor that they go on.

    An incident whose end was reported stays over.
    """
    entries = snapshot.entries
    unknown = {entry.id: traces.get(entry.id) for entry in entries if entry.status == "unknown"}
    return frozenset(key for key, trace in unknown.items() if trace and reported_status(trace) not in CLOSED_STATUSES)


def _last_named(names: set[str], before: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*sorted(names), *before)))[:MOST_NAMED]


def _kept(known: Iterable[OpenIncident], stays: Collection[str]) -> Iterator[OpenIncident]:
    return (one for one in known if one.id in stays)


def _opened(
    incidents: Iterable[Incident], followed: Collection[str], known: Mapping[str, OpenIncident]
) -> Iterator[OpenIncident]:
    return (
        _with_what_was_said(_open_incident(incident, is_followed=incident.id in followed), known.get(incident.id))
        for incident in incidents
    )


def _with_what_was_said(shown: OpenIncident, before: OpenIncident | None) -> OpenIncident:
    """Return it with the title, impact and window that it had where the page does not say them this time."""
    if before is None:
        return shown
    return msgspec.structs.replace(
        shown,
        # A page that leaves out a title shows the id in its place.
        name=before.name if shown.name == shown.id else shown.name,
        impact=shown.impact or before.impact,
        scheduled_for=shown.scheduled_for or before.scheduled_for,
        scheduled_until=shown.scheduled_until or before.scheduled_until,
    )


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
        began_at=min((update.created_at for update in incident.updates if update.created_at), default=None),
        components=incident.components,
        mentions=incident.mentions,
        regions=incident.regions,
        scheduled_for=incident.scheduled_for,
        scheduled_until=incident.scheduled_until,
        is_followed=is_followed,
    )
