"""Recognise answers that demand a browser with a person."""

from collections.abc import Callable, Mapping
from typing import Final

#: Fields by which gates that answer in the page's place name themselves: Cloudflare, Vercel, AWS WAF.
_MARKS: Final = {
    "cf-mitigated": frozenset({"challenge"}),
    "x-vercel-mitigated": frozenset({"challenge"}),
    "x-amzn-waf-action": frozenset({"challenge", "captcha"}),
}
#: How much of a body is searched, in bytes.
LOOKED_AT: Final = 4096


def is_challenge(headers: Mapping[str, str], start: Callable[[], bytes]) -> bool:
    """Return whether a refusal is a bot challenge, from its headers or else the start of its body."""
    if any(headers.get(name, "").strip().lower() in words for name, words in _MARKS.items()):
        return True
    if "cloudflare" not in headers.get("Server", "").lower() or "html" not in headers.get("Content-Type", "").lower():
        return False
    return b"just a moment" in start().lower()
