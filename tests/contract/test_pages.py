"""What every store of pages does: in memory, in a pretended data server and in a real one."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import NOON, component, event, failing, provider
from tests.strategies import states, views
from tracker.errors import Conflict, StoreError
from tracker.model.event import Event, PendingEvent
from tracker.model.page_state import PageState, PageView
from tracker.model.provider import Provider
from tracker.polling.page_store import Commit, Known, PageStore, PollLease
from tracker.polling.poll_cost import ENDINGS, FAILED, PollCost, ResponseClass, Savings
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import DUE, PREFIX, SLOTS_PREFIX, UPDATES, load_script, page_key, seen_key
from tracker.store.leases import LEASE_S, LEAST_GAP_S, begin_arguments, first_request
from tracker.store.memory import MemoryPages
from tracker.store.pages import RedisPages
from tracker.store.scripts.polling import BEGIN
from tracker.store.stream import RedisStream

ACME = provider()
STATE = PageState(url=ACME.url, seeded=True)
VIEW = PageView(name="Acme", components={"api": component("api")})
LEASE = timedelta(seconds=LEASE_S)
NOT_MODIFIED = PollCost(ending=ResponseClass.NOT_MODIFIED)


class Store:
    """A store of pages with some providers, and what it reported."""

    def __init__(
        self, pages: PageStore, reported: Callable[[], Sequence[Event]], client: "redis.Redis | None" = None
    ) -> None:
        self.pages = pages
        self.reported = reported
        self.now = NOON
        if client is not None:
            #: Of the data server, and what lists its pages.
            self.client = client
            self.catalogue = RedisCatalogue(client)

    def begins(self, provider_id: str = "acme") -> PollLease:
        """Begin a poll a while after the one before, whose lease has ended."""
        self.now += 2 * LEASE
        lease = self.pages.begin(provider_id, self.now)
        assert lease is not None
        return lease

    def commits(self, lease: PollLease, *reported: str, **fields: object) -> int:
        """Commit events whose ids are their keys."""
        pending = tuple(PendingEvent(event=event(key), key=key) for key in reported)
        return self.pages.commit(lease, Commit(**{"pending": pending, "checked_at": self.now} | fields))

    @property
    def ids(self) -> list[str]:
        """Return the ids of all events that were reported, oldest first."""
        return [reported.id for reported in self.reported()]

    @property
    def counters(self) -> Savings:
        return self.catalogue.savings(["acme"])[0]

    @property
    def due_at(self) -> float | None:
        return self.client.zscore(DUE, "acme")


def memory_store(*providers: Provider) -> Store:
    pages = MemoryPages(providers)
    return Store(pages, lambda: pages.events)


def redis_store(client: "redis.Redis", *providers: Provider, pages: PageStore | None = None) -> Store:
    RedisCatalogue(client).put(providers, NOON)
    stream = RedisStream(client)

    def reported() -> list[Event]:
        return [entry.event for entry in stream.read("0-0", 1000)]

    return Store(pages or RedisPages(client), reported, client)


def stored(kind: str, request: pytest.FixtureRequest) -> Store:
    """Return a store of pages in a data server, asked as it is or in groups."""
    client = request.getfixturevalue("fake_redis" if kind == "fakeredis" else "valkey")
    return redis_store(client, ACME, pages=request.getfixturevalue("looped") if "groups" in kind else None)


@pytest.fixture(params=["fakeredis", "valkey", "valkey in groups"])
def shared(request: pytest.FixtureRequest) -> Store:
    """A store of pages in a data server; it knows one provider."""
    return stored(request.param, request)


@pytest.fixture(params=["memory", "fakeredis", "valkey", "valkey in groups"])
def store(request: pytest.FixtureRequest) -> Store:
    """Any store of pages; it knows one provider."""
    return memory_store(ACME) if request.param == "memory" else stored(request.param, request)


# --- turns ---


def test_a_page_never_seen_has_an_empty_state_and_an_unknown_provider_no_lease(store: Store) -> None:
    lease = store.begins()

    assert (lease.provider, lease.state, lease.revision) == (ACME, PageState(), 0)
    assert store.pages.begin("nobody", NOON) is None


@settings(max_examples=25)
@given(states, views)
def test_what_is_committed_is_what_is_remembered(fake_redis: "redis.Redis", state: PageState, view: PageView) -> None:
    fake_redis.flushall()
    for store in (memory_store(ACME), redis_store(fake_redis, ACME)):
        store.commits(store.begins(), state=state, view=view)

        assert store.begins().state == state
        assert store.pages.recall("acme", ()).view == view


# --- commits ---


def test_a_commit_remembers_and_reports_in_order(store: Store) -> None:
    new = store.commits(store.begins(), "b", "a", "c")

    assert new == 3
    assert store.ids == ["b", "a", "c"]
    assert store.pages.recall("acme", ["a", "b", "c", "d"]).seen == {"a", "b", "c"}


def test_a_commit_that_runs_twice_is_refused_the_second_time(store: Store) -> None:
    lease = store.begins()
    store.commits(lease, "a", state=STATE)

    with pytest.raises(Conflict, match="acme: another worker committed first"):
        store.commits(lease, "a", state=STATE)

    assert store.ids == ["a"]


def test_a_quiet_commit_that_runs_twice_is_harmless(store: Store) -> None:
    lease = store.begins()

    assert [store.commits(lease), store.commits(lease)] == [0, 0]
    assert store.begins().revision == 0


@pytest.mark.parametrize("brought", [("a",), ()], ids=["something", "nothing"])
def test_a_commit_is_refused_when_a_later_lease_was_committed(store: Store, brought: tuple[str, ...]) -> None:
    slow, fast = store.begins(), store.begins()
    store.commits(fast, *brought, state=STATE if brought else None)

    with pytest.raises(Conflict):
        store.commits(slow, "b", state=failing(9))

    assert store.ids == [*brought]
    assert store.begins().state == (STATE if brought else PageState())
    assert store.pages.recall("acme", ["b"]).seen == frozenset()


@pytest.mark.parametrize("commits", [True, False], ids=["a new one committed", "a new one began"])
def test_a_commit_is_refused_whose_page_was_lost_meanwhile(shared: Store, *, commits: bool) -> None:
    """Revisions of a page count from nothing again, and any may come again."""
    shared.commits(shared.begins(), "a")
    shared.begins()
    old = shared.begins()
    shared.client.delete(page_key("acme"), seen_key("acme"))
    if commits:
        shared.commits(shared.begins(), "b")
        shared.begins()
    else:
        shared.client.hset(page_key("acme"), "revision", old.revision)

    with pytest.raises(Conflict):
        shared.commits(old, "c")

    assert "c" not in shared.ids


def test_a_commit_is_accepted_when_only_an_earlier_lease_was_committed_quietly(store: Store) -> None:
    slow, fast = store.begins(), store.begins()
    store.commits(slow)

    assert store.commits(fast, "a") == 1


def test_a_quiet_commit_keeps_the_revision_and_all_that_is_known(store: Store) -> None:
    store.commits(store.begins(), "a", state=STATE, view=VIEW)

    assert store.commits(store.begins()) == 0
    lease = store.begins()
    assert (lease.revision, lease.state) == (1, STATE)
    assert store.pages.recall("acme", ["a"]) == Known(view=VIEW, seen=frozenset({"a"}))


@pytest.mark.parametrize(
    "fields",
    [{"state": STATE}, {"view": VIEW}, {"seen": ("s",)}, {"pending": (PendingEvent(event=event("n")),)}],
    ids=lambda fields: next(iter(fields)),
)
def test_a_commit_of_anything_moves_the_revision(store: Store, fields: dict[str, object]) -> None:
    store.commits(store.begins(), **fields)

    assert store.begins().revision == 1


A, B = (PendingEvent(event=event(key), key=key) for key in "ab")
FLAP = PendingEvent(event=event("flap"))


@pytest.mark.parametrize(
    ("commits", "ids"),
    [
        ([{"pending": (A,)}, {"pending": (A, B)}], ["a", "b"]),
        ([{"pending": (A, A)}], ["a"]),
        ([{"seen": ("a", "b")}, {"pending": (A,)}], []),
        ([{"pending": (FLAP,)}, {"pending": (FLAP,)}], ["flap", "flap"]),
    ],
    ids=["seen already", "twice in one commit", "seen silently", "without a key"],
)
def test_an_event_with_a_key_is_reported_once(store: Store, commits: list[dict[str, Any]], ids: list[str]) -> None:
    assert sum(store.commits(store.begins(), **fields) for fields in commits) == len(ids)
    assert store.ids == ids


def test_a_lease_knows_when_it_began_and_when_the_page_was_last_read(store: Store) -> None:
    first = store.begins()
    assert (first.begun_at, first.read_at) == (store.now, None)
    store.commits(first, read_at=first.begun_at)
    store.commits(store.begins(), "a", state=STATE)

    assert store.begins().read_at == first.begun_at


# --- what a commit does beside, in a data server ---


def test_a_commit_moves_the_due_time_only_while_the_provider_is_scheduled(shared: Store) -> None:
    later = NOON + timedelta(hours=1, microseconds=250_000)
    shared.commits(shared.begins(), due_at=later)
    assert shared.due_at == later.timestamp()

    shared.client.zrem(DUE, "acme")
    shared.commits(shared.begins(), due_at=later)
    assert shared.due_at is None


def test_a_commit_that_has_no_due_time_or_is_refused_leaves_it_alone(shared: Store) -> None:
    before = shared.due_at
    slow = shared.begins()
    shared.commits(shared.begins(), "a")

    with pytest.raises(Conflict):
        shared.commits(slow, due_at=NOON + timedelta(hours=1))

    assert shared.due_at == before


def test_a_commit_for_a_provider_that_was_removed_leaves_nothing_behind(shared: Store) -> None:
    lease = shared.begins()
    shared.catalogue.remove(["acme"])

    with pytest.raises(Conflict, match="acme: the provider was removed"):
        shared.commits(lease, "a", state=STATE, view=VIEW, seen=("s",), due_at=NOON)

    assert {*shared.client.scan_iter(f"{PREFIX}*")} == {b"tracker:generation", b"tracker:providers:version"}


def test_every_poll_leaves_when_it_took_place(shared: Store) -> None:
    (unseen,) = shared.catalogue.statuses()
    shared.commits(shared.begins())
    (seen,) = shared.catalogue.statuses()

    assert unseen.checked_at is None
    assert seen.checked_at == shared.now


def test_updates_are_deduplicated_by_the_set_even_if_the_revision_would_allow_them(shared: Store) -> None:
    lease = shared.begins()
    shared.commits(lease, "a")
    shared.client.hset(page_key("acme"), mapping={"revision": 0, "committed": 0})

    assert shared.commits(lease, "a", "b") == 1
    assert shared.ids == ["a", "b"]


# --- leases ---


def test_one_worker_has_the_lease_until_it_ends_by_itself(shared: Store) -> None:
    first = shared.pages.begin("acme", NOON)
    assert shared.pages.begin("acme", NOON) is None
    assert shared.pages.begin("acme", NOON + LEASE - timedelta(seconds=1)) is None
    second = shared.pages.begin("acme", NOON + LEASE)

    assert first is not None
    assert second is not None
    assert second.fencing_token > first.fencing_token


def test_a_commit_ends_the_lease_and_the_next_begins_after_a_gap_to_the_microsecond(shared: Store) -> None:
    exact = NOON + timedelta(microseconds=123_456)
    lease = shared.pages.begin("acme", exact)
    shared.pages.commit(lease, Commit(checked_at=exact))

    assert shared.pages.begin("acme", exact + timedelta(seconds=LEAST_GAP_S / 2)) is None
    assert shared.pages.begin("acme", exact + timedelta(seconds=LEAST_GAP_S)) is not None


def test_a_worker_whose_lease_ended_may_still_commit_if_nobody_else_did(shared: Store) -> None:
    slow = shared.begins()
    shared.begins()

    assert shared.commits(slow, "a") == 1


def test_asking_again_as_the_same_owner_gives_the_lease_again(shared: Store) -> None:
    begin = load_script(shared.client, *BEGIN)
    mine, yours = (begin_arguments([first_request("acme")], NOON) for _ in range(2))

    (_, first), (_, again), (_, other) = begin(**mine), begin(**mine), begin(**yours)

    assert again[0].split()[0] > first[0].split()[0]
    assert again[1:] == first[1:]
    assert other == b"busy"
    assert shared.client.zrange(SLOTS_PREFIX + "status.acme.example", 0, -1) == [b"acme"]
    assert shared.pages.begin("acme", NOON) is None


# --- the data server itself ---


def test_scripts_come_back_after_the_server_forgot_them(valkey: "redis.Redis") -> None:
    store = redis_store(valkey, ACME)
    lease = store.begins()
    valkey.script_flush()

    assert store.commits(lease, "a") == 1
    valkey.script_flush()
    assert store.begins().revision == 1


def test_of_many_workers_at_once_one_gets_the_lease(valkey: "redis.Redis") -> None:
    pages = redis_store(valkey, ACME).pages
    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda _: pages.begin("acme", NOON), range(8)))

    assert len([lease for lease in leases if lease is not None]) == 1


def test_of_many_commits_at_once_one_is_accepted(valkey: "redis.Redis") -> None:
    store = redis_store(valkey, ACME)
    leases = [store.begins() for _ in range(8)]

    def commits(lease: PollLease) -> int:
        try:
            return store.commits(lease, "a", "b", state=STATE)
        except Conflict:
            return 0

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(commits, leases)) == [0] * 7 + [2]
    assert store.ids == ["a", "b"]


def test_what_cannot_be_read_in_the_server_is_a_store_error(shared: Store) -> None:
    shared.client.hset(page_key("acme"), mapping={"state": b"9{}", "view": b"9{}"})

    with pytest.raises(StoreError, match="version b'9'"):
        shared.pages.begin("acme", NOON)
    with pytest.raises(StoreError, match="version b'9'"):
        shared.pages.recall("acme", ())


def test_another_type_under_our_key_is_a_store_error(shared: Store) -> None:
    lease = shared.begins()
    shared.client.set(seen_key("acme"), "not a set")

    with pytest.raises(StoreError):
        shared.commits(lease, "a")
    assert shared.client.exists(UPDATES) == 0


# --- whatever workers do ---

#: (who, what they tell): a worker takes a turn if it has none, and commits the one that it has otherwise.
deeds = st.lists(
    st.tuples(st.integers(0, 2), st.lists(st.sampled_from("abcde"), max_size=3), st.booleans()), max_size=14
)


@given(deeds)
def test_whatever_order_workers_commit_in_nothing_is_reported_twice_or_lost(
    fake_redis: "redis.Redis", deeds: list[tuple[int, list[str], bool]]
) -> None:
    fake_redis.flushall()
    outcomes = [run(store, deeds) for store in (memory_store(ACME), redis_store(fake_redis, ACME))]

    assert outcomes[0] == outcomes[1]
    accepted, ids = outcomes[0]
    assert len(ids) == len(set(ids))
    assert set(ids) == accepted


def run(store: Store, deeds: list[tuple[int, list[str], bool]]) -> tuple[set[str], list[str]]:
    """Let workers take leases and commit, some of them twice; return the accepted keys and the reported ids."""
    leases: dict[int, PollLease] = {}
    accepted: set[str] = set()
    for worker, reported, twice in deeds:
        if worker not in leases:
            leases[worker] = store.begins()
            continue
        lease = leases.pop(worker)
        for _ in range(1 + twice):
            with suppress(Conflict):
                store.commits(lease, *reported, state=failing(len(reported)) if reported else None)
                accepted.update(reported)
    return accepted, store.ids


# --- the counters of a page ---


def test_a_page_that_was_never_polled_has_counted_nothing(shared: Store) -> None:
    shared.begins()

    assert shared.counters == Savings(endings=dict.fromkeys(ENDINGS, 0))


def test_commits_count_how_polls_ended_and_what_came_and_change_no_page(shared: Store) -> None:
    for cost in (
        PollCost(ending=ResponseClass.CHANGED, received_bytes=9000, answer_bytes=5000),
        NOT_MODIFIED,
        NOT_MODIFIED,
        PollCost(ending=FAILED, received_bytes=7),
        PollCost(ending=ResponseClass.SAME_BODY, received_bytes=4000, answer_bytes=4000),
        NOT_MODIFIED,
    ):
        shared.commits(shared.begins(), cost=cost)

    known, since = shared.counters, NOON + 2 * LEASE
    assert {ending: count for ending, count in known.endings.items() if count} == {
        ResponseClass.CHANGED: 1,
        ResponseClass.NOT_MODIFIED: 3,
        FAILED: 1,
        ResponseClass.SAME_BODY: 1,
    }
    assert (known.received_bytes, known.spared_bytes, known.since) == (13_007, 5000 + 5000 + 4000, since)
    assert shared.begins().revision == 0


def test_a_304_of_a_page_whose_size_is_not_known_spares_nothing_that_is_known(shared: Store) -> None:
    shared.commits(shared.begins(), cost=NOT_MODIFIED)

    assert (shared.counters.polls, shared.counters.spared_bytes) == (1, 0)


def test_a_quiet_commit_that_runs_twice_is_counted_once(shared: Store) -> None:
    shared.commits(shared.begins(), cost=PollCost(ending=ResponseClass.CHANGED, received_bytes=10, answer_bytes=10))
    lease = shared.begins()
    for _ in range(2):
        shared.commits(lease, cost=NOT_MODIFIED)

    assert (shared.counters.polls, shared.counters.spared_bytes) == (2, 10)


def test_a_commit_that_is_refused_is_not_counted(shared: Store) -> None:
    slow, fast = shared.begins(), shared.begins()
    shared.commits(fast, "a")

    with pytest.raises(Conflict):
        shared.commits(slow, cost=PollCost(ending=ResponseClass.CHANGED, received_bytes=10))

    assert shared.counters.polls == 0


def test_counters_go_on_where_doubles_still_count_exactly(shared: Store) -> None:
    shared.client.hset(page_key("acme"), mapping={"received_bytes": 2**53 - 8, "polls_changed": 2**40})

    shared.commits(shared.begins(), cost=PollCost(ending=ResponseClass.CHANGED, received_bytes=7))

    known = shared.counters
    assert (known.received_bytes, known.endings[ResponseClass.CHANGED]) == (2**53 - 1, 2**40 + 1)
