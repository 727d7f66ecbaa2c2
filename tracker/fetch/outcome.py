"""What an answer means: news, no news, where to ask instead, or an error."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final, Protocol

from tracker.errors import BadAnswer, Blocked, HttpStatusError
from tracker.fetch.challenge import is_challenge
from tracker.fetch.conditional import renewed, validators_of
from tracker.fetch.failures import plain
from tracker.fetch.freshness import fresh_for_s, retry_after_s
from tracker.fetch.urls import Target, redirected
from tracker.models import Validators
from tracker.ports import Fetched, NotModified

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
#: So much of an unwanted body is read to keep its connection; beyond, a new connection is cheaper.
DRAINED: Final = 64 * 1024


class Answer(Protocol):
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
        """Return how much of the body came so far: compressed, without chunk headers."""
        ...

    def body(self) -> bytes:
        """Return the decoded body. Raises TooLarge, BadAnswer, and what the client raises."""
        ...

    def start(self) -> bytes:
        """Return the decoded beginning of the body, empty if it breaks."""
        ...

    def drain(self) -> None:
        """Read a small body that nobody wants, so that its connection can be used again."""
        ...


def meaning(
    answer: Answer, asked: Target, url: str, sent: Validators, now: datetime, *, is_conditional: bool
) -> Fetched | NotModified | Target:
    """Return what an answer to `asked` means. Raises FetchError.

    `url` is the same as the catalogue or the redirect spells it. `sent` are the validators that are known; whether the
    request carried any is `is_conditional`.
    """
    headers = answer.headers
    if answer.status == HTTPStatus.NOT_MODIFIED:
        if not is_conditional:
            raise BadAnswer("answered 304 to a request without conditions")
        answer.drain()
        return NotModified(url=url, validators=renewed(sent, headers), fresh_for_s=fresh_for_s(headers, now))
    # Whatever its tag: a server that gives one tag to everything would hide all its news.
    if answer.status == HTTPStatus.OK:
        body = answer.body()
        return Fetched(
            body=body,
            received_bytes=answer.received_bytes,
            url=url,
            content_type=plain(headers.get("Content-Type", "")) or None,
            validators=validators_of(headers),
            fresh_for_s=fresh_for_s(headers, now),
        )
    if answer.status in _REDIRECTS and (location := headers.get("Location")):
        answer.drain()
        return redirected(asked, location)
    raise _refusal(answer, url, now)


def _refusal(answer: Answer, url: str, now: datetime) -> HttpStatusError:
    """Return the error for a status that is neither news nor no news."""
    wait_s = retry_after_s(answer.headers.get("Retry-After"), now)
    message = f"answered {answer.status}"
    if is_challenge(answer.headers, answer.start):
        return Blocked(f"{message}, blocked by a challenge for browsers", wait_s, answer.status, url)
    answer.drain()
    return HttpStatusError(message, wait_s, answer.status, url)
