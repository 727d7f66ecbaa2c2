"""One change of a simulated page in the making: from one revision to the next. No clock, no randomness, no locks."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from tracker.model.page import CLOSED_STATUSES, ComponentStatus
from tracker.simulator.revision import AffectedComponent, Revision, VendorComponent, VendorIncident, VendorUpdate

#: A group is as bad as the worst component in it.
BADNESS = (
    ComponentStatus.OPERATIONAL,
    ComponentStatus.UNDER_MAINTENANCE,
    ComponentStatus.DEGRADED_PERFORMANCE,
    ComponentStatus.PARTIAL_OUTAGE,
    ComponentStatus.MAJOR_OUTAGE,
)
#: The limit keeps a page from growing for weeks.
REMEMBERED_INCIDENTS = 200
_MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)


class Draft:
    """Collects one change of a page."""

    def __init__(self, before: Revision, now: datetime) -> None:
        """Begin a change at `now`, or just after the last one if the clock did not move."""
        self._before = before
        self.at = max(_whole_milliseconds(now), before.updated_at + _MILLISECOND)
        self._components = {component.id: component for component in before.components}
        self._incidents = {incident.id: incident for incident in before.incidents}

    def incident(self, incident_id: str) -> VendorIncident:
        """Return an incident or a maintenance. Raises LookupError."""
        try:
            return self._incidents[incident_id]
        except KeyError:
            raise LookupError(f"no incident {incident_id!r} on this page") from None

    def component(self, key: str) -> VendorComponent:
        """Return a component by id or name; names are not unique on real pages. Raises LookupError."""
        if key in self._components:
            return self._components[key]
        for component in self._components.values():
            if component.name == key:
                return component
        raise LookupError(f"no component {key!r} on this page")

    def put(self, incident: VendorIncident) -> None:
        """Replace an incident, or add a new one."""
        self._incidents[incident.id] = replace(incident, updated_at=self.at)

    def remove(self, incident_id: str) -> None:
        """Remove an incident. Raises LookupError."""
        del self._incidents[self.incident(incident_id).id]

    def replace_component(self, key: str, other: VendorComponent | None) -> None:
        """Remove a component, given by id or name, and put another in its place if one is given."""
        gone = self.component(key)
        kept = (other if component is gone else component for component in self._components.values())
        self._components = {component.id: component for component in kept if component}

    def add_component(self, component: VendorComponent) -> None:
        """Put a component at the end of the list."""
        self._components[component.id] = component

    def post(
        self, incident: VendorIncident, *, update_id: str, status: str, body: str, components: Mapping[str, str]
    ) -> None:
        """Add an incident update, which also sets the status of the incident and of components."""
        affected = self._affect(incident, components)
        update = VendorUpdate(
            id=update_id,
            status=status,
            body=body,
            created_at=self.at,
            updated_at=self.at,
            display_at=None if status == "postmortem" else self.at,
            affected=affected,
        )
        monitored = self.at if status in {"monitoring", "verifying"} else None
        closed = self.at if status in CLOSED_STATUSES else None
        self.put(
            replace(
                incident,
                status=status,
                updates=(update, *incident.updates),
                component_ids=tuple(component.id for component in affected),
                monitoring_at=incident.monitoring_at or monitored,
                # Kept when an incident is opened again and resolved again.
                resolved_at=incident.resolved_at or closed,
            )
        )

    def set_status(self, key: str, status: str) -> AffectedComponent:
        """Set the status of a component, given by id or name. Raises LookupError, ValueError."""
        component = self.component(key)
        new = ComponentStatus(status)
        if new != component.status:
            self._components[component.id] = replace(component, status=new, updated_at=self.at)
        return AffectedComponent(id=component.id, name=component.name, old_status=component.status, new_status=new)

    def revision(self) -> Revision:
        """Return the page after the change."""
        return replace(
            self._before,
            number=self._before.number + 1,
            updated_at=self.at,
            modified_at=max(self.at.replace(microsecond=0), self._before.modified_at + _SECOND),
            components=tuple(self._rolled_up(component) for component in self._components.values()),
            incidents=self._remembered(),
        )

    def _remembered(self) -> tuple[VendorIncident, ...]:
        """Return the incidents, the last opened first, without those that ended too long ago for any answer."""
        ordered = sorted(self._incidents.values(), key=lambda incident: incident.number, reverse=True)
        return (
            *ordered[:REMEMBERED_INCIDENTS],
            *(item for item in ordered[REMEMBERED_INCIDENTS:] if not item.is_closed),
        )

    def _affect(self, incident: VendorIncident, components: Mapping[str, str]) -> tuple[AffectedComponent, ...]:
        """Set components and return those that the incident has affected so far, with their change if any."""
        affected = {changed.id: changed for changed in (self.set_status(*item) for item in components.items())}
        untouched = [component_id for component_id in incident.component_ids if component_id not in affected]
        for component_id in untouched:
            affected[component_id] = self.set_status(component_id, self._components[component_id].status)
        return tuple(affected.values())

    def _rolled_up(self, component: VendorComponent) -> VendorComponent:
        """Give a group the worst status of its components."""
        if not component.is_group:
            return component
        inside = [other.status for other in self._components.values() if other.group_id == component.id]
        worst = max(inside, key=BADNESS.index, default=ComponentStatus.OPERATIONAL)
        return component if worst == component.status else replace(component, status=worst, updated_at=self.at)


def _whole_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
