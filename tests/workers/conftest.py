"""What the tests of the driver share: an environment, Celery's application in it, and a clock for both."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from celery import Celery

from tests.fakes import FakeClock
from tests.workers.queues import connected
from workers import runtime
from workers.application import app as application


@pytest.fixture
def environment(valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The environment of a worker or beat on the tests' data server."""
    for name in ("REDIS_USERNAME", "REDIS_PASSWORD", "REDIS_URL_FILE", "REDIS_PASSWORD_FILE", "TRACKER_TICK_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REDIS_URL", valkey_url)
    monkeypatch.setenv("TRACKER_DATA_DIR", str(tmp_path))
    yield monkeypatch
    runtime.close()


@pytest.fixture
def app(environment: pytest.MonkeyPatch, valkey: "redis.Redis", valkey_url: str) -> Iterator[Celery]:  # noqa: ARG001
    """Celery's application on the tests' data server, which is empty."""
    with connected(application, valkey_url) as app:
        yield app


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The clock of Celery's application: of its timers, and of the messages that it sends."""
    fake = FakeClock()
    monkeypatch.setattr(application, "now", fake)
    return fake
