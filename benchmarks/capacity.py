"""From what a check costs to what a number of pages needs: `python -m benchmarks.capacity [--write docs/capacity.md]`.

Costs are those of `benchmarks/results.json` where it has them, else `ASSUMED`. What is done for many pages together
makes a check cheaper the more of them there are in a second, so that each line of the table has the costs that were
measured at its rate, or at the next lower one. docs/capacity.md explains the formulas.
"""

import argparse
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from benchmarks.results import Result, load

PAGES: Final = (1_000, 10_000, 100_000, 1_000_000)
INTERVALS_S: Final = (60, 30)
#: How full a process may be on average, so that a burst or the death of another one finds room.
FULL: Final = 0.7
#: The data server's memory holds the keys, and what it copies while it rewrites its file.
MEMORY_FACTOR: Final = 1.5

_HEADER: Final = """\
| pages | every | checks/s | workers | beats | cores | their memory | data server: core | memory | file | network |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"""
_COSTS: Final = """\
| measured at | worker | beat | data server |
|---|---:|---:|---:|"""
_PLACE: Final = re.compile(r"(<!-- capacity -->\n).*?(<!-- end of capacity -->)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What was measured on one machine."""

    #: The rate at which it was, in checks a second.
    checks_s: float
    worker_ms: float
    beat_ms: float
    data_server_ms: float
    worker_mb: float
    redis_bytes_per_page: float
    #: Of the data server's file and network, for one quiet check.
    file_bytes: float
    network_bytes: float


#: Bytes are those of a version whose messages had a kilobyte.
ASSUMED: Final = Costs(
    checks_s=0,
    worker_ms=0.2,
    beat_ms=0.05,
    data_server_ms=0.1,
    worker_mb=200,
    redis_bytes_per_page=6_000,
    file_bytes=1_617,
    network_bytes=5_567,
)
#: Fields of `Costs`, as `sustained` and `data_server` name them; those of several names are added up.
_SUSTAINED: Final = {
    "checks_s": "checks per second",
    "worker_ms": "of which worker",
    "beat_ms": "of which beat",
    "data_server_ms": "of which data server",
    "worker_mb": "RSS of a worker, MB",
    "redis_bytes_per_page": "data server's bytes per page",
}
_DATA_SERVER: Final = {
    "file_bytes": ("bytes of the append-only file",),
    "network_bytes": ("bytes received", "bytes sent"),
}


@dataclass(frozen=True, kw_only=True)
class Need:
    """What a number of pages needs."""

    pages: int
    interval_s: int
    checks_s: float
    workers: int
    beats: int
    cores: float
    workers_mb: float
    data_server_share: float
    data_server_mb: float
    file_mb_s: float
    network_mb_s: float


def need(costs: Costs, pages: int, interval_s: int) -> Need:
    """Return what the pages need when each is polled once an interval."""
    checks_s = pages / interval_s
    workers = max(2, math.ceil(checks_s * costs.worker_ms / 1e3 / FULL))
    return Need(
        pages=pages,
        interval_s=interval_s,
        checks_s=checks_s,
        workers=workers,
        beats=max(2, math.ceil(checks_s * costs.beat_ms / 1e3 / FULL) + 1),
        cores=checks_s * (costs.worker_ms + costs.beat_ms + costs.data_server_ms) / 1e3,
        workers_mb=workers * costs.worker_mb,
        data_server_share=checks_s * costs.data_server_ms / 1e3,
        data_server_mb=pages * costs.redis_bytes_per_page * MEMORY_FACTOR / 1e6,
        file_mb_s=checks_s * costs.file_bytes / 1e6,
        network_mb_s=checks_s * costs.network_bytes / 1e6,
    )


def most_checks_s(costs: Costs) -> float:
    """Return where the one data server is full."""
    return FULL * 1e3 / costs.data_server_ms


def measured(results: Mapping[str, Result]) -> Sequence[Costs]:
    """Return the costs that were measured, the lowest rate first; `ASSUMED` alone where none were."""
    reported = _numbers(results, "data_server")
    of_server = {
        field: sum(reported[0][name] for name in names)
        for field, names in _DATA_SERVER.items()
        if reported and all(name in reported[0] for name in names)
    }
    found = []
    for numbers in _numbers(results, "sustained"):
        known = {field: numbers[name] for field, name in _SUSTAINED.items() if name in numbers}
        found.append(replace(ASSUMED, **{**of_server, **known}))
    found.sort(key=lambda costs: costs.checks_s)
    # Memory is that of the largest pages and the fullest worker.
    largest = {
        field: max((getattr(costs, field) for costs in found), default=0.0)
        for field in ("worker_mb", "redis_bytes_per_page")
    }
    return [replace(costs, **largest) for costs in found] or [ASSUMED]


def _numbers(results: Mapping[str, Result], group: str) -> list[dict[str, Any]]:
    parts = (result["numbers"] for name, result in results.items() if name.partition("/")[0] == group)
    return [numbers for numbers in parts if isinstance(numbers, dict)]


def costs_at(known: Sequence[Costs], checks_s: float) -> Costs:
    """Return the costs that hold at a rate: those of the next lower one that was measured, or of the lowest."""
    return next((costs for costs in reversed(known) if costs.checks_s <= checks_s), known[0])


def tables(known: Sequence[Costs]) -> str:
    """Return what the document holds between its markers."""
    lines = [_HEADER]
    for pages in PAGES:
        for interval_s in INTERVALS_S:
            it = need(costs_at(known, pages / interval_s), pages, interval_s)
            wall = "" if it.data_server_share <= FULL else f" (**{math.ceil(it.data_server_share / FULL)} servers**)"
            lines.append(
                f"| {pages:,} | {interval_s} s | {it.checks_s:,.0f} | {it.workers} | {it.beats} | {it.cores:,.1f} "
                f"| {_size(it.workers_mb)} | {it.data_server_share:.0%}{wall} | {_size(it.data_server_mb)} "
                f"| {_size(it.file_mb_s)}/s | {_size(it.network_mb_s)}/s |"
            )
    lines += ["", "A check costs, in ms of a processor:", "", _COSTS]
    lines += [
        f"| {_rate(costs)} | {costs.worker_ms:g} | {costs.beat_ms:g} | {costs.data_server_ms:g} |" for costs in known
    ]
    most = known[-1]
    rate = most_checks_s(most)
    lines.append(f"""
{most.file_bytes:,.0f} bytes go into the data server's file and {most.network_bytes:,.0f} over its network. A page takes
{most.redis_bytes_per_page:,.0f} bytes of its memory, a worker {most.worker_mb:g} MB.

One data server is full at {rate:,.0f} checks/s: {rate * 30:,.0f} pages every 30 s, {rate * 60:,.0f} every 60 s.
""")
    return "\n".join(lines)


def _rate(costs: Costs) -> str:
    return f"{costs.checks_s:,.0f} checks/s" if costs.checks_s else "assumed, not measured"


def written_into(document: str, results: Mapping[str, Result]) -> str:
    """Return the document with its tables as the results make them."""
    return _PLACE.sub(lambda place: f"{place[1]}{tables(measured(results))}{place[2]}", document)


def _size(megabytes: float) -> str:
    return (
        f"{megabytes / 1e3:,.1f} GB"
        if megabytes >= 1e3
        else f"{megabytes:,.1f} MB"
        if megabytes < 10
        else f"{megabytes:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="capacity", description="Say what a number of pages needs.")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the tables into a document instead")
    options = parser.parse_args()
    results = load()
    if options.write:
        options.write.write_text(written_into(options.write.read_text(encoding="utf-8"), results), encoding="utf-8")
    else:
        print(tables(measured(results)), end="")


if __name__ == "__main__":
    main()
