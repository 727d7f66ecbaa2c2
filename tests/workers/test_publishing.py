"""Fetch messages against those of Celery's own publisher, in a real data server."""

import json
import queue
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import redis
from celery import Celery
from celery.app.task import Context
from celery.worker.request import Request
from hypothesis import given
from hypothesis import strategies as st
from kombu.transport.virtual import Message

from tests.fakes import NOON, FakeClock
from tests.patience import PATIENCE_S
from tests.workers.queues import waiting
from tests.workers.slots import worker
from tracker.catalogue.names import LONGEST_ID
from tracker.model.clock import utc_now
from tracker.store.due_queue import Claim
from workers.publishing import LEAST_EXPIRY_S, FetchPublisher
from workers.tasks import fetch_provider

#: What a running task can see of its message, and what of it is no two messages' or nobody asks for.
SEEN_BY_TASKS = {name for name, default in vars(Context).items() if name[0] != "_" and not callable(default)}
UNASKED = {"id", "root_id", "properties", "correlation_id", "reply_to", "origin", "timelimit", "ignore_result"}
UNASKED |= {"delivery_info", "expires", "time_limit", "soft_time_limit"}  # `taken` looks at what comes of these


def claim(provider_id: str = "acme", interval_s: float = 60.0) -> Claim:
    return Claim(provider_id=provider_id, interval_s=interval_s, due_at=NOON)


@pytest.fixture
def producer(app: Celery) -> Iterator[Any]:
    """A producer as beat has one."""
    with app.connection_for_write() as connection:
        yield app.amqp.Producer(connection, auto_declare=False)


class Outgoing:
    """A publisher of fetches, and the queue that it fills."""

    def __init__(self, producer: Any, client: "redis.Redis", clock: FakeClock) -> None:
        self.publisher = FetchPublisher(fetch_provider)
        self.producer, self.client, self.clock = producer, client, clock

    def publish(self, *claims: Claim) -> None:
        self.publisher.publish(self.producer, "fetch", claims, self.clock())

    def taken(self) -> list[dict[str, Any]]:
        """Return what waits in the queue of fetches, oldest first, and empty it."""
        raw = self.client.lrange("fetch", 0, -1)
        self.client.delete("fetch")
        return [json.loads(each) for each in reversed(raw)]

    @property
    def waiting(self) -> list[str]:
        """Return the pages whose fetches wait."""
        return [message.args[0] for message in waiting(self.client, "fetch")]


@pytest.fixture
def outgoing(producer: Any, valkey: "redis.Redis", clock: FakeClock) -> Outgoing:
    return Outgoing(producer, valkey, clock)


def taken(channel: Any, message: dict[str, Any]) -> dict[str, Any]:
    """Return what Celery's own request makes of a message, but for ids."""
    request = Request(Message(message, channel=channel), app=fetch_provider.app, task=fetch_provider)
    assert request.id == message["headers"]["id"]
    context = Context(request.request_dict)
    hard_s, soft_s = request.time_limits
    return {
        **{name: getattr(context, name) or None for name in SEEN_BY_TASKS - UNASKED},
        "name": request.name,
        "argsrepr": request.argsrepr,
        "expires": request.expires,
        "embedded": (request.chord, request.errbacks),
        "limits": (hard_s or fetch_provider.time_limit, soft_s or fetch_provider.soft_time_limit),
        "ignores its result": request.ignore_result,
        "delivery": {**request.delivery_info, "priority": request.delivery_info["priority"] or 0},
    }


claims = st.builds(
    claim,
    st.text(min_size=1, max_size=LONGEST_ID)
    | st.sampled_from(["it's", '"', "%(id)s", "%", "\\", "é\n\0", "')", "\U0001f4a5"]),
    st.sampled_from([1, 1.0, 2, 30, 59.999, 60.0, 86400]),
)


@given(st.lists(claims, min_size=1, max_size=4))
def test_celery_takes_a_message_for_what_its_own_publisher_would_have_sent(
    outgoing: Outgoing, given: list[Claim]
) -> None:
    outgoing.publish(*given)
    ours = outgoing.taken()
    for each in given:
        fetch_provider.apply_async((each.provider_id,), expires=max(each.interval_s, LEAST_EXPIRY_S))
    theirs = outgoing.taken()

    channel = outgoing.producer.channel
    for mine, its in zip(ours, theirs, strict=True):
        assert taken(channel, mine) == taken(channel, its)


def test_a_message_says_nothing_that_goes_without_saying(outgoing: Outgoing) -> None:
    outgoing.publish(claim())

    [raw] = outgoing.client.lrange("fetch", 0, -1)
    message = json.loads(raw)
    assert set(message["headers"]) == {"id", "task", "expires", "argsrepr"}
    assert set(message["properties"]) == {"delivery_tag", "delivery_info", "body_encoding"}
    assert (message["content-type"], message["content-encoding"]) == ("application/json", "utf-8")
    assert len(raw) < 420


def test_a_worker_with_threads_and_celerys_own_strategy_runs_what_is_published(
    app: Celery, producer: Any, valkey: "redis.Redis"
) -> None:
    received: queue.SimpleQueue[str] = queue.SimpleQueue()

    def receive(provider_id: str) -> None:
        received.put(provider_id)

    plain = app.task(receive, name="tests.workers.plain", shared=False, lazy=False)
    try:
        claims = [claim(f"p{number}", 3600.0) for number in range(9)]
        FetchPublisher(plain).publish(producer, "fetch", claims, utc_now())
        with worker(app, 2, "threads"):
            ran = sorted(received.get(timeout=PATIENCE_S) for _ in range(9))
    finally:
        app.tasks.unregister(plain)

    assert plain.Strategy == "celery.worker.strategy:default"
    assert ran == [f"p{number}" for number in range(9)]
    assert not valkey.exists("fetch", "unacked", "unacked_index")


def test_no_two_messages_share_an_id(outgoing: Outgoing) -> None:
    for _ in range(2):
        outgoing.publish(*[claim()] * 200)

    published = outgoing.taken()
    ids = {message["headers"]["id"] for message in published}
    assert len(ids) == len({message["properties"]["delivery_tag"] for message in published}) == 400
    for each in ids:
        assert (str(UUID(each)), UUID(each).version, UUID(each).variant) == (each, 4, "specified in RFC 4122")


def test_many_messages_are_one_command_and_none_is_what_the_first_was_made_from(outgoing: Outgoing) -> None:
    outgoing.publish(claim())
    assert outgoing.waiting == ["acme"]
    outgoing.client.config_resetstat()

    outgoing.publish(*(claim(f"p{number}") for number in range(500)))

    sent = {name: stats["calls"] for name, stats in outgoing.client.info("commandstats").items()}
    assert sent.pop("cmdstat_lpush") == 1
    assert set(sent) <= {"cmdstat_config|resetstat", "cmdstat_info"}
    assert outgoing.waiting[1:] == [f"p{number}" for number in range(500)]


def test_fetches_go_where_celery_routes_them(app: Celery, outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.conf.task_routes, fetch_provider.name, {"queue": "deliver"})
    monkeypatch.setattr(app.amqp, "_rtable", None)
    monkeypatch.setitem(vars(app.amqp), "router", app.amqp.Router())
    publisher = FetchPublisher(fetch_provider)
    (queue,) = publisher.by_queue([claim()])
    publisher.publish(outgoing.producer, queue, [claim()], outgoing.clock())

    assert publisher.queues == (queue,) == ("deliver",)
    assert [message.args for message in waiting(outgoing.client, "deliver")] == [["acme"]]


def test_a_broker_that_takes_no_batches_gets_one_message_after_another(app: Celery, outgoing: Outgoing) -> None:
    options = {**app.conf.broker_transport_options, "retry_on_timeout": True}
    with app.connection_for_write(transport_options=options) as connection:
        outgoing.producer = app.amqp.Producer(connection, auto_declare=False)
        outgoing.publish(claim("a", 1.0), claim("b", 60.0))

    messages, now = waiting(outgoing.client, "fetch"), outgoing.clock()
    lasting = {message.args[0]: (message.expires - now).total_seconds() for message in messages}
    assert lasting == {"a": LEAST_EXPIRY_S, "b": 60.0}


def test_a_channel_that_was_closed_after_a_failure_is_opened_again(outgoing: Outgoing) -> None:
    outgoing.publish(claim("a"))
    outgoing.producer.channel.close()

    outgoing.publish(claim("b"))

    assert outgoing.waiting == ["a", "b"]
