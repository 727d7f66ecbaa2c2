"""A simulated page of each platform that changes without an update, and what a tracker makes of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from tests.played import PLAYED, Played, played
from tracker.model.event import Event, EventKind
from tracker.model.page import ComponentStatus, Impact
from tracker.simulator.revision import VendorComponent, VendorIncident

OF_INCIDENTS = frozenset({EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE, EventKind.MAINTENANCE_UPDATE})
OF_COMPONENTS = frozenset({EventKind.COMPONENT_STATUS_CHANGE})


class Scene(Played):
    """A page that was seen before, and what it does."""

    def reported_by(self, polls: int = 3) -> list[Event]:
        """Return what so many polls report."""
        return self.reported_after(polls=polls)

    def open_incident(self) -> str:
        """Open an incident beside an older one, and let that be reported."""
        older = self.page.open_incident("Older", "minor", body="Older.", components={"Dashboard": "partial_outage"})
        self.clock.passes(minutes=5)
        opened = self.page.open_incident("Errors", "minor", body="We look.", components={"API": "partial_outage"})
        self.clock.passes(minutes=5)
        self.page.post_update(older, "monitoring", "Older still.")
        self.clock.passes(minutes=5)
        self.page.post_update(opened, "identified", "It was a cable.")
        self.reported_by()
        return opened

    def plan(self, begins_in: timedelta = timedelta(hours=3)) -> str:
        """Announce a maintenance, and let that be reported."""
        begins = self.clock.now + begins_in
        planned = self.page.schedule_maintenance("Upgrade", begins, begins + timedelta(hours=1), "We upgrade.", ["API"])
        self.reported_by()
        return planned


@contextmanager
def scene(name: str) -> Iterator[Scene]:
    """Open a page of a format that was seen before."""
    with played(name, Scene) as watched:
        assert isinstance(watched, Scene)
        watched.reported_by()
        assert watched.state.source is not None
        yield watched


Cell = Callable[[Scene], list[str]]
#: Changes an incident of a page.
Change = Callable[[Scene, VendorIncident], VendorIncident]


def statuses(events: list[Event]) -> list[str]:
    """Return the statuses that events about incidents tell."""
    return [event.status for event in events if event.event in OF_INCIDENTS]


def _impacts(events: list[Event]) -> list[str]:
    return [str(event.impact) for event in events if event.event in OF_INCIDENTS]


def _titles(events: list[Event]) -> list[str]:
    return [event.incident or "" for event in events if event.event in OF_INCIDENTS]


def _corrected(_: Scene, before: VendorIncident) -> VendorIncident:
    newest = replace(before.updates[0], status="monitoring")
    return replace(before, status="monitoring", updates=(newest, *before.updates[1:]))


def _ended(watched: Scene, before: VendorIncident) -> VendorIncident:
    return replace(before, status="resolved", resolved_at=watched.clock.now)


def _by_hand(change: Change, said: Callable[[list[Event]], list[str]] = statuses) -> Cell:
    """Return a change of an open incident that nobody posts."""

    def cell(watched: Scene) -> list[str]:
        before = watched.page.incident(watched.open_incident())
        watched.page.restate(change(watched, before))
        return said(watched.reported_by())

    return cell


def _bare(watched: Scene) -> list[str]:
    opened = watched.page.open_incident("Errors", "minor", components={"API": "partial_outage"})
    watched.page.restate(replace(watched.page.incident(opened), updates=()))
    return statuses(watched.reported_by())


def _opened_again_by_hand(watched: Scene) -> list[str]:
    before = watched.page.incident(watched.open_incident())
    watched.page.restate(_ended(watched, before))
    watched.reported_by()
    watched.page.restate(before)
    return statuses(watched.reported_by())


def _begun(watched: Scene) -> list[str]:
    planned = watched.plan(timedelta(minutes=10))
    watched.clock.passes(minutes=15)
    watched.page.set_component("API", "under_maintenance")
    watched.page.restate(replace(watched.page.incident(planned), status="in_progress"))
    return statuses(watched.reported_by())


def _completed(watched: Scene) -> list[str]:
    planned = watched.plan(timedelta(minutes=10))
    watched.clock.passes(minutes=15)
    watched.page.advance_maintenance(planned)
    watched.reported_by()
    watched.clock.passes(minutes=90)
    over = replace(watched.page.incident(planned), status="completed", resolved_at=watched.clock.now)
    watched.page.set_component("API", "operational")
    watched.page.restate(over)
    return statuses(watched.reported_by())


def _window_moved(watched: Scene) -> list[str]:
    planned = watched.plan()
    before = watched.page.incident(planned)
    assert before.scheduled_for
    assert before.scheduled_until
    later = timedelta(hours=24)
    watched.page.reschedule(planned, before.scheduled_for + later, before.scheduled_until + later)
    return [(event.message or "").partition(" ")[0] for event in watched.reported_by() if event.event in OF_INCIDENTS]


def _deleted(watched: Scene) -> list[str]:
    watched.page.delete_incident(watched.open_incident())
    return statuses(watched.reported_by())


def _listed_again(watched: Scene) -> list[str]:
    opened = watched.open_incident()
    before = watched.page.incident(opened)
    watched.page.delete_incident(opened)
    watched.reported_by()
    watched.page.restate(before)
    return statuses(watched.reported_by())


def _maintenance_deleted(watched: Scene) -> list[str]:
    watched.plan()
    deleted = watched.plan(timedelta(hours=5))
    watched.page.delete_incident(deleted)
    return statuses(watched.reported_by())


def _component_gone(watched: Scene) -> list[str]:
    _break(watched)
    watched.page.replace_component("Webhooks")
    return _of_components(watched)


def _component_anew(watched: Scene) -> list[str]:
    before = _break(watched)
    watched.page.replace_component("Webhooks", replace(before, id="anew00000000", position=900))
    anew = _of_components(watched)
    watched.page.set_component("Webhooks", ComponentStatus.OPERATIONAL)
    return anew + _of_components(watched)


def _break(watched: Scene) -> VendorComponent:
    """Break a component, and let that be reported."""
    watched.page.set_component("Webhooks", ComponentStatus.MAJOR_OUTAGE)
    _of_components(watched)
    return next(part for part in watched.page.revision.components if part.name == "Webhooks")


def _of_components(watched: Scene) -> list[str]:
    """Open an incident, since some pages have their components asked only then; return the reported statuses."""
    watched.page.open_incident("Errors", "minor", components={"API": "operational"})
    return [str(event.status) for event in watched.reported_by() if event.event in OF_COMPONENTS]


#: What changes on a page, by what it is.
CELLS: dict[str, Cell] = {
    "opened without an update": _bare,
    "moved on by hand": _by_hand(lambda _, before: replace(before, status="monitoring")),
    "closed by hand": _by_hand(_ended),
    "opened again by hand": _opened_again_by_hand,
    "worse": _by_hand(lambda _, before: replace(before, impact=Impact.CRITICAL), _impacts),
    "titled anew": _by_hand(lambda _, before: replace(before, name="Errors everywhere"), _titles),
    "corrected": _by_hand(_corrected),
    "begun by itself": _begun,
    "completed by itself": _completed,
    "moved window": _window_moved,
    "deleted": _deleted,
    "listed again": _listed_again,
    "maintenance deleted": _maintenance_deleted,
    "component gone": _component_gone,
    "component made anew": _component_anew,
}
ALL = [(name, cell) for name in PLAYED for cell in CELLS]
