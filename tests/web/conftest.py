"""Web servers for tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from playwright.sync_api import Browser

from tests.web.browser import running_browser
from tests.web.running import RunningWeb


@pytest.fixture
def web(valkey: "redis.Redis", tmp_path: Path) -> Iterator[RunningWeb]:
    """A web server on an empty data server, open to this machine."""
    with RunningWeb(valkey, tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running
