"""The app: all routes behind one access check. The only place that lists the routes."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple, Protocol

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from tracker import __version__
from tracker.errors import ConfigError, HistoryError, SearchTooWide, StoreError
from tracker.web import alert_answers, answers
from tracker.web.answers import Problem
from tracker.web.gate import Gate
from tracker.web.head import answer_head
from tracker.web.http import Refused, problem_response, schemas
from tracker.web.parts import Parts
from tracker.web.routes import acts, alerts, api, deliveries, health, login, outside, silences, updates

log = logging.getLogger("tracker")

_SHAPES = (
    answers.Providers,
    answers.ProviderDetail,
    answers.Components,
    answers.Incidents,
    answers.IncidentDetail,
    answers.Updates,
    answers.IsItThem,
    answers.Health,
    answers.Done,
    acts.NewProvider,
    acts.Acts,
    alert_answers.Alerts,
    alert_answers.AlertDetail,
    alert_answers.Explained,
    alert_answers.Deliveries,
    alert_answers.ChannelStates,
    alert_answers.Silences,
    alert_answers.DrillRuns,
    alert_answers.AlertDone,
    alert_answers.By,
    alert_answers.SnoozeFor,
    alert_answers.NewNote,
    alert_answers.Resend,
    alert_answers.NewSilence,
    alert_answers.NewDrill,
)


class Beside(Protocol):
    """The work that runs as long as the app does."""

    async def start(self) -> None:
        """Begin."""
        ...

    async def stop(self) -> None:
        """End."""
        ...


class Addition(NamedTuple):
    """Routes that another package adds, with their background work. The access check covers them, too."""

    router: APIRouter
    beside: Sequence[Beside] = ()


def build_app(parts: Parts, beside: Sequence[Beside] = (), pages: Sequence[APIRouter] = ()) -> FastAPI:
    """Return the app over its parts, with routers of pages for people beside the interfaces for programs."""
    app = _App(
        title="Status-page tracker",
        version=__version__,
        description="The present and past content of your vendors' status pages, with the age of each answer's data.",
        docs_url=None,
        redoc_url=None,
        lifespan=lambda _app: _running(beside),
    )
    app.state.parts = parts
    for router in (
        *pages,
        health.router,
        login.router,
        api.router,
        updates.router,
        acts.router,
        alerts.router,
        deliveries.router,
        silences.router,
        outside.router,
    ):
        app.include_router(router)
    app.add_middleware(Gate, parts=parts)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _http_problem)
    for error in (StoreError, HistoryError):
        app.add_exception_handler(error, _away)
    app.add_exception_handler(ConfigError, _wrong)
    app.add_exception_handler(SearchTooWide, _wrong)
    return app


class _App(FastAPI):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            await answer_head(super().__call__, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document with the shapes of our answers."""
        if not self.openapi_schema:
            document = super().openapi()
            document.setdefault("components", {}).setdefault("schemas", {}).update(schemas(_SHAPES))
            for operations in document["paths"].values():
                for operation in operations.values():
                    # Without this a summary is the name of a function, such as "Provider Of".
                    operation["summary"] = operation["description"].partition("\n")[0].rstrip(".")
            self.openapi_schema = document
        return self.openapi_schema


@asynccontextmanager
async def _lifetime(beside: Sequence[Beside]) -> AsyncIterator[None]:
    for each in beside:
        await each.start()
    try:
        yield
    finally:
        for each in reversed(beside):
            await each.stop()


def _running(beside: Sequence[Beside]) -> AbstractAsyncContextManager[None]:
    return _lifetime(beside)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101  it is registered for nothing else
    return problem_response(error.problem, error.headers)


async def _not_understood(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  it is registered for nothing else
    # The input is not repeated.
    wrong = "; ".join(f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in error.errors()[:5])
    return problem_response(Problem(title="the request is not understood", status=422, detail=wrong[:500]))


async def _http_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  it is registered for nothing else
    return problem_response(Problem(title=str(error.detail).lower(), status=error.status_code), error.headers)


async def _wrong(_request: Request, error: Exception) -> Response:
    return problem_response(Problem(title="this cannot be done", status=400, detail=str(error)))


async def _away(_request: Request, error: Exception) -> Response:
    log.warning("%s", error)
    what = "the history" if isinstance(error, HistoryError) else "the data server"
    problem = Problem(title="the tracker cannot read its data", status=503, detail=f"{what} does not answer now")
    return problem_response(problem, {"retry-after": "5"})
