"""The tasks: what they are called, what they take, and that nothing that is expected leaves them."""

import asyncio
import inspect
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from celery import Celery
from kombu.exceptions import OperationalError

from tests.fakes import NOON, event, provider
from tests.patience import eventually
from tests.workers.queues import waiting
from tracker.delivery.sinks.jsonlines import UpdateRecord
from tracker.errors import Conflict, ConnectError, SinkError, StoreError
from tracker.model.event import PendingEvent
from tracker.polling.page_store import Commit, HostBusy, Slot
from tracker.polling.poll_cost import ResponseClass
from tracker.polling.poller import Outcome, Poll
from tracker.store.catalogue import RedisCatalogue
from tracker.store.pages import RedisPages
from workers import tasks, watch
from workers.application import app as application
from workers.outcomes import Summary
from workers.poll_summary import EVERY_S, PollSummary
from workers.runtime import runtime

#: Name -> (parameters, queue). Messages with these names lie in queues while versions change, and other programs may
#: send them: a rename is a broken upgrade.
STABLE = {
    "workers.tasks.fetch_provider": (("provider_id",), "fetch"),
    "workers.tasks.print_updates": ((), "print"),
    "workers.tasks.wake_sinks": ((), "print"),
    "workers.tasks.deliver_updates": (("sink_id",), "deliver"),
    "workers.tasks.decide_alerts": ((), "deliver"),
    "workers.tasks.send_alerts": (("channel",), "deliver"),
}


# --- names and arguments ---


def test_names_arguments_and_queues_are_stable() -> None:
    application.loader.import_default_modules()
    ours = {name: task for name, task in application.tasks.items() if not name.startswith("celery.")}

    found = {
        name: (tuple(inspect.signature(task.run).parameters), application.amqp.router.route({}, name)["queue"].name)
        for name, task in ours.items()
    }
    assert found == STABLE


@pytest.mark.parametrize("name", STABLE)
def test_tasks_take_ids_and_return_no_more_than_how_they_ended(name: str) -> None:
    signature = inspect.signature(application.tasks[name].run)

    assert all(parameter.annotation is str for parameter in signature.parameters.values())
    assert signature.return_annotation in (None, Summary)


@pytest.mark.parametrize("name", STABLE)
def test_no_task_is_retried_by_celery_or_keeps_a_result(name: str) -> None:
    task = application.tasks[name]

    assert task.ignore_result
    assert task.acks_late
    assert not getattr(task, "autoretry_for", ())


def test_what_beat_sends_are_tasks_that_exist_without_arguments() -> None:
    for entry in application.conf.beat_schedule.values():
        parameters, queue = STABLE[entry["task"]]
        assert parameters == ()
        assert queue == "print"


@pytest.mark.usefixtures("app")
def test_messages_are_json_and_carry_ids_only(valkey: "redis.Redis") -> None:
    tasks.fetch_provider.apply_async(("acme",), expires=60)
    tasks.deliver_updates.apply_async(("chat",), expires=60)
    tasks.print_updates.apply_async(expires=60)

    messages = [message for queue in ("fetch", "deliver", "print") for message in waiting(valkey, queue)]
    assert [(message.task, list(message.args), message.kwargs) for message in messages] == [
        ("workers.tasks.fetch_provider", ["acme"], {}),
        ("workers.tasks.deliver_updates", ["chat"], {}),
        ("workers.tasks.print_updates", [], {}),
    ]
    assert {message.content_type for message in messages} == {"application/json"}


def test_a_message_arrives_although_the_server_lost_its_table_of_bindings(app: Celery, valkey: "redis.Redis") -> None:
    assert app.conf.task_queues
    tasks.fetch_provider.apply_async(("acme",))
    valkey.flushall()

    tasks.fetch_provider.apply_async(("acme",))

    assert valkey.keys() == [b"fetch"]


# --- what is expected stays inside ---


class InLoop:
    """A poller on an event loop whose polls end as those of another one."""

    def __init__(self, poller: "FakeRuntime") -> None:
        self._poller = poller

    async def poll(self, provider_id: str) -> Poll | None:
        await asyncio.sleep(0)
        return self._poller.poll(provider_id)


class FakeRuntime:
    """A runtime whose polls, prints and deliveries end as the test says."""

    def __init__(self) -> None:
        self.poller = self.sinks = self.alerts = self
        self.outcome: Poll | Exception | None = None
        self.printed: int | Exception = 0
        self.delivered: int | Exception = 0
        self.names: tuple[str, ...] = ("chat", "ops")
        self.waiting_deliveries = 0

    def waiting(self, queue: str) -> int:
        return {"print": 0, "deliver": self.waiting_deliveries}[queue]

    def has_channels(self) -> bool:
        return False

    def ready(self, now: datetime) -> tuple[str, ...]:
        assert now.tzinfo
        return self.names

    def quick_poller(self) -> InLoop:
        return InLoop(self)

    def poll(self, provider_id: str) -> Poll | None:
        assert provider_id == "acme"
        return _ended(self.outcome)

    def print_updates(self) -> int:
        return _ended(self.printed)

    def deliver_updates(self, sink: str) -> int:
        assert sink == "ops"
        return _ended(self.delivered)


def _ended(outcome: Any) -> Any:
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    stand_in = FakeRuntime()
    monkeypatch.setattr(tasks, "runtime", lambda: stand_in)
    monkeypatch.setattr(tasks, "_summary", PollSummary(time.monotonic()))
    return stand_in


Fetch = Callable[[str], Summary]


@pytest.fixture(params=["call", "coroutine"])
def fetch(request: pytest.FixtureRequest) -> Fetch:
    """Fetch a page the way that each kind of pool has it fetched."""
    if request.param == "call":
        return tasks.fetch_provider  # type: ignore[no-any-return]
    return lambda provider_id: asyncio.run(tasks.fetch_provider.coroutine(provider_id))


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What the tasks log; no record of it has a traceback."""
    with caplog.at_level(logging.DEBUG, logger="workers.tasks"):
        yield caplog
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize(
    ("outcome", "level", "said", "shown"),
    [
        (
            Conflict("acme: another worker committed first"),
            "INFO",
            "conflict acme: another worker committed first",
            "not committed: acme: another worker committed first",
        ),
        (
            StoreError("the data server is away"),
            "WARNING",
            "poll of acme not committed: the data server is away",
            "failed store: the data server is away",
        ),
        (None, "DEBUG", "no lease to poll acme", "no lease"),
        (
            Poll(outcome=Outcome.FAILED, failure=ConnectError("no\nconnection")),
            "WARNING",
            "polled acme failed reason=connect: no\nconnection",
            "failed connect: no connection",
        ),
        (
            Poll(outcome=Outcome.QUIET, response_class=ResponseClass.NOT_MODIFIED),
            "DEBUG",
            "polled acme quiet class=not_modified new=0",
            "quiet not_modified",
        ),
        (
            Poll(
                outcome=Outcome.POSTPONED,
                busy=HostBusy(slot=Slot(host="acme.example", limit=2), waiting=4, waited_s=0.0, is_new=False),
            ),
            "DEBUG",
            "host acme.example is busy, acme waits with 3 others",
            "waits for host acme.example",
        ),
    ],
    ids=["conflict", "store", "no lease", "failed", "quiet", "postponed"],
)
def test_a_poll_ends_in_one_line_however_it_ends(
    fake: FakeRuntime,
    fetch: Fetch,
    log: pytest.LogCaptureFixture,
    outcome: Poll | Exception | None,
    level: str,
    said: str,
    shown: str,
) -> None:
    fake.outcome = outcome

    result = fetch("acme")

    (record,) = (record for record in log.records if record.name == "workers.tasks")
    assert record.levelname == level
    assert record.message.startswith(said)
    assert repr(result) == shown


@pytest.mark.parametrize("error", [StoreError("away"), SinkError("the disk is full")], ids=["store", "sink"])
def test_updates_that_cannot_be_printed_wait(
    fake: FakeRuntime, log: pytest.LogCaptureFixture, error: Exception
) -> None:
    fake.printed = error

    tasks.print_updates()

    assert [record.message for record in log.records] == [f"updates wait in the stream: {error}"]


@pytest.mark.parametrize(
    ("task", "arguments"), [("fetch_provider", ["acme"]), ("print_updates", []), ("deliver_updates", ["ops"])]
)
def test_what_is_not_expected_is_not_swallowed(fake: FakeRuntime, task: str, arguments: list[str]) -> None:
    fake.outcome = fake.printed = fake.delivered = ZeroDivisionError()

    with pytest.raises(ZeroDivisionError):
        getattr(tasks, task)(*arguments)


@pytest.mark.usefixtures("app")
def test_events_wake_the_recorder_and_the_sinks(fake: FakeRuntime, fetch: Fetch, valkey: "redis.Redis") -> None:
    fake.outcome = Poll(outcome=Outcome.CHANGED, response_class=ResponseClass.CHANGED, events=2)

    result = fetch("acme")

    assert repr(result) == "changed, 2 new"
    assert [message.task for message in waiting(valkey, "print")] == ["workers.tasks.print_updates"]
    assert [list(message.args) for message in waiting(valkey, "deliver")] == [["chat"], ["ops"]]


@pytest.mark.usefixtures("app")
def test_a_quiet_poll_wakes_nobody(fake: FakeRuntime, fetch: Fetch, valkey: "redis.Redis") -> None:
    fake.outcome = Poll(outcome=Outcome.QUIET, response_class=ResponseClass.NOT_MODIFIED)

    fetch("acme")

    assert valkey.keys("*") == []


@pytest.mark.parametrize("error", [OperationalError("no broker"), StoreError("no data server")])
def test_a_wake_up_that_fails_costs_a_line(
    fake: FakeRuntime, fetch: Fetch, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    fake.outcome = Poll(outcome=Outcome.CHANGED, response_class=ResponseClass.CHANGED, events=1)
    monkeypatch.setattr(tasks.print_updates, "apply_async", fail)
    monkeypatch.setattr(tasks.deliver_updates, "apply_async", fail)

    fetch("acme")
    tasks.wake_sinks()

    reported = [record for record in log.records if record.name == "workers.tasks"]
    assert [record.levelname for record in reported] == ["INFO", *["WARNING"] * 3]
    assert all(str(error) in record.message for record in reported[1:])


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sinks that a message was sent for."""
    names: list[str] = []
    monkeypatch.setattr(tasks.deliver_updates, "apply_async", names.extend)
    return names


@pytest.mark.parametrize(("waiting_deliveries", "is_woken"), [(0, True), (tasks.MOST_DELIVERIES, False)])
def test_every_sink_that_is_ready_is_woken_unless_many_deliveries_wait(
    fake: FakeRuntime, woken: list[str], waiting_deliveries: int, *, is_woken: bool
) -> None:
    fake.waiting_deliveries = waiting_deliveries
    tasks.wake_sinks()

    assert woken == ([*fake.names] if is_woken else [])


@pytest.mark.parametrize("delivered", [3, 0, Conflict("overtaken"), StoreError("gone")])
def test_whoever_delivered_something_looks_again(
    fake: FakeRuntime, woken: list[str], delivered: int | Exception
) -> None:
    fake.delivered = delivered
    tasks.deliver_updates("ops")

    assert woken == ([*fake.names] if delivered == 3 else [])


def test_polls_are_summed_up_once_a_minute(
    fake: FakeRuntime, fetch: Fetch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tasks, "_summary", PollSummary(time.monotonic() - EVERY_S))
    fake.outcome = Poll(outcome=Outcome.QUIET, response_class=ResponseClass.NOT_MODIFIED)

    with caplog.at_level(logging.INFO, logger="workers.tasks"):
        fetch("acme")
        fetch("acme")

    (record,) = (record for record in caplog.records if record.name == "workers.tasks")
    assert record.message.startswith("1 poll in 60 s: 1 quiet, 0 changed, 0 failed, 0 postponed")


# --- on a real data server ---


@pytest.mark.usefixtures("app", "log")
def test_a_fetch_that_fails_is_committed_as_a_failure(valkey: "redis.Redis", free_port: int) -> None:
    nowhere = provider(url=f"http://127.0.0.1:{free_port}/", allow_private=True)
    RedisCatalogue(valkey).put([nowhere], NOON)

    tasks.fetch_provider("acme")

    (status,) = RedisCatalogue(valkey).statuses()
    assert (status.state.readability.failures, status.state.readability.failure_reason) == (1, "connect")


def test_a_fetch_without_a_data_server_ends_in_one_line(
    environment: pytest.MonkeyPatch, free_port: int, log: pytest.LogCaptureFixture
) -> None:
    environment.setenv("REDIS_URL", f"redis://127.0.0.1:{free_port}/0")
    environment.setattr(tasks, "_summary", PollSummary(time.monotonic()))

    tasks.fetch_provider("acme")
    tasks.print_updates()

    # The watch of a worker that another test started may log meanwhile.
    ours = [record for record in log.records if record.thread == threading.get_ident()]
    assert [record.levelname for record in ours if record.name == "workers.tasks"] == ["WARNING"] * 2


@pytest.mark.usefixtures("app", "log")
def test_what_is_in_the_stream_is_printed_and_on_record(valkey: "redis.Redis", tmp_path: Path) -> None:
    RedisCatalogue(valkey).put([provider()], NOON)
    pages = RedisPages(valkey)
    pages.commit(
        pages.begin("acme", NOON), Commit(pending=(PendingEvent(event=event(), key="i1/u1"),), checked_at=NOON)
    )

    tasks.print_updates()
    tasks.print_updates()

    assert (tmp_path / "updates.jsonl").read_text().count("\n") == 1
    assert runtime().print_updates() == 0


@pytest.mark.usefixtures("environment")
def test_a_printer_prints_without_being_woken(
    valkey: "redis.Redis", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    RedisCatalogue(valkey).put([provider()], NOON)
    pages = RedisPages(valkey)
    consumed = SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from={"print": None})))
    monkeypatch.setattr(watch, "PRINTS_EVERY_S", 0.02)
    monkeypatch.setattr(watch, "_stopping", threading.Event())

    watch.begin(sender=SimpleNamespace(app=consumed, pool=None))
    try:
        pending = PendingEvent(event=event(), key="i1/u1")
        pages.commit(pages.begin("acme", NOON), Commit(pending=(pending,), checked_at=NOON))
        record = tmp_path / "updates.jsonl"
        eventually(lambda: record.exists() and record.read_text())
    finally:
        watch.stop()


@pytest.mark.usefixtures("environment")
def test_a_second_printer_leaves_the_record_alone_and_says_so(tmp_path: Path, log: pytest.LogCaptureFixture) -> None:
    record = UpdateRecord(tmp_path / "updates.jsonl")

    tasks.print_updates()
    record.close()

    assert [record.message for record in log.records] == [
        f"updates wait in the stream: {tmp_path / 'updates.jsonl'} is written by another printer"
    ]
