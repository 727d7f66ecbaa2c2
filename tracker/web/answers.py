"""The API's answers: frozen values that msgspec writes as JSON. Fields may be added, never changed."""

from datetime import datetime
from typing import Any

import msgspec

from tracker.assessment import Answer, State
from tracker.history import FeedItem, RecordedIncident
from tracker.model.event import Event
from tracker.model.page import Component, OpenIncident
from tracker.web.now import PageNow


class Aged(msgspec.Struct, frozen=True, kw_only=True):
    """The age of an answer's data."""

    #: When the page was last read; the earliest time of several pages. None if one was never read.
    checked_at: datetime | None
    #: Seconds since `checked_at`.
    age_seconds: float | None


class ProviderState(Aged, frozen=True, kw_only=True):
    """The present state of a provider."""

    id: str
    name: str
    url: str
    group: str | None
    state: State
    #: The source of the state: `indicator`, `incident`, `component`, `maintenance`, `nothing`, `never_asked`,
    #: `unreadable`, `stale`.
    reason: str
    #: The reason for the state in the vendor's words, or the reason why it is unknown.
    evidence: str
    #: The last known state, if the state is unknown.
    last_state: State | None
    interval_s: int
    changed_at: datetime | None
    open_incidents: int
    open_maintenances: int
    impaired_components: int


class ProviderDetail(ProviderState, frozen=True, kw_only=True):
    """A provider with its components, incidents and maintenances."""

    indicator: str | None
    incidents: tuple[OpenIncident, ...]
    maintenances: tuple[OpenIncident, ...]
    planned_maintenances: tuple[OpenIncident, ...]
    components: tuple[Component, ...]


class Providers(Aged, frozen=True, kw_only=True):
    """Some of the providers; `next` continues the list."""

    items: tuple[ProviderState, ...]
    #: The `cursor` of the next page; None at the end.
    next: str | None = None


class ComponentState(Aged, frozen=True, kw_only=True):
    """The present state of a component."""

    provider: str
    id: str
    name: str
    group: str | None
    region: str | None
    #: The vendor's status.
    status: str
    #: The state of the component; unknown if the page's state is unknown.
    state: State


class Components(Aged, frozen=True, kw_only=True):
    """Some of the components; `next` continues the list."""

    items: tuple[ComponentState, ...]
    next: str | None = None


class Incidents(Aged, frozen=True, kw_only=True):
    """Some of the incidents or maintenances; `next` continues the list."""

    items: tuple[RecordedIncident, ...]
    next: str | None = None


class IncidentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One event of an incident; an edit has the text before it, too."""

    cursor: str
    event: Event
    previous_message: str | None = None


class IncidentDetail(Aged, frozen=True, kw_only=True):
    """An incident with its ledger, oldest first."""

    incident: RecordedIncident
    entries: tuple[IncidentEntry, ...]
    component_changes: tuple[Event, ...]


class Updates(Aged, frozen=True, kw_only=True):
    """Events: with `since` those after that cursor, the oldest first; otherwise the newest first."""

    items: tuple[Event, ...]
    #: Cursors: `since` for the updates after this answer, `before` for those before it.
    since: str
    before: str | None = None


class IsItThem(Aged, frozen=True, kw_only=True):
    """Whether a vendor has a problem: `yes`, `no` or `unknown`, never a guess."""

    answer: Answer
    provider: str
    component: str | None
    state: State
    evidence: str
    link: str | None
    #: The same as `age_seconds`.
    age: float | None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The health of the process, or of the services that it needs."""

    status: str
    problems: tuple[str, ...] = ()


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an act on a provider."""

    provider: str
    done: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The reason why a request failed (RFC 9457)."""

    title: str
    status: int
    detail: str = ""


def known(pages: "list[PageNow] | tuple[PageNow, ...]", now: datetime) -> tuple[datetime | None, float | None]:
    """Return the earliest last reading of the pages, and its age in seconds; None if one was never read."""
    moments = [page.assessment.read_at for page in pages]
    if not moments or any(moment is None for moment in moments):
        return None, None
    oldest = min(moment for moment in moments if moment is not None)
    return oldest, _age(oldest, now)


def provider_state(page: PageNow, now: datetime) -> ProviderState:
    """Return the present state of a provider."""
    return ProviderState(**_state_fields(page, now))


def provider_detail(page: PageNow, now: datetime) -> ProviderDetail:
    """Return a provider with its ongoing incidents and maintenances."""
    view = page.view
    return ProviderDetail(
        **_state_fields(page, now),
        indicator=view.indicator,
        incidents=view.open_incidents,
        maintenances=view.open_maintenances,
        planned_maintenances=view.planned_maintenances,
        components=view.known_statuses,
    )


def cursor_of(item: FeedItem) -> str:
    """Return the cursor of an event."""
    return item.stream_id


def _state_fields(page: PageNow, now: datetime) -> dict[str, Any]:
    provider, found = page.provider, page.assessment
    return {
        "checked_at": found.read_at,
        "age_seconds": None if found.read_at is None else _age(found.read_at, now),
        "id": provider.id,
        "name": provider.name,
        "url": provider.url,
        "group": provider.group,
        "state": found.state,
        "reason": found.reason.value,
        "evidence": found.evidence,
        "last_state": found.last_state,
        "interval_s": provider.interval_s,
        "changed_at": page.state.activity.changed_at,
        "open_incidents": len(page.view.open_incidents),
        "open_maintenances": len(page.view.open_maintenances),
        "impaired_components": len(page.view.impaired_components),
    }


def _age(moment: datetime, now: datetime) -> float:
    return round(max(0.0, (now - moment).total_seconds()), 1)
