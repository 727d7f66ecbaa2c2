"""The pool of coroutines by itself, with a hub that the test turns."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from celery.platforms import EX_FAILURE
from celery.worker import state

from tests.patience import PATIENCE_S
from tracker.bootstrap import GENERAL_POLLS, SLOW_POLLS
from tracker.fetch import LOOK_UP_THREADS
from workers import loop as loops
from workers import pool as pools
from workers.jobs import Job
from workers.pool import MOST_STANDSTILLS, CoroutinePool


class Hub:
    """Keeps what it was given to do until the test does it."""

    def __init__(self) -> None:
        self.given: list[Callable[[], object]] = []
        self.repeated: list[Callable[[], object]] = []
        self._pending = threading.Semaphore(0)

    def call_soon(self, function: Callable[[], object]) -> None:
        self.given.append(function)
        self._pending.release()

    def call_repeatedly(self, _every_s: float, function: Callable[[], object]) -> None:
        self.repeated.append(function)

    def forget(self) -> None:
        """Lose the next call, as Celery's hub does when one before it fails."""
        assert self._pending.acquire(timeout=PATIENCE_S)
        self.given.pop(0)

    def lease(self) -> None:
        assert self._pending.acquire(timeout=PATIENCE_S)
        self.given.pop(0)()


class Plain(Job):
    """A job that remembers that it ended."""

    __slots__ = ("ends",)

    def ended(self) -> None:
        self.ends.append(self.value)


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def pool(hub: Hub) -> Iterator[CoroutinePool]:
    pool = CoroutinePool(4, app=None)
    pool.start()
    pool.register_with_event_loop(hub)
    yield pool
    state.should_terminate = None
    pool.stop()
    for thread in threading.enumerate():
        if thread.name == "coroutines":  # of a loop that stood still, and closes later
            thread.join(PATIENCE_S)


def job(coroutine: Callable[..., Any], *arguments: Any, ends: list[Any]) -> Plain:
    plain = Plain(SimpleNamespace(coroutine=coroutine, name="plain"), arguments, {})
    plain.ends = ends
    return plain


def test_what_comes_together_is_handed_over_with_one_call_and_reported_with_one(
    pool: CoroutinePool, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []
    in_loop = pool._in_loop
    monkeypatch.setattr(pool, "_in_loop", lambda *given: (calls.append(given), in_loop(*given)))
    ends: list[int] = []

    async def returns(number: int) -> int:
        return number

    for number in range(50):
        pool.run(job(returns, number, ends=ends))
    hub.lease()
    hub.lease()

    assert ends == list(range(50))
    assert (len(calls), hub.given) == (1, [])


def test_a_report_that_fails_keeps_no_other_from_being_made(
    pool: CoroutinePool, hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    ends: list[None] = []

    async def returns() -> None:
        pass

    broken = job(returns, ends=ends)
    del broken.ends
    pool.run(broken)
    pool.run(job(returns, ends=ends))
    hub.lease()
    hub.lease()

    assert ends == [None]
    assert "a report about a task failed" in caplog.text


def test_what_the_hub_has_forgotten_is_called_with_the_next_check(pool: CoroutinePool, hub: Hub) -> None:
    ends: list[int] = []

    async def returns() -> int:
        return 1

    pool.run(job(returns, ends=ends))
    hub.forget()
    (check,) = hub.repeated
    check()
    hub.forget()
    check()

    assert ends == [1]


class Standstill:
    """A coroutine that blocks the loop until it may go on."""

    def __init__(self, pool: CoroutinePool, hub: Hub) -> None:
        self._begun, self.may_go_on = threading.Event(), threading.Event()
        pool.run(job(self._blocks, ends=[]))
        hub.lease()
        assert self._begun.wait(PATIENCE_S)

    async def _blocks(self) -> None:
        self._begun.set()
        self.may_go_on.wait(PATIENCE_S)


def test_a_worker_whose_loop_stands_still_ends(pool: CoroutinePool, hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    standstill = Standstill(pool, hub)
    (check,) = hub.repeated
    check()
    for _ in range(MOST_STANDSTILLS):
        assert state.should_terminate is None
        check()
    standstill.may_go_on.set()

    assert state.should_terminate == EX_FAILURE
    assert "the event loop has stood still" in caplog.text


def test_a_warm_shutdown_does_not_wait_for_a_loop_that_stands_still(
    pool: CoroutinePool, hub: Hub, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "CHECK_S", 0.1)
    standstill = Standstill(pool, hub)
    pool.stop()
    standstill.may_go_on.set()

    assert "the event loop stands still; 1 tasks are left" in caplog.text


def test_what_tasks_opened_in_the_loop_is_closed_in_it(pool: CoroutinePool, monkeypatch: pytest.MonkeyPatch) -> None:
    closed_in: list[str] = []

    async def fails() -> None:
        raise ValueError("broken")

    async def closes() -> None:
        closed_in.append(threading.current_thread().name)

    monkeypatch.setattr(loops, "closers", [fails, closes])
    pool.stop()

    assert closed_in == ["coroutines"]


def test_the_container_of_a_worker_allows_all_its_threads() -> None:
    most = GENERAL_POLLS + SLOW_POLLS + LOOK_UP_THREADS + loops.MOST_HELPERS + pools.MOST_THREADS
    compose = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.yml").read_text(encoding="utf-8"))

    # Its own, those of the watch and of Celery are few.
    assert compose["services"]["worker"]["pids_limit"] >= most + 32
