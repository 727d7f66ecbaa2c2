"""What was measured, as it is in results.json and in the documentation."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import results
from benchmarks.results import Result, keep, load
from benchmarks.table import tables, written_into

DOCUMENT = Path(__file__).parents[3] / "docs" / "performance.md"
MACHINE = {
    "cpu": "Box",
    "cores": 2,
    "ram_gb": 4.1,
    "kernel": "6.1",
    "python": "CPython 3.13",
    "versions": {"celery": "5.7"},
}
FOOTNOTE = "Measured 2026-11-23 on Box, 2 cores, 4.1 GB, Linux 6.1, CPython 3.13; celery 5.7."


def result(numbers: Any, **changes: Any) -> Result:
    return Result(machine={**MACHINE, **changes}, when="2026-11-23", options={}, numbers=numbers)


def test_measurements_of_one_kind_stand_side_by_side() -> None:
    known = {
        "sustained/small": result({"rate": 33.3, "origin": "nginx"}),
        "sustained/large": result({"rate": 3333, "missed": 0}),
        "peers/other": result({"rate": 1}),
    }

    assert tables("sustained", known).splitlines() == [
        "|  | small | large |",
        "| --- | ---: | ---: |",
        "| rate | 33.3 | 3,333 |",
        "| origin | nginx |  |",
        "| missed |  | 0 |",
        "",
        FOOTNOTE,
    ]


def test_rows_are_a_table_of_their_own() -> None:
    known = {"throughput/small": result([{"workers": 1, "rate": 10}, {"workers": 2, "rate": 20, "linear": 100.0}])}

    assert tables("throughput", known).splitlines() == [
        "small:",
        "",
        "| workers | rate | linear |",
        "| --- | ---: | ---: |",
        "| 1 | 10 |  |",
        "| 2 | 20 | 100.0 |",
        "",
        FOOTNOTE,
    ]


def test_measurements_on_different_machines_say_which_is_which() -> None:
    known = {"a/one": result({"rate": 1}), "a/two": result({"rate": 2}, cores=8)}

    assert f"one: {FOOTNOTE}" in tables("a", known)
    assert "two: Measured 2026-11-23 on Box, 8 cores" in tables("a", known)


def test_a_document_has_its_tables_written_anew_and_the_rest_left() -> None:
    document = (
        "Words.\n<!-- table: a -->\nold\n<!-- end of table -->\nMore.\n<!-- table: b -->\n<!-- end of table -->\n"
    )

    written = written_into(document, {"a/one": result({"rate": 1})})

    assert "old" not in written
    assert "| rate | 1 |" in written
    assert "More.\n<!-- table: b -->\nNot measured yet.\n<!-- end of table -->\n" in written
    assert written_into(written, {"a/one": result({"rate": 1})}) == written


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
