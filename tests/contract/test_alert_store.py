"""Alerts in a real data server: decided exactly once, sent by one at a time, kept for as long as they are needed."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from datetime import time as time_of_day
from typing import Any

import pytest
import redis

from tests.fakes import NOON, FakeClock
from tests.unit.alerting.stories import an_event
from tracker.alerting.alert import AlertState
from tracker.alerting.backtest import Replay
from tracker.alerting.channel import Message, Operation
from tracker.alerting.decider import ABSENT_FOR, FAILS_FOR, Decider
from tracker.alerting.desk import Desk
from tracker.alerting.facts import AlertPosition
from tracker.alerting.row import SentRow
from tracker.alerting.rules import rules_of
from tracker.alerting.sender import Sender
from tracker.alerting.stores import ChannelMark, Decided
from tracker.delivery.event_stream import RECORD
from tracker.errors import ChannelFailed, ChannelRefused, Conflict, FetchTimeout, HttpStatusError
from tracker.model.channel import WebhookChannelConfig
from tracker.model.event import Event, encode_event
from tracker.model.page import Impact
from tracker.model.provider import Provider
from tracker.model.route import Alerting, QuietHours, Route, Silence
from tracker.store.alert_journal import RedisJournalStore
from tracker.store.alert_rows import RedisRows
from tracker.store.alerts import RedisAlerts
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import (
    ALERTING,
    ALERTS_FACTS,
    ALERTS_GROUP,
    ALERTS_OPEN,
    ALERTS_OVER,
    CHANNEL_DEAD_PREFIX,
    CHANNEL_ROWS_PREFIX,
    PREFIX,
    UPDATES,
)
from tracker.store.measures import RedisMeasures
from tracker.store.stream import RedisStream
from tracker.supervise.commands import DELIVERIES


class FakeChannel:
    """A channel that takes what it is sent, unless a test says otherwise, and says what it took."""

    sends_every_update = False
    resend_every: timedelta | None = None

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.doubts: list[bool] = []
        self.handles: list[str | None] = []
        self.next: list[Exception] = []

    def send(self, message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        if self.next:
            raise self.next.pop(0)
        self.taken.append(message)
        self.doubts.append(in_doubt)
        self.handles.append(handle)
        return handle or f"handle of {message.key}"

    @property
    def acts(self) -> list[tuple[str, int]]:
        return [(message.act.value, message.version) for message in self.taken]


class Bench:
    """A tracker's alerts over a real data server, with channels that stand by."""

    def __init__(self, client: "redis.Redis", names: Sequence[str] = ("chat", "mail"), pages: int = 1) -> None:
        self.client = client
        self.clock = FakeClock()
        self.store, self.rows = RedisAlerts(client), RedisRows(client)
        self.channels = {name: FakeChannel() for name in names}
        self.names = tuple(names)
        watched = [
            Provider(id=f"p{n}" if n else "acme", name="Acme", url=f"https://p{n}.example") for n in range(pages)
        ]
        RedisCatalogue(client).put(watched, NOON)
        self.configure(Route(to=self.names))
        self.decider = Decider(self.store, self.clock)

    def configure(self, *routes: Route, fallback: tuple[str, ...] = ()) -> None:
        channels = tuple(WebhookChannelConfig(name=name, url="https://receiver.example") for name in self.names)
        self.store.sync(Alerting(channels=channels, routes=routes, fallback=fallback))

    def happens(self, *events: Event) -> "Bench":
        for event in events:
            self.client.xadd(UPDATES, {"event": encode_event(event)})
        self.decider.run()
        return self

    def send(self, *names: str) -> int:
        sender = Sender(self.rows, self.channels, self.clock)
        return sum(sender.send(name) for name in names or self.names)

    def ready(self) -> Sequence[str]:
        return self.store.channels_ready(self.names, self.clock())


@pytest.fixture
def bench(valkey: "redis.Redis") -> Bench:
    return Bench(valkey)


def test_what_happened_is_decided_once_and_sent_to_each_channel(bench: Bench) -> None:
    bench.happens(an_event(), an_event("identified"))
    bench.send()
    bench.happens(an_event("resolved"))
    sent = bench.send()

    assert bench.channels["chat"].acts == bench.channels["mail"].acts == [("open", 2), ("close", 3)]
    assert sent == 2
    assert bench.send() == 0
    assert bench.client.xpending(UPDATES, ALERTS_GROUP)["pending"] == 0


def test_an_event_that_comes_again_changes_nothing(bench: Bench) -> None:
    bench.happens(an_event()).happens(an_event())
    bench.send()

    assert bench.channels["chat"].acts == [("open", 1)]


def test_a_decider_that_lost_its_right_writes_nothing(bench: Bench) -> None:
    bench.client.xadd(UPDATES, {"event": encode_event(an_event())})
    keep: Callable[..., None] = bench.store.keep

    def late(owner: str, decided: object, now: datetime) -> None:
        bench.store.end(owner)
        keep(owner, decided, now)

    bench.store.keep = late  # type: ignore[method-assign]
    with pytest.raises(Conflict):
        bench.decider.run()
    bench.store.keep = keep  # type: ignore[method-assign]

    assert not bench.store.all_alerts()
    assert bench.decider.run() == 1


def test_a_pause_holds_that_was_asked_for_after_the_lease_had_ended(bench: Bench) -> None:
    bench.happens(an_event())
    lease = bench.rows.begin("chat", NOON)
    assert lease is not None
    (ready,) = bench.rows.ready(lease, NOON, 10)
    pause = timedelta(minutes=5)
    bench.rows.end(lease)

    with pytest.raises(Conflict):
        bench.rows.settle(lease, ready, SentRow(), NOON, mark=ChannelMark(failures=1, not_before=NOON + pause))

    assert bench.rows.begin("chat", NOON + pause - timedelta(seconds=1)) is None
    assert bench.rows.begin("chat", NOON + pause) is not None


def test_a_channel_is_sent_to_by_one_at_a_time_and_a_late_one_is_refused(bench: Bench) -> None:
    bench.happens(an_event())
    lease = bench.rows.begin("chat", NOON)
    assert lease is not None
    (ready,) = bench.rows.ready(lease, NOON, 10)

    assert bench.send("chat") == 0
    bench.rows.end(lease)
    assert bench.send("chat") == 1
    with pytest.raises(Conflict):
        bench.rows.settle(lease, ready, ready.row, NOON)


def test_what_is_decided_while_a_message_is_on_its_way_is_sent_next(bench: Bench) -> None:
    chat = bench.channels["chat"]
    send = chat.send

    def slow(message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        if message.act is Operation.OPEN:
            bench.happens(an_event("resolved"))
        return send(message, handle, in_doubt=in_doubt)

    chat.send = slow  # type: ignore[method-assign]
    bench.happens(an_event())
    bench.send("chat")

    assert chat.acts == [("open", 1), ("close", 2)]


def test_a_channel_that_fails_waits_alone_and_goes_on_in_doubt(bench: Bench) -> None:
    chat = bench.channels["chat"]
    chat.next = [FetchTimeout("no answer in 15 s")]
    bench.happens(an_event())
    bench.send()

    assert chat.acts == []
    assert bench.channels["mail"].acts == [("open", 1)]
    assert bench.ready() == []
    bench.clock.passes(seconds=3)
    assert bench.ready() == ["chat"]
    bench.send()
    assert (chat.acts, chat.doubts) == ([("open", 1)], [True])


def test_a_channel_is_asked_again_no_sooner_than_it_wants(bench: Bench) -> None:
    bench.channels["chat"].next = [HttpStatusError("answered 429", 120.0, 429)]
    bench.happens(an_event())
    bench.send()
    bench.clock.passes(seconds=119)
    early = bench.ready()
    bench.clock.passes(seconds=2)

    assert (early, bench.ready()) == ([], ["chat"])


def test_what_a_channel_refuses_is_kept_and_sent_again_when_somebody_says_so(bench: Bench) -> None:
    bench.channels["chat"].next = [ChannelRefused("no such conversation")]
    bench.happens(an_event())
    bench.send("chat")
    (alert,) = bench.store.all_alerts()
    refused = bench.rows.row("chat", alert.id)
    bench.rows.resend("chat", alert.id, bench.clock())
    bench.send("chat")

    assert (refused.is_dead, refused.last_error) == (True, "no such conversation")
    assert bench.channels["chat"].acts == [("open", 1)]
    assert not bench.rows.row("chat", alert.id).is_dead


def test_what_some_recipients_have_is_open_and_closes_and_its_dead_letter_is_sent_to_all_again(bench: Bench) -> None:
    chat = bench.channels["chat"]
    chat.next = [ChannelRefused("took it, but not for ann@example.com", "thread", is_partial=True)]
    bench.happens(an_event()).send("chat")
    (alert_id,) = (alert.id for alert in bench.store.all_alerts())
    row = bench.rows.row("chat", alert_id)
    assert (row.is_open, row.is_dead, row.handle) == (True, True, "thread")
    assert bench.send("chat") == 0
    bench.rows.resend("chat", alert_id, bench.clock())
    bench.send("chat")
    bench.happens(an_event("resolved")).send("chat")

    assert chat.acts == [("change", 1), ("close", 2)]
    assert chat.handles == ["thread", "thread"]
    assert not bench.rows.row("chat", alert_id).is_dead


def test_what_is_over_before_a_channel_took_it_is_a_dead_letter_and_not_forgotten_in_silence(bench: Bench) -> None:
    bench.channels["chat"].next = [HttpStatusError("answered 503", None, 503)]
    bench.happens(an_event())
    bench.send("chat")
    bench.happens(an_event("resolved"))
    bench.clock.passes(minutes=1)
    bench.send("chat")
    (alert,) = bench.store.all_alerts()

    assert bench.channels["chat"].acts == []
    assert bench.rows.row("chat", alert.id).missed == "it was over before the channel took it"


def test_a_channel_that_fails_for_long_is_reported_through_the_fallback(bench: Bench) -> None:
    bench.configure(Route(to=("chat",)), fallback=("mail",))
    bench.happens(an_event())
    for _ in range(4):
        bench.channels["chat"].next = [HttpStatusError("answered 503", None, 503)]
        bench.send("chat")
        bench.clock.passes(seconds=FAILS_FOR.total_seconds() / 3)
    bench.decider.run()
    bench.send("mail")
    bench.send("chat")
    bench.decider.run()
    bench.send("mail")

    assert bench.channels["mail"].acts == [("open", 1), ("close", 2)]
    assert bench.channels["mail"].taken[0].title == "Alerts do not reach the channel chat"
    assert "answered 503" in bench.channels["mail"].taken[0].text


def test_a_hold_ends_by_the_time_and_an_alert_that_is_over_is_forgotten_with_all_that_was_sent(bench: Bench) -> None:
    bench.configure(Route(to=("chat",), after_s=60))
    bench.happens(an_event(seen_at=NOON))
    held = bench.send("chat")
    bench.clock.passes(seconds=61)
    bench.decider.run()
    opened = bench.send("chat")
    bench.happens(an_event("resolved"))
    bench.send("chat")
    bench.clock.passes(days=8)
    bench.decider.run()

    assert (held, opened) == (0, 1)
    assert not bench.store.all_alerts()
    assert not bench.client.hlen(f"{CHANNEL_ROWS_PREFIX}chat")
    assert not [key for key in bench.client.keys("tracker:*") if b"alerts:of" in key or b"channel-r" in key]


def test_a_silence_that_ends_early_lets_go_on_what_it_held(bench: Bench) -> None:
    ends_at = NOON + timedelta(days=1)
    bench.store.silence(Silence(id="s1", reason="planned", providers=("acme",), created_at=NOON, ends_at=ends_at))
    bench.happens(an_event())
    held = bench.send("chat")
    bench.store.end_silence("s1")
    bench.decider.run()

    assert (held, bench.send("chat")) == (0, 1)
    assert bench.channels["chat"].taken[0].note == "was silenced"


def test_alerts_of_a_page_that_is_not_watched_any_more_end(bench: Bench) -> None:
    bench.happens(an_event())
    bench.send("chat")
    RedisCatalogue(bench.client).remove(["acme"])
    bench.decider.run()
    at_once = bench.send("chat")
    bench.clock.passes(seconds=ABSENT_FOR.total_seconds())
    bench.decider.run()
    bench.send("chat")

    assert at_once == 0
    assert bench.channels["chat"].acts == [("open", 1), ("close", 2)]
    assert bench.store.all_alerts()[0].state is AlertState.WITHDRAWN


def test_a_channel_that_wants_it_gets_an_open_alert_again_and_again(bench: Bench) -> None:
    bench.channels["chat"].resend_every = timedelta(minutes=2)
    bench.happens(an_event())
    bench.send("chat")
    bench.clock.passes(minutes=1)
    early = bench.send("chat")
    bench.clock.passes(minutes=1, seconds=1)
    again = bench.send("chat")
    bench.happens(an_event("resolved"))
    bench.send("chat")
    bench.clock.passes(minutes=5)

    assert (early, again, bench.send("chat")) == (0, 1, 0)
    assert [act for act, _ in bench.channels["chat"].acts] == ["open", "change", "close"]


def test_lists_know_the_alerts_that_an_earlier_version_left(bench: Bench) -> None:
    bench.channels["chat"].next = [ChannelRefused("no such conversation")]
    bench.happens(an_event(), an_event(incident="over"))
    bench.happens(an_event("resolved", incident="over"))
    bench.send("chat")
    desk = Desk(bench.store, bench.rows, bench.clock)
    before = [desk.lists.page(is_open=is_open, count=9) for is_open in (True, False)], desk.lists.dead(["chat"], 9)
    bench.client.delete(ALERTS_OPEN, ALERTS_FACTS, ALERTS_OVER, f"{CHANNEL_DEAD_PREFIX}chat")
    bench.client.hdel(ALERTING, "indexed")
    Decider(bench.store, bench.clock).run()
    after = [desk.lists.page(is_open=is_open, count=9) for is_open in (True, False)], desk.lists.dead(["chat"], 9)

    assert after == before
    assert [len(each) for each, _ in before[0]] == [1, 1]
    assert (len(before[1]), [each.facts.is_waiting for each in desk.lists.open()]) == (2, [True])


def test_the_stream_keeps_no_event_back_once_there_are_no_channels(bench: Bench) -> None:
    bench.store.sync(Alerting())
    bench.happens(an_event())

    assert bench.client.xinfo_groups(UPDATES) == []


@pytest.fixture
def crowd(valkey: "redis.Redis") -> Bench:
    """Ten thousand open alerts that one channel of twenty shows."""
    names = [f"c{n:02}" for n in range(20)]
    bench = Bench(valkey, names, pages=1000)
    bench.configure(Route(to=tuple(names), min_impact=Impact.MAJOR), Route(to=("c02",)))
    many = [
        an_event(provider=f"p{n % 999 + 1}", incident=f"i{n}", impact="minor", id=f"p{n % 999 + 1}/i{n}/a")
        for n in range(10_000)
    ]
    for start in range(0, len(many), 1000):
        bench.clock.passes(minutes=3)  # apart, so that they are no storm
        bench.happens(*many[start : start + 1000])
        while bench.decider.run():
            pass
    while bench.send("c02"):
        pass
    bench.clock.passes(minutes=3)
    return bench


@pytest.mark.faults
def test_a_dead_channel_and_one_that_stalls_delay_none_with_ten_thousand_open_alerts(
    crowd: Bench, record_property: Callable[[str, object], None]
) -> None:
    """Channels are sent to by as many threads as a deliverer has; the one that stalls takes as long as a call may."""
    crowd.channels["c00"].next = [FetchTimeout("no answer")] * 10
    is_over, took = threading.Event(), dict[str, float]()

    def stalls(message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        del message, handle, in_doubt
        is_over.wait(15)
        raise FetchTimeout("no answer in 15 s")

    crowd.channels["c01"].send = stalls  # type: ignore[method-assign]

    def send(name: str) -> None:
        crowd.send(name)
        took[name] = time.monotonic() - began

    with ThreadPoolExecutor(DELIVERIES) as threads:
        began = time.monotonic()
        crowd.happens(an_event(provider="p1", incident="new", impact="major", id="p1/new/a"))
        for _ in range(2):  # each wake-up is for all that have something to send
            for name in crowd.ready():
                threads.submit(send, name)
        while len(took) < 19 and time.monotonic() - began < 15:
            time.sleep(0.01)
        is_over.set()
    memory_mb = crowd.client.info("memory")["used_memory"] / 1e6  # type: ignore[index]
    reached = [name for name in crowd.names if any(m.severity == "error" for m in crowd.channels[name].taken)]
    slowest_s = max(took[name] for name in reached)
    record_property("measured", f"18 channels took it within {slowest_s:.2f} s; {memory_mb:.0f} MB held")

    assert len(crowd.store.places(is_open=True, count=20_000)) >= 10_000 - 5
    assert reached == [*crowd.names[2:]]
    assert slowest_s < 2


@pytest.mark.faults
def test_lists_and_counts_of_ten_thousand_alerts_are_quick(
    crowd: Bench, record_property: Callable[[str, object], None]
) -> None:
    desk = Desk(crowd.store, crowd.rows, crowd.clock)
    measures = RedisMeasures(crowd.client, RECORD)
    pages: list[AlertPosition | None] = []

    def all_pages() -> int:
        number, after = 0, None
        while True:
            reports, after = desk.lists.page(is_open=True, after=after, count=1000)
            number += len(reports)
            pages.append(after)
            if after is None:
                return number

    lists: dict[str, Callable[[], object]] = {
        "the page of a browser": lambda: desk.lists.most_urgent(desk.lists.open(), 200),
        "a page of the API": lambda: desk.lists.page(count=100),
        "a page in the middle": lambda: desk.lists.page(is_open=True, after=pages[5], count=100),
        "those of one provider": lambda: desk.lists.page(provider_ids=["p5"], count=100),
        "those that are over": lambda: desk.lists.page(is_open=False, count=100),
        "deliveries": lambda: desk.lists.deliveries(channel=None, is_dead=None, count=100),
        "dead letters": lambda: desk.lists.dead(crowd.names, 50),
        "metrics": measures.alerts,
    }
    assert all_pages() >= 10_000 - 5
    took = {name: min(_took_s(listed) for _ in range(3)) for name, listed in lists.items()}
    record_property("measured", ", ".join(f"{name} {each * 1000:.0f} ms" for name, each in took.items()))

    assert {name: each for name, each in took.items() if each >= 0.2} == {}


def _took_s(call: Callable[[], object]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


def test_what_backtest_lists_is_what_was_decided_live(bench: Bench) -> None:
    """Holds, repetitions, reminders and quiet hours among it: the same machine, by another clock."""
    chance = random.Random(11)
    routes = (
        Route(to=("chat",), min_impact=Impact.MAJOR, after_s=120, repeat_s=1800, continues=True),
        Route(to=("mail",), quiet_hours=QuietHours(start=time_of_day(13), end=time_of_day(15)), remind_s=600),
    )
    bench.configure(*routes)
    live: list[tuple[object, ...]] = []
    keep = bench.store.keep

    def noting(owner: str, decided: Decided, now: datetime) -> None:
        keep(owner, decided, now)
        live.extend(
            (now, each.channel, each.alert_id, each.act, each.version, each.repeats) for each in decided.deliveries
        )

    bench.store.keep = noting  # type: ignore[method-assign]
    events: list[Event] = []
    for number in range(120):
        for _ in range(chance.randrange(1, 5)):
            bench.clock.passes(seconds=60)
            bench.decider.run()
        status = chance.choice(["investigating", "identified", "monitoring", "resolved"])
        incident, impact = chance.choice("abc"), chance.choice(["minor", "major", "critical"])
        events.append(an_event(status, incident=incident, impact=impact, update=f"u{number}", seen_at=bench.clock()))
        bench.happens(events[-1])
    rules = rules_of(bench.store.config(), bench.store.providers())
    replay = Replay(rules)
    replay.play(events)

    replayed = [
        (each.at, d.channel, d.alert_id, d.act, d.version, d.repeats) for each in replay.sent for d in [each.delivery]
    ]
    assert len(live) > 100
    assert sorted(fields[1:] for fields in live) == sorted(fields[1:] for fields in replayed)


@pytest.mark.faults
def test_thirty_days_of_incidents_leave_no_more_than_a_week_of_them(
    valkey: "redis.Redis", record_property: Callable[[str, object], None]
) -> None:
    bench, stream, journal = Bench(valkey, pages=40), RedisStream(valkey), RedisJournalStore(valkey)
    bench.configure(Route(to=("chat",), repeat_s=1800, continues=True), Route(to=("mail",), digest_s=3600))
    owner = journal.begin(awaits_journal=False)
    assert owner is not None
    journal.journal_read(owner)
    journal.end(owner)
    sizes: list[tuple[int, int]] = []
    for number in range(300):
        bench.clock.passes(hours=2)
        incident = {"provider": f"p{number % 39 + 1}", "incident": f"i{number}"}
        for status, minutes in (("investigating", 12), ("identified", 12), ("resolved", 0)):
            bench.happens(an_event(status, **incident, seen_at=bench.clock()))
            bench.send()
            bench.clock.passes(minutes=minutes)
        stream.trim(before=valkey.xinfo_stream(UPDATES)["last-generated-id"].decode())
        journal.written(journal.unwritten(10_000))
        kept = valkey.keys(f"{PREFIX}*")
        sizes.append((len(kept), sum(valkey.memory_usage(key, samples=0) or 0 for key in kept)))
    settled, later = sizes[80:100], sizes[100:]
    most_keys, most_bytes = (max(column) for column in zip(*sizes, strict=True))
    record_property("measured", f"30 days, 300 incidents: at most {most_keys} keys, {most_bytes / 1024:.0f} KiB")

    assert bench.channels["chat"].acts.count(("open", 1)) == 300
    assert len(bench.store.all_alerts()) <= 3 * 71
    assert bench.client.hlen(f"{CHANNEL_ROWS_PREFIX}chat") <= 71
    assert max(later)[0] <= max(settled)[0]
    assert max(size for _, size in later) <= 1.1 * max(size for _, size in settled)


def test_what_may_have_arrived_stays_in_doubt_whatever_fails_after_it(bench: Bench) -> None:
    bench.channels["chat"].next = [ChannelFailed("answered 502"), ChannelFailed("answered 429", may_have_arrived=False)]
    bench.happens(an_event())
    for _ in range(2):
        bench.send("chat")
        bench.clock.passes(minutes=1)
    bench.happens(an_event("resolved"))
    bench.send("chat")

    assert bench.channels["chat"].acts == [("open", 1), ("close", 2)]
    assert bench.channels["chat"].doubts == [True, False]


def test_an_alert_that_reopens_and_is_held_is_closed_before(bench: Bench) -> None:
    bench.configure(Route(to=("chat",), after_s=60))
    bench.happens(an_event(seen_at=NOON))
    bench.clock.passes(seconds=61)
    bench.decider.run()
    bench.send("chat")
    bench.happens(an_event("resolved"), an_event("investigating", update="again"))
    bench.send("chat")

    assert bench.channels["chat"].acts == [("open", 1), ("close", 2)]
    assert bench.channels["chat"].taken[-1].status == "resolved"


def test_a_sender_that_was_stopped_for_longer_than_its_lease_sends_nothing(bench: Bench) -> None:
    intend = bench.rows.intend

    def stopped(*args: Any) -> None:
        intend(*args)
        bench.clock.passes(seconds=16)

    bench.rows.intend = stopped  # type: ignore[method-assign]
    bench.happens(an_event())
    with pytest.raises(Conflict):
        bench.send("chat")
    bench.rows.intend = intend  # type: ignore[method-assign]

    assert bench.channels["chat"].acts == []
    assert bench.send("chat") == 1
