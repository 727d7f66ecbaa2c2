"""One stack for the tests of a module."""

import logging
import time
from collections.abc import Iterator

import pytest

from tests.compose.stack import Stack

log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The stack, healthy and with all of the vendor's history on record."""
    compose = Stack()
    compose("down", "--volumes", "--timeout=5")
    compose("build")
    try:
        began = time.monotonic()
        compose.up()
        log.warning("healthy after %.1f s", time.monotonic() - began)
        compose.wait_for(
            lambda: compose.run("exec", "-T", "printer", "test", "-s", "/data/updates.jsonl").returncode == 0,
            "first update",
        )
        yield compose
    finally:
        if request.session.testsfailed:
            log.error(compose.logs()[-20_000:])
        compose("down", "--volumes", "--timeout=5")
