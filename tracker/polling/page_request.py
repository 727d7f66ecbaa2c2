"""Requests for addresses of a page, with its credentials."""

from collections.abc import Iterable, Iterator, Mapping

from tracker.environment.credentials import NO_VALIDATORS, headers_of
from tracker.errors import ConfigError, CredentialsMissing
from tracker.model.provider import Provider, Validators
from tracker.model.urls import origin
from tracker.polling.ports import FetchRequest


def page_request(
    provider: Provider, url: str, environ: Mapping[str, str], validators: Validators = NO_VALIDATORS
) -> FetchRequest:
    """Return a request for an address of a page: with its credentials, if it is at the host of its `url`.

    Raises CredentialsMissing.
    """
    headers: Mapping[str, str] = {}
    if provider.headers_env and origin(url) == origin(provider.url):
        try:
            headers = headers_of(provider.headers_env, environ, f'provider "{provider.id}"')
        except ConfigError as error:
            raise CredentialsMissing(str(error)) from None
    return FetchRequest(url=url, validators=validators, allow_private=provider.allow_private, headers=headers)


def missing_credentials(providers: Iterable[Provider], environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each page whose credentials are not there."""
    for provider in providers:
        try:
            page_request(provider, provider.url, environ)
        except CredentialsMissing as error:
            yield f"{error}; the page cannot be read without it"
