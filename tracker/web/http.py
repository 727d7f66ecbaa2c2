"""Makes answers responses: JSON, ETag and 304, problems, and their shapes in the OpenAPI document."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from fastapi import Request, Response
from fastapi.responses import Response as PlainResponse

from tracker.model.plain import inert_json
from tracker.web.answers import Problem
from tracker.web.parts import Parts

#: The part of an answer that grows with every second and leaves its ETag. Quotes in vendors' texts are escaped.
_AGES: Final = re.compile(rb'"(?:age_seconds|age)":(?:[0-9.e+-]+|null)')
_ENCODER: Final = msgspec.json.Encoder()
#: For caches of others: request it again each time; the ETag makes that cheap.
REVALIDATE: Final = "private, no-cache"


class Refused(Exception):
    """Raised by a route to answer with a problem."""

    def __init__(self, status: int, title: str, detail: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(title)
        self.problem = Problem(title=title, status=status, detail=detail)
        self.headers = dict(headers or {})


def parts_of(request: Request) -> Parts:
    """Return the parts of the app."""
    parts: Parts = request.app.state.parts
    return parts


def answer(request: Request, value: msgspec.Struct, *, status: int = 200, cache: str = REVALIDATE) -> Response:
    """Return a value as JSON with a validator, or 304 where the client has it already, but for its age."""
    return tagged(request, inert_json(_ENCODER.encode(value)), "application/json", status=status, cache=cache)


def tagged(
    request: Request,
    body: bytes,
    media_type: str,
    *,
    status: int = 200,
    cache: str = REVALIDATE,
    tag: str | None = None,
) -> Response:
    """Return a body with a validator, or 304 where the client has it already."""
    etag = f'W/"{tag or hashlib.blake2b(_AGES.sub(b"", body), digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": cache, "Vary": "Authorization, Cookie"}
    if status == 200 and _matches(request.headers.get("if-none-match", ""), etag):  # noqa: PLR2004  RFC 9110, 13.1.2
        return Response(status_code=304, headers=headers)
    return PlainResponse(body, status, headers, media_type)


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem as JSON."""
    return PlainResponse(
        inert_json(_ENCODER.encode(problem)), problem.status, dict(headers or {}), media_type="application/problem+json"
    )


def shape(value: type[msgspec.Struct], *more: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI document's part for a route that answers with this, and with problems of more statuses."""
    content = {"application/json": {"schema": {"$ref": _REF.format(name=value.__name__)}}}
    problem = {"application/problem+json": {"schema": {"$ref": _REF.format(name=Problem.__name__)}}}
    described: dict[int | str, dict[str, Any]] = {200: {"description": _first_line(value), "content": content}}
    described.update({status: {"description": _STATUSES[status], "content": problem} for status in more})
    return described


_REF: Final = "#/components/schemas/{name}"
_STATUSES: Final = {
    400: "The request is not understood",
    403: "Not allowed",
    404: "It does not exist",
    409: "It exists already, or has ended",
    410: "The cursor is too old; repeat the request without it",
    429: "Too often",
    503: "The tracker cannot read its data now",
}


def schemas(values: "tuple[type[msgspec.Struct], ...]") -> dict[str, Any]:
    """Return the shapes of all answers for the OpenAPI document."""
    _, found = msgspec.json.schema_components([*values, Problem], ref_template=_REF)
    return found


def _first_line(value: type[msgspec.Struct]) -> str:
    return (value.__doc__ or value.__name__).strip().splitlines()[0]


def _matches(given: str, etag: str) -> bool:
    """Compare validators weakly, which 304 is for."""
    tags = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags
