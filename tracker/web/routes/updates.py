"""Updates: pages of the record, a long poll that misses nothing, and server-sent events."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from tracker.history import FeedFilter, FeedItem
from tracker.web.answers import Updates, known
from tracker.web.http import Refused, answer, parts_of, shape
from tracker.web.live import HELLO, RESET, Client, Live, encode_item, is_wanted
from tracker.web.parts import Parts
from tracker.web.routes.asked import (
    Group,
    Kinds,
    Limit,
    MinImpact,
    ProviderIds,
    Since,
    Text,
    Until,
    feed_filter,
    pages_wanted,
)

router = APIRouter(tags=["Updates"])

#: The cursor before all events.
BEGINNING: Final = "0-0"
_STREAM_ID: Final = "^[0-9]{1,20}-[0-9]{1,20}$"
_REPLAYED_TOGETHER: Final = 500

StreamId = Annotated[
    str | None,
    Query(pattern=_STREAM_ID, max_length=41, description="`since` of the last answer; 0-0 for all updates."),
]


@router.get("/api/v1/updates", responses=shape(Updates, 404, 410))
async def updates(
    request: Request,
    since: StreamId = None,
    before: StreamId = None,
    wait: Annotated[float, Query(ge=0, le=60, description="Seconds to wait for the first update after `since`.")] = 0,
    provider: ProviderIds = None,
    group: Group = None,
    kind: Kinds = None,
    min_impact: MinImpact = None,
    q: Text = None,
    seen_from: Since = None,
    seen_until: Until = None,
    limit: Limit = 50,
) -> Response:
    """List updates: with `since` those after that cursor, the oldest first; otherwise the newest first."""
    parts = parts_of(request)
    wanted = feed_filter(
        parts,
        providers=provider,
        group=group,
        kinds=kind,
        min_impact=min_impact,
        text=q,
        since=seen_from,
        until=seen_until,
    )
    if since is None:
        found = await run_in_threadpool(_newest, parts, wanted, before, limit)
    else:
        found = await _following(parts, wanted, since, wait, limit)
    now = parts.clock()
    checked_at, age = known(pages_wanted(parts.board.now, None, group), now)
    items, newest, oldest = found
    events = tuple(item.event for item in items)
    listed = Updates(checked_at=checked_at, age_seconds=age, items=events, since=newest, before=oldest)
    return answer(request, listed)


@router.get("/events", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
async def events(
    request: Request,
    since: StreamId = None,
    provider: ProviderIds = None,
    group: Group = None,
    kind: Kinds = None,
    min_impact: MinImpact = None,
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
) -> Response:
    """Send updates (`update`) and states of providers (`state`) as they come; `Last-Event-ID` or `since` resumes.

    `reset` means that the updates after that id are no longer on record.
    """
    parts = parts_of(request)
    wanted = feed_filter(parts, providers=provider, group=group, kinds=kind, min_impact=min_impact)
    return ServerSentEvents(parts, wanted, last_event_id or since)


class ServerSentEvents(Response):
    """A response that goes on until the client or the server ends it."""

    media_type = "text/event-stream"

    def __init__(self, parts: Parts, wanted: FeedFilter, resumed: str | None) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._parts = parts
        self._wanted = wanted
        self._resumed = resumed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events."""
        del scope
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        live = self._parts.live
        with live.listening(self._wanted) as client:
            leaving = asyncio.create_task(_until_left(receive, client))
            try:
                await _send(send, HELLO)
                if self._resumed is not None:
                    await self._replay(send, live)
                while not live.is_closed and (data := await client.take()) is not None:
                    await _send(send, data)
            finally:
                leaving.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _replay(self, send: Send, live: Live) -> None:
        """Send the events between the last one that the client saw and the first one that is queued for it."""
        # Read before anything is awaited: later events are queued for the client already.
        until, history = live.last_seq, self._parts.history
        after = await run_in_threadpool(_seq_after, self._parts, self._resumed or BEGINNING)
        if after is None:
            await _send(send, RESET)
            return
        while after < until:
            items = await run_in_threadpool(history.newer, after, FeedFilter(), _REPLAYED_TOGETHER)
            due = [item for item in items if item.seq <= until]
            data = b"".join(encode_item(item) for item in due if is_wanted(self._wanted, item))
            if data:
                await _send(send, data)
            if not due:
                return
            after = due[-1].seq


async def _until_left(receive: Receive, client: Client) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    client.end()


async def _send(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


def _newest(
    parts: Parts, wanted: FeedFilter, before: str | None, limit: int
) -> tuple[Sequence[FeedItem], str, str | None]:
    """Return the newest events, with the cursors for later and for earlier ones. Raises Refused."""
    history = parts.history
    at = None if before is None else history.seq_of(before)
    if before is not None and at is None:
        raise _gone()
    found = history.feed(wanted, before=at, limit=limit)
    newest = history.feed(limit=1).items
    oldest = found.items[-1].stream_id if found.next_before is not None else None
    return found.items, newest[0].stream_id if newest else BEGINNING, oldest


async def _following(
    parts: Parts, wanted: FeedFilter, since: str, wait: float, limit: int
) -> tuple[Sequence[FeedItem], str, str | None]:
    """Return the events after a cursor, waiting for the first one. Raises Refused."""
    live, history, clock = parts.live, parts.history, asyncio.get_running_loop().time
    after = await run_in_threadpool(_seq_after, parts, since)
    if after is None:
        raise _gone()
    until = clock() + wait
    while True:
        handed_on = live.last_seq
        items = await run_in_threadpool(history.newer, after, wanted, limit)
        if items or clock() >= until or live.is_closed:
            return items, items[-1].stream_id if items else since, None
        if live.last_seq == handed_on:
            await live.wait(until - clock())


def _seq_after(parts: Parts, cursor: str) -> int | None:
    """Return the place in the history of a cursor, None for one that is not on record (any more)."""
    return 0 if cursor == BEGINNING else parts.history.seq_of(cursor)


def _gone() -> Refused:
    return Refused(
        410, "this cursor is no longer on record", "repeat the request without it, then continue with `since`"
    )
