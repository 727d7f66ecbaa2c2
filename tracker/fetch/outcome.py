"""The meaning of an answer: new content, not modified, a redirect, or an error."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final, NamedTuple, Protocol

from tracker.errors import BadAnswer, Blocked, HttpStatusError, ProxyFailed, SignInNeeded
from tracker.fetch.challenge import LOOKED_AT, is_challenge
from tracker.fetch.conditional import renewed, validators_of
from tracker.fetch.failures import WANTS_CREDENTIALS, plain
from tracker.fetch.freshness import fresh_for_s, retry_after_s
from tracker.fetch.signin import is_sign_in_address, is_sign_in_page, is_web_page
from tracker.fetch.urls import Target, origin, redirected
from tracker.model.provider import Validators
from tracker.polling.fetcher import Fetched, NotModified

#: 203: a proxy on the way has changed something of it (RFC 9110, section 15.3.4).
FULL_ANSWERS: Final = frozenset({HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION})
_NOT_MODIFIED: Final = 304
#: Marks of a proxy's own answers.
_OF_A_PROXY: Final = ("Proxy-Status", "X-Squid-Error", "Proxy-Authenticate")
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
#: How much of an unwanted body is read to keep its connection; beyond, a new connection is cheaper.
DRAINED: Final = 64 * 1024


class Way(NamedTuple):
    """The way of a request to its answer."""

    #: Status of the redirect that led there; None for none.
    redirect: int | None = None
    #: Names of the provider's own header fields that went with it.
    given: tuple[str, ...] = ()
    #: The only host that gets those fields, where this request went without them.
    withheld_for: str | None = None
    #: The proxy's name in messages, if it made the request; None for a direct request or one through a tunnel.
    proxy: str | None = None


DIRECT: Final = Way()


class HttpAnswer(Protocol):
    """One answer. Its status and headers are there, its body perhaps not yet."""

    @property
    def status(self) -> int:
        """Return the status code."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the header fields, whose names have no case."""
        ...

    @property
    def received_bytes(self) -> int:
        """Return the bytes of the body received so far: compressed, without chunk headers."""
        ...

    def body(self) -> bytes:
        """Return the decoded body. Raises TooLarge, BadAnswer, and the client's errors."""
        ...

    def start(self) -> bytes:
        """Return the decoded beginning of the body, empty if it breaks."""
        ...

    def drain(self) -> None:
        """Read a small unwanted body, so that its connection can be used again."""
        ...


def meaning(
    answer: HttpAnswer,
    asked: Target,
    url: str,
    sent: Validators,
    now: datetime,
    *,
    is_conditional: bool,
    way: Way = DIRECT,
) -> Fetched | NotModified | Target:
    """Return the meaning of an answer to `asked`. Raises FetchError.

    `url` is the same as the catalogue or the redirect spells it. `sent` are the known validators; `is_conditional` says
    whether the request carried any.
    """
    headers = answer.headers
    if answer.status == _NOT_MODIFIED:
        if not is_conditional:
            raise BadAnswer("answered 304 to a request without conditions")
        answer.drain()
        return NotModified(url=url, validators=renewed(sent, headers, now), fresh_for_s=fresh_for_s(headers, now))
    # Whatever its tag: a server that gives one tag to every answer would hide all changes.
    if answer.status in FULL_ANSWERS:
        return _full(answer, asked, url, now, way)
    if answer.status in REDIRECTS and (location := headers.get("Location")):
        answer.drain()
        return redirected(asked, location)
    raise _refusal(answer, asked, url, now, way)


def _full(answer: HttpAnswer, asked: Target, url: str, now: datetime, way: Way) -> Fetched:
    """Return a full answer. Raises FetchError for a sign-in page and a bot check."""
    headers, body = answer.headers, answer.body()
    is_called_so = way.redirect is not None and is_sign_in_address(asked) and is_web_page(headers, body)
    if is_called_so or is_sign_in_page(headers, body):
        raise sign_in_needed(asked, url, way)
    if is_web_page(headers, body) and is_challenge(headers, lambda: body[:LOOKED_AT]):
        raise _blocked(answer, url, now)
    return Fetched(
        body=body,
        received_bytes=answer.received_bytes,
        url=url,
        content_type=plain(headers.get("Content-Type", "")) or None,
        validators=validators_of(headers, now),
        fresh_for_s=fresh_for_s(headers, now),
    )


def sign_in_needed(asked: Target, url: str, way: Way) -> SignInNeeded:
    """Return the error for a sign-in page."""
    where = f"{asked.host}{asked.path.partition('?')[0]}"
    leads = "is a sign-in page" if way.redirect is None else f"leads to a sign-in page at {plain(where, 60)}"
    return SignInNeeded(f"{leads}; {_remedy(asked, way)}", None, way.redirect or HTTPStatus.OK, url)


def _refusal(answer: HttpAnswer, asked: Target, url: str, now: datetime, way: Way) -> HttpStatusError | ProxyFailed:
    """Return the error for a status other than 200, 203 and 304."""
    if is_challenge(answer.headers, answer.start):
        return _blocked(answer, url, now)
    wait_s = retry_after_s(answer.headers.get("Retry-After"), now)
    message = f"answered {answer.status}"
    answer.drain()
    if way.proxy is not None:
        if (refused := proxy_refusal(answer.status, answer.headers, way.proxy)) is not None:
            return ProxyFailed(refused, wait_s)
        message = f"{message} through the proxy {way.proxy}"
    if answer.status == HTTPStatus.UNAUTHORIZED:
        message = f"{message}: {_remedy(asked, way)}"
    elif answer.status == HTTPStatus.FORBIDDEN:
        message = f"{message}; if it is for signed-in readers: {_remedy(asked, way)}"
    return HttpStatusError(message, wait_s, answer.status, url)


def _blocked(answer: HttpAnswer, url: str, now: datetime) -> Blocked:
    """Return the error for a challenge that only a browser passes."""
    wait_s = retry_after_s(answer.headers.get("Retry-After"), now)
    return Blocked(f"answered {answer.status}, blocked by a challenge for browsers", wait_s, answer.status, url)


def proxy_refusal(status: int, headers: Mapping[str, str], proxy: str) -> str | None:
    """Return the error of a proxy that answers for itself, None for an answer that it passes on."""
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return f"the proxy {proxy} refuses: {WANTS_CREDENTIALS}"
    if status >= HTTPStatus.BAD_REQUEST and any(name in headers for name in _OF_A_PROXY):
        return f"the proxy {proxy} refuses: it answered {status}"
    return None


def _remedy(asked: Target, way: Way) -> str:
    """Return a hint for a page that wants credentials."""
    if way.given:
        return f"it does not accept what headers_env gives ({plain(', '.join(way.given), 60)})"
    if way.withheld_for is not None:
        return (
            f"what headers_env gives goes to {plain(way.withheld_for, 60)} alone, and not to {plain(origin(asked), 60)}"
        )
    return 'give its credentials by headers_env, as in headers_env = { Authorization = "VARIABLE" }'
