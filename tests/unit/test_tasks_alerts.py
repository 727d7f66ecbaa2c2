"""The tasks around alerts, as plain functions: whom they wake, and that nothing that is expected leaves them."""

import logging
from datetime import datetime

import pytest
from msgspec import Struct

from tracker.errors import Conflict, StoreError
from workers import tasks


class Channel(Struct):
    name: str


class FakeRuntime:
    """A runtime with one channel that is ready, and rounds that end as the test says."""

    def __init__(self) -> None:
        self.alerts = self
        self.channels = (Channel("chat"), Channel("mail"))
        self.outcome: int | Exception = 0
        self.queued = 0

    def config(self) -> "FakeRuntime":
        return self

    def has_channels(self) -> bool:
        return bool(self.channels)

    def channels_ready(self, names: list[str], now: datetime) -> list[str]:
        assert names == ["chat", "mail"]
        assert now.tzinfo
        return ["mail"]

    def waiting(self, queue: str) -> int:
        assert queue in ("deliver", "print")
        return self.queued

    def decide_alerts(self) -> int:
        return self._end()

    def send_alerts(self, channel: str) -> int:
        assert channel == "mail"
        return self._end()

    def _end(self) -> int:
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
    """The names of tasks, and the channels, that messages were sent for."""
    names: list[str] = []
    monkeypatch.setattr(tasks.send_alerts, "apply_async", names.extend)
    monkeypatch.setattr(tasks.decide_alerts, "apply_async", lambda *_: names.append("decide"))
    monkeypatch.setattr(tasks.print_updates, "apply_async", lambda *_: names.append("print"))
    return names


def test_what_was_decided_wakes_the_channels_that_have_something_to_send(
    runtime: FakeRuntime, woken: list[str]
) -> None:
    runtime.outcome = 2
    tasks.decide_alerts()

    assert woken == ["mail", "print"]


def test_a_decider_that_comes_second_leaves_the_channels_to_be_woken_all_the_same(
    runtime: FakeRuntime, woken: list[str]
) -> None:
    runtime.outcome = Conflict("another worker decides")
    tasks.decide_alerts()

    assert woken == ["mail"]


def test_a_data_server_that_is_away_costs_a_line(
    runtime: FakeRuntime, woken: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    runtime.outcome = StoreError("away")
    with caplog.at_level(logging.WARNING):
        tasks.decide_alerts()
        ended = tasks.send_alerts("mail")

    assert woken == []
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "away" in str(ended)


def test_a_channel_that_took_something_is_looked_at_again_at_once(runtime: FakeRuntime, woken: list[str]) -> None:
    runtime.outcome = 3

    assert str(tasks.send_alerts("mail")) == "3 sent"
    assert woken == ["mail", "print"]


def test_nothing_is_decided_where_there_are_no_channels_and_no_queue_grows_without_end(
    runtime: FakeRuntime, woken: list[str]
) -> None:
    runtime.queued = tasks.MOST_DELIVERIES
    tasks._wake_alerts()
    tasks._wake_channels()
    runtime.queued, runtime.channels = 0, ()
    tasks._wake_alerts()

    assert woken == []
