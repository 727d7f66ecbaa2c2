"""Who receives an event, what an answer means and when to try again: all of it without a network."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fakes import NOON, event
from tests.outbox import webhook
from tracker.delivery.retry_policy import (
    FIRST_PAUSE_S,
    LEAST_FAILURES,
    LONGEST_DELAY_S,
    LONGEST_PAUSE_S,
    PATIENCE,
    Accepted,
    DeadLettered,
    Disposition,
    FailureStreak,
    Postponed,
    ReceiverResponse,
    Unanswered,
    judge,
    pause_s,
    wants,
)
from tracker.model.event import EventKind

FAILING = FailureStreak(failures=3, failing_since=NOON - timedelta(minutes=1))


def disposition_of(
    answer: ReceiverResponse | Unanswered | int, streak: FailureStreak = FAILING, waited: timedelta | None = None
) -> Disposition:
    """Return the verdict at noon on an event that was queued a while before."""
    given_answer = ReceiverResponse(status=answer) if isinstance(answer, int) else answer
    queued_at = NOON - (waited or timedelta(minutes=2))
    return judge(given_answer, sink="ops", streak=streak, queued_at=queued_at, now=NOON)


# --- who wants what ---

WANTED = {
    "everything": ({}, True),
    "its provider by name": ({"providers": ("acme",)}, True),
    "its provider by a pattern": ({"providers": ("other", "ac*")}, True),
    "its provider in capitals": ({"providers": ("ACME",)}, True),
    "other providers": ({"providers": ("acm", "b*")}, False),
    "its kind": ({"events": ("new_incident",)}, True),
    "other kinds": ({"events": ("incident_update",)}, False),
    "its provider, but other kinds": ({"providers": ("acme",), "events": ("maintenance_update",)}, False),
}


@pytest.mark.parametrize(("filters", "is_wanted"), WANTED.values(), ids=WANTED.keys())
def test_a_webhook_that_wants(filters: dict[str, tuple[str, ...]], is_wanted: bool) -> None:
    reported = event(provider="acme", event=EventKind.NEW_INCIDENT)

    assert wants(webhook(**filters), reported) is is_wanted
    assert not wants(webhook(**filters), replace(reported, drill="d1")), "a drill is for channels alone"


# --- what an answer means ---


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success_accepts_and_forgets_what_was_wrong(status: int) -> None:
    assert disposition_of(status) == Accepted(streak=FailureStreak())


@pytest.mark.parametrize("status", [101, 103, 408, 425, 429, 500, 502, 503, 504, 599])
def test_a_temporary_refusal_has_the_sink_wait(status: int) -> None:
    disposition = disposition_of(status)

    assert isinstance(disposition, Postponed)
    assert disposition.reason == f"answered {status}"
    assert disposition.streak == FailureStreak(failures=4, failing_since=FAILING.failing_since)
    assert disposition.not_before > NOON


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308, 400, 401, 403, 404, 410, 413, 422, 451])
def test_a_refusal_for_good_makes_a_dead_letter_of_the_event_alone(status: int) -> None:
    disposition = disposition_of(ReceiverResponse(status=status, retry_after_s=60.0, text="not like this"))

    assert disposition == DeadLettered(reason=f"answered {status}: not like this", streak=FailureStreak())


def test_no_answer_has_the_sink_wait() -> None:
    disposition = disposition_of(Unanswered(reason="nobody there"), streak=FailureStreak())

    assert isinstance(disposition, Postponed)
    assert disposition.reason == "nobody there"
    assert disposition.streak == FailureStreak(failures=1, failing_since=NOON)


# --- for how long ---


def test_pauses_double_from_two_seconds_to_ten_minutes() -> None:
    pauses = [pause_s("ops", failures) for failures in range(1, 40)]

    assert all(pause == pytest.approx(min(2.0**n, 600), rel=0.11) for n, pause in enumerate(pauses, start=1))
    assert all(later > earlier or earlier > 0.9 * LONGEST_PAUSE_S for earlier, later in pairwise(pauses))


def test_sinks_that_failed_together_do_not_come_back_together() -> None:
    assert len({pause_s(name, 5) for name in ("a", "b", "c", "d")}) == 4


@given(st.integers(1, 10**9), st.none() | st.floats(0, 1e9), st.text(max_size=5))
def test_a_pause_stays_within_its_bounds(failures: int, retry_after_s: float | None, sink: str) -> None:
    pause = pause_s(sink, failures, retry_after_s)

    assert 0.9 * FIRST_PAUSE_S <= pause <= max(1.1 * LONGEST_PAUSE_S, LONGEST_DELAY_S)
    assert pause >= min(retry_after_s or 0.0, LONGEST_DELAY_S)


@pytest.mark.parametrize(("asked_s", "obeyed_s"), [(120.0, 120.0), (86_400.0, LONGEST_DELAY_S)])
def test_a_receiver_that_asks_for_a_longer_pause_gets_it_up_to_a_bound(asked_s: float, obeyed_s: float) -> None:
    disposition = disposition_of(ReceiverResponse(status=429, retry_after_s=asked_s), streak=FailureStreak())

    assert isinstance(disposition, Postponed)
    assert disposition.not_before == NOON + timedelta(seconds=obeyed_s)


# --- when patience ends ---

LONG_DEAD = FailureStreak(failures=200, failing_since=NOON - PATIENCE)


@pytest.mark.parametrize("answer", [ReceiverResponse(status=503), Unanswered(reason="answered 503")])
def test_an_event_that_waited_for_a_day_becomes_a_dead_letter(answer: ReceiverResponse | Unanswered) -> None:
    disposition = disposition_of(answer, LONG_DEAD, waited=PATIENCE)

    assert disposition == DeadLettered(
        reason="answered 503, and so for 24 h",
        streak=FailureStreak(failures=201, failing_since=LONG_DEAD.failing_since),
    )


def test_an_event_that_came_later_has_its_own_day() -> None:
    assert isinstance(disposition_of(503, LONG_DEAD, waited=PATIENCE - timedelta(seconds=1)), Postponed)


def test_an_event_that_waited_for_other_reasons_has_its_day_from_the_first_failure() -> None:
    assert isinstance(disposition_of(503, FAILING, waited=10 * PATIENCE), Postponed)
    assert isinstance(disposition_of(503, FailureStreak(), waited=10 * PATIENCE), Postponed)


@pytest.mark.parametrize("jump", [timedelta(hours=25), timedelta(days=400), timedelta(days=-400)])
def test_a_clock_that_jumps_makes_no_dead_letter_of_an_event_that_was_hardly_tried(jump: timedelta) -> None:
    hardly, often = (
        disposition_of(503, FailureStreak(failures=failures, failing_since=NOON - jump), waited=jump)
        for failures in (LEAST_FAILURES - 2, LEAST_FAILURES - 1)
    )

    assert isinstance(hardly, Postponed)
    assert isinstance(often, DeadLettered if jump > PATIENCE else Postponed)
