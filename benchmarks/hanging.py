"""Pages that hang beside pages that answer: are the healthy ones polled on time?

In turn they are silent, only let connections be made, drip, answer after nine seconds, have a name that is not found in
time, or share one host (`benchmarks.origin.hanging`); the others have a host of their own each, so that nothing but
their own pauses keeps them from being polled. A page that fails is polled less and less often, so that most hang in
the first minutes, which are those that are measured. How many hang at a time is counted every second in the system's
table of connections.
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
from benchmarks.origin.certificates import DOMAIN
from benchmarks.origin.hanging import Hanging, Way, hanging
from benchmarks.results import Result, keep
from benchmarks.sustained import counted
from benchmarks.table import tables
from benchmarks.throughput import LOG_S


def main() -> None:
    options = _options()
    results = dict(_with_share(options, share) for share in options.shares)
    print(f"\n{tables('hanging', results)}")


def _with_share(options: argparse.Namespace, share: int) -> tuple[str, Result]:
    """Measure with so many of a hundred pages hanging; return the name and the result."""
    fleet = fleet_of(options, options.workers)
    healthy = replace(fleet, pages=fleet.pages - fleet.pages * share // 100)
    with (
        bench(options, options.latency) as (directory, origin),
        hanging(directory, options.components, options.ways) as silent,
    ):

        def address(number: int) -> str:
            # Those that hang are the last ones; ids spread all of them over the interval.
            name = fleet.names[number]
            return named(origin.summary(name), name) if number < healthy.pages else silent.address(number)

        with tracking(fleet, origin, directory, address) as tracker:
            began = time.monotonic()
            await_every_page(healthy, origin)
            numbers = {"every healthy page was requested within, s": round(time.monotonic() - began)}
            numbers |= _measured(healthy, origin, silent, TrafficMeter(tracker.pid, origin), options.minutes * 60)
            numbers |= tracker.memory(fleet.pages)
    size = f"{fleet.workers} x {fleet.concurrency}"
    name = f"hanging/{label(fleet, f'{share} % hang', size)}"
    return name, keep(name, vars(options) | {"shares": share}, {"origin": origin.server, **numbers})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="hanging", description="Poll pages of which some hang.")
    add_options(parser, pages=600, interval_s=15)
    parser.set_defaults(components=10)
    parser.add_argument(
        "--shares", type=_shares, default="0,50,90", help="how many of a hundred pages hang, each measured"
    )
    parser.add_argument("--ways", type=_ways, default=",".join(Way), help="how they hang, in turn")
    parser.add_argument("--minutes", type=float, default=3.0, help="measured once every healthy page was requested")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--latency", type=int, default=100, help="milliseconds that the origin waits")
    options = parser.parse_args()
    if options.tls:
        parser.error("hanging pages are measured without TLS")
    return options


def named(address: str, name: str) -> str:
    """Return the address with a host name of its own, which has to be looked up as those of vendors."""
    return address.replace("127.0.0.1", f"{name}.{DOMAIN}")


def _ways(text: str) -> tuple[Way, ...]:
    return tuple(Way(word) for word in text.split(","))


def _shares(text: str) -> list[int]:
    shares = [int(share) for share in text.split(",")]
    if not all(0 <= share < 100 for share in shares):
        raise argparse.ArgumentTypeError("write percentages below 100, as in 0,50,90")
    return shares


def _measured(healthy: Fleet, origin: Origin, silent: Hanging, meter: TrafficMeter, seconds: float) -> dict[str, Any]:
    """Return how punctually healthy pages were polled, and how many others hung meanwhile."""
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
        "missed intervals of healthy pages": missed(times, healthy.names, window, healthy.interval_s),
        **gaps(times, healthy.names, healthy.interval_s),
        **{name.replace("per check", "per healthy check"): value for name, value in cpu.items()},
    }


if __name__ == "__main__":
    main()
