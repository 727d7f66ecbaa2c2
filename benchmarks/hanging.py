"""Pages that hang beside pages that answer: are the healthy ones asked on time?

Hanging pages have a host of their own each, so that nothing but their own pauses keeps them from being asked: a page
that fails is asked less and less often, so that most hang in the first minutes, which are those that are measured.
Half of them read the request and never answer, the others only let connections be made. How many hang at a time is
counted every second in the system's table of connections.
"""

import argparse
import time
from dataclasses import replace
from typing import Any

from benchmarks.figures import Traffic, by_page, gaps, missed, percentile
from benchmarks.fleet import (
    Fleet,
    TrafficMeter,
    add_options,
    await_every_page,
    bench,
    cpu_figures,
    fleet_of,
    label,
    tracking,
)
from benchmarks.origin import Origin
from benchmarks.origin.hanging import Hanging, hanging
from benchmarks.results import keep
from benchmarks.sustained import counted
from benchmarks.table import show
from benchmarks.throughput import LOG_S


def main() -> None:
    options = _options()
    fleet = fleet_of(options, options.workers)
    healthy = replace(fleet, pages=fleet.pages - options.hanging)
    with bench(options, options.latency) as (directory, origin), hanging(directory) as silent:

        def address(number: int) -> str:
            # Those that hang are the last ones; ids spread all of them over the interval.
            return origin.summary(fleet.names[number]) if number < healthy.pages else silent.address(number)

        with tracking(fleet, origin, directory, address) as tracker:
            began = time.monotonic()
            await_every_page(healthy, origin)
            numbers = {"every healthy page was asked after, s": round(time.monotonic() - began)}
            numbers |= _measured(healthy, origin, silent, TrafficMeter(tracker.pid, origin), options.minutes * 60)
            numbers |= tracker.memory(fleet.pages)
    size = f"{fleet.workers} x {fleet.concurrency}"
    name = f"hanging/{label(fleet, f'{options.hanging:,} hang', size)}"
    show(name, keep(name, vars(options), {"origin": origin.server, **numbers}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="hanging", description="Poll pages of which some never answer.")
    add_options(parser, pages=600, interval_s=15)
    parser.set_defaults(components=10)
    parser.add_argument("--hanging", type=int, default=300, help="how many of the pages hang")
    parser.add_argument("--minutes", type=float, default=3.0, help="measured once every healthy page was asked")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--latency", type=int, default=100, help="milliseconds that the origin waits")
    options = parser.parse_args()
    if options.tls:
        parser.error("hanging pages are measured without TLS")
    if not 0 <= options.hanging < options.pages:
        parser.error("--hanging: fewer than there are --pages")
    return options


def _measured(healthy: Fleet, origin: Origin, silent: Hanging, meter: TrafficMeter, seconds: float) -> dict[str, Any]:
    """Return how punctually healthy pages were asked, and how many others hung meanwhile."""
    hung = []
    while (left_s := meter.began + seconds - time.time()) > 0:
        hung.append(silent.waiting())
        time.sleep(min(1.0, left_s))
    seconds, spent_ms = meter.read()
    time.sleep(LOG_S)
    window, traffic = (meter.began, meter.began + seconds), Traffic()
    times = by_page(counted(origin.log.new(), window, traffic))
    checks = sum(map(len, times.values()))
    cpu = cpu_figures(spent_ms, seconds, checks)
    return {
        "healthy pages": healthy.pages,
        "requests that hang at a time p50": round(percentile(hung, 0.5)),
        "requests that hang at a time, at most": max(hung),
        "checks of healthy pages per second": round(checks / seconds, 1),
        "their missed intervals": missed(times, healthy.names, window, healthy.interval_s),
        **gaps(times, healthy.names, healthy.interval_s),
        **{name.replace("per check", "per healthy check"): value for name, value in cpu.items()},
    }


if __name__ == "__main__":
    main()
