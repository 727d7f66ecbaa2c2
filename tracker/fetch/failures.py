"""Translate every error of the HTTP client into one of the tracker's, with one plain sentence.

The table names every class of `requests.exceptions` and `urllib3.exceptions`; a test fails when one is missing.
The innermost error that the table knows decides: requests wraps urllib3's errors, which wrap those of Python.
"""

import socket
import ssl
from collections.abc import Iterator
from http import client
from typing import Final

from requests import exceptions as of_requests
from urllib3 import exceptions as of_urllib3

from tracker.errors import (
    BadAnswer,
    BadUrl,
    ConnectError,
    FetchError,
    FetchTimeout,
    NameNotResolved,
    TlsError,
    TooManyRedirects,
)
from tracker.model.plain import printable_line

_DEEPEST: Final = 10
#: The message for a proxy that answers 407.
WANTS_CREDENTIALS: Final = (
    "it wants other credentials (407); write them into its address, as in http://USER:PASSWORD@HOST:PORT"
)

#: The errors of other libraries that a fetch can raise, which `translated` handles.
CLIENT_ERRORS: Final = (of_requests.RequestException, of_urllib3.HTTPError, client.HTTPException, OSError, ValueError)

TABLE: Final[dict[type[BaseException], type[FetchError]]] = {
    # Python's
    ValueError: BadAnswer,
    OSError: ConnectError,
    TimeoutError: FetchTimeout,
    socket.gaierror: NameNotResolved,
    ssl.SSLError: TlsError,
    client.HTTPException: BadAnswer,
    client.InvalidURL: BadUrl,
    client.RemoteDisconnected: ConnectError,
    # requests'
    of_requests.RequestException: ConnectError,
    of_requests.ConnectionError: ConnectError,
    of_requests.ProxyError: ConnectError,
    of_requests.SSLError: TlsError,
    of_requests.Timeout: FetchTimeout,
    of_requests.ConnectTimeout: FetchTimeout,
    of_requests.ReadTimeout: FetchTimeout,
    of_requests.TooManyRedirects: TooManyRedirects,
    of_requests.URLRequired: BadUrl,
    of_requests.MissingSchema: BadUrl,
    of_requests.InvalidSchema: BadUrl,
    of_requests.InvalidURL: BadUrl,
    of_requests.InvalidProxyURL: BadUrl,
    of_requests.HTTPError: BadAnswer,
    of_requests.InvalidHeader: BadAnswer,
    of_requests.InvalidJSONError: BadAnswer,
    of_requests.JSONDecodeError: BadAnswer,
    of_requests.ChunkedEncodingError: BadAnswer,
    of_requests.ContentDecodingError: BadAnswer,
    of_requests.StreamConsumedError: BadAnswer,
    of_requests.RetryError: ConnectError,
    of_requests.UnrewindableBodyError: ConnectError,
    # urllib3's
    of_urllib3.HTTPError: ConnectError,
    of_urllib3.PoolError: ConnectError,
    of_urllib3.RequestError: ConnectError,
    of_urllib3.SSLError: TlsError,
    of_urllib3.ProxyError: ConnectError,
    of_urllib3.DecodeError: BadAnswer,
    of_urllib3.ProtocolError: BadAnswer,
    of_urllib3.MaxRetryError: ConnectError,
    of_urllib3.HostChangedError: BadUrl,
    of_urllib3.TimeoutStateError: FetchTimeout,
    of_urllib3.TimeoutError: FetchTimeout,
    of_urllib3.ReadTimeoutError: FetchTimeout,
    of_urllib3.ConnectTimeoutError: FetchTimeout,
    of_urllib3.NewConnectionError: ConnectError,
    of_urllib3.NameResolutionError: NameNotResolved,
    of_urllib3.EmptyPoolError: ConnectError,
    of_urllib3.FullPoolError: ConnectError,
    of_urllib3.ClosedPoolError: ConnectError,
    of_urllib3.LocationValueError: BadUrl,
    of_urllib3.LocationParseError: BadUrl,
    of_urllib3.URLSchemeUnknown: BadUrl,
    of_urllib3.ProxySchemeUnknown: BadUrl,
    of_urllib3.ProxySchemeUnsupported: BadUrl,
    of_urllib3.ResponseError: BadAnswer,
    of_urllib3.ResponseNotChunked: BadAnswer,
    of_urllib3.BodyNotHttplibCompatible: BadAnswer,
    of_urllib3.IncompleteRead: BadAnswer,
    of_urllib3.InvalidChunkLength: BadAnswer,
    of_urllib3.InvalidHeader: BadAnswer,
    of_urllib3.HeaderParsingError: BadAnswer,
    of_urllib3.UnrewindableBodyError: ConnectError,
}

_SENTENCES: Final[dict[type[FetchError], str]] = {
    BadAnswer: "the answer of {host} breaks HTTP",
    BadUrl: "the URL at {host} cannot be requested",
    ConnectError: "the connection to {host} broke",
    FetchTimeout: "{host} did not answer in time",
    NameNotResolved: "{host} has no address (DNS)",
    TlsError: "TLS with {host} failed",
    TooManyRedirects: "{host} redirects too often",
}


def translated(error: BaseException, host: str) -> FetchError:
    """Return the tracker's error for a failure to reach that host."""
    for link in reversed(list(_chain(error))):
        ours = next((TABLE[kind] for kind in type(link).__mro__ if kind in TABLE), None)
        if ours is None:
            continue
        if isinstance(link, ssl.SSLCertVerificationError):
            return not_trusted(host, link.verify_message)
        detail = in_words(link)
        return reported(ours, host, detail)
    return reported(ConnectError, host)


def reported(kind: type[FetchError], host: str, detail: str = "") -> FetchError:
    """Return an error of that kind, with one sentence about that host."""
    return kind(_SENTENCES[kind].format(host=host) + (f": {detail}" if detail else ""))


def not_trusted(host: str, reason: str) -> TlsError:
    """Return the error for a certificate that is refused for a reason in OpenSSL's words."""
    return TlsError(f"the certificate of {host} is not valid: {plain(reason).rstrip('.')}")


def in_words(error: BaseException) -> str:
    """Return the message of a network error, without its numbers and names; empty where it has none."""
    if isinstance(error, ssl.SSLError):
        return plain((error.reason or "").replace("_", " ").lower())
    if isinstance(error, client.RemoteDisconnected):
        return "closed without an answer"
    if isinstance(error, client.IncompleteRead):
        return "the body is cut short"
    if isinstance(error, OSError) and error.strerror:
        return plain(error.strerror.lower())
    return ""


def plain(text: str, limit: int = 120) -> str:
    """Return vendors' text fit for one log line, cut at the limit."""
    return printable_line(text, limit)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and the errors that it wraps, outermost first."""
    link: BaseException | None = error
    for _ in range(_DEEPEST):
        if link is None:
            return
        yield link
        wrapped = [getattr(link, "reason", None), *reversed(link.args), link.__cause__]
        link = next((inner for inner in wrapped if isinstance(inner, BaseException)), None)
