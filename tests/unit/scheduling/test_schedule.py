"""When a page is polled next."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import NOON
from tests.strategies import moments, provider_ids
from tracker.scheduling.schedule import (
    LEAST_FAST_S,
    MAX_BACKOFF_S,
    MAX_DELAY_S,
    Pace,
    backoff_s,
    due_after_failure,
    due_after_success,
    first_due,
    next_due,
    phase_fraction,
    phase_s,
    spacing_s,
)

#: Datetimes hold no more.
MICROSECOND = timedelta(microseconds=1)
intervals = st.integers(1, 86400)
paces = st.sampled_from(Pace)


@given(provider_ids)
def test_an_id_has_always_the_same_fraction_below_one(provider_id: str) -> None:
    assert 0 <= phase_fraction(provider_id) < 1
    assert phase_fraction(provider_id) == phase_fraction(provider_id)


@given(moments, provider_ids, intervals)
def test_the_next_due_time_is_the_first_grid_point_after_now(now: datetime, provider_id: str, interval_s: int) -> None:
    due = next_due(now, provider_id, interval_s)

    assert due.tzinfo is UTC
    assert now < due <= now + timedelta(seconds=interval_s) + MICROSECOND
    off_grid = (due.timestamp() - phase_s(provider_id, interval_s)) % interval_s
    assert min(off_grid, interval_s - off_grid) < 1e-5


@given(moments, provider_ids, intervals, st.floats(0, MAX_DELAY_S))
def test_a_page_is_not_due_before_it_may_be_asked(
    now: datetime, provider_id: str, interval_s: int, pause_s: float
) -> None:
    not_before = now + timedelta(seconds=pause_s)

    due = next_due(now, provider_id, interval_s, not_before)

    assert not_before - MICROSECOND <= due <= not_before + timedelta(seconds=interval_s) + MICROSECOND


def test_a_new_provider_is_polled_almost_at_once() -> None:
    assert NOON <= first_due(NOON, "acme", 60, joining=1) <= NOON + timedelta(seconds=0.01)


def test_many_new_providers_are_spread_out_within_their_interval() -> None:
    due = sorted(first_due(NOON, f"provider-{number}", 60, joining=2000) for number in range(2000))

    in_a_second = max(sum(1 for other in due if start <= other < start + timedelta(seconds=1)) for start in due[::50])
    assert in_a_second < 200
    assert due[-1] <= NOON + timedelta(seconds=20)
    assert first_due(NOON, "acme", 5, joining=10**6) <= NOON + timedelta(seconds=5)


def test_freshness_above_the_interval_is_waited_for_on_the_grid_and_any_other_changes_nothing() -> None:
    due = due_after_success(NOON, "acme", 60, 200)

    assert due == next_due(NOON, "acme", 60, NOON + timedelta(seconds=200))
    assert NOON + timedelta(seconds=200) <= due <= NOON + timedelta(seconds=260)
    assert [due_after_success(NOON, "acme", 60, fresh_for_s) for fresh_for_s in (None, 10, 60)] == [None] * 3


def test_a_page_that_claims_to_be_fresh_for_a_year_is_asked_again_soon() -> None:
    due = due_after_success(NOON, "acme", 60, 365 * 86400)

    assert due <= NOON + timedelta(seconds=MAX_BACKOFF_S + 60)


@pytest.mark.parametrize(
    ("interval_s", "fast_s"), [(1, 1), (10, 10), (19, 19), (20, 10), (29, 14.5), (30, 10), (60, 20), (3600, 1200)]
)
def test_a_fast_page_is_polled_up_to_three_times_an_interval(interval_s: int, fast_s: float) -> None:
    assert spacing_s(interval_s, Pace.FAST) == fast_s


@given(intervals, paces)
def test_no_page_is_fast_below_ten_seconds_nor_slow_beyond_two_intervals(interval_s: int, pace: Pace) -> None:
    assert min(interval_s, LEAST_FAST_S) <= spacing_s(interval_s, pace) <= 2 * interval_s
    assert spacing_s(interval_s, Pace.FAST) <= interval_s


@given(moments, provider_ids, intervals)
def test_the_grids_of_a_provider_lie_in_one_another(now: datetime, provider_id: str, interval_s: int) -> None:
    """So a change of pace moves no phase, and a plain due time that a scheduler set is right for a fast page too."""
    slow = next_due(now, provider_id, interval_s, pace=Pace.SLOW)
    plain = next_due(now, provider_id, interval_s)
    just_before = timedelta(milliseconds=1)

    assert abs(next_due(slow - just_before, provider_id, interval_s) - slow) <= MICROSECOND
    assert abs(next_due(plain - just_before, provider_id, interval_s, pace=Pace.FAST) - plain) <= MICROSECOND
    assert next_due(now, provider_id, interval_s, pace=Pace.FAST) <= plain + MICROSECOND
    assert plain <= slow + MICROSECOND
    assert slow <= plain + timedelta(seconds=interval_s) + MICROSECOND


@given(moments, provider_ids, intervals, paces)
def test_due_times_follow_each_other_at_the_pace(now: datetime, provider_id: str, interval_s: int, pace: Pace) -> None:
    due = next_due(now, provider_id, interval_s, pace=pace)
    following = next_due(due, provider_id, interval_s, pace=pace)

    assert now < due <= now + timedelta(seconds=spacing_s(interval_s, pace)) + MICROSECOND
    assert abs(following - due - timedelta(seconds=spacing_s(interval_s, pace))) <= MICROSECOND


@pytest.mark.parametrize("pace", Pace)
def test_pages_of_one_pace_stay_spread_evenly(pace: Pace) -> None:
    spacing = spacing_s(60, pace)
    tenths = [0] * 10
    for number in range(10_000):
        waits_s = (next_due(NOON, f"provider-{number}", 60, pace=pace) - NOON).total_seconds()
        tenths[min(9, int(waits_s / spacing * 10))] += 1

    assert min(tenths) > 900
    assert max(tenths) < 1100


def effective(now: datetime, provider_id: str, interval_s: int, fresh_for_s: float | None, pace: Pace) -> datetime:
    """Return when a page is polled next: when the poll said so, or when the scheduler did."""
    due = due_after_success(now, provider_id, interval_s, fresh_for_s, pace)
    return due or next_due(now, provider_id, interval_s)


freshness = st.none() | st.floats(0, 2 * MAX_BACKOFF_S)


@given(moments, provider_ids, intervals, freshness)
def test_a_fast_page_is_asked_no_sooner_than_it_is_stale_and_no_later_than_plain(
    now: datetime, provider_id: str, interval_s: int, fresh_for_s: float | None
) -> None:
    plain = effective(now, provider_id, interval_s, fresh_for_s, Pace.NORMAL)
    due = effective(now, provider_id, interval_s, fresh_for_s, Pace.FAST)

    assert due == plain or due >= now + timedelta(seconds=max(fresh_for_s or 0, 1)) - MICROSECOND
    latest = max(plain, now + timedelta(seconds=interval_s + 1))
    assert due <= latest + MICROSECOND


@given(moments, provider_ids, intervals, freshness)
def test_a_slow_page_is_asked_no_sooner_than_normal_and_within_two_intervals(
    now: datetime, provider_id: str, interval_s: int, fresh_for_s: float | None
) -> None:
    plain = effective(now, provider_id, interval_s, fresh_for_s, Pace.NORMAL)
    due = effective(now, provider_id, interval_s, fresh_for_s, Pace.SLOW)

    assert plain <= due <= max(plain, now + timedelta(seconds=2 * interval_s)) + MICROSECOND


def test_a_poll_says_nothing_where_the_scheduler_has_set_the_right_time() -> None:
    due = next_due(NOON, "acme", 60)
    before = due - timedelta(seconds=15)

    assert due_after_success(before, "acme", 60, None, Pace.FAST) is None
    assert due_after_success(due, "acme", 60, None, Pace.FAST) == due + timedelta(seconds=20)
    slow = next_due(NOON, "acme", 60, pace=Pace.SLOW)
    assert due_after_success(slow, "acme", 60, None, Pace.SLOW) == slow + timedelta(seconds=120)
    assert due_after_success(slow + timedelta(seconds=60), "acme", 60, None, Pace.SLOW) is None


def test_a_fast_poll_that_took_long_is_not_repeated_at_once() -> None:
    due = next_due(NOON, "acme", 60)
    ended = due + timedelta(seconds=19.5)

    assert due_after_success(ended, "acme", 60, None, Pace.FAST) == due + timedelta(seconds=40)


@given(provider_ids, st.integers(1, 3600), st.integers(1, 10_000))
def test_backoff_stays_within_a_tenth_of_its_bounds(provider_id: str, interval_s: int, failures: int) -> None:
    pause_s = backoff_s(provider_id, interval_s, failures)

    assert 0.9 * interval_s <= pause_s <= 1.1 * max(MAX_BACKOFF_S, interval_s)


@given(provider_ids, st.integers(1, 300))
def test_backoff_grows_until_it_reaches_its_limit(provider_id: str, interval_s: int) -> None:
    pauses = [backoff_s(provider_id, interval_s, failures) for failures in range(1, 13)]

    for earlier, later in pairwise(pauses):
        assert later > earlier or earlier >= 0.9 * MAX_BACKOFF_S
    assert pauses[-1] >= 0.9 * MAX_BACKOFF_S


def test_pages_that_failed_together_do_not_come_back_together() -> None:
    pauses = {round(backoff_s(f"provider-{number}", 60, 1)) for number in range(100)}

    assert len(pauses) > 8


@pytest.mark.parametrize(
    ("retry_after_s", "at_least_s", "at_most_s"),
    [(None, 54, 66), (1, 54, 66), (300, 300, 300), (86400, MAX_DELAY_S, MAX_DELAY_S)],
)
def test_a_server_may_ask_for_a_longer_pause_of_up_to_an_hour(
    retry_after_s: float | None, at_least_s: float, at_most_s: float
) -> None:
    pause = due_after_failure(NOON, "acme", 60, 1, retry_after_s) - NOON

    assert timedelta(seconds=at_least_s) <= pause <= timedelta(seconds=at_most_s)
    assert due_after_failure(NOON, "acme", 60, 1, retry_after_s).tzinfo is UTC
