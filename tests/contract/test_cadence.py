"""Pace and schedule together, on a real data server: what the scheduler claims and what polls make of it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
import redis

from tests.fakes import FakeClock
from tracker.catalogue import new_provider
from tracker.fetch import FetchLimits, RequestsFetcher
from tracker.parse import FORMAT_NAMES
from tracker.polling.observer import Observer
from tracker.polling.poller import Poller
from tracker.scheduling.cadence import FAST_FOR, SLOW_AFTER
from tracker.scheduling.schedule import next_due
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page
from tracker.store.catalogue import RedisCatalogue
from tracker.store.pages import RedisPages


class Watch:
    """A beat and a worker that watch one page; time passes from one due time to the next."""

    def __init__(self, server: "redis.Redis", url: str, clock: FakeClock, cadence: str) -> None:
        self.clock = clock
        self._catalogue = RedisCatalogue(server)
        self._fetcher = RequestsFetcher(limits=FetchLimits(), user_agent="test")
        self._poller = Poller(RedisPages(server), Observer(self._fetcher), clock)
        acme = new_provider(url, formats=FORMAT_NAMES, name="Acme", allow_private=True, cadence=cadence)
        self._catalogue.put([acme], clock())

    def close(self) -> None:
        self._fetcher.close()

    def claims(self) -> datetime:
        """Let time pass until the page is due, and claim it; return when it is due again."""
        _, due = self._catalogue.claim(self.clock(), 0)
        assert due is not None
        self.clock.now = max(due, self.clock())
        claimed, upcoming = self._catalogue.claim(self.clock(), 10)
        assert [claim.provider_id for claim in claimed] == ["acme"]
        assert upcoming is not None
        return upcoming

    def polls(self) -> datetime:
        """Poll the page when it is due; return when that was."""
        self.claims()
        return self.polls_now()

    def polls_now(self) -> datetime:
        """Poll the page, which has been claimed."""
        began = self.clock()
        self.clock.passes(seconds=0.25)
        assert self._poller.poll("acme") is not None
        return began

    def pauses(self, polls: int) -> list[int]:
        """Return the seconds between so many successive polls, each and the one before it."""
        times = [self.polls() for _ in range(polls)]
        return [round((later - earlier).total_seconds()) for earlier, later in pairwise(times)]


Watcher = Callable[[str], Watch]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def page(clock: FakeClock) -> Page:
    return Page("Acme", id="acme", clock=clock)


@pytest.fixture
def watcher(valkey: "redis.Redis", page: Page, clock: FakeClock) -> Iterator[Watcher]:
    """Watches the page at a cadence."""
    watches = []
    with SimulatedVendor([page]) as vendor:

        def watch(cadence: str) -> Watch:
            watches.append(Watch(valkey, vendor.url("acme"), clock, cadence))
            return watches[-1]

        yield watch
        for started in watches:
            started.close()


def test_a_page_is_polled_faster_in_an_incident_and_slower_after_long_quiet(
    watcher: Watcher, page: Page, clock: FakeClock
) -> None:
    acme = watcher("adaptive")
    acme.polls()
    assert acme.pauses(4) == [60, 60, 60]

    incident_id = page.open_incident("Errors", body="We look into it.")
    assert acme.pauses(5) == [20, 20, 20, 20]
    clock.passes(seconds=FAST_FOR.total_seconds())
    acme.polls()
    assert acme.pauses(3) == [60, 60]

    page.resolve(incident_id)
    acme.polls()
    clock.passes(seconds=SLOW_AFTER.total_seconds())
    acme.polls()
    assert acme.pauses(4) == [120, 120, 120]

    page.open_incident("Errors again", body="We look into it.")
    assert acme.pauses(3) == [20, 20]


def test_a_worker_that_dies_in_its_poll_costs_no_more_than_the_interval(
    watcher: Watcher, page: Page, clock: FakeClock
) -> None:
    acme = watcher("adaptive")
    page.open_incident("Errors", body="We look into it.")
    acme.polls()
    acme.polls()

    upcoming = acme.claims()

    assert upcoming - clock() <= timedelta(seconds=60)
    assert upcoming.timestamp() == pytest.approx(next_due(clock(), "acme", 60).timestamp(), abs=1e-5)


def test_a_fixed_cadence_is_the_interval(watcher: Watcher, page: Page) -> None:
    acme = watcher("fixed")
    acme.polls()
    page.open_incident("Errors", body="We look into it.")
    assert acme.pauses(4) == [60, 60, 60]


def test_a_quiet_poll_at_the_fast_pace_costs_the_data_server_two_calls(
    watcher: Watcher, page: Page, valkey: "redis.Redis"
) -> None:
    """And one command more: the due time."""
    acme = watcher("adaptive")
    page.open_incident("Errors", body="We look into it.")
    acme.polls()
    acme.polls()
    acme.claims()
    valkey.config_resetstat()

    acme.polls_now()

    commands = {
        name.removeprefix("cmdstat_"): reported["calls"] for name, reported in valkey.info("commandstats").items()
    }
    assert commands["evalsha"] == 2
    assert commands["zadd"] <= 1
    assert commands["hset"] == 2
