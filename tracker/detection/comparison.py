"""A snapshot beside the known page, with the values that follow from both at once. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

import msgspec
from msgspec.structs import replace

from tracker.detection.component_changes import KnownComponents, compared
from tracker.detection.inferred import first_update
from tracker.detection.keys import Posted, incident_key, posted_updates
from tracker.detection.snapshots import update_order
from tracker.model.component_names import Listing
from tracker.model.filters import left_out_by
from tracker.model.page import Incident, IncidentUpdate, Snapshot
from tracker.model.page_state import PageView
from tracker.model.provider import Provider


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """The knowledge of a page before a snapshot."""

    #: False at first sight.
    seeded: bool
    view: PageView = PageView()
    #: Those of the snapshot's keys that were seen before.
    seen: frozenset[str] = frozenset()
    #: Ids of incidents that come from a part of the page which was never read before: its past, if they are not known.
    history: frozenset[str] = frozenset()
    #: Ids in the answer that lists all that is ongoing or planned and nothing that ended, None where no answer does.
    open_ids: frozenset[str] | None = None
    #: The contents of those answers that are not older than any before; only there a change without an update counts.
    #: None: all of the snapshot is.
    recent: Snapshot | None = None
    #: Whether absence counts: all of the page was read, and nothing older than before.
    absence_counts: bool = True
    #: Whether all parts of the page were read again.
    in_full: bool = True
    #: Updates published before this are old, whether or not they are still known.
    watermark: datetime | None = None
    #: At first sight again, after the data server lost its data: when the page was read last before that. What was
    #: reported up to then is in `seen` and `view`; what was suppressed is not.
    known_until: datetime | None = None
    #: Counts the page's commits; makes ids of component events unique.
    revision: int = 0


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot beside the knowledge before it; `compare` works out each part once."""

    provider: Provider
    before: Before
    snapshot: Snapshot
    now: datetime
    #: Every incident and maintenance by id, once, also one that is in two lists.
    entries: Mapping[str, Incident]
    #: Ids of those that are maintenances.
    maintenance_ids: frozenset[str]
    #: The updates that were not seen before, in the order of the page.
    new_updates: tuple[Posted, ...]
    #: The same with an announcement of each new incident that shows no update.
    announcements: tuple[Posted, ...]
    components: KnownComponents
    #: The components that incidents may name.
    listing: Listing

    @property
    def unseen(self) -> tuple[Posted, ...]:
        """Return the unseen entries: updates, then announcements."""
        return (*self.new_updates, *self.announcements)

    def is_maintenance(self, incident: Incident) -> bool:
        """Return whether an incident is listed as a maintenance."""
        return incident.id in self.maintenance_ids

    def was_followed(self, incident: Incident) -> bool:
        """Return whether an incident had passed the filters before."""
        return incident_key(incident) in self.before.seen

    def passes(self, incident: Incident, update: IncidentUpdate, *, maintenance: bool, followed: bool) -> bool:
        """Return whether no filter leaves an update out; what was `followed` is so to its end."""
        return not left_out_by(
            self.provider, incident, update, self.listing, maintenance=maintenance, followed=followed
        )


def compare(provider: Provider, before: Before, snapshot: Snapshot, now: datetime) -> Comparison:
    """Compare a snapshot with the known page."""
    entries = {entry.id: entry for entry in snapshot.entries}
    components = compared(provider, before.view, snapshot, seeded=before.seeded)
    return Comparison(
        provider=provider,
        before=before,
        snapshot=snapshot,
        now=now,
        entries=entries,
        maintenance_ids=frozenset(maintenance.id for maintenance in snapshot.maintenances),
        new_updates=tuple(posted for posted in posted_updates(snapshot) if posted.key not in before.seen),
        announcements=tuple(_announcements(before, entries.values())),
        components=components,
        listing=Listing(components.listed.values()),
    )


def _announcements(before: Before, entries: Iterable[Incident]) -> Iterator[Posted]:
    """Yield incidents that are new and show no update, each with an update that announces it."""
    view = before.view
    known = {each.id for each in view.going_on}
    for incident in entries:
        is_known = incident.id in known or incident.id in view.traces or incident_key(incident) in before.seen
        if not incident.updates and not is_known:
            update = first_update(incident)
            yield Posted(replace(incident, updates=(update,)), update)


def in_published_order(updates: Collection[Posted]) -> list[Posted]:
    """Sort updates by time, none before one that its own incident shows earlier."""
    latest: dict[str, float] = {}
    ordered = []
    for posted in updates:
        incident_id = posted.incident.id
        latest[incident_id] = max(latest.get(incident_id, float("-inf")), update_order(posted.update))
        ordered.append((latest[incident_id], posted))
    ordered.sort(key=lambda timed: timed[0])
    return [posted for _, posted in ordered]
