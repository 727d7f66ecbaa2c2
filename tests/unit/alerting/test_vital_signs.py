"""What has stopped within the tracker is seen by what no longer changes, and by nothing else."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.fakes import NOON
from tracker.alerting.caller import Call, CallReply
from tracker.alerting.heartbeat import Heartbeat
from tracker.alerting.vital_signs import Signs, VitalSigns
from tracker.errors import FetchTimeout

WAITING = Signs(beat="b 1", next_fetch="m1", fetches=4, next_event="5-0")


def seen(*looks: tuple[float, Signs]) -> list[dict[str, bool | None]]:
    """Return what each look finds, at these seconds after noon."""
    vital_signs = VitalSigns()
    return [
        {each.subject: each.is_failing for each in vital_signs.judge(signs, NOON + timedelta(seconds=at_s))}
        for at_s, signs in looks
    ]


def test_what_does_not_change_for_half_a_minute_has_stopped() -> None:
    found = seen(*((at_s, WAITING) for at_s in (0, 10, 20, 29, 30)))

    assert [set(each.values()) for each in found] == [{None}, {None}, {None}, {None}, {True}]


def test_what_changes_or_has_nothing_to_do_is_at_work() -> None:
    found = seen(
        (0, WAITING),
        (10, replace(WAITING, next_fetch="m2", beat="b 2")),
        (20, replace(WAITING, next_fetch="m2", next_event=None, beat="b 3")),
    )

    assert found[1] == {"beat": False, "workers": False, "printer": None}
    assert found[2] == {"beat": False, "workers": None, "printer": False}


@pytest.mark.parametrize("later_s", [600, -600])
def test_who_slept_or_has_another_clock_knows_nothing(later_s: float) -> None:
    found = seen((0, WAITING), (5, WAITING), (later_s, WAITING), (later_s + 5, WAITING))

    assert found[2] == found[3] == dict.fromkeys(found[0])


def test_a_beat_that_never_reported_has_stopped_and_idle_workers_have_not() -> None:
    found = seen(*((at_s, Signs()) for at_s in (0, 10, 20, 30)))

    assert found[-1] == {"beat": True, "workers": False, "printer": False}


def test_a_sign_of_life_is_given_once_a_minute_and_a_failure_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    answers: list[CallReply | FetchTimeout] = [
        CallReply(status=200),
        FetchTimeout("late"),
        CallReply(status=503),
        CallReply(status=200),
    ]
    asked: list[Call] = []

    class Caller:
        def call(self, call: Call) -> CallReply:
            asked.append(call)
            answer = answers.pop(0)
            if isinstance(answer, FetchTimeout):
                raise answer
            return answer

    heartbeat = Heartbeat("https://watchdog.example/secret", Caller())
    given = [heartbeat.give(NOON + timedelta(seconds=at_s)) for at_s in (0, 59, 60, 120, 180)]

    assert given == [True, False, False, False, True]
    assert len(asked) == 4
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "secret" not in caplog.text
