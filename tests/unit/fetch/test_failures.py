"""Every error of the client is one of ours."""

import inspect
import socket
import ssl
from http import client

import pytest
import requests.exceptions
import urllib3.exceptions

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
from tracker.fetch.failures import _SENTENCES, CLIENT_ERRORS, TABLE, plain, translated

LIBRARY_ERRORS = [
    kind
    for module in (requests.exceptions, urllib3.exceptions)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, Exception)
    and not issubclass(kind, Warning)
    and kind.__module__.partition(".")[0] in ("requests", "urllib3")
]


@pytest.mark.parametrize("kind", LIBRARY_ERRORS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_error_of_the_libraries_is_in_the_table(kind):
    assert issubclass(TABLE[kind], FetchError)
    assert issubclass(kind, CLIENT_ERRORS)


def test_every_error_that_the_table_leads_to_has_a_sentence():
    assert set(TABLE.values()) == set(_SENTENCES)


def wrapped(inner: Exception) -> Exception:
    """Wrap an error as urllib3 and requests do."""
    return requests.exceptions.ConnectionError(
        urllib3.exceptions.MaxRetryError(None, "/secret?token=1", urllib3.exceptions.ProtocolError("Aborted.", inner))
    )


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    error.verify_message = "certificate has expired\x1b[31m."
    return error


def protocol_version() -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version (_ssl.c:1006)")
    error.reason = "TLSV1_ALERT_PROTOCOL_VERSION"
    return error


@pytest.mark.parametrize(
    ("inner", "kind", "message"),
    [
        (
            ConnectionRefusedError(111, "Connection refused"),
            ConnectError,
            "the connection to h broke: connection refused",
        ),
        (
            ConnectionResetError(104, "Connection reset by peer"),
            ConnectError,
            "the connection to h broke: connection reset by peer",
        ),
        (OSError("odd"), ConnectError, "the connection to h broke"),
        (TimeoutError("timed out"), FetchTimeout, "h did not answer in time"),
        (
            socket.gaierror(-2, "Name or service not known"),
            NameNotResolved,
            "h has no address (DNS): name or service not known",
        ),
        (untrusted(), TlsError, "the certificate of h is not valid: certificate has expired [31m"),
        (protocol_version(), TlsError, "TLS with h failed: tlsv1 alert protocol version"),
        (client.BadStatusLine("<html>"), BadAnswer, "the answer of h breaks HTTP"),
        (client.LineTooLong("header line"), BadAnswer, "the answer of h breaks HTTP"),
        (client.IncompleteRead(b"secret", 5), BadAnswer, "the answer of h breaks HTTP: the body is cut short"),
        (client.RemoteDisconnected("x"), ConnectError, "the connection to h broke: closed without an answer"),
        (ValueError("Invalid header value b'x'"), BadAnswer, "the answer of h breaks HTTP"),
        (UnicodeError("label too long"), BadAnswer, "the answer of h breaks HTTP"),
        (client.InvalidURL("x"), BadUrl, "the URL at h cannot be requested"),
        (requests.exceptions.TooManyRedirects("x"), TooManyRedirects, "h redirects too often"),
        (KeyError("none of ours"), BadAnswer, "the answer of h breaks HTTP"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_the_innermost_error_decides(inner, kind, message):
    error = translated(wrapped(inner), "h")

    assert (type(error), str(error)) == (kind, message)


def test_an_error_that_nothing_is_known_of_is_a_broken_connection():
    assert type(translated(KeyError("x"), "h")) is ConnectError


def test_errors_that_wrap_each_other_in_a_circle_end():
    one, other = OSError(1, "One"), OSError(1, "Other")
    one.__cause__, other.__cause__ = other, one

    assert isinstance(translated(one, "h"), ConnectError)


@pytest.mark.parametrize(
    ("text", "flat"),
    [
        ("a  b\r\nc\x00\x1b[31m", "a b c [31m"),
        ("\u202egpj.exe", "gpj.exe"),
        ("x" * 500, "x" * 119 + "…"),
        ("é ☃", "é ☃"),
        ("\ud800", ""),
    ],
)
def test_vendors_text_is_made_plain(text, flat):
    assert plain(text) == flat
