"""The answers of the history: frozen values, times aware UTC."""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from tracker.model.event import Event
from tracker.model.page import Impact


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """The window of a maintenance, as the vendor announced it at one time."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    #: When the tracker saw this window first.
    seen_at: datetime


class ImpactPhase(msgspec.Struct, frozen=True, kw_only=True):
    """The impact of an incident from one moment on."""

    since: datetime
    impact: Impact | None = None


class RecordedIncident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident or a maintenance in the state of its last events."""

    provider: str
    provider_name: str
    incident_id: str
    title: str
    status: str
    is_maintenance: bool = False
    impact: Impact | None = None
    worst_impact: Impact | None = None
    link: str | None = None
    components: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    #: When its first event was published, or seen where the vendor does not say.
    began_at: datetime
    first_seen_at: datetime
    updated_at: datetime
    #: When the update that ended it was published or seen; None while it is ongoing or planned.
    ended_at: datetime | None = None
    #: Only of a maintenance: each window that was announced, the present one last.
    windows: tuple[Window, ...] = ()
    #: The phases of its impact, oldest first.
    phases: tuple[ImpactPhase, ...] = ()
    #: Grows with each change of the window or of whether it is cancelled (RFC 5545, SEQUENCE).
    revision: int = 0
    updates: int = 0
    edits: int = 0
    withdrawals: int = 0

    @property
    def window(self) -> Window | None:
        """Return the present window of a maintenance."""
        return self.windows[-1] if self.windows else None

    @property
    def is_cancelled(self) -> bool:
        """Return whether it is a maintenance that will not take place."""
        return self.status == "cancelled"


class FeedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the record with its place in the history."""

    #: Grows by at least one from event to event, in the record's order.
    seq: int
    stream_id: str
    event: Event


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of events."""

    items: tuple[FeedItem, ...]
    #: `seq` before which the next page goes on; None at the end.
    next_before: int | None = None


class FeedFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A filter of events; an empty one takes all."""

    #: Provider ids; None: of all providers, (): of none.
    providers: tuple[str, ...] | None = None
    #: Kinds of events; (): all.
    kinds: tuple[str, ...] = ()
    #: Impacts; (): all.
    impacts: tuple[str, ...] = ()
    #: Words that must all be in title, text, components or provider; "": any.
    text: str = ""
    #: Seen from here on, and before that.
    since: datetime | None = None
    until: datetime | None = None


class IncidentFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A filter of incidents and maintenances; an empty one takes all."""

    providers: tuple[str, ...] | None = None
    is_maintenance: bool | None = None
    is_open: bool | None = None
    #: Those that went on at some time from here on, and before that.
    since: datetime | None = None
    until: datetime | None = None


class IncidentList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of incidents, those that began last first."""

    items: tuple[RecordedIncident, ...]
    #: The cursor of the next page; None at the end.
    next_cursor: str | None = None


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One event of an incident, an edit with its former text."""

    item: FeedItem
    previous_message: str | None = None


class IncidentLedger(msgspec.Struct, frozen=True, kw_only=True):
    """An incident with all of its events on record, and the changes of its provider's components meanwhile."""

    incident: RecordedIncident
    entries: tuple[LedgerEntry, ...]
    component_changes: tuple[FeedItem, ...] = ()


class ComponentChange(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which a component had one status."""

    provider: str
    component_id: str
    name: str
    status: str
    began_at: datetime
    #: None while it has it.
    ended_at: datetime | None = None


class UnreadableSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which a page could not be read, so that its state is unknown."""

    provider: str
    began_at: datetime
    ended_at: datetime | None = None
    reason: str = ""


class DayState(StrEnum):
    """The state of a provider on one day, the worst first; unknown for a day without knowledge."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    MAINTENANCE = "maintenance"
    OPERATIONAL = "operational"
    UNKNOWN = "unknown"


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day (UTC) of a provider."""

    day: date
    #: The worst known state of the day; unknown where the page was not read that day.
    state: DayState
    #: Minutes in which the page could not be read; all that have passed where it was not read at all.
    unknown_minutes: int = 0
    #: Minutes of each impact that was worse than none, by impact; those that overlap count for the worst.
    minutes: dict[str, int] = {}
    #: Polls that read the page, and polls that failed; None where they were not counted.
    polls_read: int | None = None
    polls_failed: int | None = None
    incidents: tuple[str, ...] = ()


class ProviderHistory(msgspec.Struct, frozen=True, kw_only=True):
    """The record of one provider since a day."""

    provider: str
    #: Oldest first, today last.
    days: tuple[Day, ...]
    #: Those that went on at some time since then, the newest first.
    incidents: tuple[RecordedIncident, ...] = ()
    component_changes: tuple[ComponentChange, ...] = ()
    unreadable: tuple[UnreadableSpan, ...] = ()
