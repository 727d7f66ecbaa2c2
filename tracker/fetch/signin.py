"""Recognise sign-in pages, to which pages for signed-in readers redirect. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from tracker.fetch.urls import Target

#: Words for signing in, as whole segments of a path or a host.
_SEGMENT: Final = (
    r"log-?in|log_in|sign-?in|sign_in|sign-?on|sso|saml2?|oauth2?|auth|authorize|authenticate|authentication|wp-login"
    r"|adfs|sessions?/new"
)
_PATH: Final = re.compile(rf"(?:^|/)(?:{_SEGMENT})(?:\.\w{{2,5}})?(?:/|$)", re.IGNORECASE)
#: Hosts where people sign in, without the status pages of the vendors of such hosts.
_HOST: Final = re.compile(
    r"(?!.*(?:status|trust|health|uptime))(?:(?:login|logon|signin|sign-in|sso|auth|accounts?|idp|adfs)\..*"
    r"|.*\.(?:okta\.com|oktapreview\.com|auth0\.com|onelogin\.com|cloudflareaccess\.com|duosecurity\.com))"
)
_TITLE: Final = re.compile(
    rb"<title[^>]{0,200}>[^<]{0,100}"
    rb"(?:log[ -]?[io]n|sign[ -]?[io]n|anmeld|connexion|iniciar|entrar|accedi)",
    re.IGNORECASE,
)
_PASSWORD: Final = re.compile(rb"""<input\b[^<>]{0,500}\btype\s{0,9}=\s{0,9}["']?password""", re.IGNORECASE)
#: How much of a page is examined, in bytes.
_LOOKED_AT: Final = 128 * 1024


def is_sign_in_address(target: Target) -> bool:
    """Return whether an address looks like that of a sign-in page."""
    return bool(_PATH.search(target.path.partition("?")[0]) or _HOST.fullmatch(target.host))


def is_sign_in_page(headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether a page asks for a password and has a title about signing in."""
    start = body[:_LOOKED_AT]
    # The first title alone: a body that is made of titles is not worth the search.
    title = start.lower().find(b"<title")
    is_called_so = title >= 0 and _TITLE.match(start, title) is not None
    return is_called_so and is_web_page(headers, body) and _PASSWORD.search(start) is not None


def is_web_page(headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether an answer is for people and not for programs."""
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    start = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return kind in ("text/html", "application/xhtml+xml") or start.startswith((b"<!doctype html", b"<html"))
