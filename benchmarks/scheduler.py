"""The scheduler alone, with everything due at once: dispatches a second, what one costs, start and memory.

    python -m benchmarks.scheduler [--counts 100,1000,10000,100000] [--seconds 10] [--names tracker,celery,redbeat]

A dispatch is claimed (if the scheduler does that) and published. Each scheduler runs in a process of its own, with a
data server of its own, as `tracker up` starts it. Celery's default scheduler and RedBeat (installed into .bench/, with
the same Celery) stand beside the tracker's. Then `celery beat` itself: what it costs, and how late it is, when so many
providers fall due in each second; and with the largest catalogue, all of it overdue: when is its first message there,
when the last one, and how much memory does it take?
"""

import argparse
import json
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import redis

from benchmarks.embedded import ROOT, Embedded, data_server, until
from benchmarks.processes import cpu_s
from benchmarks.results import keep
from benchmarks.scheduler_drivers import INTERVAL_S, rss_mb
from benchmarks.table import show
from tracker.model.clock import utc_now
from tracker.model.provider import Provider
from tracker.scheduling.schedule import phase_s
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import DUE

REDBEAT: Final = "celery-redbeat==2.4.2"
#: Until a beat that was started has read the catalogue.
_STARTS_WITHIN_S: Final = 6.0
#: How often somebody takes what was published.
_LOOK_S: Final = 0.01


def main() -> None:
    options = _options()
    counts = [int(count) for count in options.counts.split(",")]
    lines = [
        {"scheduler": name, "providers": count, **_drive(name, count, options.seconds)}
        for name in options.names.split(",")
        for count in counts
    ]
    show("scheduler/dispatching", keep("scheduler/dispatching", vars(options), lines))
    rates = [_steady(int(rate), options.seconds) for rate in options.rates.split(",")]
    show("scheduler/steady", keep("scheduler/steady", vars(options), rates))
    started = _start(max(counts))
    show("scheduler/celery beat", keep("scheduler/celery beat", {"providers": max(counts)}, started))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--counts", default="100,1000,10000,100000", help="numbers of providers")
    parser.add_argument("--seconds", type=float, default=10.0, help="time to dispatch in, of each")
    parser.add_argument("--rates", default="33,333,3333,12000", help="providers that fall due in a second")
    parser.add_argument("--names", default="tracker,celery,redbeat", help="schedulers")
    return parser.parse_args()


def _drive(name: str, count: int, seconds: float) -> dict[str, Any]:
    """Return what a scheduler does with so many entries."""
    with data_server() as server:
        if name == "tracker":
            _fill(server.client, count)
        python = _redbeat_python() if name == "redbeat" else sys.executable
        arguments = [name, str(count), str(seconds), str(server.pid), str(time.time())]
        done = subprocess.run(
            [python, "-m", "benchmarks.scheduler_drivers", *arguments],
            cwd=ROOT,
            env=server.environ,
            stdout=subprocess.PIPE,
            check=True,
        )
    numbers: dict[str, Any] = json.loads(done.stdout)
    print(name, count, numbers, file=sys.stderr)
    return numbers


def _start(count: int) -> dict[str, Any]:
    """Return what `celery beat` does when it starts with so many providers, all of them overdue."""
    with data_server() as server:
        put_s = _fill(server.client, count)
        began = time.monotonic()
        with _beat(server) as beat:
            until(lambda: server.client.llen("fetch") > 0)
            first_s, rss_first = time.monotonic() - began, rss_mb(beat)
            dispatched: list[int] = []
            until(lambda: _drained(server.client, dispatched) >= count)
            last_s, rss_last = time.monotonic() - began, rss_mb(beat)
            time.sleep(10)
            rss_later = rss_mb(beat)
    return {
        "providers": count,
        "put_into_catalogue_s": round(put_s, 2),
        "first_message_after_s": round(first_s, 2),
        "last_message_after_s": round(last_s, 2),
        "rss_mb_at_first_last_later": [round(each) for each in (rss_first, rss_last, rss_later)],
    }


def _steady(rate: int, seconds: float) -> dict[str, Any]:
    """Return what `celery beat` costs, and how late it is, when so many providers fall due in a second."""
    with data_server() as server:
        _fill(server.client, rate * INTERVAL_S)
        starts_at = time.time() + _STARTS_WITHIN_S
        _spread(server.client, rate * INTERVAL_S, starts_at)
        with _beat(server) as beat:
            dispatched: list[int] = []
            _drain(server.client, dispatched, starts_at + 1 - time.time())
            before = [time.monotonic(), cpu_s(beat), cpu_s(server.pid), sum(dispatched), len(dispatched)]
            _drain(server.client, dispatched, seconds)
            after = [time.monotonic(), cpu_s(beat), cpu_s(server.pid), sum(dispatched), len(dispatched)]
            (report,) = RedisCatalogue(server.client).scheduling(utc_now()).schedulers
    took_s, cpu, server_cpu, messages, _ = (later - earlier for earlier, later in zip(before, after, strict=True))
    return {
        "due_per_s": rate,
        "dispatched_per_s": round(messages / took_s),
        "beat_core_%": round(100 * cpu / took_s, 1),
        "server_core_%": round(100 * server_cpu / took_s, 1),
        "late_p50_ms": round(1e3 * (report.late_p50_s or 0)),
        "late_p99_ms": round(1e3 * (report.late_p99_s or 0)),
        "late_max_ms": round(1e3 * (report.late_max_s or 0)),
        "most_together": max(dispatched[int(before[4]) :], default=0),
    }


@contextmanager
def _beat(server: Embedded) -> Iterator[int]:
    """Run `celery beat`; yield its process id."""
    command = [sys.executable, "-m", "celery", "-q", "-A", "workers.app", "beat", "--loglevel", "warning"]
    beat = subprocess.Popen(command, cwd=ROOT, env=server.environ)
    try:
        yield beat.pid
    finally:
        beat.terminate()
        beat.wait(10)


def _drain(client: "redis.Redis", dispatched: list[int], seconds: float) -> None:
    """Take what comes, as workers would, for so long."""
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        _drained(client, dispatched)
        time.sleep(_LOOK_S)


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
        client.zadd(DUE, {f"p{n}": time.time() - 3600 for n in range(at, min(count, at + 1000))})
    return took_s


def _spread(client: "redis.Redis", count: int, starts_at: float) -> None:
    """Have all of them due on their grid, from that time on."""
    for at in range(0, count, 1000):
        pages = [f"p{number}" for number in range(at, min(count, at + 1000))]
        client.zadd(DUE, {page: starts_at + (phase_s(page, INTERVAL_S) - starts_at) % INTERVAL_S for page in pages})


def _drained(client: "redis.Redis", dispatched: list[int]) -> int:
    """Take what waits out of the queue, as workers would; return how much came so far."""
    if client.exists("fetch"):
        client.rename("fetch", "taken")
        dispatched.append(client.llen("taken"))
        client.unlink("taken")
    return sum(dispatched)


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
