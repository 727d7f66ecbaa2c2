"""One provider: the reason for its state, open incidents, its last ninety days, and the reading of its page. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from tracker.assessment import Reason, State
from tracker.assessment.opinions import Opinions, opinions
from tracker.delivery.latency import Latency, Spread
from tracker.history.answers import ComponentChange, ProviderHistory, RecordedIncident
from tracker.model.component_names import labels
from tracker.model.filters import unmatched
from tracker.model.page import Component
from tracker.model.page_state import COMPONENT_IMPACT
from tracker.polling.poll_cost import Savings
from tracker.scheduling.cadence import departure_s
from tracker.web.now import PageNow
from tracker.web.pages.badges import MAINTENANCE, NOT_LISTED, Badge, component_badge, impact_badge, state_badge
from tracker.web.pages.incident import ledger_summary
from tracker.web.pages.rows import unknown_reason
from tracker.web.pages.strip import Strip, strip
from tracker.web.pages.wording import fine_span, span

SHOWN_INCIDENTS: Final = 10
_ENDINGS: Final = {
    "not_modified": "Not modified (304)",
    "same_body": "Same body as before",
    "same_meaning": "Other bytes, nothing new",
    "changed": "Something new",
    "stale": "Older than the last answer, ignored",
    "in_part": "Read in part",
    "failed": "Failed",
}


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """One of the page's three voices."""

    label: str
    badge: Badge | None
    quote: str = ""
    incident_id: str | None = None
    note: str = ""
    decides: bool = False


class ComponentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A component."""

    name: str
    region: str
    badge: Badge
    since: datetime | None = None
    before: str = ""


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """An incident of the provider."""

    id: str
    badge: Badge
    title: str
    began_at: datetime
    ended_at: datetime | None
    summary: str

    @property
    def lasted_s(self) -> float | None:
        """Return the duration of the incident; None while it is open."""
        return (self.ended_at - self.began_at).total_seconds() if self.ended_at else None


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a table of figures."""

    label: str
    cells: tuple[str, ...]


class ProviderPage(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    id: str
    name: str
    group: str | None
    url: str
    badge: Badge
    state: State
    since: datetime | None
    checked_at: datetime | None
    interval: str
    #: Why the state is unknown, "" where it is not.
    unknown: str
    read_at: datetime | None
    last: Badge | None
    tries: int
    opinions: tuple[Opinion, ...]
    verdict: str
    open_incidents: tuple[Past, ...]
    past_incidents: tuple[Past, ...]
    maintenances: tuple[Past, ...]
    strip: Strip
    impaired: tuple[ComponentRow, ...]
    working: tuple[ComponentRow, ...]
    reads_by: str
    notes: tuple[str, ...]
    polls: tuple[Figure, ...]
    polls_since: datetime | None
    delays: tuple[Figure, ...]
    timed: int
    late: int
    may_remove: bool


def provider_page(
    page: PageNow, history: ProviderHistory, savings: Savings, measured: Latency, now: datetime
) -> ProviderPage:
    """Return the page of a provider, over its state, its history and its measurements."""
    provider, state, view, found = page.provider, page.state, page.view, page.assessment
    heard = opinions(view, found)
    incidents = [each for each in history.incidents if not each.is_maintenance]
    is_unknown = not found.state.is_known
    impaired, working = _parts(view.known_statuses, history.component_changes, is_unknown=is_unknown)
    return ProviderPage(
        id=provider.id,
        name=provider.name,
        group=provider.group,
        url=provider.url,
        badge=state_badge(found.state),
        state=found.state,
        since=found.read_at if is_unknown else _since(heard, found.reason, history),
        checked_at=page.checked_at,
        interval=span(departure_s(provider, state, now) or provider.interval_s),
        unknown=unknown_reason(found) if is_unknown else "",
        read_at=found.read_at,
        last=state_badge(found.last_state) if found.last_state else None,
        tries=state.readability.failures,
        opinions=() if not state.seeded else tuple(_opinions(heard, is_unknown=is_unknown)),
        verdict=_verdict(heard, found.state),
        open_incidents=tuple(_past(one) for one in incidents if one.ended_at is None),
        past_incidents=tuple(_past(one) for one in incidents if one.ended_at is not None)[:SHOWN_INCIDENTS],
        maintenances=tuple(_past(one) for one in history.incidents if one.is_maintenance)[:SHOWN_INCIDENTS],
        strip=strip(history.days, is_read=not is_unknown),
        impaired=impaired,
        working=working,
        reads_by=state.source.format if state.source else "",
        notes=tuple(_notes(page)),
        polls=tuple(_polls(savings)),
        polls_since=savings.since,
        delays=tuple(_delays(measured)),
        timed=measured.updates,
        late=measured.late,
        may_remove=provider.origin == "command",
    )


def _opinions(heard: Opinions, *, is_unknown: bool) -> Iterable[Opinion]:
    def badge(state: State) -> Badge:
        return state_badge(state)

    note = "when last read" if is_unknown else ""
    yield Opinion(
        label="Vendor's indicator",
        badge=badge(heard.indicator) if heard.indicator else None,
        quote="" if heard.indicator else "The page has none",
        note=note,
        decides=heard.decides == "indicator" and not is_unknown,
    )
    component = heard.component
    works = component is None or heard.component_state is State.OPERATIONAL
    yield Opinion(
        label="Worst component",
        badge=badge(heard.component_state) if component else None,
        quote=("All of them work" if works else component.name) if component else "The page lists none",
        note=note,
        decides=heard.decides == "component" and not is_unknown,
    )
    incident = heard.incident
    yield Opinion(
        label="Worst incident",
        badge=badge(heard.incident_state) if incident else None,
        quote=incident.name if incident else "None is open",
        incident_id=incident.id if incident else None,
        note=note or ("impact not given, counts as minor" if incident and incident.impact is None else ""),
        decides=heard.decides == "incident" and not is_unknown,
    )


def _verdict(heard: Opinions, state: State) -> str:
    if state is State.NOT_ASKED:
        return "None of the three is known: the page was not polled yet."
    if state is State.UNKNOWN:
        return "None of the three is current: the page cannot be read."
    if heard.decides is None:
        return "The worst of the three is the state; none of them names a problem."
    if heard.agree:
        return "The worst of the three is the state; here they agree."
    says_less = heard.indicator is not None and heard.indicator.rank > state.rank
    if says_less and heard.component_state is heard.incident_state is state:
        return (
            "The worst of the three is the state. Component and incident agree; the vendor's own indicator says less."
        )
    end = " The vendor's own indicator says less." if says_less else ""
    return f"The worst of the three is the state; they do not agree.{end}"


def _since(heard: Opinions, reason: Reason, history: ProviderHistory) -> datetime | None:
    if reason is Reason.INCIDENT and heard.incident:
        return heard.incident.began_at
    if reason is Reason.COMPONENT and heard.component:
        running = [one for one in history.component_changes if one.component_id == heard.component.id]
        return max((one.began_at for one in running if one.ended_at is None), default=None)
    return None


def _parts(
    components: Sequence[Component], changes: Sequence[ComponentChange], *, is_unknown: bool
) -> tuple[tuple[ComponentRow, ...], tuple[ComponentRow, ...]]:
    """Return the components that do not work, the worst first, and those that do."""
    named = labels(components)
    latest: dict[str, list[ComponentChange]] = {}
    for change in sorted(changes, key=lambda each: each.began_at):
        latest.setdefault(change.component_id, []).append(change)
    impaired: list[tuple[int, ComponentRow]] = []
    working: list[ComponentRow] = []
    for one in components:
        part = _part(one, named[one.id], latest.get(one.id, ()), is_unknown=is_unknown)
        impact = COMPONENT_IMPACT.get(one.status)
        if impact is not None and impact.value == "none":
            working.append(part)
        else:
            rank = State(impact.value).rank if impact else State.UNKNOWN.rank
            impaired.append((rank, part))
    impaired.sort(key=lambda ranked: (ranked[0], ranked[1].name.casefold()))
    return tuple(part for _, part in impaired), tuple(sorted(working, key=lambda part: part.name.casefold()))


def _part(one: Component, name: str, changes: Sequence[ComponentChange], *, is_unknown: bool) -> ComponentRow:
    """Return a component; on a page that is not read, its last status is not shown as today's."""
    now_badge = component_badge(one.status)
    current = next((change for change in reversed(changes) if change.ended_at is None), None)
    earlier = [change for change in changes if change.ended_at is not None]
    return ComponentRow(
        # A region that distinguishes components of one name is shown beside the name, like any other region.
        name=one.name if name == f"{one.name} ({one.region})" else name,
        region=one.region or "",
        badge=NOT_LISTED if is_unknown and not name else Badge("unknown", "Unknown") if is_unknown else now_badge,
        since=current.began_at if current else None,
        before=now_badge.word if is_unknown else component_badge(earlier[-1].status).word if earlier else "",
    )


def _past(one: RecordedIncident) -> Past:
    return Past(
        id=one.incident_id,
        badge=MAINTENANCE if one.is_maintenance else impact_badge(one.worst_impact),
        title=one.title or "(no title)",
        began_at=one.began_at,
        ended_at=one.ended_at,
        summary=ledger_summary(one),
    )


def _notes(each: PageNow) -> Iterable[str]:
    page = each
    if page.state.gaps.detail_failure:
        yield f"Not all of it can be read: {page.state.gaps.detail_failure}"
    for omission in page.state.omissions:
        yield f"Left out: {omission.kind}, {omission.reason}"
    for sentence in unmatched(page.provider, page.view):
        yield f"A filter matches nothing: {sentence}"
    if page.view.unknown_words:
        yield f"Words for a status that are not known: {', '.join(page.view.unknown_words[:3])}"


def _polls(savings: Savings) -> Iterable[Figure]:
    for ending, label in _ENDINGS.items():
        if count := savings.endings.get(ending, 0):
            yield Figure(label=label, cells=(f"{count:,}", f"{savings.share(ending) * 100:.1f}\u00a0%"))


def _delays(measured: Latency) -> Iterable[Figure]:
    steps: Mapping[str, Spread] = {
        "Published to seen": measured.published_to_seen,
        "of that, ours at most": measured.ours_at_most,
        "Seen to logged": measured.seen_to_logged,
    }
    for label, spread in steps.items():
        if spread.p50_s is not None and spread.p95_s is not None:
            yield Figure(label=label, cells=(fine_span(spread.p50_s), fine_span(spread.p95_s)))
