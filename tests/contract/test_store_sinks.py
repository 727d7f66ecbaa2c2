"""Sinks that come and go, how each does, and what the stream keeps for them: pretended data server and real one."""

from datetime import UTC, datetime, timedelta

import pytest
import redis

from tests.fakes import NOON, event
from tests.outbox import DEAD_LETTER, WAIT, committed, webhook
from tracker.delivery.retry_policy import LONGEST_DELAY_S, Accepted, FailureStreak
from tracker.model.event import encode_event
from tracker.model.provider import Webhook
from tracker.store import stream as streams
from tracker.store.connection import SINK_PREFIX, SINKS, UPDATES
from tracker.store.outbox import RedisOutbox
from tracker.store.sinks import RedisSinks, SinkStatus
from tracker.store.stream import RedisStream
from tracker.store.sync import Synced

OPS, CHAT = webhook("ops"), webhook("chat", url=None, url_env="CHAT_URL")


class Sinks(RedisSinks):
    """Sinks in a data server, and what is delivered to them."""

    def __init__(self, client: "redis.Redis") -> None:
        super().__init__(client)
        self.client = client
        self.outbox, self.stream = RedisOutbox(client), RedisStream(client)

    def acknowledge(self, sink: str, count: int, disposition: object = None, now: datetime = NOON) -> None:
        """Acknowledge the next events of a sink."""
        lease = self.outbox.begin(sink, now)
        for delivery in self.outbox.take(lease, count):
            self.outbox.acknowledge(lease, delivery, disposition or Accepted(), now)
        self.outbox.end(lease)

    def status(self, name: str = "ops") -> SinkStatus:
        return next(status for status in self.statuses() if status.webhook.name == name)

    def kept(self) -> list[str]:
        """Return the ids of the events that the stream holds."""
        return [entry.event.id for entry in self.stream.read("0-0", 1000)]

    def filled(self, count: int = 300) -> list[str]:
        """Fill the stream so that a server, which drops a hundred at a time, can drop some; return the stream ids."""
        with self.client.pipeline(transaction=False) as pipe:
            for number in range(count):
                pipe.xadd(UPDATES, {"event": encode_event(event(str(number)))})
            return [stream_id.decode() for stream_id in pipe.execute()]


@pytest.fixture
def sinks(client: "redis.Redis") -> Sinks:
    return Sinks(client)


@pytest.fixture
def ops(sinks: Sinks) -> Sinks:
    """The sinks, of which there is one."""
    sinks.sync([OPS])
    return sinks


# --- they come and go ---


def test_sinks_are_listed_by_name(sinks: Sinks) -> None:
    assert (sinks.statuses(), sinks.ready(NOON)) == ((), ())
    assert sinks.sync([OPS, CHAT]) == Synced(added=2, changed=0, removed=0)
    assert sinks.webhooks() == (CHAT, OPS)


@pytest.mark.parametrize(("entry", "is_changed"), [(OPS, False), (webhook("ops", providers=("acme",)), True)])
def test_a_sink_that_is_synced_again_keeps_what_waits_for_it(ops: Sinks, entry: Webhook, *, is_changed: bool) -> None:
    committed(ops.client, "a")

    assert ops.sync([entry]) == Synced(added=0, changed=int(is_changed), removed=0)
    assert ops.webhooks() == (entry,)
    assert ops.status().waiting == 1


def test_a_sink_that_is_gone_leaves_nothing_behind(sinks: Sinks) -> None:
    client = sinks.client
    sinks.sync([CHAT])
    before = set(client.keys())
    sinks.sync([CHAT, OPS])
    committed(client, "a", "b")
    sinks.acknowledge("ops", 1, DEAD_LETTER)
    sinks.redrive("ops")
    sinks.acknowledge("ops", 1, DEAD_LETTER)
    sinks.outbox.begin("ops", NOON)

    assert sinks.sync([CHAT]) == Synced(added=0, changed=0, removed=1)
    assert set(client.keys()) == before
    assert [group["name"] for group in client.xinfo_groups(UPDATES)] == [b"chat"]


def test_a_new_sink_begins_with_what_comes_from_now_on(sinks: Sinks) -> None:
    committed(sinks.client, "before")
    sinks.sync([OPS])
    assert sinks.statuses() == (SinkStatus(webhook=OPS, streak=FailureStreak()),)
    assert sinks.ready(NOON) == ()
    committed(sinks.client, "after")

    lease = sinks.outbox.begin("ops", NOON)

    assert [delivery.event for delivery in sinks.outbox.take(lease, 10)] == [event("after")]


def test_a_sync_without_a_sink_does_not_make_a_stream(sinks: Sinks) -> None:
    assert sinks.sync([]) == Synced(added=0, changed=0, removed=0)
    assert sinks.client.keys() == []


def test_a_sink_that_waits_for_its_receiver_is_not_ready_until_then_or_until_a_sync(ops: Sinks) -> None:
    committed(ops.client, "a")
    ops.acknowledge("ops", 1, WAIT)
    assert ops.ready(WAIT.not_before - timedelta(milliseconds=1)) == ()
    assert ops.ready(WAIT.not_before) == ("ops",)
    assert ops.outbox.begin("ops", NOON) is None

    ops.sync([OPS])

    assert ops.outbox.begin("ops", NOON) is not None


@pytest.mark.parametrize(
    ("ahead", "is_served"),
    [(timedelta(seconds=LONGEST_DELAY_S), False), (timedelta(hours=5), True), (timedelta(days=3650), True)],
)
def test_a_pause_that_a_wrong_clock_wrote_ends_with_the_clock_that_is_right(
    ops: Sinks, ahead: timedelta, *, is_served: bool
) -> None:
    committed(ops.client, "a")
    ops.client.hset(f"{SINK_PREFIX}ops", "not_before", (NOON + ahead).timestamp())

    assert (ops.ready(NOON) == ("ops",)) is is_served
    assert (ops.outbox.begin("ops", NOON) is not None) is is_served


def test_a_sink_of_version_1_is_still_read(sinks: Sinks) -> None:
    sinks.client.hset(
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


def test_what_waits_is_counted(sinks: Sinks) -> None:
    committed(sinks.client, "before")
    sinks.sync([OPS, CHAT])
    committed(sinks.client, *"abcde")
    sinks.acknowledge("ops", 2)
    sinks.outbox.take(sinks.outbox.begin("ops", NOON), 1)

    assert [status.waiting for status in sinks.statuses()] == [5, 3]
    assert sinks.ready(NOON) == ("chat", "ops")


def test_what_was_delivered_refused_and_postponed_is_reported(ops: Sinks) -> None:
    committed(ops.client, *"abc")
    ops.acknowledge("ops", 1)
    ops.acknowledge("ops", 1, DEAD_LETTER, NOON + timedelta(seconds=1))
    ops.acknowledge("ops", 1, WAIT, NOON + timedelta(seconds=1.5))

    assert ops.status() == SinkStatus(
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


def test_dead_letters_are_reported_and_put_back_at_once(ops: Sinks) -> None:
    committed(ops.client, *"abc")
    ops.acknowledge("ops", 2, DEAD_LETTER)
    ops.acknowledge("ops", 1, WAIT)
    died_after = datetime.now(UTC) - timedelta(minutes=1)

    letters = ops.dead("ops")
    assert [(letter.event, letter.reason) for letter in letters] == [(event(one), "answered 410") for one in "ab"]
    assert all(letter.died_at > died_after for letter in letters)
    assert ops.redrive("ops") == 2
    assert (ops.dead("ops"), ops.redrive("ops")) == ([], 0)
    assert (ops.status().waiting, ops.status().dead) == (3, 0)
    assert ops.ready(NOON) == ("ops",), "somebody said now"


# --- what the stream keeps for them ---


def test_what_a_sink_has_not_read_is_not_dropped(ops: Sinks) -> None:
    ops.stream.trim(before=ops.filled()[-1])

    assert len(ops.kept()) == 300


def test_what_a_sink_has_not_acknowledged_is_not_dropped(sinks: Sinks) -> None:
    sinks.sync([OPS, CHAT])
    ids = sinks.filled()
    sinks.acknowledge("ops", 300)
    sinks.acknowledge("chat", 120)

    sinks.stream.trim(before=ids[-1])

    assert "120" in sinks.kept()
    assert "0" not in sinks.kept()


def test_what_all_sinks_have_goes_as_far_as_the_record(ops: Sinks) -> None:
    ids = ops.filled()
    ops.acknowledge("ops", 300)

    ops.stream.trim(before=ids[250])

    assert ops.kept()[-50:] == [str(number) for number in range(250, 300)]
    assert "0" not in ops.kept()


@pytest.mark.parametrize(("recorded", "first_kept"), [(299, 100), (10, 10)])
def test_a_full_stream_drops_what_a_dead_sink_holds_back_as_far_as_it_is_on_record_and_says_so(
    ops: Sinks, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, recorded: int, first_kept: int
) -> None:
    monkeypatch.setattr(streams, "MOST_ENTRIES", 200)

    ops.stream.trim(before=ops.filled()[recorded])

    assert ops.kept() == [str(number) for number in range(first_kept, 300)]
    assert f"dropped {first_kept} events not taken by these sinks: ops" in caplog.text
    assert ops.status().waiting == 300 - first_kept


def test_a_sink_goes_on_after_what_was_dropped(ops: Sinks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_ENTRIES", 2)
    committed(ops.client, *"abcd")
    lease = ops.outbox.begin("ops", NOON)
    ops.outbox.take(lease, 1)
    ops.stream.trim(before=ops.stream.read("0-0", 1000)[-1].stream_id)

    deliveries = ops.outbox.take(lease, 10)
    assert [delivery.event for delivery in deliveries] == [None]
    ops.outbox.pass_over(lease, deliveries)
    ops.outbox.end(lease)
    ops.acknowledge("ops", 10)

    assert ops.status().waiting == 0
    assert ops.ready(NOON) == ()
