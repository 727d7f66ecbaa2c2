"""Reads how long an answer is fresh, and when a refused client may come back. Pure."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache, wraps
from typing import Final, TypeVar

#: The longest pause that a vendor can ask for.
DAY_S: Final = 86_400.0
_SIGNIFICANT: Final = 9
#: Header texts whose results are remembered: how many, and the longest one.
_MOST_REMEMBERED: Final = 1024
_LONGEST_REMEMBERED: Final = 128

_Read = TypeVar("_Read")


def fresh_for_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the freshness lifetime of an answer in seconds (RFC 9111, section 4.2), None for none.

    `s-maxage` is for shared caches and ignored. A lifetime that is given but cannot be read counts as over.
    """
    lifetime_s = _lifetime_s(headers.get("Cache-Control", ""))
    if lifetime_s is None:
        if "Expires" not in headers:
            return None
        expires = http_date(headers["Expires"])
        dated = http_date(headers.get("Date", "")) or now
        lifetime_s = (expires - dated).total_seconds() if expires else 0.0
    if not lifetime_s:
        return 0.0
    age_s = _seconds(headers.get("Age", "")) or 0.0
    return _clamped(lifetime_s - age_s)


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Return the wait that the server asks for (RFC 9110, section 10.2.3), None for none and for an unclear one."""
    if value is None:
        return None
    value = value.strip()
    delay_s = _seconds(value)
    if delay_s is None:
        moment = http_date(value)
        delay_s = (moment - now).total_seconds() if moment else None
    return None if delay_s is None else _clamped(delay_s)


def _remembered(read: Callable[[str], _Read]) -> Callable[[str], _Read]:
    """Remember the last results by text: answers repeat texts, and the dates of one second are the same."""
    remembering = lru_cache(maxsize=_MOST_REMEMBERED)(read)

    @wraps(read)
    def reading(text: str) -> _Read:
        return remembering(text) if len(text) <= _LONGEST_REMEMBERED else read(text)

    return reading


@_remembered
def _lifetime_s(cache_control: str) -> float | None:
    """Return for how long an answer says that it is fresh once it was made, None where it does not say."""
    directives = dict(_directives(cache_control))
    if "no-store" in directives or "no-cache" in directives:
        return 0.0
    return (_seconds(directives["max-age"]) or 0.0) if "max-age" in directives else None


def _directives(cache_control: str) -> Iterator[tuple[str, str]]:
    """Yield names and arguments, the first of equal names last: `dict` keeps that one (RFC 9111, section 4.2.1)."""
    for directive in reversed(cache_control.split(",")):
        name, _, argument = directive.partition("=")
        yield name.strip().lower(), argument.strip().strip('"')


def _seconds(text: str) -> float | None:
    """Return delta-seconds (RFC 9111, section 1.2.2)."""
    text = text.strip()
    if not (text.isascii() and text.isdigit()):
        return None
    # Python refuses to read thousands of digits; no number that long differs from a day.
    return float(text.lstrip("0")[:_SIGNIFICANT] or "0")


@_remembered
def http_date(text: str) -> datetime | None:
    """Return an HTTP date in any of its three forms (RFC 9110, section 5.6.7)."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _clamped(delay_s: float) -> float:
    return min(max(delay_s, 0.0), DAY_S)
