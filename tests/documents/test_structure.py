"""docs/internals/structure.md shows the imports of the code, and no cycle among them."""

import os
from graphlib import TopologicalSorter

from tests.documents.structure import DOCUMENT, drawn, imports, rows, written


def test_the_drawing_shows_the_present_packages_and_imports() -> None:
    """Set WRITE_DOCS=1 to write it."""
    if os.environ.get("WRITE_DOCS"):
        DOCUMENT.write_text(written(), encoding="utf-8")

    assert DOCUMENT.read_text(encoding="utf-8") == written(), "write it with WRITE_DOCS=1"


def test_packages_import_downwards_and_in_no_cycle() -> None:
    place = {package: number for number, row in enumerate(rows()) for package in row}

    assert place.keys() == imports().keys()
    assert [
        (package, each) for package, imported in imports().items() for each in imported if place[each] < place[package]
    ] == []
    TopologicalSorter(imports()).prepare()  # raises CycleError


def test_an_import_that_is_left_out_follows_from_those_that_are_drawn() -> None:
    shown = drawn()

    def leads(package: str, to: str) -> bool:
        return any(each == to or leads(each, to) for each in shown[package])

    assert all(
        leads(package, each)
        for package, imported in imports().items()
        for each in imported & shown.keys()
        if package in shown
    )
