"""The most it can do: checks per second with 1, 2 and 4 workers, in a closed loop on the whole product.

Demand follows capacity (`benchmarks.demand`), so that no message waits so long that it expires. Intervals are an hour:
no page is due by itself.

`linear` is the rate divided by what as many single workers would do. It describes the tracker only as long as the
machine has processors left ("all processes', %").
"""

import argparse
import contextlib
import itertools
import sys
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.demand import Demand
from benchmarks.figures import Traffic
from benchmarks.fleet import (
    Fleet,
    Tracker,
    TrafficMeter,
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

HOUR_S: Final = 3600
#: Until the web page has read all pages, connections are open and workers have copies of pages; with TLS each worker
#: makes a connection to each page, at this rate.
_RAMP_S: Final = 12.0
_HANDSHAKES_PER_S: Final = 400
#: The origin's log is behind by a second.
LOG_S: Final = 1.5


def main() -> None:
    options = _options()
    rows: list[dict[str, Any]] = []
    with bench(options, latency_ms=0) as (directory, origin):
        most = max(options.workers)
        first_answers(fleet_of(options, most), origin, directory)
        for latency_ms, workers in itertools.product(options.latencies, options.workers):
            origin.set_latency(latency_ms)
            fleet = fleet_of(options, workers)
            row = {"latency, ms": latency_ms, "workers": workers} | _rate(fleet, origin, directory, options.seconds)
            rows.append(_with_linearity(row, rows))
        server = origin.server
    show(_name(options), keep(_name(options), {**vars(options), "origin": server}, rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="throughput", description="Poll as many quiet pages as possible.")
    add_options(parser, pages=12_000, interval_s=HOUR_S)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each row is measured")
    parser.add_argument("--latencies", type=numbers, default=(0, 100), help="milliseconds, as in 0,100")
    parser.add_argument("--workers", type=numbers, default=(1, 2, 4), help="as in 1,2,4")
    return parser.parse_args()


def numbers(text: str) -> tuple[int, ...]:
    """Return numbers that stand with commas in between."""
    return tuple(map(int, text.split(",")))


def _name(options: argparse.Namespace) -> str:
    words = [f"{options.pages:,} pages", f"{options.concurrency} at a time a worker"]
    if options.tls:
        words.append("TLS, each page a host")
    return f"throughput/{', '.join(words)}, {'/'.join(map(str, options.latencies))} ms"


def first_answers(fleet: Fleet, origin: Origin, directory: Path) -> None:
    """Have the tracker read every page once; what it knows of them stays in the directory."""
    with tracking(fleet, origin, directory) as tracker, contextlib.closing(tracker.client()) as client:
        Demand(client, fleet.names).once()
        await_every_page(fleet, origin)
        time.sleep(LOG_S)  # the last ones are still being read


def _rate(fleet: Fleet, origin: Origin, directory: Path, seconds: float) -> dict[str, Any]:
    """Return what one size of the tracker does when there is always something to do."""
    with tracking(fleet, origin, directory) as tracker:
        return saturated(fleet, tracker, origin, seconds)


def saturated(fleet: Fleet, tracker: Tracker, origin: Origin, seconds: float) -> dict[str, Any]:
    """Keep a tracker busy that knows all pages; return its rate and what a check costs."""
    with contextlib.closing(tracker.client()) as client:
        demand = Demand(client, fleet.names)
        handshakes = fleet.workers * fleet.pages if origin.ca_file else 0
        demand.last(_RAMP_S + handshakes / _HANDSHAKES_PER_S)
        origin.log.skip()
        meter = TrafficMeter(tracker.pid, origin)
        demand.last(seconds)
        seconds, spent_ms = meter.read()
        demand.end()
    time.sleep(LOG_S)
    traffic = quiet_checks(origin, meter.began, seconds)
    rate = round(traffic.checks / seconds, 1)
    figures = {"checks per second": rate, **cpu_figures(spent_ms, seconds, traffic.checks), **traffic.connections()}
    if warning := demand.limit(figures):
        print(warning, file=sys.stderr)
    return figures


def quiet_checks(origin: Origin, began: float, seconds: float) -> Traffic:
    """Return the requests since the last look at the log that came in that time and found nothing new."""
    traffic = Traffic()
    for request in origin.log.new():
        if began <= request.at < began + seconds:
            traffic.add(request)
    return traffic


def _with_linearity(row: dict[str, Any], before: list[dict[str, Any]]) -> dict[str, Any]:
    """Add how the rate compares with that of single workers at the same latency."""
    single = next((each for each in [*before, row] if each["latency, ms"] == row["latency, ms"]), row)
    alone = single["checks per second"] / single["workers"]
    row["linear, %"] = round(100 * row["checks per second"] / (alone * row["workers"]), 1) if alone else None
    return row
