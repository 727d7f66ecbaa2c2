"""A worker notices that no message can reach it any more, and only that."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from celery.worker import state

from tracker.errors import StoreError
from workers.transport import LastAnswer
from workers.watch import MOST_AHEAD_S, MOST_SILENT_LOOKS, ClockWatch, Hearing


class Bench:
    """A worker with one slot, and what may keep it from messages."""

    def __init__(self) -> None:
        self.is_away = False
        self.hearing = Hearing(SimpleNamespace(num_processes=1), self.ping)
        self.is_lost()

    def ping(self) -> None:
        if self.is_away:
            raise StoreError("it is away")

    def is_lost(self, looks: int = 1) -> bool:
        return [self.hearing.is_lost() for _ in range(looks)][-1]

    def hears(self) -> None:
        LastAnswer.at_s += 1.0


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_worker_that_hears_nothing_for_long_is_lost(bench: Bench) -> None:
    assert not bench.is_lost(MOST_SILENT_LOOKS - 1)
    assert bench.is_lost()


def test_an_answer_begins_the_count_anew_with_or_without_messages(bench: Bench) -> None:
    bench.is_lost(MOST_SILENT_LOOKS - 1)
    bench.hears()

    assert not bench.is_lost(MOST_SILENT_LOOKS)


def test_a_worker_without_its_data_server_waits_for_it(bench: Bench) -> None:
    bench.is_away = True
    assert not bench.is_lost(3 * MOST_SILENT_LOOKS)
    bench.is_away = False

    assert not bench.is_lost(MOST_SILENT_LOOKS - 1)


def test_a_worker_whose_slots_are_taken_or_that_is_ending_asks_for_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "reserved_requests", {"one"})
    assert not bench.is_lost(3 * MOST_SILENT_LOOKS)
    monkeypatch.setattr(state, "reserved_requests", set())
    monkeypatch.setattr(state, "should_stop", 0)

    assert not bench.is_lost(3 * MOST_SILENT_LOOKS)


def test_a_wrong_clock_is_logged_once_and_once_more_when_it_is_right(caplog: pytest.LogCaptureFixture) -> None:
    ahead_s = iter([0.0, 3600.0, 3601.0, -MOST_AHEAD_S - 1, 1.0, 0.0])
    watch = ClockWatch(lambda: timedelta(seconds=next(ahead_s)))
    for _ in range(6):
        watch.look()

    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "the clock of this machine is 3600 s ahead of the data server's",
        "the clock of this machine agrees with the data server's again",
    ]
