"""Checked settings from the environment. The catalogue is a file of its own.

Redis passwords pass through here, so no message repeats any part of a URL or secret, and `repr` masks.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from tracker import __version__
from tracker.catalogue.address import web_address
from tracker.catalogue.mistakes import InvalidValue, alternatives, quoted
from tracker.environment.proxies import DIRECTLY, BadProxy, Proxies, Proxy, exceptions_of
from tracker.environment.sentinel import SCHEME as SENTINEL
from tracker.environment.sentinel import SentinelAddress
from tracker.errors import ConfigError
from tracker.model.plain import visible

PROJECT_URL = "https://github.com/status-page-tracker/status-page-tracker"
DEFAULT_REDIS_URL = "redis://127.0.0.1:6379/0"
OUTPUT_FORMATS = ("text", "json")

#: Longest file that is read as a secret, in bytes.
_LONGEST_SECRET = 64 * 1024
#: How much of an address a log repeats, in characters.
_LONGEST_SHOWN = 200
_REDIS_REMEDY = "write redis://HOST:6379/0 and put the password into REDIS_PASSWORD"
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
#: An address of which we can tell for certain where its password stands.
_PLAIN_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://)"
    r"(?:(?P<user>[^:@/?#]*)(?P<password>:[^@/?#]*)?@)?"
    r"(?P<host>(?:(?:\[[0-9a-f:.]+\]|[^:@/?#\[\]]+)(?::\d{1,5})?)?)"
    r"(?P<path>(?:/[^@?#]*)?)(?:\?(?P<query>[^@#]*))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Settings:
    """The settings; the defaults suit one machine."""

    #: As redis-py spells it, credentials included: `redis://`, `rediss://` or `unix://`; or a SentinelAddress.
    redis_url: str = DEFAULT_REDIS_URL
    #: The directory of files that outlive a restart.
    data_dir: Path = Path("data")
    #: How console lines are written: one of OUTPUT_FORMATS.
    output_format: str = "text"
    #: Where a vendor finds who asks, and how to reach them.
    contact_url: str = PROJECT_URL
    #: The certificates that pages are held to, in PEM; None for those that browsers trust.
    ca_file: Path | None = None
    #: The proxies for pages and receivers of webhooks.
    proxies: Proxies = DIRECTLY
    #: Whether workers take fetch messages past most of Celery's own machinery.
    lean: bool = True

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Return the settings that the variables give. Raises ConfigError."""
        return cls(
            redis_url=_redis_url(environ),
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
        """Return the address of the sentinels, None without any."""
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


def read_secret(environ: Mapping[str, str], name: str) -> str | None:
    """Return the variable NAME, or the content of the file NAME_FILE, or None. Raises ConfigError."""
    # Compose passes a variable that is not set as an empty one.
    value, path = environ.get(name), environ.get(f"{name}_FILE")
    if value and path:
        raise ConfigError(f"{name} and {name}_FILE are both set; unset one of them")
    if value and not _is_text(value):
        raise ConfigError(f"{name} is not UTF-8 text; write it in that encoding")
    if not path:
        return value or None
    # The path is never repeated: sometimes somebody writes the secret itself there.
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(_LONGEST_SECRET + 1)
        secret = data.decode().rstrip("\r\n")
    except FileNotFoundError:
        raise ConfigError(f"{name}_FILE names a file that does not exist; correct the path") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{name}_FILE names a file that is not UTF-8 text; correct the path or the file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a valid path"
        raise ConfigError(f"{name}_FILE cannot be read ({reason}); correct the path or its permissions") from None
    if not secret or len(data) > _LONGEST_SECRET:
        raise ConfigError(f"{name}_FILE names a file that is empty or over {_LONGEST_SECRET} bytes; write the secret")
    return secret


def _is_text(value: str) -> bool:
    """Return whether a variable was text: Python passes other bytes as surrogates, which have no encoding."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def masked_url(url: str) -> str:
    """Return the address for a log: without a password, or only its scheme where one could hide anywhere."""
    parts = _PLAIN_URL.fullmatch(url)
    if parts is None:
        scheme = re.match(r"[a-z][a-z0-9+.-]*://", url, re.IGNORECASE)
        return f"{scheme[0] if scheme else ''}***"
    # A user name without a password may be a token.
    user = "" if parts["user"] is None else f"{parts['user']}:***@" if parts["password"] else "***@"
    # Options may be secrets (ssl_password); the number of a database is not.
    options = (parts["query"] or "").split("&")
    shown = [option if re.fullmatch(r"(db|virtual_host)=\d{1,4}", option) else "***" for option in options if option]
    query = f"?{'&'.join(shown)}" if shown else ""
    return visible(f"{parts['scheme']}{user}{parts['host']}{parts['path']}{query}", _LONGEST_SHOWN)


def _redis_url(environ: Mapping[str, str]) -> str:
    """Return the checked URL with the credentials of the environment, where it has none of its own."""
    url = read_secret(environ, "REDIS_URL") or DEFAULT_REDIS_URL
    try:
        if url.startswith(SENTINEL):
            return _sentinel_url(SentinelAddress.parse(url), environ)
        parts = _redis_parts(url)
        database = _database(parts)
    except InvalidValue as error:
        raise ConfigError(f"REDIS_URL {error}") from None
    user = unquote(parts.username or "") or read_secret(environ, "REDIS_USERNAME") or ""
    password = unquote(parts.password or "") or read_secret(environ, "REDIS_PASSWORD") or ""
    credentials = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    authority = f"{credentials}{'@' if credentials else ''}{parts.netloc.rpartition('@')[2]}"
    options = _redis_options(parts)
    if parts.scheme in {"redis", "rediss"}:
        return f"{parts.scheme}://{authority}/{database}{'?' if options else ''}{'&'.join(options)}"
    return f"unix://{authority}{parts.path}?{'&'.join([*options, f'db={database}'])}"


def _sentinel_url(address: SentinelAddress, environ: Mapping[str, str]) -> str:
    """Return the whole address with the credentials of the environment, where it has none of its own."""
    return replace(
        address,
        username=address.username or read_secret(environ, "REDIS_USERNAME") or "",
        password=address.password or read_secret(environ, "REDIS_PASSWORD") or "",
    ).url


def _redis_parts(url: str) -> SplitResult:
    """Return the parts of a URL that both redis-py and kombu can use. Raises InvalidValue."""
    if not url.isprintable() or " " in url:
        raise InvalidValue(f"has a space or control character in it; {_REDIS_REMEDY}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        port = 0
    # What follows a # or an unencoded / of a password is taken for the rest of the URL.
    if port == 0 or parts.fragment:
        raise InvalidValue(f"is not a valid URL, for its port or a password with a special character; {_REDIS_REMEDY}")
    if parts.scheme in {"redis", "rediss"}:
        if not parts.hostname:
            raise InvalidValue(f"has no host; {_REDIS_REMEDY}")
    elif parts.scheme not in {"redis+socket", "unix"}:
        raise InvalidValue(
            "does not begin with redis://, rediss:// (TLS), unix:// (socket) or sentinel://; write redis://HOST:6379/0"
        )
    elif parts.hostname or len(parts.path) <= 1:
        raise InvalidValue("names no socket; write unix:///run/redis/redis.sock, with three slashes")
    if {"password", "username", "host", "port", "path"} & parse_qs(parts.query, keep_blank_values=True).keys():
        raise InvalidValue(f"has a host, user or password behind its question mark; {_REDIS_REMEDY}")
    return parts


def _database(parts: SplitResult) -> int:
    """Return the database's number, which sockets name in the query and hosts in the path. Raises InvalidValue."""
    options = parse_qs(parts.query)
    words = [parts.path.strip("/")] if parts.netloc.rpartition("@")[2] else []
    words += [*options.get("db", ()), *options.get("virtual_host", ())]
    given = {word for word in words if word}
    if len(given) > 1 or not all(re.fullmatch(r"[0-9]{1,4}", word) for word in given):
        raise InvalidValue("does not name one database by its number; write it as in redis://HOST:6379/0")
    return int(given.pop()) if given else 0


def _redis_options(parts: SplitResult) -> list[str]:
    """Return the options that the URL keeps."""
    options = [option for option in parts.query.split("&") if option and not re.match("(db|virtual_host)=", option)]
    if parts.scheme == "rediss" and "ssl_cert_reqs=" not in parts.query:
        # Without it kombu would not verify the server's certificate.
        options.append("ssl_cert_reqs=required")
    return options


def _data_dir(environ: Mapping[str, str]) -> Path:
    """Return the directory for files."""
    text = environ.get("TRACKER_DATA_DIR") or "data"
    if text.startswith("~") or not text.isprintable():
        raise ConfigError(f"TRACKER_DATA_DIR is {quoted(text)}; write a whole path, without ~ or control characters")
    return Path(text)


def _ca_file(environ: Mapping[str, str]) -> Path | None:
    """Return the file of certificates to trust, once it can be read as such: ours, or that of all programs."""
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
    # A CGI script gets the field `Proxy` of whoever asks it as HTTP_PROXY, and never one in small letters.
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
