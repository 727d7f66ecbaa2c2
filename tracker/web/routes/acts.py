"""The acts for the scope `act`, each written to the audit stream; and pushes, which need no scope."""

import hmac
from datetime import timedelta
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from tracker.catalogue import new_provider
from tracker.catalogue.presets import chosen
from tracker.parse import FORMAT_NAMES
from tracker.store.board import Act
from tracker.web.access import Viewer
from tracker.web.answers import Done
from tracker.web.http import Refused, answer, parts_of, shape
from tracker.web.parts import Parts
from tracker.web.routes.asked import ProviderId

router = APIRouter(tags=["Acts"])

_LONGEST_BODY: Final = 16_384
#: A page that is pushed, or checked by hand, is polled no more often; requests of the meantime share the next poll.
PUSH_PAUSE: Final = timedelta(seconds=5)
_MAC_BYTES: Final = 16


class NewProvider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page to watch."""

    #: An address, or a preset as in `tracker providers add`.
    page: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    group: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    interval: Annotated[int, msgspec.Meta(ge=10, le=86_400)] = 60


class Acts(msgspec.Struct, frozen=True, kw_only=True):
    """The last acts, the newest first."""

    items: tuple[Act, ...]


_BODY: Final = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewProvider"}}}}


@router.post("/api/v1/providers", responses=shape(Done, 400, 403, 409), openapi_extra={"requestBody": _BODY})
async def add(request: Request) -> Response:
    """Watch one more page, which a sync of providers.toml does not remove."""
    parts, viewer = parts_of(request), actor_of(request)
    try:
        asked = msgspec.json.decode(await body_of(request, _LONGEST_BODY), type=NewProvider)
    except msgspec.MsgspecError as error:
        raise Refused(400, "the body is not understood", str(error)[:300]) from None
    except UnicodeDecodeError:
        raise Refused(400, "the body is not UTF-8") from None
    choice = chosen(asked.page)
    provider = new_provider(
        choice.url,
        formats=FORMAT_NAMES,
        name=asked.name or choice.name,
        group=asked.group,
        interval_s=asked.interval,
        regions=choice.regions,
        components=choice.components,
    )
    await run_in_threadpool(parts.acts.add, provider, parts.clock())
    await run_in_threadpool(_note, parts, viewer, "add", provider.id)
    return answer(request, Done(provider=provider.id, done="added"))


@router.delete("/api/v1/providers/{provider}", responses=shape(Done, 403, 404))
def remove(request: Request, provider: ProviderId) -> Response:
    """Stop watching a page; the next sync of providers.toml adds a page of that file again."""
    parts, viewer = parts_of(request), actor_of(request)
    if not parts.acts.remove(provider):
        raise Refused(404, "there is no such provider")
    _note(parts, viewer, "remove", provider)
    return answer(request, Done(provider=provider, done="removed"))


@router.post("/api/v1/providers/{provider}/check", responses=shape(Done, 403, 404))
def check(request: Request, provider: ProviderId) -> Response:
    """Have a page polled now."""
    parts, viewer = parts_of(request), actor_of(request)
    done = _push(parts, provider)
    _note(parts, viewer, "check", provider)
    return answer(request, Done(provider=provider, done=done))


@router.get("/api/v1/audit", responses=shape(Acts, 403))
def audit(request: Request, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Response:
    """List the last acts with their authors, for viewers with the scope `act`."""
    actor_of(request)
    return answer(request, Acts(items=parts_of(request).acts.acts(limit)))


@router.post("/hooks/{secret}", responses=shape(Done, 404))
def hook(request: Request, secret: Annotated[str, Path(max_length=300)]) -> Response:
    """Poll a page at once because its vendor pushed; the content of the push is ignored."""
    parts = parts_of(request)
    provider = hooked(parts.settings.hook_key, secret)
    if provider is None:
        raise Refused(404, "not found")
    return answer(request, Done(provider=provider, done=_push(parts, provider)))


def hook_of(key: str, provider: str) -> str:
    """Return the secret last part of a provider's hook address."""
    mac = hmac.digest(key.encode(), b"hook " + provider.encode(), "sha256")[:_MAC_BYTES].hex()
    return f"{provider}.{mac}"


def hooked(key: str | None, secret: str) -> str | None:
    """Return the id of the provider of a hook, None for an address that is no hook."""
    provider, dot, _ = secret.rpartition(".")
    if key is None or not dot:
        return None
    expected = hook_of(key, provider).encode("utf-8", "replace")
    return provider if hmac.compare_digest(secret.encode("utf-8", "replace"), expected) else None


def actor_of(request: Request) -> Viewer:
    """Return the viewer, if they may act. Raises Refused."""
    viewer: Viewer = request.state.viewer
    if not viewer.may_act:
        raise Refused(
            403, "this needs the scope `act`", "sign in with TRACKER_WEB_ACT_TOKEN, or have TRACKER_WEB_ACTORS name you"
        )
    return viewer


async def body_of(request: Request, limit: int) -> bytes:
    """Return the body of a request. Raises Refused for one that is longer."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Refused(413, "the body is too long")
    return body


def _push(parts: Parts, provider: str) -> str:
    """Have a page polled as soon as is polite. Raises Refused."""
    if not parts.acts.push(provider, parts.clock(), PUSH_PAUSE):
        raise Refused(404, "there is no such provider")
    return "due"


def _note(parts: Parts, viewer: Viewer, act: str, subject: str) -> None:
    parts.acts.note(Act(at=parts.clock(), actor=viewer.name, act=act, subject=subject, via=viewer.via))
