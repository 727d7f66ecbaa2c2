"""The pages for people: memory and history in, contents decided without HTTP, HTML by a template out."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib.resources import files
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from tracker.assessment import State
from tracker.errors import SearchTooWide
from tracker.history import Feed, FeedFilter, FeedItem, ProviderHistory
from tracker.model.event import EventKind
from tracker.polling.poll_cost import Savings
from tracker.web.html import html, static
from tracker.web.http import Refused
from tracker.web.pages.claims import claims
from tracker.web.pages.frame import frame
from tracker.web.pages.health import health_page
from tracker.web.pages.icon import icon
from tracker.web.pages.incident import incident_page, unrecorded_page
from tracker.web.pages.maintenance import AHEAD, cancelled_windows, former_windows, maintenance_page
from tracker.web.pages.now import Filter, groups_of, now_page
from tracker.web.pages.provider import provider_page
from tracker.web.pages.public import public_page
from tracker.web.pages.updates import IMPACTS, KINDS, UpdatesFilter, feed_days
from tracker.web.routes.vendor_ids import INCIDENT
from tracker.web.site import STATES, Site, site_of

_FILES: Final = {"style.css": "text/css; charset=utf-8", "live.js": "text/javascript; charset=utf-8"}
_LOADED: Final = {name: (files("tracker.web") / "static" / name).read_bytes() for name in _FILES}
_SHOWN: Final = 50
_LEAST: Final[Mapping[str, tuple[str, ...]]] = {
    "minor": ("minor", "major", "critical"),
    "major": ("major", "critical"),
    "critical": ("critical",),
}
Word = Annotated[str, Query(max_length=200)]
#: Caches may keep public pages, which are the same for everybody, for this long.
_PUBLIC: Final = "public, max-age=30"

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def now(
    request: Request,
    q: Word = "",
    group: Word = "",
    state: Word = "",
    tv: Annotated[str | None, Query(max_length=10)] = None,
    part: Word = "",
    only: Annotated[list[str] | None, Query(max_length=200)] = None,
) -> Response:
    """Show the states of all providers; `part=rows` leaves out those that work, but for the providers in `only`."""
    site = site_of(request)
    pages = site.pages()
    around = site.frame(request, pages)
    if not pages:
        return html(request, site.rendered("start.html", around, "Now"))
    asked = Filter(words=q, group=group, state=State(state) if state in STATES else None)
    is_part = part == "rows"
    page = now_page(
        pages,
        around.now,
        asked,
        site.said(pages),
        frozenset(only) if only else None,
        has_working=not is_part or bool(only),
        claims=claims(site.open_alerts()),
    )
    return html(request, site.rendered("now.html", around, "Now", page=page, is_tv=tv is not None))


@router.get("/providers/{provider}")
def provider_of(request: Request, provider: str) -> Response:
    """Show a provider."""
    site = site_of(request)
    pages = site.pages()
    page = site.parts.board.now.pages.get(provider)
    if page is None:
        raise Refused(404, "there is no such provider", "nothing is watched under this name")
    around = site.frame(request, pages)
    recorded: ProviderHistory = site.parts.history.provider(provider, around.now)
    savings = (*site.measurements.savings([provider]), Savings())[0]
    shown = provider_page(page, recorded, savings, site.measured([provider]), around.now)
    return html(request, site.rendered("provider.html", around, page=shown))


@router.get(INCIDENT)
def incident_of(request: Request, provider: str, incident: str, order: Word = "") -> Response:
    """Show the ledger of an incident or a maintenance."""
    site = site_of(request)
    around = site.frame(request, site.pages())
    history = site.parts.history
    now = site.parts.board.now.pages.get(provider)
    ledger = history.ledger(provider, incident, around.now)
    if ledger is not None:
        days = min(90, (around.now - ledger.incident.began_at).days + 2)
        unread = history.provider(provider, around.now, days).unreadable
        page = incident_page(ledger, unread, around.now, is_newest_first=order != "oldest")
    else:
        going_on = next((each for each in now.view.going_on if each.id == incident), None) if now else None
        if now is None or going_on is None:
            raise Refused(404, "there is no such incident", "nothing is on record of it")
        page = unrecorded_page(now, going_on, around.now)
    is_unread = now is None or not now.assessment.state.is_known
    event_id = ledger.entries[-1].item.event.id if ledger is not None and ledger.entries else ""
    raised = site.alerts_of(provider, incident)
    body = site.rendered("incident.html", around, page=page, unknown_for=is_unread, raised=raised, event_id=event_id)
    return html(request, body)


@router.get("/updates")
def updates(
    request: Request,
    q: Word = "",
    provider: Annotated[list[str] | None, Query(max_length=100)] = None,
    group: Word = "",
    min_impact: Word = "",
    what: Word = "",
    kind: Annotated[list[str] | None, Query(max_length=20)] = None,
    before: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """Show the updates, edits and changes of vendors, the newest first."""
    site = site_of(request)
    pages = site.pages()
    around = site.frame(request, pages)
    asked = UpdatesFilter(
        words=q,
        providers=tuple(each for each in provider or () if each),
        group=group,
        impact=min_impact if min_impact in IMPACTS else "",
        kinds=_kinds(what, kind or ()),
    )
    try:
        found, too_wide = site.parts.history.feed(_wanted(asked, site), before=before, limit=_SHOWN), ""
    except SearchTooWide as error:
        found, too_wide = Feed(items=(), next_before=None), str(error)
    older = f"/updates{asked.query}{'&' if asked.query else '?'}{urlencode({'before': found.next_before})}"
    body = site.rendered(
        "updates.html",
        around,
        "Updates",
        asked=asked,
        days=feed_days([item.event for item in found.items], around.now, _earlier(site, found.items)),
        providers=[(page.provider.id, page.provider.name) for page in pages],
        groups=groups_of(pages),
        impacts=IMPACTS,
        kinds=KINDS,
        older=older if found.next_before else "",
        too_wide=too_wide,
    )
    return html(request, body)


def _kinds(what: str, given: Sequence[str]) -> tuple[str, ...]:
    """Return the kinds of events of a named choice, or else those that the address names itself."""
    chosen = next((kinds for value, _, kinds in KINDS if value and value == what), ())
    known = {each.value for each in EventKind}
    return tuple(each.value for each in chosen) or tuple(each for each in given if each in known)


def _wanted(asked: UpdatesFilter, site: Site) -> FeedFilter:
    providers: tuple[str, ...] | None = asked.providers or None
    if asked.group:
        grouped = [page.provider.id for page in site.parts.board.now.in_group(asked.group)]
        providers = tuple(each for each in grouped if not asked.providers or each in asked.providers)
    return FeedFilter(providers=providers, kinds=asked.kinds, impacts=_LEAST.get(asked.impact, ()), text=asked.words)


def _earlier(site: Site, items: Sequence[FeedItem]) -> dict[str, str]:
    """Return the former texts, by id of the edit or withdrawal."""
    found: dict[str, str] = {}
    changed = (EventKind.UPDATE_EDITED, EventKind.UPDATE_WITHDRAWN)
    touched = {
        (item.event.provider, item.event.incident_id)
        for item in items
        if item.event.event in changed and item.event.incident_id
    }
    for provider, incident in sorted(touched)[:_SHOWN]:
        ledger = site.parts.history.ledger(provider, incident, site.parts.clock())
        texts: dict[str, str] = {}
        for entry in ledger.entries if ledger else ():
            event = entry.item.event
            if event.event in changed:
                found[event.id] = entry.previous_message or texts.get(event.update_id or "", "")
            texts[event.update_id or ""] = event.message or ""
    return found


@router.get("/maintenance")
def maintenance(request: Request, group: Word = "") -> Response:
    """Show maintenance of the next thirty days."""
    site = site_of(request)
    pages = site.pages()
    around = site.frame(request, pages)
    recorded = site.parts.history.maintenances(around.now - timedelta(days=1), around.now + AHEAD)
    page = maintenance_page(pages, around.now, former_windows(recorded), cancelled_windows(recorded, around.now), group)
    return html(request, site.rendered("maintenance.html", around, "Maintenance", page=page))


@router.get("/health")
def health(request: Request) -> Response:
    """Show the problems of the tracker itself, with their remedies."""
    site = site_of(request)
    checks = site.checks()
    pages = site.pages()
    around = site.frame(request, pages)
    measured = site.measured([page.provider.id for page in pages])
    page = health_page(checks, pages, measured, around.now, around.now)
    return html(request, site.rendered("health.html", around, "Health", page=page))


@router.get("/p/{group}")
def public(request: Request, group: str) -> Response:
    """Show a group to everybody: no counters, no acts."""
    site = site_of(request)
    pages = [page for page in site.pages() if page.provider.group == group]
    now = site.parts.clock()
    history = site.parts.history
    days = {page.provider.id: history.provider(page.provider.id, now).days for page in pages}
    page = public_page(group, pages, days, now, site.said(pages))
    if page is None:
        raise Refused(404, "there is no such group", "no provider is in it")
    around = frame(pages, now, version=site.frame(request, pages).version)
    return html(request, site.rendered("public.html", around, page=page), cache=_PUBLIC, is_embeddable=True)


@router.get("/static/{name}")
def file(request: Request, name: str) -> Response:
    """Return the stylesheet or the script."""
    if name not in _LOADED:
        raise Refused(404, "there is no such file")
    return static(request, _LOADED[name], _FILES[name])


@router.get("/icon.svg")
def tab_icon(request: Request, problems: Annotated[int, Query(ge=0, le=100_000)] = 0) -> Response:
    """Return the icon of the tab with its number."""
    return static(request, icon(problems).encode(), "image/svg+xml")
