"""Flower with a login, however it is started: it listens on loopback alone, or asks everybody for a password.

The login guards every path of Flower, also `/metrics` and `/healthcheck`, which Flower itself serves to anybody.
"""

import functools
import hashlib
import hmac
import ipaddress
import math
import os
import socket
import sys
import time
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from secrets import token_urlsafe
from typing import Any, Final, NamedTuple

import flower.command
from flower.app import Flower
from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler, decode_signed_value

from tracker.environment.secret import read_secret
from tracker.errors import ConfigError
from workers.guesses import Guesses

USER: Final = "tracker"
#: The cookie of a client that gave the right password before (`Guesses`).
COOKIE: Final = "flower_known"
#: Paths that Flower serves to everybody even if people sign in elsewhere (`--auth`).
_OPEN: Final = ("/metrics", "/healthcheck")
_REMEDY: Final = "set FLOWER_PASSWORD or FLOWER_PASSWORD_FILE"


class Refusal(NamedTuple):
    """The reason why a request is not answered."""

    status: int
    headers: Mapping[str, str]
    text: str


class LoginGate:
    """Decides which requests are answered."""

    def __init__(self, credentials: tuple[bytes, ...], cookie_secret: str | bytes, *, signs_in: bool) -> None:
        self._credentials = tuple(map(_digest, credentials))
        self._cookie_secret = cookie_secret
        self._signs_in = signs_in
        self._guesses = Guesses(time.monotonic)

    def refusal(self, request: HTTPServerRequest) -> Refusal | None:
        """Return the reason why a request is not answered, None if it is."""
        if self._credentials:
            return self._without_password(request)
        if self._signs_in:
            is_open = request.path.rstrip("/").endswith(_OPEN)
            return Refusal(404, {}, "off where people sign in") if is_open else None
        # A web page whose host name resolves to this machine could read all of Flower from a browser on it.
        return None if _is_loopback(request.host_name) else Refusal(403, {}, f"open to this machine only; {_REMEDY}")

    def is_known(self, request: HTTPServerRequest) -> bool:
        """Return whether a client has given the right password before."""
        return self._known_as(request) is not None

    @property
    def asks(self) -> bool:
        """Return whether it asks for a password."""
        return bool(self._credentials)

    def _without_password(self, request: HTTPServerRequest) -> Refusal | None:
        given = request.headers.get("Authorization")
        if given is None:
            return Refusal(401, {"WWW-Authenticate": 'Basic realm="flower"'}, "a password is needed")
        cookie = self._known_as(request)
        client, is_known = cookie or _client(request), cookie is not None
        wait_s = self._guesses.wait_s(client, is_known=is_known)
        if wait_s > 0:
            return Refusal(429, {"Retry-After": str(math.ceil(wait_s))}, "too many wrong passwords; wait a little")
        if self._is_right(_credentials(given)):
            return None
        self._guesses.wrong(client, is_known=is_known)
        return Refusal(401, {"WWW-Authenticate": 'Basic realm="flower"'}, "the password is wrong")

    def _is_right(self, given: bytes) -> bool:
        """Compare with each of the credentials in constant time."""
        return any(hmac.compare_digest(_digest(given), right) for right in self._credentials)

    def _known_as(self, request: HTTPServerRequest) -> str | None:
        cookie = request.cookies.get(COOKIE)
        value = decode_signed_value(self._cookie_secret, COOKIE, cookie.value) if cookie else None
        return f"cookie {value.decode()}" if value else None


class _Closed(RequestHandler):
    """Answers every request with a refusal."""

    def initialize(self, refusal: Refusal) -> None:
        """Keep the refusal."""
        self._refusal = refusal

    def prepare(self) -> None:
        """Answer before the request is read."""
        self.set_status(self._refusal.status)
        for name, value in self._refusal.headers.items():
            self.set_header(name, value)
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.finish(f"{self._refusal.text}\n")


class GuardedFlower(Flower):  # type: ignore[misc]
    """Flower, which does not start without a password if other machines could reach it."""

    def __init__(self, options: Any, capp: Any, **settings: Any) -> None:
        try:
            credentials = closed(options, os.environ)
        except ConfigError as error:
            sys.stderr.write(f"flower: {error}\n")
            raise SystemExit(2) from None
        settings["cookie_secret"] = options.cookie_secret
        self._gate = LoginGate(
            tuple(each.encode() for each in credentials), options.cookie_secret, signs_in=bool(options.auth)
        )
        super().__init__(options=options, capp=capp, **settings)

    def get_handler_delegate(
        self, request: HTTPServerRequest, target_class: Any, *arguments: Any, **keywords: Any
    ) -> Any:
        """Return the handler of a request: Flower's own, or a refusal."""
        refusal = self._gate.refusal(request)
        if refusal is not None:
            return super().get_handler_delegate(request, _Closed, {"refusal": refusal})
        if self._gate.asks and not self._gate.is_known(request):
            target_class = _remembering(target_class)
        return super().get_handler_delegate(request, target_class, *arguments, **keywords)


def closed(options: Any, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Set Flower's options for the login; return the credentials, as USER:PASSWORD. Raises ConfigError."""
    secret = read_secret(environ, "FLOWER_COOKIE_SECRET")
    if secret is not None:
        options.cookie_secret = secret
    password = read_secret(environ, "FLOWER_PASSWORD")
    credentials = [each for each in options.basic_auth or () if each]
    if not all(all(each.partition(":")[::2]) for each in credentials):
        raise ConfigError(f"basic_auth holds no password; write USER:PASSWORD, or {_REMEDY}")
    if password is not None:
        credentials.append(f"{USER}:{password}")
    if not all(each.isascii() for each in credentials):
        raise ConfigError("a password has letters beyond ASCII, which browsers send in different ways; choose another")
    options.basic_auth = credentials
    if not (credentials or options.auth):
        _keep_to_this_machine(options, environ)
    return tuple(credentials)


def _keep_to_this_machine(options: Any, environ: Mapping[str, str]) -> None:
    """Choose an address that only this machine reaches. Raises ConfigError where another one was chosen."""
    if options.unix_socket:
        raise ConfigError(f"without a password, everybody on this machine could use {options.unix_socket}; {_REMEDY}")
    if environ.get("FLOWER_UNAUTHENTICATED_API"):
        raise ConfigError(
            f"FLOWER_UNAUTHENTICATED_API lets any web page give orders to workers; unset it, and {_REMEDY}"
        )
    options.address = options.address or "127.0.0.1"
    try:
        found = socket.getaddrinfo(options.address, options.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigError(f"the address {options.address} cannot be found ({error.strerror}); correct it") from None
    if not all(_is_loopback(str(address[0])) for *_, address in found):
        raise ConfigError(
            f"without a password, others could reach {options.address}; {_REMEDY}, or leave the address out"
        )


def _is_loopback(host: str) -> bool:
    """Return whether a name or literal address is this machine's own."""
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _client(request: HTTPServerRequest) -> str:
    """Return the client's address, for IPv6 its network: one client has as many IPv6 addresses as it likes."""
    try:
        address = ipaddress.ip_address(request.remote_ip or "")
    except ValueError:
        return "socket"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _digest(credentials: bytes) -> bytes:
    return hashlib.sha256(credentials).digest()


def _credentials(header: str) -> bytes:
    scheme, _, encoded = header.partition(" ")
    try:
        return b64decode(encoded.strip(), validate=True) if scheme.lower() == "basic" else b""
    except (Base64Error, ValueError):
        return b""


@functools.cache
def _remembering(handler: Any) -> type[RequestHandler]:
    """Return a handler that also sends its client the cookie of a known one."""

    class Remembering(handler):  # type: ignore[misc]
        def set_default_headers(self) -> None:
            super().set_default_headers()
            self.set_signed_cookie(COOKIE, token_urlsafe(9), httponly=True, samesite="Lax")

    return Remembering


# `celery flower` builds its application from this name; Celery has no other place for another one.
flower.command.Flower = GuardedFlower
