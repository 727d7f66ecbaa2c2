"""A real worker whose slots are coroutines, taken past most of Celery (`TRACKER_LEAN`) and on Celery's own ways."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from celery import Celery, Task
from celery.exceptions import Ignore, Reject, Retry
from celery.signals import task_failure
from celery.worker import state

from tests.patience import PATIENCE_S
from tests.workers.slots import task_of, watching, worker
from workers.lean import LeanRequest
from workers.transport import Channel


@pytest.fixture(params=["1", pytest.param("0", marks=pytest.mark.faults)], ids=["lean", "general"])
def lean(request: pytest.FixtureRequest, environment: pytest.MonkeyPatch) -> bool:
    """Whether messages are taken past most of Celery."""
    environment.setenv("TRACKER_LEAN", request.param)
    return bool(request.param == "1")


Maker = Callable[..., Task]


@pytest.fixture
def make(app: Celery, lean: bool) -> Iterator[Maker]:  # noqa: ARG001  the environment comes first
    """Make a task of a coroutine that is gone after the test."""
    made: list[str] = []

    def make(coroutine: Callable[..., Awaitable[Any]], **options: Any) -> Task:
        task = task_of(app, coroutine, **options)
        made.append(task.name)
        return task

    yield make
    for name in made:
        app.tasks.unregister(name)


class Gate:
    """Lets coroutines wait in the worker's loop until the test opens it."""

    def __init__(self) -> None:
        self.inside = threading.Semaphore(0)
        self.left: list[str] = []
        self._open: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    async def hangs(self, name: str) -> str:
        if self._open is None:
            self._open = (asyncio.get_running_loop(), asyncio.Event())
        self.inside.release()
        try:
            await self._open[1].wait()
        except asyncio.CancelledError:
            self.left.append(name)
            raise
        return f"{name} passed"

    def open(self) -> None:
        assert self._open is not None
        loop, event = self._open
        loop.call_soon_threadsafe(event.set)

    def wait(self, count: int) -> None:
        for _ in range(count):
            assert self.inside.acquire(timeout=PATIENCE_S)


async def passes(name: str = "") -> str:
    return name


def kinds_of_requests() -> set[type]:
    return {type(request) for request in tuple(state.active_requests)}


def test_a_burst_passes_and_is_reported_whole(
    app: Celery, valkey: "redis.Redis", make: Maker, lean: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: Counter[str] = Counter()
    made_by_kombu: list[object] = []

    class Counted(Channel.Message):
        def __init__(self, payload: Any, *arguments: Any, **options: Any) -> None:
            made_by_kombu.append(payload["headers"].get("task"))
            super().__init__(payload, *arguments, **options)

    monkeypatch.setattr(Channel, "Message", Counted)

    async def counts(name: str) -> str:
        ran[name] += 1
        return f"{name} counted"

    task, burst = make(counts), 600
    for number in range(burst):
        task.apply_async((f"p{number}",), expires=600)

    with watching(app) as watch, worker(app, 64):
        watch.until(succeeded=burst)

    assert ran == {f"p{number}": 1 for number in range(burst)}
    assert made_by_kombu.count(task.name) == (0 if lean else burst)
    assert watch.reported == {"task-received": burst, "task-started": burst, "task-succeeded": burst}
    assert {(each.state, each.result) for each in watch.state.tasks.values() if each.args == "('p7',)"} == {
        ("SUCCESS", "'p7 counted'")
    }
    assert all(each.received and each.started and each.runtime is not None for each in watch.state.tasks.values())
    assert valkey.llen("fetch") == 0
    assert not valkey.exists("unacked", "unacked_index")


def test_hundreds_hang_are_shown_and_hold_nobody_up(app: Celery, make: Maker, lean: bool) -> None:
    gate = Gate()
    hanging, passing, count = make(gate.hangs), make(passes), 600
    for number in range(count):
        hanging.apply_async((f"h{number}",))

    with watching(app) as watch, worker(app, count + 8):
        gate.wait(count)
        watch.until(started=count)
        assert (kinds_of_requests() == {LeanRequest}) is lean
        active = app.control.inspect(timeout=PATIENCE_S, limit=1).active()
        for number in range(200):
            passing.apply_async((f"p{number}",))
        watch.until(succeeded=200)
        shown = Counter(task.state for task in watch.state.tasks.values())
        gate.open()
        watch.until(succeeded=200 + count)
        stats = app.control.inspect(timeout=PATIENCE_S, limit=1).stats()

    assert shown == {"STARTED": count, "SUCCESS": 200}
    ((reported),) = active.values()
    assert {each["name"] for each in reported} == {hanging.name}
    assert len(reported) == count
    assert {tuple(each["args"]) for each in reported} == {(f"h{number}",) for number in range(count)}
    ((stat),) = stats.values()
    assert stat["total"] == {hanging.name: count, passing.name: 200}
    assert stat["pool"]["max-concurrency"] == count + 8
    assert stat["pool"]["running"] == 0


def test_what_a_coroutine_raises_is_reported_and_ends_nothing_else(
    app: Celery, make: Maker, capfd: pytest.CaptureFixture[str]
) -> None:
    failures: Counter[str] = Counter()

    async def raises(which: str) -> str:
        await asyncio.sleep(0)
        raise {
            "value": ValueError("no such page \udc80"),
            "exit": SystemExit(3),
            "cancelled": asyncio.CancelledError(),
            "ignore": Ignore(),
            "retry": Retry("later", exc=ValueError("x")),
            "reject": Reject("never"),
        }[which]

    def failed(exception: BaseException, **_: Any) -> None:
        failures[type(exception).__name__] += 1

    task, last = make(raises), make(passes)
    task_failure.connect(failed, sender=task)
    for which in ("value", "exit", "cancelled", "ignore", "retry", "reject"):
        task.apply_async((which,))
    app.send_task(task.name, ("too", "many"))
    with watching(app) as watch, worker(app, 8):
        watch.until(failed=5, retried=1)
        last.apply_async()
        watch.until(succeeded=1)
    task_failure.disconnect(failed, sender=task)

    reported = {task.args: (task.state, str(task.exception)) for task in watch.state.tasks.values()}
    assert reported["('value',)"] == ("FAILURE", "ValueError('no such page \\udc80')")
    assert reported["('exit',)"] == ("FAILURE", "WorkerLostError('SystemExit(3)')")
    assert reported["('cancelled',)"] == ("FAILURE", "WorkerLostError('CancelledError()')")
    assert reported["('ignore',)"][0] == "STARTED"
    assert reported["('retry',)"][0] == "RETRY"
    assert reported["('reject',)"][0] == "FAILURE"
    assert reported["('too', 'many')"][1].startswith("TypeError(")
    tracebacks = [event["traceback"] for event in watch.events if "no such page" in event.get("exception", "")]
    assert ["in raises" in traceback for traceback in tracebacks] == [True]
    assert {"ValueError", "TypeError", "WorkerLostError"} <= set(failures)
    assert "raised unexpected: ValueError" in capfd.readouterr().err
    assert not state.requests


def test_past_its_soft_limit_a_coroutine_is_cancelled(app: Celery, make: Maker) -> None:
    gate = Gate()
    make(gate.hangs, soft_time_limit=0.1, time_limit=60).apply_async(("slow",))
    with watching(app) as watch, worker(app, 1):
        watch.until(failed=1)

    (task,) = watch.state.tasks.values()
    assert task.exception == "SoftTimeLimitExceeded(0.1)"
    assert gate.left == ["slow"]


def test_past_its_hard_limit_a_slot_is_free_whatever_the_coroutine_does(
    app: Celery, make: Maker, lean: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    may_end = threading.Event()

    async def stays() -> None:
        while not may_end.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue

    make(stays, soft_time_limit=0.1, time_limit=0.3).apply_async()
    make(passes).apply_async()
    with watching(app) as watch, worker(app, 1):
        watch.until(failed=1, succeeded=1)
        may_end.set()

    assert {task.name: task.exception for task in watch.state.tasks.values()} == {
        "slots.stays": "TimeLimitExceeded(0.3)" if lean else "ExceptionWithTraceback()",  # Celery's own slip
        "slots.passes": None,
    }
    assert watch.reported["task-failed"] == watch.reported["task-succeeded"] == 1
    assert "Hard time limit (0.3s) exceeded for slots.stays" in capfd.readouterr().err


def test_a_revoked_task_is_not_run_and_a_running_one_is_ended(app: Celery, make: Maker, lean: bool) -> None:
    gate = Gate()
    task, last = make(gate.hangs), make(passes)
    running = task.apply_async(("running",))
    with watching(app) as watch, worker(app, 1):
        gate.wait(1)
        assert (kinds_of_requests() == {LeanRequest}) is lean
        waiting = task.apply_async(("waiting",))
        control = app.control
        control.revoke([waiting.id], reply=True, timeout=PATIENCE_S, limit=1)
        query = control.inspect(timeout=PATIENCE_S, limit=1).query_task(running.id)
        control.revoke([running.id], terminate=True, reply=True, timeout=PATIENCE_S, limit=1)
        last.apply_async()
        watch.until(revoked=2, succeeded=1)

    ((found),) = query.values()
    assert found[running.id][0] == "active"
    assert gate.left == ["running"]
    assert {watch.state.tasks[each.id].state for each in (running, waiting)} == {"REVOKED"}
    assert {event["terminated"] for event in watch.events if event["type"] == "task-revoked"} == {True, False}


def test_an_expired_message_is_dropped_and_reported(app: Celery, make: Maker) -> None:
    ran: list[str] = []

    async def runs(name: str) -> None:
        ran.append(name)

    task = make(runs)
    task.apply_async(("old",), expires=datetime.now(UTC) - timedelta(seconds=1))
    task.apply_async(("new",), expires=datetime.now(UTC) + timedelta(seconds=600))
    with watching(app) as watch, worker(app, 4):
        watch.until(revoked=1, succeeded=1)

    assert ran == ["new"]
    ((expired),) = [event["expired"] for event in watch.events if event["type"] == "task-revoked"]
    assert expired is True


def message(valkey: "redis.Redis", task: Task) -> dict[str, Any]:
    """Return the message that Celery makes for a task, which is in no queue any more."""
    task.apply_async(("p",), expires=600)
    made: dict[str, Any] = json.loads(valkey.rpop("fetch"))
    return made


def test_garbage_neither_ends_the_worker_nor_stops_it(app: Celery, valkey: "redis.Redis", make: Maker) -> None:
    ran: list[object] = []

    async def runs(*names: object) -> None:
        ran.append(names)
        if names == ("last",):
            ended.set()

    task, ended = make(runs), threading.Event()
    sound = message(valkey, task)
    headers, properties = sound["headers"], sound["properties"]
    odd = [
        {},
        {**sound, "body": "not base64"},
        {**sound, "body": "W10="},
        {**sound, "body": None},
        {**sound, "headers": None},
        {**sound, "headers": {}},
        {**sound, "headers": {"task": task.name}},
        {**sound, "headers": {**headers, "task": "nobody.knows"}},
        {**sound, "headers": {**headers, "task": ["x"]}},
        {**sound, "headers": {**headers, "id": None}},
        {**sound, "headers": {**headers, "expires": "soon"}},
        {**sound, "headers": {**headers, "expires": 5}},
        {**sound, "headers": {**headers, "timelimit": "x"}},
        {**sound, "headers": {**headers, "eta": "now"}},
        {**sound, "properties": None},
        {**sound, "properties": {**properties, "delivery_tag": None, "delivery_info": None}},
        {**sound, "content-type": "application/x-python-serialize"},
        {**sound, "content-encoding": "rot13"},
        {key: value for key, value in sound.items() if key != "properties"},
    ]
    for raw in (b"", b"{", b"\xff\xfe", b"[]", b"null", b"7", *(json.dumps(each).encode() for each in odd)):
        valkey.lpush("fetch", raw)
    valkey.lpush("fetch", json.dumps(sound).encode())

    task.apply_async(("last",))

    with worker(app, 8):
        assert ended.wait(PATIENCE_S)

    assert ("p",) in ran
    assert ran.count(("last",)) == 1
    assert valkey.llen("fetch") == 0


#: Fields of events that differ from one run to the next.
VOLATILE = {"clock", "expires", "local_received", "root_id", "runtime", "timestamp", "traceback", "uuid"}


def test_a_task_is_reported_as_celery_reports_it(app: Celery, make: Maker, environment: pytest.MonkeyPatch) -> None:
    async def ends(how: str) -> str:
        await asyncio.sleep(0)
        if how == "badly":
            raise ValueError(how)
        return how

    task = make(ends)
    reported: dict[str, dict[str, Any]] = {}
    for lean in ("1", "0"):
        environment.setenv("TRACKER_LEAN", lean)
        for how in ("well", "badly"):
            task.apply_async((how,), expires=60)
        with watching(app) as watch, worker(app, 4):
            watch.until(succeeded=1, failed=1)
        assert all(event["root_id"] == event["uuid"] for event in watch.events if event["type"] == "task-received")
        reported[lean] = {
            f"{event['type']} {event.get('args')}": {key: None if key in VOLATILE else event[key] for key in event}
            for event in watch.events
        }

    assert reported["1"] == reported["0"]


def test_tasks_without_a_coroutine_run_in_threads_and_are_acknowledged(
    app: Celery, valkey: "redis.Redis", make: Maker
) -> None:
    async def unused() -> None:
        raise AssertionError

    name = make(unused).name
    app.tasks.unregister(name)

    def names_thread() -> str:
        return threading.current_thread().name

    task = app.task(name=name)(names_thread)
    task.apply_async(queue="deliver")
    task.apply_async(queue="fetch")
    with watching(app) as watch, worker(app, 4):
        watch.until(succeeded=2)

    assert all("task_" in each.result for each in watch.state.tasks.values())
    assert not valkey.exists("unacked", "unacked_index", "deliver", "fetch")


def test_a_pool_grows_and_shrinks(app: Celery, make: Maker) -> None:
    gate = Gate()
    task = make(gate.hangs)
    for number in range(3):
        task.apply_async((f"h{number}",))
    with watching(app) as watch, worker(app, 1) as controller:
        gate.wait(1)
        app.control.pool_grow(2, reply=True, timeout=PATIENCE_S, limit=1)
        gate.wait(2)
        app.control.pool_shrink(9, reply=True, timeout=PATIENCE_S, limit=1)
        assert controller.pool.num_processes == 1
        gate.open()
        watch.until(succeeded=3)
