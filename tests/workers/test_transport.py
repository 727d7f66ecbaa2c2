"""kombu's transport with several messages a call: how many it takes, of which queues, and that it stays ours."""

import json
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from celery.worker import state
from kombu import Connection, Consumer, Exchange, Producer, Queue

from workers import transport
from workers.consumer import MOST_HINTS, MOST_TAKEN, wanted


@pytest.fixture(autouse=True)
def installed() -> None:
    transport.install()


@pytest.fixture
def connection(valkey: "redis.Redis", valkey_url: str, request: pytest.FixtureRequest) -> Iterator[Connection]:  # noqa: ARG001
    options = {"priority_steps": [0], **getattr(request, "param", {})}
    with Connection(valkey_url, transport_options=options) as connection:
        yield connection


def put(connection: Connection, *bodies: object) -> None:
    with connection.Producer(serializer="json") as producer:
        for body in bodies:
            producer.publish(body, routing_key="fetch", exchange="", declare=[Queue("fetch")])


def taken(connection: Connection, may_take: int, calls: int) -> list[list[Any]]:
    """Return the bodies that each of so many calls takes."""
    together: list[list[Any]] = []
    channel = connection.channel()
    channel.may_take = lambda: may_take
    queue = Queue("fetch", no_ack=True)
    with Consumer(channel, queue, no_ack=True, on_message=lambda message: together[-1].append(message.decode())):
        for _ in range(calls):
            together.append([])
            connection.drain_events(timeout=5)
    return together


@pytest.mark.parametrize(
    "connection", [{}, {"global_keyprefix": "mine:"}], indirect=True, ids=["plain", "with a prefix"]
)
def test_a_call_takes_as_many_as_are_wanted_the_oldest_first(connection: Connection) -> None:
    put(connection, *range(5))

    assert taken(connection, may_take=3, calls=2) == [[0, 1, 2], [3, 4]]


def test_keys_have_the_prefix(valkey: "redis.Redis", valkey_url: str) -> None:
    options = {"priority_steps": [0], "global_keyprefix": "mine:"}
    with Connection(valkey_url, transport_options=options) as connection:
        put(connection, "x")

        assert valkey.llen("mine:fetch") == 1


def test_what_is_no_message_is_dropped_and_what_came_with_it_is_not(
    connection: Connection, valkey: "redis.Redis", caplog: pytest.LogCaptureFixture
) -> None:
    put(connection, "first")
    sound = json.loads(valkey.lindex("fetch", 0))
    for odd in (b"{", b"[]", json.dumps({key: sound[key] for key in sound if key != "properties"}).encode()):
        valkey.lpush("fetch", odd)
    put(connection, "last")

    assert taken(connection, may_take=9, calls=1) == [["first", "last"]]
    assert [record.name for record in caplog.records] == ["workers.transport"] * 3


def test_an_answer_without_messages_leaves_the_channel_ready(connection: Connection) -> None:
    channel = connection.channel()
    channel.may_take = lambda: 2
    channel.brpop_timeout = 0.1
    heard: list[Any] = []
    with Consumer(channel, Queue("fetch", no_ack=True), no_ack=True, on_message=heard.append):
        channel.connection.cycle._register_BRPOP(channel)
        with pytest.raises(Empty):
            channel._brpop_read()

        assert not channel._in_poll


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("redis://a:1/0;redis://b:2/0", transport.Transport),
        ("rediss://a:1/0;rediss://b:2/0", transport.Transport),
        ("sentinel://a:1/0;sentinel://b:2/0", transport.SentinelTransport),
    ],
)
def test_the_transport_stays_with_the_next_address(address: str, expected: type) -> None:
    connection = Connection(address, ssl={"ssl_cert_reqs": None} if "rediss" in address else False)
    first, host = connection.get_transport_cls(), connection.hostname
    connection.maybe_switch_next()

    assert (first, connection.get_transport_cls()) == (expected, expected)
    assert connection.hostname != host
    assert expected.Channel.may_take is None


@pytest.mark.parametrize(
    ("slots", "taken_already", "hints", "others"),
    [(512, 0, MOST_HINTS, MOST_TAKEN), (512, 500, 6, MOST_TAKEN), (512, 509, 1, 3), (512, 511, 1, 1), (1, 0, 1, 1)],
)
def test_no_more_is_wanted_than_half_of_the_free_slots(
    slots: int, taken_already: int, hints: int, others: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = SimpleNamespace(num_processes=slots)
    monkeypatch.setattr(state, "reserved_requests", range(taken_already))

    assert wanted(pool, are_hints=True) == hints
    assert wanted(pool, are_hints=False) == others


def test_it_is_known_whether_anybody_hears_an_event(connection: Connection, valkey_url: str) -> None:
    exchange = Exchange("celeryev", type="fanout")
    channel = connection.channel()
    producer = Producer(channel, exchange)
    producer.publish([], routing_key="task.multi")
    alone = channel.heard_by
    with Connection(valkey_url) as other, other.channel() as listening:
        queue = Queue("listens", exchange, routing_key="#", auto_delete=True)
        with Consumer(listening, queue, no_ack=True, on_message=lambda _: None):
            with suppress(TimeoutError):
                other.drain_events(timeout=0.1)  # subscribes
            producer.publish([], routing_key="task.multi")

    assert (alone, channel.heard_by) == (0, 1)


@pytest.mark.parametrize("gone", ["connection", "its client"])
def test_a_channel_whose_connection_was_closed_by_another_thread_fails_as_one_that_is_away(
    valkey_url: str, gone: str
) -> None:
    with Connection(valkey_url) as connection:
        channel = connection.channel()
        channel._pool = None
        transport = channel.connection
        if gone == "connection":
            channel.connection = None
        else:
            client, transport.client = transport.client, None
        try:
            with pytest.raises(connection.connection_errors, match="closed meanwhile"):
                channel._put("print", {"body": "", "properties": {}})
        finally:
            channel.connection = transport
            if gone != "connection":
                transport.client = client


def test_a_message_that_cannot_be_acknowledged_keeps_no_slot_and_comes_again(
    connection: Connection, valkey: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    """One connection of the channel breaks alone, in the middle of the acknowledgement."""
    put(connection, "first", "second")
    channel = connection.channel()
    channel.basic_qos(0, 1, False)
    messages: list[Any] = []
    with Consumer(channel, Queue("fetch"), on_message=messages.append):
        connection.drain_events(timeout=5)
        with monkeypatch.context() as patch:
            patch.setattr(redis.connection.Connection, "send_packed_command", _is_reset)
            with pytest.raises(redis.ConnectionError):
                messages[0].ack()
        assert channel.qos.can_consume()
        connection.drain_events(timeout=5)
        messages[1].ack()

    assert [message.decode() for message in messages] == ["first", "second"]
    assert [json.loads(each)[0] for each in valkey.hvals("unacked")] == [messages[0]._raw]


def _is_reset(*_: Any, **__: Any) -> None:
    raise redis.ConnectionError("Connection reset by peer")
