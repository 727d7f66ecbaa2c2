"""One scheduler that dispatches what is due as fast as it can, in a process of its own. Prints JSON.

    python -m benchmarks.scheduler_drivers NAME COUNT SECONDS SERVER_PID STARTED_AT

All of COUNT entries are due; when all were dispatched, all are due again. Runs under other installations too (RedBeat's
has a virtual environment of its own): what is not there is imported by the driver that needs it.
"""

# ruff: noqa: PLC0415  what only one installation has is imported where it is needed

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import redis

from benchmarks.processes import cpu_s

TASK = "workers.tasks.fetch_provider"
INTERVAL_S = 30
#: Loading entries takes no longer than that.
LOAD_S = 60


class Enough(BaseException):
    """Time is up. No Exception: schedulers log those and go on."""


def tracker(_: int) -> Iterator[None]:
    """The tracker's; the providers are in the catalogue already."""
    from workers.application import app
    from workers.scheduler import ProviderScheduler

    clock = SimpleNamespace(now=datetime.now(UTC) + timedelta(seconds=INTERVAL_S))
    scheduler = ProviderScheduler(app, clock=lambda: clock.now)
    while True:
        yield
        if scheduler.dispatch() > 0:
            clock.now += timedelta(seconds=INTERVAL_S)
        yield


def celery(count: int) -> Iterator[None]:
    """Celery's default: entries in memory (its shelve file is written every three minutes, and not here)."""
    from celery.beat import Scheduler

    app = _plain_app()
    app.conf.beat_schedule = {
        f"p{n}": {"task": TASK, "schedule": float(INTERVAL_S), "args": (f"p{n}",), "options": {"expires": INTERVAL_S}}
        for n in range(count)
    }
    scheduler = Scheduler(app)
    while True:
        for entry in scheduler.schedule.values():
            entry.last_run_at = datetime.now(UTC) - timedelta(hours=1)
        scheduler._heap = None  # noqa: SLF001  as Celery does when entries change
        yield
        while scheduler.tick() == 0:
            pass
        yield


def redbeat(count: int) -> Iterator[None]:
    """RedBeat: entries in Redis."""
    from celery.schedules import schedule
    from redbeat.schedulers import RedBeatScheduler, RedBeatSchedulerEntry, acquire_distributed_beat_lock

    app = _plain_app()
    app.conf.redbeat_redis_url = app.conf.broker_url
    scheduler = RedBeatScheduler(app)
    acquire_distributed_beat_lock(sender=SimpleNamespace(scheduler=scheduler))
    while True:
        for n in range(count):
            entry = RedBeatSchedulerEntry(
                f"p{n}", TASK, schedule(INTERVAL_S), args=[f"p{n}"], options={"expires": INTERVAL_S}, app=app
            )
            entry.last_run_at = datetime.now(UTC) - timedelta(hours=1)
            entry.save()
        yield
        scheduler.tick()
        yield


def _plain_app() -> Any:
    """Return an application with the tracker's settings as far as they touch what is published."""
    from celery import Celery

    app = Celery("plain", broker=os.environ["REDIS_URL"], set_as_current=True)
    app.conf.update(task_ignore_result=True, task_default_queue="fetch", enable_utc=True, timezone="UTC")
    app.conf.broker_transport_options = {"priority_steps": [0]}
    app.task(name=TASK)(lambda provider_id: provider_id)
    return app


def measure(steps: Iterator[None], seconds: float, server: int, started_at: float) -> dict[str, Any]:
    """Run a driver, which in turn makes entries due (not timed) and dispatches them (timed)."""
    client = redis.Redis.from_url(os.environ["REDIS_URL"])
    if not _within(LOAD_S, lambda: next(steps)):
        return {"not_ready_after_s": LOAD_S}
    ready_s, rss_before = time.time() - started_at, rss_mb()
    dispatches = 0
    took_s = cpu = server_cpu = 0.0
    in_time = True
    while in_time and took_s < seconds:
        before = (time.perf_counter(), time.process_time(), cpu_s(server))
        in_time = _within(seconds - took_s, lambda: next(steps))
        took_s += time.perf_counter() - before[0]
        cpu += time.process_time() - before[1]
        server_cpu += cpu_s(server) - before[2]
        dispatches += client.llen("fetch")
        client.unlink("fetch")
        in_time = in_time and _within(LOAD_S, lambda: next(steps))
    return {
        "ready_s": round(ready_s, 2),
        "dispatches": dispatches,
        "per_s": round(dispatches / took_s),
        "cpu_us": round(cpu / dispatches * 1e6, 1) if dispatches else None,
        "server_cpu_us": round(server_cpu / dispatches * 1e6, 1) if dispatches else None,
        "rss_mb": round(rss_mb()),
        "rss_grew_mb": round(rss_mb() - rss_before, 1),
    }


def _within(seconds: float, act: Callable[[], None]) -> bool:
    """Do something for no longer than that; return whether it came to its end."""

    def raise_enough(*_: object) -> None:
        raise Enough

    signal.signal(signal.SIGALRM, raise_enough)
    signal.setitimer(signal.ITIMER_REAL, max(0.001, seconds))
    try:
        act()
    except Enough:
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return True


def rss_mb(pid: int | None = None) -> float:
    """Return the resident memory of a process, by default of this one."""
    return int(Path(f"/proc/{pid or os.getpid()}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    _name, _count, _seconds, _server, _started_at = sys.argv[1:]
    _driver = {"tracker": tracker, "celery": celery, "redbeat": redbeat}[_name]
    print(json.dumps(measure(_driver(int(_count)), float(_seconds), int(_server), float(_started_at))))
