"""How long `tracker gate` takes: `python -m benchmarks gate`.

A real data server holds 1,000 providers. Measured are an answer behind an interpreter that runs, and a whole process
beside one of an interpreter that does nothing.
"""

import argparse
import contextlib
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from benchmarks.embedded import data_server
from benchmarks.scrape import fill
from tracker.cli import cli


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=300)
    parser.add_argument("--processes", type=int, default=20)
    given = parser.parse_args()
    with data_server(keeps=False) as server, tempfile.TemporaryDirectory(prefix="tracker-gate-") as folder:
        fill(server.client, 1000)
        os.environ["REDIS_URL"] = server.url
        asked = ["gate", "p00007", "--json", "--data-dir", folder]
        answered(asked, 5)
        shown("answers", answered(asked, given.answers))
        command = [sys.executable, "-m", "tracker", *asked]
        shown("whole processes", ran(command, given.processes))
        shown("processes of an interpreter alone", ran([sys.executable, "-c", ""], given.processes))


def answered(asked: list[str], times: int) -> list[tuple[float, float]]:
    def once() -> None:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            cli(asked, prog_name="tracker", standalone_mode=False)

    return [timed(once, resource.RUSAGE_SELF) for _ in range(times)]


def ran(command: list[str], times: int) -> list[tuple[float, float]]:
    def once() -> None:
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)

    return [timed(once, resource.RUSAGE_CHILDREN) for _ in range(times)]


def timed(what: Callable[[], None], whose: int) -> tuple[float, float]:
    """Return how long something took, and how much of a processor, in milliseconds."""
    before, began = resource.getrusage(whose), time.perf_counter()
    what()
    taken, after = time.perf_counter() - began, resource.getrusage(whose)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return taken * 1000, worked * 1000


def shown(name: str, taken: list[tuple[float, float]]) -> None:
    times, work = sorted(each for each, _ in taken), sorted(each for _, each in taken)
    middle, last = len(taken) // 2, int(len(taken) * 0.99)
    print(
        f"{len(taken)} {name}: p50 {times[middle]:.0f} ms, p99 {times[last]:.0f} ms; "
        f"of a processor {work[middle]:.0f} ms, p99 {work[last]:.0f} ms",
        flush=True,
    )


if __name__ == "__main__":
    main()
