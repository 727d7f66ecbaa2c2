from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.goldens import answers, table
from tracker.parse import read
from tracker.parse.times import moment
from tracker.parse.zones import offset_of

WRITTEN = [*table("times_written"), *table("times_of_named_zones")]


@pytest.mark.parametrize(("value", "utc"), WRITTEN, ids=repr)
def test_a_moment_is_read_in_every_notation_and_zone(value, utc):
    assert moment(value) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


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


def test_a_message_whose_year_is_written_from_the_next_one_on_keeps_its_id():
    page = answers("statusnook")[0].read_bytes()
    of_this_year = read(page)
    of_last_year = read(page.replace("Mar 9 \u2022".encode(), "Mar 9 2026 \u2022".encode()))

    known, shown = of_this_year.incidents[0], of_last_year.incidents[0]

    assert [known.id, *(each.id for each in known.updates)] == [shown.id, *(each.id for each in shown.updates)]
    assert known.updates[-1].created_at is None
    assert shown.updates[-1].created_at == datetime(2026, 3, 9, 8, 20, tzinfo=UTC)
