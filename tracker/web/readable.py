"""Problems for people: a browser gets a page that says what is wrong and what to do. ASGI middleware."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tracker.web.answers import Problem
from tracker.web.html import html

_PROBLEM: Final = b"application/problem+json"
_FIRST_ERROR: Final = 400
#: Headers of a problem that its page has, too.
_KEPT: Final = ("allow", "retry-after", "www-authenticate")
#: Statuses of problems whose own title is the heading.
_SAID_BY_TITLE: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE)
Render = Callable[[Problem], str]

_TITLES: Final = {
    400: "This cannot be done",
    401: "A token is needed",
    403: "This is not allowed",
    404: "There is no such page",
    405: "This cannot be done here",
    421: "The tracker does not go by this name",
    409: "This is done already",
    422: "The address is not understood",
    429: "Too often",
    500: "Something went wrong here",
    503: "The tracker cannot read its data",
}
_REMEDIES: Final = {
    401: "Open the sign-in page, or send the token as a header.",
    403: "Sign in with the token that lets you act, or load the page again and repeat what you did.",
    404: "It may have been removed, or the address may have a typing error. The page Now lists all that is watched.",
    421: "Whoever runs the tracker can add the name to TRACKER_WEB_HOSTS.",
    422: "Remove the last part of the address, and try again.",
    429: "Wait a minute, and try again.",
    500: "The tracker's log has the details. Try again; if it happens again, report it with those lines.",
    503: "Load the page again in a few seconds. If that does not help, run `tracker doctor` where the tracker runs.",
}


class ReadableProblems:
    """Turns problems into pages for requests that accept a page."""

    def __init__(self, app: ASGIApp, render: Render) -> None:
        self._app = app
        self._render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, a problem as a page."""
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._app(scope, receive, send)
            return
        held: Message | None = None
        body = b""

        async def sifted(message: Message) -> None:
            nonlocal held, body
            if message["type"] == "http.response.start":
                kinds = dict(message["headers"]).get(b"content-type", b"")
                if message["status"] >= _FIRST_ERROR and kinds.startswith(_PROBLEM):
                    held = message
                    return
            if held is None or message["type"] != "http.response.body":
                await send(message)
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                kept = {name: value for name, value in Headers(raw=held["headers"]).items() if name in _KEPT}
                await self._page(scope, receive, send, body, kept)

        await self._app(scope, receive, sifted)

    async def _page(self, scope: Scope, receive: Receive, send: Send, body: bytes, headers: Mapping[str, str]) -> None:
        problem = msgspec.json.decode(body, type=Problem)
        request = Request(scope)
        response = html(request, self._render(problem), status=problem.status, cache="no-store")
        response.headers.update(headers)
        await response(scope, receive, send)


def title_of(problem: Problem) -> str:
    """Return the heading of a problem's page: the missing thing, if it is known, else the meaning of the status."""
    own = _sentence(problem.title)
    is_known = problem.status in _SAID_BY_TITLE and own.casefold() != HTTPStatus.NOT_FOUND.phrase.casefold()
    return own if is_known else _TITLES.get(problem.status, own)


def text_of(problem: Problem) -> str:
    """Return the text below the heading; "" if the heading says it all."""
    return "" if problem.status in _SAID_BY_TITLE else _sentence(problem.title)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def remedies_of(problem: Problem) -> tuple[str, ...]:
    """Return the remedies for a problem, a sentence each."""
    own = (_sentence(problem.detail),) if problem.detail else ()
    known = _REMEDIES.get(problem.status)
    return (*own, known) if known else own
