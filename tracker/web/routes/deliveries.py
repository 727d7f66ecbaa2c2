"""The deliveries and states of channels, as JSON: `/api/v1`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from tracker.web.alert_answers import ChannelNow, ChannelStates, Deliveries
from tracker.web.http import answer, parts_of, shape
from tracker.web.routes.alerts import cursor_of, place_of
from tracker.web.routes.asked import Cursor, Limit, ProviderIds

router = APIRouter(prefix="/api/v1", tags=["Alerts"])


@router.get("/deliveries", responses=shape(Deliveries, 400))
def deliveries(
    request: Request,
    channel: Annotated[str | None, Query(max_length=100, description="Only those of this channel.")] = None,
    dead: Annotated[bool | None, Query(description="true: only dead letters; false: all others.")] = None,
    provider: ProviderIds = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """List the messages sent to each channel for each alert; `limit` and `cursor` count alerts."""
    found, last = parts_of(request).desk.lists.deliveries(
        channel=channel, is_dead=dead, provider_ids=provider or (), after=place_of(cursor), count=limit
    )
    return answer(request, Deliveries(items=found, next=cursor_of(last)))


@router.get("/channels", responses=shape(ChannelStates))
def channels(request: Request) -> Response:
    """List the channels with their states, without secrets."""
    desk = parts_of(request).desk
    drilled = desk.good_drills()
    items = tuple(
        ChannelNow(state=state, last_good_drill_at=drilled.get(state.name)) for state in desk.channel_states()
    )
    return answer(request, ChannelStates(items=items))
