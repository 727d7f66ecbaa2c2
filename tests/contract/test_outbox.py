"""What waits for webhooks: in memory, in a pretended data server and in a real one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import redis
from msgspec.structs import replace

from tests.fakes import NOON, event
from tests.outbox import DEAD_LETTER, FAILING, SOON, WAIT, MemoryOutbox, committed, webhook
from tracker.delivery.outbox import DeliveryLease, Outbox
from tracker.delivery.retry_policy import Accepted, Disposition, FailureStreak
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

    def begin(self, now: datetime = NOON, sink: str = "ops") -> DeliveryLease:
        lease = self.outbox.begin(sink, now)
        assert lease is not None
        return lease

    def waiting(self, lease: DeliveryLease, count: int = 100) -> list[str | None]:
        return [delivery.event and delivery.event.id for delivery in self.outbox.take(lease, count)]

    def acknowledges(self, lease: DeliveryLease, disposition: Disposition, count: int = 1) -> None:
        for delivery in self.outbox.take(lease, count):
            self.outbox.acknowledge(lease, delivery, disposition, NOON)


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
    assert queue.outbox.begin("other", NOON) is None


def test_one_worker_at_a_time_has_a_sink(queue: Queue) -> None:
    lease = queue.begin()
    assert queue.outbox.begin("ops", NOON) is None

    queue.outbox.end(lease)

    assert queue.outbox.begin("ops", NOON) is not None


def test_events_wait_in_the_order_of_their_commits_until_they_are_acknowledged(queue: Queue) -> None:
    lease = queue.begin()
    queue.commits("a", "b")
    queue.commits("c")
    assert queue.waiting(lease, 2) == queue.waiting(lease, 2) == ["a", "b"]
    queue.acknowledges(lease, Accepted())
    assert queue.waiting(lease, 2)[0] == "b"

    queue.outbox.end(lease)
    again = queue.begin()
    assert queue.waiting(again, 1) == ["b"]
    queue.acknowledges(again, DEAD_LETTER)
    assert queue.waiting(again) == ["c"]


def test_what_is_passed_over_waits_no_more(queue: Queue) -> None:
    lease = queue.begin()
    queue.commits("a", "b", "c")
    deliveries = queue.outbox.take(lease, 100)

    queue.outbox.pass_over(lease, [deliveries[0], deliveries[2]])

    assert queue.waiting(lease) == ["b"]


def test_a_sink_that_is_to_wait_has_no_lease_until_then(queue: Queue) -> None:
    lease = queue.begin()
    queue.commits("a")
    queue.acknowledges(lease, WAIT)
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


class Shared(Queue):
    """The outbox of two sinks in a data server."""

    def __init__(self, client: "redis.Redis") -> None:
        self.client, self.sinks = client, RedisSinks(client)
        self.sinks.sync([webhook("ops"), webhook("chat")])
        super().__init__(RedisOutbox(client), lambda *ids: committed(client, *ids))


@pytest.fixture
def shared(client: "redis.Redis") -> Shared:
    return Shared(client)


def test_every_sink_has_a_queue_of_its_own(shared: Shared) -> None:
    shared.commits("a")
    ops, chat = shared.begin(), shared.begin(sink="chat")

    shared.acknowledges(ops, Accepted())

    assert (shared.waiting(ops), shared.waiting(chat)) == ([], ["a"])


def test_a_worker_that_dies_gives_its_sink_back_in_seconds_and_the_next_takes_what_it_had(shared: Shared) -> None:
    shared.commits("a", "b")
    assert shared.waiting(shared.begin()) == ["a", "b"]
    shared.commits("c")
    assert 0 < shared.client.pttl(f"{LEASE_PREFIX}ops") <= LEASE_S * 1000
    shared.client.delete(f"{LEASE_PREFIX}ops")  # as the server does then

    lease = shared.begin()
    assert shared.waiting(lease) == ["a", "b"]
    shared.acknowledges(lease, Accepted(), count=2)
    assert shared.waiting(lease) == ["c"]


def test_every_event_prolongs_the_lease(shared: Shared) -> None:
    shared.commits("a")
    lease = shared.begin()
    shared.client.pexpire(f"{LEASE_PREFIX}ops", 1000)

    shared.acknowledges(lease, Accepted())

    assert shared.client.pttl(f"{LEASE_PREFIX}ops") > 1000


def test_an_answer_that_was_lost_changes_no_order(shared: Shared) -> None:
    shared.commits("a", "b")
    lease = shared.begin()
    shared.client.xreadgroup("ops", "deliver", {UPDATES: ">"}, count=1)

    assert shared.waiting(lease, 1) == ["a"]


def test_acknowledging_twice_counts_once(shared: Shared) -> None:
    shared.commits("a", "b")
    lease = shared.begin()
    first, second = shared.outbox.take(lease, 100)
    for _ in range(2):
        shared.outbox.acknowledge(lease, first, Accepted(), NOON)
        shared.outbox.acknowledge(lease, second, DEAD_LETTER, NOON)

    assert shared.client.hget(f"{SINK_PREFIX}ops", "delivered") == b"1"
    assert shared.client.xlen(f"{DEAD_PREFIX}ops") == 1


def test_dead_letters_are_kept_up_to_a_number(shared: Shared) -> None:
    with shared.client.pipeline(transaction=False) as pipe:
        for _ in range(MOST_DEAD):
            pipe.xadd(f"{DEAD_PREFIX}ops", {"event": encode_event(event("old")), "reason": "x"})
        pipe.execute()
    shared.commits("new")

    shared.acknowledges(shared.begin(), DEAD_LETTER)

    assert shared.client.xlen(f"{DEAD_PREFIX}ops") == MOST_DEAD
    assert shared.sinks.dead("ops")[-1].event == event("new")


def test_dead_letters_that_are_put_back_come_first_and_once(shared: Shared) -> None:
    shared.commits("a", "b")
    lease = shared.begin()
    shared.acknowledges(lease, DEAD_LETTER, count=2)
    shared.commits("c")
    before = datetime.now(UTC) - timedelta(seconds=1)
    assert shared.sinks.redrive("ops") == 2

    first, second = shared.outbox.take(lease, 100)
    redriven = [(delivery.event, delivery.is_redriven) for delivery in (first, second)]
    assert redriven == [(event("a"), True), (event("b"), True)]
    assert first.queued_at >= before, "its patience begins anew"
    shared.outbox.acknowledge(lease, first, Accepted(), NOON)
    shared.outbox.pass_over(lease, [second])

    assert shared.waiting(lease) == ["c"]
    assert shared.client.xlen(f"{AGAIN_PREFIX}ops") == 0


def test_a_letter_that_was_put_back_can_die_again(shared: Shared) -> None:
    shared.commits("a")
    lease = shared.begin()
    for _ in range(2):
        shared.acknowledges(lease, DEAD_LETTER)
        (letter,) = shared.sinks.dead("ops")
        assert (letter.event, letter.reason) == (event("a"), "answered 410")
        shared.sinks.redrive("ops")

    assert shared.waiting(lease) == ["a"]


def test_what_the_stream_dropped_is_there_without_its_event(shared: Shared) -> None:
    shared.commits("a", "b")
    lease = shared.begin()
    shared.outbox.take(lease, 100)
    shared.client.xtrim(UPDATES, maxlen=1, approximate=False)

    assert shared.waiting(lease) == [None, "b"]
    shared.outbox.pass_over(lease, shared.outbox.take(lease, 1))
    assert shared.waiting(lease) == ["b"]


def test_a_lost_stream_is_reported_and_begun_anew(shared: Shared, caplog: pytest.LogCaptureFixture) -> None:
    shared.client.delete(UPDATES)
    shared.commits("a")
    assert shared.sinks.ready(NOON) == ("chat", "ops")
    lease = shared.begin()

    assert "sink ops starts over: the event stream was lost" in caplog.text
    assert shared.waiting(lease) == ["a"], "what came since is new to the sink"
    shared.begin(sink="chat")
    assert {group["name"] for group in shared.client.xinfo_groups(UPDATES)} == {b"chat", b"ops"}


def test_a_pause_holds_that_was_asked_for_after_the_lease_had_ended(shared: Shared) -> None:
    shared.commits("a")
    lease = shared.begin()
    delivery = shared.outbox.take(lease, 1)[0]
    shared.outbox.acknowledge(lease, delivery, WAIT, NOON)
    shared.client.delete(f"{LEASE_PREFIX}ops")
    longer = replace(WAIT, not_before=SOON + timedelta(minutes=5))

    with pytest.raises(Conflict):
        shared.outbox.acknowledge(lease, delivery, longer, NOON)

    assert shared.outbox.begin("ops", SOON) is None
    assert shared.outbox.begin("ops", longer.not_before) is not None


def test_a_sink_that_is_removed_in_a_delivery_leaves_nothing_behind(shared: Shared) -> None:
    shared.commits("a", "b")
    lease = shared.begin()
    delivery = shared.outbox.take(lease, 1)[0]
    shared.sinks.sync([webhook("chat")])
    keys = set(shared.client.keys())

    with pytest.raises(Conflict):
        shared.outbox.acknowledge(lease, delivery, DEAD_LETTER, NOON)
    with pytest.raises(StoreError):
        shared.outbox.take(lease, 1)
    shared.outbox.end(lease)

    assert set(shared.client.keys()) == keys
    assert [group["name"] for group in shared.client.xinfo_groups(UPDATES)] == [b"chat"]


def test_what_cannot_be_read_is_a_store_error(shared: Shared) -> None:
    shared.client.xadd(UPDATES, {"event": b'{"id":1}'})
    with pytest.raises(StoreError, match="cannot be read"):
        shared.outbox.take(shared.begin(), 1)

    shared.client.hset(SINKS, "chat", b'3{"name":"chat"}')
    with pytest.raises(StoreError, match="version"):
        shared.outbox.begin("chat", NOON)


def test_another_type_under_our_keys_is_a_store_error(valkey: "redis.Redis") -> None:
    shared = Shared(valkey)
    lease = shared.begin()
    valkey.delete(UPDATES, SINKS)
    valkey.set(UPDATES, "no stream")
    valkey.set(SINKS, "no hash")

    with pytest.raises(StoreError):
        shared.outbox.take(lease, 1)
    with pytest.raises(StoreError):
        shared.outbox.begin("ops", NOON)
