"""A real worker in this process: what it refuses, and what it makes of a backlog."""

import pickle
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from celery.signals import task_revoked, task_success

from tests.fakes import FakeClock, provider
from tests.patience import PATIENCE_S
from tests.workers.slots import watching, worker
from tracker.errors import ConnectError
from tracker.polling.poll_cost import ResponseClass
from tracker.polling.poller import Outcome, Poll
from tracker.store.catalogue import RedisCatalogue
from workers import runtime as runtimes
from workers import tasks
from workers.scheduler import ProviderScheduler
from workers.tasks import fetch_provider, print_updates


class RecordingRuntime:
    """A runtime that fetches nothing and remembers what it was asked for."""

    def __init__(self) -> None:
        self.poller = self
        self.polled: list[str] = []
        self.printed = threading.Event()

    def waiting(self, queue: str) -> int:
        assert queue == "print"
        return 0

    def poll(self, provider_id: str) -> None:
        self.polled.append(provider_id)

    def print_updates(self) -> int:
        self.printed.set()
        return 0

    def close(self) -> None:
        pass


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> RecordingRuntime:
    stand_in = RecordingRuntime()
    monkeypatch.setattr(runtimes, "_runtime", stand_in)
    return stand_in


class SlowRuntime(RecordingRuntime):
    """A runtime whose polls last until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Event()

    def poll(self, provider_id: str) -> None:
        super().poll(provider_id)
        self.begun.release()
        assert self.may_end.wait(PATIENCE_S)


@contextmanager
def ended(*signals: Any) -> Iterator[Callable[[int], None]]:
    """Count tasks that end in one of these ways; yield a function that waits for so many of them."""
    counter = threading.Semaphore(0)

    def count(**_: Any) -> None:
        counter.release()

    def wait(tasks: int) -> None:
        for _ in range(tasks):
            assert counter.acquire(timeout=PATIENCE_S), "tasks did not end"

    for signal in signals:
        signal.connect(count, weak=False)
    try:
        yield wait
    finally:
        for signal in signals:
            signal.disconnect(count)


class Trap:
    """What runs code when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("disguise", ["application/x-python-serialize", "pickle", "application/json"])
def test_a_pickle_is_refused_and_runs_nothing(
    app: Celery, valkey: "redis.Redis", fake: RecordingRuntime, tmp_path: Path, disguise: str
) -> None:
    trap = tmp_path / "executed"
    body = pickle.dumps(([Trap(trap)], {}, {}))
    headers = {"task": fetch_provider.name, "id": "1", "lang": "py", "argsrepr": "", "kwargsrepr": ""}
    with app.connection_for_write() as connection, connection.Producer() as producer:
        producer.publish(
            body, routing_key="fetch", content_type=disguise, content_encoding="binary", headers=headers, exchange=""
        )
        assert valkey.llen("fetch") == 1
    print_updates.apply_async()

    with worker(app, 1, "solo"):
        assert fake.printed.wait(PATIENCE_S), "the worker goes on"

    assert not trap.exists()
    assert fake.polled == []
    assert valkey.llen("fetch") == valkey.zcard("unacked_index") == 0


def test_a_pickle_would_have_run(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Trap(tmp_path / "executed")))

    assert (tmp_path / "executed").exists()


def test_a_task_that_nobody_knows_is_dropped_and_the_worker_goes_on(
    app: Celery, valkey: "redis.Redis", fake: RecordingRuntime
) -> None:
    app.send_task("workers.tasks.from_another_version", ("acme",), queue="fetch")
    print_updates.apply_async()

    with worker(app, 1, "solo"):
        assert fake.printed.wait(PATIENCE_S)

    assert valkey.llen("fetch") == valkey.zcard("unacked_index") == 0


def test_a_backlog_is_no_storm(
    app: Celery, valkey: "redis.Redis", fake: RecordingRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers are away for ten intervals; whatever waits then, no provider is fetched more than once."""
    count, intervals, interval_s, tick_s = 100, 10, 3600, 600
    clock = FakeClock(datetime.now(UTC) - timedelta(seconds=intervals * interval_s))
    monkeypatch.setattr(app, "now", clock)
    RedisCatalogue(valkey).put([provider(id=f"p{n}", interval_s=interval_s) for n in range(count)], clock())
    scheduler = ProviderScheduler(app, clock=clock)
    for _ in range(intervals * interval_s // tick_s):
        clock.passes(seconds=tick_s)
        scheduler.dispatch()
    scheduler.close()
    messages = valkey.llen("fetch")
    assert messages >= intervals * count

    with ended(task_success, task_revoked) as wait, worker(app, 1, "solo"):
        wait(messages)

    polled = Counter(fake.polled)
    assert set(polled.values()) == {1}
    # But for those whose interval ends while this runs, none is left out.
    assert len(polled) > 0.9 * count
    assert valkey.llen("fetch") == valkey.zcard("unacked_index") == 0


def test_a_worker_takes_what_it_has_a_slot_for_and_hides_nothing(
    app: Celery, valkey: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits does so in the queue, for any worker, and its length is the backlog."""
    slow = SlowRuntime()
    monkeypatch.setattr(runtimes, "_runtime", slow)
    for number in range(5):
        fetch_provider.apply_async((f"p{number}",))

    with ended(task_success) as wait, worker(app, 2, "threads"):
        for _ in range(2):
            assert slow.begun.acquire(timeout=PATIENCE_S)
        # A third would begin without waiting for anything, if it had been taken.
        assert (valkey.llen("fetch"), slow.polled) == (3, ["p0", "p1"])
        assert not valkey.exists("unacked", "unacked_index"), "nothing is written down for a hint"
        slow.may_end.set()
        wait(5)

    assert sorted(slow.polled) == [f"p{number}" for number in range(5)]
    assert valkey.llen("fetch") == 0


class EndingRuntime(RecordingRuntime):
    """A runtime whose polls end in one of three ways, by the provider's id."""

    def poll(self, provider_id: str) -> Poll:
        super().poll(provider_id)
        if provider_id == "gone":
            return Poll(outcome=Outcome.FAILED, failure=ConnectError("no connection to gone.example"))
        if provider_id == "calm":
            return Poll(outcome=Outcome.QUIET, response_class=ResponseClass.NOT_MODIFIED)
        return Poll(outcome=Outcome.CHANGED, response_class=ResponseClass.CHANGED, events=2)


def test_flower_hears_how_each_poll_ended_and_nothing_of_wake_ups(
    app: Celery, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Events are sent in bulk, and none is missing."""
    monkeypatch.setattr(runtimes, "_runtime", EndingRuntime())
    monkeypatch.setattr(tasks, "_wake_sinks", lambda: None)
    monkeypatch.setattr(tasks, "_wake_alerts", lambda: None)
    rounds = 10
    with watching(app) as watch, worker(app, 4, "threads"):
        for _ in range(rounds):
            print_updates.apply_async()
            for provider_id in ("calm", "gone", "news"):
                fetch_provider.apply_async((provider_id,))
        watch.until(succeeded=2 * rounds, failed=rounds)

    seen = watch.state.tasks.values()
    name = fetch_provider.name
    assert Counter((task.name, task.args, task.state, task.result, task.exception) for task in seen) == {
        (name, "('calm',)", "SUCCESS", "quiet not_modified", None): rounds,
        (name, "('gone',)", "FAILURE", None, "connect: no connection to gone.example"): rounds,
        (name, "('news',)", "SUCCESS", "changed, 2 new", None): rounds,
    }
    assert all(task.received and task.started and task.runtime is not None for task in seen)
    assert "Traceback" not in caplog.text
