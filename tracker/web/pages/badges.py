"""A state as people see it: a shape and a colour, which the stylesheet knows by its tone, and always a word. Pure."""

from typing import Final

import msgspec

from tracker.assessment import State
from tracker.model.page import ComponentStatus


class Badge(msgspec.Struct, frozen=True):
    """A state with its word."""

    #: `critical`, `major`, `minor`, `unknown`, `maintenance`, `ok`, or `quiet` for no judgement.
    tone: str
    word: str


_STATES: Final = {
    State.CRITICAL: Badge("critical", "Critical"),
    State.MAJOR: Badge("major", "Major"),
    State.MINOR: Badge("minor", "Minor"),
    State.UNKNOWN: Badge("unknown", "Unknown"),
    State.NOT_ASKED: Badge("unknown", "Not asked yet"),
    State.MAINTENANCE: Badge("maintenance", "Maintenance"),
    State.OPERATIONAL: Badge("ok", "Operational"),
}
_COMPONENTS: Final = {
    "operational": Badge("ok", "Operational"),
    "degraded_performance": Badge("minor", "Degraded"),
    "partial_outage": Badge("major", "Partial outage"),
    "major_outage": Badge("critical", "Major outage"),
    "under_maintenance": Badge("maintenance", "Maintenance"),
    "unknown": Badge("unknown", "Not given"),
}
_IMPACTS: Final = {
    "critical": Badge("critical", "Critical"),
    "major": Badge("major", "Major"),
    "minor": Badge("minor", "Minor"),
    "maintenance": Badge("maintenance", "Maintenance"),
    "none": Badge("quiet", "No impact"),
}
NOT_SAID: Final = Badge("quiet", "Not given")
NOT_LISTED: Final = Badge("unknown", "Not listed")
NOT_READ: Final = Badge("unknown", "Not read")
MAINTENANCE: Final = Badge("maintenance", "Maintenance")
GOOD: Final = Badge("ok", "Good")
ATTENTION: Final = Badge("minor", "Attention")
FAILED: Final = Badge("critical", "Failed")


def state_badge(state: State) -> Badge:
    """Return the badge of a state."""
    return _STATES[state]


def component_badge(status: ComponentStatus | str) -> Badge:
    """Return the badge of a component's status; a word that is not known is shown as the vendor wrote it."""
    return _COMPONENTS.get(str(status)) or Badge("unknown", words(str(status)))


def impact_badge(impact: str | None) -> Badge:
    """Return the badge of an incident's impact."""
    return _IMPACTS.get(str(impact or ""), NOT_SAID)


def words(status: str) -> str:
    """Return a status as words: `in_progress` becomes `In progress`."""
    flat = status.replace("_", " ").strip()
    return flat[:1].upper() + flat[1:]
