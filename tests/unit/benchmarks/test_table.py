"""All measurements: they take their options, and what they found is in results.json and in the documentation."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.__main__ import FULL, MODULES, SMALL
from benchmarks.parsers import answers_of, measured
from benchmarks.results import keep, load
from benchmarks.table import written_into
from tracker.parse import FORMAT_NAMES

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


RUNS = [(name, options) for size in (SMALL, FULL) for name, runs in size.items() for options in runs]


@pytest.mark.parametrize(("name", "options"), RUNS)
def test_a_measurement_takes_the_options_it_is_given(name: str, options: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module(MODULES.get(name, f"benchmarks.{name}"))
    monkeypatch.setattr(sys, "argv", [name, *options.split()])

    assert callable(module.main)
    assert vars(module._options())


def test_every_measurement_has_a_place_in_the_document() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")

    # What the data server is asked for is in the table of docs/capacity.md.
    for name in {*SMALL, "tls"} - {"data_server"}:
        assert f"<!-- table: {name} -->" in document


@pytest.mark.parametrize("name", sorted(FORMAT_NAMES))
def test_the_speed_of_every_format_is_measured(name: str) -> None:
    row = measured(name, answers_of(name), seconds=0)

    assert row["format"] == name
    assert row["MB/s"] > 0
