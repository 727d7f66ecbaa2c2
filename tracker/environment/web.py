"""Settings of the web server from the environment, each one checked: who may read, who may act, under which names."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit

from tracker.catalogue.address import web_address
from tracker.catalogue.mistakes import InvalidValue, quoted
from tracker.environment.secret import read_secret
from tracker.errors import ConfigError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: The page's address by default.
DEFAULT_ADDRESS: Final = "127.0.0.1:8000"
#: Secrets that are shorter can be guessed.
LEAST_SECRET: Final = 16
_HOST: Final = re.compile(r"[a-z0-9.-]{1,253}|\[[0-9a-f:.]+\]", re.IGNORECASE)
_TOKEN: Final = re.compile(r"[!-~]+")
_FIELD: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """The settings of the web server; without any, it serves this machine alone."""

    #: The token to read; None: there is none.
    token: str | None = field(default=None, repr=False)
    #: The token to read and act; None: there is none.
    act_token: str | None = field(default=None, repr=False)
    #: The key from which the addresses of hooks are derived; None: there are no hooks.
    hook_key: str | None = field(default=None, repr=False)
    #: The server's host names, beside those of this machine; lower case, without a port.
    hosts: frozenset[str] = frozenset()
    #: Proxies that are trusted to name the user.
    trusted_proxies: tuple[Network, ...] = ()
    #: The header in which they name the user.
    user_header: str = "x-forwarded-user"
    #: Those of their users who may act.
    actors: frozenset[str] = frozenset()
    #: Groups whose pages everybody may see.
    public_groups: frozenset[str] = frozenset()
    #: Whether the log names the token: for a first try, if nobody else reads the log.
    shows_token: bool = False
    #: The server's own address for links in feeds and messages; None: the request's address, and no links in messages.
    url: str | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Return the settings that the variables give. Raises ConfigError."""
        header = environ.get("TRACKER_WEB_USER_HEADER", "").strip() or "X-Forwarded-User"
        if not _FIELD.fullmatch(header):
            raise ConfigError(f"TRACKER_WEB_USER_HEADER is {quoted(header)}; write the name of a header field")
        url = web_url(environ)
        own = frozenset({host.lower()}) if url and (host := urlsplit(url).hostname) else frozenset()
        return cls(
            token=_token(environ, "TRACKER_WEB_TOKEN"),
            act_token=_token(environ, "TRACKER_WEB_ACT_TOKEN"),
            hook_key=_token(environ, "TRACKER_HOOK_KEY"),
            hosts=own | frozenset(_host(host) for host in _words(environ, "TRACKER_WEB_HOSTS")),
            trusted_proxies=tuple(_network(word) for word in _words(environ, "TRACKER_WEB_TRUSTED_PROXIES")),
            user_header=header.lower(),
            actors=frozenset(_words(environ, "TRACKER_WEB_ACTORS")),
            public_groups=frozenset(_words(environ, "TRACKER_WEB_PUBLIC_GROUPS")),
            shows_token=environ.get("TRACKER_WEB_TELL_TOKEN", "").strip() == "1",
            url=url,
        )

    @property
    def is_protected(self) -> bool:
        """Return whether there is a way to identify a user."""
        return bool(self.token or self.act_token or self.trusted_proxies)


def address_of(text: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT`, `[HOST]:PORT`, `:PORT` or `PORT`. Raises ConfigError."""
    host, _, port = text.strip().rpartition(":")
    if not (port.isascii() and port.isdecimal() and 0 <= int(port) < 1 << 16):
        raise ConfigError("the address to listen on is not HOST:PORT; write for example 127.0.0.1:8000")
    return host.strip("[]") or DEFAULT_ADDRESS.partition(":")[0], int(port)


def _words(environ: Mapping[str, str], name: str) -> list[str]:
    return [word.strip() for word in environ.get(name, "").split(",") if word.strip()]


def _token(environ: Mapping[str, str], name: str) -> str | None:
    secret = read_secret(environ, name)
    if secret is not None and (len(secret) < LEAST_SECRET or not _TOKEN.fullmatch(secret)):
        # The value is not repeated: it is a secret.
        raise ConfigError(
            f"{name} is shorter than {LEAST_SECRET} characters, or has others than letters, digits and signs of ASCII;"
            " make one with: openssl rand -hex 24"
        )
    return secret


def _host(host: str) -> str:
    if not _HOST.fullmatch(host):
        raise ConfigError(f"TRACKER_WEB_HOSTS has {quoted(host)}; write names without a scheme or port, with commas")
    return host.lower()


def _network(word: str) -> Network:
    try:
        return ipaddress.ip_network(word)
    except ValueError:
        raise ConfigError(
            f"TRACKER_WEB_TRUSTED_PROXIES has {quoted(word)}; write addresses or networks as 10.0.0.0/24, with commas"
        ) from None


def web_url(environ: Mapping[str, str]) -> str | None:
    """Return the page's own address, without a slash at its end; None where it is not set. Raises ConfigError."""
    text = environ.get("TRACKER_WEB_URL", "").strip()
    try:
        return web_address(text).rstrip("/") if text else None
    except InvalidValue as error:
        raise ConfigError(f"TRACKER_WEB_URL {error}") from None
