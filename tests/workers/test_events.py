"""Events of tasks on their way to Flower: with a broker that fails, without one, and with nobody who wants them."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from kombu.clocks import LamportClock

from workers import events as module
from workers.events import TOGETHER, TaskEvents
from workers.outcomes import FAILED, Summary


class Dispatcher:
    """As much of Celery's dispatcher as events need; it is also its own producer."""

    def __init__(self) -> None:
        self.enabled = True
        self.groups: set[str] = set()
        self.mutex = threading.Lock()
        self.clock = LamportClock()
        self.exchange = SimpleNamespace(name="celeryev")
        self.headers = {"hostname": "w@here"}
        self.delivery_mode = 1
        self.producer = self.channel = self
        #: As a channel of ours knows it.
        self.listeners = 1
        self.heard_by: int | None = None
        self.error: Exception | None = None
        self.sent: list[list[dict[str, Any]]] = []

    def publish(self, body: bytes, **_: Any) -> None:
        if self.error is not None:
            raise self.error
        self.heard_by = self.listeners
        self.sent.append(json.loads(body))


def request(number: int = 0, result: object = Summary("quiet")) -> Any:
    return SimpleNamespace(
        id=f"id{number}",
        name="poll",
        headers={"argsrepr": "('acme',)"},
        is_announced=False,
        received_at=1.0,
        started_at=2.0,
        runtime_s=0.5,
        signum=None,
        einfo=None,
        shown=repr(result),
    )


@pytest.fixture
def dispatcher() -> Dispatcher:
    return Dispatcher()


@pytest.fixture
def events(dispatcher: Dispatcher) -> TaskEvents:
    events = TaskEvents("w@here")
    events.dispatcher = dispatcher
    return events


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """Returns what was logged about events, whatever the rest of the process logs."""
    with caplog.at_level(logging.WARNING, logger=module.__name__):
        yield lambda: [record.message for record in caplog.records if record.name == module.__name__]


def ids(sent: list[dict[str, Any]]) -> list[str]:
    """Return the tasks that ended in a message, in its order."""
    return [event["uuid"] for event in sent if event["type"] in ("task-succeeded", "task-failed")]


def test_all_of_a_task_goes_in_one_message(events: TaskEvents, dispatcher: Dispatcher) -> None:
    events.ended(request())
    events.flush()
    events.flush()

    (sent,) = dispatcher.sent
    assert [each["type"] for each in sent] == ["task-received", "task-started", "task-succeeded"]
    assert (sent[2]["result"], sent[2]["runtime"], sent[2]["timestamp"]) == ("quiet", 0.5, 2.5)


def test_a_page_that_cannot_be_read_is_a_task_that_failed(events: TaskEvents, dispatcher: Dispatcher) -> None:
    odd = request(result=Summary(f"{FAILED}connect: half of a character \udc80"))
    odd.headers = {**odd.headers, "root_id": 10**30}
    events.ended(odd)
    events.flush()

    ((received, *_, failed),) = dispatcher.sent
    assert received["root_id"] == 10**30
    assert (failed["type"], failed["exception"]) == ("task-failed", "connect: half of a character \udc80")


def test_what_cannot_be_sent_is_kept_and_logged_once(
    events: TaskEvents, dispatcher: Dispatcher, log: Callable[[], list[str]]
) -> None:
    dispatcher.error = ConnectionError("away")
    for number in range(2):
        events.ended(request(number))
        events.flush()
    dispatcher.error = None
    events.flush()

    assert [ids(sent) for sent in dispatcher.sent] == [["id0", "id1"]]
    assert log() == ["cannot send task events, they wait: away"]


def test_while_the_broker_is_away_no_more_are_kept_than_have_room(
    events: TaskEvents, dispatcher: Dispatcher, log: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_KEPT", TOGETHER)
    events.is_away = True
    for number in range(TOGETHER + 3):
        events.ended(request(number))
    assert dispatcher.sent == []
    events.flush()

    assert ids(dispatcher.sent[0]) == [f"id{number}" for number in range(3, TOGETHER + 3)]
    assert log() == ["events of 3 tasks were dropped while they could not be sent"]


def test_a_burst_is_sent_before_its_time(events: TaskEvents, dispatcher: Dispatcher) -> None:
    for number in range(TOGETHER):
        events.ended(request(number))

    assert [len(ids(sent)) for sent in dispatcher.sent] == [TOGETHER]


@pytest.mark.parametrize(
    ("enabled", "groups", "wanted"), [(True, {"worker"}, False), (False, set(), False), (True, {"task"}, True)]
)
def test_nothing_is_gathered_that_nobody_wants(
    events: TaskEvents, dispatcher: Dispatcher, enabled: bool, groups: set[str], wanted: bool
) -> None:
    dispatcher.enabled, dispatcher.groups = enabled, groups

    assert events.enabled is wanted


def test_who_is_interrupted_while_sending_does_not_wait_for_itself(
    events: TaskEvents, dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE_S", 0.01)
    with dispatcher.mutex:
        events.ended(request())
        events.flush()
    events.flush()

    assert [ids(sent) for sent in dispatcher.sent] == [["id0"]]


def test_for_nobody_no_events_are_made_until_somebody_listens(
    events: TaskEvents, dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROBE_S", 0.0)
    dispatcher.listeners = 0
    events.ended(request(1))
    events.flush()
    for number in range(2, TOGETHER + 2):
        events.ended(request(number))
    events.ended(request(TOGETHER + 2))
    events.flush()
    dispatcher.listeners = 1
    events.ended(request(TOGETHER + 3))
    events.flush()

    first, *probes, last = dispatcher.sent
    assert ids(first) == ["id1"]  # nobody knew yet
    assert probes == [[], []]
    assert ids(last) == [f"id{TOGETHER + 3}"]


def test_a_worker_without_a_listener_does_not_look_for_one_with_every_flush(
    events: TaskEvents, dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROBE_S", 3600.0)
    dispatcher.listeners = 0
    for _ in range(3):
        events.ended(request())
        events.flush()

    assert [ids(sent) for sent in dispatcher.sent] == [["id0"]]


def test_events_of_a_failed_probe_wait_for_the_next_one(
    events: TaskEvents, dispatcher: Dispatcher, log: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher.heard_by = 0
    dispatcher.error = ConnectionError("away")
    for number in range(3):
        events.ended(request(number))
        events.flush()
    dispatcher.error = None
    monkeypatch.setattr(module, "PROBE_S", 0.0)
    events.flush()

    assert [ids(sent) for sent in dispatcher.sent] == [[], ["id0", "id1", "id2"]]
    assert log() == ["cannot send task events, they wait: away"]
