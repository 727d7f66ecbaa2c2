"""The three voices of a page, and the one that decides its state. Pure."""

from typing import Final

import msgspec

from tracker.assessment.state import Assessment, Reason, State
from tracker.model.page import Component, Impact, OpenIncident
from tracker.model.page_state import COMPONENT_IMPACT, PageView

_DECIDING: Final = {Reason.INDICATOR: "indicator", Reason.COMPONENT: "component", Reason.INCIDENT: "incident"}


class Opinions(msgspec.Struct, frozen=True, kw_only=True):
    """The vendor's word for the whole page, its worst component and its worst open incident."""

    #: None where the page has no such word.
    indicator: State | None
    component: Component | None
    component_state: State
    incident: OpenIncident | None
    incident_state: State
    #: `indicator`, `component` or `incident`; None where nothing is wrong or nothing is known.
    decides: str | None

    @property
    def agree(self) -> bool:
        """Return whether all voices that have an opinion agree."""
        said = {self.component_state, self.incident_state}
        return len(said | ({self.indicator} if self.indicator else set())) == 1


def opinions(view: PageView, found: Assessment) -> Opinions:
    """Return the opinion of each of the three; `found` is the page's assessment."""
    incident = min(view.open_incidents, key=lambda each: _state(each.impact or Impact.MINOR).rank, default=None)
    component = min(view.known_statuses, key=lambda each: _state(COMPONENT_IMPACT.get(each.status)).rank, default=None)
    return Opinions(
        indicator=None if view.indicator is None else _state(view.indicator),
        component=component,
        component_state=_state(COMPONENT_IMPACT.get(component.status)) if component else State.OPERATIONAL,
        incident=incident,
        incident_state=_state(incident.impact or Impact.MINOR) if incident else State.OPERATIONAL,
        decides=_DECIDING.get(found.reason),
    )


def _state(impact: Impact | None) -> State:
    return State.OPERATIONAL if impact in (None, Impact.NONE) else State(impact.value)
