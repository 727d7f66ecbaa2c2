"""The present state and the past, as JSON: `/api/v1`."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from tracker.assessment import assess_component, is_it_them
from tracker.history import IncidentFilter, LedgerEntry
from tracker.model.page import Component
from tracker.web.answers import (
    Components,
    ComponentState,
    IncidentDetail,
    IncidentEntry,
    Incidents,
    IsItThem,
    ProviderDetail,
    Providers,
    known,
    provider_detail,
    provider_state,
)
from tracker.web.http import Refused, answer, parts_of, shape
from tracker.web.now import PageNow
from tracker.web.parts import Parts
from tracker.web.routes.asked import (
    Cursor,
    Group,
    Limit,
    ProviderId,
    ProviderIds,
    Since,
    Until,
    aware,
    page_named,
    pages_wanted,
)
from tracker.web.routes.vendor_ids import INCIDENT, MAINTENANCE

router = APIRouter(prefix="/api/v1", tags=["API"])


@router.get("/providers", responses=shape(Providers, 404))
def providers(
    request: Request, provider: ProviderIds = None, group: Group = None, cursor: Cursor = None, limit: Limit = 100
) -> Response:
    """List the providers with their states, sorted by id."""
    parts = parts_of(request)
    pages = sorted(pages_wanted(parts.board.now, provider, group), key=lambda page: page.provider.id)
    rest = [page for page in pages if cursor is None or page.provider.id > cursor]
    now = parts.clock()
    checked_at, age = known(pages, now)
    return answer(
        request,
        Providers(
            checked_at=checked_at,
            age_seconds=age,
            items=tuple(provider_state(page, now) for page in rest[:limit]),
            next=rest[limit - 1].provider.id if len(rest) > limit else None,
        ),
    )


@router.get("/providers/{provider}", responses=shape(ProviderDetail, 404))
def provider_of(request: Request, provider: ProviderId) -> Response:
    """Show a provider with its components, incidents and maintenances."""
    parts = parts_of(request)
    return answer(request, provider_detail(page_named(parts.board.now, provider), parts.clock()))


@router.get("/components", responses=shape(Components, 404))
def components(
    request: Request, provider: ProviderIds = None, group: Group = None, cursor: Cursor = None, limit: Limit = 100
) -> Response:
    """List the components of providers with their states, sorted by provider and id."""
    parts = parts_of(request)
    pages = sorted(pages_wanted(parts.board.now, provider, group), key=lambda page: page.provider.id)
    now = parts.clock()
    listed = [
        (f"{page.provider.id}/{component.id}", page, component)
        for page in pages
        for component in sorted(page.view.known_statuses, key=lambda component: component.id)
    ]
    rest = [each for each in listed if cursor is None or each[0] > cursor]
    rest.sort(key=lambda each: each[0])
    checked_at, age = known(pages, now)
    return answer(
        request,
        Components(
            checked_at=checked_at,
            age_seconds=age,
            items=tuple(_component(page, component, parts) for _, page, component in rest[:limit]),
            next=rest[limit - 1][0] if len(rest) > limit else None,
        ),
    )


@router.get("/incidents", responses=shape(Incidents, 400, 404))
def incidents(
    request: Request,
    provider: ProviderIds = None,
    group: Group = None,
    open: Annotated[bool | None, Query(description="true: only ongoing ones; false: only ended ones.")] = None,
    since: Since = None,
    until: Until = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """List incidents, those that began last first."""
    return _recorded(request, provider, group, open, since, until, cursor, limit, is_maintenance=False)


@router.get("/maintenances", responses=shape(Incidents, 400, 404))
def maintenances(
    request: Request,
    provider: ProviderIds = None,
    group: Group = None,
    open: Annotated[
        bool | None, Query(description="true: only ongoing and planned ones; false: only ended ones.")
    ] = None,
    since: Since = None,
    until: Until = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """List maintenances, those that were announced last first."""
    return _recorded(request, provider, group, open, since, until, cursor, limit, is_maintenance=True)


@router.get(INCIDENT, responses=shape(IncidentDetail, 404))
@router.get(MAINTENANCE, responses=shape(IncidentDetail, 404))
def incident_of(request: Request, provider: ProviderId, incident: Annotated[str, Path(max_length=1000)]) -> Response:
    """Show an incident or a maintenance with all its updates, edits and withdrawals on record."""
    parts = parts_of(request)
    now = parts.clock()
    ledger = parts.history.ledger(provider, incident, now)
    if ledger is None:
        raise Refused(404, "there is no such incident on record")
    page = parts.board.now.pages.get(provider)
    checked_at, age = known([page] if page else [], now)
    return answer(
        request,
        IncidentDetail(
            checked_at=checked_at,
            age_seconds=age,
            incident=ledger.incident,
            entries=tuple(map(_entry, ledger.entries)),
            component_changes=tuple(item.event for item in ledger.component_changes),
        ),
    )


@router.get("/is-it-them", responses=shape(IsItThem, 404))
def is_it_them_(
    request: Request,
    provider: Annotated[str, Query(max_length=200)],
    component: Annotated[str | None, Query(max_length=500, description="Id or name of one component.")] = None,
    max_age: Annotated[
        float | None, Query(ge=0, le=86400, description="Seconds; with older data the answer is `unknown`.")
    ] = None,
) -> Response:
    """Answer whether a vendor has a problem now: `yes`, `no` or `unknown`."""
    parts = parts_of(request)
    page, now = page_named(parts.board.now, provider), parts.clock()
    found = page.assessment
    link = next((incident.link for incident in page.view.open_incidents if incident.link), page.provider.url)
    if component is not None:
        named = _component_named(page, component)
        found = assess_component(page.provider, page.state, named, page.checked_at, now)
    verdict = is_it_them(found, link=link, max_age_s=max_age)
    checked_at, age = known([page], now)
    return answer(
        request,
        IsItThem(
            checked_at=checked_at,
            age_seconds=age,
            answer=verdict.answer,
            provider=provider,
            component=component,
            state=verdict.state,
            evidence=verdict.evidence,
            link=verdict.link,
            age=age,
        ),
    )


def _recorded(
    request: Request,
    ids: ProviderIds,
    group: Group,
    is_open: bool | None,
    since: Since,
    until: Until,
    cursor: Cursor,
    limit: int,
    *,
    is_maintenance: bool,
) -> Response:
    parts = parts_of(request)
    now = parts.clock()
    pages = pages_wanted(parts.board.now, ids, group) if ids or group else tuple(parts.board.now.pages.values())
    wanted = IncidentFilter(
        providers=tuple(page.provider.id for page in pages) if ids or group else None,
        is_maintenance=is_maintenance,
        is_open=is_open,
        since=aware(since),
        until=aware(until),
    )
    try:
        found = parts.history.incidents(wanted, cursor=cursor, limit=limit)
    except ValueError:
        raise Refused(400, "the cursor is not valid", "pass `next` of the previous answer unchanged") from None
    checked_at, age = known(pages, now)
    return answer(request, Incidents(checked_at=checked_at, age_seconds=age, items=found.items, next=found.next_cursor))


def _component(page: PageNow, component: Component, parts: Parts) -> ComponentState:
    now = parts.clock()
    found = assess_component(page.provider, page.state, component, page.checked_at, now)
    checked_at, age = known([page], now)
    return ComponentState(
        checked_at=checked_at,
        age_seconds=age,
        provider=page.provider.id,
        id=component.id,
        name=component.name,
        group=component.group,
        region=component.region,
        status=component.status.value,
        state=found.state,
    )


def _component_named(page: PageNow, text: str) -> Component:
    """Return the component with this id, or else with this name in any case. Raises Refused."""
    listed = page.view.known_statuses
    for component in listed:
        if component.id == text:
            return component
    same = [component for component in listed if component.name.casefold() == text.casefold()]
    if len(same) == 1:
        return same[0]
    if same:
        raise Refused(404, "several components have this name", "name one by its id")
    raise Refused(404, "the provider lists no such component", "GET /api/v1/components lists them")


def _entry(entry: LedgerEntry) -> IncidentEntry:
    return IncidentEntry(cursor=entry.item.stream_id, event=entry.item.event, previous_message=entry.previous_message)
