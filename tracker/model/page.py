"""What a page says, in one shape for every vendor.

Everything here is frozen. Times are aware UTC. Text is plain text (no HTML), not yet safe for a terminal: sinks
neutralise control characters. Wire shapes of vendors live in `tracker.parse` and nowhere else.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

import msgspec

#: Statuses that end an incident or a maintenance.
CLOSED_STATUSES = frozenset({"resolved", "postmortem", "completed", "cancelled"})


#: What begins an id that was made here, for what its vendor gave none.
MADE: Final = "made-"


class ComponentStatus(StrEnum):
    """How a component does (Statuspage's words, which most platforms share)."""

    OPERATIONAL = "operational"
    DEGRADED_PERFORMANCE = "degraded_performance"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"
    UNDER_MAINTENANCE = "under_maintenance"
    UNKNOWN = "unknown"


class Impact(StrEnum):
    """How bad the vendor says it is."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"
    MAINTENANCE = "maintenance"


class Reach(StrEnum):
    """How far a list of incidents reaches: what it proves that it does not hold something which went on."""

    #: Nothing, since it may lack what goes on.
    NOTHING = "nothing"
    #: It holds the newest ones, so that something has ended if it cannot have aged out.
    WINDOW = "window"
    #: It holds all that goes on or is planned, so that something has ended.
    ALL = "all"


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a product that has a status of its own."""

    id: str
    name: str
    status: ComponentStatus
    #: Name of the group that holds it, None at top level.
    group: str | None = None
    #: Code or name of the region that it is of, None where the page does not say.
    region: str | None = None
    #: When the vendor changed it last; unset where the page does not date each component by itself.
    changed_at: datetime | msgspec.UnsetType = msgspec.UNSET


class Mention(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A component as an incident or an update names it."""

    #: "" where the page names no id.
    id: str = ""
    name: str
    #: Name of its group, where the page writes that in front.
    group: str | None = None


class IncidentUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """One dated message of an incident or a maintenance."""

    #: The vendor's id, or one derived from what does not change when the text is edited.
    id: str
    #: `investigating`, `identified`, `monitoring`, `resolved`, `postmortem`, `scheduled`, `in_progress`,
    #: `verifying`, `completed`, or the vendor's own word in lower case.
    status: str
    #: The vendor's own word, as written, where it is another one than `status` (a localised page: `Resolvido`).
    vendor_status: str | None = None
    body: str = ""
    #: When the vendor published it. None where the page does not say.
    created_at: datetime | None = None
    #: Names of the components that this update names, () when it names none.
    components: tuple[str, ...] = ()
    #: The same with their ids, () where the page gives none.
    mentions: tuple[Mention, ...] = ()
    #: Addresses behind words of its body that the body does not show.
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
        """Tell whether it goes on now: neither before a maintenance begins, nor where its status is not known."""
        return self.status not in CLOSED_STATUSES and self.status not in ("scheduled", "unknown")


class Omission(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of an answer that could not be read and was left out, while the rest was read."""

    kind: Literal["incident", "maintenance", "update", "component"]
    #: What is wrong with it, in a few words: `no id`.
    reason: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer (or several, merged) of a page says at one moment."""

    #: The page's own name, None where it does not say.
    name: str | None = None
    #: The page's own clock of its last change; an answer with an earlier one is stale. None where there is none.
    updated_at: datetime | None = None
    #: The vendor's overall word, mapped; None where there is none.
    indicator: Impact | None = None
    incidents: tuple[Incident, ...] = ()
    maintenances: tuple[Incident, ...] = ()
    components: tuple[Component, ...] = ()
    #: Whether `components` is the whole list; False where a platform cuts it, so that absence tells nothing.
    components_complete: bool = True
    #: Whether incidents and updates call components by their ids; another answer of the page has the names.
    components_by_id: bool = False
    #: Whether the answer has a list of components though nothing is in it.
    components_listed: bool = False
    #: What was left out of this answer because it could not be read; the absence of such an entry proves nothing.
    omissions: tuple[Omission, ...] = ()
    #: Whether the answer lists all that goes on and nothing that ended, so that an incident ends by no longer being
    #: listed.
    open_only: bool = False
    #: How far the lists of what it holds reach; where it is `open_only`, both hold all.
    incidents_reach: Reach = Reach.NOTHING
    maintenances_reach: Reach = Reach.NOTHING
    #: Of a list that is a window: whatever changed since this long ago is in it for certain. None: not known.
    window: timedelta | None = None
    #: Words that stand where a status should and are not known for one, as written, each once.
    unknown_words: tuple[str, ...] = ()
    #: By key of an update (`incident/update`): keys under which it was known before the page showed more or was read
    #: otherwise. One of them makes it known.
    former_keys: dict[str, tuple[str, ...]] = {}
    #: The same where the page makes its ids anew with every answer: kept beside the key, so that they last.
    alias_keys: dict[str, tuple[str, ...]] = {}
    #: Keys of updates without an id of their own that stand for an incident's newest one: another answer of the page
    #: lists all of them with ids, and these give way to that.
    stand_ins: tuple[str, ...] = ()


class OpenIncident(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of an incident or maintenance that goes on or is planned, and what `status` shows of it."""

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
    #: Whether it has passed the filters, so that what follows is told.
    is_followed: bool = False


def is_made(entry_id: str) -> bool:
    """Tell whether an id was made here, so that no address of the vendor's holds it."""
    return entry_id.startswith(MADE)


def worst_impact(impacts: "list[Impact | None]") -> Impact | None:
    """Return the worst of what a page says; maintenance shows, but anything that does not work is worse."""
    order = [Impact.NONE, Impact.MAINTENANCE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL]
    known = [impact for impact in impacts if impact is not None]
    return max(known, key=order.index) if known else None
