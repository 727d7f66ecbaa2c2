"""The access check before every route: which host name a request uses, and who sends it. A plain ASGI middleware."""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tracker.web.access import Asking, Viewer, is_forgery, is_known_host, viewer_of
from tracker.web.answers import Problem
from tracker.web.http import problem_response
from tracker.web.parts import Parts

#: Paths that are served under any host name: probes use the address.
_ALIVE: Final = "/healthz"
_PROBES: Final = frozenset({_ALIVE, "/readyz"})
#: Paths that everybody may request; hooks and links in messages carry their own secrets.
_OPEN: Final = ("/static/", "/hooks/", "/act/", "/login", "/favicon", "/icon.svg")
_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Gate:
    """Lets requests through to the app, with `request.state.viewer`."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self._app = app
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            if scope["path"] != _ALIVE and not scope["path"].startswith(_OPEN):
                await self._parts.attention.look()
            await self._app(scope, receive, send_guarded)
        else:
            problem, headers = refusal
            await problem_response(problem, headers)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> tuple[Problem, Mapping[str, str]] | None:
        settings, path = self._parts.settings, scope["path"]
        headers = Headers(scope=scope)
        if path in _PROBES:
            return None
        if not is_known_host(headers.get("host", ""), self._parts.bound, settings):
            return _problem(421, "this host name is not a name of the tracker", "add the name to TRACKER_WEB_HOSTS")
        asking = _asking(scope, headers)
        viewer = viewer_of(asking, settings, bound=self._parts.bound, now=self._parts.clock())
        if viewer is None:
            if not self._is_open(path):
                return self._unknown(scope, headers)
            viewer = Viewer("", frozenset(), "nobody")
        if is_forgery(asking, viewer) and not path.startswith("/hooks/"):
            return _problem(
                403, "another site sent this request", "only the tracker's own pages and clients with a token may act"
            )
        scope.setdefault("state", {})["viewer"] = viewer
        return None

    def _is_open(self, path: str) -> bool:
        public = self._parts.settings.public_groups
        first, _, rest = path.strip("/").partition("/")
        is_public = (first == "p" and rest.partition("/")[0] in public) or (
            first in public and rest.startswith("api/v2/")
        )
        return is_public or path.startswith(_OPEN)

    def _unknown(self, scope: Scope, headers: Headers) -> tuple[Problem, Mapping[str, str]]:
        settings = self._parts.settings
        wants_page = scope["method"] == "GET" and "text/html" in headers.get("accept", "")
        if wants_page and (settings.token or settings.act_token):
            return _problem(303, "sign in first", headers={"location": f"/login?next={quote(scope['path'])}"})
        return _problem(
            401, "a token is needed", "send it as: Authorization: Bearer TOKEN", {"www-authenticate": "Bearer"}
        )


def _problem(
    status: int, title: str, detail: str = "", headers: Mapping[str, str] | None = None
) -> tuple[Problem, Mapping[str, str]]:
    return Problem(title=title, status=status, detail=detail), headers or {}


def _asking(scope: Scope, headers: Headers) -> Asking:
    client: Any = scope.get("client")
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(headers.get("cookie", ""))
    except CookieError:
        cookies = SimpleCookie()
    return Asking(
        method=scope["method"],
        peer=client[0] if client else "",
        headers={name.lower(): value for name, value in headers.items()},
        cookies={name: morsel.value for name, morsel in cookies.items()},
    )
