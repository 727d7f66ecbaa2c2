"""How fast a page is polled: faster while an incident moves, slower after a long calm. Pure.

What a quiet poll decides by is in the page's state and written when an answer has changed, so that it costs nothing to
read. `tracker.scheduling.schedule` knows what a pace comes to.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from tracker.model.event import EventKind
from tracker.model.filters import wants_kind
from tracker.model.page import Impact, OpenIncident
from tracker.model.page_state import PageState, PageView
from tracker.model.provider import Cadence, Provider
from tracker.scheduling.schedule import Pace, spacing_s

#: So long after its last change an incident is polled in a hurry; some stay open for weeks.
FAST_FOR: Final = timedelta(hours=1)
#: A page on which nothing has changed for so long is calm.
SLOW_AFTER: Final = timedelta(days=14)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def pace(provider: Provider, state: PageState, now: datetime) -> Pace:
    """Return how fast the page is polled. A clock that was put back leaves the plain pace."""
    if provider.cadence is Cadence.FIXED:
        return Pace.NORMAL
    if state.incident_at is not None and timedelta() <= now - state.incident_at < FAST_FOR:
        return Pace.FAST
    if state.quiet_since is not None and now - state.quiet_since >= SLOW_AFTER:
        return Pace.SLOW
    return Pace.NORMAL


def plain_until(provider: Provider, state: PageState, now: datetime) -> datetime | None:
    """Return until when `pace` returns the plain one if nothing changes, None where it does not now or may not soon."""
    if provider.cadence is Cadence.FIXED:
        return _NEVER
    if state.incident_at is not None or pace(provider, state, now) is not Pace.NORMAL:
        return None
    return _NEVER if state.quiet_since is None else state.quiet_since + SLOW_AFTER


def departure_s(provider: Provider, state: PageState, now: datetime) -> float | None:
    """Return the seconds between two polls where they are not the interval; None where they are, or polls fail."""
    spacing = spacing_s(provider.interval_s, pace(provider, state, now))
    return None if spacing == provider.interval_s or state.failures else spacing


def longest_pause_s(provider: Provider) -> float:
    """Return the most seconds between two polls of a page that can be read."""
    return spacing_s(provider.interval_s, Pace.NORMAL if provider.cadence is Cadence.FIXED else Pace.SLOW)


def noted(provider: Provider, state: PageState, view: PageView, now: datetime, *, has_changed: bool) -> PageState:
    """Return the state with what `pace` goes by, after an answer that was read left this view.

    An incident that the page showed open at first sight counts from its vendor's date, and a page is calm after we saw
    it so, whatever its history says.
    """
    counted = [incident for incident in view.open_incidents if _counts(provider, incident)]
    incident_at = (state.incident_at or _last_update(counted, now)) if counted else None
    if counted and has_changed and state.seeded:
        incident_at = now
    is_busy = view.open_incidents or view.open_maintenances or view.planned_maintenances
    quiet_since = now if has_changed else state.quiet_since or now
    return msgspec.structs.replace(state, incident_at=incident_at, quiet_since=None if is_busy else quiet_since)


def _counts(provider: Provider, incident: OpenIncident) -> bool:
    """Return whether an incident is a reason to hurry: what is left out of it by filters would be seen early in vain.

    A maintenance is none, also one that stands among the incidents: its updates come when they were announced.
    """
    is_reported = wants_kind(provider, EventKind.INCIDENT_UPDATE) or wants_kind(
        provider, EventKind.COMPONENT_STATUS_CHANGE
    )
    return is_reported and incident.is_followed and incident.impact is not Impact.MAINTENANCE


def _last_update(incidents: list[OpenIncident], now: datetime) -> datetime:
    """Return when the newest update was published, now where that is not said or lies ahead."""
    dated = [incident.updated_at for incident in incidents if incident.updated_at is not None]
    return min(now, max(dated)) if dated else now
