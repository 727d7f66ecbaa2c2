"""The contents of a simulated page, as frozen values: one `Revision` for each state that it was ever in.

These are the vendor's own records, richer than `tracker.model.page`, which holds what a tracker can read of them.
"""

from dataclasses import dataclass
from datetime import datetime

from tracker.model.page import CLOSED_STATUSES, ComponentStatus, Impact


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorComponent:
    """One part of the vendor's product, or a group of them."""

    id: str
    name: str
    status: ComponentStatus
    #: Counts from 1 over the whole page.
    position: int
    created_at: datetime
    updated_at: datetime
    #: The group that holds it, None at top level and for groups.
    group_id: str | None = None
    is_group: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedComponent:
    """The change that an incident update made to one component, under the component's name at that moment."""

    id: str
    name: str
    old_status: ComponentStatus
    new_status: ComponentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorUpdate:
    """One dated message of an incident or a maintenance."""

    id: str
    status: str
    body: str
    created_at: datetime
    updated_at: datetime
    #: None for a postmortem, as on real pages.
    display_at: datetime | None
    affected: tuple[AffectedComponent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorIncident:
    """An incident, or a maintenance when it has a window."""

    id: str
    #: The number that the Atom feed shows instead of the id.
    number: int
    name: str
    impact: Impact
    status: str
    created_at: datetime
    updated_at: datetime
    #: Newest first.
    updates: tuple[VendorUpdate, ...] = ()
    component_ids: tuple[str, ...] = ()
    monitoring_at: datetime | None = None
    resolved_at: datetime | None = None
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None

    @property
    def is_maintenance(self) -> bool:
        """Return whether it is a maintenance."""
        return self.scheduled_for is not None

    @property
    def is_closed(self) -> bool:
        """Return whether it is over."""
        return self.status in CLOSED_STATUSES

    @property
    def started_at(self) -> datetime:
        """Return the time of its beginning: on real pages it follows the first update's display_at."""
        shown = [update.display_at for update in self.updates if update.display_at]
        return shown[-1] if shown else self.created_at

    @property
    def displayed_at(self) -> datetime:
        """Return the newest display_at, by which real pages order their lists."""
        return max((update.display_at for update in self.updates if update.display_at), default=self.created_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """The contents of a page at one moment."""

    #: The number of changes of the page so far.
    number: int
    page_id: str
    name: str
    time_zone: str
    #: The platform: a key of `tracker.simulator.platforms.PLATFORMS`.
    platform: str
    created_at: datetime
    #: Strictly increasing from revision to revision, in milliseconds.
    updated_at: datetime
    #: The same in whole seconds and still strictly increasing, even if that runs ahead of the clock: HTTP dates have no
    #: smaller unit, and two answers with one Last-Modified would hide the second one (RFC 9110, section 8.8.2.2).
    modified_at: datetime
    #: In the order in which the page shows them.
    components: tuple[VendorComponent, ...] = ()
    #: Incidents and maintenances, the last opened first.
    incidents: tuple[VendorIncident, ...] = ()

    def touched_by(self, incident: VendorIncident) -> list[VendorComponent]:
        """Return the components that an incident affects, in the page's order."""
        return [component for component in self.components if component.id in incident.component_ids]
