"""Alerts as JSON, and what somebody with the scope `act` does to them: `/api/v1`. Each act goes to the audit stream."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeVar

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from tracker.alerting.alert import Alert
from tracker.alerting.report import AlertReport, deliveries
from tracker.alerting.rules import Verdict
from tracker.errors import ConfigError
from tracker.web import acting
from tracker.web.alert_answers import (
    AlertDetail,
    AlertDone,
    Alerts,
    By,
    ChannelNow,
    ChannelStates,
    Deliveries,
    DrillRuns,
    DrillState,
    Explained,
    NewDrill,
    NewNote,
    NewSilence,
    Resend,
    RouteVerdict,
    SentBy,
    Silences,
    SnoozeFor,
    StoryLine,
)
from tracker.web.http import Refused, answer, parts_of, shape
from tracker.web.parts import Parts
from tracker.web.routes.acts import actor_of, body_of
from tracker.web.routes.asked import Cursor, Limit, ProviderIds, page_named
from tracker.web.why import why

router = APIRouter(prefix="/api/v1", tags=["Alerts"])

_LONGEST_BODY: Final = 16_384
_AlertId = "/alerts/{provider}/{subject}/{generation}"
Part = Annotated[str, Path(max_length=200)]
Generation = Annotated[int, Path(ge=1, le=1_000_000)]
_Asked = TypeVar("_Asked", bound=msgspec.Struct)


def _body(asked: type[msgspec.Struct]) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{asked.__name__}"}
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}


@router.get("/alerts", responses=shape(Alerts))
def alerts(
    request: Request,
    open: Annotated[bool | None, Query(description="Those that are open, or those that are over.")] = None,
    provider: ProviderIds = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """List alerts, those that opened last first; what is over is kept for seven days."""
    shown, following = _page(_listed(parts_of(request), open, provider), cursor, limit)
    return answer(request, Alerts(items=tuple(shown), next=following))


@router.get("/alerts/explain", responses=shape(Explained, 404))
def explain(
    request: Request, event: Annotated[str, Query(max_length=2000, description="`id` of an event.")]
) -> Response:
    """Show what each route makes of an event, and what was decided because of it."""
    found = why(parts_of(request), event)
    explanation = Explained(
        event=event,
        alert=found.alert.id if found.alert else None,
        routes=tuple(map(_verdict, found.verdicts)),
        sent=tuple(
            SentBy(channel=each.delivery.channel, act=each.delivery.act, version=each.delivery.version)
            for each in found.sent
        ),
    )
    return answer(request, explanation)


@router.get(_AlertId, responses=shape(AlertDetail, 404))
def alert_of(request: Request, provider: Part, subject: Part, generation: Generation) -> Response:
    """Show an alert with its story, and what each route says of it now."""
    desk = parts_of(request).desk
    alert = _alert(parts_of(request), f"{provider}/{subject}/{generation}")
    detail = AlertDetail(
        alert=desk.report(alert),
        story=tuple(StoryLine(id=step.id, at=step.at, status=step.status, text=step.text) for step in alert.steps),
        routes=tuple(map(_verdict, desk.verdicts(alert))),
    )
    return answer(request, detail)


@router.post(f"{_AlertId}/ack", responses=shape(AlertDone, 400, 403, 404, 409), openapi_extra=_body(By))
async def acknowledge(request: Request, provider: Part, subject: Part, generation: Generation) -> Response:
    """Take an alert on: it is not repeated any more, until it gets worse or ends."""
    viewer, asked = actor_of(request), await _asked(request, By)
    named, desk = f"{provider}/{subject}/{generation}", parts_of(request).desk
    return await _act(request, "acknowledge", named, lambda: desk.acknowledge(named, acting.who(viewer, asked.by)))


@router.post(f"{_AlertId}/snooze", responses=shape(AlertDone, 400, 403, 404, 409), openapi_extra=_body(SnoozeFor))
async def snooze(request: Request, provider: Part, subject: Part, generation: Generation) -> Response:
    """Hold an alert's changes back for a while; what is worse, and its end, are sent anyway."""
    viewer, asked = actor_of(request), await _asked(request, SnoozeFor)
    named, desk, span = f"{provider}/{subject}/{generation}", parts_of(request).desk, acting.span_of(asked.span)
    return await _act(request, "snooze", named, lambda: desk.snooze(named, span, acting.who(viewer, asked.by)))


@router.post(f"{_AlertId}/wake", responses=shape(AlertDone, 400, 403, 404, 409), openapi_extra=_body(By))
async def wake(request: Request, provider: Part, subject: Part, generation: Generation) -> Response:
    """Let the changes of a snoozed alert through again."""
    viewer, asked = actor_of(request), await _asked(request, By)
    named, desk = f"{provider}/{subject}/{generation}", parts_of(request).desk
    return await _act(request, "wake", named, lambda: desk.wake(named, acting.who(viewer, asked.by)))


@router.post(f"{_AlertId}/note", responses=shape(AlertDone, 400, 403, 404, 409), openapi_extra=_body(NewNote))
async def note(request: Request, provider: Part, subject: Part, generation: Generation) -> Response:
    """Write a note into an alert's story; its channels show it as they show an update."""
    viewer, asked = actor_of(request), await _asked(request, NewNote)
    named, desk = f"{provider}/{subject}/{generation}", parts_of(request).desk
    return await _act(request, "note", named, lambda: desk.note(named, asked.text, acting.who(viewer, asked.by)))


@router.post(f"{_AlertId}/resend", responses=shape(AlertDone, 400, 403, 404, 409), openapi_extra=_body(Resend))
async def resend(request: Request, provider: Part, subject: Part, generation: Generation) -> Response:
    """Send again what a channel refused."""
    viewer, asked = actor_of(request), await _asked(request, Resend)
    parts, named = parts_of(request), f"{provider}/{subject}/{generation}"

    def done() -> AlertDone:
        alert = _alert(parts, named)
        channels = parts.desk.resend(named, asked.channel)
        acting.note(parts, viewer, "resend", named)
        return AlertDone(alert=named, state=alert.state, channels=channels)

    return answer(request, await run_in_threadpool(done))


@router.get("/deliveries", responses=shape(Deliveries))
def deliveries_(
    request: Request,
    channel: Annotated[str | None, Query(max_length=100, description="Those of one channel.")] = None,
    dead: Annotated[bool | None, Query(description="Only what was given up, or only the rest.")] = None,
    provider: ProviderIds = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """List what each channel was sent of each alert; `limit` and `cursor` count alerts."""
    found = [
        (report, tuple(each for each in deliveries(report) if _is_wanted(each.channel.dead_letter, dead)))
        for report in _listed(parts_of(request), None, provider)
    ]
    of_channel = [
        (report, tuple(each for each in listed if channel in (None, each.channel.channel))) for report, listed in found
    ]
    shown, following = _page([report for report, listed in of_channel if listed], cursor, limit)
    by_id = {report.id: listed for report, listed in of_channel}
    items = tuple(each for report in shown for each in by_id[report.id])
    return answer(request, Deliveries(items=items, next=following))


@router.get("/channels", responses=shape(ChannelStates))
def channels(request: Request) -> Response:
    """List the channels and how they do; nothing of what is secret is in it."""
    desk = parts_of(request).desk
    drilled = desk.good_drills()
    items = tuple(
        ChannelNow(state=state, last_good_drill_at=drilled.get(state.name)) for state in desk.channel_states()
    )
    return answer(request, ChannelStates(items=items))


@router.get("/silences", responses=shape(Silences))
def silences(request: Request) -> Response:
    """List the silences that have not ended."""
    return answer(request, Silences(items=parts_of(request).desk.silences()))


@router.post("/silences", responses=shape(Silences, 400, 403), openapi_extra=_body(NewSilence))
async def silence(request: Request) -> Response:
    """Begin a silence now, and list those that there are: what it names opens nowhere, what is open goes on."""
    viewer, asked = actor_of(request), await _asked(request, NewSilence)
    parts = parts_of(request)

    def done() -> Silences:
        made = parts.desk.silence(
            providers=asked.providers,
            components=asked.components,
            kinds=asked.kinds,
            span=acting.span_of(asked.span),
            reason=asked.reason,
            who=acting.who(viewer, asked.by),
        )
        acting.note(parts, viewer, "silence", made.id)
        return Silences(items=parts.desk.silences())

    return answer(request, await run_in_threadpool(done))


@router.delete("/silences/{silence}", responses=shape(Silences, 403, 404))
def end_silence(request: Request, silence: Annotated[str, Path(max_length=100)]) -> Response:
    """End a silence, and list those that are left; what it held back opens at once, if it goes on."""
    parts, viewer = parts_of(request), actor_of(request)
    try:
        parts.desk.end_silence(silence)
    except ConfigError:
        raise Refused(404, "there is no such silence", "GET /api/v1/silences lists them") from None
    acting.note(parts, viewer, "end silence", silence)
    return answer(request, Silences(items=parts.desk.silences()))


@router.get("/drills", responses=shape(DrillRuns))
def drills(request: Request) -> Response:
    """List the last drills that were begun here."""
    found = parts_of(request).drills.all()
    return answer(request, DrillRuns(items=tuple(DrillState(state=run.state, drill=run) for run in found)))


@router.get("/drills/{drill}", responses=shape(DrillState, 404))
def drill_of(request: Request, drill: Annotated[str, Path(max_length=100)]) -> Response:
    """Show what became of a drill."""
    run = next((each for each in parts_of(request).drills.all() if each.id == drill), None)
    if run is None:
        raise Refused(404, "there is no such drill", "GET /api/v1/drills lists them")
    return answer(request, DrillState(state=run.state, drill=run))


@router.post("/drills", responses=shape(DrillState, 400, 403, 404), openapi_extra=_body(NewDrill))
async def drill(request: Request) -> Response:
    """Begin a drill: a made incident through all of it to the real channels. GET /api/v1/drills/ID says how it ends."""
    viewer, asked = actor_of(request), await _asked(request, NewDrill)
    parts = parts_of(request)
    page_named(parts.board.now, asked.provider)

    def done() -> DrillState:
        run = parts.drills.begin(asked.provider, asked.channel, acting.who(viewer, asked.by))
        acting.note(parts, viewer, "drill", asked.provider)
        return DrillState(state=run.state, drill=run)

    return answer(request, await run_in_threadpool(done))


async def _act(request: Request, word: str, named: str, how: Callable[[], Alert]) -> Response:
    """Do something to an alert that is there, and write it down. Raises Refused."""
    parts, viewer = parts_of(request), actor_of(request)

    def done() -> AlertDone:
        if _alert(parts, named).is_over:
            raise Refused(409, "the alert is over", "what is over is not changed any more")
        after = how()
        acting.note(parts, viewer, word, after.id)
        return AlertDone(alert=after.id, state=after.state)

    return answer(request, await run_in_threadpool(done))


async def _asked(request: Request, shape_: type[_Asked]) -> _Asked:
    """Return the body; an empty one asks for nothing in particular. Raises Refused."""
    body = await body_of(request, _LONGEST_BODY)
    try:
        return msgspec.json.decode(body or b"{}", type=shape_)
    except msgspec.MsgspecError as error:
        raise Refused(400, "the body is not understood", str(error)[:300]) from None
    except UnicodeDecodeError:
        raise Refused(400, "the body is not UTF-8") from None


def _alert(parts: Parts, named: str) -> Alert:
    """Return an alert by its id. Raises Refused."""
    try:
        found = parts.desk.find(named)
    except ConfigError:
        found = None
    if found is None or found.id != named:
        raise Refused(404, "there is no such alert", "GET /api/v1/alerts lists them")
    return found


def _listed(parts: Parts, is_open: bool | None, providers: Sequence[str] | None) -> list[AlertReport]:
    found = parts.desk.reports(is_open=is_open)
    wanted = [each for each in found if not providers or each.provider in providers]
    return sorted(wanted, key=_cursor, reverse=True)


def _page(found: Sequence[AlertReport], cursor: str | None, limit: int) -> tuple[Sequence[AlertReport], str | None]:
    """Return those behind the cursor, and the cursor of the next page."""
    rest = [each for each in found if cursor is None or _cursor(each) < cursor]
    shown = rest[:limit]
    return shown, _cursor(shown[-1]) if len(rest) > limit else None


def _cursor(report: AlertReport) -> str:
    return f"{report.opened_at.timestamp():017.6f} {report.id}"


def _verdict(verdict: Verdict) -> RouteVerdict:
    return RouteVerdict(route=verdict.route, to=verdict.to, matches=verdict.matches, reason=verdict.reason)


def _is_wanted(dead_letter: str | None, dead: bool | None) -> bool:
    return dead is None or (dead_letter is not None) is dead
