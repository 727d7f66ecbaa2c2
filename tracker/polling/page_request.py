"""Requests for addresses of a page, with its credentials."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from tracker.environment.clients import OAuthClient, client_of
from tracker.environment.credentials import NO_VALIDATORS, headers_of
from tracker.errors import ConfigError, CredentialsMissing
from tracker.model.page_state import KnownAnswer, PageState
from tracker.model.provider import Provider, Validators
from tracker.model.urls import origin
from tracker.polling.fetcher import FetchRequest
from tracker.polling.reading import is_apart

#: One object for the many pages without credentials.
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


def page_request(
    provider: Provider, url: str, environ: Mapping[str, str], validators: Validators = NO_VALIDATORS
) -> FetchRequest:
    """Return a request for an address of a page: with its credentials, if it is at the host of its `url`.

    Raises CredentialsMissing.
    """
    headers = NO_HEADERS
    client: OAuthClient | None = None
    if provider.headers_env and origin(url) == origin(provider.url):
        place = f'provider "{provider.id}"'
        named = dict(provider.headers_env)
        signs = next((name for name in named if name.lower() == "authorization"), None)
        try:
            client = client_of(named[signs], environ, place) if signs else None
            plain = (each for each in provider.headers_env if client is None or each[0] != signs)
            headers = headers_of(plain, environ, place)
        except ConfigError as error:
            raise CredentialsMissing(str(error)) from None
    return FetchRequest(
        url=url, validators=validators, allow_private=provider.allow_private, headers=headers, client=client
    )


def missing_credentials(providers: Iterable[Provider], environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each page whose credentials are missing."""
    for provider in providers:
        try:
            page_request(provider, provider.url, environ)
        except CredentialsMissing as error:
            yield f"{error}; the page cannot be read without it"


def request_of(provider: Provider, state: PageState, url: str, environ: Mapping[str, str]) -> FetchRequest:
    """Return the request for a known address of a page, conditional where that proves something.

    Raises CredentialsMissing.
    """
    known = KnownAnswer() if state.source and is_apart(state.source) else state.answers.get(url, KnownAnswer())
    return page_request(provider, url, environ, known.validators)
