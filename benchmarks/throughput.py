"""The most it can do: checks per second with 1, 2 and 4 workers, in a closed loop on the whole product.

Demand follows capacity: as fetches are taken, the next pages of a long round are made due, in the data server.
Beat then claims and publishes them as ever, so that its part and the data server's are in the figures, and no message
waits so long that it expires. Intervals are an hour, so that no page is due by itself.

`linear` is the rate divided by what as many single workers would do. It tells of the tracker only as long as the
machine has processors left ("all processes', %"); at 500 ms a worker's bound is its concurrency divided by 0.5 s.
"""

import argparse
import contextlib
import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import redis

from benchmarks.fleet import (
    Fleet,
    Meter,
    Tracker,
    add_options,
    await_every_page,
    bench,
    cpu_figures,
    fleet_of,
    tracking,
)
from benchmarks.origin import Origin
from benchmarks.results import keep
from benchmarks.table import show
from tracker.store.connection import DUE

_QUEUE: Final = "fetch"
HOUR_S: Final = 3600
#: Fetches that wait, since beat looks once a second; and most pages that are made due together.
_WAITING: Final = 2000
_STEP: Final = 500
#: A page is not asked again within half a second (`tracker.store.pages.LEAST_GAP_S`), and must not be due by then.
LEAST_PAGES: Final = 1000
#: Until connections are open and the rate is level.
_RAMP_S: Final = 5.0
#: The origin's log is behind by a second.
LOG_S: Final = 1.5


def main() -> None:
    options = _options()
    rows: list[dict[str, Any]] = []
    with bench(options, latency_ms=0) as (directory, origin):
        most = max(options.workers)
        with tracking(fleet_of(options, most), origin, directory):
            await_every_page(fleet_of(options, most), origin)
        for latency_ms, workers in itertools.product(options.latencies, options.workers):
            origin.set_latency(latency_ms)
            fleet = fleet_of(options, workers)
            row = {"latency, ms": latency_ms, "workers": workers} | _rate(fleet, origin, directory, options.seconds)
            rows.append(_with_linearity(row, rows))
        server = origin.server
    show(_name(options), keep(_name(options), {**vars(options), "origin": server}, rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="throughput", description="Poll as many quiet pages as possible.")
    add_options(parser, pages=4000, interval_s=HOUR_S)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each row is measured")
    parser.add_argument("--latencies", type=_numbers, default=(0, 100, 500), help="milliseconds, as in 0,100,500")
    parser.add_argument("--workers", type=_numbers, default=(1, 2, 4), help="as in 1,2,4")
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _name(options: argparse.Namespace) -> str:
    tls = ", TLS" if options.tls else ""
    return f"throughput/{options.concurrency} at a time a worker{tls}, {'/'.join(map(str, options.latencies))} ms"


def _rate(fleet: Fleet, origin: Origin, directory: Path, seconds: float) -> dict[str, Any]:
    """Return what one size of the tracker does when there is always something to do."""
    with tracking(fleet, origin, directory) as tracker:
        return saturated(fleet, tracker, origin, seconds)


def saturated(fleet: Fleet, tracker: Tracker, origin: Origin, seconds: float) -> dict[str, Any]:
    """Keep a tracker busy that knows all pages; return its rate and what a check costs."""
    if fleet.pages < LEAST_PAGES:
        raise SystemExit(f"--pages: at least {LEAST_PAGES}, or a page is due again before it may be asked again")
    with contextlib.closing(tracker.client()) as client:
        pages = itertools.cycle(fleet.names)
        _keep_busy(client, pages, _RAMP_S)
        origin.log.new()
        meter = Meter(tracker.pid, origin)
        _keep_busy(client, pages, seconds)
        seconds, spent_ms = meter.read()
        client.delete(_QUEUE)
    time.sleep(LOG_S)
    checks = quiet_checks(origin, meter.began, seconds)
    return {"checks per second": round(checks / seconds, 1), **cpu_figures(spent_ms, seconds, checks)}


def quiet_checks(origin: Origin, began: float, seconds: float) -> int:
    """Return how many requests since the last look at the log came in that time and found nothing new."""
    return sum(request.status == 304 and began <= request.at < began + seconds for request in origin.log.new())


def _keep_busy(client: "redis.Redis", pages: Iterator[str], seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        now = time.time()
        waiting: Any = client.llen(_QUEUE)
        unclaimed: Any = client.zcount(DUE, "-inf", now)
        # As many as were taken, so that beat publishes at the rate at which workers take.
        missing = min(_STEP, _WAITING - waiting - unclaimed)
        if missing > 0:
            client.zadd(DUE, dict.fromkeys(itertools.islice(pages, missing), now), xx=True)
        time.sleep(0.05)


def _with_linearity(row: dict[str, Any], before: list[dict[str, Any]]) -> dict[str, Any]:
    """Add how the rate compares with that of single workers at the same latency."""
    single = next((each for each in [*before, row] if each["latency, ms"] == row["latency, ms"]), row)
    alone = single["checks per second"] / single["workers"]
    row["linear, %"] = round(100 * row["checks per second"] / (alone * row["workers"]), 1) if alone else None
    return row
