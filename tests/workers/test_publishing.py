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
from celery.contrib.testing.worker import start_worker
from celery.worker.request import Request
from hypothesis import given
from hypothesis import strategies as st
from kombu.transport.virtual import Message

from tests.fakes import NOON, FakeClock
from tests.workers.queues import waiting
from tracker.catalogue.names import LONGEST_ID
from tracker.model.clock import utc_now
from tracker.store.due_queue import Claim
from workers.publishing import LEAST_EXPIRY_S, FetchPublisher
from workers.tasks import fetch_provider

#: A bound for waiting, not an expectation.
PATIENCE_S = 30.0
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


@pytest.fixture
def publisher(app: Celery) -> FetchPublisher:
    assert app
    return FetchPublisher(fetch_provider)


def messages(client: "redis.Redis") -> list[dict[str, Any]]:
    """Return what waits in the queue of fetches, oldest first, and empty it."""
    raw = client.lrange("fetch", 0, -1)
    client.delete("fetch")
    return [json.loads(each) for each in reversed(raw)]


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
    producer: Any, publisher: FetchPublisher, valkey: "redis.Redis", clock: FakeClock, given: list[Claim]
) -> None:
    publisher.publish(producer, "fetch", given, clock())
    ours = messages(valkey)
    for each in given:
        fetch_provider.apply_async((each.provider_id,), expires=max(each.interval_s, LEAST_EXPIRY_S))
    theirs = messages(valkey)

    for mine, its in zip(ours, theirs, strict=True):
        assert taken(producer.channel, mine) == taken(producer.channel, its)


def test_a_message_says_nothing_that_goes_without_saying(
    producer: Any, publisher: FetchPublisher, valkey: "redis.Redis", clock: FakeClock
) -> None:
    publisher.publish(producer, "fetch", [claim()], clock())

    [raw] = valkey.lrange("fetch", 0, -1)
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
        with start_worker(app, pool="threads", concurrency=2, perform_ping_check=False, shutdown_timeout=PATIENCE_S):
            ran = sorted(received.get(timeout=PATIENCE_S) for _ in range(9))
    finally:
        app.tasks.unregister(plain)

    assert plain.Strategy == "celery.worker.strategy:default"
    assert ran == [f"p{number}" for number in range(9)]
    assert not valkey.exists("fetch", "unacked", "unacked_index")


def test_no_two_messages_share_an_id(
    producer: Any, publisher: FetchPublisher, valkey: "redis.Redis", clock: FakeClock
) -> None:
    for _ in range(2):
        publisher.publish(producer, "fetch", [claim()] * 200, clock())

    published = messages(valkey)
    ids = {message["headers"]["id"] for message in published}
    assert len(ids) == len({message["properties"]["delivery_tag"] for message in published}) == 400
    for each in ids:
        assert (str(UUID(each)), UUID(each).version, UUID(each).variant) == (each, 4, "specified in RFC 4122")


def test_many_messages_are_one_command(
    producer: Any, publisher: FetchPublisher, valkey: "redis.Redis", clock: FakeClock
) -> None:
    publisher.publish(producer, "fetch", [claim()], clock())
    valkey.config_resetstat()

    publisher.publish(producer, "fetch", [claim(f"p{number}") for number in range(500)], clock())

    sent = {name: stats["calls"] for name, stats in valkey.info("commandstats").items()}
    assert sent.pop("cmdstat_lpush") == 1
    assert set(sent) <= {"cmdstat_config|resetstat", "cmdstat_info"}
    assert [message.args for message in waiting(valkey, "fetch")[1:]] == [[f"p{number}"] for number in range(500)]


def test_what_the_first_message_was_made_from_is_not_published(
    producer: Any, publisher: FetchPublisher, valkey: "redis.Redis", clock: FakeClock
) -> None:
    publisher.publish(producer, "fetch", [claim()], clock())

    assert [message.args for message in waiting(valkey, "fetch")] == [["acme"]]


def test_fetches_go_where_celery_routes_them(
    app: Celery, valkey: "redis.Redis", clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.conf.task_routes, fetch_provider.name, {"queue": "deliver"})
    monkeypatch.setattr(app.amqp, "_rtable", None)
    monkeypatch.setitem(vars(app.amqp), "router", app.amqp.Router())
    publisher = FetchPublisher(fetch_provider)
    (queue,) = publisher.by_queue([claim()])
    with app.connection_for_write() as connection:
        publisher.publish(app.amqp.Producer(connection, auto_declare=False), queue, [claim()], clock())

    assert publisher.queues == (queue,) == ("deliver",)
    assert [message.args for message in waiting(valkey, "deliver")] == [["acme"]]


def test_a_broker_that_takes_no_batches_gets_one_message_after_another(
    app: Celery, publisher: FetchPublisher, valkey: "redis.Redis", clock: FakeClock
) -> None:
    options = {**app.conf.broker_transport_options, "retry_on_timeout": True}
    with app.connection_for_write(transport_options=options) as connection:
        producer = app.amqp.Producer(connection, auto_declare=False)
        publisher.publish(producer, "fetch", [claim("a", 1.0), claim("b", 60.0)], clock())

    lasting = {message.args[0]: (message.expires - clock()).total_seconds() for message in waiting(valkey, "fetch")}
    assert lasting == {"a": LEAST_EXPIRY_S, "b": 60.0}


def test_a_channel_that_was_closed_after_a_failure_is_opened_again(
    producer: Any, publisher: FetchPublisher, valkey: "redis.Redis", clock: FakeClock
) -> None:
    publisher.publish(producer, "fetch", [claim("a")], clock())
    producer.channel.close()

    publisher.publish(producer, "fetch", [claim("b")], clock())

    assert [list(message.args) for message in waiting(valkey, "fetch")] == [["a"], ["b"]]
