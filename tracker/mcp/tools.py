"""The eight tools. Each answers one question of an engineer on call, and none changes anything."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal, TypeVar

from pydantic import Field

from tracker.alerting.alert import Alert
from tracker.assessment import KnownPage, State, assess_component
from tracker.assessment import is_it_them as verdict_of
from tracker.history import DayState, FeedFilter
from tracker.mcp import shaping
from tracker.mcp.answers import (
    FoundUpdates,
    HealthCheck,
    IncidentHistory,
    IsItThemAnswer,
    Maintenances,
    OpenIncidents,
    ProviderPast,
    StackStatus,
    TrackerHealth,
    Words,
)
from tracker.mcp.fence import prose, reference, referred, title
from tracker.mcp.knowledge import Knowledge, Unanswerable, age_of, page_called, pages_of
from tracker.model.page import SEVERITIES, Component, Impact

#: Entries of one answer; an agent's context is short.
MOST: Final = 50
#: Alerts that are read for an answer: of all providers, drills among them, and of one.
_READ: Final = 2 * MOST
_OF_ONE: Final = 1000
_MOST_DAYS: Final = 90
_NEVER: Final = datetime.max.replace(tzinfo=UTC)

Provider = Annotated[str, Field(max_length=200, description="Id or name of the provider.")]
AnyProvider = Annotated[
    str | None, Field(max_length=200, description="Id or name of a provider; without it, all providers.")
]
Group = Annotated[str | None, Field(max_length=200, description="Only providers of this group.")]
Limit = Annotated[int, Field(ge=1, le=MOST, description="The most entries to return.")]
T = TypeVar("T")


class Tools:
    """The questions that agents may ask. Every method raises Unanswerable, SearchTooWide, StoreError, HistoryError."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def is_it_them(
        self,
        provider: Provider,
        component: Annotated[str | None, Field(max_length=500, description="Id or name of one component.")] = None,
        max_age_seconds: Annotated[
            float | None, Field(ge=0, le=86_400, description="With older data the answer is unknown.")
        ] = None,
    ) -> IsItThemAnswer:
        """Answer whether a vendor, or one of its components, has a problem now: yes, no or unknown."""
        now = self._knowledge.clock()
        page = page_called(self._knowledge.pages(), provider)
        found = page.assessment
        if component is not None:
            named = _component(page, component)
            found = assess_component(page.provider, page.state, named, page.checked_at, now)
        verdict = verdict_of(found, link=None, max_age_s=max_age_seconds)
        links = (incident.link for incident in page.view.open_incidents if incident.link)
        return IsItThemAnswer(
            **shaping.aged(page, now),
            answer=verdict.answer,
            provider=page.provider.id,
            state=verdict.state,
            reason=found.reason.value,
            untrusted=Words(title=title(verdict.evidence), link=next(map(title, links), None)),
        )

    def stack_status(self, group: Group = None) -> StackStatus:
        """Count the watched vendors by state, and list those that are not operational, the worst first."""
        now = self._knowledge.clock()
        pages = pages_of(self._knowledge.pages(), group)
        checked_at, age = age_of(pages, now)
        troubled = sorted(
            (page for page in pages if page.assessment.state is not State.OPERATIONAL),
            key=lambda page: page.assessment.state.rank,
        )
        return StackStatus(
            checked_at=checked_at,
            age_seconds=age,
            providers=len(pages),
            counts={state.value: n for state in State if (n := sum(p.assessment.state is state for p in pages))},
            not_operational=tuple(shaping.provider_now(page, now) for page in troubled[:MOST]),
            is_cut=len(troubled) > MOST,
        )

    def list_open_incidents(
        self,
        provider: AnyProvider = None,
        group: Group = None,
        min_impact: Annotated[
            Literal["none", "minor", "major", "critical"], Field(description="The lowest impact to include.")
        ] = "none",
        limit: Limit = 20,
    ) -> OpenIncidents:
        """List ongoing incidents, the worst first; an incident without an impact counts as minor."""
        now = self._knowledge.clock()
        pages = self._pages(provider, group)
        least = SEVERITIES.index(Impact(min_impact))
        found = [
            (_rank(incident.impact), page, incident)
            for page in pages
            for incident in page.view.open_incidents
            if _rank(incident.impact) >= least
        ]
        found.sort(key=lambda each: -each[0])
        checked_at, age = age_of(pages, now)
        return OpenIncidents(
            checked_at=checked_at,
            age_seconds=age,
            source_url=pages[0].provider.url if len(pages) == 1 else None,
            incidents=tuple(
                shaping.open_incident(page, incident, now, is_maintenance=False)
                for _, page, incident in found[:limit]
            ),
            is_cut=len(found) > limit,
        )  # fmt: skip

    def get_incident(
        self, id: Annotated[str, Field(max_length=2000, description="The `id` of an incident in another answer.")]
    ) -> IncidentHistory:
        """Show one incident or maintenance with its updates, edits and withdrawals, and its alerts."""
        now = self._knowledge.clock()
        provider_id, incident_id = referred(id)
        ledger = self._knowledge.history().ledger(provider_id, incident_id, now)
        if ledger is None:
            raise Unanswerable("no incident with that id is on record; list_open_incidents and search_updates show ids")
        recorded = ledger.incident
        page = next((each for each in self._knowledge.pages() if each.provider.id == provider_id), None)
        alerts = [alert for alert in self._alerts(provider_id=provider_id) if alert.subject == incident_id]
        age = shaping.aged(page, now) if page else {"checked_at": None, "age_seconds": None}
        return IncidentHistory(
            **age,
            id=reference(provider_id, incident_id),
            provider=provider_id,
            impact=None if recorded.impact is None else recorded.impact.value,
            worst_impact=None if recorded.worst_impact is None else recorded.worst_impact.value,
            is_maintenance=recorded.is_maintenance,
            began_at=recorded.began_at,
            ended_at=recorded.ended_at,
            updates=recorded.updates,
            edits=recorded.edits,
            withdrawals=recorded.withdrawals,
            untrusted=shaping.recorded_words(recorded),
            ledger=tuple(map(shaping.entry, ledger.entries[-MOST:])),
            is_cut=len(ledger.entries) > MOST,
            alerts=tuple(map(shaping.alert_now, alerts[-MOST:])),
        )

    def search_updates(
        self,
        text: Annotated[
            str, Field(max_length=200, description="Words that must all occur in title, text or components.")
        ],
        since: Annotated[datetime | None, Field(description="Only updates seen since this time (RFC 3339).")] = None,
        provider: AnyProvider = None,
        limit: Limit = 20,
    ) -> FoundUpdates:
        """Search the updates on record for words; list the newest first."""
        now = self._knowledge.clock()
        pages = self._pages(provider, None)
        wanted = FeedFilter(
            text=text.strip(),
            since=_utc(since),
            providers=None if provider is None else (pages[0].provider.id,),
        )
        feed = self._knowledge.history().feed(wanted, limit=limit + 1)
        checked_at, age = age_of(pages, now)
        return FoundUpdates(
            checked_at=checked_at,
            age_seconds=age,
            source_url=pages[0].provider.url if len(pages) == 1 else None,
            updates=tuple(shaping.found_update(item.event) for item in feed.items[:limit]),
            is_cut=len(feed.items) > limit,
        )

    def provider_history(
        self,
        provider: Provider,
        days: Annotated[int, Field(ge=1, le=_MOST_DAYS, description="The number of days, today included.")] = 30,
    ) -> ProviderPast:
        """Show a vendor's last days: the number of days in each state, the days with problems, and the incidents."""
        now = self._knowledge.clock()
        page = page_called(self._knowledge.pages(), provider)
        past = self._knowledge.history().provider(page.provider.id, now, days)
        return ProviderPast(
            **shaping.aged(page, now),
            provider=page.provider.id,
            days=len(past.days),
            days_by_state=dict(shaping.counted(past.days)),
            days_not_operational=tuple(
                shaping.day_now(day) for day in past.days if day.state is not DayState.OPERATIONAL
            ),
            incidents=tuple(map(shaping.past_incident, past.incidents[:MOST])),
            is_cut=len(past.incidents) > MOST,
        )

    def upcoming_maintenance(
        self,
        days: Annotated[int, Field(ge=1, le=_MOST_DAYS, description="The number of days to look ahead.")] = 7,
        provider: AnyProvider = None,
        group: Group = None,
    ) -> Maintenances:
        """List maintenance that is ongoing or begins within the next days, the earliest first."""
        now = self._knowledge.clock()
        pages = self._pages(provider, group)
        until = now + timedelta(days=days)
        found = [
            (each.scheduled_for or (now if is_going_on else _NEVER), page, each, is_going_on)
            for page in pages
            for is_going_on, those in ((True, page.view.open_maintenances), (False, page.view.planned_maintenances))
            for each in those
            if is_going_on or each.scheduled_for is None or each.scheduled_for <= until
        ]
        found.sort(key=lambda each: each[0])
        checked_at, age = age_of(pages, now)
        return Maintenances(
            checked_at=checked_at,
            age_seconds=age,
            source_url=pages[0].provider.url if len(pages) == 1 else None,
            maintenances=tuple(
                shaping.planned(page, each, now, is_going_on=is_going_on) for _, page, each, is_going_on in found[:MOST]
            ),
            is_cut=len(found) > MOST,
        )

    def tracker_health(self) -> TrackerHealth:
        """Check whether the tracker itself works; show a remedy for each problem, and the open alerts."""
        diagnosis = self._knowledge.diagnosis()
        is_away = any(check.name == "data_server" and check.level == "problem" for check in diagnosis.checks)
        shown = [] if is_away else [alert for alert in self._alerts(is_open=True) if alert.drill is None]
        return TrackerHealth(
            checked_at=diagnosis.checked_at,
            age_seconds=0.0,
            level=diagnosis.level.value,
            checks=tuple(
                HealthCheck(
                    name=check.name,
                    level=check.level.value,
                    remedy=check.remedy,
                    untrusted_finding=prose(check.finding),
                )
                for check in diagnosis.checks
            ),
            open_alerts=tuple(map(shaping.alert_now, shown[-MOST:])),
            is_cut=len(shown) > MOST,
        )

    def _alerts(self, *, is_open: bool | None = None, provider_id: str | None = None) -> Sequence[Alert]:
        """Return the alerts that opened last, of one provider or of all, the oldest first."""
        alerts, asked = self._knowledge.alerts, () if provider_id is None else (provider_id,)
        count = _READ if provider_id is None else _OF_ONE
        found = alerts.places(is_open=is_open, provider_ids=asked, count=count)
        return alerts.named([place.id for place in reversed(found)])

    def _pages(self, provider: str | None, group: str | None) -> Sequence[KnownPage]:
        pages = pages_of(self._knowledge.pages(), group)
        return pages if provider is None else [page_called(pages, provider)]


def _component(page: KnownPage, word: str) -> Component:
    """Return the component with this id, or else with this name in any case. Raises Unanswerable."""
    listed = page.view.known_statuses
    same = _first(each for each in listed if each.id == word)
    if same is not None:
        return same
    named = [each for each in listed if each.name.casefold() == word.casefold()]
    if len(named) == 1:
        return named[0]
    if named:
        raise Unanswerable(f"{page.provider.id} has several components with this name; give the id of one")
    raise Unanswerable(f"{page.provider.id} has no component with that id or name; leave `component` out")


def _rank(impact: Impact | None) -> int:
    return SEVERITIES.index(impact if impact in SEVERITIES else Impact.MINOR)


def _first(found: Iterable[T]) -> T | None:
    return next(iter(found), None)


def _utc(moment: datetime | None) -> datetime | None:
    """Return a moment in UTC; one without a zone is taken to be."""
    if moment is None:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise Unanswerable("`since` is out of range; give a time such as 2026-11-27T10:00:00Z") from None
