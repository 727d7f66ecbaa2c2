"""Times as Statuspage writes them into feeds: no year, minutes only, an abbreviation for the zone."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone

from tracker.parse.times import MONTHS, hour, plausible
from tracker.parse.zones import offset_of as zone_offset

#: How much later than its successor an update may be dated: pages order by the time of posting and show another one.
_DISORDER = timedelta(days=7)
#: How long a maintenance may take.
_LONGEST = timedelta(days=180)
#: Years to look back for one that has the date; 29 February may be eight years away.
_YEARS = 9
_MINUTES_OF_A_DAY = 24 * 60

_TIME = re.compile(
    r"(?P<month>[^\W\d_]{3,9})\.? +(?P<day>\d{1,2})(?:,? +(?P<year>\d{4}))?(?: *,| *-| +at)? +"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?: *(?P<half>[AaPp][Mm])\b)?"
    r"(?: *\(?(?P<zone>[A-Z]{1,5}\b|[+-]\d{2}:?(?:\d{2})?))?"
)
_STAMP_OFFSET = re.compile(r":\d{2}(?:\.\d+)? ?(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2})\Z")
_DASH = re.compile(r"\s*[-\u2013]\s*")


def offset_of(stamp: str) -> int | None:
    """Return the minutes east of UTC that end a time stamp, None when it names a zone instead."""
    found = _STAMP_OFFSET.search(stamp.strip())
    return _minutes(found) if found else None


def dated(texts: Iterable[str], newest: datetime | None, page_offset: int | None) -> list[datetime | None]:
    """Return the times in the texts, newest first, with years that are counted back from the newest one's time."""
    times: list[datetime | None] = []
    limit = newest
    for text in texts:
        found = _TIME.search(text)
        time = _resolved(found, limit, page_offset) if found and limit else None
        limit = time or limit
        times.append(time)
    return times


def window(text: str, start: datetime | None, page_offset: int | None) -> tuple[datetime | None, datetime | None]:
    """Return begin and end in a text such as `Dec 18, 16:00 - 17:00 UTC`, in the year of `start`."""
    first = _TIME.search(text)
    if first is None or start is None:
        return None, None
    dash = _DASH.match(text, first.end())
    rest = text[dash.end() :] if dash else ""
    last = _TIME.match(rest) or _TIME.match(f"{first['month']} {first['day']}, {rest}")
    zone = first["zone"] or (last["zone"] if last else None)
    begins = _resolved(first, start, page_offset, zone)
    ends = _resolved(last, begins + _LONGEST, page_offset, zone) if begins and last else None
    if begins and ends and ends < begins:
        ends += timedelta(days=1)
    return begins, ends


def _resolved(
    found: re.Match[str], limit: datetime, page_offset: int | None, zone: str | None = None
) -> datetime | None:
    """Return the latest moment with this date and time up to the limit, or a little after it."""
    month = MONTHS.get(found["month"].lower())
    if month is None:
        return None
    years = [int(found["year"])] if found["year"] else range(limit.year + 1, limit.year + 1 - _YEARS, -1)
    for year in years:
        try:
            local = datetime(year, month, int(found["day"]), hour(found.groupdict()), int(found["minute"]), tzinfo=UTC)
            moment = local - _zone_offset(found["zone"] or zone, local, page_offset)
        except (ValueError, OverflowError):
            continue
        if found["year"] or moment <= limit + _DISORDER:
            return plausible(moment)
    return None


def _zone_offset(zone: str | None, local: datetime, page_offset: int | None) -> timedelta:
    """Return the offset of a zone east of UTC; the page's own offset decides between the meanings of a name."""
    page = timezone(timedelta(minutes=page_offset if page_offset and abs(page_offset) < _MINUTES_OF_A_DAY else 0))
    known = zone_offset(zone, local, page) if zone else None
    return page.utcoffset(None) if known is None else known


def _minutes(found: re.Match[str]) -> int:
    minutes = int(found["hours"]) * 60 + int(found["minutes"] or 0)
    return -minutes if found["sign"] == "-" else minutes
