"""Silences and drills as JSON, with the acts that begin and end them: `/api/v1`. Each act goes to the audit stream."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from tracker.errors import ConfigError
from tracker.web import acting
from tracker.web.alert_answers import DrillRuns, DrillState, NewDrill, NewSilence, Silences
from tracker.web.http import Refused, answer, parts_of, shape
from tracker.web.routes.acts import actor_of
from tracker.web.routes.alerts import asked_for, body_shape
from tracker.web.routes.asked import page_named

router = APIRouter(prefix="/api/v1", tags=["Alerts"])


@router.get("/silences", responses=shape(Silences))
def silences(request: Request) -> Response:
    """List the silences that have not ended."""
    return answer(request, Silences(items=parts_of(request).desk.silences()))


@router.post("/silences", responses=shape(Silences, 400, 403), openapi_extra=body_shape(NewSilence))
async def silence(request: Request) -> Response:
    """Begin a silence, which holds back new alerts and not open ones, and list all silences that have not ended."""
    viewer, asked = actor_of(request), await asked_for(request, NewSilence)
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
    """End a silence, which opens its held alerts that have not ended, and list the silences that remain."""
    parts, viewer = parts_of(request), actor_of(request)
    try:
        parts.desk.end_silence(silence)
    except ConfigError:
        raise Refused(404, "there is no such silence", "GET /api/v1/silences lists them") from None
    acting.note(parts, viewer, "end silence", silence)
    return answer(request, Silences(items=parts.desk.silences()))


@router.get("/drills", responses=shape(DrillRuns))
def drills(request: Request) -> Response:
    """List the last drills begun on the page or by the API."""
    found = parts_of(request).drills.all()
    return answer(request, DrillRuns(items=tuple(DrillState(state=run.state, drill=run) for run in found)))


@router.get("/drills/{drill}", responses=shape(DrillState, 404))
def drill_of(request: Request, drill: Annotated[str, Path(max_length=100)]) -> Response:
    """Show a drill and its result."""
    run = next((each for each in parts_of(request).drills.all() if each.id == drill), None)
    if run is None:
        raise Refused(404, "there is no such drill", "GET /api/v1/drills lists them")
    return answer(request, DrillState(state=run.state, drill=run))


@router.post("/drills", responses=shape(DrillState, 400, 403, 404), openapi_extra=body_shape(NewDrill))
async def drill(request: Request) -> Response:
    """Begin a drill: send an invented incident to the real channels. GET /api/v1/drills/ID shows the result."""
    viewer, asked = actor_of(request), await asked_for(request, NewDrill)
    parts = parts_of(request)
    page_named(parts.board.now, asked.provider)

    def done() -> DrillState:
        run = parts.drills.begin(asked.provider, asked.channel, acting.who(viewer, asked.by))
        acting.note(parts, viewer, "drill", asked.provider)
        return DrillState(state=run.state, drill=run)

    return answer(request, await run_in_threadpool(done))
