"""Alerts as JSON, and acts on them with the scope `act`: `/api/v1`. Each act goes to the audit stream."""

from collections.abc import Callable
from contextlib import suppress
from math import isfinite
from typing import Annotated, Any, Final, TypeVar

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from tracker.alerting.alert import Alert
from tracker.alerting.facts import AlertPosition
from tracker.alerting.rules import RouteDecision
from tracker.errors import ConfigError
from tracker.web import acting
from tracker.web.alert_answers import (
    AlertDetail,
    AlertDone,
    Alerts,
    By,
    Explained,
    NewNote,
    Resend,
    RouteVerdict,
    SentBy,
    SnoozeFor,
    StoryLine,
)
from tracker.web.http import Refused, answer, parts_of, shape
from tracker.web.parts import Parts
from tracker.web.routes.acts import actor_of, body_of
from tracker.web.routes.asked import Cursor, Limit, ProviderIds
from tracker.web.why import why

router = APIRouter(prefix="/api/v1", tags=["Alerts"])

_LONGEST_BODY: Final = 16_384
_AlertId = "/alerts/{provider}/{subject}/{generation}"
Part = Annotated[str, Path(max_length=200)]
Generation = Annotated[int, Path(ge=1, le=1_000_000)]
_Asked = TypeVar("_Asked", bound=msgspec.Struct)


def body_shape(asked: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the API description's part for a body."""
    schema = {"$ref": f"#/components/schemas/{asked.__name__}"}
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}


@router.get("/alerts", responses=shape(Alerts, 400))
def alerts(
    request: Request,
    open: Annotated[bool | None, Query(description="true: only open ones; false: only ended ones.")] = None,
    provider: ProviderIds = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """List alerts, those that opened last first; an ended alert is kept for seven days."""
    shown, last = parts_of(request).desk.lists.page(
        is_open=open, provider_ids=provider or (), after=place_of(cursor), count=limit
    )
    return answer(request, Alerts(items=shown, next=cursor_of(last)))


@router.get("/alerts/explain", responses=shape(Explained, 404))
def explain(
    request: Request, event: Annotated[str, Query(max_length=2000, description="`id` of an event.")]
) -> Response:
    """Show each route's verdict on an event, and the messages that it caused."""
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
    """Show an alert with its story, and each route's present verdict on it."""
    desk = parts_of(request).desk
    alert = _alert(parts_of(request), f"{provider}/{subject}/{generation}")
    detail = AlertDetail(
        alert=desk.report(alert),
        story=tuple(StoryLine(id=step.id, at=step.at, status=step.status, text=step.text) for step in alert.steps),
        routes=tuple(map(_verdict, desk.verdicts(alert))),
    )
    return answer(request, detail)


@router.post(f"{_AlertId}/ack", responses=shape(AlertDone, 400, 403, 404, 409), openapi_extra=body_shape(By))
async def acknowledge(request: Request, provider: Part, subject: Part, generation: Generation) -> Response:
    """Acknowledge an alert: it is not sent again until it gets worse or ends."""
    viewer, asked = actor_of(request), await asked_for(request, By)
    named, desk = f"{provider}/{subject}/{generation}", parts_of(request).desk
    return await _act(request, "acknowledge", named, lambda: desk.acknowledge(named, acting.who(viewer, asked.by)))


@router.post(f"{_AlertId}/snooze", responses=shape(AlertDone, 400, 403, 404, 409), openapi_extra=body_shape(SnoozeFor))
async def snooze(request: Request, provider: Part, subject: Part, generation: Generation) -> Response:
    """Hold back an alert's changes for a while; a worse impact and the end are sent anyway."""
    viewer, asked = actor_of(request), await asked_for(request, SnoozeFor)
    named, desk, span = f"{provider}/{subject}/{generation}", parts_of(request).desk, acting.span_of(asked.span)
    return await _act(request, "snooze", named, lambda: desk.snooze(named, span, acting.who(viewer, asked.by)))


@router.post(f"{_AlertId}/wake", responses=shape(AlertDone, 400, 403, 404, 409), openapi_extra=body_shape(By))
async def wake(request: Request, provider: Part, subject: Part, generation: Generation) -> Response:
    """End the snooze of an alert, so that its changes are sent."""
    viewer, asked = actor_of(request), await asked_for(request, By)
    named, desk = f"{provider}/{subject}/{generation}", parts_of(request).desk
    return await _act(request, "wake", named, lambda: desk.wake(named, acting.who(viewer, asked.by)))


@router.post(f"{_AlertId}/note", responses=shape(AlertDone, 400, 403, 404, 409), openapi_extra=body_shape(NewNote))
async def note(request: Request, provider: Part, subject: Part, generation: Generation) -> Response:
    """Add a note to an alert; its channels show it as they show an update."""
    viewer, asked = actor_of(request), await asked_for(request, NewNote)
    named, desk = f"{provider}/{subject}/{generation}", parts_of(request).desk
    return await _act(request, "note", named, lambda: desk.note(named, asked.text, acting.who(viewer, asked.by)))


@router.post(f"{_AlertId}/resend", responses=shape(AlertDone, 400, 403, 404, 409), openapi_extra=body_shape(Resend))
async def resend(request: Request, provider: Part, subject: Part, generation: Generation) -> Response:
    """Resend the messages that a channel refused."""
    viewer, asked = actor_of(request), await asked_for(request, Resend)
    parts, named = parts_of(request), f"{provider}/{subject}/{generation}"

    def done() -> AlertDone:
        alert = _alert(parts, named)
        channels = parts.desk.resend(named, asked.channel)
        acting.note(parts, viewer, "resend", named)
        return AlertDone(alert=named, state=alert.state, channels=channels)

    return answer(request, await run_in_threadpool(done))


async def _act(request: Request, word: str, named: str, how: Callable[[], Alert]) -> Response:
    """Apply an act to an existing alert, and write the act down. Raises Refused."""
    parts, viewer = parts_of(request), actor_of(request)

    def done() -> AlertDone:
        if _alert(parts, named).is_over:
            raise Refused(409, "the alert is over", "an ended alert cannot be changed")
        after = how()
        acting.note(parts, viewer, word, after.id)
        return AlertDone(alert=after.id, state=after.state)

    return answer(request, await run_in_threadpool(done))


async def asked_for(request: Request, shape_: type[_Asked]) -> _Asked:
    """Return the body; an empty one stands for the defaults. Raises Refused."""
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


def place_of(cursor: str | None) -> AlertPosition | None:
    """Return the place in the list that a cursor means, None for the first page. Raises Refused."""
    if not cursor:
        return None
    opened_s, _, alert_id = cursor.partition(" ")
    with suppress(ValueError):
        if isfinite(float(opened_s)):
            return AlertPosition(float(opened_s), alert_id)
    raise Refused(400, "the cursor is not valid", "pass `next` of the previous answer unchanged")


def cursor_of(place: AlertPosition | None) -> str | None:
    """Return the cursor of the page behind a place."""
    return None if place is None else f"{place.opened_s:017.6f} {place.id}"


def _verdict(decision: RouteDecision) -> RouteVerdict:
    return RouteVerdict(route=decision.route, to=decision.to, matches=decision.matches, reason=decision.reason)
