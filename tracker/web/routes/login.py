"""Signing in with a token, for browsers: the token is exchanged for a cookie that holds none."""

import math
from html import escape
from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from tracker.web.access import COOKIE, SESSION, client_of, scopes_of, session_of
from tracker.web.http import parts_of
from tracker.web.routes.acts import body_of

router = APIRouter(include_in_schema=False)

_LONGEST_FORM: Final = 4096
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_FORM: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · tracker</title><link rel="stylesheet" href="/static/style.css">
</head>
<body><header class="bar"><div class="top"><a class="mark" href="/">tracker</a></div></header>
<main><div class="head"><div><h1>Sign in</h1>
<p class="lede">The token says whether you may read, or act as well.</p></div></div>
<section class="sec" aria-labelledby="token"><h2 id="token">Token</h2><div>
{note}<p id="which">The value of <code>TRACKER_WEB_TOKEN</code> or <code>TRACKER_WEB_ACT_TOKEN</code>
where the tracker runs.</p>
<form class="ctl" method="post" action="/login"><input type="hidden" name="next" value="{next}">
<input type="password" name="token" required autofocus autocomplete="current-password" aria-labelledby="token"
 aria-describedby="which">
<button class="go">Sign in</button></form>
</div></section>
</main></body></html>
"""


@router.get("/login")
def form(next: Annotated[str, Query(max_length=1000)] = "/") -> Response:
    """Show the form."""
    return _page(next)


@router.post("/login")
async def sign_in(request: Request) -> Response:
    """Exchange a token for a cookie."""
    parts = parts_of(request)
    now = parts.clock()
    client = client_of(
        request.client.host if request.client else "", request.headers.get("x-forwarded-for", ""), parts.settings
    )
    given = parse_qs((await body_of(request, _LONGEST_FORM)).decode("utf-8", "replace"))
    target = inside(given.get("next", ["/"])[0])
    pause = math.ceil(parts.attempts.pause(client, now).total_seconds())
    if pause > 0:
        refused = _page(target, f"Too many wrong tokens were given. Try again in {pause} seconds.", 429)
        refused.headers["retry-after"] = str(pause)
        return refused
    scopes = scopes_of(given.get("token", [""])[0].strip(), parts.settings)
    if not scopes:
        parts.attempts.failed(client, now)
        return _page(target, "This is not the token.", 401)
    response = Response(status_code=303, headers={"location": target, "cache-control": "no-store"})
    response.set_cookie(
        COOKIE,
        session_of(scopes, parts.settings, now),
        max_age=round(SESSION.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https" or (parts.settings.url or "").startswith("https:"),
    )
    return response


@router.post("/logout")
def sign_out() -> Response:
    """Forget who this is."""
    response = Response(status_code=303, headers={"location": "/login", "cache-control": "no-store"})
    response.delete_cookie(COOKIE)
    return response


def inside(target: str) -> str:
    """Return an address of ours, "/" for one that leads elsewhere."""
    is_ours = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if is_ours and target.isascii() and "\\" not in target else "/"


def _page(target: str, note: str = "", status: int = 200) -> Response:
    page = _FORM.format(next=escape(inside(target)), note=f'<p role="alert">{escape(note)}</p>' if note else "")
    return HTMLResponse(page, status, {"content-security-policy": _POLICY, "cache-control": "no-store"})
