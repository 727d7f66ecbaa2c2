"""How late providers are dispatched, as one scheduler counts it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import NOON
from tracker.scheduling.dispatch_lag import WINDOW_S, Lateness, SchedulerReport

SECOND = timedelta(seconds=1)


def counted(late_s: list[float]) -> SchedulerReport:
    """Return the report on providers that were dispatched at noon, each so much too late."""
    lateness = Lateness()
    lateness.add((NOON - timedelta(seconds=each) for each in late_s), NOON)
    return lateness.report("one", NOON)


def test_a_scheduler_that_dispatched_nothing_was_not_late() -> None:
    assert Lateness().report("one", NOON) == SchedulerReport(name="one", at=NOON, dispatched=0)


def test_what_was_dispatched_on_time_is_not_late() -> None:
    known = counted([0.0, 0.0])

    assert (known.late_p50_s, known.late_p99_s, known.late_max_s) == (0.0, 0.0, 0.0)


def test_one_of_two_hundred_is_the_latest_and_not_the_99th_percentile() -> None:
    known = counted([0.01] * 199 + [60.0])

    assert (known.dispatched, known.dispatched_last_minute, known.late_max_s) == (200, 200, 60.0)
    assert 0.01 <= known.late_p50_s == known.late_p99_s <= 0.012


@given(st.lists(st.floats(0, 80_000), min_size=1, max_size=60), st.sampled_from([50, 99]))
def test_a_percentile_is_that_of_the_nearest_rank_rounded_up_by_a_fifth_at_most(
    late_s: list[float], percent: int
) -> None:
    rank = sorted(late_s)[-(-len(late_s) * percent // 100) - 1]
    known = counted(late_s)
    reported = known.late_p50_s if percent == 50 else known.late_p99_s

    assert reported is not None
    assert rank - 1e-5 <= reported <= max(0.001, rank * 1.2) + 1e-5
    assert reported <= known.late_max_s


def test_more_than_a_day_is_not_distinguished_but_in_the_maximum() -> None:
    known = counted([86400.0 * days for days in (5, 6, 7)])

    assert known.late_max_s == 7 * 86400
    assert 80_000 < known.late_p50_s < 7 * 86400


def test_what_is_older_than_a_minute_is_forgotten_and_still_counted() -> None:
    lateness = Lateness()
    lateness.add([NOON - 5 * SECOND], NOON)
    lateness.add([NOON + SECOND], NOON + 2 * SECOND)

    within = lateness.report("one", NOON + (WINDOW_S - 1) * SECOND)
    after = lateness.report("one", NOON + WINDOW_S * SECOND)

    assert (within.dispatched_last_minute, within.late_max_s) == (2, 5.0)
    assert (after.dispatched_last_minute, after.late_max_s) == (1, 1.0)
    assert after.dispatched == 2


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_steps_leaves_nothing_from_another_time(hours: int) -> None:
    lateness = Lateness()
    lateness.add([NOON - 5 * SECOND], NOON)
    then = NOON + timedelta(hours=hours)
    lateness.report("one", then)
    lateness.add([then], then)

    assert lateness.report("one", then).dispatched_last_minute == 1
