"""Remove the secrets of a request from its answer before anybody sees them. Pure.

Servers name what they refuse: `invalid token abc…`, in a body, a redirect or a field. Messages about an answer go to
logs, records and other people.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from tracker.errors import FetchError
from tracker.polling.fetcher import Fetched

_HIDDEN: Final = "[secret]"
#: A shorter part may be a word such as "Bearer", which any text may hold. A secret that was cut is recognised from this
#: length on.
_SHORTEST: Final = 8
#: Parts of an address are words more often.
_SHORTEST_OF_URL: Final = 16
_APART: Final = re.compile(r"[\s;,\"]+")
#: Fields that say nothing secret.
_OPEN: Final = frozenset(
    {
        *("accept", "accept-language", "user-agent", "content-type", "origin", "referer"),
        *("idempotency-key", "webhook-id", "webhook-timestamp"),
    }
)


def secrets_of(headers: Mapping[str, str], url: str = "") -> tuple[str, ...]:
    """Return the secrets in header fields and in the parts of a secret address, longest first."""
    values = (value for name, value in headers.items() if name.lower() not in _OPEN)
    words = {part for value in values for word in _APART.split(value) for part in (word, word.partition("=")[2])}
    path = urlsplit(url)
    segments = {part for part in re.split("[/&=]", f"{path.path}/{path.query}") if len(part) >= _SHORTEST_OF_URL}
    return tuple(sorted((part for part in words | segments if len(part) >= _SHORTEST), key=len, reverse=True))


def without(secrets: Iterable[str], text: str) -> str:
    """Return a text without the secrets in upper or lower case, also where it holds only the beginning of one."""
    for secret in secrets:
        begins = re.compile(re.escape(secret[:_SHORTEST]), re.IGNORECASE | re.ASCII)
        position = 0
        while found := begins.search(text, position):
            end = found.end()
            for expected in secret[_SHORTEST:]:
                if text[end : end + 1].lower() != expected.lower():
                    break
                end += 1
            text = text[: found.start()] + _HIDDEN + text[end:]
            position = found.start() + len(_HIDDEN)
    return text


def conceal(secrets: Iterable[str], error: FetchError) -> None:
    """Remove the secrets from an error's message."""
    error.message = without(secrets, error.message)
    error.args = (error.message, *error.args[1:])


def concealed(secrets: Iterable[str], answer: Fetched) -> Fetched:
    """Return an answer without the secrets."""
    body, kind = answer.body, answer.content_type
    for secret in secrets:
        body = body.replace(secret.encode(), _HIDDEN.encode())
    return replace(answer, body=body, content_type=without(secrets, kind) if kind else kind)
