"""The tasks around webhooks, as plain functions: whom they wake, and that nothing that is expected leaves them."""

import logging
from datetime import datetime

import pytest
from kombu.exceptions import OperationalError

from tracker.errors import Conflict, StoreError
from workers import tasks
from workers.app import app


class FakeRuntime:
    """A runtime with sinks that are ready, and deliveries as the test says."""

    def __init__(self) -> None:
        self.sinks = self.alerts = self
        self.names: tuple[str, ...] = ("chat", "ops")
        self.outcome: int | Exception = 0
        self.waiting_deliveries = 0

    def waiting(self, queue: str) -> int:
        assert queue == "deliver"
        return self.waiting_deliveries

    def ready(self, now: datetime) -> tuple[str, ...]:
        assert now.tzinfo
        return self.names

    def has_channels(self) -> bool:
        return False

    def deliver_updates(self, sink: str) -> int:
        assert sink == "ops"
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    fake = FakeRuntime()
    monkeypatch.setattr(tasks, "runtime", lambda: fake)
    return fake


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sinks that a message was sent for."""
    names: list[str] = []

    def send(arguments: tuple[str]) -> None:
        names.extend(arguments)

    monkeypatch.setattr(tasks.deliver_updates, "apply_async", send)
    return names


def test_every_sink_that_is_ready_is_woken(runtime: FakeRuntime, woken: list[str]) -> None:
    tasks.wake_sinks()

    assert woken == list(runtime.names)


def test_where_many_deliveries_wait_none_is_added(runtime: FakeRuntime, woken: list[str]) -> None:
    runtime.waiting_deliveries = tasks.MOST_DELIVERIES
    tasks.wake_sinks()

    assert woken == []


def test_whoever_delivered_looks_again(runtime: FakeRuntime, woken: list[str]) -> None:
    runtime.outcome = 3
    tasks.deliver_updates("ops")

    assert woken == list(runtime.names)


@pytest.mark.parametrize("outcome", [0, Conflict("overtaken"), StoreError("gone")])
def test_whoever_delivered_nothing_wakes_nobody(
    runtime: FakeRuntime, woken: list[str], outcome: int | Exception
) -> None:
    runtime.outcome = outcome
    tasks.deliver_updates("ops")

    assert woken == []


@pytest.mark.parametrize("error", [OperationalError("no broker"), StoreError("no data server")])
def test_a_wake_up_that_fails_is_made_up_for_later(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    assert runtime
    monkeypatch.setattr(tasks.deliver_updates, "apply_async", fail)
    with caplog.at_level(logging.WARNING):
        tasks.wake_sinks()

    assert str(error) in caplog.text


def test_deliveries_have_a_queue_of_their_own() -> None:
    def queue_of(task: str) -> str:
        return app.amqp.router.route({}, task)["queue"].name

    assert queue_of("workers.tasks.deliver_updates") == "deliver"
    assert queue_of("workers.tasks.wake_sinks") == "print"
    assert queue_of("workers.tasks.fetch_provider") == "fetch"
