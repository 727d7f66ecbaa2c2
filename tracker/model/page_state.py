"""The knowledge of a page that outlives a poll.

`PageState` is small and read at every poll; `PageView` holds the contents that people see and that answers are compared
with, and is read only when an answer changed. `tracker.store.codec` writes both down.
"""

from datetime import datetime

import msgspec

from tracker.model.format_definition import FormatDefinition
from tracker.model.page import Component, ComponentStatus, Impact, Omission, OpenIncident, worst_impact
from tracker.model.provider import Validators

#: The severity of each status of a component; an unknown status has none.
COMPONENT_IMPACT = {
    ComponentStatus.OPERATIONAL: Impact.NONE,
    ComponentStatus.DEGRADED_PERFORMANCE: Impact.MINOR,
    ComponentStatus.PARTIAL_OUTAGE: Impact.MAJOR,
    ComponentStatus.MAJOR_OUTAGE: Impact.CRITICAL,
    ComponentStatus.UNDER_MAINTENANCE: Impact.MAINTENANCE,
}


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The URLs of a page: found once, used until they no longer fit."""

    format: str
    #: The URL that every poll requests.
    primary: str
    #: URLs that are requested when the primary answer changed.
    details: tuple[str, ...] = ()
    #: The format where the catalogue defines it; a changed one means that the source no longer holds.
    definition: FormatDefinition | None = None


class KnownAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The remembered part of the last answer of one URL."""

    validators: Validators = Validators()
    #: Digest of the body, for servers without validators.
    digest: str | None = None
    #: The page's own time in that answer, if it proves anything (`tracker.detection.page_clock`).
    stamp: datetime | None = None
    #: Whether that clock was ahead of this machine's.
    is_ahead: bool = False
    #: When the page said that it has no such endpoint (404), None if it has.
    missing_since: datetime | None = None
    #: Entries that were left out of it.
    omissions: tuple[Omission, ...] = ()


class Relocation(msgspec.Struct, frozen=True, kw_only=True):
    """Searches for the source of a page, and its moves."""

    #: The source at the address that the provider had before, until the page was read at the new one.
    former: Source | None = None
    #: When the last search for a source failed, after the known one had stopped fitting; of a lesser source, when the
    #: last search for a better one was (`tracker.polling.lesser`).
    searched_at: datetime | None = None
    #: When the former source was last read. Set until all of this source was read; until then, its incidents are
    #: compared with `PageView.recent`.
    moved_at: datetime | None = None


class Gaps(msgspec.Struct, frozen=True, kw_only=True):
    """Questions that the last answers left open."""

    #: Since when the page has answered with an earlier clock than it already showed.
    stale_since: datetime | None = None
    #: Since when details have been older than the primary answer.
    lagging_since: datetime | None = None
    #: Since when a part of the page could not be read.
    unsettled_since: datetime | None = None
    #: Why a detail could not be read at the last change, None if all were read.
    detail_failure: str | None = None


class Readability(msgspec.Struct, frozen=True, kw_only=True):
    """The failures of a page, and since when it cannot be read (`tracker.detection.readability`)."""

    #: How many polls in a row failed.
    failures: int = 0
    #: Since when, and why: `PollError.reason` and its sentence.
    failing_since: datetime | None = None
    failure_reason: str | None = None
    failure: str | None = None
    #: Since when the page counts as unreadable, None while it does not.
    unreadable_since: datetime | None = None


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """The times of the last changes of a page, which decide its pace (`tracker.scheduling.cadence`)."""

    #: When something was reported last.
    changed_at: datetime | None = None
    #: When the page last changed while an incident that passes the filters was open; None while there is none.
    incident_at: datetime | None = None
    #: Since when nothing has changed on the page, reported or not, with nothing open or planned; None while there is.
    quiet_since: datetime | None = None


class PageState(msgspec.Struct, frozen=True, kw_only=True):
    """The knowledge that a poll needs before its first request; `tracker.store.stored_state` stores it."""

    #: The provider's URL at that time; at another one the page is searched for, and known again as after a move.
    url: str = ""
    #: Whether the page was read before; False makes the next answer a baseline.
    seeded: bool = False
    #: The version of the keys by which it is known (`tracker.model.keys`); 0 of versions before those keys.
    keys_version: int = 0
    source: Source | None = None
    #: By URL.
    answers: dict[str, KnownAnswer] = {}
    #: Digest of the primary answer's meaning (`tracker.detection.snapshots.projection`).
    projection: str | None = None
    #: Up to when the page is known, if the data server has lost its state and nothing was read since: the record has
    #: all that was reported until then (`tracker.delivery.recorder`).
    known_until: datetime | None = None
    relocation: Relocation = Relocation()
    gaps: Gaps = Gaps()
    readability: Readability = Readability()
    activity: Activity = Activity()

    @property
    def omissions(self) -> tuple[Omission, ...]:
        """Return the omissions of the source's last answers, each kind once."""
        urls = (self.source.primary, *self.source.details) if self.source else ()
        known = (self.answers.get(url, KnownAnswer()) for url in urls)
        return tuple(dict.fromkeys(omission for answer in known for omission in answer.omissions))

    @property
    def is_unknown(self) -> bool:
        """Return whether the state is unknown: the page was never read, or is unreadable."""
        return self.readability.unreadable_since is not None or not self.seeded


class RecentIncident(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The marks by which an incident is recognised on another platform (`tracker.detection.migration`)."""

    id: str
    name: str
    #: Last segment of its link's path, "" where there is none.
    slug: str = ""
    first_at: datetime | None = None
    newest_at: datetime | None = None
    #: How many updates fall into the minute of the newest one, that one included.
    newest_count: int = 0
    #: Digests of its updates' texts, the newest last.
    texts: tuple[str, ...] = ()


class Trace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last shown and reported state of an incident or a maintenance, ongoing or not."""

    #: Its own status, as the page showed it last.
    status: str
    #: Its last known impact, None if the page never said one.
    impact: Impact | None = None
    #: The newest update that it showed, and that one's status; None where it showed none.
    update_id: str | None = None
    update_status: str | None = None
    #: The status that was reported last, by an update or without one; None: `status`.
    reported: str | None = msgspec.field(default=None, name="told")
    #: Whether it counts as ended because the page no longer lists it.
    is_absent: bool = False
    #: How many inferred changes were reported, and the names of the first ones.
    changes: int = 0
    names: tuple[str, ...] = ()


class PageView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The knowledge of a page, for people and for the next comparison."""

    name: str | None = None
    indicator: Impact | None = None
    #: By component id.
    components: dict[str, Component] = {}
    #: Components that left the list, by id, the last one at the end.
    gone_components: dict[str, Component] = {}
    open_incidents: tuple[OpenIncident, ...] = ()
    open_maintenances: tuple[OpenIncident, ...] = ()
    #: Maintenances that have not begun.
    planned_maintenances: tuple[OpenIncident, ...] = ()
    #: Ids of incidents and maintenances that the last answer lacked although it lists all open ones.
    missing: tuple[str, ...] = ()
    #: Ids of broken components that the last complete list lacked.
    missing_components: tuple[str, ...] = ()
    #: Ids of incidents that the last answer showed in an earlier state; only for pages without a clock.
    doubted: tuple[str, ...] = ()
    #: By incident id, the one seen last at the end.
    traces: dict[str, Trace] = {}
    #: Whether `components` is the whole list.
    components_complete: bool = False
    #: Components and regions that incidents of the page named, the last ones first.
    named_components: tuple[str, ...] = ()
    named_regions: tuple[str, ...] = ()
    #: Ids of components whose fall was reported and whose return was not yet.
    falls_reported: tuple[str, ...] = msgspec.field(default=(), name="falls_told")
    #: Recent incidents and maintenances, the newest first.
    recent: tuple[RecentIncident, ...] = ()
    #: Unknown words for a status in the last answer.
    unknown_words: tuple[str, ...] = ()

    @property
    def going_on(self) -> tuple[OpenIncident, ...]:
        """Return the open and planned incidents and maintenances."""
        return (*self.open_incidents, *self.open_maintenances, *self.planned_maintenances)

    @property
    def known_statuses(self) -> tuple[Component, ...]:
        """Return the listed components, and broken ones that the last list lacked.

        The next list decides whether these work again.
        """
        missing = (self.gone_components.get(component_id) for component_id in self.missing_components)
        return (*self.components.values(), *(component for component in missing if component))

    @property
    def impaired_components(self) -> tuple[Component, ...]:
        """Return the components that do not work as they should, maintenance included, by name."""
        fine = {ComponentStatus.OPERATIONAL, ComponentStatus.UNKNOWN}
        impaired = [component for component in self.known_statuses if component.status not in fine]
        return tuple(sorted(impaired, key=lambda component: (component.name.casefold(), component.id)))

    @property
    def impact(self) -> Impact | None:
        """Return the worst of indicator, open incidents and components, which disagree in practice.

        An open incident without an impact counts as minor. A maintenance is shown as such and never as a failure.
        """
        # The impact of a maintenance says nothing about the state of the page.
        maintenances = [Impact.MAINTENANCE for _ in self.open_maintenances]
        incidents = [incident.impact or Impact.MINOR for incident in self.open_incidents]
        components = [COMPONENT_IMPACT.get(component.status) for component in self.known_statuses]
        return worst_impact([self.indicator, *maintenances, *incidents, *components])


class UpdateDigest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The known texts of one update, as digests."""

    #: See `tracker.model.text_digest.text_digest`; None while the page has shown no text.
    digest: str | None = None
    #: See `tracker.model.text_digest.words_digest`; None in states of versions before this field.
    words: str | None = None
    #: How many changed answers in a row have shown the incident without this update.
    missing: int = 0
    #: How many times its text changed, and the beginnings of the digests of its last texts.
    edits: int = 0
    edited_to: tuple[str, ...] = ()
    #: How many times it was withdrawn.
    withdrawals: int = 0
