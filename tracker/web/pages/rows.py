"""The rows of the page Now: the fields of each kind of row, and the order of the rows. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final

import msgspec

from tracker.assessment import Assessment, Reason, State
from tracker.model.page import OpenIncident
from tracker.web.now import PageNow
from tracker.web.pages.badges import Badge, component_badge, state_badge, words
from tracker.web.pages.claims import Acknowledgement
from tracker.web.pages.wording import iso, listed

#: Names of components that a row writes out.
NAMED: Final = 3
#: The fold of providers without a group.
OTHERS: Final = "Other providers"
_LAST: Final = 10**11


class LatestUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """The last words of a vendor about an incident."""

    text: str
    #: How many updates it has by now.
    updates: int


class ProviderRow(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of every row of the page."""

    #: Provider's id.
    id: str
    name: str
    badge: Badge
    #: Rows of a list are ordered by this text.
    order: str
    #: Differs when the contents of the row change; ages do not count.
    version: str
    checked_at: datetime | None = None


class ProblemRow(ProviderRow, frozen=True, kw_only=True):
    """A provider that has a problem."""

    #: Title of the worst incident, or our sentence where the vendor posted none.
    title: str
    incident_id: str | None = None
    components: str = ""
    said: str = ""
    since: datetime | None = None
    updated_at: datetime | None = None
    updates: int | None = None
    #: How many more incidents are open.
    more: int = 0
    #: Whether somebody has taken on its alerts; None if none was sent.
    claim: Acknowledgement | None = None


class Unread(ProviderRow, frozen=True, kw_only=True):
    """A provider whose present state is unknown."""

    reason: str
    #: When it was read last, None for never.
    read_at: datetime | None = None
    last: Badge | None = None
    tries: int = 0


class Work(ProviderRow, frozen=True, kw_only=True):
    """A maintenance that runs, or begins later today."""

    title: str
    incident_id: str
    begins: datetime | None = None
    ends: datetime | None = None
    components: str = ""
    is_running: bool = True


class Working(ProviderRow, frozen=True, kw_only=True):
    """A provider that works."""

    changed_at: datetime | None = None
    next_work: datetime | None = None


class Fold(msgspec.Struct, frozen=True, kw_only=True):
    """The providers of one group that work."""

    name: str
    rows: tuple[Working, ...]
    #: How many providers the group has in all.
    total: int
    names: str


def later_today(work: OpenIncident, now: datetime) -> bool:
    """Return whether a planned maintenance begins later on this day, UTC."""
    begin = work.scheduled_for
    return begin is not None and now < begin and begin.astimezone(UTC).date() == now.astimezone(UTC).date()


def next_work(page: PageNow, now: datetime) -> datetime | None:
    """Return when the next planned maintenance begins."""
    coming = [each.scheduled_for for each in page.view.planned_maintenances if each.scheduled_for]
    return min((begin for begin in coming if begin > now), default=None)


def worst_incident(page: PageNow) -> OpenIncident | None:
    """Return the worst open incident; of equals the one that the page lists first."""
    rank = {"critical": 0, "major": 1, "minor": 2, "": 2, "maintenance": 3, "none": 4}
    return min(page.view.open_incidents, key=lambda each: rank.get(each.impact or "", 5), default=None)


def unknown_reason(found: Assessment) -> str:
    """Return the reason why the state of a page is unknown, as a sentence."""
    if found.reason is Reason.NEVER_ASKED:
        return "Not read yet; its first check is on the way"
    if found.reason is Reason.STALE:
        return "Not read for too long: no check of it has ended in time"
    evidence = found.evidence.strip()
    return f"Cannot be read: {evidence[:1].lower() + evidence[1:]}" if evidence else "Cannot be read"


def problem_row(
    page: PageNow, said: Mapping[tuple[str, str], LatestUpdate], claim: Acknowledgement | None = None
) -> ProblemRow:
    """Return the row of a provider that has a problem."""
    provider, state = page.provider, page.assessment.state
    incident = worst_incident(page)
    spoken = said.get((provider.id, incident.id)) if incident else None
    impaired = page.view.impaired_components
    named = incident.components if incident and incident.components else tuple(part.name for part in impaired)
    since = incident.began_at if incident else page.state.activity.changed_at
    updated = incident.updated_at if incident else None
    return ProblemRow(
        id=provider.id,
        name=provider.name,
        badge=state_badge(state),
        order=f"{state.rank}{_LAST - int(since.timestamp() if since else 0):012d}{provider.id}",
        version=_digest(
            f"{state}/{incident and incident.id}/{updated}/{spoken and spoken.text}/{len(impaired)}/{claim}"
        ),
        checked_at=page.checked_at,
        title=incident.name if incident else _without_incident(page),
        incident_id=incident.id if incident else None,
        components=listed(named, NAMED),
        said=spoken.text if spoken else "",
        since=since,
        updated_at=updated,
        updates=spoken.updates if spoken else None,
        more=max(0, len(page.view.open_incidents) - 1),
        claim=claim,
    )


def _without_incident(each: PageNow) -> str:
    if each.assessment.reason is Reason.COMPONENT:
        bad = [part for part in each.view.impaired_components if part.name == each.assessment.evidence]
        status = component_badge(bad[0].status).word if bad else "does not work"
        return f"{each.assessment.evidence}: {status}. No incident is posted."
    return f"Its own indicator says {words(each.assessment.evidence).lower()}. No incident is posted."


def unread_row(each: PageNow) -> Unread:
    """Return the row of a provider whose present state is unknown."""
    provider, found = each.provider, each.assessment
    return Unread(
        id=provider.id,
        name=provider.name,
        badge=state_badge(found.state),
        order=f"{provider.name.casefold()}{provider.id}",
        version=_digest(f"{found.reason}/{found.evidence}/{found.read_at if found.reason is Reason.STALE else ''}"),
        checked_at=each.checked_at,
        reason=unknown_reason(found),
        read_at=found.read_at,
        last=state_badge(found.last_state) if found.last_state else None,
        tries=each.state.readability.failures,
    )


def work_rows(each: PageNow, now: datetime) -> Iterable[Work]:
    """Yield a row for each maintenance of a provider that runs, or begins later today."""
    page = each
    if not each.assessment.state.is_known:
        return
    running = [(work, True) for work in page.view.open_maintenances]
    coming = [(work, False) for work in page.view.planned_maintenances if later_today(work, now)]
    for work, is_running in running + coming:
        begins = work.scheduled_for or work.began_at
        yield Work(
            id=page.provider.id,
            name=page.provider.name,
            badge=state_badge(State.MAINTENANCE),
            order=f"{iso(begins) if begins else ''}{page.provider.id}/{work.id}",
            version=_digest(f"{work.id}/{work.scheduled_for}/{work.scheduled_until}/{work.status}"),
            checked_at=page.checked_at,
            title=work.name,
            incident_id=work.id,
            begins=begins,
            ends=work.scheduled_until,
            components=listed(work.components, NAMED),
            is_running=is_running,
        )


def folds(shown: Iterable[PageNow], pages: Iterable[PageNow], now: datetime) -> tuple[Fold, ...]:
    """Return the groups with their providers that work; `pages` are all of them, for the numbers."""
    totals = Counter(each.provider.group or OTHERS for each in pages)
    rows: dict[str, list[Working]] = {}
    for each in shown:
        if each.assessment.state is State.OPERATIONAL:
            rows.setdefault(each.provider.group or OTHERS, []).append(_working_row(each, now))
    return tuple(
        Fold(
            name=name,
            rows=tuple(sorted(rows[name], key=by_order)),
            total=totals[name],
            names=", ".join(row.name for row in sorted(rows[name], key=by_order)[:12]),
        )
        for name in sorted(rows, key=lambda name: (name == OTHERS, name.casefold()))
    )


def _working_row(each: PageNow, now: datetime) -> Working:
    page = each
    coming = next_work(page, now)
    return Working(
        id=page.provider.id,
        name=page.provider.name,
        badge=state_badge(State.OPERATIONAL),
        order=f"{page.provider.name.casefold()}{page.provider.id}",
        version=_digest(f"{page.state.activity.changed_at}/{coming}"),
        checked_at=page.checked_at,
        changed_at=page.state.activity.changed_at,
        next_work=coming if coming and coming < now + timedelta(days=30) else None,
    )


def by_order(row: ProviderRow) -> str:
    """Return the sort key of rows of a list."""
    return row.order


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=6).hexdigest()
