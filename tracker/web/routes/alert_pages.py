"""The page Alerts, its acts, the explanation of an event, and the page behind the links in messages."""

from collections.abc import Callable
from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from msgspec.structs import replace
from starlette.concurrency import run_in_threadpool

from tracker import __version__
from tracker.alerting.alert import Alert
from tracker.errors import ConfigError
from tracker.model.route import AlertKind
from tracker.web import acting
from tracker.web.access import Viewer
from tracker.web.html import html
from tracker.web.http import Refused
from tracker.web.pages.alerts import MOST_DEAD, MOST_OPEN, MOST_OVER, AlertsKnown, alert_row, alerts_page
from tracker.web.pages.frame import Frame
from tracker.web.parts import Parts
from tracker.web.routes.acts import body_of
from tracker.web.routes.forms import CheckedForm
from tracker.web.site import site_of, viewer_of
from tracker.web.why import why

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_SEE_OTHER: Final = 303
_LONGEST_FORM: Final = 4096
_ID: Final = "{provider}/{subject}/{generation}"
Word = Annotated[str, Query(max_length=2000)]


@router.get("/alerts")
def alerts(request: Request) -> Response:
    """Show open alerts, the messages of each, dead letters, and the state of channels."""
    site = site_of(request)
    page = alerts_page(_known(site.parts))
    around = replace(site.frame(request, site.pages()), waiting=page.waiting)
    providers = [(each.provider.id, each.provider.name) for each in site.pages()] if around.may_act else []
    return html(request, site.rendered("alerts.html", around, "Alerts", page=page, providers=providers))


@router.get("/alerts/why")
def explain(request: Request, event: Word = "") -> Response:
    """Show each route's verdict on an event, and the decisions that the event caused."""
    site = site_of(request)
    found = why(site.parts, event)
    around = site.frame(request, site.pages())
    return html(request, site.rendered("why.html", around, "Alerts", found=found))


@router.post(f"/alerts/{_ID}/acknowledge")
def acknowledge(request: Request, provider: str, subject: str, generation: str, _given: CheckedForm) -> Response:
    """Acknowledge an alert."""
    desk = site_of(request).parts.desk
    return _acted(request, (provider, subject, generation), "acknowledge", desk.acknowledge)


@router.post(f"/alerts/{_ID}/snooze")
def snooze(request: Request, provider: str, subject: str, generation: str, given: CheckedForm) -> Response:
    """Hold an alert's changes back for a while."""
    desk, span = site_of(request).parts.desk, acting.span_of(given.get("for", "1h"))
    return _acted(request, (provider, subject, generation), "snooze", lambda named, who: desk.snooze(named, span, who))


@router.post(f"/alerts/{_ID}/wake")
def wake(request: Request, provider: str, subject: str, generation: str, _given: CheckedForm) -> Response:
    """End the snooze of an alert, so that its changes are sent."""
    return _acted(request, (provider, subject, generation), "wake", site_of(request).parts.desk.wake)


@router.post(f"/alerts/{_ID}/note")
def note(request: Request, provider: str, subject: str, generation: str, given: CheckedForm) -> Response:
    """Write a note into an alert's story."""
    desk, text = site_of(request).parts.desk, given.get("text", "")
    return _acted(request, (provider, subject, generation), "note", lambda named, who: desk.note(named, text, who))


@router.post(f"/alerts/{_ID}/resend")
def resend(request: Request, provider: str, subject: str, generation: str, given: CheckedForm) -> Response:
    """Resend the messages that a channel refused."""
    parts, named = site_of(request).parts, f"{provider}/{subject}/{generation}"
    parts.desk.resend(named, given.get("channel") or None)
    acting.note(parts, viewer_of(request), "resend", named)
    return _seen()


@router.post("/silences")
def silence(request: Request, given: CheckedForm) -> Response:
    """Begin a silence."""
    parts, viewer = site_of(request).parts, viewer_of(request)
    kind = given.get("kind", "")
    made = parts.desk.silence(
        providers=[word for word in given.get("providers", "").replace(",", " ").split() if word],
        components=(),
        kinds=[AlertKind(kind)] if kind in set(AlertKind) else [],
        span=acting.span_of(given.get("for", "1h")),
        reason=given.get("reason", ""),
        who=acting.who(viewer),
    )
    acting.note(parts, viewer, "silence", made.id)
    return _seen("#silences")


@router.post("/silences/{silence}/end")
def end_silence(request: Request, silence: str, _given: CheckedForm) -> Response:
    """End a silence."""
    parts = site_of(request).parts
    parts.desk.end_silence(silence)
    acting.note(parts, viewer_of(request), "end silence", silence)
    return _seen("#silences")


@router.post("/drills")
def drill(request: Request, given: CheckedForm) -> Response:
    """Begin a drill."""
    parts, viewer = site_of(request).parts, viewer_of(request)
    provider = given.get("provider", "")
    if provider not in parts.board.now.pages:
        raise Refused(404, "there is no such provider", "nothing is watched under this name")
    parts.drills.begin(provider, given.get("channel") or None, acting.who(viewer))
    acting.note(parts, viewer, "drill", provider)
    return _seen("#channels")


@router.get(f"/act/{_ID}/{{token}}")
def linked(request: Request, provider: str, subject: str, generation: str, token: str) -> Response:
    """Show the alert that a link in a message is about; this changes nothing, since programs follow links, too."""
    site = site_of(request)
    alert = _linked(site.parts, f"{provider}/{subject}/{generation}", token)
    row = alert_row(site.parts.desk.report(alert))
    around = Frame(now=site.parts.clock(), version=__version__, is_bare=True)
    body = site.rendered("linked.html", around, row=row, alert=alert, path=request.url.path)
    return html(request, body, cache="no-store")


@router.post(f"/act/{_ID}/{{token}}")
async def act_by_link(request: Request, provider: str, subject: str, generation: str, token: str) -> Response:
    """Acknowledge or snooze the alert that a link in a message is about."""
    body = await body_of(request, _LONGEST_FORM)
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10)
    except ValueError:
        raise Refused(422, "the form has too many fields") from None
    given = {name: values[0].strip() for name, values in fields.items()}
    return await run_in_threadpool(_act_by_link, request, f"{provider}/{subject}/{generation}", token, given)


def _act_by_link(request: Request, named: str, token: str, given: dict[str, str]) -> Response:
    parts = site_of(request).parts
    alert = _linked(parts, named, token)
    viewer = Viewer(given.get("by", "")[:80] or "link", frozenset(), "link")
    who = acting.who(viewer, given.get("by", "")[:80])
    if given.get("act") == "acknowledge":
        parts.desk.acknowledge(alert.id, who)
    elif given.get("act") == "snooze":
        parts.desk.snooze(alert.id, acting.span_of(given.get("for", "1h")), who)
    else:
        raise Refused(422, "the form has no such act", "load the page again")
    acting.note(parts, viewer, given["act"], alert.id)
    return RedirectResponse(request.url.path, _SEE_OTHER)


def _linked(parts: Parts, named: str, token: str) -> Alert:
    """Return the alert of a link. Raises Refused for a link that was not made for it, or too long ago."""
    if parts.links is None or not parts.links.is_valid(named, token, parts.clock()):
        raise Refused(403, "this link is not valid any more", "open Alerts, or use the link of a newer message")
    return _found(parts, named)


def _found(parts: Parts, named: str) -> Alert:
    try:
        return parts.desk.find(named)
    except ConfigError:
        raise Refused(404, "there is no such alert", "an ended alert is kept for seven days") from None


def _acted(
    request: Request, parts_of_id: tuple[str, str, str], word: str, how: Callable[[str, str], Alert]
) -> Response:
    parts, viewer = site_of(request).parts, viewer_of(request)
    alert = _found(parts, "/".join(parts_of_id))
    how(alert.id, acting.who(viewer))
    acting.note(parts, viewer, word, alert.id)
    return _seen()


def _seen(place: str = "") -> Response:
    return RedirectResponse(f"/alerts{place}", _SEE_OTHER)


def _known(parts: Parts) -> AlertsKnown:
    desk = parts.desk
    running = desk.lists.open()
    shown = desk.lists.most_urgent(running, MOST_OPEN)
    return AlertsKnown(
        open=running,
        shown=shown,
        over=desk.lists.ended_last(MOST_OVER),
        dead=desk.lists.dead(desk.channels, MOST_DEAD),
        verdicts=desk.verdicts_of([each.id for each in shown]),
        channels=desk.channel_states(),
        types=desk.channel_types,
        drilled=desk.good_drills(),
        silences=desk.silences(),
        runs=parts.drills.all(),
    )
