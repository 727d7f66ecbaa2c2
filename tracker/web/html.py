"""Makes a page for people a response: its policy for browsers, compression, a validator."""

import gzip
import hashlib
from typing import Final

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

_SOURCES: Final = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
_POLICY: Final = f"{_SOURCES}; form-action 'self'; base-uri 'none'; frame-ancestors "
_SMALL: Final = 1400
_LEVEL: Final = 5


def html(
    request: Request, body: str, *, status: int = 200, cache: str = "private, no-cache", is_embeddable: bool = False
) -> Response:
    """Return a page; any site may show an embeddable one in a frame."""
    data = body.encode("utf-8", "replace")
    headers = {
        "Content-Security-Policy": _POLICY + ("*" if is_embeddable else "'none'"),
        "Cache-Control": cache,
        "Vary": "Accept-Encoding, Authorization, Cookie",
        "Cross-Origin-Resource-Policy": "cross-origin" if is_embeddable else "same-origin",
    }
    if "gzip" in request.headers.get("accept-encoding", "") and len(data) > _SMALL:
        data = gzip.compress(data, _LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return HTMLResponse(data, status, headers)


def static(request: Request, data: bytes, media_type: str) -> Response:
    """Return a file of ours, which browsers keep for a day and then request again."""
    tag = f'"{hashlib.blake2b(data, digest_size=8).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=86400"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=media_type)
