"""Bringing events to one webhook: in order, until something keeps us from it."""

from datetime import timedelta

import pytest

from tests.fakes import NOON, FakeClock
from tests.outbox import DOWN, FakeSender, MemoryOutbox, webhook
from tracker.delivery.deliverer import BATCH, LONGEST_DELIVERY, Deliverer
from tracker.delivery.retry_policy import LEAST_FAILURES, PATIENCE, FailureStreak, ReceiverResponse
from tracker.errors import Conflict, StoreError
from tracker.model.event import EventKind

BUSY = ReceiverResponse(status=503)


class Post:
    """An outbox, a receiver and a clock, and one that delivers."""

    def __init__(self, outbox: MemoryOutbox | None = None) -> None:
        self.clock = FakeClock()
        self.outbox = outbox or MemoryOutbox()
        self.sender = FakeSender()
        self.deliverer = Deliverer(self.outbox, self.sender, self.clock)

    def delivers(self) -> int:
        return self.deliverer.deliver("ops")

    def delivers_when_it_may(self) -> int:
        """Let the pause pass, and deliver."""
        self.clock.now = max(self.clock.now, self.outbox.not_before or NOON)
        return self.delivers()


@pytest.fixture
def post() -> Post:
    return Post()


def test_all_that_waits_is_sent_however_much_it_is(post: Post) -> None:
    ids = [str(number) for number in range(2 * BATCH + 1)]
    post.outbox.commits(*ids)

    assert post.delivers() == len(ids)
    assert post.sender.accepted == ids


def test_an_unknown_sink_is_nobodys_lease(post: Post) -> None:
    assert post.deliverer.deliver("other") == 0


# --- filters ---


def test_what_is_not_wanted_is_acknowledged_and_not_sent() -> None:
    post = Post(MemoryOutbox(webhook(providers=("b*",), events=("incident_update",))))
    post.outbox.commits("1", provider="acme", event=EventKind.INCIDENT_UPDATE)
    post.outbox.commits("2", provider="beta", event=EventKind.INCIDENT_UPDATE)
    post.outbox.commits("3", provider="beta", event=EventKind.NEW_INCIDENT)

    assert post.delivers() == 1
    assert post.sender.sent == ["2"]
    assert (post.outbox.waiting, post.outbox.delivered) == ([], 1)


def test_what_is_not_wanted_does_not_wait_behind_what_fails() -> None:
    post = Post(MemoryOutbox(webhook(providers=("beta",))))
    post.outbox.commits("1", provider="beta")
    post.outbox.commits("2", provider="acme")
    post.sender.then(BUSY)

    post.delivers()

    assert post.outbox.ids == ["1"]


def test_what_the_stream_dropped_is_reported_and_passed_over(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    post.outbox.commits("a", "b")
    post.outbox.loses(0)

    assert post.delivers() == 1
    assert post.sender.sent == ["b"]
    assert "sink ops missed 1 events" in caplog.text


# --- failures ---


def test_a_failure_ends_the_delivery_and_the_event_is_the_next_one_again(post: Post) -> None:
    post.outbox.commits("a", "b")
    post.sender.then(BUSY, DOWN)

    assert post.delivers() == 0
    assert post.delivers_when_it_may() == 0
    assert post.outbox.streak == FailureStreak(failures=2, failing_since=NOON)
    assert post.delivers_when_it_may() == 2
    assert post.sender.sent == ["a", "a", "a", "b"]
    assert post.outbox.streak == FailureStreak()


def test_nothing_is_sent_before_the_pause_is_over(post: Post) -> None:
    post.outbox.commits("a")
    post.sender.then(BUSY)
    post.delivers()
    assert post.outbox.not_before is not None

    post.clock.now = post.outbox.not_before - timedelta(microseconds=1)

    assert post.delivers() == 0
    assert post.sender.sent == ["a"]


def test_after_a_day_of_failures_events_become_dead_letters_one_by_one(post: Post) -> None:
    post.outbox.commits("old")
    post.outbox.commits("new", at=NOON + timedelta(hours=23))
    post.sender.then(*[DOWN] * 1000)
    while not post.outbox.dead:
        post.delivers_when_it_may()

    assert [event_id for event_id, _ in post.outbox.dead] == ["old"]
    assert NOON + PATIENCE <= post.clock.now < NOON + PATIENCE + timedelta(minutes=11)
    assert post.outbox.ids == ["new"]
    assert post.sender.sent[-1] == "new"


def test_an_event_that_fails_alone_costs_no_other(post: Post) -> None:
    post.outbox.commits("poison", "fine")
    post.sender.then(*[BUSY] * (LEAST_FAILURES - 1))
    for _ in range(LEAST_FAILURES - 1):
        post.delivers_when_it_may()
    post.clock.passes(hours=25)
    post.sender.then(BUSY)

    assert post.delivers() == 2
    assert [event_id for event_id, _ in post.outbox.dead] == ["poison"]
    assert post.sender.accepted == ["fine"]


def test_a_failure_and_the_way_back_are_each_reported_once(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    post.outbox.commits("a", "b")
    post.sender.then(BUSY)
    post.delivers()
    post.delivers_when_it_may()

    assert [record.getMessage() for record in caplog.records] == [
        "sink ops waits after 1 failures: answered 503",
        "sink ops takes updates again",
    ]


# --- turns ---


def test_a_busy_sink_gives_way_after_a_while(post: Post) -> None:
    post.outbox.commits(*"abcdef")
    post.sender.meanwhile(lambda: post.clock.passes(seconds=LONGEST_DELIVERY.total_seconds() / 2))

    assert post.delivers() == 2
    assert post.outbox.ids == ["c", "d", "e", "f"]
    assert post.delivers() == 2


def test_the_right_to_deliver_is_given_back_whatever_happens(post: Post) -> None:
    post.outbox.commits("a", "b", "c")
    post.sender.then(BUSY, StoreError("gone"))
    post.delivers()
    assert post.outbox.owner == ""

    with pytest.raises(StoreError):
        post.delivers_when_it_may()
    assert post.outbox.owner == ""


def test_who_was_overtaken_stops_without_another_word(post: Post) -> None:
    post.outbox.commits("a", "b")

    def overtaken() -> None:
        post.outbox.owner = "another"

    post.sender.meanwhile(overtaken)

    with pytest.raises(Conflict):
        post.delivers()
    assert post.sender.sent == ["a"]
    assert (post.outbox.owner, post.outbox.ids) == ("another", ["a", "b"])
