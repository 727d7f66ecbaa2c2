"""Decides who may read and who may act. Pure: from the request alone, with secrets compared in constant time."""

import base64
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from tracker.environment.web import Network, WebSettings
from tracker.errors import ConfigError

#: How long a sign-in lasts.
SESSION: Final = timedelta(days=7)
COOKIE: Final = "tracker_session"
#: Methods that change nothing.
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: Headers that proxies add: a request with one of them does not come from this machine.
_FORWARDED: Final = ("x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-host", "via")
_HOST: Final = re.compile(r"(?P<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::[0-9]{1,5})?")
_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Scope(StrEnum):
    """A scope of access."""

    READ = "read"
    ACT = "act"


class Viewer(NamedTuple):
    """The person or program behind a request."""

    name: str
    scopes: frozenset[Scope]
    #: The proof of who it is: `local`, `token`, `basic`, `session`, `proxy`.
    via: str

    @property
    def may_act(self) -> bool:
        """Return whether they may act."""
        return Scope.ACT in self.scopes


class Asking(NamedTuple):
    """The parts of a request that decide about access."""

    method: str
    #: Address of the client that made the connection; "" if it is not known.
    peer: str
    #: By name in lower case.
    headers: Mapping[str, str]
    cookies: Mapping[str, str]


_READER: Final = frozenset({Scope.READ})
_ACTOR: Final = frozenset({Scope.READ, Scope.ACT})


def is_loopback(host: str) -> bool:
    """Return whether an address to listen on can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def require_protection(host: str, settings: WebSettings) -> None:
    """Refuse to listen where others can connect while no token distinguishes them. Raises ConfigError."""
    if not is_loopback(host) and not settings.is_protected:
        raise ConfigError(
            f"{host} can be reached from other machines, and everybody there could read; set TRACKER_WEB_TOKEN "
            "(make one with: openssl rand -hex 24) or TRACKER_WEB_TRUSTED_PROXIES, or listen on 127.0.0.1"
        )


def is_known_host(host: str, bound: str, settings: WebSettings) -> bool:
    """Return whether a request names this server: a foreign name that leads here is an attack (DNS rebinding)."""
    name = host_name(host)
    return name in _LOCAL_NAMES or name in settings.hosts or name == bound.lower() or name == f"[{bound.lower()}]"


def host_name(host: str) -> str:
    """Return a Host header's name, in lower case and without its port; "" for a header that holds no name."""
    found = _HOST.fullmatch(host.strip().lower())
    return found["name"].rstrip(".") if found else ""


def viewer_of(asking: Asking, settings: WebSettings, *, bound: str, now: datetime) -> Viewer | None:
    """Return the viewer, None for a request without credentials."""
    scheme, _, credentials = asking.headers.get("authorization", "").partition(" ")
    if scheme.lower() in ("bearer", "basic"):
        token = credentials.strip() if scheme.lower() == "bearer" else _password(credentials.strip())
        scopes = scopes_of(token, settings)
        return Viewer("token", scopes, "token" if scheme.lower() == "bearer" else "basic") if scopes else None
    if asking.cookies.get(COOKIE):
        scopes = _session_scopes(asking.cookies[COOKIE], settings, now)
        if scopes:
            return Viewer("session", scopes, "session")
    user = asking.headers.get(settings.user_header, "").strip()
    if user and _is_trusted(asking.peer, settings.trusted_proxies):
        return Viewer(user[:200], _ACTOR if user in settings.actors else _READER, "proxy")
    is_local = is_loopback(bound) and host_name(asking.headers.get("host", "")) in _LOCAL_NAMES
    if is_local and not any(name in asking.headers for name in _FORWARDED):
        return Viewer("local", _READER, "local")
    return None


def client_of(peer: str, forwarded_for: str, settings: WebSettings) -> str:
    """Return the address of the client: the peer's, or the one that a trusted proxy names last."""
    named = forwarded_for.rpartition(",")[2].strip()
    return named[:100] if named and _is_trusted(peer, settings.trusted_proxies) else peer


def scopes_of(token: str, settings: WebSettings) -> frozenset[Scope]:
    """Return the scopes of a token; none for an unknown one."""
    if _is_same(token, settings.act_token):
        return _ACTOR
    return _READER if _is_same(token, settings.token) else frozenset()


def is_forgery(asking: Asking, viewer: Viewer) -> bool:
    """Return whether another site's page may have had a browser send an act.

    No browser sends a bearer token by itself. Browsers say of every other request which site it comes from; a client
    that says nothing is no browser.
    """
    if asking.method in SAFE or viewer.via == "token":
        return False
    site = asking.headers.get("sec-fetch-site")
    if site is not None:
        return site != "same-origin"
    origin = asking.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != asking.headers.get("host", "").strip().lower()


def session_of(scopes: frozenset[Scope], settings: WebSettings, now: datetime) -> str:
    """Return a cookie that lets one do this for a while; it holds no token."""
    text = f"{(now + SESSION).timestamp():.0f}.{'act' if Scope.ACT in scopes else 'read'}"
    return f"{text}.{_signature(text, settings)}"


def _password(credentials: str) -> str:
    """Return the password of basic authentication, which feed readers and calendars can send; any user will do."""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def _session_scopes(cookie: str, settings: WebSettings, now: datetime) -> frozenset[Scope]:
    text, _, signature = cookie.rpartition(".")
    until, _, scope = text.partition(".")
    is_ours = hmac.compare_digest(signature.encode("utf-8", "replace"), _signature(text, settings).encode())
    # Only a time that we signed is read as a number.
    if not signature or not is_ours or int(until) < now.timestamp():
        return frozenset()
    return _ACTOR if scope == "act" else _READER


def _signature(text: str, settings: WebSettings) -> str:
    """Return the signature of a cookie with the token of its scope: a new token ends it."""
    token = settings.act_token if text.endswith(".act") else settings.token or settings.act_token
    key = hashlib.sha256(b"session " + (token or "").encode()).digest()
    digest = hmac.digest(key, text.encode("utf-8", "replace"), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") if token else ""


def _is_same(given: str, secret: str | None) -> bool:
    return secret is not None and hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())


def _is_trusted(peer: str, networks: tuple[Network, ...]) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)
