"""Checked settings from the environment. The catalogue is a file of its own.

Passwords pass through here, so no message repeats any part of a URL or secret, and `repr` masks.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tracker import __version__
from tracker.catalogue.address import web_address
from tracker.catalogue.mistakes import InvalidValue, alternatives, quoted
from tracker.environment.data_server import DEFAULT_REDIS_URL, masked_url, redis_url
from tracker.environment.proxies import DIRECTLY, BadProxy, Proxies, Proxy, exceptions_of
from tracker.environment.secret import read_secret
from tracker.environment.sentinel import SCHEME as SENTINEL
from tracker.environment.sentinel import SentinelAddress
from tracker.errors import ConfigError

PROJECT_URL = "https://github.com/status-page-tracker/status-page-tracker"
OUTPUT_FORMATS = ("text", "json")

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Settings:
    """The settings; the defaults suit one machine."""

    #: As redis-py spells it, credentials included: `redis://`, `rediss://` or `unix://`; or a SentinelAddress.
    redis_url: str = DEFAULT_REDIS_URL
    #: The directory of files that outlive a restart.
    data_dir: Path = Path("data")
    #: The format of console lines: one of OUTPUT_FORMATS.
    output_format: str = "text"
    #: The contact address for vendors.
    contact_url: str = PROJECT_URL
    #: The certificates of the authorities that are trusted for pages, in PEM; None for those that browsers trust.
    ca_file: Path | None = None
    #: The proxies for pages and receivers of webhooks.
    proxies: Proxies = DIRECTLY
    #: Whether workers take fetch messages past most of Celery's own machinery.
    lean: bool = True

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Return the settings that the variables give. Raises ConfigError."""
        return cls(
            redis_url=redis_url(environ),
            data_dir=_data_dir(environ),
            output_format=_choice(environ, "TRACKER_FORMAT", OUTPUT_FORMATS, "text"),
            contact_url=_contact_url(environ),
            ca_file=_ca_file(environ),
            proxies=_proxies(environ),
            lean=_choice(environ, "TRACKER_LEAN", ("1", "0"), "1") == "1",
        )

    @property
    def broker_url(self) -> str:
        """Return `redis_url` as kombu spells it, which differs for sockets and sentinels."""
        if self.redis_url.startswith(SENTINEL):
            return SentinelAddress.parse(self.redis_url).broker_url
        if not self.redis_url.startswith("unix://"):
            return self.redis_url
        return re.sub(r"\bdb=(\d+)$", r"virtual_host=\1", self.redis_url.replace("unix", "redis+socket", 1))

    @property
    def sentinel_master(self) -> str | None:
        """Return the name of the data server that sentinels watch, None without sentinels."""
        return SentinelAddress.parse(self.redis_url).master if self.redis_url.startswith(SENTINEL) else None

    @property
    def user_agent(self) -> str:
        """Return our User-Agent, with a contact address if there is one."""
        return f"status-page-tracker/{__version__} (+{self.contact_url})"

    def __repr__(self) -> str:
        """Return all settings, without the password."""
        return (
            f"Settings(redis_url={masked_url(self.redis_url)!r}, data_dir={str(self.data_dir)!r}, "
            f"output_format={self.output_format!r}, contact_url={self.contact_url!r}, "
            f"ca_file={None if self.ca_file is None else str(self.ca_file)!r}, proxies={self.proxies!r}, "
            f"lean={self.lean!r})"
        )


def _data_dir(environ: Mapping[str, str]) -> Path:
    """Return the directory for files."""
    text = environ.get("TRACKER_DATA_DIR") or "data"
    if text.startswith("~") or not text.isprintable():
        raise ConfigError(f"TRACKER_DATA_DIR is {quoted(text)}; write a whole path, without ~ or control characters")
    return Path(text)


def _ca_file(environ: Mapping[str, str]) -> Path | None:
    """Return the checked file of certificates to trust: the tracker's own setting, or that of all programs."""
    name = next((name for name in ("TRACKER_CA_FILE", "SSL_CERT_FILE") if environ.get(name)), None)
    if name is None:
        return None
    text = environ[name]
    try:
        # The first one is enough to know: reading the hundreds of a bundle takes 20 ms, at each command.
        first = _CERTIFICATE.search(Path(text).read_bytes())
        ssl.create_default_context(cafile=None if first else text, cadata=first.group().decode() if first else None)
    except (OSError, ValueError) as error:
        reason = "no certificates in PEM are in it" if isinstance(error, ssl.SSLError) else "it cannot be read"
        raise ConfigError(f"{name} is {quoted(text)}: {reason}; correct the path or the file") from None
    return Path(text)


def _proxies(environ: Mapping[str, str]) -> Proxies:
    """Return the proxies for requests."""
    # A CGI script gets its client's header `Proxy` as HTTP_PROXY in capitals, and never in small letters.
    environ = {key: value for key, value in environ.items() if key != "HTTP_PROXY" or "REQUEST_METHOD" not in environ}
    return Proxies(
        http=_proxy(environ, "http_proxy") or _proxy(environ, "all_proxy"),
        https=_proxy(environ, "https_proxy") or _proxy(environ, "all_proxy"),
        exceptions=exceptions_of(_of_any_case(environ, "no_proxy")[1]),
    )


def _proxy(environ: Mapping[str, str], variable: str) -> Proxy | None:
    """Return the proxy that a variable, or its _FILE, names."""
    name, _ = _of_any_case(environ, variable)
    text = (read_secret(environ, name) or "").strip()
    try:
        return Proxy.parse(text) if text else None
    except BadProxy as error:
        raise ConfigError(f"{name} {error}") from None


def _of_any_case(environ: Mapping[str, str], variable: str) -> tuple[str, str]:
    """Return a variable's name as it is written, and its value; small letters come first, as with other programs."""
    for name in (variable, variable.upper(), *environ):
        if name.lower() == variable and environ.get(name, "").strip():
            return name, environ[name]
    return variable.upper(), ""


def _contact_url(environ: Mapping[str, str]) -> str:
    """Return the contact address for our User-Agent."""
    text = environ.get("TRACKER_CONTACT_URL", "").strip() or PROJECT_URL
    try:
        url = web_address(text)
    except InvalidValue as error:
        raise ConfigError(f"TRACKER_CONTACT_URL {error}") from None
    # The header holds it in brackets, as a comment in ASCII (RFC 9110, section 5.6.5).
    if not url.isascii() or re.search(r"[()]", url):
        raise ConfigError(f"TRACKER_CONTACT_URL is {quoted(url)}, with brackets or beyond ASCII; percent-encode them")
    return url


def _choice(environ: Mapping[str, str], name: str, known: tuple[str, ...], default: str) -> str:
    """Return the known word that a variable gives, in any case of letters."""
    text = environ.get(name, "").strip() or default
    for word in known:
        if word.casefold() == text.casefold():
            return word
    raise ConfigError(f"{name} is {quoted(text)}; {alternatives(text, known)}")
