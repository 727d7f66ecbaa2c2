"""The report of `status` and `once` on a page, in its stable form, and its text. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from tracker.assessment import Reason, State, assess
from tracker.cli.table import age
from tracker.detection.readability import incomplete
from tracker.model.component_names import labels
from tracker.model.filters import unmatched
from tracker.model.page import Component, OpenIncident
from tracker.scheduling.cadence import departure_s
from tracker.store.pages import PageStatus

#: Maintenances that begin later are not shown.
AHEAD: Final = timedelta(days=7)
#: The state of a page that was never requested: nothing is wrong with it yet.
NOT_ASKED: Final = "not asked yet"
_COMPONENTS_NAMED: Final = 3


class PageReport(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one page: the stable form of `status` and `once`."""

    provider: str
    provider_name: str
    group: str | None = None
    url: str
    #: `operational`, `minor`, `major`, `critical`, `maintenance`, `unknown` if it cannot be read now, or `not_asked`.
    state: str
    #: The source of the state: `indicator`, `incident`, `component`, `maintenance` or `nothing`; of an unknown one
    #: `unreadable` or `stale`, and `never_asked`.
    reason: str
    #: The time of the last reading, its age in seconds, and the state at that time if the state is unknown now.
    read_at: datetime | None = None
    age_s: float | None = None
    last_state: str | None = None
    incidents: tuple[OpenIncident, ...] = ()
    #: Maintenances that run.
    maintenances: tuple[OpenIncident, ...] = ()
    #: Maintenances that begin within 7 days, the next one first.
    planned_maintenances: tuple[OpenIncident, ...] = ()
    #: Components that do not work as they should.
    components: tuple[Component, ...] = ()
    checked_at: datetime | None = None
    #: Seconds between two polls where they differ from the interval now (`tracker.scheduling.cadence`).
    polled_every_s: float | None = None
    changed_at: datetime | None = None
    #: The time since when the page cannot be read, and the reason.
    failing_since: datetime | None = None
    error: str | None = None
    #: The reason why a part of the page is not read, None if all is.
    incomplete: str | None = None
    #: The filters of the provider that match nothing of the page, a sentence each.
    unmatched: tuple[str, ...] = ()
    #: Words of the page for a status that are not known.
    unknown_words: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """Return the state in words for people: a new page is not a broken one."""
        return NOT_ASKED if self.state == State.NOT_ASKED else self.state


def report(page: PageStatus, now: datetime, *, is_watched: bool = True) -> PageReport:
    """Return the report on a page; a page that is not watched has no next poll."""
    assessment = assess(page.provider, page.state, page.view, page.checked_at, now)
    return PageReport(
        provider=page.provider.id,
        provider_name=page.provider.name,
        group=page.provider.group,
        url=page.provider.url,
        state=assessment.state,
        reason=assessment.reason,
        read_at=assessment.read_at,
        age_s=assessment.age_s,
        last_state=assessment.last_state,
        incidents=page.view.open_incidents,
        maintenances=page.view.open_maintenances,
        planned_maintenances=_coming(page.view.planned_maintenances, now),
        components=page.view.impaired_components,
        checked_at=page.checked_at,
        polled_every_s=departure_s(page.provider, page.state, now) if is_watched else None,
        changed_at=page.state.activity.changed_at,
        failing_since=page.state.readability.failing_since,
        error=page.state.readability.failure,
        incomplete=incomplete(page.state),
        unmatched=unmatched(page.provider, page.view),
        unknown_words=page.view.unknown_words,
    )


def worst_first(reports: Iterable[PageReport]) -> list[PageReport]:
    """Return reports sorted by severity, then by name; pages that were not asked yet come behind unknown ones."""
    return sorted(
        reports,
        key=lambda each: (State(each.state).rank, each.provider_name.casefold(), each.provider),
    )


def summary(reports: Sequence[PageReport]) -> str:
    """Return the number of pages in each state, in one line, the worst first."""
    counts = Counter(each.word for each in reports)
    order = [*(state.value for state in State if state.is_problem), State.UNKNOWN.value, NOT_ASKED]
    order += [State.MAINTENANCE.value, State.OPERATIONAL.value]
    noun = "page" if len(reports) == 1 else "pages"
    parts = ", ".join(f"{counts[word]:,} {word}" for word in order if counts[word])
    return f"{len(reports):,} {noun}: {parts}" if parts else "no pages"


def what(row: PageReport, now: datetime) -> str:
    """Return the open incidents, in words."""
    last = f"; last read {age(row.read_at, now)}, then {row.last_state}" if row.read_at and row.last_state else ""
    if row.error:
        since = age(row.failing_since, now).removesuffix(" ago")
        return f"cannot be read for {since}: {row.error}{last if row.state == State.UNKNOWN else ''}"
    if row.reason == Reason.NEVER_ASKED:
        return ""
    if row.reason == Reason.STALE:
        return f"not read for too long{last}; `tracker doctor` says why"
    return "; ".join(_going_on(row))


def _going_on(row: PageReport) -> Iterable[str]:
    for incident in row.incidents:
        yield f"{incident.name} ({_words(incident.status)})"
    for known in row.maintenances:
        yield f"{known.name} ({_words(known.status)}{_time(' until', known.scheduled_until)})"
    yield from _impaired(row.components)
    for known in row.planned_maintenances:
        yield f"{known.name} (planned{_time(' for', known.scheduled_for)})"
    if row.incomplete:
        yield f"not all of it can be read: {row.incomplete}"
    if row.polled_every_s is not None:
        yield f"polled every {row.polled_every_s:g} s {'in this incident' if row.incidents else 'while quiet'}"
    for sentence in row.unmatched:
        yield f"filter {sentence}"
    if row.unknown_words:
        yield f"words for a status that are not known: {', '.join(row.unknown_words[:3])}"


def _coming(planned: Iterable[OpenIncident], now: datetime) -> tuple[OpenIncident, ...]:
    """Return the maintenances that begin soon and are not over; some pages still list long past ones as planned."""
    coming = [
        (begin, maintenance)
        for maintenance in planned
        if (begin := maintenance.scheduled_for) is not None
        and begin <= now + AHEAD
        and (maintenance.scheduled_until or begin) >= now
    ]
    return tuple(maintenance for _, maintenance in sorted(coming, key=lambda timed: (timed[0], timed[1].id)))


def _words(status: str) -> str:
    return status.replace("_", " ")


def _time(before: str, moment: datetime | None) -> str:
    return f"{before} {moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else ""


def _impaired(components: Sequence[Component]) -> Iterable[str]:
    called = labels(components)
    for component in components[:_COMPONENTS_NAMED]:
        yield f"{called[component.id]}: {_words(component.status)}"
    if len(components) > _COMPONENTS_NAMED:
        yield f"{len(components) - _COMPONENTS_NAMED} more components"
