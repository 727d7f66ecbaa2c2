"""All measurements with one command: they are there, take the options they are given, and have a place in the docs."""

import sys
from importlib import import_module

import pytest

from benchmarks.__main__ import FULL, MODULES, SMALL
from benchmarks.parsers import answers_of, measured
from tests.unit.benchmarks.test_table import DOCUMENT
from tracker.parse import FORMAT_NAMES

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
