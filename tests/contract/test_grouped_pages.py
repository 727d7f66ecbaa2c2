"""Turns and quiet commits of many pages with one call: each is judged by itself, and nothing that is kept is stale."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis

from tests.data_server import DataServer
from tests.fakes import NOON, event, failing, provider
from tests.pages_on_a_loop import LoopedPages
from tracker.errors import Conflict, StoreError
from tracker.model.event import PendingEvent
from tracker.model.page_state import PageState
from tracker.polling.page_store import Commit, PollLease
from tracker.polling.poll_cost import PollCost, ResponseClass
from tracker.store.catalogue import RedisCatalogue
from tracker.store.codec import encode_state
from tracker.store.connection import DUE, page_key
from tracker.store.grouped import MOST_TOGETHER
from tracker.store.leases import LEASE_S
from tracker.store.pages import RedisPages

LEASE = timedelta(seconds=LEASE_S)
MINUTE = timedelta(minutes=1)
QUIET = PollCost(ending=ResponseClass.NOT_MODIFIED)
IDS = tuple(f"p{number}" for number in range(5))


class Group:
    """Some pages, each with a host of its own, and a store that is asked for them in groups."""

    def __init__(self, client: "redis.Redis", looped: LoopedPages, count: int = len(IDS)) -> None:
        self.client = client
        self.looped = looped
        self.catalogue = RedisCatalogue(client)
        self.other = RedisPages(client)
        self.now = NOON
        self.ids = [f"p{number}" for number in range(count)]
        self.catalogue.put([provider(id=known, name=known, url=f"https://{known}.example") for known in self.ids], NOON)

    def begins(self, *provider_ids: str) -> list[PollLease]:
        """Take turns in one tick, all of which have to be there."""
        self.now += MINUTE
        leases = self.looped.begins(self.now, *(provider_ids or self.ids))
        assert all(isinstance(lease, PollLease) for lease in leases), leases
        return [lease for lease in leases if isinstance(lease, PollLease)]

    def commits(self, *leases: PollLease, **fields: object) -> list[int | Exception]:
        """Commit turns in one tick; return what that ends with."""
        commit = Commit(**{"checked_at": self.now, "cost": QUIET} | fields)
        return self.looped.together(*(self.looped.grouped.commit(lease, commit) for lease in leases))

    def calls(self) -> int:
        """Return how many scripts were called since this was last asked."""
        calls = self.client.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"]
        self.client.config_resetstat()
        return int(calls)


@pytest.fixture
def group(valkey: "redis.Redis", looped: LoopedPages) -> Group:
    """A group of five pages."""
    return Group(valkey, looped)


# --- one call ---


def test_what_is_asked_for_in_one_tick_goes_with_one_call(group: Group) -> None:
    group.commits(*group.begins())
    group.calls()

    leases = group.begins()
    assert group.calls() == 1
    assert group.commits(*leases) == [0] * 5
    assert group.calls() == 1
    assert group.catalogue.savings(group.ids)[3].polls == 2


def test_no_more_pages_than_the_server_takes_at_a_time_go_with_one_call(
    valkey: "redis.Redis", looped: LoopedPages
) -> None:
    group = Group(valkey, looped, count=2 * MOST_TOGETHER + 1)
    group.begins(group.ids[0])
    group.calls()
    group.now += LEASE

    leases = group.begins()

    assert [lease.provider.id for lease in leases] == group.ids
    assert group.calls() == 3


def test_a_page_that_is_asked_for_twice_in_one_tick_has_one_lease(group: Group) -> None:
    first, again, other = group.looped.begins(NOON, "p0", "p0", "p1")

    assert isinstance(first, PollLease)
    assert again is None
    assert isinstance(other, PollLease)


def test_each_page_is_judged_by_itself(group: Group) -> None:
    group.looped.begins(NOON, "p1")

    leases = group.looped.begins(NOON, "p0", "p1", "nobody", "p2")

    assert [lease.provider.id if isinstance(lease, PollLease) else lease for lease in leases] == [
        "p0",
        None,
        None,
        "p2",
    ]


def test_a_commit_that_is_refused_refuses_no_other(group: Group) -> None:
    leases = group.begins()
    group.catalogue.remove(["p1"])
    group.client.hset(page_key("p2"), "revision", 7)
    (later,) = group.begins("p3")
    group.commits(later)

    answers = group.commits(*leases, due_at=group.now + MINUTE)

    assert [answers[0], answers[4]] == [0, 0]
    assert [(type(answer), str(answer)) for answer in answers[1:4]] == [
        (Conflict, "p1: the provider was removed"),
        (Conflict, "p2: another worker committed first"),
        (Conflict, "p3: another worker committed first"),
    ]
    assert not group.client.exists(page_key("p1"))
    assert [group.client.zscore(DUE, known) == (group.now + MINUTE).timestamp() for known in IDS] == [
        *(True, False, False, False),
        True,
    ]


def test_what_the_server_cannot_read_of_one_page_concerns_no_other(group: Group) -> None:
    group.commits(*group.begins())
    leases = group.begins()
    group.client.set(page_key("p1"), "of another type")

    group.client.hset(page_key("p2"), "turn", "no number")

    assert [type(answer) for answer in group.commits(*leases)] == [int, StoreError, StoreError, int, int]
    group.client.hset(page_key("p3"), mapping={"state": b"9{}", "state_at": "now"})
    begun = group.looped.begins(group.now + MINUTE, *IDS)
    assert [type(answer) for answer in begun] == [PollLease, StoreError, StoreError, StoreError, PollLease]


def test_a_commit_with_events_takes_along_the_quiet_ones_of_its_tick(group: Group) -> None:
    leases = group.begins()
    state = PageState(url="https://p1.example", seeded=True)
    written = ({"pending": (PendingEvent(event=event("e"), key="e"),)}, {"state": state}, {}, {}, {})

    answers = group.looped.together(
        *(
            group.looped.grouped.commit(lease, Commit(**{"checked_at": group.now} | fields))
            for lease, fields in zip(leases, written, strict=True)
        )
    )

    assert answers == [1, 0, 0, 0, 0]
    after = group.begins()
    assert [lease.revision for lease in after] == [1, 1, 0, 0, 0]
    assert after[1].state == state


def test_leases_pass_between_both_kinds_of_store(group: Group) -> None:
    (lease,) = group.begins("p0")
    assert group.other.commit(lease, Commit(checked_at=group.now, state=failing(1))) == 0
    begun = group.other.begin("p0", group.now + MINUTE)
    assert isinstance(begun, PollLease)
    assert begun.state == failing(1)
    assert group.commits(begun) == [0]
    with pytest.raises(Conflict):
        group.other.commit(lease, Commit(checked_at=group.now))
    (after,) = group.begins("p0")
    assert (after.state, after.revision) == (failing(1), 1)


def test_what_is_kept_of_a_page_is_not_taken_for_what_another_store_has_begun_with(group: Group) -> None:
    group.commits(*group.begins("p0"))
    group.catalogue.put([provider(id="p0", name="p0", url="https://p0.example", max_per_host=1)], NOON)
    group.now += MINUTE
    lease = group.other.begin("p0", group.now)
    assert isinstance(lease, PollLease)

    assert group.commits(lease) == [0]

    assert group.client.hget(page_key("p0"), "slot") == b"1 p0.example"


# --- what is kept ---


def test_a_page_that_is_as_it_was_comes_as_the_very_same_copy(group: Group) -> None:
    group.commits(*group.begins(), state=PageState(seeded=True))
    before = group.begins()
    group.commits(*before)
    group.client.config_resetstat()

    after = group.begins()

    assert all(a.page is b.page for a, b in zip(after, before, strict=True))
    assert all((a.provider, a.state) == (b.provider, b.state) for a, b in zip(after, before, strict=True))
    assert "cmdstat_hget" not in group.client.info("commandstats")
    assert all(lease.fencing_token == earlier.fencing_token + 1 for lease, earlier in zip(after, before, strict=True))


def test_a_state_that_another_worker_wrote_is_read_anew(group: Group) -> None:
    group.commits(*group.begins())
    lease = group.other.begin("p1", group.now + MINUTE)
    assert isinstance(lease, PollLease)
    group.other.commit(lease, Commit(checked_at=group.now + MINUTE, state=failing(3)))
    group.now += MINUTE

    leases = group.begins()

    assert [lease.state.readability.failures for lease in leases] == [0, 3, 0, 0, 0]


def test_a_state_is_known_by_more_than_its_revision(group: Group) -> None:
    """A server that was rolled back counts the same revision again, with another state."""
    group.commits(*group.begins("p0"), state=failing(1))
    group.begins("p0")
    backup = group.client.dump(page_key("p0"))
    group.commits(*group.begins("p0"), state=failing(2))
    (lost,) = group.begins("p0")
    group.client.restore(page_key("p0"), 0, backup, replace=True)
    group.now += MINUTE
    lease = group.other.begin("p0", group.now)
    assert isinstance(lease, PollLease)
    group.other.commit(lease, Commit(checked_at=group.now, state=failing(3)))

    (after,) = group.begins("p0")

    assert (lost.revision, lost.state.readability.failures) == (2, 2)
    assert (after.revision, after.state.readability.failures) == (2, 3)


def test_a_state_of_an_earlier_version_is_marked_by_the_lease_that_finds_it(group: Group) -> None:
    written = {"state": encode_state(failing(1)), "revision": 4}
    group.client.hset(page_key("p0"), mapping=written)

    (first,) = group.begins("p0")
    group.client.config_resetstat()
    (second,) = group.begins("p0")
    assert first.page is second.page
    assert "cmdstat_hget" not in group.client.info("commandstats")
    group.client.hset(page_key("p0"), mapping=written | {"state": encode_state(failing(2)), "revision": 5})
    (third,) = group.begins("p0")

    assert (first.state.readability.failures, third.state.readability.failures) == (1, 2), (
        "a worker of that version leaves the mark alone"
    )


def test_a_catalogue_that_changed_is_read_anew(group: Group) -> None:
    before = group.begins()
    before[0].page.derived = "kept"
    group.commits(*before)
    changed = provider(id="p1", name="Other", url="https://p1.example")
    group.catalogue.put([changed], NOON)
    group.catalogue.remove(["p2"])

    leases = group.looped.begins(group.now + MINUTE, *IDS)

    assert leases[2] is None
    assert isinstance(leases[1], PollLease)
    assert leases[1].provider == changed
    assert isinstance(leases[0], PollLease)
    assert leases[0].provider == before[0].provider
    assert leases[0].page.derived == "kept"


def test_a_server_that_lost_everything_knows_no_page(group: Group) -> None:
    group.commits(*group.begins())
    group.client.flushall()

    assert group.looped.begins(group.now + MINUTE, *IDS) == [None] * 5


def test_of_more_pages_than_are_kept_most_stay_that_were_kept_first(valkey: "redis.Redis", valkey_url: str) -> None:
    looped = LoopedPages(valkey_url, most_remembered=2)
    group = Group(valkey, looped)
    rounds = []
    for _ in range(2):
        leases = group.begins()
        group.commits(*leases)
        rounds.append([lease.page for lease in leases])
    looped.close()

    first, second = rounds
    assert [page.read() for page in first] == [page.read() for page in second]
    assert sum(before is after for before, after in zip(first, second, strict=True)) == 2


# --- what may go wrong ---


def test_scripts_come_back_after_the_server_forgot_them(group: Group) -> None:
    leases = group.begins()
    group.client.script_flush()
    assert group.commits(*leases) == [0] * 5
    group.client.script_flush()
    assert group.commits(*group.begins(), state=failing(1)) == [0] * 5


def test_connections_that_break_are_made_again(group: Group) -> None:
    leases = group.begins()
    group.client.client_kill_filter(_type="normal", skipme=True)

    assert group.commits(*leases) == [0] * 5
    group.client.client_kill_filter(_type="normal", skipme=True)
    assert len(group.begins()) == 5


def test_a_caller_who_goes_away_leaves_the_others_their_leases(group: Group) -> None:
    async def begin() -> list[object]:
        calls = [asyncio.ensure_future(group.looped.grouped.begin(known, NOON)) for known in group.ids]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        calls[1].cancel()
        return await asyncio.gather(*calls, return_exceptions=True)

    answers = group.looped.runs(begin())

    assert [type(answer) for answer in answers] == [PollLease, asyncio.CancelledError, PollLease, PollLease, PollLease]
    (late,) = group.looped.begins(NOON + LEASE, "p1")
    assert isinstance(late, PollLease)


@pytest.fixture
def mortal(tmp_path: Path, free_port: int) -> Iterator[DataServer]:
    """A data server that may be killed."""
    with DataServer(tmp_path, free_port) as running:
        yield running


def test_a_server_that_is_gone_is_a_store_error_of_all_and_comes_back(mortal: DataServer) -> None:
    client = redis.Redis.from_url(mortal.url)
    looped = LoopedPages(mortal.url)
    group = Group(client, looped)
    leases = group.begins()
    mortal.kill()

    answers = group.commits(*leases)
    assert [type(answer) for answer in answers] == [StoreError] * 5
    assert len({id(answer) for answer in answers}) == 5
    mortal.start()
    assert group.commits(*leases) == [0] * 5
    assert len(group.begins()) == 5
    looped.close()
    client.close()
