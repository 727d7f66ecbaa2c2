"""A clock that jumps by days makes no dead letter of an update that was hardly tried."""

from datetime import timedelta

import pytest

from tests.fakes import NOON
from tracker.delivery.retry_policy import LEAST_FAILURES, DeadLettered, FailureStreak, Postponed, Unanswered, judge

DAY = timedelta(days=1)


@pytest.mark.parametrize("jump", [timedelta(hours=25), 400 * DAY, -400 * DAY])
def test_a_jump_costs_no_update_and_a_receiver_that_stays_away_does(jump: timedelta) -> None:
    away = Unanswered(reason="no answer")
    first = judge(away, sink="ops", streak=FailureStreak(), queued_at=NOON, now=NOON)
    assert isinstance(first, Postponed)

    after = judge(away, sink="ops", streak=first.streak, queued_at=NOON, now=NOON + jump)

    assert isinstance(after, Postponed)
    tried = FailureStreak(failures=LEAST_FAILURES, failing_since=NOON)
    assert isinstance(judge(away, sink="ops", streak=tried, queued_at=NOON, now=NOON + DAY), DeadLettered)
