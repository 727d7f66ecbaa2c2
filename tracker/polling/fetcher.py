"""The port of polling to the network: one conditional request and its answer. Implemented in `fetch`."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from tracker.environment.clients import OAuthClient
from tracker.errors import FetchError
from tracker.model.provider import Validators


class FetchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One conditional request."""

    url: str
    validators: Validators = Validators()
    allow_private: bool = False
    #: Further header fields, for scheme, host and port of `url` alone: a redirect takes them nowhere else.
    headers: Mapping[str, str] = {}
    #: The client that gets a bearer token for it; None where it needs none.
    client: OAuthClient | None = None

    def __repr__(self) -> str:
        """Return all of it but the values of header fields, which are secrets."""
        return (
            f"FetchRequest(url={self.url!r}, validators={self.validators!r}, "
            f"allow_private={self.allow_private}, headers={sorted(self.headers)})"
        )


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """An answer with a body (status 200)."""

    #: Decoded (its content codings undone), capped.
    body: bytes
    #: Size of the body as it was sent: compressed, without chunk headers.
    received_bytes: int = 0
    #: The URL that answered, after redirects.
    url: str
    content_type: str | None = None
    validators: Validators = Validators()
    #: How long the server calls this answer fresh, in seconds (Cache-Control max-age less Age).
    fresh_for_s: float | None = None


class NotModified(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that says: nothing new (status 304)."""

    url: str
    validators: Validators = Validators()
    fresh_for_s: float | None = None


class Asked(msgspec.Struct, frozen=True):
    """A request that was made, and how it ended."""

    url: str
    ended: Fetched | NotModified | FetchError


class Fetcher(Protocol):
    """Makes one conditional GET."""

    def fetch(self, request: FetchRequest) -> Fetched | NotModified:
        """Return the answer. Raises FetchError, and nothing else, for any failure of the network or the page."""
        ...


class ReadyRequest(Protocol):
    """A request that a `QuickFetcher` has prepared: the parts that are equal in each poll are computed once."""

    @property
    def request(self) -> FetchRequest:
        """Return the request."""
        ...


class QuickFetcher(Protocol):
    """Makes one conditional GET on an event loop, if one request and one answer are all it takes."""

    def ready(self, request: FetchRequest) -> ReadyRequest:
        """Return a request that may be fetched any number of times."""
        ...

    async def fetch(self, ready: ReadyRequest) -> Fetched | NotModified | None:
        """Return the answer, None where a `Fetcher` has to make the request. Raises FetchError, and nothing else."""
        ...
