"""Acts of people, sent by forms: add a page, remove it, have it checked now. Each one goes to the audit stream."""

from typing import Annotated, Final
from urllib.parse import parse_qs

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from tracker.catalogue import new_provider, slug
from tracker.catalogue.presets import chosen
from tracker.errors import TrackerError
from tracker.model.plain import one_line
from tracker.model.provider import Provider
from tracker.parse import FORMAT_NAMES
from tracker.store.board import Act
from tracker.web.html import html
from tracker.web.http import Refused
from tracker.web.rendering import provider_path
from tracker.web.routes.acts import PUSH_PAUSE, actor_of, body_of
from tracker.web.site import Site, site_of, viewer_of

_MOST_BYTES: Final = 20_000
_NAME: Final = 60
_SEE_OTHER: Final = 303
_MOST_FIELDS: Final = 20
Form = dict[str, str]

router = APIRouter(include_in_schema=False)


async def checked_form(request: Request) -> Form:
    """Return the form's fields. Raises Refused for who may not act, and for a form that is not of our pages."""
    viewer = actor_of(request)
    body = await body_of(request, _MOST_BYTES)
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Refused(422, "the form has too many fields") from None
    given = {name: values[0].strip() for name, values in fields.items()}
    if not site_of(request).tokens.is_valid(given.get("form_token", ""), viewer):
        raise Refused(403, "the form is too old, or not from a page of the tracker", "load the page again")
    return given


CheckedForm = Annotated[Form, Depends(checked_form)]


@router.post("/providers")
def add(request: Request, given: CheckedForm) -> Response:
    """Request a page, and watch it."""
    return _add(site_of(request), request, given)


@router.post("/providers/{provider}/check")
def check(request: Request, provider: str, _given: CheckedForm) -> Response:
    """Have a page polled at once."""
    site = site_of(request)
    if not site.parts.acts.push(provider, site.parts.clock(), PUSH_PAUSE):
        raise Refused(404, "there is no such provider", "nothing is watched under this name")
    _note(site, request, "check", provider)
    return _seen(provider_path(provider))


@router.post("/providers/{provider}/remove")
def remove(request: Request, provider: str, _given: CheckedForm) -> Response:
    """Stop watching a page."""
    site = site_of(request)
    if not site.parts.acts.remove(provider):
        raise Refused(404, "there is no such provider", "nothing is watched under this name")
    _note(site, request, "remove", provider)
    site.parts.board.refresh()
    return _seen("/")


def _add(site: Site, request: Request, given: Form) -> Response:
    try:
        provider = _asked_for(site, given)
        site.parts.acts.add(provider, site.parts.clock())
    except TrackerError as error:
        around = site.frame(request, site.pages())
        body = site.rendered("refused.html", around, page=given.get("page", ""), reason=str(error))
        return html(request, body, status=422, cache="no-store")
    _note(site, request, "add", provider.id)
    site.parts.board.refresh()
    return _seen(provider_path(provider.id))


def _asked_for(site: Site, given: Form) -> Provider:
    """Return the provider that a form asks for, after its page was requested. Raises TrackerError."""
    choice = chosen(given.get("page", ""))
    provider = new_provider(
        choice.url,
        formats=FORMAT_NAMES,
        name=choice.name,
        group=given.get("group") or None,
        regions=choice.regions,
        components=choice.components,
    )
    own = site.look(provider)
    if choice.name or not own:
        return provider
    name = one_line(own, _NAME)
    return msgspec.structs.replace(provider, name=name, id=slug(name))


def _note(site: Site, request: Request, act: str, subject: str) -> None:
    viewer = viewer_of(request)
    site.parts.acts.note(Act(at=site.parts.clock(), actor=viewer.name, act=act, subject=subject, via=viewer.via))


def _seen(path: str) -> Response:
    return RedirectResponse(path, status_code=_SEE_OTHER)
