"""Health checks: whether the process lives, and whether it can do its work."""

from typing import Final

from fastapi import APIRouter, Request, Response

from tracker.errors import HistoryError, StoreError
from tracker.web.answers import Health
from tracker.web.http import answer, parts_of, shape

router = APIRouter(tags=["Health"])

#: While a request waits for them, pages are read again within this time, however many there are.
_READ_WITHIN_S: Final = 15.0


@router.get("/healthz", responses=shape(Health))
def healthz(request: Request) -> Response:
    """Answer that the process lives."""
    return answer(request, Health(status="ok"), cache="no-store")


@router.get("/readyz", responses=shape(Health, 503))
def readyz(request: Request) -> Response:
    """Check whether the data server and the history answer, and whether a scheduler dispatches pages."""
    parts = parts_of(request)
    problems = []
    try:
        parts.acts.ping()
        if not parts.acts.beats(parts.clock()):
            problems.append("no scheduler has reported for a minute: no page is polled")
        if parts.board.now.at is None or parts.attention.waiting_s > _READ_WITHIN_S:
            problems.append("the pages have not been read for too long")
    except StoreError:
        problems.append("the data server does not answer")
    try:
        parts.history.bounds()
    except HistoryError:
        problems.append("the history cannot be read")
    return answer(
        request,
        Health(status="unready" if problems else "ok", problems=tuple(problems)),
        status=503 if problems else 200,
        cache="no-store",
    )
