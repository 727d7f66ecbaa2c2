"""The stream of events and the cursors of its readers: in a pretended data server and in a real one."""

from datetime import timedelta

import pytest
import redis

from tests.fakes import NOON, MemoryStream, event, provider
from tests.outbox import webhook
from tracker.delivery.event_stream import EventStream, Reported, order
from tracker.delivery.latency import MOST_TIMINGS, Timing
from tracker.detection.readability import read_until, recovered
from tracker.errors import StoreError
from tracker.model.channel import WebhookChannelConfig
from tracker.model.event import EventKind, PendingEvent
from tracker.model.route import Alerting
from tracker.polling.page_store import Commit
from tracker.store.alert_settings import RedisAlertSettings
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import AGAIN_PREFIX, ALERTS_GROUP, CURSORS, UPDATES, latency_key
from tracker.store.pages import RedisPages
from tracker.store.sinks import RedisSinks
from tracker.store.stream import RedisStream


class Outbox:
    """A stream, and the commits that write it."""

    def __init__(self, stream: EventStream, client: "redis.Redis | None") -> None:
        self.stream = stream
        self._client = client
        self._now = NOON
        if client is not None:
            RedisCatalogue(client).put([provider()], NOON)

    def commits(self, *event_ids: str) -> None:
        if isinstance(self.stream, MemoryStream):
            self.stream.append(*event_ids)
            return
        self._now += timedelta(minutes=1)
        pages = RedisPages(self._client)
        pending = tuple(PendingEvent(event=event(event_id), key=event_id) for event_id in event_ids)
        pages.commit(pages.begin("acme", self._now), Commit(pending=pending, checked_at=self._now))

    def ids(self, after: str = "0-0", count: int = 100) -> list[str]:
        return [entry.event.id for entry in self.stream.read(after, count)]

    def timings(self) -> list[Timing]:
        if isinstance(self.stream, MemoryStream):
            return self.stream.timings["acme"]
        (known,) = RedisCatalogue(self._client).timings(["acme"])
        return list(known)


def took(stream_id: str) -> Timing:
    return Timing(stream_id=stream_id, published_s=42.125, unseen_s=60.0, logged_s=0.25)


@pytest.fixture(params=["memory", "fakeredis", "valkey"])
def outbox(request: pytest.FixtureRequest) -> Outbox:
    """Any stream; the one in memory is what the tests of delivery rely on."""
    if request.param == "memory":
        return Outbox(MemoryStream(), None)
    client = request.getfixturevalue("fake_redis" if request.param == "fakeredis" else "valkey")
    return Outbox(RedisStream(client), client)


def test_events_are_read_in_the_order_of_their_commits_and_as_they_were_committed(outbox: Outbox) -> None:
    assert outbox.ids() == []
    outbox.commits("a", "b")
    outbox.commits("c")

    assert [entry.event for entry in outbox.stream.read("0-0", 100)] == [event("a"), event("b"), event("c")]


def test_a_stream_id_is_where_the_next_reading_begins(outbox: Outbox) -> None:
    outbox.commits("a", "b", "c")
    first = outbox.stream.read("0-0", 2)

    assert [entry.event.id for entry in first] == ["a", "b"]
    assert outbox.ids(after=first[0].stream_id) == ["b", "c"]
    assert outbox.ids(after=first[1].stream_id) == ["c"]


def test_every_sink_has_a_cursor_of_its_own(outbox: Outbox) -> None:
    assert outbox.stream.cursor("record") is None

    outbox.stream.save_cursor("record", "5-1")
    outbox.stream.save_cursor("console", "4-0")

    assert (outbox.stream.cursor("record"), outbox.stream.cursor("console")) == ("5-1", "4-0")


def test_what_is_trimmed_keeps_the_entry_that_is_named_and_all_after_it(outbox: Outbox) -> None:
    outbox.commits(*(str(number) for number in range(300)))
    entries = outbox.stream.read("0-0", 300)

    outbox.stream.trim(before=entries[250].stream_id)

    ids = outbox.ids(count=300)
    assert ids[-50:] == [str(number) for number in range(250, 300)]
    assert len(ids) < 300, "a server drops in blocks of a hundred"


def test_a_group_that_has_read_nothing_has_acknowledged_what_is_older_than_the_stream(client: "redis.Redis") -> None:
    outbox = Outbox(RedisStream(client), client)
    client.xgroup_create(UPDATES, "ops", "0", mkstream=True)
    assert outbox.stream.trim(before="0-0") == {"ops": "0-0"}

    outbox.commits("a", "b")
    first, last = (entry.stream_id for entry in outbox.stream.read("0-0", 2))
    settled = outbox.stream.trim(before=last)["ops"]

    assert order("0-0") < order(settled) < order(first)
    assert outbox.ids() == ["a", "b"]


def test_nothing_is_dropped_that_a_webhook_or_alerts_lost_their_group_for(client: "redis.Redis") -> None:
    outbox, sinks = Outbox(RedisStream(client), client), RedisSinks(client)
    sinks.sync([webhook("ops")])
    RedisAlertSettings(client).sync(Alerting(channels=(WebhookChannelConfig(name="chat", url="https://r.example"),)))
    client.delete(UPDATES)
    ids = [str(number) for number in range(300)]
    outbox.commits(*ids)

    settled = outbox.stream.trim(before=outbox.stream.read("0-0", 300)[-1].stream_id)

    assert outbox.ids(count=300) == ids
    assert {group["name"].decode() for group in client.xinfo_groups(UPDATES)} == {"ops", ALERTS_GROUP}
    assert settled.keys() == {"ops"}
    assert [status.waiting for status in sinks.statuses()] == [300]


def test_what_sinks_are_given_again_is_known_until_they_have_it(client: "redis.Redis") -> None:
    stream, lately = RedisStream(client), (event("b"),)
    RedisSinks(client).sync([webhook("ops"), webhook("other")])

    assert stream.redeliver({"ops": ()}, lately) == {"ops": (), "other": lately}
    assert list(stream.given_again(["ops", "other"])) == ["other"]
    client.delete(f"{AGAIN_PREFIX}other")
    assert not stream.given_again(["ops", "other"])


def test_it_is_known_when_a_page_was_polled_last(client: "redis.Redis") -> None:
    stream, pages = RedisStream(client), RedisPages(client)
    RedisCatalogue(client).put([provider()], NOON)
    assert stream.polled_at() is None
    for minute, pending in ((1, ()), (2, (PendingEvent(event=event("a")),))):
        now = NOON + timedelta(minutes=minute)
        pages.commit(pages.begin("acme", now), Commit(pending=pending, checked_at=now))

        assert stream.polled_at() == now


def test_a_page_that_could_not_be_read_before_a_loss_is_known_until_then(client: "redis.Redis") -> None:
    hour, zeta = timedelta(hours=1), provider(id="zeta", name="Zeta")
    RedisCatalogue(client).put([provider(), zeta], NOON)
    RedisStream(client).remind({"zeta": Reported(unreadable_at=NOON - hour)}, NOON, NOON)

    states = {each.id: RedisPages(client).begin(each.id, NOON).state for each in (provider(), zeta)}

    assert {name: state.known_until for name, state in states.items()} == {
        "acme": read_until(provider(), NOON, None, None),
        "zeta": read_until(zeta, NOON, NOON - hour, None),
    }
    # That it can be read again is reported, and that it cannot is not reported once more.
    reported = {name: [each.event.event for each in recovered(zeta, state, NOON)[1]] for name, state in states.items()}
    assert reported == {"acme": [], "zeta": [EventKind.PAGE_READABLE]}


def test_timings_are_saved_with_the_cursor(outbox: Outbox) -> None:
    outbox.stream.save_timings("record", "5-1", {"acme": [took("4-0"), took("5-1")]})

    assert outbox.stream.cursor("record") == "5-1"
    assert outbox.timings() == [took("4-0"), took("5-1")]


def test_of_each_page_the_newest_timings_are_kept(outbox: Outbox) -> None:
    ids = [f"{number}-0" for number in range(9990, 9990 + MOST_TIMINGS + 30)]
    for start in range(0, len(ids), 50):
        batch = ids[start : start + 50]
        outbox.stream.save_timings("record", batch[-1], {"acme": list(map(took, batch))})

    assert outbox.timings() == list(map(took, ids[-MOST_TIMINGS:]))


# --- in a data server ---


def test_timings_that_are_saved_twice_are_there_once(client: "redis.Redis") -> None:
    """The client repeats what it does not know to have arrived."""
    outbox = Outbox(RedisStream(client), client)
    for _ in range(2):
        outbox.stream.save_timings("record", "5-1", {"acme": [took("5-0"), took("5-1")]})

    assert outbox.timings() == [took("5-0"), took("5-1")]


def test_timings_of_a_page_that_was_removed_leave_nothing_behind(client: "redis.Redis") -> None:
    outbox = Outbox(RedisStream(client), client)
    outbox.stream.save_timings("record", "5-1", {"gone": [took("4-0")], "acme": [took("5-1")]})

    assert client.keys("tracker:latency:*") == [b"tracker:latency:acme"]


def test_timings_of_a_page_take_a_few_kilobytes(valkey: "redis.Redis") -> None:
    """A page keeps them for ever, and there may be ten thousand pages."""
    ids = [f"{1_763_876_401_123 + number}-{number}" for number in range(MOST_TIMINGS)]
    slow = [Timing(stream_id=name, published_s=86399.123, unseen_s=86400.123, logged_s=3600.123) for name in ids]
    Outbox(RedisStream(valkey), valkey).stream.save_timings("record", ids[-1], {"acme": slow})

    assert valkey.memory_usage(latency_key("acme")) < 10_000


@pytest.mark.parametrize("entry", [{"event": b'{"id":1}'}, {"other": b"x"}], ids=["no event", "no field for one"])
def test_an_entry_that_cannot_be_read_is_a_store_error(client: "redis.Redis", entry: dict[str, bytes]) -> None:
    client.xadd(UPDATES, entry)

    with pytest.raises(StoreError, match="cannot be read"):
        RedisStream(client).read("0-0", 10)


def test_an_event_of_a_later_version_is_read_without_what_is_new_in_it(client: "redis.Redis") -> None:
    outbox = Outbox(RedisStream(client), client)
    outbox.commits("a")
    ((_, fields),) = client.xrange(UPDATES)
    client.xadd(UPDATES, {"event": fields[b"event"][:-1] + b',"invented_later":1}', "beside": b"x"})

    assert [entry.event for entry in outbox.stream.read("0-0", 10)] == [event("a"), event("a")]


def test_another_type_under_our_keys_is_a_store_error(client: "redis.Redis") -> None:
    client.set(UPDATES, "not a stream")
    client.set(CURSORS, "not a hash")
    stream = RedisStream(client)

    for ask in (
        lambda: stream.read("0-0", 1),
        lambda: stream.cursor("record"),
        lambda: stream.save_cursor("record", "1-0"),
        lambda: stream.save_timings("record", "1-0", {}),
        lambda: stream.trim("1-0"),
    ):
        with pytest.raises(StoreError):
            ask()
