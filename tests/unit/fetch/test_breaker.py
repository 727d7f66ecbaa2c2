"""A host that keeps failing is asked now and then, by one request at a time."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import NOON, FakeClock, FakeFetcher
from tests.poller_on_a_loop import Unchanged
from tracker.errors import (
    BadAnswer,
    BadUrl,
    ConnectError,
    FetchError,
    FetchTimeout,
    HttpStatusError,
    NameNotResolved,
    TlsError,
)
from tracker.fetch.breaker import FAILURES, FIRST_PAUSE_S, LONGEST_PAUSE_S, Breaker
from tracker.polling.fetcher import Fetched, FetchRequest, NotModified
from tracker.scheduling.schedule import due_after_failure

HOST = "https://status.acme.example"
PAGES = [f"{HOST}/pages/{number}" for number in range(20)]
REFUSED = ConnectError("no connection to status.acme.example:443")


class Network(FakeFetcher):
    """A network in which all pages of one host answer or fail together, seen through a breaker."""

    def __init__(self, **options: int) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.breaker = Breaker(self, now=self.clock, monotonic=self.seconds, **options)
        self.is_away()

    def seconds(self) -> float:
        return (self.clock.now - NOON).total_seconds()

    def is_away(self, error: FetchError = REFUSED) -> None:
        for url in PAGES:
            self.raises(url, error)

    def is_back(self) -> None:
        for url in PAGES:
            self.answers(url, "ok")

    def asks(self, url: str = PAGES[0], **fields: bool) -> bool:
        """Ask through the breaker; tell whether the host was asked."""
        before = len(self.requests)
        with suppress(FetchError):
            self.breaker.fetch(FetchRequest(url=url, **fields))
        return len(self.requests) > before

    def breaks(self) -> None:
        """Fail as often as it takes."""
        assert [self.asks(url) for url in PAGES[:FAILURES]] == [True] * FAILURES


@pytest.fixture
def network() -> Network:
    """A host that has failed so often that it is left in peace."""
    broken = Network()
    broken.breaks()
    return broken


@pytest.mark.parametrize("kind", [ConnectError, FetchTimeout, NameNotResolved, TlsError])
def test_a_host_that_failed_often_is_not_asked_for_a_while_and_fails_as_before(kind: type[FetchError]) -> None:
    network = Network()
    network.is_away(kind("it is away"))
    network.breaks()
    network.clock.passes(seconds=FIRST_PAUSE_S - 1)

    with pytest.raises(kind) as caught:
        network.breaker.fetch(FetchRequest(url=PAGES[9]))

    assert len(network.requests) == FAILURES
    assert str(caught.value) == "it is away (5 times in a row; no request before 12:00:10 UTC)"
    assert caught.value.reason == kind.reason
    assert caught.value.retry_after_s is None


@pytest.mark.parametrize("error", [HttpStatusError("answered 500", None, 500), BadAnswer("cut short")])
def test_an_answer_of_whatever_kind_says_that_the_host_is_there(error: FetchError) -> None:
    network = Network()
    network.is_away(error)
    assert all(network.asks(url) for url in PAGES)

    network.is_away()
    for url in PAGES[1:FAILURES]:
        network.asks(url)
    network.raises(PAGES[0], error)
    network.asks(PAGES[0])

    assert [network.asks(url) for url in PAGES[1 : FAILURES + 1]] == [True] * FAILURES


def test_a_url_that_cannot_be_asked_is_refused_as_ever(network: Network) -> None:
    with pytest.raises(BadUrl):
        network.breaker.fetch(FetchRequest(url="ftp://status.acme.example"))


def test_other_hosts_ports_and_providers_with_private_addresses_are_asked(network: Network) -> None:
    assert not network.asks("http://status.acme.example:443/x")

    for url in ("https://status.bolt.example", "http://status.acme.example/pages/0", f"{HOST}:8443"):
        assert network.asks(url)
    assert network.asks(allow_private=True)


def test_after_the_pause_one_request_asks_and_the_next_pause_is_twice_as_long(network: Network) -> None:
    pauses = []
    for _ in range(5):
        network.clock.now += timedelta(milliseconds=1)
        began = network.clock.now
        while not network.asks(PAGES[1]):
            network.clock.passes(seconds=1)
        pauses.append(round((network.clock.now - began).total_seconds()))
        assert not network.asks(PAGES[2])

    assert pauses == [FIRST_PAUSE_S, 20, 40, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_a_host_that_is_back_is_asked_by_all_at_once(network: Network) -> None:
    network.is_back()
    assert not network.asks()
    network.clock.passes(seconds=FIRST_PAUSE_S)

    assert all(network.asks(url) for url in PAGES)

    network.is_away()
    network.breaks()


def test_while_one_request_asks_whether_it_is_back_no_other_does(network: Network) -> None:
    network.clock.passes(seconds=FIRST_PAUSE_S)
    others: list[str] = []

    def another_page_is_polled() -> None:
        with pytest.raises(ConnectError) as caught:
            network.breaker.fetch(FetchRequest(url=PAGES[1]))
        others.append(str(caught.value))

    network.meanwhile(another_page_is_polled)

    assert network.asks()
    assert others == [f"{REFUSED} (5 times in a row; another request is trying it)"]


def test_a_probe_that_ends_with_no_answer_of_any_kind_leaves_the_host_to_the_next(network: Network) -> None:
    network.clock.passes(seconds=FIRST_PAUSE_S)

    def killed() -> None:
        raise KeyboardInterrupt

    network.meanwhile(killed)
    with pytest.raises(KeyboardInterrupt):
        network.asks()

    assert network.asks()


def test_requests_that_were_on_their_way_do_not_prolong_the_pause() -> None:
    network = Network()
    with several_on_their_way(network, 10) as ended:
        network.breaks()
        network.clock.passes(seconds=FIRST_PAUSE_S - 1)
    assert ended == [REFUSED] * 10
    network.clock.passes(seconds=1)

    assert network.asks()


@contextmanager
def several_on_their_way(network: Network, count: int) -> Iterator[list[FetchError]]:
    """Keep so many requests waiting for an answer, which fail at the end."""
    sent, ends, ended = [Event() for _ in range(count)], Event(), []

    class Slow:
        def __init__(self, number: int) -> None:
            self.number = number

        def __call__(self, _: FetchRequest) -> None:
            sent[self.number].set()
            ends.wait()
            raise REFUSED

    slow = [f"{HOST}/slow/{number}" for number in range(count)]
    for number, url in enumerate(slow):
        network._answers[url] = Slow(number)  # type: ignore[assignment]
    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(network.breaker.fetch, FetchRequest(url=url)) for url in slow]
        for each in sent:
            each.wait()
        yield ended
        ends.set()
        ended += [future.exception() for future in futures]


def test_of_too_many_hosts_the_one_that_failed_longest_ago_is_forgotten() -> None:
    network = Network(most_hosts=2)
    network.breaks()
    for host in ("b", "c"):
        network.raises(f"https://{host}.example", REFUSED)
        network.asks(f"https://{host}.example")

    assert network.asks()
    assert len(network.breaker._circuits) == 2


class QuickNetwork:
    """The same network on an event loop; `None` for what it leaves to others."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.leaves_it = False
        self.hangs = False

    def ready(self, request: FetchRequest) -> Unchanged:
        return Unchanged(request)

    async def fetch(self, ready: Unchanged) -> Fetched | NotModified | None:
        if self.hangs:
            await asyncio.Event().wait()
        return None if self.leaves_it else self._network.fetch(ready.request)


@pytest.fixture
def lane(network: Network) -> QuickNetwork:
    return QuickNetwork(network)


def test_failures_on_an_event_loop_count_for_all() -> None:
    network = Network()
    quick = network.breaker.quick(QuickNetwork(network))
    assert all(network.asks(url) for url in PAGES[2:FAILURES])
    for url in PAGES[:2]:
        with pytest.raises(ConnectError):
            asyncio.run(quick.fetch(Unchanged(FetchRequest(url=url))))

    assert not network.asks()
    with pytest.raises(ConnectError, match="5 times in a row"):
        asyncio.run(quick.fetch(Unchanged(FetchRequest(url=PAGES[0]))))
    network.clock.passes(seconds=FIRST_PAUSE_S)
    network.is_back()
    assert asyncio.run(quick.fetch(Unchanged(FetchRequest(url=PAGES[0])))) is not None
    assert network.asks()


@pytest.mark.parametrize("error", [HttpStatusError("answered 500", None, 500), BadAnswer("cut short")])
def test_an_answer_on_an_event_loop_says_that_the_host_is_there(
    network: Network, lane: QuickNetwork, error: FetchError
) -> None:
    network.clock.passes(seconds=FIRST_PAUSE_S)
    network.is_away(error)
    with pytest.raises(type(error)):
        asyncio.run(network.breaker.quick(lane).fetch(Unchanged(FetchRequest(url=PAGES[0]))))

    assert all(network.asks(url) for url in PAGES)


def test_what_is_left_to_others_says_nothing_and_they_are_the_probe(network: Network, lane: QuickNetwork) -> None:
    quick = network.breaker.quick(lane)
    network.clock.passes(seconds=FIRST_PAUSE_S)
    lane.leaves_it = True

    assert asyncio.run(quick.fetch(Unchanged(FetchRequest(url=PAGES[0])))) is None
    assert network.asks()
    with pytest.raises(ConnectError, match="6 times in a row"):
        asyncio.run(quick.fetch(Unchanged(FetchRequest(url=PAGES[0]))))


def test_a_probe_that_is_cancelled_leaves_the_host_to_the_next(network: Network, lane: QuickNetwork) -> None:
    network.clock.passes(seconds=FIRST_PAUSE_S)
    lane.hangs = True

    async def cancelled() -> None:
        probe = asyncio.ensure_future(network.breaker.quick(lane).fetch(Unchanged(FetchRequest(url=PAGES[0]))))
        await asyncio.sleep(0)
        assert not network.asks()
        probe.cancel()
        with pytest.raises(asyncio.CancelledError):
            await probe

    asyncio.run(cancelled())

    assert network.asks()


@given(interval_s=st.integers(1, 86_400), name=st.text(min_size=1, max_size=5), polls=st.integers(1, 40))
def test_a_page_alone_on_its_host_is_asked_with_every_poll(interval_s: int, name: str, polls: int) -> None:
    """Its own pauses are the longer ones, so that the breaker does not make it come back later."""
    network = Network()
    for failures in range(1, polls + 1):
        assert network.asks()
        network.clock.now = due_after_failure(network.clock.now, name, interval_s, failures, None)
