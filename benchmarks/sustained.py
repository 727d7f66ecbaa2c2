"""Many quiet pages for some minutes: is every poll on time, what does one cost, how soon is a change told?

Lateness is measured where it counts, at the origin: when the request came, less the point of the page's grid before it.
It says what it should only while pages are polled on that grid: with `--cadence fixed`, where there is a choice.
"""

import argparse
import time
from pathlib import Path

from benchmarks.figures import Figures, detection, lateness_s, logged_at, missed, percentile, traffic
from benchmarks.fleet import Fleet, Meter, Tracker, add_options, await_every_page, bench, cpu_figures, fleet_of, label
from benchmarks.origin import Origin
from benchmarks.origin.access_log import Request
from benchmarks.results import keep
from tracker.schedule import phase_s

#: How long a log line may take after the last page was asked; the origin's log is behind by a second.
_SETTLING_S = 3.0


def main() -> None:
    options = _options()
    fleet = fleet_of(options, options.workers)
    with bench(options, options.latency) as (directory, origin), tracking_warm(fleet, origin, directory) as tracker:
        meter = Meter(tracker, origin)
        changed_at = _let_pages_change(fleet, origin, options.changes, options.minutes * 60)
        seconds, spent_ms = meter.read()
        memory = tracker.memory(fleet.pages)
        time.sleep(_SETTLING_S)
        requests = origin.log.new()
        logged = logged_at(tracker.record.read_bytes().splitlines())
    window = (meter.began, meter.began + seconds)
    checks = [each for each in requests if each.document == "summary.json" and window[0] <= each.at < window[1]]
    numbers = {
        **_punctuality(fleet, checks, window),
        **cpu_figures(spent_ms, seconds, len(checks)),
        **(detection(changed_at, logged, requests) if changed_at else {}),
        **traffic(checks),
        **memory,
        "origin": origin.server,
    }
    table = "tls" if options.tls else "sustained"
    keep(f"{table}/{label(fleet, f'{options.latency} ms')}", vars(options), numbers)
    for measure, value in numbers.items():
        print(f"{measure.ljust(max(map(len, numbers)))}  {value}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sustained", description="Poll many quiet pages for some minutes.")
    add_options(parser, pages=1000)
    parser.add_argument("--minutes", type=float, default=3.0, help="how long is measured, after the warm-up")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--latency", type=int, default=100, help="milliseconds that the origin waits")
    parser.add_argument("--changes", type=int, default=50, help="pages that change meanwhile")
    return parser.parse_args()
