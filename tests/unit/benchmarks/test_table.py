"""What was measured, as it is in results.json and in the documentation."""

from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.results import keep, load
from benchmarks.table import written_into

DOCUMENT = Path(__file__).parents[3] / "docs" / "performance.md"
MACHINE = {
    "cpu": "Box",
    "cores": 2,
    "ram_gb": 4.1,
    "kernel": "6.1",
    "python": "CPython 3.13",
    "versions": {"celery": "5.7"},
}


def test_a_measurement_replaces_its_own_part_and_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "machine", lambda: MACHINE)
    path = tmp_path / "results.json"
    keep("a/one", {"pages": 1, "cadence": None}, {"rate": 1}, path)
    keep("b/two", {}, {"rate": 2}, path)

    kept = keep("a/one", {"pages": 1, "cadence": None}, {"rate": 3}, path)

    assert load(path) == {"a/one": kept, "b/two": load(path)["b/two"]}
    assert kept["numbers"] == {"rate": 3}
    assert kept["options"] == {"pages": 1}


def test_the_documented_tables_are_what_was_measured() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")

    assert document == written_into(document, load()), "python -m benchmarks.table --write docs/performance.md"
