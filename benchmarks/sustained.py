"""Many quiet pages for some minutes: is every poll on time, what does one cost? Then: how soon is a change reported?

Lateness is measured where it counts, at the origin: when the request came, less the point of the page's grid before it.
It says what it should only while pages are polled on that grid: with `--cadence fixed`, where there is a choice.
Pages change after the quiet minutes, so that what reading them costs is not in the figures of quiet checks.
"""

import argparse
import random
import time
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence

from benchmarks.figures import (
    Figures,
    Traffic,
    by_page,
    detection,
    gaps,
    lateness_s,
    logged_at,
    missed,
    percentile,
)
from benchmarks.fleet import (
    Fleet,
    Tracker,
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
from benchmarks.origin.access_log import Request
from benchmarks.results import keep
from benchmarks.table import show
from tracker.scheduling.schedule import phase_s

#: A change is waited for by an interval and so long; the origin's log is behind by a second.
_SETTLING_S = 5.0


def main() -> None:
    options = _options()
    fleet = fleet_of(options, options.workers)
    with bench(options, options.latency) as (directory, origin), tracking(fleet, origin, directory) as tracker:
        await_every_page(fleet, origin)
        # The first requests are spread by a rule of their own; after an interval all pages are on their grid.
        time.sleep(fleet.interval_s)
        numbers = _quiet(fleet, origin, tracker, options.minutes * 60)
        if options.changes:
            numbers |= _changing(fleet, origin, tracker, options.changes)
        numbers |= tracker.memory(fleet.pages)
    about = {"origin": origin.server, **numbers}
    table = "tls" if options.tls else "sustained"
    size = f"{fleet.workers} x {fleet.concurrency}"
    name = f"{table}/{label(fleet, f'{options.latency} ms', size)}"
    show(name, keep(name, vars(options), about))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sustained", description="Poll many quiet pages for some minutes.")
    add_options(parser, pages=1000)
    parser.add_argument("--minutes", type=float, default=3.0, help="how long quiet pages are measured after warm-up")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--latency", type=int, default=100, help="milliseconds that the origin waits")
    parser.add_argument("--changes", type=int, default=100, help="pages that change afterwards")
    return parser.parse_args()


def _quiet(fleet: Fleet, origin: Origin, tracker: Tracker, seconds: float) -> Figures:
    """Return what quiet pages cost, and how punctually they were polled."""
    origin.log.skip()
    meter = TrafficMeter(tracker.pid, origin)
    time.sleep(seconds)
    seconds, spent_ms = meter.read()
    time.sleep(_SETTLING_S)
    window = (meter.began, meter.began + seconds)
    traffic = Traffic()
    times = by_page(counted(origin.log.new(), window, traffic))
    checks = sum(map(len, times.values()))
    return {
        **_punctuality(fleet, times, window),
        **gaps(times, fleet.names, fleet.interval_s),
        **cpu_figures(spent_ms, seconds, checks),
        **traffic.figures(),
    }


def counted(requests: Iterable[Request], window: tuple[float, float], traffic: Traffic) -> Iterator[Request]:
    """Yield those of the requests that came in the window, and count them."""
    for request in requests:
        if window[0] <= request.at < window[1]:
            traffic.add(request)
            yield request


def _punctuality(fleet: Fleet, times: Mapping[str, Sequence[float]], window: tuple[float, float]) -> Figures:
    lateness = array("d")
    for page, asked_at in times.items():
        phase = phase_s(page, fleet.interval_s)
        lateness.extend(lateness_s(at, phase, fleet.interval_s) for at in asked_at)
    seconds = window[1] - window[0]
    return {
        "checks per second": round(len(lateness) / seconds, 1),
        "checks": len(lateness),
        "checks expected": round(fleet.pages * seconds / fleet.interval_s),
        "missed intervals": missed(times, fleet.names, window, fleet.interval_s),
        "lateness p50, ms": round(percentile(lateness, 0.5) * 1e3),
        "lateness p99, ms": round(percentile(lateness, 0.99) * 1e3),
        "lateness at most, ms": round(max(lateness, default=0) * 1e3),
    }


def _changing(fleet: Fleet, origin: Origin, tracker: Tracker, changes: int) -> Figures:
    """Let pages change at moments spread over an interval; return how soon that was logged."""
    chance = random.Random(0)
    moments = sorted(chance.uniform(0, fleet.interval_s) for _ in range(min(changes, fleet.pages)))
    began, changed_at = time.time(), {}
    for moment, page in zip(moments, chance.sample(fleet.names, len(moments)), strict=True):
        time.sleep(max(0.0, began + moment - time.time()))
        changed_at[page] = time.time()
        origin.site.change(page)
    time.sleep(fleet.interval_s + _SETTLING_S)
    return detection(changed_at, logged_at(tracker.record.read_bytes().splitlines()), origin.log.new())
