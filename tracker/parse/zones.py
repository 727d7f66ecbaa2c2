"""Names of time zones, as vendors write them behind a time -> their offsets east of UTC.

Several places share some abbreviations. The first offset of a name is the one that status pages most often mean: `IST`
is India's, `BST` British Summer Time, `CST` the one of the United States. If the page's own offset is among them, that
one counts. `PT` and its like follow the calendar of a place.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

#: Minutes east of UTC.
_MINUTES: Mapping[str, tuple[int, ...]] = {
    "UTC": (0,), "GMT": (0,), "UT": (0,), "UCT": (0,), "Z": (0,), "ZULU": (0,), "WET": (0,), "WEST": (60,),
    "BST": (60, 360), "CET": (60,), "CEST": (120,), "MET": (60,), "MEZ": (60,), "MEST": (120,), "MESZ": (120,),
    "EET": (120,), "EEST": (180,), "MSK": (180,), "SAST": (120,), "WAT": (60,), "CAT": (120,), "EAT": (180,),
    "TRT": (180,), "IDT": (180,), "GST": (240,), "IRST": (210,), "PKT": (300,), "IST": (330, 60, 120), "NPT": (345,),
    "ICT": (420,), "WIB": (420,), "WITA": (480,), "WIT": (540,), "SGT": (480,), "MYT": (480,), "HKT": (480,),
    "PHT": (480,), "AWST": (480,), "JST": (540,), "KST": (540,), "ACST": (570,), "ACDT": (630,), "AEST": (600,),
    "AEDT": (660,), "NZST": (720,), "NZDT": (780,), "NST": (-210,), "NDT": (-150,), "AST": (-240, 180),
    "ADT": (-180,), "BRT": (-180,), "BRST": (-120,), "ART": (-180,), "UYT": (-180,), "CLT": (-240,),
    "CLST": (-180,), "COT": (-300,), "PET": (-300,), "EST": (-300, 600), "EDT": (-240, 660),
    "CST": (-360, 480, -300), "CDT": (-300, -240), "MST": (-420,), "MDT": (-360,), "PST": (-480, 480),
    "PDT": (-420,), "AKST": (-540,), "AKDT": (-480,), "HST": (-600,), "HDT": (-540,),
}  # fmt: skip
#: Names without "standard" or "daylight" -> the place whose calendar says which.
_PLACES: Mapping[str, str] = {
    "ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "PT": "America/Los_Angeles",
    "AKT": "America/Anchorage", "AET": "Australia/Sydney", "NZT": "Pacific/Auckland",
}  # fmt: skip
_OFFSET = re.compile(r"(?:UTC|GMT)? ?(?P<sign>[+\u2212-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?")
_PLACE = re.compile(r"[A-Z][A-Za-z]{1,20}(?:/[A-Z][A-Za-z0-9_+-]{1,30}){1,2}")
#: The most that any zone has ever been off.
_MOST_HOURS = 15


def offset_of(name: str, local: datetime, page: tzinfo | None = None) -> timedelta | None:
    """Return the offset of a zone east of UTC at a local time: `CEST`, `PT`, `+0530`, `UTC-3`, `Asia/Tokyo`.

    None for a name that is not known; `page` is the page's own zone.
    """
    name = name.strip()
    if numeric := _OFFSET.fullmatch(name):
        return _numeric(numeric)
    if place := place_of(_PLACES.get(name.upper(), name)):
        return place.utcoffset(local.replace(tzinfo=None))
    known = [timedelta(minutes=minutes) for minutes in _MINUTES.get(name.upper(), ())]
    own = page.utcoffset(local.replace(tzinfo=None)) if page else None
    return own if own in known else next(iter(known), None)


@lru_cache(maxsize=256)
def place_of(name: str) -> tzinfo | None:
    """Return the zone that has this name in the IANA database, None for any other name."""
    if not _PLACE.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def zone_of(name: object) -> tzinfo | None:
    """Return the zone that a page names as its own, None for an unknown or an ambiguous one."""
    if not isinstance(name, str):
        return None
    offsets = _MINUTES.get(name.strip().upper(), ())
    return timezone(timedelta(minutes=offsets[0])) if len(offsets) == 1 else place_of(name.strip())


def _numeric(found: re.Match[str]) -> timedelta | None:
    hours, minutes = int(found["hours"]), int(found["minutes"] or 0)
    if hours > _MOST_HOURS or minutes >= 60:  # noqa: PLR2004  minutes of an hour
        return None
    return timedelta(hours=hours, minutes=minutes) * (1 if found["sign"] == "+" else -1)
