"""Addresses that are numbers and not public: refused unless they are allowed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from tracker.alerting.channels.api import address
from tracker.delivery.sinks.webhook import endpoint
from tracker.environment.proxies import literal
from tracker.errors import ConfigError
from tracker.fetch.addresses import is_public
from tracker.model.channel import AnyChannelConfig, ChannelConfig
from tracker.model.provider import Provider, Webhook

#: Keys of channels and sinks that may hold the address of messages, in order of precedence.
_PLACES: Final = ("url", "url_env", "api_url", "host")


def is_inner(provider: Provider) -> bool:
    """Return whether the address names a host by a number that is not public; host names are resolved by requests."""
    return _is_inner_host(urlsplit(provider.url).hostname)


def refused_addresses(providers: Iterable[Provider]) -> Iterator[str]:
    """Yield a sentence for each page that cannot be read since its address is not public."""
    for provider in providers:
        if is_inner(provider) and not provider.allow_private:
            yield (
                f'provider "{provider.id}": {provider.url} is not public; set allow_private = true if it is a page of '
                "your own network; the page cannot be read without it"
            )


def require_reachable(
    sinks: Iterable[Webhook], channels: Iterable[AnyChannelConfig], environ: Mapping[str, str] | None
) -> None:
    """Refuse receivers at addresses that are not public, unless allowed. Raises ConfigError, which shows no address.

    Without an environment, addresses in variables are not checked.
    """
    for sink in sinks:
        url = sink.url if environ is None else endpoint(sink, environ).url
        host = urlsplit(url or "").hostname
        _require_allowed(f'sink "{sink.name}"', sink, host, is_allowed=sink.allow_private)
    for channel in channels:
        _require_allowed(channel.place, channel, _host_of(channel, environ), is_allowed=channel.allow_private)


def _require_allowed(place: str, config: Webhook | ChannelConfig, host: str | None, *, is_allowed: bool) -> None:
    if _is_inner_host(host) and not is_allowed:
        key = next(key for key in _PLACES if getattr(config, key, None))
        raise ConfigError(
            f"{place}: {key} names an address that is not public; set allow_private = true if it is in your own "
            "network, or correct it"
        )


def _host_of(channel: AnyChannelConfig, environ: Mapping[str, str] | None) -> str | None:
    """Return the host of a channel's messages, None where it is not known here. Raises ConfigError."""
    if (host := getattr(channel, "host", None)) is not None:
        return str(host)
    url = getattr(channel, "api_url", getattr(channel, "url", None))
    if url is None and environ is not None and hasattr(channel, "url"):
        url = address(channel, None, getattr(channel, "url_env", None), environ)
    return urlsplit(url or "").hostname


def _is_inner_host(host: str | None) -> bool:
    number = literal(host or "")
    return number is not None and not is_public(str(number))
