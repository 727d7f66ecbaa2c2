"""What waits for webhooks: in memory, in a pretended data server and in a real one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import redis
from msgspec.structs import replace

from tests.fakes import NOON, event
from tests.outbox import DEAD_LETTER, FAILING, SOON, WAIT, MemoryOutbox, committed, webhook
from tracker.delivery.outbox import DeliveryLease, Outbox
from tracker.delivery.retry_policy import Accepted, FailureStreak
from tracker.errors import Conflict, StoreError
from tracker.model.event import encode_event
from tracker.store.connection import AGAIN_PREFIX, DEAD_PREFIX, LEASE_PREFIX, SINK_PREFIX, SINKS, UPDATES
from tracker.store.outbox import LEASE_S, MOST_DEAD, RedisOutbox
from tracker.store.sinks import RedisSinks


class Queue:
    """An outbox, and the commits that fill it."""

    def __init__(self, outbox: Outbox, commits: Callable[..., None]) -> None:
        self.outbox = outbox
        self.commits = commits

    def begin(self, now: datetime = NOON) -> DeliveryLease:
        lease = self.outbox.begin("ops", now)
        assert lease is not None
        return lease

    def waiting(self, lease: DeliveryLease, count: int = 100) -> list[str | None]:
        return [delivery.event and delivery.event.id for delivery in self.outbox.take(lease, count)]


@pytest.fixture(params=["memory", "fakeredis", "valkey"])
def queue(request: pytest.FixtureRequest) -> Queue:
    """Any outbox with one sink; the one in memory is what the tests of the use case rely on."""
    if request.param == "memory":
        memory = MemoryOutbox()
        return Queue(memory, memory.commits)
    client = request.getfixturevalue("fake_redis" if request.param == "fakeredis" else "valkey")
    RedisSinks(client).sync([webhook()])
    return Queue(RedisOutbox(client), lambda *ids: committed(client, *ids))


def test_a_lease_says_where_to_deliver_and_how_the_receiver_has_done(queue: Queue) -> None:
    lease = queue.begin()

    assert (lease.webhook, lease.streak) == (webhook(), FailureStreak())


def test_there_is_no_lease_for_an_unknown_sink(queue: Queue) -> None:
    assert queue.outbox.begin("other", NOON) is None


def test_one_worker_at_a_time_has_a_sink(queue: Queue) -> None:
    lease = queue.begin()
    assert queue.outbox.begin("ops", NOON) is None

    queue.outbox.end(lease)

    assert queue.outbox.begin("ops", NOON) is not None


def test_events_wait_in_the_order_of_their_commits(queue: Queue) -> None:
    lease = queue.begin()
    queue.commits("a", "b")
    queue.commits("c")

    assert queue.waiting(lease) == ["a", "b", "c"]


def test_what_is_taken_waits_until_it_is_acknowledged(queue: Queue) -> None:
    lease = queue.begin()
    queue.commits("a", "b", "c")
    first = queue.outbox.take(lease, 2)
    assert queue.waiting(lease, 2) == ["a", "b"]

    queue.outbox.acknowledge(lease, first[0], Accepted(), NOON)
    assert queue.waiting(lease, 2)[0] == "b"

    queue.outbox.end(lease)
    again = queue.begin()
    assert queue.waiting(again, 1) == ["b"]
    queue.outbox.acknowledge(again, queue.outbox.take(again, 1)[0], Accepted(), NOON)
    assert queue.waiting(again) == ["c"]


def test_what_is_passed_over_waits_no_more(queue: Queue) -> None:
    lease = queue.begin()
    queue.commits("a", "b", "c")
    deliveries = queue.outbox.take(lease, 100)

    queue.outbox.pass_over(lease, [deliveries[0], deliveries[2]])

    assert queue.waiting(lease) == ["b"]


def test_a_dead_letter_waits_no_more(queue: Queue) -> None:
    lease = queue.begin()
    queue.commits("a", "b")

    queue.outbox.acknowledge(lease, queue.outbox.take(lease, 1)[0], DEAD_LETTER, NOON)

    assert queue.waiting(lease) == ["b"]


def test_a_sink_that_is_to_wait_has_no_lease_until_then(queue: Queue) -> None:
    lease = queue.begin()
    queue.commits("a")
    queue.outbox.acknowledge(lease, queue.outbox.take(lease, 1)[0], WAIT, NOON)
    queue.outbox.end(lease)

    assert queue.outbox.begin("ops", SOON - timedelta(milliseconds=1)) is None
    again = queue.begin(SOON)
    assert again.streak == FAILING
    assert queue.waiting(again) == ["a"]


def test_success_forgets_failures(queue: Queue) -> None:
    lease = queue.begin()
    queue.commits("a")
    delivery = queue.outbox.take(lease, 1)[0]
    queue.outbox.acknowledge(lease, delivery, WAIT, NOON)
    queue.outbox.acknowledge(lease, delivery, Accepted(), NOON)
    queue.outbox.end(lease)

    assert queue.begin().streak == FailureStreak()


def test_who_lost_the_right_is_refused(queue: Queue) -> None:
    lease = queue.begin()
    queue.commits("a")
    delivery = queue.outbox.take(lease, 1)[0]
    queue.outbox.end(lease)
    theirs = queue.begin()
    if isinstance(queue.outbox, MemoryOutbox):
        queue.outbox.owner = "another"

    with pytest.raises(Conflict):
        queue.outbox.acknowledge(lease, delivery, Accepted(), NOON)

    assert queue.waiting(theirs) == ["a"]


# --- in a data server ---


@pytest.fixture
def outbox(client: "redis.Redis") -> RedisOutbox:
    """The outbox of two sinks."""
    RedisSinks(client).sync([webhook("ops"), webhook("chat")])
    return RedisOutbox(client)


def begun(outbox: RedisOutbox, sink: str = "ops", now: datetime = NOON) -> DeliveryLease:
    lease = outbox.begin(sink, now)
    assert lease is not None
    return lease


def taken(outbox: RedisOutbox, lease: DeliveryLease) -> list[str | None]:
    return [delivery.event and delivery.event.id for delivery in outbox.take(lease, 100)]


def test_every_sink_has_a_queue_of_its_own(client: "redis.Redis", outbox: RedisOutbox) -> None:
    committed(client, "a")
    ops, chat = begun(outbox, "ops"), begun(outbox, "chat")

    outbox.acknowledge(ops, outbox.take(ops, 1)[0], Accepted(), NOON)

    assert (taken(outbox, ops), taken(outbox, chat)) == ([], ["a"])


def test_a_worker_that_dies_gives_its_sink_back_in_seconds(client: "redis.Redis", outbox: RedisOutbox) -> None:
    begun(outbox)

    assert 0 < client.pttl(f"{LEASE_PREFIX}ops") <= LEASE_S * 1000
    client.delete(f"{LEASE_PREFIX}ops")  # as the server does then
    assert outbox.begin("ops", NOON) is not None


def test_every_event_prolongs_the_lease(client: "redis.Redis", outbox: RedisOutbox) -> None:
    committed(client, "a")
    lease = begun(outbox)
    client.pexpire(f"{LEASE_PREFIX}ops", 1000)

    outbox.acknowledge(lease, outbox.take(lease, 1)[0], Accepted(), NOON)

    assert client.pttl(f"{LEASE_PREFIX}ops") > 1000


def test_what_a_dead_worker_had_taken_is_the_next_ones(client: "redis.Redis", outbox: RedisOutbox) -> None:
    committed(client, "a", "b")
    begun_by_the_dead = begun(outbox)
    assert taken(outbox, begun_by_the_dead) == ["a", "b"]
    committed(client, "c")
    client.delete(f"{LEASE_PREFIX}ops")

    lease = begun(outbox)
    assert taken(outbox, lease) == ["a", "b"]
    for delivery in outbox.take(lease, 100):
        outbox.acknowledge(lease, delivery, Accepted(), NOON)
    assert taken(outbox, lease) == ["c"]


def test_an_answer_that_was_lost_changes_no_order(client: "redis.Redis", outbox: RedisOutbox) -> None:
    committed(client, "a", "b")
    lease = begun(outbox)
    client.xreadgroup("ops", "deliver", {UPDATES: ">"}, count=1)

    assert outbox.take(lease, 1)[0].event == event("a")


def test_acknowledging_twice_counts_once(client: "redis.Redis", outbox: RedisOutbox) -> None:
    committed(client, "a", "b")
    lease = begun(outbox)
    first, second = outbox.take(lease, 100)
    for _ in range(2):
        outbox.acknowledge(lease, first, Accepted(), NOON)
        outbox.acknowledge(lease, second, DEAD_LETTER, NOON)

    assert client.hget(f"{SINK_PREFIX}ops", "delivered") == b"1"
    assert client.xlen(f"{DEAD_PREFIX}ops") == 1


def test_dead_letters_are_kept_up_to_a_number(client: "redis.Redis", outbox: RedisOutbox) -> None:
    with client.pipeline(transaction=False) as pipe:
        for _ in range(MOST_DEAD):
            pipe.xadd(f"{DEAD_PREFIX}ops", {"event": encode_event(event("old")), "reason": "x"})
        pipe.execute()
    committed(client, "new")
    lease = begun(outbox)

    outbox.acknowledge(lease, outbox.take(lease, 1)[0], DEAD_LETTER, NOON)

    assert client.xlen(f"{DEAD_PREFIX}ops") == MOST_DEAD
    assert RedisSinks(client).dead("ops")[-1].event == event("new")


def test_dead_letters_that_are_put_back_come_first_and_once(client: "redis.Redis", outbox: RedisOutbox) -> None:
    committed(client, "a", "b")
    lease = begun(outbox)
    for delivery in outbox.take(lease, 100):
        outbox.acknowledge(lease, delivery, DEAD_LETTER, NOON)
    committed(client, "c")
    before = datetime.now(UTC) - timedelta(seconds=1)
    assert RedisSinks(client).redrive("ops") == 2

    first, second = outbox.take(lease, 100)
    assert [(delivery.event, delivery.is_redriven) for delivery in (first, second)] == [
        (event("a"), True),
        (event("b"), True),
    ]
    assert first.queued_at >= before, "its patience begins anew"
    outbox.acknowledge(lease, first, Accepted(), NOON)
    outbox.pass_over(lease, [second])

    assert taken(outbox, lease) == ["c"]
    assert client.xlen(f"{AGAIN_PREFIX}ops") == 0


def test_a_letter_that_was_put_back_can_die_again(client: "redis.Redis", outbox: RedisOutbox) -> None:
    committed(client, "a")
    lease = begun(outbox)
    for _ in range(2):
        outbox.acknowledge(lease, outbox.take(lease, 1)[0], DEAD_LETTER, NOON)
        (letter,) = RedisSinks(client).dead("ops")
        assert (letter.event, letter.reason) == (event("a"), "answered 410")
        RedisSinks(client).redrive("ops")

    assert taken(outbox, lease) == ["a"]


def test_what_the_stream_dropped_is_there_without_its_event(client: "redis.Redis", outbox: RedisOutbox) -> None:
    committed(client, "a", "b")
    lease = begun(outbox)
    outbox.take(lease, 100)
    client.xtrim(UPDATES, maxlen=1, approximate=False)

    assert taken(outbox, lease) == [None, "b"]
    outbox.pass_over(lease, outbox.take(lease, 1))
    assert taken(outbox, lease) == ["b"]


def test_a_lost_stream_is_reported_and_begun_anew(
    client: "redis.Redis", outbox: RedisOutbox, caplog: pytest.LogCaptureFixture
) -> None:
    client.delete(UPDATES)
    committed(client, "a")
    assert RedisSinks(client).ready(NOON) == ("chat", "ops")
    lease = begun(outbox)

    assert "sink ops starts over: the event stream was lost" in caplog.text
    assert taken(outbox, lease) == ["a"], "what came since is new to the sink"
    begun(outbox, "chat")
    assert {group["name"] for group in client.xinfo_groups(UPDATES)} == {b"chat", b"ops"}


def test_a_pause_holds_that_was_asked_for_after_the_lease_had_ended(client: "redis.Redis", outbox: RedisOutbox) -> None:
    committed(client, "a")
    lease = begun(outbox)
    delivery = outbox.take(lease, 1)[0]
    outbox.acknowledge(lease, delivery, WAIT, NOON)
    client.delete(f"{LEASE_PREFIX}ops")
    longer = replace(WAIT, not_before=SOON + timedelta(minutes=5))

    with pytest.raises(Conflict):
        outbox.acknowledge(lease, delivery, longer, NOON)

    assert outbox.begin("ops", SOON) is None
    assert outbox.begin("ops", longer.not_before) is not None


def test_a_sink_that_is_removed_in_a_delivery_leaves_nothing_behind(client: "redis.Redis", outbox: RedisOutbox) -> None:
    committed(client, "a", "b")
    lease = begun(outbox)
    delivery = outbox.take(lease, 1)[0]
    RedisSinks(client).sync([webhook("chat")])
    keys = set(client.keys())

    with pytest.raises(Conflict):
        outbox.acknowledge(lease, delivery, DEAD_LETTER, NOON)
    with pytest.raises(StoreError):
        outbox.take(lease, 1)
    outbox.end(lease)

    assert set(client.keys()) == keys
    assert [group["name"] for group in client.xinfo_groups(UPDATES)] == [b"chat"]


def test_an_entry_that_cannot_be_read_is_a_store_error(client: "redis.Redis", outbox: RedisOutbox) -> None:
    client.xadd(UPDATES, {"event": b'{"id":1}'})

    with pytest.raises(StoreError, match="cannot be read"):
        outbox.take(begun(outbox), 1)


def test_another_type_under_our_keys_is_a_store_error(valkey: "redis.Redis") -> None:
    RedisSinks(valkey).sync([webhook()])
    outbox = RedisOutbox(valkey)
    lease = begun(outbox)
    valkey.delete(UPDATES, SINKS)
    valkey.set(UPDATES, "no stream")
    valkey.set(SINKS, "no hash")

    with pytest.raises(StoreError):
        outbox.take(lease, 1)
    with pytest.raises(StoreError):
        outbox.begin("ops", NOON)


def test_a_sink_of_a_later_version_is_a_store_error(client: "redis.Redis", outbox: RedisOutbox) -> None:
    client.hset(SINKS, "ops", b'3{"name":"ops"}')

    with pytest.raises(StoreError, match="version"):
        outbox.begin("ops", NOON)
