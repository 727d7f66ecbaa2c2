"""Signed links: whoever holds one may acknowledge or snooze one alert, for some days and without signing in. Pure."""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from typing import Final

#: A link lasts for so long at least. It is counted from the day's begin, so that a repeated message has the same one.
LASTS: Final = timedelta(days=7)
PATH: Final = "/act/"
_PURPOSE: Final = b"alert link "
_MAC_BYTES: Final = 16
_DAY_S: Final = 86_400


class Links:
    """Makes links and checks them."""

    def __init__(self, key: bytes, base: str = "") -> None:
        """Take the key that signs, and the page's own address without a slash at its end."""
        self._key = key
        self._base = base

    def link(self, alert_id: str, now: datetime) -> str:
        """Return the address under which an alert may be acknowledged."""
        day = int((now + LASTS).timestamp()) // _DAY_S + 1
        return f"{self._base}{PATH}{alert_id}/{day}.{self._mac(alert_id, day)}"

    def is_valid(self, alert_id: str, token: str, now: datetime) -> bool:
        """Return whether the last part of an address was made for this alert, and not too long ago."""
        day, _, mac = token.partition(".")
        if not (day.isascii() and day.isdecimal() and len(day) < 7):  # noqa: PLR2004  days since 1970
            return False
        expected = self._mac(alert_id, int(day)).encode()
        is_ours = hmac.compare_digest(mac.encode("utf-8", "replace"), expected)
        return is_ours and now < datetime.fromtimestamp(int(day) * _DAY_S, UTC)

    def _mac(self, alert_id: str, day: int) -> str:
        text = _PURPOSE + f"{day} {alert_id}".encode("utf-8", "replace")
        return base64.urlsafe_b64encode(hmac.digest(self._key, text, "sha256")[:_MAC_BYTES]).decode().rstrip("=")
