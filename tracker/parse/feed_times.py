"""Times as Statuspage writes them into feeds: no year, minutes only, an abbreviation for the zone."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from tracker.parse._fields import plausible

#: How much later than the newer one an update may be: pages order by the time of posting and show another one.
_DISORDER = timedelta(days=7)
#: How long a maintenance may take.
_LONGEST = timedelta(days=180)
#: Years to look back for one that has the date; 29 February may be eight years away.
_YEARS = 9

_MONTHS: Mapping[str, int] = {
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
#: Minutes east of UTC. Where an abbreviation is used in several places, the most common one is first.
_ZONES: Mapping[str, tuple[int, ...]] = {
    "UTC": (0,), "GMT": (0,), "Z": (0,), "WET": (0,), "WEST": (60,), "BST": (60,), "CET": (60,), "CEST": (120,),
    "MET": (60,), "MEST": (120,), "EET": (120,), "EEST": (180,), "MSK": (180,), "SAST": (120,), "WAT": (60,),
    "CAT": (120,), "EAT": (180,), "TRT": (180,), "IDT": (180,), "IST": (330, 60, 120), "PKT": (300,), "WIB": (420,),
    "SGT": (480,), "HKT": (480,), "PHT": (480,), "JST": (540,), "KST": (540,), "AWST": (480,), "ACST": (570,),
    "ACDT": (630,), "AEST": (600,), "AEDT": (660,), "NZST": (720,), "NZDT": (780,), "NST": (-210,), "NDT": (-150,),
    "AST": (-240, 180), "ADT": (-180,), "BRT": (-180,), "ART": (-180,), "EST": (-300,), "EDT": (-240,),
    "CST": (-360, 480, -300), "CDT": (-300, -240), "MST": (-420,), "MDT": (-360,), "PST": (-480, 480),
    "PDT": (-420,), "AKST": (-540,), "AKDT": (-480,), "HST": (-600,), "HDT": (-540,),
}  # fmt: skip

_TIME = re.compile(
    r"(?P<month>[^\W\d_]{3,9})\.? +(?P<day>\d{1,2})(?:,? +(?P<year>\d{4}))?(?: *,| *-| +at)? +"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?: *(?P<half>[AaPp][Mm])\b)?"
    r"(?: *\(?(?P<zone>[A-Z]{1,5}\b|[+-]\d{2}:?(?:\d{2})?))?"
)
_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2})?\Z")
_STAMP_OFFSET = re.compile(r":\d{2}(?:\.\d+)? ?(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2})\Z")
_DASH = re.compile(r"\s*[-\u2013]\s*")


def offset_of(stamp: str) -> int | None:
    """Return the minutes east of UTC that end a time stamp, None when it names a zone instead."""
    found = _STAMP_OFFSET.search(stamp.strip())
    return _minutes(found) if found else None


def dated(texts: Iterable[str], newest: datetime | None, page_offset: int | None) -> list[datetime | None]:
    """Return the times that the texts say, newest first, with the years counted back from the newest one's time."""
    times: list[datetime | None] = []
    limit = newest
    for text in texts:
        found = _TIME.search(text)
        time = _resolved(found, limit, page_offset) if found and limit else None
        limit = time or limit
        times.append(time)
    return times


def window(text: str, start: datetime | None, page_offset: int | None) -> tuple[datetime | None, datetime | None]:
    """Return begin and end that a text such as `Dec 18, 16:00 - 17:00 UTC` says, in the year of `start`."""
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
    """Return the latest moment with this date and time that is not after the limit, give or take."""
    month = _MONTHS.get(found["month"].lower())
    offset = _zone_offset(found["zone"] or zone, page_offset)
    if month is None:
        return None
    years = [int(found["year"])] if found["year"] else range(limit.year + 1, limit.year + 1 - _YEARS, -1)
    for year in years:
        try:
            local = datetime(year, month, int(found["day"]), _hour(found), int(found["minute"]), tzinfo=UTC)
            moment = local - timedelta(minutes=offset)
        except (ValueError, OverflowError):
            continue
        if found["year"] or moment <= limit + _DISORDER:
            return plausible(moment)
    return None


def _hour(found: re.Match[str]) -> int:
    hour = int(found["hour"])
    if not found["half"]:
        return hour
    return hour % 12 + (12 if found["half"].lower() == "pm" else 0)


def _zone_offset(zone: str | None, page_offset: int | None) -> int:
    """Return the zone's minutes east of UTC; the page's own offset decides what the abbreviation leaves open."""
    if zone is None:
        return page_offset or 0
    if numeric := _OFFSET.match(zone):
        return _minutes(numeric)
    candidates = _ZONES.get(zone, ())
    if page_offset in candidates or not candidates:
        return page_offset or 0
    return candidates[0]


def _minutes(found: re.Match[str]) -> int:
    minutes = int(found["hours"]) * 60 + int(found["minutes"] or 0)
    return -minutes if found["sign"] == "-" else minutes
