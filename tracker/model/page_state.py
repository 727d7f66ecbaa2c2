"""What is remembered of a page between two polls.

`PageState` is small and read at every poll; `PageView` is what people ask about and what component changes are
compared with, read only when an answer changed. How both are written down is `tracker.store.codec`'s affair.
"""

from datetime import datetime

import msgspec

from tracker.model.page import Component, ComponentStatus, Impact, Omission, OpenIncident, worst_impact
from tracker.model.provider import Validators

#: How bad it is that a component has a status; of an unknown one nothing is known.
COMPONENT_IMPACT = {
    ComponentStatus.OPERATIONAL: Impact.NONE,
    ComponentStatus.DEGRADED_PERFORMANCE: Impact.MINOR,
    ComponentStatus.PARTIAL_OUTAGE: Impact.MAJOR,
    ComponentStatus.MAJOR_OUTAGE: Impact.CRITICAL,
    ComponentStatus.UNDER_MAINTENANCE: Impact.MAINTENANCE,
}


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a page's news come from: found once, used until it stops fitting."""

    format: str
    #: URL that is asked at every poll.
    primary: str
    #: URLs that are asked when the primary answer changed.
    details: tuple[str, ...] = ()


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is remembered of the last answer of one URL."""

    validators: Validators = Validators()
    #: Digest of the body, for servers without validators.
    digest: str | None = None
    #: The page's own clock in that answer, as far as it proves something (`tracker.detection.page_clock`).
    stamp: datetime | None = None
    #: Whether that clock was ahead of ours.
    is_ahead: bool = False
    #: When the page said that it has no such endpoint (404), None if it has.
    missing_since: datetime | None = None
    #: What was left out of it.
    omissions: tuple[Omission, ...] = ()


class PageState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a poll needs to know before it asks."""

    #: URL of the provider when this was learnt; another one means another page.
    url: str = ""
    #: Whether the page was seen before; False makes the next answer a baseline.
    seeded: bool = False
    source: Source | None = None
    #: When the source was last looked for again without success, because it had stopped fitting; of a lesser source,
    #: when a better one was last looked for (`tracker.polling.lesser`).
    searched_at: datetime | None = None
    #: Up to when the source before this one could be read, while not all of this one was: what it shows is compared
    #: with `PageView.recent` until then.
    moved_at: datetime | None = None
    #: By URL.
    answers: dict[str, Answer] = {}
    #: Up to when the page was known, if the data server has lost what it knew since and nothing was read after that:
    #: what was told then is known from the record (`tracker.delivery.recorder`).
    known_until: datetime | None = None
    #: Digest of what the primary answer means (`tracker.detection.snapshots.projection`).
    projection: str | None = None
    #: Since when the page has answered with an earlier clock than it already showed.
    stale_since: datetime | None = None
    #: Since when details have been older than the primary answer.
    lagging_since: datetime | None = None
    #: Since when not all that belongs to the primary answer could be read.
    unsettled_since: datetime | None = None
    #: Why a detail could not be read at the last change, None if all could.
    detail_failure: str | None = None
    #: How many polls in a row failed.
    failures: int = 0
    #: Since when, and why: `PollError.reason` and its sentence.
    failing_since: datetime | None = None
    failure_reason: str | None = None
    failure: str | None = None
    #: Since when the page counts as unreadable, None while it does not.
    unreadable_since: datetime | None = None
    #: When something was told last.
    changed_at: datetime | None = None
    #: When the page changed last while an incident was open that its filters let pass; None while there is none.
    incident_at: datetime | None = None
    #: Since when nothing has changed on the page, told or not, with nothing open or planned; None while there is.
    quiet_since: datetime | None = msgspec.field(default=None, name="calm_since")

    @property
    def omissions(self) -> tuple[Omission, ...]:
        """Return what was left out of the last answers of the source, each kind of it once."""
        urls = (self.source.primary, *self.source.details) if self.source else ()
        known = (self.answers.get(url, Answer()) for url in urls)
        return tuple(dict.fromkeys(omission for answer in known for omission in answer.omissions))

    @property
    def is_unknown(self) -> bool:
        """Tell whether what the page says is unknown: never read, or not for some polls now."""
        return self.unreadable_since is not None or not self.seeded


class RecentIncident(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is remembered of an incident to know it again on another platform (`tracker.detection.migration`)."""

    id: str
    name: str
    #: Last segment of its link's path, "" where there is none.
    slug: str = ""
    first_at: datetime | None = None
    newest_at: datetime | None = None
    #: How many updates are of the minute before the newest one, that one included.
    newest_count: int = 0
    #: Of the texts of its updates, the newest last.
    texts: tuple[str, ...] = ()


class Trace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was shown and told last of an incident or a maintenance, whether it goes on or not."""

    #: Its own status, as the page showed it last.
    status: str
    #: Its impact, as the page said it last; None where it never did.
    impact: Impact | None = None
    #: The newest update that it showed, and that one's status; None where it showed none.
    update_id: str | None = None
    update_status: str | None = None
    #: The status that was told last, by an update or without one; None: `status`.
    reported: str | None = msgspec.field(default=None, name="told")
    #: Whether it was taken to have ended because the page listed it no longer.
    is_absent: bool = False
    #: How many changes were told that no update says, and the names of the first of them.
    changes: int = 0
    names: tuple[str, ...] = ()


class PageView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a page, for people and for the next comparison."""

    name: str | None = None
    indicator: Impact | None = None
    #: By component id.
    components: dict[str, Component] = {}
    #: Those that were listed once and are not any more, by id, the one that went last at the end.
    gone_components: dict[str, Component] = {}
    open_incidents: tuple[OpenIncident, ...] = ()
    open_maintenances: tuple[OpenIncident, ...] = ()
    #: Maintenances that have not begun.
    planned_maintenances: tuple[OpenIncident, ...] = ()
    #: Ids of those of the three that the last answer did not list though it should have.
    missing: tuple[str, ...] = ()
    #: Ids of components that did not work and that the last whole list did not hold.
    missing_components: tuple[str, ...] = ()
    #: Ids of incidents that the last answer showed in an earlier state, on a page without a clock.
    doubted: tuple[str, ...] = ()
    #: By incident id, the one seen last at the end.
    traces: dict[str, Trace] = {}
    #: Whether `components` is the whole list.
    components_complete: bool = False
    #: Components and regions that incidents of the page named, the last ones first.
    named_components: tuple[str, ...] = ()
    named_regions: tuple[str, ...] = ()
    #: Ids of components whose fall was told, and whose return was not yet.
    falls_reported: tuple[str, ...] = msgspec.field(default=(), name="falls_told")
    #: Incidents and maintenances seen of late, the newest first.
    recent: tuple[RecentIncident, ...] = ()
    #: Words of the last answer for a status that are not known.
    unknown_words: tuple[str, ...] = ()

    @property
    def going_on(self) -> tuple[OpenIncident, ...]:
        """Return the incidents and maintenances that go on or are planned."""
        return (*self.open_incidents, *self.open_maintenances, *self.planned_maintenances)

    @property
    def known_statuses(self) -> tuple[Component, ...]:
        """Return the listed components, and those that did not work when the last list came without them.

        Whether these are over is for the next list to say.
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

        An open incident of which the vendor does not say how bad it is counts as minor. A maintenance shows as such,
        never as anything that does not work.
        """
        # What vendors say of a maintenance's impact is no word on the page.
        maintenances = [Impact.MAINTENANCE for _ in self.open_maintenances]
        incidents = [incident.impact or Impact.MINOR for incident in self.open_incidents]
        components = [COMPONENT_IMPACT.get(component.status) for component in self.known_statuses]
        return worst_impact([self.indicator, *maintenances, *incidents, *components])


class UpdateDigest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of one update's text."""

    #: See `tracker.model.text_digest.text_digest`; None while the page has shown no text.
    digest: str | None = None
    #: See `tracker.model.text_digest.words_digest`; None in what a version before this field wrote.
    words: str | None = None
    #: How many changed answers in a row have shown the incident without this update.
    missing: int = 0
    #: How many times its text became another one, and beginnings of the digests of what it became, the last ones.
    edits: int = 0
    edited_to: tuple[str, ...] = ()
    #: How many times it was withdrawn.
    withdrawals: int = 0
