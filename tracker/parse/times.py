"""Times as vendors write them -> UTC.

ISO 8601 with its variants, RFC 822 with the names of zones, JavaScript's and Go's notations, seconds and milliseconds
since 1970, as numbers or digits. A time without a known zone is in the page's own zone; if that is not known either, it
is no time at all.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo

from tracker.parse.zones import offset_of

#: No status page is older, and a later clock would make every following answer look stale.
_PLAUSIBLE_YEARS = range(1990, 2100)
#: Characters of a text that are read; no notation is longer.
_LONGEST = 100
#: A larger number is no count of seconds since 1970 but of milliseconds, and so on.
_MOST_SECONDS = 100_000_000_000
_DIGITS = re.compile(r"\d{9,20}(?:\.\d{1,9})?")

MONTHS: Mapping[str, int] = {
    word: number
    for number, words in enumerate(
        (
            "jan january", "feb february", "mar march", "apr april", "may", "jun june",
            "jul july", "aug august", "sep sept september", "oct october", "nov november", "dec december",
        ),
        start=1,
    )
    for word in words.split()
}  # fmt: skip

_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,12}))?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\b\.?)?"
)
_ZONE = (
    r"(?: ?\(?(?P<zone>(?:UTC|GMT)? ?[+\u2212-]\d{1,2}(?::?\d{2})?|[A-Za-z]{1,5}(?![A-Za-z/])|[A-Z][\w/+-]{3,60})\)?)?"
)
#: An ending that adds nothing: the zone's name behind its offset, in Go's, Java's and JavaScript's notations.
_REST = r"(?: ?(?:\([^()]*\)|\[[\w/]+\]|[A-Z]{1,5}|[+-]\d{2,4}))?"
_TAIL = _ZONE + _REST
_WEEKDAY = r"(?:[^\W\d_]{2,12}\.?,? )?"
_MONTH = r"(?P<month>[^\W\d_]{3,9})\.?"
_SHAPES = tuple(
    map(re.compile, (
        # 2026-11-20 10:00:00 CEST
        rf"(?P<year>\d{{4}})[-/.](?P<number>\d{{1,2}})[-/.](?P<day>\d{{1,2}})(?:[Tt]|,? (?:at )?){_CLOCK}{_TAIL}",
        # Fri, 20 Nov 2026 10:05 AM EST
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[ -]{_MONTH},?[ -](?P<year>\d{{2,4}}),? (?:at )?{_CLOCK}{_TAIL}",
        # Fri Nov 20, 2026 at 10:05 AM PT
        rf"{_WEEKDAY}{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})(?:,| -| at)? {_CLOCK}{_TAIL}",
        # Fri Nov 20 10:05:00 CET 2026
        rf"{_WEEKDAY}{_MONTH} (?P<day>\d{{1,2}}) {_CLOCK}{_ZONE} (?P<year>\d{{4}})",
    ))
)  # fmt: skip


def moment(value: object, zone: tzinfo | None = None) -> datetime | None:
    """Return a time as UTC, None for anything else; `zone` is for times that name no known one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _since_1970(value)
    if not isinstance(value, str):
        return None
    text = " ".join(value[:_LONGEST].split())
    if _DIGITS.fullmatch(text):
        return _since_1970(float(text) if "." in text else int(text))
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return _written(text, zone)
    return _as_utc(parsed, parsed.tzinfo or zone)


def plausible(parsed: datetime) -> datetime | None:
    """Return the time, None when its year can only be a mistake."""
    return parsed if parsed.year in _PLAUSIBLE_YEARS else None


def on_day(year: int, month: int, day: int, since_midnight: timedelta) -> datetime | None:
    """Return the moment of a day, in UTC; None where the calendar has no such day."""
    try:
        return plausible(datetime(year, month, day, tzinfo=UTC) + since_midnight)
    except (ValueError, OverflowError):
        return None


def without_year(month: int, day: int, since_midnight: timedelta, near: datetime) -> datetime | None:
    """Return the moment of a day without a year, in the year nearest to another moment; None for no day."""
    years = (near.year - 1, near.year, near.year + 1)
    moments = filter(None, (on_day(year, month, day, since_midnight) for year in years))
    return min(moments, key=lambda moment: abs(moment - near), default=None)


def _as_utc(parsed: datetime, zone: tzinfo | None) -> datetime | None:
    if zone is None:
        return None
    try:
        return plausible(parsed.replace(tzinfo=zone).astimezone(UTC))
    except OverflowError:
        return None


def _since_1970(count: float) -> datetime | None:
    """Return a moment from seconds, or from milliseconds, microseconds … for a number that is too large for seconds."""
    parts = 1
    while count > _MOST_SECONDS * parts and parts < _MOST_SECONDS:
        parts *= 1_000
    try:
        return plausible(datetime.fromtimestamp(count / parts, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _written(text: str, zone: tzinfo | None) -> datetime | None:
    """Return a time in any other notation than ISO 8601's own."""
    found = next(filter(None, (shape.fullmatch(text) for shape in _SHAPES)), None)
    if found is None:
        return None
    named = found.groupdict()
    month = int(named["number"]) if named.get("number") else MONTHS.get((named.get("month") or "").lower(), 0)
    year = int(named["year"]) + (2_000 if len(named["year"]) == len("26") else 0)
    micros = int((named["fraction"] or "0")[:6].ljust(6, "0"))
    try:
        local = datetime(
            year, month, int(named["day"]), hour(named), int(named["minute"]), int(named["second"] or 0), micros, UTC
        )
        offset = offset_of(named["zone"], local, zone) if named["zone"] else None
        return _as_utc(local, zone) if offset is None else plausible(local - offset)
    except (ValueError, OverflowError):
        return None


def hour(found: Mapping[str, str | None]) -> int:
    """Return the hour of the day, also from a twelve-hour clock; 14:05 PM is 14."""
    of_day = int(found["hour"] or 0)
    half = (found["half"] or "")[:1].lower()
    if not half or of_day > 12:  # noqa: PLR2004  hours of half a day
        return of_day
    return of_day % 12 + (12 if half == "p" else 0)
