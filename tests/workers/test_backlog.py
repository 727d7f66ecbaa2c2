"""Queues that nobody takes from: they stop to grow, and go on when somebody does."""

import logging
from collections.abc import Iterator

import pytest
import redis
from celery import Celery
from msgspec.structs import replace

from tests.fakes import FakeClock, provider
from tracker.scheduling.dispatch_lag import Scheduling
from tracker.store.catalogue import RedisCatalogue
from workers import scheduler as module
from workers.scheduler import ProviderScheduler
from workers.tasks import MOST_WAKE_UPS

MOST = 5


@pytest.fixture
def scheduler(app: Celery, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderScheduler]:
    monkeypatch.setattr(module, "MOST_WAITING", MOST)
    started = ProviderScheduler(app, clock=clock)
    yield started
    started.close()


def test_fetches_that_nobody_takes_do_not_fill_the_data_server(
    scheduler: ProviderScheduler, valkey: "redis.Redis", clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    RedisCatalogue(valkey).put([provider(id=f"p{number}") for number in range(3)], clock())
    with caplog.at_level(logging.WARNING, logger="workers.scheduler"):
        for _ in range(10):
            clock.passes(minutes=1)
            scheduler.dispatch()
        clogged = valkey.llen("fetch")
        late = replace(RedisCatalogue(valkey).scheduling(clock()), schedulers=())
        valkey.delete("fetch")
        clock.passes(minutes=1)
        scheduler.dispatch()

    assert clogged == 6
    assert valkey.llen("fetch") == 3
    assert late == Scheduling(providers=3, overdue=3, overdue_s=pytest.approx(8 * 60, abs=60))
    assert [record.message for record in caplog.records] == [
        "6 messages wait in queue fetch, and no more are added: is its worker there?",
        "queue fetch is taken from again",
    ]


def test_wake_ups_that_nobody_takes_do_not_fill_the_data_server(
    scheduler: ProviderScheduler, valkey: "redis.Redis", clock: FakeClock
) -> None:
    for _ in range(30):
        clock.passes(seconds=2)
        scheduler.tick()

    assert valkey.llen("print") == MOST_WAKE_UPS


def test_a_data_server_that_is_away_does_not_end_a_tick(
    scheduler: ProviderScheduler, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise module.StoreError("away")

    monkeypatch.setattr(RedisCatalogue, "waiting", fail)
    for _ in range(5):
        clock.passes(seconds=2)
        assert scheduler.tick() <= 1
