"""A worker notices that no message can reach it any more, and only that."""

from types import SimpleNamespace

import pytest
from celery.worker import state

from tracker.errors import StoreError
from workers.transport import LastAnswer
from workers.watch import MOST_SILENT_LOOKS, Hearing


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
