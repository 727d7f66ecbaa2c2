"""Errors and headers of libcurl in our words."""

import errno

import pytest

from tests.conftest import CI
from tracker.errors import (
    BadAnswer,
    BadUrl,
    ConnectError,
    FetchError,
    NameNotResolved,
    TlsError,
)
from tracker.fetch.failures import _SENTENCES

if not CI:
    pytest.importorskip("pycurl")

import pycurl

from tracker.fetch.curl.errors import E_HTTP2_STREAM, E_TOO_LARGE, TABLE, translated
from tracker.fetch.curl.headers import Headers

#: Of other protocols, or of the multi interface, which has numbers of its own.
ELSEWHERE = ("E_FTP_", "E_LDAP_", "E_TFTP_", "E_TELNET_", "E_UNKNOWN_TELNET_", "E_RTSP_", "E_SSH", "E_MULTI_", "E_OK")
CODES = [name for name in dir(pycurl) if name.startswith("E_") and not name.startswith(ELSEWHERE)]


@pytest.mark.parametrize("name", [*CODES, "E_FTP_WEIRD_SERVER_REPLY"])
def test_every_error_of_libcurl_is_in_the_table(name):
    assert issubclass(TABLE[getattr(pycurl, name)], FetchError)


def test_every_error_that_the_table_leads_to_has_a_sentence():
    assert set(TABLE.values()) <= set(_SENTENCES)


@pytest.mark.parametrize(
    ("code", "said", "os_errno", "kind", "message"),
    [
        (pycurl.E_GOT_NOTHING, "Empty reply", 0, ConnectError, "the connection to h broke: closed without an answer"),
        (
            pycurl.E_RECV_ERROR,
            "Recv failure",
            errno.ECONNRESET,
            ConnectError,
            "the connection to h broke: connection reset by peer",
        ),
        (pycurl.E_RECV_ERROR, "Malformed encoding found", 0, BadAnswer, "the answer of h breaks HTTP"),
        (pycurl.E_SEND_ERROR, "Send failure", 0, ConnectError, "the connection to h broke"),
        (
            pycurl.E_PARTIAL_FILE,
            "end of response with 5 bytes missing",
            0,
            BadAnswer,
            "the answer of h breaks HTTP: the body is cut short",
        ),
        (
            pycurl.E_PEER_FAILED_VERIFICATION,
            "SSL certificate problem: certificate has expired",
            0,
            TlsError,
            "the certificate of h is not valid: certificate has expired",
        ),
        (
            pycurl.E_PEER_FAILED_VERIFICATION,
            "SSL certificate OpenSSL verify result: self-signed certificate (18)",
            0,
            TlsError,
            "the certificate of h is not valid: self-signed certificate",
        ),
        (
            pycurl.E_SSL_CONNECT_ERROR,
            "TLS connect error: error:0A00010B:SSL routines::wrong version number",
            0,
            TlsError,
            "TLS with h failed: wrong version number",
        ),
        (
            pycurl.E_SSL_CONNECT_ERROR,
            "Recv failure: Connection reset by peer",
            errno.ECONNRESET,
            ConnectError,
            "the connection to h broke: connection reset by peer",
        ),
        (pycurl.E_URL_MALFORMAT, "Bad URL", 0, BadUrl, "the URL at h cannot be asked"),
        (pycurl.E_COULDNT_RESOLVE_HOST, "no", 0, NameNotResolved, "h has no address (DNS)"),
        (E_TOO_LARGE, "Too large response headers", 0, BadAnswer, "the answer of h breaks HTTP"),
        (E_HTTP2_STREAM, "HTTP/2 stream was reset\x1b[31m", 0, BadAnswer, "the answer of h breaks HTTP"),
        (12345, "nobody knows", 0, ConnectError, "the connection to h broke"),
    ],
    ids=str,
)
def test_an_error_is_told_in_our_words(code, said, os_errno, kind, message):
    error = translated(code, said, os_errno, "h")

    assert (type(error), str(error)) == (kind, message)


def test_header_fields_have_names_in_any_case_and_join_their_values():
    headers = Headers(
        [b'ETag: "1"\r\n', b"cache-control: a\r\n", b"Cache-Control:b \r\n", b"X: \xe4\r\n", b" folded\r\n"]
    )

    assert dict(headers) == {"etag": '"1"', "cache-control": "a, b", "x": "ä folded"}
    assert (headers["Etag"], headers.get("eTAG"), headers.get("Age"), headers.get("Age", "")) == (
        '"1"',
        '"1"',
        None,
        "",
    )
    assert "CACHE-control" in headers
    assert "Date" not in headers


def test_a_header_line_without_a_colon_is_refused():
    with pytest.raises(BadAnswer, match="the answer has a header line without a colon"):
        Headers([b"HTTP\r\n"])
