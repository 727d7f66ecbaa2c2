"""The scheduler alone, with everything due at once: dispatches a second, what one costs, start and memory.

    python -m benchmarks.scheduler [--counts 100,1000,10000,100000] [--seconds 10] [--names tracker,celery,redbeat]

A dispatch is claimed (if the scheduler does that) and published. Each scheduler runs in a process of its own, with a
data server of its own, as `tracker up` starts it. Celery's default scheduler and RedBeat (installed into .bench/, with
the same Celery) stand beside the tracker's. Then `celery beat` itself is started with the largest catalogue: when
is its first message there, when the last one, and how much memory does it take?
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import redis

from benchmarks.results import keep
from benchmarks.scheduler_drivers import INTERVAL_S, rss_mb
from benchmarks.table import show
from tracker.bootstrap import utc_now
from tracker.models import Provider
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import connect
from tracker.supervise.server import EmbeddedServer

ROOT: Final = Path(__file__).resolve().parent.parent
REDBEAT: Final = "celery-redbeat==2.4.2"


def main() -> None:
    options = _options()
    counts = [int(count) for count in options.counts.split(",")]
    lines = [
        {"scheduler": name, "providers": count, **_drive(name, count, options.seconds)}
        for name in options.names.split(",")
        for count in counts
    ]
    show("scheduler/dispatching", keep("scheduler/dispatching", vars(options), lines))
    started = _start(max(counts))
    show("scheduler/celery beat", keep("scheduler/celery beat", {"providers": max(counts)}, started))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--counts", default="100,1000,10000,100000", help="numbers of providers")
    parser.add_argument("--seconds", type=float, default=10.0, help="time to dispatch in, of each")
    parser.add_argument("--names", default="tracker,celery,redbeat", help="schedulers")
    return parser.parse_args()


def _drive(name: str, count: int, seconds: float) -> dict[str, Any]:
    """Return what a scheduler does with so many entries."""
    with _data_server() as (server, client, environ):
        if name == "tracker":
            _fill(client, count)
        python = _redbeat_python() if name == "redbeat" else sys.executable
        arguments = [name, str(count), str(seconds), str(server.pid), str(time.time())]
        done = subprocess.run(
            [python, "-m", "benchmarks.scheduler_drivers", *arguments],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            check=True,
        )
    numbers: dict[str, Any] = json.loads(done.stdout)
    print(name, count, numbers, file=sys.stderr)
    return numbers


def _start(count: int) -> dict[str, Any]:
    """Return what `celery beat` does when it starts with so many providers, all of them overdue."""
    with _data_server() as (_, client, environ):
        put_s = _fill(client, count)
        began = time.monotonic()
        beat = subprocess.Popen(
            [sys.executable, "-m", "celery", "-q", "-A", "workers.app", "beat", "--loglevel", "warning"],
            cwd=ROOT,
            env=environ,
        )
        try:
            _until(lambda: client.llen("fetch") > 0)
            first_s, rss_first = time.monotonic() - began, rss_mb(beat.pid)
            dispatched: list[int] = []
            _until(lambda: _drained(client, dispatched) >= count)
            last_s, rss_last = time.monotonic() - began, rss_mb(beat.pid)
            time.sleep(10)
            rss_later = rss_mb(beat.pid)
        finally:
            beat.terminate()
            beat.wait(10)
    return {
        "providers": count,
        "put_into_catalogue_s": round(put_s, 2),
        "first_message_after_s": round(first_s, 2),
        "last_message_after_s": round(last_s, 2),
        "rss_mb_at_first_last_later": [round(each) for each in (rss_first, rss_last, rss_later)],
    }


def _fill(client: "redis.Redis", count: int) -> float:
    """Put providers into the catalogue that have been due for an hour; return how many seconds that took."""
    providers = [
        Provider(id=f"p{n}", name=f"P{n}", url=f"https://p{n}.example/api/v2/summary.json", interval_s=INTERVAL_S)
        for n in range(count)
    ]
    began = time.monotonic()
    RedisCatalogue(client).put(providers, utc_now(), replacing="file")
    took_s = time.monotonic() - began
    for at in range(0, count, 1000):
        client.zadd("tracker:due", {f"p{n}": time.time() - 3600 for n in range(at, min(count, at + 1000))})
    return took_s


def _drained(client: "redis.Redis", dispatched: list[int]) -> int:
    """Take what waits out of the queue, as workers would; return how much came so far."""
    if client.exists("fetch"):
        client.rename("fetch", "taken")
        dispatched.append(client.llen("taken"))
        client.unlink("taken")
    return sum(dispatched)


def _until(condition: Any, within_s: float = 60.0) -> None:
    until = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"not within {within_s:.0f} s")
        time.sleep(0.005)


@contextmanager
def _data_server() -> Iterator[tuple["subprocess.Popen[bytes]", "redis.Redis", dict[str, str]]]:
    """Start a data server as `tracker up` does; yield it, a client, and the environment that leads to it."""
    with tempfile.TemporaryDirectory(prefix="tracker-bench-", ignore_cleanup_errors=True) as directory:
        embedded = EmbeddedServer(Path(directory))
        server = subprocess.Popen(embedded.argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert server.stdin is not None
        server.stdin.write(embedded.config)
        server.stdin.close()
        client = connect(embedded.url)
        environ = {"REDIS_URL": embedded.url, "TRACKER_DATA_DIR": directory, "PYTHONPATH": str(ROOT)}
        try:
            _until(lambda: _answers(client))
            yield server, client, {**os.environ, **environ}
        finally:
            client.close()
            server.kill()
            server.wait()


def _answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def _redbeat_python() -> Path:
    """Return the Python of an environment with RedBeat, which is made when it is not there."""
    directory = ROOT / ".bench" / "redbeat"
    python = directory / "bin" / "python"
    if not python.exists():
        venv.create(directory, with_pip=True)
        same = [f"{package}=={version(package)}" for package in ("celery", "kombu", "redis", "hiredis")]
        # kombu asks for `packaging` in its extra for Redis alone.
        subprocess.run([python, "-m", "pip", "install", "--quiet", REDBEAT, "packaging", *same], check=True)
    return python


if __name__ == "__main__":
    main()
