"""The drawing of docs/internals/structure.md: rooms, floors and arrows, from the import graph and the contract."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "internals" / "structure.md"
#: Imported from nearly everywhere: their arrows would hide all others.
GROUND = ("model", "errors", "failpoints")
INTRODUCTION = """\
# Structure

A room is a package, a floor is a layer of the contract *Dependencies point one way* in `pyproject.toml`, and an arrow
is an import: `A --> B` where a module of A imports one of B. `tests/documents/test_structure.py` writes this page from
the import graph (with WRITE_DOCS=1), and fails when the page is no longer true. [Architecture](architecture.md) says
what happens in each room.
"""

Rooms = Mapping[str, frozenset[str]]


@cache
def rooms() -> Rooms:
    """Return the rooms that each room imports, by name; `workers` is one of them."""
    graph = grimp.build_graph("tracker", "workers")
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        room = _room(module)
        imported = {_room(other) for other in graph.find_modules_directly_imported_by(module)}
        found.setdefault(room, set()).update(imported - {room})
    # `__main__` starts the commands, and the package itself holds the version.
    ignored = {"__main__", "tracker"}
    return {room: frozenset(imported - ignored) for room, imported in sorted(found.items()) if room not in ignored}


def floors() -> tuple[tuple[str, ...], ...]:
    """Return the rooms of each floor, from the top down; workers, which no room of the product imports, are on top."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (each["layers"] for each in contracts if each["type"] == "layers")
    split = [tuple(name.strip(" ()") for name in each.split("|")) for each in layers]
    return (("workers",), *split)


def drawn() -> dict[str, frozenset[str]]:
    """Return the arrows that no other way leads along, without those to the ground floors."""
    above = {room: imported - set(GROUND) for room, imported in rooms().items() if room not in GROUND}
    return {
        room: frozenset(each for each in imported if not any(each in _reached(above, other) for other in imported))
        for room, imported in above.items()
    }


def written() -> str:
    """Return the whole document."""
    every = rooms()
    arrows = sum(map(len, every.values()))
    plan = floors()
    lines = [INTRODUCTION]
    lines += [f"{len(every)} rooms on {len(plan)} floors, {arrows} arrows, no circle.", "", "## The drawing", ""]
    lines += ["Left out: arrows that follow from others, and all to the ground (`model`, `errors`, `failpoints`).", ""]
    lines += ["```mermaid", "flowchart TB"]
    for number, floor in enumerate(plan):
        lines += [f'  subgraph floor{number}[" "]', "    direction LR", *(f"    {room}" for room in floor), "  end"]
    lines += [f"  {room} --> {each}" for room, imported in drawn().items() for each in sorted(imported)]
    ground = [number for number, floor in enumerate(plan) if set(floor) <= set(GROUND)]
    lines += [f"  floor{number - 1} ~~~ floor{number}" for number in ground]
    lines += ["```", "", "## All arrows", "", "| floor | room | imports |", "|---|---|---|"]
    for number, floor in enumerate(plan):
        for room in floor:
            imported = ", ".join(f"`{each}`" for each in sorted(every[room])) or "nothing"
            lines.append(f"| {len(plan) - number} | `{room}` | {imported} |")
    return "\n".join(lines) + "\n"


def _room(module: str) -> str:
    top, *inside = module.split(".")
    return inside[0] if top == "tracker" and inside else top


def _reached(graph: Mapping[str, frozenset[str]], room: str) -> set[str]:
    """Return the rooms below a room."""
    found: set[str] = set()
    for each in graph[room]:
        found |= {each, *_reached(graph, each)}
    return found
