"""`python -m tests.simulation.run [--seeds 5000] [--first 0] [--planted | --trace]`: many seeds, or one in detail."""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from typing import NamedTuple

from tests.simulation.planted import PLANTED
from tests.simulation.world import Broken, World

#: Seeds that one process takes at a time.
_TOGETHER = 50


class Result(NamedTuple):
    """What some seeds came to."""

    broken: list[str]
    calls: int
    messages: int
    faults: int
    updates: int
    hours: float


def simulated(seeds: range) -> Result:
    """Run these seeds."""
    broken, calls, messages, faults, updates, hours = [], 0, 0, 0, 0, 0.0
    for seed in seeds:
        with World(seed) as world:
            try:
                world.run()
            except Broken as error:
                broken.append(str(error))
            calls += world.scheduler.calls
            messages += world.alerts.messages
            faults += sum(world.scheduler.faults.values())
            updates += sum(len(page.posted) for page in world.pages)
            hours += world.hours
    return Result(broken, calls, messages, faults, updates, hours)


def found_by(name: str, seeds: Iterable[int]) -> Iterator[int]:
    """Yield the seeds that find a planted fault."""
    with PLANTED[name]():
        for seed in seeds:
            with World(seed) as world:
                try:
                    world.run()
                except Exception:  # noqa: BLE001 - a fault may break more than a promise
                    yield seed


def _found(name: str, seeds: int) -> str:
    found = list(found_by(name, range(seeds)))
    return f"{name}: found by {len(found)} of {seeds} seeds, first by {found[0] if found else None}"


def main() -> None:
    """Print what was found; the exit status is 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="simulation")
    parser.add_argument("--seeds", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--trace", action="store_true", help="print what happened in the first seed")
    parser.add_argument("--planted", action="store_true", help="print how many seeds find each planted fault")
    options = parser.parse_args()
    if options.planted:
        with ProcessPoolExecutor(options.processes) as processes:
            for line in processes.map(_found, PLANTED, repeat(options.seeds)):
                print(line, flush=True)
        return
    if options.trace:
        with World(options.first) as world:
            try:
                world.run()
            finally:
                print("\n".join(map(str, world.scheduler.trace)))
        return
    began_s = time.monotonic()
    starts = range(options.first, options.first + options.seeds, _TOGETHER)
    shares = [range(start, min(start + _TOGETHER, options.first + options.seeds)) for start in starts]
    with ProcessPoolExecutor(options.processes) as processes:
        results = list(processes.map(simulated, shares))
    broken = [line for result in results for line in result.broken]
    took_s, hours = time.monotonic() - began_s, sum(r.hours for r in results)
    print(
        f"{options.seeds:,} seeds in {took_s:.0f} s: {hours:,.0f} hours ({hours / took_s * 60:,.0f} a minute), "
        f"{sum(r.calls for r in results):,} calls to the data server, {sum(r.messages for r in results):,} messages to "
        f"channels, {sum(r.faults for r in results):,} faults, {sum(r.updates for r in results):,} updates; promises "
        f"broken by {len(broken)} seeds"
    )
    print("\n".join(broken))
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
