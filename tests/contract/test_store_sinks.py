"""Sinks that come and go, how each does, and what the stream keeps for them: pretended data server and real one."""

from datetime import UTC, datetime, timedelta

import pytest
import redis

from tests.fakes import NOON, event
from tests.outbox import DEAD_LETTER, WAIT, committed, webhook
from tracker.delivery.retry_policy import Accepted, FailureStreak
from tracker.model.event import encode_event
from tracker.model.provider import Webhook
from tracker.store import stream as streams
from tracker.store.connection import SINKS, UPDATES
from tracker.store.outbox import RedisOutbox
from tracker.store.sinks import RedisSinks, SinkStatus
from tracker.store.stream import RedisStream
from tracker.store.sync import Synced

OPS, CHAT = webhook("ops"), webhook("chat", url=None, url_env="CHAT_URL")


@pytest.fixture
def sinks(client: "redis.Redis") -> RedisSinks:
    return RedisSinks(client)


@pytest.fixture
def outbox(client: "redis.Redis") -> RedisOutbox:
    return RedisOutbox(client)


def acknowledge(outbox: RedisOutbox, sink: str, count: int, disposition: object = None, now: datetime = NOON) -> None:
    """Settle the next events of a sink."""
    lease = outbox.begin(sink, now)
    for delivery in outbox.take(lease, count):
        outbox.acknowledge(lease, delivery, disposition or Accepted(), now)
    outbox.end(lease)


def status_of(sinks: RedisSinks, name: str = "ops") -> SinkStatus:
    return next(status for status in sinks.statuses() if status.webhook.name == name)


def kept(client: "redis.Redis") -> list[str]:
    return [entry.event.id for entry in RedisStream(client).read("0-0", 1000)]


# --- they come and go ---


def test_sinks_are_listed_by_name(sinks: RedisSinks) -> None:
    assert sinks.sync([OPS, CHAT]) == Synced(added=2, changed=0, removed=0)
    assert sinks.webhooks() == (CHAT, OPS)


def test_the_same_file_again_changes_nothing(client: "redis.Redis", sinks: RedisSinks) -> None:
    sinks.sync([OPS])
    committed(client, "a")

    assert sinks.sync([OPS]) == Synced(added=0, changed=0, removed=0)
    assert status_of(sinks).waiting == 1


def test_a_changed_sink_keeps_what_waits_for_it(client: "redis.Redis", sinks: RedisSinks) -> None:
    sinks.sync([OPS])
    committed(client, "a")
    changed = webhook("ops", providers=("acme",))

    assert sinks.sync([changed]) == Synced(added=0, changed=1, removed=0)
    assert sinks.webhooks() == (changed,)
    assert status_of(sinks).waiting == 1


def test_a_sink_that_is_gone_leaves_nothing_behind(
    client: "redis.Redis", sinks: RedisSinks, outbox: RedisOutbox
) -> None:
    sinks.sync([CHAT])
    before = set(client.keys())
    sinks.sync([CHAT, OPS])
    committed(client, "a", "b")
    acknowledge(outbox, "ops", 1, DEAD_LETTER)
    sinks.redrive("ops")
    acknowledge(outbox, "ops", 1, DEAD_LETTER)
    outbox.begin("ops", NOON)

    assert sinks.sync([CHAT]) == Synced(added=0, changed=0, removed=1)
    assert set(client.keys()) == before
    assert [group["name"] for group in client.xinfo_groups(UPDATES)] == [b"chat"]


def test_a_new_sink_begins_with_what_comes_from_now_on(client: "redis.Redis", sinks: RedisSinks) -> None:
    committed(client, "before")
    sinks.sync([OPS])
    committed(client, "after")
    outbox = RedisOutbox(client)

    lease = outbox.begin("ops", NOON)

    assert [delivery.event for delivery in outbox.take(lease, 10)] == [event("after")]


def test_a_sync_without_a_sink_does_not_make_a_stream(client: "redis.Redis", sinks: RedisSinks) -> None:
    assert sinks.sync([]) == Synced(added=0, changed=0, removed=0)
    assert client.keys() == []


def test_a_sync_ends_the_pause_of_a_sink(client: "redis.Redis", sinks: RedisSinks, outbox: RedisOutbox) -> None:
    sinks.sync([OPS])
    committed(client, "a")
    acknowledge(outbox, "ops", 1, WAIT)
    assert outbox.begin("ops", NOON) is None

    sinks.sync([OPS])

    assert outbox.begin("ops", NOON) is not None


def test_a_sink_of_version_1_is_still_read(client: "redis.Redis", sinks: RedisSinks) -> None:
    client.hset(
        SINKS,
        "ops",
        b'1{"name":"ops","url":null,"url_env":"OPS_URL","secret_env":"OPS_SECRET","providers":["openai"],'
        b'"events":["new_incident"],"allow_private":true}',
    )

    assert sinks.webhooks() == (
        Webhook(
            name="ops",
            url_env="OPS_URL",
            secret_env="OPS_SECRET",
            providers=("openai",),
            events=("new_incident",),
            allow_private=True,
        ),
    )


# --- how they do ---


def test_a_new_sink_has_nothing_to_report(sinks: RedisSinks) -> None:
    sinks.sync([OPS])

    assert sinks.statuses() == (SinkStatus(webhook=OPS, streak=FailureStreak()),)
    assert sinks.ready(NOON) == ()


def test_without_sinks_there_is_nothing_to_do(sinks: RedisSinks) -> None:
    assert (sinks.statuses(), sinks.ready(NOON)) == ((), ())


def test_what_waits_is_counted(client: "redis.Redis", sinks: RedisSinks, outbox: RedisOutbox) -> None:
    committed(client, "before")
    sinks.sync([OPS, CHAT])
    committed(client, *"abcde")
    acknowledge(outbox, "ops", 2)
    lease = outbox.begin("ops", NOON)
    outbox.take(lease, 1)

    assert [status.waiting for status in sinks.statuses()] == [5, 3]
    assert sinks.ready(NOON) == ("chat", "ops")


def test_what_was_delivered_refused_and_postponed_is_reported(
    client: "redis.Redis", sinks: RedisSinks, outbox: RedisOutbox
) -> None:
    sinks.sync([OPS])
    committed(client, *"abc")
    acknowledge(outbox, "ops", 1)
    acknowledge(outbox, "ops", 1, DEAD_LETTER, NOON + timedelta(seconds=1))
    acknowledge(outbox, "ops", 1, WAIT, NOON + timedelta(seconds=1.5))

    assert status_of(sinks) == SinkStatus(
        webhook=OPS,
        streak=WAIT.streak,
        waiting=1,
        dead=1,
        delivered=1,
        not_before=WAIT.not_before,
        last_delivered_at=NOON,
        last_error="answered 503",
        last_error_at=NOON + timedelta(seconds=1.5),
    )


def test_a_sink_that_waits_for_its_receiver_is_not_ready(
    client: "redis.Redis", sinks: RedisSinks, outbox: RedisOutbox
) -> None:
    sinks.sync([OPS])
    committed(client, "a")
    acknowledge(outbox, "ops", 1, WAIT)

    assert sinks.ready(WAIT.not_before - timedelta(milliseconds=1)) == ()
    assert sinks.ready(WAIT.not_before) == ("ops",)


def test_dead_letters_are_reported_and_put_back_at_once(
    client: "redis.Redis", sinks: RedisSinks, outbox: RedisOutbox
) -> None:
    sinks.sync([OPS])
    committed(client, *"abc")
    acknowledge(outbox, "ops", 2, DEAD_LETTER)
    acknowledge(outbox, "ops", 1, WAIT)
    died_after = datetime.now(UTC) - timedelta(minutes=1)

    letters = sinks.dead("ops")
    assert [(letter.event, letter.reason) for letter in letters] == [(event(one), "answered 410") for one in "ab"]
    assert all(letter.died_at > died_after for letter in letters)
    assert sinks.redrive("ops") == 2
    assert (sinks.dead("ops"), sinks.redrive("ops")) == ([], 0)
    assert (status_of(sinks).waiting, status_of(sinks).dead) == (3, 0)
    assert sinks.ready(NOON) == ("ops",), "somebody said now"


# --- what the stream keeps for them ---


def committed_in_blocks(client: "redis.Redis", count: int) -> list[str]:
    """Fill the stream so that a server, which drops in blocks of a hundred, can drop some; return the stream ids."""
    with client.pipeline(transaction=False) as pipe:
        for number in range(count):
            pipe.xadd(UPDATES, {"event": encode_event(event(str(number)))})
        return [stream_id.decode() for stream_id in pipe.execute()]


def test_what_a_sink_has_not_read_is_not_dropped(client: "redis.Redis", sinks: RedisSinks) -> None:
    sinks.sync([OPS])
    ids = committed_in_blocks(client, 300)

    RedisStream(client).trim(before=ids[-1])

    assert len(kept(client)) == 300


def test_what_a_sink_has_not_acknowledged_is_not_dropped(
    client: "redis.Redis", sinks: RedisSinks, outbox: RedisOutbox
) -> None:
    sinks.sync([OPS, CHAT])
    ids = committed_in_blocks(client, 300)
    acknowledge(outbox, "ops", 300)
    lease = outbox.begin("chat", NOON)
    for delivery in outbox.take(lease, 300)[:120]:
        outbox.acknowledge(lease, delivery, Accepted(), NOON)

    RedisStream(client).trim(before=ids[-1])

    assert "120" in kept(client)
    assert "0" not in kept(client)


def test_what_all_sinks_have_goes_as_far_as_the_record(
    client: "redis.Redis", sinks: RedisSinks, outbox: RedisOutbox
) -> None:
    sinks.sync([OPS])
    ids = committed_in_blocks(client, 300)
    acknowledge(outbox, "ops", 300)

    RedisStream(client).trim(before=ids[250])

    assert kept(client)[-50:] == [str(number) for number in range(250, 300)]
    assert "0" not in kept(client)


def test_a_full_stream_drops_what_a_dead_sink_holds_back_and_says_so(
    client: "redis.Redis", sinks: RedisSinks, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(streams, "MOST_ENTRIES", 200)
    sinks.sync([OPS])
    ids = committed_in_blocks(client, 300)

    RedisStream(client).trim(before=ids[-1])

    assert kept(client) == [str(number) for number in range(100, 300)]
    assert "dropped 100 events not taken by these sinks: ops" in caplog.text
    assert status_of(sinks).waiting == 200


def test_a_full_stream_drops_nothing_that_is_not_on_record(
    client: "redis.Redis", sinks: RedisSinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_ENTRIES", 200)
    sinks.sync([OPS])
    ids = committed_in_blocks(client, 300)

    RedisStream(client).trim(before=ids[10])

    assert kept(client) == [str(number) for number in range(10, 300)]


def test_a_sink_goes_on_after_what_was_dropped(
    client: "redis.Redis", sinks: RedisSinks, outbox: RedisOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_ENTRIES", 2)
    sinks.sync([OPS])
    committed(client, *"abcd")
    lease = outbox.begin("ops", NOON)
    outbox.take(lease, 1)
    RedisStream(client).trim(before=RedisStream(client).read("0-0", 1000)[-1].stream_id)

    deliveries = outbox.take(lease, 10)
    assert [delivery.event for delivery in deliveries] == [None]
    outbox.pass_over(lease, deliveries)
    outbox.end(lease)
    acknowledge(outbox, "ops", 10)

    assert status_of(sinks).waiting == 0
    assert sinks.ready(NOON) == ()
