"""Many quiet pages for some minutes: is every poll on time, and what does one cost?

    python -m benchmarks.sustained [--pages 1000] [--interval 30] [--minutes 3] [--workers 2] [--concurrency 32]

Lateness is measured where it counts, at the origin: when the request arrived, less the grid point it was due at.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from benchmarks.processes import cpu_s, descendants, rss_bytes
from tracker.schedule import phase_s


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="tracker-bench-") as directory:
        origin = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.origin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert origin.stdin is not None
        assert origin.stdout is not None
        port = int(origin.stdout.readline())
        tracker = _start(options, Path(directory), port)
        # The first round fetches bodies and is spread by its own rule; what is measured begins after it.
        time.sleep(options.interval + 10)
        began, before = time.time(), _costs(tracker.pid)
        time.sleep(options.minutes * 60)
        ended, after = time.time(), _costs(tracker.pid)
        memory = _memory(tracker.pid)
        tracker.terminate()
        tracker.wait(30)
        origin.stdin.close()
        arrivals = json.load(origin.stdout)
        origin.wait(10)
    _report(options, [(page, at) for page, at in arrivals if began <= at < ended], before, after, memory)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--interval", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--concurrency", type=int, default=32)
    return parser.parse_args()


def _start(options: argparse.Namespace, directory: Path, port: int) -> "subprocess.Popen[bytes]":
    catalogue = [f"[defaults]\ninterval = {options.interval}\nallow_private = true\n"]
    catalogue += [
        f'[[provider]]\nname = "p{number}"\nurl = "http://127.0.0.1:{port}/p{number}/api/v2/summary.json"\n'
        for number in range(options.pages)
    ]
    providers = directory / "providers.toml"
    providers.write_text("\n".join(catalogue))
    return subprocess.Popen(
        [
            *(
                sys.executable,
                "-m",
                "tracker",
                "up",
                "--providers",
                str(providers),
                "--data-dir",
                str(directory / "data"),
            ),
            *("--workers", str(options.workers), "--concurrency", str(options.concurrency)),
        ],
        stdout=subprocess.DEVNULL,
    )


def _costs(pid: int) -> Counter[str]:
    costs: Counter[str] = Counter()
    for child, role in descendants(pid).items():
        costs[role] += cpu_s(child)  # type: ignore[assignment]  # a Counter sums floats as well
    return costs


def _memory(pid: int) -> dict[str, int]:
    memory: dict[str, int] = defaultdict(int)
    for child, role in descendants(pid).items():
        memory[role] += rss_bytes(child)
    return dict(memory)


def _report(
    options: argparse.Namespace,
    arrivals: list[tuple[str, float]],
    before: Counter[str],
    after: Counter[str],
    memory: dict[str, int],
) -> None:
    phases = {f"p{number}": phase_s(f"p{number}", options.interval) for number in range(options.pages)}
    lateness = sorted((at - phases[page]) % options.interval for page, at in arrivals)
    seconds = options.minutes * 60
    expected = options.pages * seconds / options.interval
    checks = len(arrivals)
    results: dict[str, Any] = {
        "machine": f"{platform.machine()}, {platform.python_implementation()} {platform.python_version()}",
        "pages": options.pages,
        "interval_s": options.interval,
        "minutes": options.minutes,
        "checks": checks,
        "checks_expected": round(expected),
        "lateness_p50_ms": round(lateness[checks // 2] * 1e3, 1),
        "lateness_p99_ms": round(lateness[checks * 99 // 100] * 1e3, 1),
        "lateness_max_ms": round(lateness[-1] * 1e3, 1),
        "cpu_ms_per_check": {role: round((after[role] - before[role]) / checks * 1e3, 3) for role in after},
        "cpu_share_of_one_core": round(sum((after - before).values()) / seconds, 3),
        "memory_mb": {role: round(size / 1e6) for role, size in memory.items()},
    }
    width = max(map(len, results))
    for key, value in results.items():
        print(f"{key.ljust(width)}  {value}")
    Path(__file__).with_name("results.json").write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
