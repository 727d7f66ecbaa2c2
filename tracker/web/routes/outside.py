"""The interfaces for other programs: feeds, a calendar, badges, and the shape that Statuspage clients read."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Path, Request, Response

from tracker.history import IncidentFilter, IncidentLedger
from tracker.web import statuspage
from tracker.web.badges import as_endpoint, as_svg, badge_of
from tracker.web.calendar import as_calendar
from tracker.web.feeds import OutgoingFeed, as_atom, as_json_feed, entries_of
from tracker.web.http import Refused, parts_of, tagged
from tracker.web.now import PageNow
from tracker.web.parts import Parts
from tracker.web.routes.asked import (
    Group,
    Kinds,
    MinImpact,
    ProviderId,
    ProviderIds,
    Text,
    feed_filter,
    page_named,
    pages_wanted,
)

router = APIRouter(tags=["Outside"])

#: How far back and ahead the calendar reaches; cancelled windows stay as long as others.
_BACK: Final = timedelta(days=30)
_AHEAD: Final = timedelta(days=365)
_ENTRIES: Final = 100
_INCIDENTS: Final = 50
#: The most providers that the title of a feed names.
_NAMED: Final = 3
_CACHE: Final = "private, max-age=30"
_JSON: Final = "application/json"


def _channel(
    request: Request,
    provider: ProviderIds = None,
    group: Group = None,
    kind: Kinds = None,
    min_impact: MinImpact = None,
    q: Text = None,
) -> OutgoingFeed:
    parts = parts_of(request)
    wanted = feed_filter(parts, providers=provider, group=group, kinds=kind, min_impact=min_impact, text=q)
    entries = tuple(entries_of(parts.history.feed(wanted, limit=_ENTRIES).items))
    base, query = base_url(request), f"?{request.url.query}" if request.url.query else ""
    whose = _whose({entry.author for entry in entries}, asked=bool(provider), all_of_them=not query)
    return OutgoingFeed(
        title=f"Status updates of {whose}",
        url=f"{base}{request.url.path}{query}",
        home=f"{base}/updates{query}",
        entries=entries,
    )


def _whose(names: Collection[str], *, asked: bool, all_of_them: bool) -> str:
    """Return the names of the providers of a feed, for its title."""
    if asked and 0 < len(names) <= _NAMED:
        return ", ".join(sorted(names))
    return "vendors" if all_of_them else "some vendors"


#: The feed of the newest updates that the request's filters ask for.
_Wanted = Annotated[OutgoingFeed, Depends(_channel)]


@router.get("/feed.atom", response_class=Response, responses={200: {"content": {"application/atom+xml": {}}}})
def atom(request: Request, channel: _Wanted) -> Response:
    """Return the newest updates as Atom, with the filters of the page Updates."""
    return tagged(request, as_atom(channel), "application/atom+xml; charset=utf-8", cache=_CACHE)


@router.get("/feed.json", response_class=Response, responses={200: {"content": {"application/feed+json": {}}}})
def json_feed(request: Request, channel: _Wanted) -> Response:
    """Return the newest updates as JSON Feed."""
    return tagged(request, as_json_feed(channel), "application/feed+json", cache=_CACHE)


@router.get("/calendar.ics", response_class=Response, responses={200: {"content": {"text/calendar": {}}}})
def calendar(request: Request, provider: ProviderIds = None, group: Group = None) -> Response:
    """Return a calendar of maintenances, from 30 days ago to a year ahead."""
    parts = parts_of(request)
    wanted = None
    if group is not None or provider:
        wanted = [page.provider.id for page in pages_wanted(parts.board.now, provider, group)]
    now = parts.clock()
    listed = parts.history.maintenances(now - _BACK, now + _AHEAD, wanted)
    name = f"Maintenance: {group}" if group else "Maintenance of vendors"
    return tagged(request, as_calendar(name, listed), "text/calendar; charset=utf-8", cache=_CACHE)


@router.get("/badge/{provider}.svg", response_class=Response, responses={200: {"content": {"image/svg+xml": {}}}})
def badge_svg(request: Request, provider: ProviderId) -> Response:
    """Return the state of a provider as a picture."""
    page = page_named(parts_of(request).board.now, provider)
    response = tagged(request, as_svg(badge_of(page.provider.name, page.assessment)), "image/svg+xml", cache=_CACHE)
    # A picture is there to be shown on other sites.
    response.headers["cross-origin-resource-policy"] = "cross-origin"
    return response


@router.get("/badge/{provider}.json", response_class=Response, responses={200: {"content": {_JSON: {}}}})
def badge_json(request: Request, provider: ProviderId) -> Response:
    """Return the state of a provider in the shape that shields.io reads."""
    page = page_named(parts_of(request).board.now, provider)
    return tagged(request, as_endpoint(badge_of(page.provider.name, page.assessment)), _JSON, cache=_CACHE)


@router.get("/api/v2/{part:path}", response_class=Response, responses={200: {"content": {_JSON: {}}}})
def statuspage_of_all(request: Request, part: Annotated[str, Path(max_length=60)]) -> Response:
    """Return all providers in the shape of Statuspage: `summary.json`, `status.json`, `components.json` and so on."""
    parts = parts_of(request)
    return _statuspage(request, parts, _scope(request, parts, None), part)


@router.get("/{name}/api/v2/{part:path}", response_class=Response, responses={200: {"content": {_JSON: {}}}})
def statuspage_of(
    request: Request, name: Annotated[str, Path(max_length=200)], part: Annotated[str, Path(max_length=60)]
) -> Response:
    """Return the providers of a group, or one provider with its own components, in the shape of Statuspage."""
    parts = parts_of(request)
    return _statuspage(request, parts, _scope(request, parts, name), part)


def base_url(request: Request) -> str:
    """Return the address that links begin with."""
    return parts_of(request).settings.url or f"{request.url.scheme}://{request.headers.get('host', '')}"


def _scope(request: Request, parts: Parts, name: str | None) -> statuspage.StatusScope:
    """Return the subject whose status is requested. Raises Refused."""
    now, base = parts.board.now, base_url(request)
    if name is None:
        return _scope_of("all", "All providers", base, tuple(now.pages.values()), now.at)
    if name in now.groups:
        return _scope_of(statuspage.identity("group", name), name, f"{base}/p/{name}", now.in_group(name), now.at)
    page = page_named(now, name)
    if not page.assessment.state.is_known:
        # Any document would mean "all is well".
        raise Refused(503, "the state of this provider is unknown", page.assessment.evidence, {"retry-after": "30"})
    scope = _scope_of(name, page.provider.name, f"{base}/providers/{name}", (page,), now.at)
    return msgspec.structs.replace(scope, is_single=True)


def _scope_of(
    id_: str, name: str, url: str, pages: tuple[PageNow, ...], looked_at: datetime | None
) -> statuspage.StatusScope:
    moment = max((page.changed_at for page in pages), default=looked_at or datetime(2000, 1, 1, tzinfo=UTC))
    return statuspage.StatusScope(id=id_, name=name, url=url, pages=pages, updated_at=moment)


def _statuspage(request: Request, parts: Parts, scope: statuspage.StatusScope, part: str) -> Response:
    """Return one of the documents. Raises Refused."""
    shown: dict[str, Any] = {"page": statuspage.page(scope)}
    if part in ("summary.json", "status.json"):
        shown["status"] = statuspage.status(scope)
    if part in ("summary.json", "components.json"):
        shown["components"] = statuspage.components(scope)
    if part in ("summary.json", "incidents.json", "incidents/unresolved.json"):
        is_open = None if part == "incidents.json" else True
        shown["incidents"] = statuspage.incidents(scope, _ledgers(parts, scope, is_open=is_open, is_maintenance=False))
    if part in ("summary.json", "scheduled-maintenances.json"):
        is_open = True if part == "summary.json" else None
        ledgers = _ledgers(parts, scope, is_open=is_open, is_maintenance=True)
        shown["scheduled_maintenances"] = statuspage.incidents(scope, ledgers)
    if len(shown) == 1:
        raise Refused(404, "there is no such document", "read summary.json, or one of its parts")
    response = tagged(request, msgspec.json.encode(shown), _JSON, cache=_CACHE)
    response.headers["access-control-allow-origin"] = "*"
    return response


def _ledgers(
    parts: Parts, scope: statuspage.StatusScope, *, is_open: bool | None, is_maintenance: bool
) -> Sequence[IncidentLedger]:
    ids = None if scope.id == "all" and not scope.is_single else tuple(page.provider.id for page in scope.pages)
    wanted = IncidentFilter(providers=ids, is_open=is_open, is_maintenance=is_maintenance)
    return parts.history.ledgers(parts.history.incidents(wanted, limit=_INCIDENTS).items)
