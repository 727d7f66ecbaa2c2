"""A data server for one measurement, as `tracker up` starts it, without the rest of the tracker."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import redis

from tracker.store.connection import connect
from tracker.supervise.server import EmbeddedServer

ROOT: Final = Path(__file__).resolve().parent.parent
#: Later lines of a configuration hold.
_KEEPS_NOTHING: Final = b"appendonly no\n"


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """A data server that runs."""

    pid: int
    url: str
    client: "redis.Redis"
    #: Of processes that are to use it.
    environ: dict[str, str]


@contextmanager
def data_server(*, keeps: bool = True) -> Iterator[Embedded]:
    """Start a data server, without its append-only file unless it keeps what it holds."""
    with tempfile.TemporaryDirectory(prefix="tracker-bench-", ignore_cleanup_errors=True) as directory:
        embedded = EmbeddedServer(Path(directory))
        server = subprocess.Popen(embedded.argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert server.stdin is not None
        server.stdin.write(embedded.config + (b"" if keeps else _KEEPS_NOTHING))
        server.stdin.close()
        client = connect(embedded.url)
        environ = {"REDIS_URL": embedded.url, "TRACKER_DATA_DIR": directory, "PYTHONPATH": str(ROOT)}
        try:
            until(lambda: _answers(client))
            yield Embedded(pid=server.pid, url=embedded.url, client=client, environ={**os.environ, **environ})
        finally:
            client.close()
            server.kill()
            server.wait()


def until(condition: Callable[[], Any], within_s: float = 60.0) -> None:
    """Wait until a condition holds. Raises TimeoutError."""
    ends_at = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > ends_at:
            raise TimeoutError(f"not within {within_s:.0f} s")
        time.sleep(0.005)


def _answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
