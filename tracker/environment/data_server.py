"""The address of the data server from the environment. No message repeats any part of it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from tracker.catalogue.mistakes import InvalidValue
from tracker.environment.secret import read_secret
from tracker.environment.sentinel import SCHEME as SENTINEL
from tracker.environment.sentinel import SentinelAddress
from tracker.errors import ConfigError
from tracker.model.plain import visible

DEFAULT_REDIS_URL: Final = "redis://127.0.0.1:6379/0"

#: How much of an address a log repeats, in characters.
_LONGEST_SHOWN: Final = 200
_REMEDY: Final = "write redis://HOST:6379/0 and put the password into REDIS_PASSWORD"
#: An address in which the place of the password is certain.
_PLAIN_URL: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://)"
    r"(?:(?P<user>[^:@/?#]*)(?P<password>:[^@/?#]*)?@)?"
    r"(?P<host>(?:(?:\[[0-9a-f:.]+\]|[^:@/?#\[\]]+)(?::\d{1,5})?)?)"
    r"(?P<path>(?:/[^@?#]*)?)(?:\?(?P<query>[^@#]*))?",
    re.IGNORECASE,
)


def redis_url(environ: Mapping[str, str]) -> str:
    """Return the checked `REDIS_URL` with the credentials of the environment, where it has none of its own.

    Raises ConfigError.
    """
    url = read_secret(environ, "REDIS_URL") or DEFAULT_REDIS_URL
    try:
        if url.startswith(SENTINEL):
            return _sentinel_url(SentinelAddress.parse(url), environ)
        parts = _parts(url)
        database = _database(parts)
    except InvalidValue as error:
        raise ConfigError(f"REDIS_URL {error}") from None
    user = unquote(parts.username or "") or read_secret(environ, "REDIS_USERNAME") or ""
    password = unquote(parts.password or "") or read_secret(environ, "REDIS_PASSWORD") or ""
    credentials = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    authority = f"{credentials}{'@' if credentials else ''}{parts.netloc.rpartition('@')[2]}"
    options = _options(parts)
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


def _parts(url: str) -> SplitResult:
    """Return the parts of a URL that both redis-py and kombu can use. Raises InvalidValue."""
    if not url.isprintable() or " " in url:
        raise InvalidValue(f"has a space or control character in it; {_REMEDY}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        port = 0
    # After a # or an unencoded / in a password, the parser takes the following text for the rest of the URL.
    if port == 0 or parts.fragment:
        raise InvalidValue(f"is not a valid URL, for its port or a password with a special character; {_REMEDY}")
    if parts.scheme in {"redis", "rediss"}:
        if not parts.hostname:
            raise InvalidValue(f"has no host; {_REMEDY}")
    elif parts.scheme not in {"redis+socket", "unix"}:
        raise InvalidValue(
            "does not begin with redis://, rediss:// (TLS), unix:// (socket) or sentinel://; write redis://HOST:6379/0"
        )
    elif parts.hostname or len(parts.path) <= 1:
        raise InvalidValue("names no socket; write unix:///run/redis/redis.sock, with three slashes")
    if {"password", "username", "host", "port", "path"} & parse_qs(parts.query, keep_blank_values=True).keys():
        raise InvalidValue(f"has a host, user or password after its question mark; {_REMEDY}")
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


def _options(parts: SplitResult) -> list[str]:
    """Return the options that the URL keeps."""
    options = [option for option in parts.query.split("&") if option and not re.match("(db|virtual_host)=", option)]
    if parts.scheme == "rediss" and "ssl_cert_reqs=" not in parts.query:
        # Without it kombu would not verify the server's certificate.
        options.append("ssl_cert_reqs=required")
    return options


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
