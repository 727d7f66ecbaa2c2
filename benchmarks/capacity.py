"""From what a check costs to what a number of pages needs: `python -m benchmarks.capacity [--write docs/capacity.md]`.

Costs are those of `benchmarks/results.json` where it has them, else `ASSUMED`. docs/capacity.md explains the formulas.
"""

import argparse
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).with_name("results.json")
PAGES: Final = (1_000, 10_000, 100_000, 1_000_000)
INTERVALS_S: Final = (60, 30)
#: How full a process may be on average, so that a burst or the death of another one finds room.
FULL: Final = 0.7
#: Pages that one worker asks at a time.
CONCURRENCY: Final = 32
#: How long a page takes to answer, in seconds; with it slots, not processor time, can be what runs out.
ANSWER_S: Final = 0.3
#: The data server's memory holds the keys, and what it copies while it rewrites its file.
MEMORY_FACTOR: Final = 1.5

_HEADER: Final = """\
| pages | every | checks/s | workers | beats | cores | their memory | data server: core | memory | file | network |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"""
_PLACE: Final = re.compile(r"(<!-- capacity -->\n).*?(<!-- end of capacity -->)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What was measured on one machine."""

    #: Where the numbers come from, for the line below the tables.
    source: str
    worker_ms: float
    beat_ms: float
    data_server_ms: float
    worker_mb: float
    redis_bytes_per_page: float
    #: Of the data server's file and network, for one quiet check.
    file_bytes: float = 1_617
    network_bytes: float = 5_567


#: Bytes were counted by `benchmarks.data_server`. It saw 0.55 ms of the data server's time for a check at 40 a second,
#: where the fixed costs of a second weigh more than with hundreds.
ASSUMED: Final = Costs(
    source="processor times are assumed, not measured",
    worker_ms=2.0,
    beat_ms=0.1,
    data_server_ms=0.5,
    worker_mb=200,
    redis_bytes_per_page=6_000,
)


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
    """Return what the pages need when each is asked once an interval."""
    checks_s = pages / interval_s
    by_processor = checks_s * costs.worker_ms / 1e3 / FULL
    by_waiting = checks_s * ANSWER_S / CONCURRENCY / FULL
    workers = max(2, math.ceil(by_processor), math.ceil(by_waiting))
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


def measured(results: Mapping[str, Any], name: str = "sustained") -> Costs:
    """Return the costs of a result, those of ASSUMED where it lacks them."""
    numbers = next(
        (it["numbers"] for key, it in results.items() if key.split("/")[0] == name and "numbers" in it), None
    )
    if numbers is None:
        return ASSUMED
    cpu = numbers.get("cpu_ms_per_check") or {}
    memory = numbers.get("rss_mb") or {}
    known = {
        "worker_ms": cpu.get("worker", numbers.get("of which worker")),
        "beat_ms": cpu.get("beat", numbers.get("of which beat")),
        "data_server_ms": cpu.get("data server", numbers.get("of which data server")),
        "worker_mb": memory.get("worker", numbers.get("RSS of a worker, MB")),
        "redis_bytes_per_page": numbers.get("redis_bytes_per_provider", numbers.get("data server's bytes per page")),
    }
    source = f"measured: `{name}` in benchmarks/results.json"
    return replace(ASSUMED, source=source, **{key: value for key, value in known.items() if value is not None})


def tables(costs: Costs) -> str:
    """Return what the document holds between its markers."""
    lines = [_HEADER]
    for pages in PAGES:
        for interval_s in INTERVALS_S:
            it = need(costs, pages, interval_s)
            wall = "" if it.data_server_share <= FULL else f" (**{math.ceil(it.data_server_share / FULL)} servers**)"
            lines.append(
                f"| {pages:,} | {interval_s} s | {it.checks_s:,.0f} | {it.workers} | {it.beats} | {it.cores:,.1f} "
                f"| {_size(it.workers_mb)} | {it.data_server_share:.0%}{wall} | {_size(it.data_server_mb)} "
                f"| {_size(it.file_mb_s)}/s | {_size(it.network_mb_s)}/s |"
            )
    rate = most_checks_s(costs)
    lines.append(f"""
A check costs a worker {costs.worker_ms:g} ms, beat {costs.beat_ms:g} ms, the data server {costs.data_server_ms:g} ms;
{costs.file_bytes:,.0f} bytes go into its file and {costs.network_bytes:,.0f} over its network. A page takes
{costs.redis_bytes_per_page:,.0f} bytes of its memory, a worker {costs.worker_mb:g} MB ({costs.source}).

One data server is full at {rate:,.0f} checks/s: {rate * 30:,.0f} pages every 30 s, {rate * 60:,.0f} every 60 s.
""")
    return "\n".join(lines)


def written_into(document: str, costs: Costs) -> str:
    """Return the document with its tables as the costs make them."""
    return _PLACE.sub(lambda place: f"{place[1]}{tables(costs)}{place[2]}", document)


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
    costs = measured(json.loads(RESULTS.read_text(encoding="utf-8")))
    if options.write:
        options.write.write_text(written_into(options.write.read_text(encoding="utf-8"), costs), encoding="utf-8")
    else:
        print(tables(costs), end="")


if __name__ == "__main__":
    main()
