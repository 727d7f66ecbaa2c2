"""Every error of libcurl, as one of ours, in one plain sentence.

The table names every code that pycurl has a name for, and those that a transfer over HTTP can end with beyond them; a
test fails when one is missing. Codes of other protocols cannot occur: only http and https are let through.
"""

import os
import re
from typing import Final

import pycurl

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
from tracker.fetch.failures import in_words, not_trusted, plain, told

#: Codes without a name in pycurl (curl/curl.h).
E_HTTP2_STREAM: Final = 92
E_HTTP3: Final = 95
E_QUIC_CONNECT_ERROR: Final = 96
E_PROXY: Final = 97
E_SSL_CLIENTCERT: Final = 98
E_UNRECOVERABLE_POLL: Final = 99
E_TOO_LARGE: Final = 100
E_ECH_REQUIRED: Final = 101

_NAMED: Final[dict[type[FetchError], str]] = {
    BadAnswer: """
        UNSUPPORTED_PROTOCOL FTP_WEIRD_SERVER_REPLY PARTIAL_FILE HTTP_RETURNED_ERROR HTTP_NOT_FOUND HTTP_RANGE_ERROR
        RANGE_ERROR BAD_CONTENT_ENCODING RECV_ERROR HTTP2 CHUNK_FAILED WRITE_ERROR ABORTED_BY_CALLBACK
        FILESIZE_EXCEEDED
    """,
    BadUrl: "URL_MALFORMAT URL_MALFORMAT_USER MALFORMAT_USER",
    ConnectError: """
        COULDNT_CONNECT COULDNT_RESOLVE_PROXY GOT_NOTHING SEND_ERROR SEND_FAIL_REWIND AGAIN READ_ERROR FAILED_INIT
        OUT_OF_MEMORY INTERFACE_FAILED NO_CONNECTION_AVAILABLE HTTP_POST_ERROR UPLOAD_FAILED LOGIN_DENIED
        REMOTE_ACCESS_DENIED BAD_FUNCTION_ARGUMENT BAD_CALLING_ORDER BAD_PASSWORD_ENTERED BAD_DOWNLOAD_RESUME
        ALREADY_COMPLETE CALL_MULTI_PERFORM NOT_BUILT_IN UNKNOWN_OPTION FUNCTION_NOT_FOUND LIBRARY_NOT_FOUND
        SHARE_IN_USE CONV_FAILED CONV_REQD QUOTE_ERROR HTTP_PORT_FAILED FILE_COULDNT_READ_FILE
        REMOTE_DISK_FULL REMOTE_FILE_EXISTS REMOTE_FILE_NOT_FOUND
    """,
    FetchTimeout: "OPERATION_TIMEDOUT OPERATION_TIMEOUTED",
    NameNotResolved: "COULDNT_RESOLVE_HOST",
    TlsError: """
        SSL_CONNECT_ERROR SSL_CACERT SSL_CACERT_BADFILE SSL_CERTPROBLEM SSL_CIPHER SSL_CRL_BADFILE SSL_ENGINE_INITFAILED
        SSL_ENGINE_NOTFOUND SSL_ENGINE_SETFAILED SSL_INVALIDCERTSTATUS SSL_ISSUER_ERROR SSL_PEER_CERTIFICATE
        SSL_PINNEDPUBKEYNOTMATCH SSL_SHUTDOWN_FAILED USE_SSL_FAILED PEER_FAILED_VERIFICATION
    """,
    TooManyRedirects: "TOO_MANY_REDIRECTS",
}
#: By code.
TABLE: Final[dict[int, type[FetchError]]] = {
    getattr(pycurl, f"E_{name}"): kind for kind, names in _NAMED.items() for name in names.split()
} | {
    E_HTTP2_STREAM: BadAnswer,
    E_HTTP3: BadAnswer,
    E_QUIC_CONNECT_ERROR: ConnectError,
    E_PROXY: ConnectError,
    E_SSL_CLIENTCERT: TlsError,
    E_UNRECOVERABLE_POLL: ConnectError,
    E_TOO_LARGE: BadAnswer,
    E_ECH_REQUIRED: TlsError,
}
#: What libcurl puts around OpenSSL's reason.
_AROUND: Final = re.compile(r"SSL certificate (?:problem|OpenSSL verify result): |SSL: | \(\d+\)$")


def translated(code: int, message: str, os_errno: int, host: str) -> FetchError:
    """Return the error of ours that says what happened with that host.

    `message` is libcurl's text, `os_errno` the number of the system's error if there was one, else 0.
    """
    ours = TABLE.get(code, ConnectError)
    if code == pycurl.E_PEER_FAILED_VERIFICATION:
        return not_trusted(host, _AROUND.sub("", message))
    if code == pycurl.E_GOT_NOTHING:
        return told(ours, host, "closed without an answer")
    if os_errno and ours in (BadAnswer, ConnectError, TlsError):
        # The connection broke; what libcurl was about to do with it does not matter.
        return told(ConnectError, host, in_words(OSError(os_errno, os.strerror(os_errno))))
    if code == pycurl.E_PARTIAL_FILE:
        return told(ours, host, "the body is cut short")
    if ours is TlsError:
        # OpenSSL writes several fields with colons between them, its reason last.
        return told(ours, host, plain(message.rpartition(":")[2].lower()))
    return told(ours, host)
