"""The tracker and what people would use instead: as many quiet checks as each can do, in turns on the same pages.

All of them poll in a closed loop: the tracker as in `benchmarks.throughput`, each peer round after round. `reader`
reads feeds only, so it gets feeds of about the size of the pages. The origin's log counts what was answered with 304.
The plain poller runs several times over, with different numbers of pages at a time; the tracker has its defaults.
"""

import argparse
import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.fleet import Fleet, TrafficMeter, add_options, bench, cpu_figures, fleet_of, tracking
from benchmarks.origin import Origin
from benchmarks.processes import await_that, child
from benchmarks.results import keep
from benchmarks.table import show
from benchmarks.throughput import HOUR_S, LOG_S, first_answers, numbers, quiet_checks, saturated

_HERE: Final = Path(__file__).parent
_REQUIREMENTS: Final = _HERE / "requirements.txt"
_VENV: Final = _HERE.parents[1] / ".bench" / "venv"
_TRACKER: Final = "tracker"
_PLAIN: Final = "monolith.py"
_OTHERS: Final = {"reader": "with_reader.py", "urlwatch": "with_urlwatch.py"}
#: Pages that the plain poller asks at a time: all of these have their turns, so that its best is among them.
_AT_A_TIME: Final = (32, 64, 128)
#: Pages that the others ask at a time.
_OTHERS_AT_A_TIME: Final = 64
#: How long the first round of all pages may take.
_FIRST_PASS_S: Final = 600.0
#: Until a peer that was held goes at full speed.
_RAMP_S: Final = 2.0


@dataclass(frozen=True)
class Peer:
    """A peer that knows all pages; it is held while others have their turn."""

    process: "subprocess.Popen[bytes]"

    def hold(self) -> None:
        """Stop it where it is."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    def sample(self, origin: Origin, seconds: float) -> dict[str, float]:
        """Return what it does when it has the machine for itself."""
        self.go_on()
        time.sleep(_RAMP_S)
        origin.log.skip()
        meter = TrafficMeter(self.process.pid, origin)
        time.sleep(seconds)
        seconds, spent_ms = meter.read()
        self.hold()
        time.sleep(LOG_S)
        checks = quiet_checks(origin, meter.began, seconds).checks
        return {"checks per second": checks / seconds, **cpu_figures(spent_ms, seconds, checks)}


def main() -> None:
    options = _options()
    python = _environment()
    fleet = fleet_of(options, options.workers)
    chosen = _peers(options)
    samples: dict[str, list[dict[str, Any]]] = {name: [] for name in (_TRACKER, *chosen)}
    with bench(options, options.latency) as (directory, origin), contextlib.ExitStack() as stack:
        first_answers(fleet, origin, directory)
        peers = {
            name: stack.enter_context(_peer(python, script, fleet, origin, directory, concurrency=at_a_time))
            for name, (script, at_a_time) in chosen.items()
        }
        for _ in range(options.rounds):
            with tracking(fleet, origin, directory) as tracker:
                samples[_TRACKER].append(saturated(fleet, tracker, origin, options.seconds))
            for name, peer in peers.items():
                samples[name].append(peer.sample(origin, options.seconds))
        server = origin.server
    size = f"{fleet.workers} x {fleet.concurrency}"
    name = f"peers/{fleet.pages:,} pages, {options.latency} ms, tracker with {size}"
    show(name, keep(name, {**vars(options), "origin": server}, compared(samples)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="peers", description="Compare the tracker with what people use instead.")
    add_options(parser, pages=12_000, interval_s=HOUR_S)
    parser.set_defaults(components=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--theirs", type=numbers, default=_AT_A_TIME, help="pages that the plain poller asks at a time")
    parser.add_argument("--plain", action="store_true", help="leave out the peers that are much slower")
    parser.add_argument("--latency", type=int, default=0, help="milliseconds that the origin waits")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each")
    parser.add_argument("--seconds", type=float, default=6.0, help="how long a turn is measured")
    options = parser.parse_args()
    if options.tls:
        parser.error("peers are measured without TLS")
    return options


def _peers(options: argparse.Namespace) -> dict[str, tuple[str, int]]:
    """Return the script of each peer, and how many pages it asks at a time, by name."""
    plain = {f"asyncio + aiohttp, {number} at a time": (_PLAIN, number) for number in options.theirs}
    others = {} if options.plain else {name: (script, _OTHERS_AT_A_TIME) for name, script in _OTHERS.items()}
    return plain | others


def _environment() -> Path:
    """Return the Python that has the peers; set it up when they are not what is required."""
    python, stamp = _VENV / "bin" / "python", _VENV / "requirements.txt"
    required = _REQUIREMENTS.read_text()
    if not stamp.exists() or stamp.read_text() != required:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(_VENV)], check=True)
        install = ("install", "--quiet", "--disable-pip-version-check", "--requirement", str(_REQUIREMENTS))
        subprocess.run([str(python), "-m", "pip", *install], check=True)
        stamp.write_text(required)
    return python


@contextlib.contextmanager
def _peer(
    python: Path, script: str, fleet: Fleet, origin: Origin, directory: Path, *, concurrency: int
) -> Iterator[Peer]:
    """Start a peer, wait until it has answers to compare with, and hold it."""
    urls, log = (directory / f"{script}.{concurrency}.{kind}" for kind in ("urls", "log"))
    address = origin.feed if script == "with_reader.py" else origin.summary
    urls.write_text("\n".join(map(address, fleet.names)))
    at_a_time = ("--concurrency", str(concurrency))
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    origin.log.skip()
    with child([str(python), str(_HERE / script), str(urls), *at_a_time], log=log, environ=environ) as process:
        seen = itertools.accumulate(
            sum(request.status == 304 for request in origin.log.new()) for _ in itertools.repeat(None)
        )
        await_that(lambda: next(seen) >= fleet.pages, f"a quiet round of {script}", _FIRST_PASS_S, process, log)
        peer = Peer(process)
        peer.hold()
        try:
            yield peer
        finally:
            peer.go_on()  # so that it can end


def compared(samples: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return a row for each: medians over its turns, and of the ratios within a round."""

    def middle(name: str, measure: str, digits: int) -> float:
        values: list[float] = [sample[measure] for sample in samples[name]]
        return round(median(values), digits)

    def ratio(name: str, measure: str) -> float | None:
        pairs = list(zip(samples[_TRACKER], samples[name], strict=True))
        return round(median(ours[measure] / theirs[measure] for ours, theirs in pairs), 2) if name != _TRACKER else None

    return [
        {
            "": name,
            "checks per second": middle(name, "checks per second", 1),
            "CPU ms per check": middle(name, "CPU ms per check", 3),
            "all processes', % of the machine": middle(name, "all processes', %", 1),
            "tracker's rate / its rate": ratio(name, "checks per second"),
            "tracker's CPU / its CPU": ratio(name, "CPU ms per check"),
        }
        for name in samples
    ]


if __name__ == "__main__":
    main()
