"""The state of a provider or a component. Unknown is a state of its own: an old answer is never shown as today's."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from tracker.model.page import Component, ComponentStatus, Impact
from tracker.model.page_state import COMPONENT_IMPACT, PageState, PageView
from tracker.model.provider import Provider

#: A page that was not read for this many intervals and this time is unknown: twice the slow pace, and one poll.
STALE_INTERVALS: Final = 4
STALE_SLACK: Final = timedelta(seconds=60)


class State(StrEnum):
    """The state of a provider or a component, the worst first."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    UNKNOWN = "unknown"
    #: Its page was not polled so far: nothing is wrong with it yet.
    NOT_ASKED = "not_asked"
    MAINTENANCE = "maintenance"
    OPERATIONAL = "operational"

    @property
    def rank(self) -> int:
        """Return the place in the order from worst to best, 0 for the worst."""
        return _ORDER.index(self)

    @property
    def is_known(self) -> bool:
        """Return whether the vendor's condition is known."""
        return self not in (State.UNKNOWN, State.NOT_ASKED)

    @property
    def is_problem(self) -> bool:
        """Return whether something does not work."""
        return self in (State.CRITICAL, State.MAJOR, State.MINOR)


class Reason(StrEnum):
    """The reason for a state."""

    #: The vendor's word for the whole page.
    INDICATOR = "indicator"
    INCIDENT = "incident"
    COMPONENT = "component"
    MAINTENANCE = "maintenance"
    #: Nothing is wrong, and the page was read.
    NOTHING = "nothing"
    #: The page was never polled, cannot be read, or was not read for too long.
    NEVER_ASKED = "never_asked"
    UNREADABLE = "unreadable"
    STALE = "stale"
    #: The page does not say: no such component, or an unknown word for its status.
    UNSAID = "unsaid"


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """A state, the fact that decides it, and the age of the knowledge."""

    state: State
    reason: Reason
    #: The deciding fact in words: the name of an incident or component, the indicator, or why it is unknown.
    evidence: str = ""
    #: When the page was read last; None for never.
    read_at: datetime | None = None
    #: Seconds since then.
    age_s: float | None = None
    #: The state at the last reading, which `state` also is unless it is unknown.
    last_state: State | None = None


def assess(
    provider: Provider, state: PageState, view: PageView, checked_at: datetime | None, now: datetime
) -> Assessment:
    """Return the state of a provider's page."""
    return _assessed(provider, state, checked_at, now, *_worst(view))


def assess_component(
    provider: Provider, state: PageState, component: Component, checked_at: datetime | None, now: datetime
) -> Assessment:
    """Return the state of one component of a provider's page."""
    if component.status is ComponentStatus.UNKNOWN:
        found = State.UNKNOWN, Reason.UNSAID, component.name
    else:
        own = _of(COMPONENT_IMPACT.get(component.status))
        found = own, Reason.NOTHING if own is State.OPERATIONAL else Reason.COMPONENT, component.name
    return _assessed(provider, state, checked_at, now, *found)


def _assessed(
    provider: Provider,
    state: PageState,
    checked_at: datetime | None,
    now: datetime,
    found: State,
    reason: Reason,
    evidence: str,
) -> Assessment:
    if not state.seeded and state.readability.failing_since is None:
        return Assessment(state=State.NOT_ASKED, reason=Reason.NEVER_ASKED, evidence="not asked yet")
    read_at = min(filter(None, (checked_at, state.readability.failing_since)), default=None) if state.seeded else None
    age_s = max(0.0, (now - read_at).total_seconds()) if read_at else None
    last_state = found if state.seeded else None
    if state.is_unknown:
        evidence = state.readability.failure or "it cannot be read"
        return Assessment(
            state=State.UNKNOWN,
            reason=Reason.UNREADABLE,
            evidence=evidence,
            read_at=read_at,
            age_s=age_s,
            last_state=last_state,
        )
    longest_s = STALE_INTERVALS * provider.interval_s + STALE_SLACK.total_seconds()
    if age_s is None or age_s > longest_s:
        return Assessment(
            state=State.UNKNOWN,
            reason=Reason.STALE,
            evidence="not read for too long",
            read_at=read_at,
            age_s=age_s,
            last_state=last_state,
        )
    return Assessment(state=found, reason=reason, evidence=evidence, read_at=read_at, age_s=age_s)


def _worst(view: PageView) -> tuple[State, Reason, str]:
    """Return the worst of indicator, incidents and components, which disagree in practice; of equals the first."""
    return min(_opinions(view), key=lambda opinion: opinion[0].rank)


def _opinions(view: PageView) -> Iterator[tuple[State, Reason, str]]:
    for incident in view.open_incidents:
        # An open incident without an impact counts as minor.
        yield _of(incident.impact or Impact.MINOR), Reason.INCIDENT, incident.name
    for component in view.known_statuses:
        if (own := _of(COMPONENT_IMPACT.get(component.status))) is not State.OPERATIONAL:
            yield own, Reason.COMPONENT, component.name
    if view.indicator is not None and view.indicator is not Impact.NONE:
        yield _of(view.indicator), Reason.INDICATOR, view.indicator.value
    for maintenance in view.open_maintenances:
        yield State.MAINTENANCE, Reason.MAINTENANCE, maintenance.name
    yield State.OPERATIONAL, Reason.NOTHING, ""


def _of(impact: Impact | None) -> State:
    return State.OPERATIONAL if impact in (None, Impact.NONE) else State(impact.value)


_ORDER: Final = tuple(State)
