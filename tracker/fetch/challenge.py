"""Recognise answers that want a browser and a person, not a reader of news."""

from typing import Final

from urllib3 import BaseHTTPResponse

from tracker.errors import FetchError
from tracker.fetch.body import read_start
from tracker.fetch.failures import CLIENT_ERRORS

#: What a gate says of itself when it answers in the page's place: Cloudflare, Vercel, AWS WAF.
_MARKS: Final = {
    "cf-mitigated": frozenset({"challenge"}),
    "x-vercel-mitigated": frozenset({"challenge"}),
    "x-amzn-waf-action": frozenset({"challenge", "captcha"}),
}
_LOOKED_AT: Final = 4096


def is_challenge(raw: BaseHTTPResponse) -> bool:
    """Tell whether a refusal is a bot challenge, from its headers or the beginning of its body."""
    headers = raw.headers
    if any(headers.get(name, "").strip().lower() in words for name, words in _MARKS.items()):
        return True
    if "cloudflare" not in headers.get("Server", "").lower() or "html" not in headers.get("Content-Type", "").lower():
        return False
    try:
        return b"just a moment" in read_start(raw, _LOOKED_AT).lower()
    except (FetchError, *CLIENT_ERRORS):
        # The status is what is told; a body that breaks adds nothing to it.
        return False
