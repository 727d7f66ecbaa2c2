"""Webhooks from the stream to a receiver: a real data server, real sockets, and a clock that the test turns."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import fakeredis
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import NOON, FakeClock
from tests.outbox import DOWN, FakeSender, committed, webhook
from tests.receiver import SECRET, Receiver, accept, answers, close, stall
from tracker.delivery.deliverer import Deliverer
from tracker.delivery.retry_policy import ReceiverResponse
from tracker.delivery.sinks.webhook import WebhookSender
from tracker.fetch.limits import FetchLimits
from tracker.fetch.options import ClientOptions
from tracker.fetch.post import RequestsPoster
from tracker.store.connection import LEASE_PREFIX
from tracker.store.outbox import RedisOutbox
from tracker.store.sinks import RedisSinks

#: Receivers that stall are given up soon.
FAST = FetchLimits(connect_s=0.5, read_s=0.5, total_s=0.5)
ENVIRON = {"OPS_SECRET": SECRET}


class Office:
    """What delivers, and the hands of its clock."""

    def __init__(self, client: "redis.Redis", poster: RequestsPoster) -> None:
        self.clock = FakeClock()
        self.client = client
        self.sinks = RedisSinks(client)
        self.outbox = RedisOutbox(client)
        self.sender = WebhookSender(poster, ENVIRON, self.clock)
        self.deliverer = Deliverer(self.outbox, self.sender, self.clock)

    def watches(self, **receivers: Receiver) -> None:
        """Have a sink for each of these receivers."""
        self.sinks.sync(
            webhook(name, url=receiver.url, secret_env="OPS_SECRET", allow_private=True)
            for name, receiver in receivers.items()
        )

    def delivers(self, sink: str = "ops") -> int:
        """Let pauses pass and deliver until nothing waits that can be delivered."""
        (status,) = (status for status in self.sinks.statuses() if status.webhook.name == sink)
        self.clock.now = max(self.clock.now, status.not_before or NOON)
        return self.deliverer.deliver(sink)


@pytest.fixture(scope="module")
def poster() -> Iterator[RequestsPoster]:
    made = RequestsPoster(ClientOptions(user_agent="tests"), limits=FAST)
    yield made
    made.close()


@pytest.fixture
def office(valkey: "redis.Redis", poster: RequestsPoster) -> Office:
    return Office(valkey, poster)


def test_events_arrive_signed_and_in_order_whatever_the_receiver_does(office: Office) -> None:
    problems = (
        answers("503 Service Unavailable"),
        close,
        stall,
        answers("429 Too Many Requests", Retry_After="30"),
        answers("200 OK Not HTTP", Transfer_Encoding="magic"),
    )
    with Receiver(*problems, accept, *problems) as receiver:
        office.watches(ops=receiver)
        committed(office.client, *"abc")
        while len(receiver.accepted) < 3:
            office.delivers()

    assert receiver.accepted_ids == ["a", "b", "c"]
    assert [delivery.id for delivery in receiver.deliveries] == ["a"] * 6 + ["b"] * 6 + ["c"]
    assert all(delivery.is_signed_with(SECRET) for delivery in receiver.deliveries)
    times = {delivery.headers["webhook-timestamp"] for delivery in receiver.deliveries}
    assert len(times) > 5, "each attempt is signed at its own time"


def test_a_receiver_that_asks_for_a_pause_gets_it(office: Office) -> None:
    with Receiver(answers("429 Too Many Requests", Retry_After="120")) as receiver:
        office.watches(ops=receiver)
        committed(office.client, "a")
        office.delivers()
        office.clock.passes(seconds=119)
        assert office.deliverer.deliver("ops") == 0
        office.clock.passes(seconds=1)
        assert office.deliverer.deliver("ops") == 1

    assert len(receiver.deliveries) == 2


def test_what_is_refused_for_good_is_kept_and_can_be_sent_again(office: Office) -> None:
    with Receiver(answers("410 Gone", b"not here"), answers("400 Bad Request")) as receiver:
        office.watches(ops=receiver)
        committed(office.client, *"abc")
        office.delivers()
        reasons = [(letter.event.id, letter.reason) for letter in office.sinks.dead("ops")]
        office.sinks.redrive("ops")
        committed(office.client, "d")
        office.delivers()

    assert reasons == [("a", "answered 410: not here"), ("b", "answered 400")]
    assert receiver.accepted_ids == ["c", "a", "b", "d"]


def test_a_crash_between_post_and_acknowledgement_posts_again_under_the_same_key(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """What happens to a process that is killed."""

    def die(*_: object) -> None:
        raise Killed

    with Receiver() as receiver:
        office.watches(ops=receiver)
        committed(office.client, "a", "b")
        with monkeypatch.context() as patch:
            patch.setattr(office.outbox, "acknowledge", die)
            patch.setattr(office.outbox, "end", die)
            with pytest.raises(Killed):
                office.delivers()
        assert office.delivers() == 0, "the dead one's lease holds"
        office.client.delete(f"{LEASE_PREFIX}ops")  # as the server does after seconds
        assert office.delivers() == 2

    keys = [delivery.headers["idempotency-key"] for delivery in receiver.deliveries]
    assert keys == ["a", "a", "b"]
    assert [delivery.body for delivery in receiver.deliveries[:2]] == [receiver.deliveries[0].body] * 2


def test_a_receiver_that_stalls_delays_no_other(office: Office) -> None:
    with Receiver(stall) as slow, Receiver() as quick:
        office.watches(slow=slow, quick=quick)
        committed(office.client, *"abc")
        stalled = threading.Thread(target=office.deliverer.deliver, args=("slow",))
        stalled.start()
        slow.wait_for(lambda receiver: receiver.deliveries)
        assert office.delivers("quick") == 3
        assert len(slow.deliveries) == 1
        stalled.join()

    assert quick.accepted_ids == ["a", "b", "c"]


def test_many_workers_deliver_each_event_once_and_in_order(office: Office) -> None:
    ids = [str(number) for number in range(100)]
    with Receiver() as receiver, ThreadPoolExecutor(8) as pool:
        office.watches(ops=receiver)
        committed(office.client, *ids)
        while sum(pool.map(office.deliverer.deliver, ["ops"] * 8)):
            pass

    assert receiver.accepted_ids == ids


def test_a_sink_without_its_key_waits_until_it_has_one(office: Office) -> None:
    with Receiver() as receiver:
        office.sinks.sync([webhook(url=receiver.url, secret_env="LATER", allow_private=True)])
        committed(office.client, "a")
        assert office.delivers() == 0
        (status,) = office.sinks.statuses()
        assert "secret_env names LATER, which is not set" in (status.last_error or "")

        office.sender._environ = {"LATER": SECRET}
        assert office.delivers() == 1

    assert receiver.accepted[0].is_signed_with(SECRET)


answers_of_a_receiver = st.lists(
    st.sampled_from(
        [
            ReceiverResponse(status=204),
            ReceiverResponse(status=503),
            ReceiverResponse(status=429, retry_after_s=9.0),
            ReceiverResponse(status=410),
        ]
    )
    | st.just(DOWN),
    max_size=30,
)


@given(answers_of_a_receiver, st.integers(0, 12))
def test_every_event_is_accepted_or_a_dead_letter_in_order(
    replies: list[ReceiverResponse | Exception], count: int
) -> None:
    client = fakeredis.FakeRedis()
    sinks, clock, sender = RedisSinks(client), FakeClock(), FakeSender(*replies)
    deliverer = Deliverer(RedisOutbox(client), sender, clock)
    sinks.sync([webhook()])
    ids = [str(number) for number in range(count)]
    committed(client, *ids)

    while sinks.statuses()[0].waiting:
        deliverer.deliver("ops")
        clock.passes(seconds=10)

    (status,) = sinks.statuses()
    dead = [letter.event.id for letter in sinks.dead("ops")]
    assert sorted([*sender.accepted, *dead], key=int) == ids
    assert sender.accepted == sorted(sender.accepted, key=int)
    assert dead == sorted(dead, key=int)
    assert (status.delivered, status.dead) == (len(sender.accepted), len(dead))
    client.close()
