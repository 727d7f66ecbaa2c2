"""Checks whether a URL may be requested."""

import sys
from contextlib import suppress
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urljoin, urlsplit

from requests import PreparedRequest
from requests.exceptions import RequestException

from tracker.errors import BadUrl
from tracker.fetch.failures import plain
from tracker.model.urls import USUAL_PORTS

#: Pages have 40 characters; redirects with long query strings have a few hundred.
_LONGEST: Final = 2048
#: RFC 1035, section 2.3.4.
_LONGEST_HOST: Final = 253


class Target(NamedTuple):
    """A URL that may be requested, in the form that goes on the wire."""

    #: Normalised: ASCII, quoted, with a path, without a fragment.
    url: str
    scheme: str
    host: str
    port: int
    #: The request target: path and query.
    path: str


@lru_cache(maxsize=4096)
def target(url: str) -> Target:
    """Return a URL ready for a request: http or https, a host, no user name. Raises BadUrl."""
    if len(url) > _LONGEST:
        raise BadUrl(f"the URL is longer than {_LONGEST} characters")
    if not url.isprintable() or "\\" in url:
        # Parsers disagree on these: some strip, some quote, browsers turn a backslash into a slash.
        raise BadUrl(f"{plain(url)} holds a control character or a backslash")
    try:
        scheme, authority, *_ = urlsplit(url)
        if scheme not in ("http", "https"):
            raise BadUrl(f"{plain(url)} is neither http nor https")
        prepared = PreparedRequest()
        prepared.prepare_url(url, None)
        parts = urlsplit(prepared.url or "")
        host, port = parts.hostname, parts.port
    except (RequestException, ValueError) as error:
        raise BadUrl(f"{plain(url)} is not a valid URL") from error
    if "@" in authority:
        # The message does not repeat it: a password would end up in the log.
        raise BadUrl("the URL holds a user name or password")
    if not host or len(host) > _LONGEST_HOST:
        raise BadUrl(f"{plain(url)} has no host")
    if port is None:
        port = USUAL_PORTS[scheme]
    normalised = parts._replace(fragment="").geturl()
    # A worker keeps thousands of targets: equal texts are one object.
    return Target(url if normalised == url else normalised, sys.intern(scheme), host, port, prepared.path_url)


def origin(of: Target) -> str:
    """Return scheme, host and port of a URL as written; URLs that share them have one server."""
    host = f"[{of.host}]" if ":" in of.host else of.host
    return f"{of.scheme}://{host}" if USUAL_PORTS[of.scheme] == of.port else f"{of.scheme}://{host}:{of.port}"


def redirected(source: Target, location: str) -> Target:
    """Return the target of a redirect (RFC 9110, section 10.2.2). Raises BadUrl."""
    with suppress(UnicodeError):
        # http.client reads headers as Latin-1; what is not ASCII in there is nearly always UTF-8.
        location = location.encode("latin-1").decode("utf-8")
    try:
        joined = urljoin(source.url, location)
    except ValueError as error:
        raise BadUrl(f"redirected to {plain(location)}, which is not a valid URL") from error
    following = target(joined)
    if source.scheme == "https" and following.scheme == "http":
        # Anybody on the way could then change the content; a user who accepts that may catalogue the http URL.
        raise BadUrl(f"redirected from https to plain {plain(following.url)}")
    return following
