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

import pytest
import redis
from celery import Celery
from msgspec.structs import replace

from tests.data_server import DataServer
from tests.fakes import FakeClock, provider
from tests.workers.queues import connected, waiting
from tracker.failpoints import VARIABLE
from tracker.model.clock import utc_now
from tracker.model.provider import Provider
from tracker.scheduling.dispatch_lag import Scheduling
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import connect
from tracker.store.due_queue import Claim
from workers import scheduler as module
from workers.application import app as application
from workers.publishing import LEAST_EXPIRY_S
from workers.scheduler import CLAIM_LIMIT, GATHERED, LEAST_PAUSE_S, MOST_PAUSE_S, ProviderScheduler
from workers.tasks import MOST_WAKE_UPS

FETCH = "workers.tasks.fetch_provider"
STATIC = {"workers.tasks.print_updates", "workers.tasks.wake_sinks"}


def providers(count: int, interval_s: int = 60) -> list[Provider]:
    return [provider(id=f"p{number}", name=f"P{number}", interval_s=interval_s) for number in range(count)]


class Beat:
    """A scheduler that has just started, the pages that it dispatches, and the clock of both."""

    def __init__(self, app: Celery, client: "redis.Redis", clock: FakeClock) -> None:
        self.app, self.client, self.clock = app, client, clock
        self.catalogue = RedisCatalogue(client)
        self.scheduler = self.other()

    def other(self) -> ProviderScheduler:
        """Start one more on the same data server."""
        return ProviderScheduler(self.app, clock=self.clock)

    def knows(self, *watched: Provider) -> None:
        self.catalogue.put(watched, self.clock())

    def dispatches(self, **later: float) -> float:
        """Dispatch what is due after a while; return for how long there is nothing to do."""
        self.clock.passes(**later)
        return self.scheduler.dispatch()

    def ticks(self, seconds: float) -> None:
        """Let beat run for so long."""
        ends_at = self.clock() + timedelta(seconds=seconds)
        while self.clock() < ends_at:
            self.clock.passes(seconds=max(0.05, self.scheduler.tick()))

    @property
    def ids(self) -> list[str]:
        """Return the ids of the providers whose fetch waits."""
        return [message.args[0] for message in waiting(self.client, "fetch")]

    @property
    def static(self) -> Counter[str]:
        """Return how often each of Celery's own entries waits."""
        return Counter(message.task for message in waiting(self.client, "print"))

    @property
    def commands(self) -> dict[str, int]:
        """Return how often each command was sent since the count began."""
        stats = self.client.info("commandstats")
        return {name.removeprefix("cmdstat_"): reported["calls"] for name, reported in stats.items()}


@pytest.fixture
def beat(app: Celery, valkey: "redis.Redis", clock: FakeClock) -> Iterator[Beat]:
    started = Beat(app, valkey, clock)
    yield started
    started.scheduler.close()


# --- what is published ---


def test_every_due_provider_gets_one_message_that_is_void_after_its_interval(beat: Beat) -> None:
    beat.knows(*providers(3), provider(id="slow", interval_s=3600), provider(id="quick", interval_s=1))

    beat.dispatches(seconds=1)

    messages = {message.args[0]: message for message in waiting(beat.client, "fetch")}
    assert {message.task for message in messages.values()} == {FETCH}
    lifetimes = {name: (message.expires - beat.clock()).total_seconds() for name, message in messages.items()}
    assert lifetimes == {"p0": 60, "p1": 60, "p2": 60, "slow": 3600, "quick": LEAST_EXPIRY_S}


def test_nothing_is_published_before_it_is_due(beat: Beat) -> None:
    beat.catalogue.put(providers(1), beat.clock() + timedelta(minutes=1))

    wait_s = beat.dispatches()

    assert beat.ids == []
    assert 60 <= wait_s <= 61


def test_a_provider_is_published_once_an_interval(beat: Beat) -> None:
    beat.knows(*providers(20))
    for _ in range(301):
        beat.dispatches()
        beat.clock.passes(seconds=1)

    # Each one is reported at once, and then on its grid.
    assert set(Counter(beat.ids).values()) == {6}


def test_more_than_are_claimed_at_once_are_published_in_one_go(beat: Beat) -> None:
    count = 2 * CLAIM_LIMIT + 7
    beat.knows(*providers(count))

    beat.dispatches(minutes=1)

    assert len(set(beat.ids)) == len(beat.ids) == count


def test_so_many_due_at_once_leave_time_for_beats_own_entries(beat: Beat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLAIM_LIMIT", 2)
    monkeypatch.setattr(module, "MOST_CLAIMS", 3)
    beat.knows(*providers(10))

    first_wait_s, first = beat.dispatches(minutes=1), len(beat.ids)
    then_wait_s = beat.dispatches()

    assert (first_wait_s, first) == (0.0, 6), "there is more, and beat comes back for it at once"
    assert then_wait_s > 0
    assert sorted(beat.ids) == sorted(known.id for known in providers(10))


def test_what_falls_due_within_a_moment_goes_as_one_batch(beat: Beat) -> None:
    beat.knows(*providers(600, interval_s=1))
    beat.dispatches(seconds=10)
    beat.client.delete("fetch")
    looks = 0
    ends_at = beat.clock() + timedelta(seconds=1)
    while beat.clock() < ends_at:
        looks += 1
        beat.clock.passes(seconds=beat.dispatches())

    assert looks <= 1 / MOST_PAUSE_S + 1, "every millisecond something is due"
    assert set(Counter(beat.ids).values()) <= {1, 2}
    assert len(set(beat.ids)) >= 600 - 600 * MOST_PAUSE_S


def test_where_much_falls_due_it_goes_in_small_batches(beat: Beat) -> None:
    """Workers are given a stream, not a burst ten times a second."""
    beat.knows(*providers(6000, interval_s=1))
    beat.dispatches(seconds=10)
    batches, waits = [], []
    for _ in range(20):
        waits.append(beat.dispatches())
        beat.clock.passes(seconds=waits[-1])
        batches.append(beat.client.llen("fetch"))
        beat.client.delete("fetch")

    assert all(LEAST_PAUSE_S <= wait_s < MOST_PAUSE_S for wait_s in waits[2:])
    assert max(batches[3:]) < 1.5 * GATHERED


def test_the_length_of_the_queue_is_asked_for_only_where_publishing_does_not_report(beat: Beat) -> None:
    beat.knows(*providers(3 * CLAIM_LIMIT))
    beat.dispatches(minutes=1)
    beat.client.config_resetstat()
    beat.dispatches(minutes=1)

    assert beat.commands["lpush"] == 3
    assert "llen" not in beat.commands


def test_a_provider_that_was_removed_or_added_is_noticed_with_the_next_tick(beat: Beat) -> None:
    assert beat.dispatches() == 1.0, "an empty catalogue is looked at again soon"
    beat.knows(*providers(2))
    beat.clock.passes(minutes=1)
    beat.catalogue.remove(["p0"])
    beat.catalogue.put([provider(id="new")], beat.clock() - timedelta(seconds=1))

    beat.dispatches()

    assert sorted(beat.ids) == ["new", "p1"]


def test_a_tick_never_asks_to_sleep_for_longer_than_a_second(beat: Beat) -> None:
    beat.knows(*providers(1, interval_s=86400))
    beat.clock.passes(minutes=1)
    for _ in range(10):
        wait_s = beat.scheduler.tick()
        assert 0 <= wait_s <= 1
        beat.clock.passes(seconds=wait_s)


# --- Celery's own entries ---


def test_wake_ups_that_nobody_takes_do_not_pile_up(beat: Beat) -> None:
    beat.knows(*providers(3))

    beat.ticks(21)

    assert beat.static == dict.fromkeys(STATIC, MOST_WAKE_UPS // 2)
    assert set(beat.ids) == {"p0", "p1", "p2"}


def test_fetches_that_nobody_takes_do_not_fill_the_data_server(
    beat: Beat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 5)
    beat.knows(*providers(3))
    with caplog.at_level(logging.WARNING, logger="workers.scheduler"):
        for _ in range(10):
            beat.dispatches(minutes=1)
        clogged = len(beat.ids)
        late = replace(beat.catalogue.scheduling(beat.clock()), schedulers=())
        beat.client.delete("fetch")
        beat.dispatches(minutes=1)

    assert (clogged, len(beat.ids)) == (6, 3)
    assert late == Scheduling(providers=3, overdue=3, overdue_s=pytest.approx(8 * 60, abs=60))
    assert [record.message for record in caplog.records] == [
        "6 messages wait in queue fetch, and no more are added: does its worker run?",
        "queue fetch is consumed again",
    ]


@pytest.mark.parametrize("hours", [1, -1])
def test_all_goes_on_when_the_clock_steps(beat: Beat, hours: int) -> None:
    beat.knows(*providers(3))
    beat.ticks(60)
    beat.clock.passes(hours=hours)
    beat.client.delete("fetch", "print")

    beat.ticks(61)

    assert set(beat.ids) == {"p0", "p1", "p2"}
    assert set(beat.static) == STATIC


# --- several schedulers ---


def test_two_schedulers_dispatch_every_provider_once_an_interval(beat: Beat) -> None:
    count = 3 * CLAIM_LIMIT
    beat.knows(*providers(count))
    other = beat.other()
    rounds = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(4):
            beat.clock.passes(minutes=1)
            list(pool.map(ProviderScheduler.dispatch, [beat.scheduler, other]))
            rounds.append(Counter(beat.ids))
            beat.client.delete("fetch")
    other.close()

    assert rounds == [dict.fromkeys((known.id for known in providers(count)), 1)] * 4


def test_a_second_scheduler_that_starts_later_publishes_nothing_again(beat: Beat) -> None:
    beat.knows(*providers(5))
    beat.dispatches(seconds=1)

    second = beat.other()
    second.dispatch()
    second.close()

    assert len(beat.ids) == 5


def test_a_beat_that_is_killed_with_claims_in_its_hands_costs_them_one_interval(beat: Beat) -> None:
    interval_s = 20
    beat.catalogue.put(providers(40, interval_s), utc_now() - timedelta(minutes=5))
    killed = subprocess.run(
        [sys.executable, "-m", "celery", "-q", "-A", "workers.app", "beat"],
        env={**os.environ, VARIABLE: "claimed:1", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        check=False,
    )
    beat.clock.now = utc_now()
    ends_at = beat.clock() + timedelta(seconds=interval_s)
    assert killed.returncode == -signal.SIGKILL
    assert b"failpoint claimed" in killed.stderr
    assert beat.ids == []

    while beat.clock() < ends_at:
        beat.clock.passes(seconds=beat.dispatches())
    beat.dispatches()

    assert set(beat.ids) == {known.id for known in providers(40)}


# --- what it reports of itself ---


def test_a_scheduler_reports_once_a_second_how_late_it_is(beat: Beat) -> None:
    catalogue, started_at = beat.catalogue, beat.clock()
    catalogue.put(providers(200), started_at - timedelta(minutes=5))
    beat.dispatches()
    assert catalogue.scheduling(beat.clock()).schedulers == ()

    beat.dispatches(seconds=1)
    beat.dispatches(seconds=0.5)

    known = catalogue.scheduling(beat.clock())
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
def shaky(environment: pytest.MonkeyPatch, server: DataServer, clock: FakeClock) -> Iterator[Beat]:
    """A scheduler with one provider on that server."""
    environment.setenv("REDIS_URL", server.url)
    with connected(application, server.url) as app:
        client = connect(server.url)
        beat = Beat(app, client, clock)
        beat.knows(*providers(1))
        yield beat
        beat.scheduler.close()
        client.close()


def test_a_data_server_that_is_away_costs_a_line_and_nothing_else(
    shaky: Beat, server: DataServer, caplog: pytest.LogCaptureFixture
) -> None:
    shaky.dispatches(seconds=1)
    server.kill()
    with caplog.at_level(logging.WARNING, logger="workers.scheduler"):
        assert [shaky.dispatches(), shaky.dispatches()] == [1.0, 1.0]
        server.start()
        shaky.dispatches(minutes=1)

    assert shaky.ids == ["p0", "p0"]
    said = [record.message for record in caplog.records if record.name == "workers.scheduler"]
    assert len(said) == 2
    assert said[0].startswith("cannot schedule, trying again every second: the data server does not answer")
    assert said[1] == "scheduling again"


class DiesAfterClaiming:
    """A catalogue whose data server dies as soon as something was claimed, until the end of the block."""

    def __init__(self, beat: Beat, server: DataServer) -> None:
        self._scheduler = beat.scheduler
        self._catalogue = beat.scheduler._catalogue
        self._server = server

    def __enter__(self) -> None:
        self._scheduler._catalogue = self

    def __exit__(self, *_: object) -> None:
        self._scheduler._catalogue = self._catalogue
        self._server.start()

    def claim(self, now: datetime, limit: int) -> tuple[tuple[Claim, ...], datetime | None]:
        claims, upcoming = self._catalogue.claim(now, limit)
        if claims:
            self._server.kill()
        return claims, upcoming

    def waiting(self, _: str) -> int:
        return 0  # so that it is the publication that fails


@pytest.mark.parametrize("connected", [True, False], ids=["connected", "not connected yet"])
def test_what_was_claimed_and_could_not_be_published_is_published_later(
    shaky: Beat, server: DataServer, *, connected: bool
) -> None:
    shaky.clock.passes(seconds=1)
    if connected:
        shaky.dispatches()
        shaky.clock.passes(minutes=1)
        shaky.client.delete("fetch")
    else:
        shaky.app.conf.broker_connection_max_retries = 1
    with DiesAfterClaiming(shaky, server):
        assert shaky.dispatches() == 1.0
    shaky.dispatches()
    shaky.app.conf.broker_connection_max_retries = None

    assert shaky.ids == ["p0"]


def test_what_could_not_be_published_for_an_interval_is_left_to_the_next_one(shaky: Beat, server: DataServer) -> None:
    shaky.dispatches(seconds=1)
    with DiesAfterClaiming(shaky, server):
        shaky.dispatches(minutes=1)
    shaky.client.delete("fetch")

    shaky.dispatches(minutes=5)

    assert shaky.ids == ["p0"]


def test_static_entries_survive_a_data_server_that_is_away(shaky: Beat, server: DataServer) -> None:
    shaky.ticks(3)
    server.kill()
    shaky.clock.passes(seconds=3)
    assert shaky.scheduler.tick() <= 1
    server.start()
    shaky.client.delete("print")

    shaky.ticks(5)

    assert set(shaky.static) == STATIC
