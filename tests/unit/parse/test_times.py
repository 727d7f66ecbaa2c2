from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.parse.times import moment
from tracker.parse.zones import offset_of

TEN = "2026-11-20T10:00:00"

WRITTEN = {
    "2026-11-20T10:00:00Z": TEN,
    "2026-11-20T10:00:00z": TEN,
    "2026-11-20 10:00:00 Z": TEN,
    "2026-11-20T10:00:00.1234567891Z": "2026-11-20T10:00:00.123456",
    "2026-11-20T10:00:00,5Z": "2026-11-20T10:00:00.500000",
    "2026-11-20T10:00Z": TEN,
    "20261120T100000Z": TEN,
    "2026-11-20T15:30:00+0530": TEN,
    "2026-11-20T15:30:00 +05:30": TEN,
    "2026-11-20T02:00:00-08": TEN,
    "2026-11-20 15:30:00 UTC+5:30": TEN,
    "2026-11-20T10:00:00+00:00[UTC]": TEN,
    "2026-11-20 10:00:00.123 +0000 UTC": "2026-11-20T10:00:00.123000",
    "2026-11-20 10:00:00 UTC": TEN,
    "2026-11-20 11:00:00 CET": TEN,
    "2026/11/20 05:00 AM EST": TEN,
    "Fri, 20 Nov 2026 10:00:00 GMT": TEN,
    "Fri, 20 Nov 2026 10:00:00 +0000": TEN,
    "20 Nov 26 10:00 UT": TEN,
    "Friday, 20-Nov-26 10:00:00 GMT": TEN,
    "Fri, 20 Nov 2026 10:00:00 GMT (UTC)": TEN,
    "Fri Nov 20 2026 11:00:00 GMT+0100 (Central European Standard Time)": TEN,
    "Fri Nov 20 10:00:00 UTC 2026": TEN,
    "Nov 20, 2026 - 02:00 AM PST": TEN,
    "November 20th, 2026 at 2:00 a.m. PT": TEN,
    "Fri, 20 Nov 2026 12:00 PM EST": "2026-11-20T17:00:00",
    "Fri, 20 Nov 2026 12:00 AM EST": "2026-11-20T05:00:00",
    "2026-11-20 05:00:00 America/New_York": TEN,
    1_795_168_800: TEN,
    1_795_168_800.25: "2026-11-20T10:00:00.250000",
    1_795_168_800_123: "2026-11-20T10:00:00.123000",
    1_795_168_800_123_456: "2026-11-20T10:00:00.123456",
    "1795168800": TEN,
    " 1795168800123 ": "2026-11-20T10:00:00.123000",
}


@pytest.mark.parametrize(("value", "utc"), WRITTEN.items(), ids=map(str, WRITTEN))
def test_a_moment_is_read_in_every_notation(value, utc):
    assert moment(value) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


NAMED = {
    "Fri, 20 Nov 2026 11:00:00 CET": TEN,
    "Fri, 20 Nov 2026 19:00:00 JST": TEN,
    "Fri, 20 Nov 2026 19:00:00 KST": TEN,
    "Fri, 20 Nov 2026 15:30:00 IST": TEN,
    "Fri, 20 Nov 2026 07:00:00 BRT": TEN,
    "Fri, 20 Nov 2026 18:00:00 HKT": TEN,
    "Fri, 20 Nov 2026 18:00:00 SGT": TEN,
    "Fri, 20 Nov 2026 13:00:00 MSK": TEN,
    "Fri, 20 Nov 2026 21:00:00 AEDT": TEN,
    "Fri, 20 Nov 2026 23:00:00 NZDT": TEN,
    "Fri, 20 Nov 2026 05:00:00 ET": TEN,
    "Fri, 20 Nov 2026 04:00:00 CT": TEN,
    "Fri, 20 Nov 2026 03:00:00 MT": TEN,
    "Mon, 20 Jul 2026 12:00:00 CEST": "2026-07-20T10:00:00",
    "Mon, 20 Jul 2026 11:00:00 BST": "2026-07-20T10:00:00",
    "Mon, 20 Jul 2026 20:00:00 AEST": "2026-07-20T10:00:00",
    "Mon, 20 Jul 2026 06:00:00 EDT": "2026-07-20T10:00:00",
    "Mon, 20 Jul 2026 06:00:00 ET": "2026-07-20T10:00:00",
    "Mon, 20 Jul 2026 03:00:00 PT": "2026-07-20T10:00:00",
    "Mon, 20 Jul 2026 03:00:00 pdt": "2026-07-20T10:00:00",
}


@pytest.mark.parametrize(("text", "utc"), NAMED.items(), ids=NAMED)
def test_the_name_of_a_zone_says_how_far_it_is_from_utc(text, utc):
    assert moment(text) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-11-20 10:00:00", "Fri, 20 Nov 2026 10:00:00", "2026-11-20 10:00:00 XYZT"])
def test_a_time_without_a_zone_that_is_known_is_of_the_page_s_own(text):
    assert moment(text) is None
    assert moment(text, UTC) == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert moment(text, ZoneInfo("Asia/Tokyo")) == datetime(2026, 11, 20, 1, tzinfo=UTC)


def test_the_page_s_own_offset_decides_between_zones_of_one_name():
    china = timezone(timedelta(hours=8))

    assert moment("2026-11-20 18:00 CST", china) == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert moment("2026-11-20 18:00 CST", ZoneInfo("Asia/Tokyo")) == datetime(2026, 11, 21, 0, tzinfo=UTC)


NO_MOMENTS = [
    True, None, "", "soon", 0, -1, 12, float("nan"), float("inf"), 10**40, "9" * 30, "20261120", "2026-13-01 10:00 UTC",
    "2026-02-30T10:00:00Z", "2026-11-20T25:00:00Z", "11/20/2026 10:00 UTC", "2026-11-20T10:00:00Z and more", [], {},
    "../../etc/passwd 10:00", "2026-11-20 10:00 ../etc/passwd",
]  # fmt: skip


@pytest.mark.parametrize("value", NO_MOMENTS, ids=repr)
def test_anything_else_is_no_moment(value):
    assert moment(value) is None


@given(st.text(max_size=200) | st.integers() | st.floats())
def test_no_value_is_too_odd(value):
    found = moment(value, UTC)

    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize("name", ["XYZ", "", "UTC+99", "../../etc/passwd", "Nowhere/City"])
def test_a_name_that_nobody_knows_is_no_zone(name):
    assert offset_of(name, datetime(2026, 11, 20, tzinfo=UTC)) is None
