"""docs/internals/structure.md: the drawing of today, and what it has to keep."""

import os
from graphlib import TopologicalSorter

from tests.documents.structure import DOCUMENT, drawn, floors, rooms, written


def test_the_drawing_shows_the_packages_and_imports_of_today() -> None:
    """Set WRITE_DOCS=1 to write it."""
    if os.environ.get("WRITE_DOCS"):
        DOCUMENT.write_text(written(), encoding="utf-8")

    assert DOCUMENT.read_text(encoding="utf-8") == written(), "write it anew with WRITE_DOCS=1"


def test_rooms_import_downwards_and_in_no_circle() -> None:
    place = {room: number for number, floor in enumerate(floors()) for room in floor}

    assert place.keys() == rooms().keys()
    assert [(room, each) for room, imported in rooms().items() for each in imported if place[each] < place[room]] == []
    TopologicalSorter(rooms()).prepare()  # raises CycleError


def test_an_arrow_that_is_left_out_follows_from_those_that_are_drawn() -> None:
    shown = drawn()

    def leads(room: str, to: str) -> bool:
        return any(each == to or leads(each, to) for each in shown[room])

    assert all(
        leads(room, each) for room, imported in rooms().items() for each in imported & shown.keys() if room in shown
    )
