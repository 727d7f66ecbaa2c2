"""The simulated vendor's side of a status page: the verbs that its staff would use. It knows no HTTP.

Every verb makes one change, moves the page's clock and may be called from any thread. Verbs take ids and return ids.
"""

import random
import string
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Protocol, TypeVar

from tracker.model.clock import utc_now
from tracker.model.page import ComponentStatus, Impact
from tracker.simulator.draft import Draft
from tracker.simulator.platforms import PLATFORMS
from tracker.simulator.revision import Revision, VendorComponent, VendorIncident

DEFAULT_COMPONENTS = ("API", "Dashboard", "Webhooks", "Sign-in")
DEFAULT_GROUPS = {"Regions": ("Europe (Frankfurt)", "US East (Ohio)")}

#: The states that a page remembers, for stale answers.
REMEMBERED_REVISIONS = 32

_ID_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = 12
#: Feeds number the incidents of all pages together, so a page's own numbers have gaps.
_FIRST_NUMBER = 30_000_000
#: The next status after each status of a maintenance.
_NEXT_STATUS = {"scheduled": "in_progress", "in_progress": "verifying", "verifying": "completed"}
_STOCK_BODIES = {
    "in_progress": "The maintenance has begun.",
    "verifying": "The work is done and we are checking the result.",
    "completed": "The maintenance is finished.",
}


class Page:
    """A status page of a simulated vendor."""

    def __init__(
        self,
        name: str = "Acme Cloud",
        *,
        components: Sequence[str] = DEFAULT_COMPONENTS,
        groups: Mapping[str, Sequence[str]] | None = None,
        id: str | None = None,
        seed: int = 0,
        platform: str = "statuspage",
        time_zone: str = "Etc/UTC",
        clock: Callable[[], datetime] = utc_now,
        now: datetime | None = None,
    ) -> None:
        """Set up a page with healthy components and no incident; name and seed determine all ids."""
        if platform not in PLATFORMS:
            raise ValueError(f"no platform {platform!r}; the platforms are {', '.join(PLATFORMS)}")
        self._clock = clock
        self._lock = threading.Lock()
        self._random = random.Random(f"{name}:{seed}")
        self.id = id if id is not None else self._new_id()
        created_at = (now or clock()).replace(microsecond=0)
        first = Revision(
            number=0,
            page_id=self.id,
            name=name,
            time_zone=time_zone,
            platform=platform,
            created_at=created_at,
            updated_at=created_at,
            modified_at=created_at,
            components=tuple(
                self._new_components(components, DEFAULT_GROUPS if groups is None else groups, created_at)
            ),
        )
        self._revisions = deque([first], maxlen=REMEMBERED_REVISIONS)
        self._last_number = _FIRST_NUMBER + self._random.randrange(1_000_000)

    @property
    def revision(self) -> Revision:
        """Return the page's contents now."""
        return self._revisions[-1]

    def earlier(self, back: int) -> Revision:
        """Return the page's contents `back` changes ago, or the earliest that it remembers."""
        with self._lock:
            return self._revisions[max(len(self._revisions) - 1 - back, 0)]

    def now(self) -> datetime:
        """Return the time on the page's clock."""
        return self._clock()

    def incident(self, incident_id: str) -> VendorIncident:
        """Return an incident or a maintenance as it is now. Raises LookupError."""
        return _find(incident_id, self.revision.incidents)

    def open_incident(
        self,
        name: str,
        impact: str = Impact.MINOR,
        status: str = "investigating",
        body: str = "We are looking into it.",
        components: Mapping[str, str] | None = None,
        *,
        now: datetime | None = None,
    ) -> str:
        """Open an incident; `components` maps names or ids of components to their new statuses."""
        with self._change(now) as draft:
            incident = self._new_incident(name, impact, draft.at)
            self._post(draft, incident, status, body, components or {})
        return incident.id

    def post_update(
        self,
        incident_id: str,
        status: str,
        body: str,
        components: Mapping[str, str] | None = None,
        *,
        now: datetime | None = None,
    ) -> str:
        """Post an incident update, which also sets the statuses of the incident and of `components`."""
        with self._change(now) as draft:
            return self._post(draft, draft.incident(incident_id), status, body, components or {})

    def resolve(self, incident_id: str, body: str = "This incident is over.", *, now: datetime | None = None) -> str:
        """Resolve an incident and set its components operational."""
        with self._change(now) as draft:
            incident = draft.incident(incident_id)
            healthy = dict.fromkeys(incident.component_ids, ComponentStatus.OPERATIONAL)
            return self._post(draft, incident, "resolved", body, healthy)

    def edit_update(
        self,
        incident_id: str,
        update_id: str,
        body: str,
        *,
        display_at: datetime | None = None,
        now: datetime | None = None,
    ) -> None:
        """Change the text of an incident update, and the time that the page shows for it."""
        with self._change(now) as draft:
            incident = draft.incident(incident_id)
            before = _find(update_id, incident.updates)
            # Real pages cut the milliseconds off when an update is edited.
            shown_at = display_at or (before.display_at and before.display_at.replace(microsecond=0))
            after = replace(before, body=body, display_at=shown_at, updated_at=draft.at)
            updates = tuple(after if update is before else update for update in incident.updates)
            draft.put(replace(incident, updates=updates))

    def delete_update(self, incident_id: str, update_id: str, *, now: datetime | None = None) -> None:
        """Remove an incident update; the incident's status is then that of the newest remaining one."""
        with self._change(now) as draft:
            incident = draft.incident(incident_id)
            deleted = _find(update_id, incident.updates)
            updates = tuple(update for update in incident.updates if update is not deleted)
            status = updates[0].status if updates else incident.status
            draft.put(replace(incident, updates=updates, status=status))

    def amend(
        self, incident_id: str, *, name: str | None = None, impact: str | None = None, now: datetime | None = None
    ) -> None:
        """Change the name or the impact of an incident."""
        with self._change(now) as draft:
            incident = draft.incident(incident_id)
            draft.put(replace(incident, name=name or incident.name, impact=Impact(impact or incident.impact)))

    def restate(self, incident: VendorIncident, *, now: datetime | None = None) -> None:
        """Show an incident or a maintenance exactly as given, whatever its updates say."""
        with self._change(now) as draft:
            draft.put(incident)

    def delete_incident(self, incident_id: str, *, now: datetime | None = None) -> None:
        """Remove an incident or a maintenance, as if it had never been there. Raises LookupError."""
        with self._change(now) as draft:
            draft.remove(incident_id)

    def replace_component(self, name: str, new: VendorComponent | None = None, *, now: datetime | None = None) -> None:
        """Remove a component, and put another in its place if one is given. Raises LookupError."""
        with self._change(now) as draft:
            draft.replace_component(name, new)

    def add_component(self, component: VendorComponent, *, now: datetime | None = None) -> None:
        """Put a component at the end of the list."""
        with self._change(now) as draft:
            draft.add_component(component)

    def set_component(self, name: str, status: str, *, now: datetime | None = None) -> None:
        """Set the status of a component, given by name or id."""
        with self._change(now) as draft:
            draft.set_status(name, status)

    def schedule_maintenance(
        self,
        name: str,
        scheduled_for: datetime,
        scheduled_until: datetime,
        body: str = "We will do some work.",
        components: Sequence[str] = (),
        *,
        now: datetime | None = None,
    ) -> str:
        """Announce a maintenance of components, which stay as they are until it begins."""
        with self._change(now) as draft:
            incident = self._new_incident(name, Impact.MAINTENANCE, draft.at)
            window = replace(incident, scheduled_for=scheduled_for, scheduled_until=scheduled_until)
            unchanged = {key: draft.component(key).status for key in components}
            self._post(draft, window, "scheduled", body, unchanged)
        return window.id

    def reschedule(
        self, maintenance_id: str, scheduled_for: datetime, scheduled_until: datetime, *, now: datetime | None = None
    ) -> None:
        """Move the window of a maintenance."""
        with self._change(now) as draft:
            maintenance = draft.incident(maintenance_id)
            draft.put(replace(maintenance, scheduled_for=scheduled_for, scheduled_until=scheduled_until))

    def advance_maintenance(self, maintenance_id: str, body: str | None = None, *, now: datetime | None = None) -> str:
        """Begin, verify or complete a maintenance, whichever comes next, with its components. Raises LookupError."""
        with self._change(now) as draft:
            maintenance = draft.incident(maintenance_id)
            status = _NEXT_STATUS[maintenance.status]
            there = ComponentStatus.OPERATIONAL if status == "completed" else ComponentStatus.UNDER_MAINTENANCE
            components = dict.fromkeys(maintenance.component_ids, there)
            return self._post(draft, maintenance, status, body or _STOCK_BODIES[status], components)

    @contextmanager
    def _change(self, now: datetime | None) -> Iterator[Draft]:
        """Make one change; an error within leaves the page as it was."""
        with self._lock:
            draft = Draft(self.revision, now or self._clock())
            yield draft
            self._revisions.append(draft.revision())

    def _post(self, draft: Draft, it: VendorIncident, status: str, body: str, components: Mapping[str, str]) -> str:
        update_id = self._new_id()
        draft.post(it, update_id=update_id, status=status, body=body, components=components)
        return update_id

    def _new_id(self) -> str:
        return "".join(self._random.choices(_ID_ALPHABET, k=_ID_LENGTH))

    def _new_incident(self, name: str, impact: str, at: datetime) -> VendorIncident:
        self._last_number += self._random.randint(1, 99)
        return VendorIncident(
            id=self._new_id(),
            number=self._last_number,
            name=name,
            impact=Impact(impact),
            status="",
            created_at=at,
            updated_at=at,
        )

    def _new_components(
        self, names: Sequence[str], groups: Mapping[str, Sequence[str]], at: datetime
    ) -> Iterator[VendorComponent]:
        """Make the components at top level, then each group before its components."""
        positions = count(1)

        def healthy(name: str, *, group_id: str | None = None, is_group: bool = False) -> VendorComponent:
            return VendorComponent(
                id=self._new_id(),
                name=name,
                status=ComponentStatus.OPERATIONAL,
                position=next(positions),
                created_at=at,
                updated_at=at,
                group_id=group_id,
                is_group=is_group,
            )

        for name in names:
            yield healthy(name)
        for group_name, inside in groups.items():
            group = healthy(group_name, is_group=True)
            yield group
            for name in inside:
                yield healthy(name, group_id=group.id)


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


_T = TypeVar("_T", bound=_Identified)


def _find(wanted: str, among: Iterable[_T]) -> _T:
    for item in among:
        if item.id == wanted:
            return item
    raise LookupError(f"no id {wanted!r} on this page")
