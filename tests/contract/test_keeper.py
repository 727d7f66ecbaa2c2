"""The catalogue comes back whole from whoever remembers it, whatever part of it the data server has lost."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis

from tests.fakes import FakeClock, incident, page, provider, update
from tests.outbox import committed, webhook
from tests.vendor import SUMMARY, TIMEOUT, Watch
from tracker.delivery.event_stream import Watched
from tracker.errors import Conflict
from tracker.model.channel import AlertmanagerConfig
from tracker.model.provider import Webhook
from tracker.model.route import Alerting
from tracker.store.alerts import RedisAlerts
from tracker.store.catalogue import ASKED_AFTER, Holdings, RedisCatalogue
from tracker.store.connection import ALERTING, CURSORS, DUE, GENERATION, PROVIDERS, SCHEDULE, SINKS, UPDATES, VERSION
from tracker.store.keeper import Keeper
from tracker.store.outbox import RedisOutbox
from tracker.store.ownership import FILE, Ownership
from tracker.store.pages import RedisPages
from tracker.store.sinks import RedisSinks
from tracker.store.stream import RedisStream
from tracker.store.sync import Synced

FROM_FILE, ADDED = provider(id="file", name="File"), provider(id="added", name="Added", origin="command")
OPS = webhook("ops")


class Kept:
    """A catalogue, and one who keeps it."""

    def __init__(self, client: "redis.Redis") -> None:
        self.client, self.clock = client, FakeClock()
        self.catalogue, self.sinks = RedisCatalogue(client), RedisSinks(client)
        self.sinks.sync([OPS])
        self.catalogue.put([FROM_FILE], self.clock(), replacing="file")
        self.catalogue.put([ADDED], self.clock())
        self.catalogue.claim(self.clock(), 0)
        self.keeper = self.other()

    def other(self) -> Keeper:
        keeper = Keeper(self.catalogue, self.sinks, self.clock)
        assert keeper.look() is None
        return keeper

    def contents(self) -> tuple[object, ...]:
        ids = {known.id for known in self.catalogue.providers()}
        schedules = {key.decode() for key in self.client.hkeys(SCHEDULE)} - {""}
        due = {key.decode() for key in self.client.zrange(DUE, 0, -1)}
        return ids, schedules, due, self.sinks.webhooks()

    def lost(self) -> None:
        """Lose everything, and notice it."""
        self.client.flushall()
        self.keeper.look()

    def claimed(self, after_s: float) -> set[str]:
        """Return the pages that are claimed so much later."""
        return {claim.provider_id for claim in self.catalogue.claim(self.clock() + timedelta(seconds=after_s), 10)[0]}


WHOLE = ({"file", "added"}, {"file", "added"}, {"file", "added"}, (OPS,))


@pytest.fixture
def kept(client: "redis.Redis") -> Kept:
    return Kept(client)


@pytest.mark.parametrize(
    ("keys", "is_reported"),
    [
        ((), True),
        ((PROVIDERS,), True),
        ((SCHEDULE,), True),
        ((DUE,), True),
        ((SINKS,), True),
        ((DUE, SCHEDULE), True),
        ((PROVIDERS, SCHEDULE, DUE), True),
        ((VERSION,), False),
        ((GENERATION,), False),
        ((PROVIDERS, VERSION, GENERATION), True),
    ],
)
def test_what_is_lost_is_put_back_once(kept: Kept, keys: tuple[str, ...], is_reported: bool) -> None:
    if keys:
        kept.client.delete(*keys)
    else:
        kept.client.flushall()

    loss = kept.keeper.look()

    assert (loss is not None) is is_reported
    assert kept.contents() == WHOLE
    assert [kept.keeper.look() for _ in range(3)] == [None] * 3


def test_pages_that_are_put_back_wait_until_they_are_reminded_and_not_for_ever(kept: Kept) -> None:
    assert RedisStream(kept.client).watched() is None
    since = kept.clock()
    kept.clock.passes(seconds=5)
    kept.keeper.look()
    until = kept.clock()
    kept.clock.passes(seconds=2)
    kept.lost()
    assert RedisStream(kept.client).watched() == Watched(since=since, until=until)
    assert kept.claimed(ASKED_AFTER.total_seconds() - 1) == set()
    RedisStream(kept.client).remind({}, kept.clock(), kept.clock())
    assert kept.claimed(1) == {"file", "added"}

    kept.lost()
    assert kept.claimed(ASKED_AFTER.total_seconds() + 1) == {"file", "added"}


def test_pages_whose_catalogue_alone_was_lost_are_asked_at_once(kept: Kept) -> None:
    kept.client.hset(CURSORS, "record", "5-1")
    kept.client.delete(PROVIDERS, SCHEDULE, DUE)
    kept.keeper.look()

    assert kept.claimed(1) == {"file", "added"}


def test_one_who_comes_second_changes_nothing_and_knows_that_all_was_lost(kept: Kept) -> None:
    second = kept.other()
    kept.client.flushall()
    first_loss = kept.keeper.look()
    loss = second.look()

    assert first_loss is not None
    assert (first_loss.pages, first_loss.sinks, first_loss.is_ours) == (2, 1, True)
    assert loss is not None
    assert (loss.pages, loss.is_ours) == (0, False)
    assert kept.contents() == WHOLE


def test_what_others_put_in_before_the_loss_was_noticed_stays(kept: Kept) -> None:
    """Somebody syncs the file, and one page is new in it."""
    kept.client.flushall()
    kept.catalogue.put([FROM_FILE, provider(id="new", name="New")], kept.clock(), replacing="file")

    kept.keeper.look()

    assert {known.id for known in kept.catalogue.providers()} == {"file", "added", "new"}
    for _ in range(2):
        kept.keeper.look()
    kept.lost()
    assert {known.id for known in kept.catalogue.providers()} == {"file", "added", "new"}


def test_what_was_taken_out_stays_out(kept: Kept) -> None:
    kept.catalogue.remove(["added"])
    kept.sinks.sync([])
    assert [kept.keeper.look() for _ in range(2)] == [None] * 2
    kept.lost()

    assert kept.contents() == ({"file"}, {"file"}, {"file"}, ())


def test_an_earlier_state_that_was_put_back_is_completed(kept: Kept, valkey: "redis.Redis") -> None:
    if kept.client is not valkey:
        pytest.skip("dumps of keys need a real server")
    backup = {key: valkey.dump(key) for key in valkey.scan_iter()}
    kept.catalogue.put([provider(id="later", name="Later")], kept.clock())
    for _ in range(2):
        kept.keeper.look()
    valkey.flushall()
    for key, value in backup.items():
        valkey.restore(key, 0, value)

    kept.keeper.look()

    assert "later" in {known.id for known in kept.catalogue.providers()}


def test_a_sink_that_is_put_back_takes_what_the_new_stream_holds(kept: Kept) -> None:
    kept.client.delete(SINKS, UPDATES)
    committed(kept.client, "a")
    kept.keeper.look()

    outbox = RedisOutbox(kept.client)
    lease = outbox.begin("ops", kept.clock())
    assert lease is not None
    assert [delivery.event.id for delivery in outbox.take(lease, 10) if delivery.event] == ["a"]


@pytest.mark.parametrize("is_lost_before", [True, False])
def test_what_a_start_puts_in_is_put_back_also_if_it_is_lost_before_the_first_look(
    client: "redis.Redis", is_lost_before: bool
) -> None:
    catalogue, sinks, clock = RedisCatalogue(client), RedisSinks(client), FakeClock()
    keeper = Keeper(catalogue, sinks, clock)
    if not is_lost_before:
        sinks.sync([OPS])
        catalogue.put([FROM_FILE, ADDED], clock())
    keeper.expect([FROM_FILE], [OPS], Alerting())
    if not is_lost_before:
        assert keeper.look() is None, "all of it is there"
        keeper.expect([FROM_FILE], [OPS], Alerting())
        client.flushall()

    keeper.look()

    assert [known.id for known in catalogue.providers()] == ["file"]
    assert sinks.webhooks() == (OPS,)


def test_a_server_that_loses_all_again_while_it_is_filled_is_filled_again(kept: Kept) -> None:
    catalogue = Paused(kept.client)
    keeper = Keeper(catalogue, kept.sinks, kept.clock)
    keeper.look()
    kept.client.flushall()

    catalogue.before = kept.client.flushall
    for _ in range(3):
        keeper.look()

    assert kept.contents() == WHOLE


def test_an_empty_server_holds_nothing_to_put_back(client: "redis.Redis") -> None:
    keeper = Keeper(RedisCatalogue(client), RedisSinks(client), FakeClock())

    assert [keeper.look() for _ in range(3)] == [None] * 3
    assert keeper.pages == 0
    assert client.dbsize() == 0


class CutOff(RedisSinks):
    """Sinks whose data server loses everything just before they are read."""

    lost: Callable[[], object] | None = None

    def webhooks(self) -> tuple[Webhook, ...]:
        if self.lost is not None:
            self.lost()
        return super().webhooks()


def test_a_loss_while_the_catalogue_is_read_leaves_no_catalogue_without_sinks(kept: Kept) -> None:
    sinks = CutOff(kept.client)
    keeper = Keeper(kept.catalogue, sinks, kept.clock)
    keeper.look()
    kept.catalogue.put([provider(id="later", name="Later")], kept.clock())
    keeper.look()
    sinks.lost = kept.client.flushall
    keeper.look()

    sinks.lost = None
    keeper.look()

    assert kept.sinks.webhooks() == (OPS,)


def taken_over(client: "redis.Redis", owner: str) -> Ownership:
    lease = Ownership(client, FILE, owner, f"/{owner}/providers.toml")
    lease.hold(FakeClock()())
    return lease


@pytest.mark.parametrize("was_emptied", [True, False])
def test_a_tracker_that_was_replaced_puts_back_nothing_that_the_new_one_took_out(kept: Kept, was_emptied: bool) -> None:
    """The beat of the replaced tracker is still there, and misses pages and a sink."""
    old = taken_over(kept.client, "old")
    keeper = kept.other()
    if was_emptied:
        kept.client.flushall()
    else:
        old.release()
        kept.client.delete(DUE)
    new = taken_over(kept.client, "new")
    page = provider(id="new", name="New", url="https://new.example")
    RedisCatalogue(kept.client, new).put([page], kept.clock(), replacing="file")
    if not was_emptied:
        kept.client.set(VERSION, 1)  # and it seems to be an earlier state
    RedisSinks(kept.client, new).sync([])

    for _ in range(3):
        keeper.look()

    assert "file" not in {known.id for known in kept.catalogue.providers()}
    assert kept.sinks.webhooks() == ()


class Paused(RedisCatalogue):
    """A catalogue whose process stands still after it has looked."""

    meanwhile: Callable[[], object] | None = None
    #: Called before it looks at what it has put back.
    before: Callable[[], object] | None = None

    def restore(self, *arguments: Any, **options: Any) -> Synced:
        done, before = super().restore(*arguments, **options), self.before
        if before is not None:
            self.before = None
            before()
        return done

    def holdings(self) -> Holdings:
        found, meanwhile = super().holdings(), self.meanwhile
        if meanwhile is not None:
            self.meanwhile = None
            meanwhile()
        return found


def test_a_tracker_that_is_replaced_between_look_and_repair_repairs_nothing(kept: Kept) -> None:
    catalogue = Paused(kept.client)
    taken_over(kept.client, "old")
    keeper = Keeper(catalogue, kept.sinks, kept.clock)
    keeper.look()

    def meanwhile() -> None:
        kept.client.flushall()
        taken_over(kept.client, "new")

    kept.client.delete(SINKS)
    catalogue.meanwhile = meanwhile
    with pytest.raises(Conflict):
        keeper.look()

    assert [keeper.look() for _ in range(2)] == [None] * 2
    assert kept.contents() == (set(), set(), set(), ())


def test_the_same_tracker_after_a_restart_puts_back_what_is_lost(kept: Kept) -> None:
    taken_over(kept.client, "one")
    keeper = kept.other()
    kept.client.flushall()
    taken_over(kept.client, "one")

    assert keeper.look() is not None
    assert kept.contents() == WHOLE


def test_channels_and_silences_that_alone_were_lost_are_put_back(kept: Kept) -> None:
    alerts = RedisAlerts(kept.client)
    config = Alerting(channels=(AlertmanagerConfig(name="am", api_url="https://am.example"),))
    alerts.sync(config)
    keeper = Keeper(kept.catalogue, kept.sinks, kept.clock, alerts)
    keeper.look()
    kept.client.delete(ALERTING)

    loss = keeper.look()

    assert loss is not None
    assert "1 channel put back" in str(loss)
    assert alerts.config() == config
    assert [keeper.look() for _ in range(3)] == [None] * 3


def test_looking_takes_one_call(valkey: "redis.Redis") -> None:
    kept = Kept(valkey)
    kept.keeper.look()
    valkey.config_resetstat()
    kept.keeper.look()

    stats = valkey.info("commandstats")
    assert stats["cmdstat_exec"]["calls"] == 1
    assert not {name for name in stats if name.startswith(("cmdstat_evalsha", "cmdstat_hscan", "cmdstat_hvals"))}


def test_what_came_while_a_page_could_not_be_read_before_a_loss_is_reported_after_it(client: "redis.Redis") -> None:
    watch = Watch(FakeClock(), pages=RedisPages(client))
    catalogue, stream = RedisCatalogue(client), RedisStream(client)
    catalogue.put([watch.provider], watch.clock())
    keeper = Keeper(catalogue, RedisSinks(client), watch.clock)
    keeper.look()
    past = incident("past", update("p1", -600, "resolved"))
    watch.shows(page(past))
    watch.polls()
    watch.fetcher.raises(SUMMARY, TIMEOUT)
    watch.polls()
    watch.clock.passes(minutes=2)
    watch.polls()
    watch.shows(page(past, incident("i1", update("u1", 2), update("u2", 3, "resolved"))))
    client.flushall()
    keeper.look()
    stream.remind({}, watch.clock(), watch.clock())
    watch.polls()

    assert [streamed.event.id for streamed in stream.read("0-0", 9)] == ["acme/i1/u1", "acme/i1/u2"]
