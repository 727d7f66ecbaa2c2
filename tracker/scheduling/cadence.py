"""The pace of a page: fast while an incident moves, slow after two weeks without a change. Pure.

The pace follows from fields of the page's state, which every poll reads anyway and a changed answer updates.
`tracker.scheduling.schedule` turns a pace into seconds.
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

#: The fast pace ends this long after the last change: some incidents stay open for weeks.
FAST_FOR: Final = timedelta(hours=1)
#: The slow pace begins when nothing has changed for this long.
SLOW_AFTER: Final = timedelta(days=14)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def pace(provider: Provider, state: PageState, now: datetime) -> Pace:
    """Return the pace of the page. After a clock was set back, it is the normal one."""
    if provider.cadence is Cadence.FIXED:
        return Pace.NORMAL
    incident_at, quiet_since = state.activity.incident_at, state.activity.quiet_since
    if incident_at is not None and timedelta() <= now - incident_at < FAST_FOR:
        return Pace.FAST
    if quiet_since is not None and now - quiet_since >= SLOW_AFTER:
        return Pace.SLOW
    return Pace.NORMAL


def plain_until(provider: Provider, state: PageState, now: datetime) -> datetime | None:
    """Return until when the pace stays normal if nothing changes; None if it is another one or may change at once."""
    if provider.cadence is Cadence.FIXED:
        return _NEVER
    if state.activity.incident_at is not None or pace(provider, state, now) is not Pace.NORMAL:
        return None
    quiet_since = state.activity.quiet_since
    return _NEVER if quiet_since is None else quiet_since + SLOW_AFTER


def departure_s(provider: Provider, state: PageState, now: datetime) -> float | None:
    """Return the seconds between two polls if they differ from the interval; None if they do not, or if polls fail."""
    spacing = spacing_s(provider.interval_s, pace(provider, state, now))
    return None if spacing == provider.interval_s or state.readability.failures else spacing


def longest_pause_s(provider: Provider) -> float:
    """Return the longest time between two polls of a readable page, in seconds."""
    return spacing_s(provider.interval_s, Pace.NORMAL if provider.cadence is Cadence.FIXED else Pace.SLOW)


def noted(provider: Provider, state: PageState, view: PageView, now: datetime, *, has_changed: bool) -> PageState:
    """Return the state with the fields that `pace` uses, after an answer led to this view.

    An incident that is open at first sight counts from the vendor's date. Quiet time counts from the first reading of
    the page, whatever its history says.
    """
    before = state.activity
    counted = [incident for incident in view.open_incidents if _counts(provider, incident)]
    incident_at = (before.incident_at or _last_update(counted, now)) if counted else None
    if counted and has_changed and state.seeded:
        incident_at = now
    is_busy = view.open_incidents or view.open_maintenances or view.planned_maintenances
    quiet_since = now if has_changed else before.quiet_since or now
    after = msgspec.structs.replace(before, incident_at=incident_at, quiet_since=None if is_busy else quiet_since)
    return msgspec.structs.replace(state, activity=after)


def _counts(provider: Provider, incident: OpenIncident) -> bool:
    """Return whether an incident speeds polling up: only one that passes the filters does.

    A maintenance does not, even if the page lists it as an incident: its updates come as announced.
    """
    is_reported = wants_kind(provider, EventKind.INCIDENT_UPDATE) or wants_kind(
        provider, EventKind.COMPONENT_STATUS_CHANGE
    )
    return is_reported and incident.is_followed and incident.impact is not Impact.MAINTENANCE


def _last_update(incidents: list[OpenIncident], now: datetime) -> datetime:
    """Return when the newest update was published; now if that is unknown or in the future."""
    dated = [incident.updated_at for incident in incidents if incident.updated_at is not None]
    return min(now, max(dated)) if dated else now
