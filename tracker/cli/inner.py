"""Pages whose address is a number that is not public: refused when asked, unless that is allowed."""

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from tracker.environment.proxies import literal
from tracker.fetch.addresses import is_public
from tracker.model.provider import Provider


def is_inner(provider: Provider) -> bool:
    """Return whether the address names a host by a number that is not public; what a name means is seen when asked."""
    address = literal(urlsplit(provider.url).hostname or "")
    return address is not None and not is_public(str(address))


def refused_addresses(providers: Iterable[Provider]) -> Iterator[str]:
    """Yield a sentence for each page that cannot be read since its address is not public."""
    for provider in providers:
        if is_inner(provider) and not provider.allow_private:
            yield (
                f'provider "{provider.id}": {provider.url} is not public; set allow_private = true if it is a page of '
                "your own network; the page cannot be read without it"
            )
