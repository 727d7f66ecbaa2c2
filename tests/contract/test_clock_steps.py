"""A clock that is put forward or back by an hour, as machines do: nothing starves, nothing is reported twice."""

from datetime import datetime, timedelta

import pytest
import redis

from tests.fakes import NOON, FakeClock, event, provider
from tests.vendor import SITE, Stored, Vendor
from tracker.model.event import PendingEvent
from tracker.polling.observer import Observer
from tracker.polling.page_store import Commit
from tracker.polling.poller import Poller
from tracker.scheduling.cadence import SLOW_AFTER
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import DUE, SCHEDULE, seen_before_key, seen_key
from tracker.store.leases import LEASE_S
from tracker.store.pages import RedisPages
from tracker.store.stream import RedisStream

#: Of a page that is asked once a minute.
INTERVAL_S = 60
HOUR = timedelta(hours=1)
steps = pytest.mark.parametrize("step", [HOUR, -HOUR, timedelta(days=3650), -timedelta(days=3650)], ids=str)


class Beat:
    """A scheduler and its worker: claims what is due every second, and polls it."""

    def __init__(self, client: "redis.Redis", count: int = 1) -> None:
        self.clock = FakeClock()
        #: The vendor's clock is right.
        self.vendor = Vendor(FakeClock())
        self.catalogue = RedisCatalogue(client)
        self.providers = [provider(id=f"p{n}", url=SITE, interval_s=INTERVAL_S) for n in range(count)]
        self.catalogue.put(self.providers, self.clock())
        self.stream = RedisStream(client)
        self.pages = RedisPages(client)
        self._poller = Poller(self.pages, Observer(self.vendor.fetcher), self.clock)

    def runs(self, seconds: int) -> dict[str, list[int]]:
        """Let that many seconds pass; return at which of them each provider was polled."""
        polled: dict[str, list[int]] = {known.id: [] for known in self.providers}
        for second in range(seconds):
            self.clock.passes(seconds=1)
            claims, _ = self.catalogue.claim(self.clock(), 100)
            for claim in claims:
                if self._poller.poll(claim.provider_id) is not None:
                    polled[claim.provider_id].append(second)
        return polled

    def reported(self) -> list[str]:
        return [entry.event.id for entry in self.stream.read("0-0", 1000)]


@pytest.fixture
def beat(client: "redis.Redis") -> Beat:
    """A scheduler that has watched five pages for some minutes."""
    watching = Beat(client, 5)
    watching.runs(3 * INTERVAL_S)
    return watching


@steps
def test_every_page_is_polled_within_its_interval_after_a_step(beat: Beat, step: timedelta) -> None:
    beat.clock.passes(seconds=step.total_seconds())

    polled = beat.runs(3 * INTERVAL_S)

    # By a clock that is years ahead nothing has changed for years.
    longest_s = 2 * INTERVAL_S if step >= SLOW_AFTER else INTERVAL_S
    for seconds in polled.values():
        gaps = [after - before for before, after in zip([0, *seconds], [*seconds, 3 * INTERVAL_S], strict=True)]
        assert max(gaps) <= longest_s + 1


def test_a_step_does_not_poll_all_pages_at_once(client: "redis.Redis") -> None:
    beat = Beat(client, 30)
    beat.runs(2 * INTERVAL_S)
    beat.clock.passes(hours=-1)

    firsts = [seconds[0] for seconds in beat.runs(INTERVAL_S + 1).values()]

    assert len(set(firsts)) > 10


def test_clocks_of_two_machines_may_differ_a_little(client: "redis.Redis") -> None:
    beat = Beat(client)
    beat.runs(INTERVAL_S)
    paused = beat.clock() + HOUR
    client.zadd(DUE, {"p0": paused.timestamp()})

    for ahead_s in (0, 5, 0, 5):
        beat.catalogue.claim(beat.clock() + timedelta(seconds=ahead_s), 10)

    assert client.zscore(DUE, "p0") == paused.timestamp()


def test_the_first_claim_ever_moves_no_due_time(client: "redis.Redis") -> None:
    catalogue = RedisCatalogue(client)
    catalogue.put([provider()], NOON + HOUR)

    assert catalogue.claim(NOON, 10)[0] == ()
    assert client.zscore(DUE, "acme") >= (NOON + HOUR).timestamp()


def test_what_is_due_without_a_schedule_goes_when_the_clock_is_put_back(client: "redis.Redis") -> None:
    catalogue = RedisCatalogue(client)
    catalogue.claim(NOON, 10)
    client.zadd(DUE, {"gone": (NOON + HOUR).timestamp()})

    assert catalogue.claim(NOON - HOUR, 10) == ((), None)
    assert client.hkeys(SCHEDULE) == [b""]


# --- leases ---


@steps
def test_a_worker_that_died_before_a_step_blocks_its_page_for_no_longer_than_its_lease(
    client: "redis.Redis", step: timedelta
) -> None:
    RedisCatalogue(client).put([provider()], NOON)
    pages = RedisPages(client)
    assert pages.begin("acme", NOON) is not None

    after = NOON + step
    waits = [s for s in range(int(LEASE_S) + 2) if pages.begin("acme", after + timedelta(seconds=s)) is None]

    assert len(waits) <= LEASE_S


@steps
def test_a_poll_during_which_the_clock_steps_is_committed(client: "redis.Redis", step: timedelta) -> None:
    RedisCatalogue(client).put([provider()], NOON)
    pages = RedisPages(client)
    lease = pages.begin("acme", NOON)

    assert pages.commit(lease, Commit(pending=(PendingEvent(event=event("a"), key="a"),), checked_at=NOON + step)) == 1
    assert pages.begin("acme", NOON + step + timedelta(seconds=1)) is not None


# --- what is reported ---


@steps
def test_nothing_is_reported_twice_or_lost(beat: Beat, step: timedelta) -> None:
    expected = [beat.vendor.posts()]
    beat.runs(2 * INTERVAL_S)
    beat.clock.passes(seconds=step.total_seconds())
    beat.runs(2 * INTERVAL_S)
    beat.clock.passes(seconds=-step.total_seconds())
    expected.append(beat.vendor.posts(expected[0].partition("/")[0], "resolved"))
    beat.runs(2 * INTERVAL_S)

    for known in beat.providers:
        assert [reported for reported in beat.reported() if reported.startswith(f"{known.id}/")] == [
            f"{known.id}/{key}" for key in expected
        ]


@steps
def test_sets_of_what_was_seen_may_change_places_around_a_step(valkey: "redis.Redis", step: timedelta) -> None:
    right_clock = FakeClock()
    vendor = Vendor(right_clock, window=5)
    watch = Stored(valkey, FakeClock(), vendor.fetcher, most_seen=30, first_sight="all")
    expected = []
    for number in range(80):
        for passing in (watch.clock, right_clock):
            passing.passes(hours=3)
        expected.append(f"acme/{vendor.posts(status='resolved')}")
        watch.polls()
        if number in (30, 45):
            watch.clock.passes(seconds=step.total_seconds() if number == 30 else -step.total_seconds())

    assert watch.ids == expected
    assert valkey.exists(seen_before_key("acme"))
    assert valkey.scard(seen_key("acme")) < 60, "they did so after the step as well"


def due_in(client: "redis.Redis", now: datetime) -> timedelta:
    return datetime.fromtimestamp(client.zscore(DUE, "p0"), now.tzinfo) - now


def test_a_failing_page_is_not_asked_for_by_the_wrong_clock(client: "redis.Redis") -> None:
    beat = Beat(client)
    beat.runs(INTERVAL_S)
    beat.vendor.fails()
    beat.clock.passes(hours=1)
    beat.runs(10 * INTERVAL_S)
    assert due_in(client, beat.clock()) > timedelta(seconds=2 * INTERVAL_S)
    beat.clock.passes(hours=-1)

    beat.runs(1)

    assert due_in(client, beat.clock()) <= timedelta(seconds=INTERVAL_S)
