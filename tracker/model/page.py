"""The contents of a page, in one shape for every vendor.

Everything here is frozen. Times are aware UTC. Text is plain text (no HTML), not yet safe for a terminal: sinks
neutralise control characters. Wire shapes of vendors live in `tracker.parse` and nowhere else.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

import msgspec

#: Statuses that end an incident or a maintenance.
CLOSED_STATUSES = frozenset({"resolved", "postmortem", "completed", "cancelled"})


#: The prefix of ids that the tracker made because the vendor gave none.
MADE: Final = "made-"


class ComponentStatus(StrEnum):
    """The status of a component, in Statuspage's words, which most platforms share."""

    OPERATIONAL = "operational"
    DEGRADED_PERFORMANCE = "degraded_performance"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"
    UNDER_MAINTENANCE = "under_maintenance"
    UNKNOWN = "unknown"


class Impact(StrEnum):
    """The severity of an incident, as the vendor states it."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"
    MAINTENANCE = "maintenance"


#: Impacts of incidents, from the mildest on: the values of `min_impact`.
SEVERITIES: Final = (Impact.NONE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)


class Reach(StrEnum):
    """The reach of a list of incidents, which decides what the absence of an incident proves."""

    #: Nothing: the list may lack open incidents.
    NOTHING = "nothing"
    #: The list holds the newest incidents: an absent one has ended unless it may have aged out.
    WINDOW = "window"
    #: The list holds every open and planned incident: an absent one has ended.
    ALL = "all"


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a product that has a status of its own."""

    id: str
    name: str
    status: ComponentStatus
    #: Name of its group, None at top level.
    group: str | None = None
    #: Code or name of its region, None where the page does not say.
    region: str | None = None
    #: When the vendor changed it last; None where the page does not date each component.
    changed_at: datetime | msgspec.UnsetType = msgspec.UNSET


class Mention(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A component as an incident or an update names it."""

    #: "" where the page names no id.
    id: str = ""
    name: str
    #: Name of its group, if the page writes the group in front.
    group: str | None = None


class IncidentUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """One dated message of an incident or a maintenance."""

    #: The vendor's id, or one derived from fields that an edit of the text leaves alone.
    id: str
    #: `investigating`, `identified`, `monitoring`, `resolved`, `postmortem`, `scheduled`, `in_progress`,
    #: `verifying`, `completed`, or the vendor's own word in lower case.
    status: str
    #: The vendor's own word, if it differs from `status` (a localised page: `Resolvido`).
    vendor_status: str | None = None
    body: str = ""
    #: When the vendor published it. None where the page does not say.
    created_at: datetime | None = None
    #: Names of the components that this update names, () when it names none.
    components: tuple[str, ...] = ()
    #: The same with their ids, () where the page gives none.
    mentions: tuple[Mention, ...] = ()
    #: Addresses that the page hides behind words of the body.
    links: tuple[str, ...] = ()
    #: Codes or names of the regions that this update names, () when it names none.
    regions: tuple[str, ...] = ()


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident or a scheduled maintenance with the updates that the page shows, oldest first."""

    id: str
    name: str
    status: str
    impact: Impact | None = None
    link: str | None = None
    #: Oldest first, ids unique.
    updates: tuple[IncidentUpdate, ...] = ()
    #: Names of the components it touches, () when it names none.
    components: tuple[str, ...] = ()
    #: The same with their ids, () where the page gives none.
    mentions: tuple[Mention, ...] = ()
    #: Codes or names of the regions it touches, () when it names none.
    regions: tuple[str, ...] = ()
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Return whether it is open now: a maintenance before its begin is not, and neither is an unknown status."""
        return self.status not in CLOSED_STATUSES and self.status not in ("scheduled", "unknown")


class Omission(msgspec.Struct, frozen=True, kw_only=True):
    """An unreadable entry that was left out of an answer."""

    kind: Literal["incident", "maintenance", "update", "component"]
    #: The problem in a few words: `no id`.
    reason: str


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """The meanings of a code: as a status, as an impact and as a component's status."""

    status: str
    #: The vendor's own word, if it differs from `status`.
    vendor_status: str | None = None
    impact: Impact | None = None
    component_status: ComponentStatus = ComponentStatus.UNKNOWN


class Codes(msgspec.Struct, frozen=True, kw_only=True):
    """The codes of an answer, which another answer of the page explains."""

    #: Codes of statuses, by incident id and by key of an update (`tracker.model.keys`).
    statuses: dict[str, str] = {}
    #: Codes of severities, by incident id.
    severities: dict[str, str] = {}
    #: Codes of the statuses of components, by their ids.
    components: dict[str, str] = {}


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The content of one answer of a page, or of several merged ones."""

    #: The page's own name, None where it does not say.
    name: str | None = None
    #: The page's own time of its last change, None where it has none. An answer with an earlier one is stale.
    updated_at: datetime | None = None
    #: When the page was built, as written, where each change rebuilds it; this may be all that shows a change.
    built: str | None = None
    #: The vendor's overall word, mapped; None where there is none.
    indicator: Impact | None = None
    incidents: tuple[Incident, ...] = ()
    maintenances: tuple[Incident, ...] = ()
    components: tuple[Component, ...] = ()
    #: Whether `components` is the whole list; False where a platform cuts it, so that absence proves nothing.
    components_complete: bool = True
    #: Whether incidents and updates call components by their ids; another answer of the page has the names.
    components_by_id: bool = False
    #: The codes of the answer, None where it has words for everything. With codes, its details are read each time.
    codes: Codes | None = None
    #: The meanings of codes in the page's other answers, by code.
    meanings: dict[str, Meaning] = {}
    #: Address of the next part of an answer in parts, None in the last one.
    continues_at: str | None = None
    #: Whether the answer has a list of components, even an empty one.
    components_listed: bool = False
    #: Entries of this answer that could not be read; their absence proves nothing.
    omissions: tuple[Omission, ...] = ()
    #: Whether the answer lists every open incident and no ended one, so an absent incident has ended.
    open_only: bool = False
    #: How far its lists reach; with `open_only`, both are complete.
    incidents_reach: Reach = Reach.NOTHING
    maintenances_reach: Reach = Reach.NOTHING
    #: For a list of the newest incidents: it holds every incident that changed within this time. None: not known.
    window: timedelta | None = None
    #: Unknown words in the place of a status, as written, each once.
    unknown_words: tuple[str, ...] = ()
    #: By key of an update (`tracker.model.keys`): keys under which it was known before the page showed more or was read
    #: otherwise. One of them makes it known.
    former_keys: dict[str, tuple[str, ...]] = {}
    #: The same where the page makes its ids again with every answer: kept beside the key, so that they last.
    alias_keys: dict[str, tuple[str, ...]] = {}
    #: Keys of updates without an id, each in the place of an incident's newest update: another answer of the page lists
    #: all updates with ids, which replace these.
    stand_ins: tuple[str, ...] = ()

    @property
    def entries(self) -> tuple[Incident, ...]:
        """Return incidents and maintenances; one that both lists hold comes twice."""
        return (*self.incidents, *self.maintenances)


class OpenIncident(msgspec.Struct, frozen=True, kw_only=True):
    """An open or planned incident or maintenance."""

    id: str
    name: str
    status: str
    impact: Impact | None = None
    link: str | None = None
    #: Id and time of its newest update, None where it shows none or no time.
    update_id: str | None = None
    updated_at: datetime | None = None
    #: Time of the oldest update that it showed, None where that has none.
    began_at: datetime | None = None
    components: tuple[str, ...] = ()
    mentions: tuple[Mention, ...] = ()
    regions: tuple[str, ...] = ()
    #: Only of a maintenance: its window.
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None
    #: Whether it has passed the filters, so that its later updates are reported.
    is_followed: bool = False


def is_made(entry_id: str) -> bool:
    """Return whether the tracker made this id, so no address of the vendor contains it."""
    return entry_id.startswith(MADE)


def worst_impact(impacts: "list[Impact | None]") -> Impact | None:
    """Return the worst of indicator, components and incidents; anything broken is worse than maintenance."""
    order = [Impact.NONE, Impact.MAINTENANCE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL]
    known = [impact for impact in impacts if impact is not None]
    return max(known, key=order.index) if known else None
