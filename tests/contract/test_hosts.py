"""Pages of one host: how many are asked at once, who waits, and what a dead host costs the others."""

import heapq
import socket
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count, pairwise
from threading import Event, Lock, Semaphore
from typing import Any

import pytest
import redis

from tests.fakes import NOON, FakeClock, FakeFetcher, provider
from tests.pages_on_a_loop import LoopedPages
from tracker.errors import Conflict
from tracker.fetch import Breaker, RequestsFetcher
from tracker.fetch.breaker import FAILURES
from tracker.fetch.options import ClientOptions
from tracker.model.clock import utc_now
from tracker.model.page_state import PageState, Source
from tracker.model.provider import Provider
from tracker.polling.observer import Observer
from tracker.polling.page_store import Commit, HostBusy, PageStore, PollLease, Slot
from tracker.polling.poller import Outcome, Poller
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import CROWDED_PREFIX, DUE, SLOTS_PREFIX, WAITING_PREFIX, connect, page_key
from tracker.store.hosts import host_of, slot_of
from tracker.store.leases import LEASE_S, LEAST_GAP_S
from tracker.store.pages import RedisPages

HOST = "status.acme.example"
SLOTS, WAITING = SLOTS_PREFIX + HOST, WAITING_PREFIX + HOST
LEASE = timedelta(seconds=LEASE_S)
SECOND = timedelta(seconds=1)


class Host:
    """One host with many pages, which may be asked two at a time."""

    def __init__(self, client: "redis.Redis", pages: int = 5, store: PageStore | None = None, **fields: Any) -> None:
        self.client = client
        self.catalogue = RedisCatalogue(client)
        self.pages = store or RedisPages(client)
        self.catalogue.put(several(pages, **fields), NOON)
        #: Nothing is due before a test says so.
        client.zadd(DUE, {f"p{number}": (NOON + timedelta(hours=1)).timestamp() for number in range(pages)})

    def begins(self, number: int, now: datetime = NOON) -> PollLease:
        lease = self.pages.begin(f"p{number}", now)
        assert isinstance(lease, PollLease)
        return lease

    def is_busy(self, number: int, now: datetime = NOON) -> HostBusy:
        busy = self.pages.begin(f"p{number}", now)
        assert isinstance(busy, HostBusy)
        return busy

    def ends(self, lease: PollLease, now: datetime = NOON, **fields: Any) -> None:
        self.pages.commit(lease, Commit(**{"checked_at": now} | fields))

    def due(self, number: int) -> datetime:
        return datetime.fromtimestamp(self.client.zscore(DUE, f"p{number}"), NOON.tzinfo)

    @property
    def holders(self) -> list[str]:
        return sorted(member.decode() for member in self.client.zrange(SLOTS, 0, -1))

    @property
    def waiting(self) -> list[str]:
        return [member.decode() for member in self.client.zrange(WAITING, 0, -1)]


def several(pages: int, **fields: Any) -> list[Provider]:
    return [provider(**{"id": f"p{number}", "name": f"P{number}"} | fields) for number in range(pages)]


@pytest.fixture(params=["fakeredis", "valkey", "valkey in groups"])
def host(request: pytest.FixtureRequest) -> Host:
    """A host with five pages."""
    client = request.getfixturevalue("fake_redis" if request.param == "fakeredis" else "valkey")
    return Host(client, store=request.getfixturevalue("looped") if "groups" in request.param else None)


# --- slots ---


def test_as_many_pages_of_a_host_are_asked_at_once_as_it_has_slots(host: Host) -> None:
    first, second = host.begins(0), host.begins(1)

    busy = host.is_busy(2, NOON + SECOND)

    assert first.slot == second.slot == busy.slot == Slot(host=HOST, limit=2)
    assert (busy.waiting, busy.waited_s, busy.is_new) == (1, 0.0, False)
    assert (host.holders, host.waiting) == (["p0", "p1"], ["p2"])
    assert host.client.hmget(page_key("p2"), "lease", "turn") == [None, None], "a page that waits holds nothing"


def test_slots_of_other_hosts_are_others(host: Host) -> None:
    host.begins(0), host.begins(1)
    elsewhere = [
        provider(id="a", name="A", url="https://other.example"),
        provider(id="b", name="B", url=f"https://{HOST}:8443/"),
    ]
    host.catalogue.put(elsewhere, NOON)

    leases = [host.pages.begin(known.id, NOON) for known in elsewhere]
    assert [lease.slot.host for lease in leases] == ["other.example", f"{HOST}:8443"]


def test_where_no_number_is_set_nothing_is_counted(client: "redis.Redis") -> None:
    own = Host(client, allow_private=True)

    assert [own.begins(number).slot for number in range(5)] == [None] * 5
    assert client.exists(SLOTS, WAITING) == 0
    assert client.hexists(page_key("p0"), "slot") is False


def test_each_page_minds_its_own_number(client: "redis.Redis") -> None:
    host = Host(client, max_per_host=3)
    host.catalogue.put([provider(id="p4", name="P4", max_per_host=1)], NOON)
    host.begins(0)

    host.is_busy(4)
    host.begins(1)


def test_a_poll_that_has_no_lease_for_another_reason_takes_no_slot(host: Host) -> None:
    lease = host.begins(0)
    assert host.pages.begin("p0", NOON + SECOND) is None
    host.ends(lease)
    assert host.pages.begin("p0", NOON + timedelta(seconds=LEAST_GAP_S / 2)) is None

    assert (host.holders, host.waiting) == ([], [])


# --- given back ---


def test_a_commit_hands_the_slot_to_the_page_that_has_waited_longest(host: Host) -> None:
    first, _ = host.begins(0), host.begins(1)
    for number in (4, 2, 3):
        host.is_busy(number, NOON + number * SECOND)
    host.is_busy(2, NOON + 9 * SECOND)

    host.ends(first, NOON + 10 * SECOND)

    assert host.due(2) == NOON + 10 * SECOND
    assert (host.holders, host.waiting) == (["p1", "p2"], ["p3", "p4"])
    host.is_busy(3, NOON + 11 * SECOND)
    assert host.begins(2, NOON + 11 * SECOND).slot is not None
    assert host.holders == ["p1", "p2"]


def test_without_anybody_who_waits_the_slot_is_free(host: Host) -> None:
    host.ends(host.begins(0))

    assert host.client.exists(SLOTS) == 0
    assert host.due(0) == NOON + timedelta(hours=1)


def test_a_page_that_does_not_come_for_its_slot_loses_it_soon(host: Host) -> None:
    first, _ = host.begins(0), host.begins(1)
    host.is_busy(2)
    host.ends(first)

    host.is_busy(3, NOON + 4 * SECOND)
    host.begins(3, NOON + 6 * SECOND)


def test_a_page_that_was_removed_while_it_waited_is_passed_over(host: Host) -> None:
    first, _ = host.begins(0), host.begins(1)
    host.is_busy(2, NOON + SECOND)
    host.is_busy(3, NOON + 2 * SECOND)
    host.catalogue.remove(["p2"])

    host.ends(first, NOON + 3 * SECOND)

    assert (host.holders, host.waiting) == (["p1", "p3"], [])
    assert host.client.zscore(DUE, "p2") is None


@pytest.mark.parametrize("refused", ["overtaken", "removed"])
def test_a_commit_that_is_refused_gives_the_slot_back(host: Host, refused: str) -> None:
    lease, _ = host.begins(0), host.begins(1)
    host.is_busy(2)
    if refused == "removed":
        host.catalogue.remove(["p0"])
    else:
        host.client.hset(page_key("p0"), "revision", 7)

    with pytest.raises(Conflict):
        host.ends(lease)

    assert host.holders == ["p1", "p2"]


def test_a_commit_of_an_overtaken_lease_leaves_the_later_one_its_slot(host: Host) -> None:
    slow = host.begins(0)
    host.begins(0, NOON + LEASE)

    host.ends(slow, NOON + LEASE)

    assert host.holders == ["p0"]


def test_a_worker_that_died_gives_its_slot_back_when_its_lease_ends(host: Host) -> None:
    host.begins(0), host.begins(1)
    before = host.is_busy(2, NOON + LEASE - SECOND)

    assert before.waiting == 1
    assert NOON + LEASE < host.due(2) <= NOON + 3 * LEASE, "it asks again by itself"
    assert host.begins(2, NOON + LEASE).slot is not None
    assert (host.holders, host.waiting) == (["p2"], [])


def test_a_clock_that_was_put_back_does_not_keep_slots(host: Host) -> None:
    for number in (0, 1):
        host.begins(number, NOON + timedelta(days=1))

    assert host.begins(2).slot is not None


def test_what_is_kept_of_a_host_ends_by_itself(client: "redis.Redis") -> None:
    host = Host(client, interval_s=10)
    first, second = host.begins(0), host.begins(1)
    for number in (2, 3, 4):
        host.is_busy(number)
    host.is_busy(2, NOON + timedelta(seconds=20))
    for lease in (first, second):
        for key, most_s in ((SLOTS, 60), (WAITING, 3600), (CROWDED_PREFIX + HOST, 600)):
            assert 0 < client.ttl(key) <= most_s
        host.ends(lease)

    assert (host.holders, host.waiting) == (["p2", "p3"], ["p4"])


def test_a_slot_that_was_handed_on_ends_by_itself_too(client: "redis.Redis") -> None:
    host = Host(client, max_per_host=1)
    only = host.begins(0)
    host.is_busy(1)

    host.ends(only)

    assert host.holders == ["p1"]
    assert 0 < client.ttl(SLOTS) <= 60


def test_pages_that_are_asked_for_together_share_the_slots_of_their_host(
    valkey: "redis.Redis", looped: LoopedPages
) -> None:
    host = Host(valkey, store=looped)

    answers = looped.begins(NOON, *(f"p{number}" for number in range(5)))

    leases = [answer for answer in answers if isinstance(answer, PollLease)]
    assert [lease.provider.id for lease in leases] == ["p0", "p1"]
    assert [answer.waiting for answer in answers if isinstance(answer, HostBusy)] == [1, 2, 3]
    assert len({host.due(number) for number in (2, 3, 4)}) == 3, "should both holders die, they come one by one"
    looped.together(*(looped.grouped.commit(lease, Commit(checked_at=NOON)) for lease in leases))
    assert (host.holders, host.waiting) == (["p2", "p3"], ["p4"])
    assert host.due(2) == host.due(3) == NOON


# --- which host ---


def test_a_page_counts_for_the_host_where_its_source_is(host: Host) -> None:
    source = Source(format="statuspage", primary="https://api.vendor.example/summary.json")
    lease = host.begins(0)
    host.ends(lease, state=PageState(url=lease.provider.url, source=source))

    again = host.begins(0, NOON + LEASE)
    assert again.slot == Slot(host="api.vendor.example", limit=2)
    host.ends(again, NOON + LEASE)
    assert host.client.exists(SLOTS, SLOTS_PREFIX + "api.vendor.example") == 0


def test_another_number_holds_from_the_next_poll_on(host: Host) -> None:
    host.catalogue.put(several(5, max_per_host=1), NOON)
    host.begins(0)
    assert host.is_busy(1).slot.limit == 1

    host.catalogue.put(several(5, allow_private=True), NOON)
    assert host.begins(1).slot is None


def test_a_change_that_crosses_a_poll_holds_from_the_one_after(host: Host) -> None:
    lease = host.begins(0)
    host.client.hset(page_key("p0"), "slot", "9 elsewhere.example")
    host.ends(lease)
    stale = host.begins(0, NOON + LEASE)
    assert stale.slot == Slot(host="elsewhere.example", limit=9)
    host.ends(stale, NOON + LEASE)

    assert host.begins(0, NOON + 2 * LEASE).slot == Slot(host=HOST, limit=2)


def test_a_provider_that_no_longer_counts_forgets_its_host(client: "redis.Redis") -> None:
    own = Host(client, pages=1, allow_private=True)
    client.hset(page_key("p0"), "slot", f"2 {HOST}")
    own.ends(own.begins(0))

    assert own.begins(0, NOON + LEASE).slot is None


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Status.Acme.example/page", "status.acme.example"),
        ("http://status.acme.example.:80/", "status.acme.example"),
        ("https://status.acme.example:443", "status.acme.example"),
        ("https://status.acme.example:8443", "status.acme.example:8443"),
        ("http://[2001:db8::1]:8080/", "2001:db8::1:8080"),
    ],
)
def test_a_host_is_known_by_its_name_and_its_port_where_that_is_unusual(url: str, host: str) -> None:
    assert host_of(url) == host


def test_a_source_that_was_learnt_at_another_url_says_nothing() -> None:
    source = Source(format="feed", primary="https://old.example/feed")

    slot = slot_of(provider(), PageState(url="https://old.example", source=source))

    assert slot == Slot(host=HOST, limit=2)


# --- what is reported ---


def test_a_poll_without_a_slot_is_postponed_and_asks_nothing_and_a_long_wait_is_reported_once(
    valkey: "redis.Redis", caplog: pytest.LogCaptureFixture
) -> None:
    host, fetcher, clock = Host(valkey, interval_s=10), FakeFetcher(), FakeClock()
    host.begins(0), host.begins(1)
    poller = Poller(host.pages, Observer(fetcher), clock)

    polls = [poller.poll("p2"), poller.poll("p3")]
    clock.passes(seconds=8)
    assert caplog.records == []
    for _ in range(2):
        polls += [poller.poll("p2"), poller.poll("p3")]
        clock.passes(seconds=8)

    assert [poll and poll.outcome for poll in polls] == [Outcome.POSTPONED] * 6
    assert fetcher.requests == []
    (reported,) = [record.message for record in caplog.records]
    assert reported == (
        f"host {HOST} is busy: 2 pages wait for one of its 2 slots, p2 for 16 s, longer than its interval; "
        "raise interval or max_per_host of its pages"
    )


# --- whether all get their turn ---


class Fleet:
    """Beat and any number of workers, played in the order of time: looks at what is due, polls, commits."""

    def __init__(self, host: Host, *, took_s: float, beat_s: float) -> None:
        self._host = host
        self._took_s = took_s
        self._beat_s = beat_s
        self._numbers = count()
        self._events: list[tuple[float, int, str, Any]] = []
        self.polled: dict[str, list[float]] = defaultdict(list)
        self.asked_at_once = 0
        self._asked = 0

    def runs(self, seconds: float) -> None:
        """Let so much time pass."""
        self._later(0.0, "beat", None)
        while self._events[0][0] < seconds:
            now_s, _, what, subject = heapq.heappop(self._events)
            getattr(self, f"_{what}")(now_s, NOON + timedelta(seconds=now_s), subject)

    def _beat(self, now_s: float, now: datetime, _: None) -> None:
        claims, upcoming = self._host.catalogue.claim(now, 500)
        for claim in claims:
            self._later(now_s + 0.005, "poll", claim.provider_id)
        wait_s = (upcoming - now).total_seconds() if upcoming else self._beat_s
        self._later(now_s + max(0.001, min(wait_s, self._beat_s)), "beat", None)

    def _poll(self, now_s: float, now: datetime, provider_id: str) -> None:
        lease = self._host.pages.begin(provider_id, now)
        if isinstance(lease, PollLease):
            self.polled[provider_id].append(now_s)
            self._asked += 1
            self.asked_at_once = max(self.asked_at_once, self._asked)
            self._later(now_s + self._took_s, "commit", lease)

    def _commit(self, _: float, now: datetime, lease: PollLease) -> None:
        self._asked -= 1
        self._host.ends(lease, now)

    def _later(self, at_s: float, what: str, subject: Any) -> None:
        heapq.heappush(self._events, (at_s, next(self._numbers), what, subject))


def gaps(polled: Sequence[float]) -> list[float]:
    return [after - before for before, after in pairwise(polled)]


@pytest.mark.parametrize(("took_s", "beat_s"), [(0.1, 1.0), (0.5, 1.0), (0.85, 0.02)], ids=["10%", "50%", "85%"])
def test_while_a_host_has_time_for_all_its_pages_all_are_asked_every_interval(
    valkey: "redis.Redis", took_s: float, beat_s: float
) -> None:
    """60 pages at 30 s take two slots that share of the time; beat looks late where nothing else is due."""
    fleet = Fleet(Host(valkey, pages=60, interval_s=30), took_s=took_s, beat_s=beat_s)
    valkey.zadd(DUE, {f"p{number}": (NOON + timedelta(seconds=number / 100)).timestamp() for number in range(60)})

    fleet.runs(180)

    assert fleet.asked_at_once == 2
    assert sorted(fleet.polled) == sorted(f"p{number}" for number in range(60))
    for polled in fleet.polled.values():
        for began in range(30, 180, 30):
            assert any(began <= at < began + 30 for at in polled)


def test_where_a_host_has_too_little_time_all_its_pages_are_late_alike(valkey: "redis.Redis") -> None:
    fleet = Fleet(Host(valkey, pages=30, interval_s=10), took_s=2.0, beat_s=0.1)
    valkey.zadd(DUE, {f"p{number}": NOON.timestamp() for number in range(30)})

    fleet.runs(240)

    assert fleet.asked_at_once == 2
    longest = [max(gaps(polled)) for polled in fleet.polled.values()]
    assert len(longest) == 30
    assert max(longest) < 1.05 * 30 * 2.0 / 2 + 10, "the whole row, and until it is due"
    assert max(map(len, fleet.polled.values())) - min(map(len, fleet.polled.values())) <= 1


# --- what a dead host costs ---


class DeadEnd:
    """Sockets that connect, but to one address only when the test gives them up."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock = Lock()
        #: Counts those that begin to wait.
        self.arrived = Semaphore(0)
        self.given_up = Event()
        self.held = 0
        self.most_held = 0
        self.attempts = 0

    def socket(self, *arguments: int) -> socket.socket:
        dead = self

        class Held(socket.socket):
            def connect(self, address: Any) -> None:
                if address[0] != dead._address:
                    super().connect(address)
                    return
                dead._hold()
                raise TimeoutError

        return Held(*arguments)

    def _hold(self) -> None:
        with self._lock:
            self.held += 1
            self.attempts += 1
            self.most_held = max(self.most_held, self.held)
        self.arrived.release()
        self.given_up.wait(timeout=30)
        with self._lock:
            self.held -= 1


def test_a_dead_host_keeps_no_more_threads_than_it_has_slots_and_the_others_are_polled_meanwhile(
    valkey_url: str, valkey: "redis.Redis"
) -> None:
    dead_end = DeadEnd("192.0.2.1")
    dead = [
        provider(id=f"dead{n}", name="D", url=f"http://192.0.2.1/{n}", allow_private=True, max_per_host=2)
        for n in range(8)
    ]
    pages = [Page(f"P{number}", id=f"p{number}") for number in range(8)]
    with SimulatedVendor(pages) as vendor:
        alive = [provider(id=known.id, name=known.id, url=vendor.url(known.id), allow_private=True) for known in pages]
        RedisCatalogue(valkey).put([*dead, *alive], utc_now())
        fetcher = RequestsFetcher(ClientOptions(user_agent="test", new_socket=dead_end.socket))
        client = connect(valkey_url)
        poller = Poller(RedisPages(client), Observer(Breaker(fetcher)), utc_now)
        with ThreadPoolExecutor(4) as threads:
            first = [threads.submit(poller.poll, known.id) for known in dead[:2]]
            for _ in first:
                assert dead_end.arrived.acquire(timeout=30)
            others = [threads.submit(poller.poll, known.id) for known in alive]
            meanwhile = [polled.result() for polled in others]
            waiting = [poller.poll(known.id) for known in dead[2:]]
            assert dead_end.held == 2
            dead_end.given_up.set()
            failed = [polled.result() for polled in first]
        rest = [poller.poll(known.id) for known in dead[2:]]
        fetcher.close()
        client.close()

    assert [polled and polled.outcome for polled in meanwhile] == [Outcome.QUIET] * 8
    assert [polled and polled.outcome for polled in waiting] == [Outcome.POSTPONED] * 6
    assert [polled and polled.outcome for polled in failed + rest] == [Outcome.FAILED] * 8
    assert dead_end.most_held == 2
    assert dead_end.attempts == FAILURES, "the rest fail at once"


def test_a_limited_poll_takes_six_commands_more_and_no_call(valkey: "redis.Redis") -> None:
    costs = []
    for fields in ({"allow_private": True}, {}):
        valkey.flushall()
        host = Host(valkey, pages=1, **fields)
        host.ends(host.begins(0))
        valkey.config_resetstat()
        host.ends(host.begins(0, NOON + LEASE), NOON + LEASE)
        reported = valkey.info("commandstats")
        costs.append({name.removeprefix("cmdstat_"): one["calls"] for name, one in reported.items()})

    unlimited, limited = costs
    assert unlimited.pop("evalsha") == limited.pop("evalsha") == 2
    assert {name: calls for name, calls in limited.items() if calls != unlimited.get(name)} == {
        "zcard": 1,
        "zadd": 1,
        "pexpire": 1,
        "zrem": 2,
        "exists": 1,
    }
