"""Fetch messages against those of Celery's own publisher, in a real data server."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import redis
from celery import Celery
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import NOON, FakeClock
from tests.workers.queues import waiting
from tracker.catalogue.names import LONGEST_ID
from tracker.store.catalogue import Claim
from workers.publishing import LEAST_EXPIRY_S, FetchPublisher
from workers.tasks import fetch_provider

#: Fields that no two messages share, as (part of the message, name).
OWN = [("headers", "id"), ("headers", "root_id"), ("properties", "correlation_id"), ("properties", "delivery_tag")]


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


def shared(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message without what is its own, in the order of its fields."""
    parts = {name: list(part.items()) if isinstance(part, dict) else part for name, part in message.items()}
    for part, name in OWN:
        parts[part] = [(field, None if field == name else value) for field, value in parts[part]]
    return {**parts, "body": json.loads(base64.b64decode(message["body"]))}


claims = st.builds(
    claim,
    st.text(min_size=1, max_size=LONGEST_ID)
    | st.sampled_from(["it's", '"', "%(id)s", "%", "\\", "é\n\0", "')", "\U0001f4a5"]),
    st.sampled_from([1, 1.0, 2, 30, 59.999, 60.0, 86400]),
)


@given(st.lists(claims, min_size=1, max_size=4))
def test_a_message_is_what_celery_itself_would_have_published(
    producer: Any, publisher: FetchPublisher, valkey: "redis.Redis", clock: FakeClock, given: list[Claim]
) -> None:
    publisher.publish(producer, "fetch", given, clock())
    ours = messages(valkey)
    for each in given:
        fetch_provider.apply_async((each.provider_id,), expires=max(each.interval_s, LEAST_EXPIRY_S))
    theirs = messages(valkey)

    assert [list(message) for message in ours] == [list(message) for message in theirs]
    assert [shared(message) for message in ours] == [shared(message) for message in theirs]
    for message in ours:
        (task_id,) = {message[part][name] for part, name in OWN[:3]}
        assert task_id != message["properties"]["delivery_tag"]


def test_no_two_messages_share_an_id(
    producer: Any, publisher: FetchPublisher, valkey: "redis.Redis", clock: FakeClock
) -> None:
    for _ in range(2):
        publisher.publish(producer, "fetch", [claim()] * 200, clock())

    published = messages(valkey)
    ids = {message[part][name] for message in published for part, name in OWN}
    assert len(ids) == 2 * len(published) == 800
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
