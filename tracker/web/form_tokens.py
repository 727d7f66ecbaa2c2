"""Tokens in forms: one that comes back proves that its viewer has read a page of ours. Pure but for its random half."""

import hashlib
import hmac
import secrets
from typing import Final

from tracker.web.access import Viewer

_HALF: Final = 16


class FormTokens:
    """Makes and checks tokens; every page has another one, so that compressed answers reveal nothing about it."""

    def __init__(self, secret: str | None) -> None:
        self._key = hashlib.sha256(b"form " + (secret or secrets.token_hex()).encode()).digest()

    def new(self, viewer: Viewer) -> str:
        """Return a token for the forms of one page."""
        salt = secrets.token_hex(_HALF)
        return salt + self._signed(salt, viewer)

    def is_valid(self, token: str, viewer: Viewer) -> bool:
        """Return whether a page for this viewer carried the token."""
        salt, signature = token[: 2 * _HALF], token[2 * _HALF :]
        expected = self._signed(salt, viewer)
        return hmac.compare_digest(signature.encode("utf-8", "replace"), expected.encode())

    def _signed(self, salt: str, viewer: Viewer) -> str:
        text = f"{salt}/{viewer.via}/{viewer.name}".encode("utf-8", "replace")
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()[: 4 * _HALF]
