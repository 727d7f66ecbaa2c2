"""Puts the pages for people into the app, which has the interfaces for programs already."""

import logging

from fastapi import FastAPI, Request, Response

from tracker import __version__
from tracker.web.answers import Problem
from tracker.web.http import problem_response
from tracker.web.pages.frame import Frame
from tracker.web.readable import ReadableProblems, remedies_of, text_of, title_of
from tracker.web.routes import alert_pages, forms, pages
from tracker.web.site import Site

log = logging.getLogger("tracker")


def with_pages(app: FastAPI, site: Site) -> FastAPI:
    """Return the app with the routes of pages, and with problems as pages for browsers."""

    def problem_page(problem: Problem) -> str:
        around = Frame(now=site.parts.clock(), version=__version__, is_bare=True)
        return site.rendered(
            "message.html",
            around,
            title=title_of(problem),
            text=text_of(problem),
            remedies=remedies_of(problem),
        )

    app.state.site = site
    app.include_router(pages.router)
    app.include_router(forms.router)
    app.include_router(alert_pages.router)
    app.add_exception_handler(Exception, _broken)
    app.add_middleware(ReadableProblems, render=problem_page)
    return app


async def _broken(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem_response(Problem(title="an unexpected error", status=500, detail="the log has the details"))
