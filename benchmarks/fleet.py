"""The tracker that is measured: `tracker up` with a catalogue of N pages of the origin."""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import redis

from benchmarks.figures import Figures
from benchmarks.origin import Origin, serving
from benchmarks.origin.site import COMPONENTS, page_name
from benchmarks.processes import await_that, child, cpu_by_role, machine_busy_s, rss_by_role
from tracker.delivery.sinks.jsonlines import RECORD_NAME
from tracker.store.connection import PREFIX
from tracker.supervise.commands import Size
from tracker.supervise.server import server_url

_NOT_THE_TRACKER: Final = ("origin", "bench", "machine")
_CORES: Final = len(os.sched_getaffinity(0))
#: Pages that a worker asks at a time, as `tracker up` has it.
CONCURRENCY: Final = Size().concurrency
#: Pages that are put into the catalogue, and that are asked the first time, in a second at least: bodies are large.
_SLOWEST_SYNC: Final = 500
_SLOWEST_START: Final = 20
#: Keys whose size is asked for with one call.
_KEYS_TOGETHER: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """What runs, and on which pages."""

    pages: int
    interval_s: int
    workers: int
    concurrency: int
    #: The catalogue's `cadence`; None leaves the key out.
    cadence: str | None = None

    @property
    def names(self) -> list[str]:
        """Return the names of all pages."""
        return [page_name(number) for number in range(self.pages)]


class Tracker:
    """A running tracker."""

    def __init__(self, pid: int, directory: Path) -> None:
        self.pid = pid
        self.record = directory / RECORD_NAME
        self._data_dir = directory

    def client(self) -> "redis.Redis":
        """Return a client of its data server."""
        url = server_url(self._data_dir)
        assert url is not None
        return redis.Redis.from_url(url)

    def memory(self, pages: int) -> dict[str, Any]:
        """Return what each process holds, and what the data server's keys take for each page."""
        sizes = {role: [size / 1e6 for size in each] for role, each in sorted(rss_by_role(self.pid).items())}
        figures: dict[str, Any] = {
            f"RSS of a {role}, MB" if role == "worker" else f"RSS of the {role}, MB": round(max(each), 1)
            for role, each in sizes.items()
        }
        if len(workers := sizes.get("worker", ())) > 1:
            figures["RSS of each worker, MB"] = " and ".join(f"{size:.1f}" for size in workers)
        with contextlib.closing(self.client()) as client:
            keys = list(client.scan_iter(f"{PREFIX}*", count=_KEYS_TOGETHER))
            held = 0
            for at in range(0, len(keys), _KEYS_TOGETHER):
                with client.pipeline(transaction=False) as pipe:
                    for key in keys[at : at + _KEYS_TOGETHER]:
                        pipe.memory_usage(key, samples=0)
                    held += sum(size or 0 for size in pipe.execute())
        return figures | {"data server's bytes per page": round(held / pages)}


class TrafficMeter:
    """The processor time that a process, all below it, the origin and we take from its making to its reading."""

    def __init__(self, pid: int, origin: Origin) -> None:
        self._pid = pid
        self._origin = origin
        self.began = time.time()
        self._before = self._costs()

    def _costs(self) -> Counter[str]:
        costs = cpu_by_role(self._pid)
        costs["origin"] = cpu_by_role(self._origin.pid).total()
        costs["bench"] = round(time.process_time() * 1e3)
        costs["machine"] = round(machine_busy_s() * 1e3)
        return costs

    def read(self) -> tuple[float, Counter[str]]:
        """Return the seconds since, and the milliseconds of processor time by role."""
        after = self._costs()
        after.subtract(self._before)
        return time.time() - self.began, after


def cpu_figures(spent_ms: Mapping[str, int], seconds: float, checks: int) -> Figures:
    """Return what a check costs and how full the machine was, from milliseconds by role."""
    roles = {role: spent for role, spent in spent_ms.items() if role not in _NOT_THE_TRACKER}
    capacity_ms = seconds * _CORES * 1e3
    figures: dict[str, float] = {"CPU ms per check": round(sum(roles.values()) / max(1, checks), 3)}
    figures |= {f"of which {role}": round(spent / max(1, checks), 3) for role, spent in sorted(roles.items()) if spent}
    return figures | {
        "tracker's share of the machine, %": round(100 * sum(roles.values()) / capacity_ms, 1),
        "origin's, %": round(100 * spent_ms["origin"] / capacity_ms, 1),
        "the measurement's own, %": round(100 * spent_ms.get("bench", 0) / capacity_ms, 1),
        "all processes', %": round(100 * spent_ms["machine"] / capacity_ms, 1),
    }


def add_options(parser: argparse.ArgumentParser, *, pages: int, interval_s: int = 30) -> None:
    """Add the options of a fleet and its origin."""
    parser.add_argument("--pages", type=int, default=pages)
    parser.add_argument("--interval", type=int, default=interval_s, help="seconds")
    parser.add_argument("--components", type=int, default=COMPONENTS, help="of each page: 375 are 170 KB, 10 are 5 KB")
    parser.add_argument("--concurrency", type=int, default=CONCURRENCY, help="pages that a worker asks at a time")
    parser.add_argument("--tls", action="store_true", help="HTTPS, with a host name of its own for each page")
    parser.add_argument("--cadence", help="written into the catalogue; without it the key is left out")


def fleet_of(options: argparse.Namespace, workers: int) -> Fleet:
    """Return the fleet that the options describe."""
    return Fleet(
        pages=options.pages,
        interval_s=options.interval,
        workers=workers,
        concurrency=options.concurrency,
        cadence=options.cadence,
    )


@contextlib.contextmanager
def bench(options: argparse.Namespace, latency_ms: int) -> Iterator[tuple[Path, Origin]]:
    """Give a directory for one measurement and a running origin in it."""
    with (
        tempfile.TemporaryDirectory(prefix="tracker-bench-") as name,
        serving(Path(name) / "origin", tls=options.tls, latency_ms=latency_ms, components=options.components) as origin,
    ):
        yield Path(name), origin


@contextlib.contextmanager
def tracking(
    fleet: Fleet, origin: Origin, directory: Path, address: Callable[[int], str] | None = None
) -> Iterator[Tracker]:
    """Run the tracker on the origin's pages; what it keeps stays in the directory for the next run.

    Their addresses are asked for by number where they are not all summaries of the origin.
    """
    data_dir, log = directory / "data", directory / "tracker.log"
    providers = directory / "providers.toml"
    addresses = map(address, range(fleet.pages)) if address else map(origin.summary, fleet.names)
    providers.write_text(_catalogue(fleet, addresses))
    up = (sys.executable, "-m", "tracker", "up", "--providers", str(providers), "--data-dir", str(data_dir))
    size = ("--workers", str(fleet.workers), "--concurrency", str(fleet.concurrency))
    with child([*up, *size], log=log, environ=_environ(origin, has_names=address is not None)) as process:
        within_s = 60 + fleet.pages / _SLOWEST_SYNC
        await_that(lambda: " started " in log.read_text(), "the tracker", within_s, process, log)
        yield Tracker(process.pid, data_dir)


def await_every_page(fleet: Fleet, origin: Origin) -> None:
    """Wait until every page was requested."""
    missing = set(fleet.names)
    until = time.monotonic() + 60 + fleet.interval_s + fleet.pages / _SLOWEST_START
    while missing:
        if time.monotonic() > until:
            raise SystemExit(f"{len(missing)} of {fleet.pages} pages were never requested")
        time.sleep(1)
        missing.difference_update(request.page for request in origin.log.new())


def _catalogue(fleet: Fleet, addresses: Iterable[str]) -> str:
    cadence = f'cadence = "{fleet.cadence}"\n' if fleet.cadence else ""
    defaults = f"[defaults]\ninterval = {fleet.interval_s}\nallow_private = true\n{cadence}"
    pages = zip(fleet.names, addresses, strict=True)
    return "\n".join((defaults, *(f'[[provider]]\nname = "{page}"\nurl = "{url}"\n' for page, url in pages)))


def _environ(origin: Origin, *, has_names: bool) -> dict[str, str]:
    """Return this process's environment without what it says of a tracker, and with what this one needs."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("TRACKER_", "REDIS_"))}
    if origin.ca_file:
        environ["TRACKER_CA_FILE"] = str(origin.ca_file)
    if origin.ca_file or has_names:
        environ["PYTHONPATH"] = _python_path(environ)
    return environ


def _python_path(environ: Mapping[str, str]) -> str:
    """Return a PYTHONPATH with which names below localhost are found, or not in time, whatever the system knows."""
    return os.pathsep.join(filter(None, (str(Path(__file__).with_name("localhost")), environ.get("PYTHONPATH", ""))))


def label(fleet: Fleet, *words: str) -> str:
    """Return what tells this fleet's results from those of others."""
    return ", ".join((f"{fleet.pages:,} pages", f"{fleet.interval_s} s", *words))
