"""The client's errors as sentences: each names the data server's address, the reason and a remedy. Pure."""

import ssl
from typing import Final

import redis
from redis import exceptions
from redis.sentinel import MasterNotFoundError

from tracker.errors import NoServer, ServerAway, ServerUnfit
from tracker.model.plain import printable_line
from tracker.store.connection import words_of
from tracker.store.needs import LEAST_VERSION

LEAST: Final = f"Redis or Valkey {'.'.join(map(str, LEAST_VERSION))} or later"
REPLICA: Final = "the data server at {server} is a replica, which takes no writes; name its primary"
#: Temporary refusals without an exception of their own.
NOT_NOW: Final = ("MISCONF", "NOREPLICAS")
_LONGEST: Final = 200
_REMEDY: Final = "start it, or correct REDIS_URL"
_TLS_REMEDY: Final = f"{_REMEDY} (rediss:// with TLS, redis:// without)"

#: The first that fits decides; a timeout is no ConnectionError, all others of these are.
_SENTENCES: Final[tuple[tuple[type[redis.RedisError], type[ServerAway] | type[ServerUnfit], str], ...]] = (
    (
        exceptions.AuthenticationError,
        ServerUnfit,
        (
            "the data server at {server} refuses the login ({reason}); "
            "correct user and password in REDIS_URL, REDIS_USERNAME and REDIS_PASSWORD"
        ),
    ),
    (
        exceptions.InvalidResponse,
        ServerUnfit,
        (
            "the server at {server} is not a data server, or requires TLS ({reason}); "
            "correct REDIS_URL (rediss:// with TLS, redis:// without)"
        ),
    ),
    (
        exceptions.BusyLoadingError,
        ServerAway,
        "the data server at {server} is still loading its data; start again once it has",
    ),
    (exceptions.ReadOnlyError, ServerUnfit, REPLICA),
    (
        exceptions.OutOfMemoryError,
        ServerAway,
        "the data server at {server} has no room left ({reason}); raise its maxmemory",
    ),
    (exceptions.TimeoutError, ServerAway, "the data server at {server} does not answer ({reason}); " + _TLS_REMEDY),
    (MasterNotFoundError, NoServer, "no sentinel of {server} answers and names a primary ({reason}); " + _REMEDY),
    (exceptions.ConnectionError, NoServer, "no data server can be reached at {server} ({reason}); " + _TLS_REMEDY),
    (
        redis.RedisError,
        ServerUnfit,
        "the data server at {server} cannot be used ({reason}); correct REDIS_URL, or the server",
    ),
)


def explained(error: redis.RedisError, server: str) -> ServerUnfit | ServerAway:
    """Return the sentence for an error of the client; `server` is an address without a password."""
    reason = one_line(error)
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLError):
        is_certificate = isinstance(cause, ssl.SSLCertVerificationError)
        detail = one_line(cause) if is_certificate else (cause.reason or str(cause)).replace("_", " ").lower()
        return ServerUnfit(
            f"no TLS connection to the data server at {server} ({detail}); correct its certificate or ssl_ca_certs in "
            "REDIS_URL, or write redis:// for a server without TLS"
        )
    if reason.startswith(NOT_NOW):
        return ServerAway(f"the data server at {server} takes no writes ({reason}); its log says more")
    if isinstance(error, exceptions.ConnectionError) and isinstance(cause, OSError) and not _is_cut(cause):
        return NoServer(f"no data server can be reached at {server} ({reason}); {_REMEDY}")
    kind, text = next((kind, text) for raised, kind, text in _SENTENCES if isinstance(error, raised))
    return kind(text.format(server=server, reason=reason))


def _is_cut(error: OSError) -> bool:
    """Return whether a server had accepted the connection before, such as one that wants TLS."""
    return isinstance(error, ConnectionResetError | BrokenPipeError)


def one_line(error: Exception) -> str:
    """Return the message of an error as one line, cut to some length."""
    return printable_line(words_of(error), _LONGEST).removesuffix(".")
