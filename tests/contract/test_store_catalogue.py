"""Providers that come and go, and who polls which of them when: in a pretended data server and in a real one."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import NOON, event, provider
from tracker.delivery.latency import Timing
from tracker.errors import StoreError
from tracker.model.event import PendingEvent
from tracker.model.page_state import PageState, PageView, Readability
from tracker.model.provider import Provider
from tracker.polling.page_store import Commit, Known
from tracker.scheduling.dispatch_lag import WINDOW_S, SchedulerReport, Scheduling
from tracker.scheduling.schedule import first_due, next_due
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import DUE, PREFIX, PROVIDERS, SCHEDULE, SCHEDULER_PREFIX, SCHEDULERS, VERSION
from tracker.store.due_queue import Claim
from tracker.store.pages import RedisPages
from tracker.store.stream import RedisStream
from tracker.store.sync import SYNC_STEP, Synced

MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def catalogue(client: "redis.Redis") -> RedisCatalogue:
    """An empty catalogue."""
    return RedisCatalogue(client)


def several(count: int, interval_s: int = 60) -> list[Provider]:
    return [provider(id=f"p{number}", name=f"P{number}", interval_s=interval_s) for number in range(count)]


def due_times(client: "redis.Redis") -> dict[str, float]:
    return {member.decode(): score for member, score in client.zrange(DUE, 0, -1, withscores=True)}


def ids_of(claims: Iterable[Claim]) -> list[str]:
    return [claim.provider_id for claim in claims]


# --- providers come and go ---


def test_providers_are_listed_by_name(catalogue: RedisCatalogue) -> None:
    b, a = provider(id="1", name="beta"), provider(id="2", name="Alpha", components=("API*",))

    assert catalogue.put([b, a], NOON) == Synced(added=2, changed=0, removed=0)
    assert catalogue.providers() == (a, b)


def test_putting_the_same_again_changes_nothing(client: "redis.Redis", catalogue: RedisCatalogue) -> None:
    catalogue.put(several(3), NOON)
    before = (due_times(client), client.get(VERSION))

    assert catalogue.put(several(3), NOON + timedelta(hours=1)) == Synced(added=0, changed=0, removed=0)
    assert (due_times(client), client.get(VERSION)) == before


def test_a_new_provider_is_due_soon_and_moves_the_due_times_of_no_others(
    client: "redis.Redis", catalogue: RedisCatalogue
) -> None:
    assert catalogue.statuses() == ()
    catalogue.put([provider()], NOON)
    before = due_times(client)

    assert before == {"acme": first_due(NOON, "acme", 60, joining=1).timestamp()}
    assert catalogue.put([provider(), *several(2)], NOON + timedelta(hours=1)).added == 2
    assert before.items() <= due_times(client).items()


def test_a_changed_provider_is_polled_soon_on_its_new_grid(catalogue: RedisCatalogue) -> None:
    catalogue.put([provider(interval_s=3600)], NOON)
    catalogue.claim(NOON + timedelta(minutes=1), 10)
    later = NOON + timedelta(minutes=2)

    assert catalogue.put([provider(interval_s=30)], later).changed == 1
    (claim,), upcoming = catalogue.claim(later + timedelta(seconds=1), 10)
    assert claim.interval_s == 30
    assert abs(upcoming - next_due(later + timedelta(seconds=1), "acme", 30)) <= MICROSECOND


def test_a_changed_provider_keeps_what_is_remembered_of_its_page(
    client: "redis.Redis", catalogue: RedisCatalogue
) -> None:
    catalogue.put([provider()], NOON)
    pages = RedisPages(client)
    state = PageState(url="u", seeded=True)
    pages.commit(pages.begin("acme", NOON), Commit(state=state, seen=("a",), checked_at=NOON))

    catalogue.put([provider(name="Acme Inc.")], NOON)

    lease = pages.begin("acme", NOON + timedelta(minutes=1))
    assert (lease.provider.name, lease.state) == ("Acme Inc.", state)
    assert pages.recall("acme", ["a"]).seen == {"a"}


def test_a_sync_removes_what_the_file_does_not_name_any_more_and_nothing_that_was_added_by_command(
    client: "redis.Redis", catalogue: RedisCatalogue
) -> None:
    by_hand = provider(id="by-hand", origin="command")
    catalogue.put(several(3), NOON, replacing="file")
    assert catalogue.put([by_hand], NOON) == Synced(added=1, changed=0, removed=0)
    before = due_times(client)["by-hand"]

    assert catalogue.put(several(1), NOON, replacing="file") == Synced(added=0, changed=0, removed=2)
    assert {known.id for known in catalogue.providers()} == {"by-hand", "p0"}
    catalogue.put([], NOON, replacing="file")
    assert catalogue.providers() == (by_hand,)
    assert due_times(client) == {"by-hand": before}


def test_removing_a_provider_leaves_nothing_of_its_page(client: "redis.Redis", catalogue: RedisCatalogue) -> None:
    catalogue.put(several(2), NOON)
    pages = RedisPages(client)
    for name in ("p0", "p1"):
        pending = (PendingEvent(event=event(), key="k"),)
        pages.commit(pages.begin(name, NOON), Commit(state=PageState(), pending=pending, seen=("s",), checked_at=NOON))
    taken = [Timing(stream_id="1-0", published_s=1, unseen_s=2, logged_s=3)]
    RedisStream(client).save_timings("record", "1-0", {"p0": taken, "p1": taken})

    assert catalogue.remove(["p0", "never-there"]) == 1

    assert [known.id for known in catalogue.providers()] == ["p1"]
    assert list(due_times(client)) == ["p1"]
    assert client.hkeys(SCHEDULE) == client.hkeys(PROVIDERS) == [b"p1"]
    assert sorted(key for key in client.keys(f"{PREFIX}*") if key.count(b":") > 1 and key != VERSION.encode()) == [
        b"tracker:latency:p1",
        b"tracker:page:p1",
        b"tracker:seen:p1",
    ]


def test_a_provider_that_comes_back_is_a_new_one(client: "redis.Redis", catalogue: RedisCatalogue) -> None:
    catalogue.put([provider()], NOON)
    pages = RedisPages(client)
    pages.commit(pages.begin("acme", NOON), Commit(state=PageState(seeded=True), seen=("a",), checked_at=NOON))

    catalogue.remove(["acme"])
    catalogue.put([provider()], NOON)

    assert pages.begin("acme", NOON).state == PageState()
    assert pages.recall("acme", ["a"]) == Known()


def test_every_change_of_the_catalogue_moves_its_version(client: "redis.Redis", catalogue: RedisCatalogue) -> None:
    versions = []
    for change in (
        lambda: catalogue.put(several(2), NOON),
        lambda: catalogue.put([provider(id="p0", name="Other")], NOON),
        lambda: catalogue.remove(["p1"]),
        lambda: catalogue.remove(["p1"]),
    ):
        change()
        versions.append(int(client.get(VERSION)))

    assert versions[0] < versions[1] < versions[2] == versions[3]


def test_a_version_of_the_catalogue_does_not_come_again_with_other_providers(
    client: "redis.Redis", catalogue: RedisCatalogue
) -> None:
    catalogue.put(several(1), NOON)
    backup = client.dump(VERSION)
    catalogue.put([provider(id="p0", name="Other")], NOON)
    lost = client.get(VERSION)
    client.restore(VERSION, 0, backup, replace=True)
    catalogue.put([provider(id="p0", name="Another")], NOON)

    assert client.get(VERSION) > lost


def test_more_than_one_step_are_put_in_changed_and_taken_out(client: "redis.Redis", catalogue: RedisCatalogue) -> None:
    count = 2 * SYNC_STEP + 3
    by_hand = provider(id="by-hand", origin="command")
    catalogue.put([by_hand], NOON)

    assert catalogue.put(several(count), NOON, replacing="file") == Synced(added=count, changed=0, removed=0)
    assert catalogue.put(several(count, 30), NOON, replacing="file") == Synced(added=0, changed=count, removed=0)
    assert catalogue.put(several(1, 30), NOON, replacing="file") == Synced(added=0, changed=0, removed=count - 1)
    assert sorted(due_times(client)) == ["by-hand", "p0"]


def test_what_is_taken_over_by_command_during_a_sync_stays(
    client: "redis.Redis", catalogue: RedisCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue.put(several(2), NOON)
    taken_over = provider(id="p1", origin="command")
    looked_up = RedisCatalogue._ids_of

    def taken_over_meanwhile(self: RedisCatalogue, origin: str) -> set[str]:
        found = looked_up(self, origin)
        RedisCatalogue(client).put([taken_over], NOON)
        return found

    monkeypatch.setattr(RedisCatalogue, "_ids_of", taken_over_meanwhile)

    assert catalogue.put(several(1), NOON, replacing="file").removed == 0
    assert taken_over in catalogue.providers()


# --- what is due ---


def test_nothing_is_due_before_its_time_and_a_claim_says_who_and_since_when(
    client: "redis.Redis", catalogue: RedisCatalogue
) -> None:
    catalogue.put([provider(interval_s=30)], NOON)
    (due,) = due_times(client).values()

    claims, upcoming = catalogue.claim(NOON, 10)
    (claim,), _ = catalogue.claim(NOON + timedelta(minutes=1), 10)

    assert claims == ()
    assert upcoming.timestamp() == pytest.approx(due, abs=1e-6)
    assert (claim.provider_id, claim.interval_s) == ("acme", 30)
    assert claim.due_at.timestamp() == pytest.approx(due, abs=1e-6)


@pytest.mark.parametrize("interval_s", [1, 7, 60, 86400])
def test_claims_follow_the_grid_of_interval_and_phase(catalogue: RedisCatalogue, interval_s: int) -> None:
    catalogue.put([provider(interval_s=interval_s)], NOON)
    now = NOON + timedelta(seconds=interval_s)
    expected = now

    for _ in range(20):
        claims, upcoming = catalogue.claim(now, 10)
        expected = next_due(expected, "acme", interval_s)
        assert ids_of(claims) == ["acme"]
        assert abs(upcoming - expected) <= MICROSECOND
        now = upcoming


def test_a_claim_at_the_very_moment_that_is_due_moves_on(catalogue: RedisCatalogue) -> None:
    catalogue.put(several(20, interval_s=7), NOON)
    now = NOON

    for _ in range(60):
        claims, upcoming = catalogue.claim(now, 20)
        assert len(claims) <= 20
        assert upcoming > now
        now = upcoming


def test_a_claim_that_comes_late_skips_what_was_missed(catalogue: RedisCatalogue) -> None:
    catalogue.put([provider()], NOON)
    late = NOON + timedelta(hours=3)

    claims, upcoming = catalogue.claim(late, 10)

    assert ids_of(claims) == ["acme"]
    assert late < upcoming <= late + timedelta(seconds=60)
    assert catalogue.claim(late, 10)[0] == ()


def test_many_schedulers_at_once_share_what_is_due(valkey: "redis.Redis") -> None:
    catalogue = RedisCatalogue(valkey)
    catalogue.put(several(200), NOON)
    now = NOON + timedelta(seconds=30)

    with ThreadPoolExecutor(8) as pool:
        shares = list(pool.map(lambda _: ids_of(catalogue.claim(now, 30)[0]), range(8)))

    claimed = [name for share in shares for name in share]
    assert sorted(claimed) == sorted(known.id for known in several(200))


def test_the_longest_overdue_is_claimed_first(client: "redis.Redis", catalogue: RedisCatalogue) -> None:
    catalogue.put(several(20), NOON)
    in_order = list(due_times(client))

    claimed = [ids_of(catalogue.claim(NOON + timedelta(seconds=30), 8)[0]) for _ in range(3)]

    assert [name for share in claimed for name in share] == in_order


def test_a_due_time_without_a_provider_is_dropped(client: "redis.Redis", catalogue: RedisCatalogue) -> None:
    client.zadd(DUE, {"gone": NOON.timestamp()})

    assert catalogue.claim(NOON, 10) == ((), None)
    assert client.exists(DUE) == 0


providers = st.lists(
    st.builds(
        lambda number, interval_s: provider(id=f"p{number}", interval_s=interval_s),
        st.integers(0, 30),
        st.integers(1, 600),
    ),
    unique_by=lambda known: known.id,
    min_size=1,
    max_size=8,
)


@settings(max_examples=25)
@given(providers, st.lists(st.tuples(st.floats(0.0, 400.0), st.integers(1, 5)), max_size=12))
def test_claims_never_lose_a_provider_and_never_give_one_twice_in_an_interval(
    fake_redis: "redis.Redis", known: list[Provider], ticks: list[tuple[float, int]]
) -> None:
    fake_redis.flushall()
    schedulers = [RedisCatalogue(fake_redis), RedisCatalogue(fake_redis)]
    schedulers[0].put(known, NOON)
    intervals = {each.id: each.interval_s for each in known}
    claimed_at: dict[str, datetime] = {}
    now = NOON
    for number, (pause_s, limit) in enumerate(ticks):
        now += timedelta(seconds=pause_s)
        for claim in schedulers[number % 2].claim(now, limit)[0]:
            before = claimed_at.get(claim.provider_id)
            assert before is None or (now - before) > timedelta(0)
            claimed_at[claim.provider_id] = now
        for name, due in due_times(fake_redis).items():
            assert due <= now.timestamp() + intervals[name] + 1e-5

    assert set(due_times(fake_redis)) == set(intervals)
    claims, _ = schedulers[0].claim(now + timedelta(seconds=601), 100)
    assert sorted(ids_of(claims)) == sorted(intervals)


def test_a_claim_of_many_is_a_handful_of_commands(valkey: "redis.Redis") -> None:
    catalogue = RedisCatalogue(valkey)
    catalogue.put(several(300), NOON)
    catalogue.claim(NOON, 300)
    valkey.config_resetstat()

    claims, _ = catalogue.claim(NOON + timedelta(minutes=1), 300)

    calls = {name: stats["calls"] for name, stats in valkey.info("commandstats").items()}
    assert len(claims) == 300
    assert sum(calls.values()) < 12
    assert all(count <= 2 for count in calls.values())


def test_more_than_one_command_takes_are_put_on_the_grid_after_a_step(valkey: "redis.Redis") -> None:
    catalogue = RedisCatalogue(valkey)
    catalogue.put(several(2500), NOON)
    catalogue.claim(NOON, 1)

    catalogue.claim(NOON - timedelta(hours=1), 1)

    latest = max(due_times(valkey).values())
    assert latest <= (NOON - timedelta(hours=1)).timestamp() + 60


# --- how late ---


def scheduler_report(name: str, at: datetime) -> SchedulerReport:
    return SchedulerReport(name=name, at=at, dispatched=7, late_max_s=0.5)


def test_what_has_been_due_for_more_than_a_second_is_overdue(client: "redis.Redis", catalogue: RedisCatalogue) -> None:
    assert catalogue.scheduling(NOON) == Scheduling(providers=0)
    now = NOON.timestamp()
    client.zadd(DUE, {"late": now - 90, "later": now - 5, "just": now - 0.5, "soon": now + 5})

    assert catalogue.scheduling(NOON) == Scheduling(providers=4, overdue=2, overdue_s=90.0)


def test_every_scheduler_is_known_by_its_last_report(catalogue: RedisCatalogue) -> None:
    reports = [scheduler_report(name, NOON + number * MICROSECOND) for number, name in enumerate(["b", "a", "b"])]
    for report in reports:
        catalogue.report(report)

    assert catalogue.scheduling(NOON).schedulers == (reports[1], reports[2])


def test_a_scheduler_that_says_nothing_for_a_minute_is_forgotten(
    client: "redis.Redis", catalogue: RedisCatalogue
) -> None:
    catalogue.report(scheduler_report("gone", NOON))
    assert 0 < client.ttl(f"{SCHEDULER_PREFIX}gone") <= WINDOW_S
    client.delete(f"{SCHEDULER_PREFIX}gone")
    assert catalogue.scheduling(NOON) == Scheduling(providers=0)

    catalogue.report(scheduler_report("here", NOON + timedelta(seconds=WINDOW_S)))

    assert client.zrange(SCHEDULERS, 0, -1) == [b"here"]


# --- what is known ---


def test_statuses_report_what_is_known_of_every_page(client: "redis.Redis", catalogue: RedisCatalogue) -> None:
    catalogue.put([provider(id="b", name="B"), provider(id="a", name="A")], NOON)
    pages = RedisPages(client)
    state, view = PageState(url="u", readability=Readability(failures=2)), PageView(name="Bee")
    pages.commit(pages.begin("b", NOON), Commit(state=state, view=view, checked_at=NOON))

    unseen, seen = catalogue.statuses()

    assert (unseen.provider.id, unseen.state, unseen.view, unseen.checked_at) == ("a", PageState(), PageView(), None)
    assert (seen.provider.id, seen.state, seen.view, seen.checked_at) == ("b", state, view, NOON)


def test_an_entry_that_cannot_be_read_is_a_store_error(client: "redis.Redis", catalogue: RedisCatalogue) -> None:
    client.hset(PROVIDERS, "odd", b"{}")

    with pytest.raises(StoreError):
        catalogue.providers()


def test_a_server_that_does_not_answer_is_a_store_error(free_port: int) -> None:
    client = redis.Redis(port=free_port, socket_connect_timeout=1, retry=None)
    catalogue, pages, stream = RedisCatalogue(client), RedisPages(client), RedisStream(client)

    for ask in (
        catalogue.ping,
        catalogue.providers,
        catalogue.statuses,
        lambda: catalogue.claim(NOON, 1),
        lambda: catalogue.put([provider()], NOON),
        lambda: catalogue.remove(["acme"]),
        lambda: catalogue.report(scheduler_report("one", NOON)),
        lambda: catalogue.scheduling(NOON),
        lambda: pages.begin("acme", NOON),
        lambda: stream.read("0-0", 1),
    ):
        with pytest.raises(StoreError, match="the data server does not answer as it should"):
            ask()
    client.close()
