"""Beat's scheduler against a real data server: what it publishes, with whom it shares, and what it survives."""

import logging
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from tests.data_server import DataServer
from tests.fakes import FakeClock, provider
from tests.workers.queues import connected, waiting
from tracker.failpoints import VARIABLE
from tracker.model.clock import utc_now
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import connect
from tracker.store.due_queue import Claim
from workers import scheduler as module
from workers.app import app as application
from workers.publishing import LEAST_EXPIRY_S
from workers.scheduler import CLAIM_LIMIT, GATHERED, LEAST_PAUSE_S, MOST_PAUSE_S, ProviderScheduler
from workers.tasks import MOST_WAKE_UPS

FETCH = "workers.tasks.fetch_provider"
STATIC = {"workers.tasks.print_updates", "workers.tasks.wake_sinks"}


def providers(count: int, interval_s: int = 60) -> list[Any]:
    return [provider(id=f"p{number}", name=f"P{number}", interval_s=interval_s) for number in range(count)]


@pytest.fixture
def scheduler(app: Celery, clock: FakeClock) -> Iterator[ProviderScheduler]:
    """A scheduler that has just started."""
    started = ProviderScheduler(app, clock=clock)
    yield started
    started.close()


@pytest.fixture
def catalogue(valkey: "redis.Redis") -> RedisCatalogue:
    return RedisCatalogue(valkey)


def ids(client: "redis.Redis") -> list[str]:
    """Return the ids of the providers whose fetch waits."""
    return [message.args[0] for message in waiting(client, "fetch")]


# --- what is published ---


def test_every_due_provider_gets_one_message_that_is_void_after_its_interval(
    scheduler: ProviderScheduler, catalogue: RedisCatalogue, valkey: "redis.Redis", clock: FakeClock
) -> None:
    catalogue.put([*providers(3), provider(id="slow", interval_s=3600), provider(id="quick", interval_s=1)], clock())
    clock.passes(seconds=1)

    scheduler.dispatch()

    messages = {message.args[0]: message for message in waiting(valkey, "fetch")}
    assert sorted(messages) == ["p0", "p1", "p2", "quick", "slow"]
    assert {message.task for message in messages.values()} == {FETCH}
    lifetimes = {name: (message.expires - clock()).total_seconds() for name, message in messages.items()}
    assert lifetimes == {"p0": 60, "p1": 60, "p2": 60, "slow": 3600, "quick": LEAST_EXPIRY_S}


def test_nothing_is_published_before_it_is_due(
    scheduler: ProviderScheduler, catalogue: RedisCatalogue, valkey: "redis.Redis", clock: FakeClock
) -> None:
    catalogue.put(providers(1), clock() + timedelta(minutes=1))

    wait_s = scheduler.dispatch()

    assert ids(valkey) == []
    assert 60 <= wait_s <= 61


def test_a_provider_is_published_once_an_interval(
    scheduler: ProviderScheduler, catalogue: RedisCatalogue, valkey: "redis.Redis", clock: FakeClock
) -> None:
    catalogue.put(providers(20), clock())
    for _ in range(301):
        scheduler.dispatch()
        clock.passes(seconds=1)

    # Each one is reported at once, and then on its grid.
    assert set(Counter(ids(valkey)).values()) == {6}


def test_more_than_are_claimed_at_once_are_published_in_one_go(
    scheduler: ProviderScheduler, catalogue: RedisCatalogue, valkey: "redis.Redis", clock: FakeClock
) -> None:
    count = 2 * CLAIM_LIMIT + 7
    catalogue.put(providers(count), clock())
    clock.passes(minutes=1)

    scheduler.dispatch()

    assert len(set(ids(valkey))) == len(ids(valkey)) == count


def test_so_many_due_at_once_leave_time_for_beats_own_entries(
    scheduler: ProviderScheduler,
    catalogue: RedisCatalogue,
    valkey: "redis.Redis",
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CLAIM_LIMIT", 2)
    monkeypatch.setattr(module, "MOST_CLAIMS", 3)
    catalogue.put(providers(10), clock())
    clock.passes(minutes=1)

    waits = []
    for _ in range(2):
        waits.append(scheduler.dispatch())
        waits.append(len(ids(valkey)))

    assert waits[:2] == [0.0, 6], "there is more, and beat comes back for it at once"
    assert waits[2] > 0
    assert sorted(ids(valkey)) == sorted(known.id for known in providers(10))


def test_what_falls_due_within_a_moment_goes_as_one_batch(
    scheduler: ProviderScheduler, catalogue: RedisCatalogue, valkey: "redis.Redis", clock: FakeClock
) -> None:
    catalogue.put(providers(600, interval_s=1), clock())
    clock.passes(seconds=10)
    scheduler.dispatch()
    valkey.delete("fetch")
    looks = 0
    ends_at = clock() + timedelta(seconds=1)
    while clock() < ends_at:
        looks += 1
        clock.passes(seconds=scheduler.dispatch())

    assert looks <= 1 / MOST_PAUSE_S + 1, "every millisecond something is due"
    assert set(Counter(ids(valkey)).values()) <= {1, 2}
    assert len(set(ids(valkey))) >= 600 - 600 * MOST_PAUSE_S


def test_where_much_falls_due_it_goes_in_small_batches(
    scheduler: ProviderScheduler, catalogue: RedisCatalogue, valkey: "redis.Redis", clock: FakeClock
) -> None:
    """Workers are given a stream, not a burst ten times a second."""
    catalogue.put(providers(6000, interval_s=1), clock())
    clock.passes(seconds=10)
    scheduler.dispatch()
    batches, waits = [], []
    for _ in range(20):
        waits.append(scheduler.dispatch())
        clock.passes(seconds=waits[-1])
        batches.append(valkey.llen("fetch"))
        valkey.delete("fetch")

    assert all(LEAST_PAUSE_S <= wait_s < MOST_PAUSE_S for wait_s in waits[2:])
    assert max(batches[3:]) < 1.5 * GATHERED


def test_the_length_of_the_queue_is_asked_for_only_where_publishing_does_not_report(
    scheduler: ProviderScheduler, catalogue: RedisCatalogue, valkey: "redis.Redis", clock: FakeClock
) -> None:
    catalogue.put(providers(3 * CLAIM_LIMIT), clock())
    clock.passes(minutes=1)
    scheduler.dispatch()
    valkey.config_resetstat()
    clock.passes(minutes=1)
    scheduler.dispatch()

    stats = valkey.info("commandstats")
    assert stats["cmdstat_lpush"]["calls"] == 3
    assert "cmdstat_llen" not in stats


def test_a_provider_that_was_removed_or_added_is_noticed_with_the_next_tick(
    scheduler: ProviderScheduler, catalogue: RedisCatalogue, valkey: "redis.Redis", clock: FakeClock
) -> None:
    catalogue.put(providers(2), clock())
    clock.passes(minutes=1)
    catalogue.remove(["p0"])
    catalogue.put([provider(id="new")], clock() - timedelta(seconds=1))

    scheduler.dispatch()

    assert sorted(ids(valkey)) == ["new", "p1"]


def test_an_empty_catalogue_is_looked_at_again_soon(scheduler: ProviderScheduler) -> None:
    assert scheduler.dispatch() == 1.0


def test_a_tick_never_asks_to_sleep_for_longer_than_a_second(
    scheduler: ProviderScheduler, catalogue: RedisCatalogue, clock: FakeClock
) -> None:
    catalogue.put(providers(1, interval_s=86400), clock())
    clock.passes(minutes=1)
    waits = []
    for _ in range(10):
        waits.append(scheduler.tick())
        clock.passes(seconds=waits[-1])

    assert all(0 <= wait_s <= 1 for wait_s in waits)


# --- Celery's own entries ---


def ticks(scheduler: ProviderScheduler, clock: FakeClock, seconds: float) -> None:
    """Let beat run for so long."""
    ends_at = clock() + timedelta(seconds=seconds)
    while clock() < ends_at:
        clock.passes(seconds=max(0.05, scheduler.tick()))


def test_wake_ups_that_nobody_takes_do_not_pile_up(
    scheduler: ProviderScheduler, catalogue: RedisCatalogue, valkey: "redis.Redis", clock: FakeClock
) -> None:
    catalogue.put(providers(3), clock())

    ticks(scheduler, clock, 21)

    assert Counter(message.task for message in waiting(valkey, "print")) == dict.fromkeys(STATIC, MOST_WAKE_UPS // 2)
    assert set(ids(valkey)) == {"p0", "p1", "p2"}


def test_static_entries_go_on_when_the_clock_is_put_back(
    scheduler: ProviderScheduler, valkey: "redis.Redis", clock: FakeClock
) -> None:
    ticks(scheduler, clock, 5)
    clock.passes(hours=-1)
    valkey.delete("print")

    ticks(scheduler, clock, 5)

    assert {message.task for message in waiting(valkey, "print")} == STATIC


@pytest.mark.parametrize("hours", [1, -1])
def test_providers_go_on_when_the_clock_steps(
    scheduler: ProviderScheduler, catalogue: RedisCatalogue, valkey: "redis.Redis", clock: FakeClock, hours: int
) -> None:
    catalogue.put(providers(3), clock())
    ticks(scheduler, clock, 60)
    clock.passes(hours=hours)
    valkey.delete("fetch")

    ticks(scheduler, clock, 61)

    assert set(ids(valkey)) == {"p0", "p1", "p2"}


# --- several schedulers ---


def test_two_schedulers_share_the_work_without_duplicates(
    app: Celery, catalogue: RedisCatalogue, valkey: "redis.Redis", clock: FakeClock
) -> None:
    catalogue.put(providers(3 * CLAIM_LIMIT), clock())
    clock.passes(minutes=1)
    schedulers = [ProviderScheduler(app, clock=clock) for _ in range(2)]

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(ProviderScheduler.dispatch, schedulers))
    for scheduler in schedulers:
        scheduler.close()

    published = Counter(ids(valkey))
    assert len(published) == 3 * CLAIM_LIMIT
    assert set(published.values()) == {1}


def test_a_second_scheduler_that_starts_later_publishes_nothing_again(
    scheduler: ProviderScheduler, app: Celery, catalogue: RedisCatalogue, valkey: "redis.Redis", clock: FakeClock
) -> None:
    catalogue.put(providers(5), clock())
    clock.passes(seconds=1)
    scheduler.dispatch()

    second = ProviderScheduler(app, clock=clock)
    second.dispatch()
    second.close()

    assert len(ids(valkey)) == 5


def test_two_schedulers_dispatch_every_provider_once_an_interval(
    app: Celery, catalogue: RedisCatalogue, valkey: "redis.Redis", clock: FakeClock
) -> None:
    catalogue.put(providers(CLAIM_LIMIT + 100), clock())
    schedulers = [ProviderScheduler(app, clock=clock) for _ in range(2)]
    rounds = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(4):
            clock.passes(minutes=1)
            list(pool.map(ProviderScheduler.dispatch, schedulers))
            rounds.append(Counter(ids(valkey)))
            valkey.delete("fetch")
    for scheduler in schedulers:
        scheduler.close()

    assert rounds == [dict.fromkeys((known.id for known in providers(CLAIM_LIMIT + 100)), 1)] * 4


def test_a_beat_that_is_killed_with_claims_in_its_hands_costs_them_one_interval(
    app: Celery, catalogue: RedisCatalogue, valkey: "redis.Redis"
) -> None:
    interval_s = 20
    catalogue.put(providers(40, interval_s), utc_now() - timedelta(minutes=5))
    beat = subprocess.run(
        [sys.executable, "-m", "celery", "-q", "-A", "workers.app", "beat"],
        env={**os.environ, VARIABLE: "claimed:1", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        check=False,
    )
    clock = FakeClock(utc_now())
    died_at = clock()
    assert beat.returncode == -signal.SIGKILL
    assert b"failpoint claimed" in beat.stderr
    assert ids(valkey) == []

    other = ProviderScheduler(app, clock=clock)
    while clock() < died_at + timedelta(seconds=interval_s):
        clock.passes(seconds=other.dispatch())
    other.dispatch()
    other.close()

    assert set(ids(valkey)) == {known.id for known in providers(40)}


# --- what it reports of itself ---


def test_a_scheduler_reports_once_a_second_how_late_it_is(
    scheduler: ProviderScheduler, catalogue: RedisCatalogue, clock: FakeClock
) -> None:
    started_at = clock()
    catalogue.put(providers(200), started_at - timedelta(minutes=5))
    scheduler.dispatch()
    assert catalogue.scheduling(clock()).schedulers == ()

    clock.passes(seconds=1)
    scheduler.dispatch()
    clock.passes(seconds=0.5)
    scheduler.dispatch()

    known = catalogue.scheduling(clock())
    (report,) = known.schedulers
    assert report.name.endswith(f":{os.getpid()}")
    assert report.at == started_at + timedelta(seconds=1)
    assert report.dispatched_last_minute == report.dispatched >= 200
    assert 290 <= report.late_p50_s <= report.late_p99_s <= report.late_max_s <= 300
    assert (known.providers, known.overdue) == (200, 0)


# --- a data server that goes away ---


@pytest.fixture
def server(tmp_path: Path, free_port: int) -> Iterator[DataServer]:
    """A data server that may be killed."""
    with DataServer(tmp_path, free_port) as running:
        yield running


@pytest.fixture
def shaky(
    environment: pytest.MonkeyPatch, server: DataServer, clock: FakeClock
) -> Iterator[tuple[ProviderScheduler, "redis.Redis"]]:
    """A scheduler with one provider on that server, and a client."""
    environment.setenv("REDIS_URL", server.url)
    with connected(application, server.url) as app:
        client = connect(server.url)
        RedisCatalogue(client).put(providers(1), clock())
        scheduler = ProviderScheduler(app, clock=clock)
        yield scheduler, client
        scheduler.close()
        client.close()


def test_a_data_server_that_is_away_costs_a_line_and_nothing_else(
    shaky: tuple[ProviderScheduler, "redis.Redis"],
    server: DataServer,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    scheduler, client = shaky
    clock.passes(seconds=1)
    scheduler.dispatch()
    server.kill()
    with caplog.at_level(logging.WARNING, logger="workers.scheduler"):
        assert [scheduler.dispatch(), scheduler.dispatch()] == [1.0, 1.0]
        server.start()
        clock.passes(minutes=1)
        scheduler.dispatch()

    assert ids(client) == ["p0", "p0"]
    said = [record.message for record in caplog.records if record.name == "workers.scheduler"]
    assert len(said) == 2
    assert said[0].startswith("cannot schedule, trying again every second: the data server does not answer")
    assert said[1] == "scheduling again"


class DiesAfterClaiming:
    """A catalogue whose data server dies as soon as something was claimed."""

    def __init__(self, catalogue: Any, server: DataServer) -> None:
        self._catalogue = catalogue
        self._server = server

    def claim(self, now: datetime, limit: int) -> tuple[tuple[Claim, ...], datetime | None]:
        claims, upcoming = self._catalogue.claim(now, limit)
        if claims:
            self._server.kill()
        return claims, upcoming

    def waiting(self, _: str) -> int:
        return 0  # so that it is the publication that fails


@pytest.mark.parametrize("connected", [True, False], ids=["connected", "not connected yet"])
def test_what_was_claimed_and_could_not_be_published_is_published_later(
    shaky: tuple[ProviderScheduler, "redis.Redis"], server: DataServer, clock: FakeClock, connected: bool
) -> None:
    scheduler, client = shaky
    clock.passes(seconds=1)
    if connected:
        scheduler.dispatch()
        clock.passes(minutes=1)
        client.delete("fetch")
    else:
        scheduler.app.conf.broker_connection_max_retries = 1
    catalogue = scheduler._catalogue
    scheduler._catalogue = DiesAfterClaiming(catalogue, server)

    assert scheduler.dispatch() == 1.0
    scheduler._catalogue = catalogue
    server.start()
    scheduler.dispatch()
    scheduler.app.conf.broker_connection_max_retries = None

    assert ids(client) == ["p0"]


def test_what_could_not_be_published_for_an_interval_is_left_to_the_next_one(
    shaky: tuple[ProviderScheduler, "redis.Redis"], server: DataServer, clock: FakeClock
) -> None:
    scheduler, client = shaky
    clock.passes(seconds=1)
    scheduler.dispatch()
    clock.passes(minutes=1)
    catalogue = scheduler._catalogue
    scheduler._catalogue = DiesAfterClaiming(catalogue, server)
    scheduler.dispatch()
    scheduler._catalogue = catalogue
    server.start()
    client.delete("fetch")
    clock.passes(minutes=5)

    scheduler.dispatch()

    assert ids(client) == ["p0"]


def test_static_entries_survive_a_data_server_that_is_away(
    shaky: tuple[ProviderScheduler, "redis.Redis"], server: DataServer, clock: FakeClock
) -> None:
    scheduler, client = shaky
    ticks(scheduler, clock, 3)
    server.kill()
    clock.passes(seconds=3)
    scheduler.tick()
    server.start()
    client.delete("print")

    ticks(scheduler, clock, 5)

    assert {message.task for message in waiting(client, "print")} == STATIC
