"""The measurement of one data server, in a small size."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_all_steps_of_a_check_are_measured_and_none_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("tracker.store.grouped")
    kept = tmp_path / "results.json"
    small = ("--providers", "300", "--components", "5", "--groups", "1,64", "--seconds", "0.2")

    subprocess.run(
        [sys.executable, "-m", "benchmarks.million", *small],
        cwd=ROOT,
        env={**os.environ, "BENCH_RESULTS": str(kept)},
        check=True,
        stdout=subprocess.DEVNULL,
    )

    about, steps = (result["numbers"] for _, result in sorted(json.loads(kept.read_text()).items()))
    assert about["refused"] == 0
    assert about["bytes of a page's hash"] > 500
    assert [(row["ready together"], row["step"]) for row in steps] == [
        (group, step) for group in (1, 64) for step in ("claim and publish", "take", "begin", "commit", "a check")
    ]
    assert all(row["data server, µs"] > 0 for row in steps)
