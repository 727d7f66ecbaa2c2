"""The drawing of docs/internals/structure.md: packages by layer and their imports, from the import graph."""

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

Each row of the drawing is a layer of the contract *Dependencies point one way* in `pyproject.toml`, and `A --> B` says
that a module of package A imports one of package B. `tests/documents/test_structure.py` writes this page from the
import graph (with WRITE_DOCS=1), and fails when the page is out of date. [Architecture](architecture.md) says what each
package does.
"""

Imports = Mapping[str, frozenset[str]]


@cache
def imports() -> Imports:
    """Return the packages that each package imports, by name; `workers` is one of them."""
    graph = grimp.build_graph("tracker", "workers")
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        package = _package(module)
        imported = {_package(other) for other in graph.find_modules_directly_imported_by(module)}
        found.setdefault(package, set()).update(imported - {package})
    # `__main__` starts the commands, and the package itself holds the version.
    ignored = {"__main__", "tracker"}
    return {
        package: frozenset(imported - ignored) for package, imported in sorted(found.items()) if package not in ignored
    }


def rows() -> tuple[tuple[str, ...], ...]:
    """Return the packages of each layer, from the top down; `workers`, which no other package imports, is on top."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (each["layers"] for each in contracts if each["type"] == "layers")
    split = [tuple(name.strip(" ()") for name in each.split("|")) for each in layers]
    return (("workers",), *split)


def drawn() -> dict[str, frozenset[str]]:
    """Return the imports that do not follow from others, without those of the packages in `GROUND`."""
    above = {package: imported - set(GROUND) for package, imported in imports().items() if package not in GROUND}
    return {
        package: frozenset(each for each in imported if not any(each in _reached(above, other) for other in imported))
        for package, imported in above.items()
    }


def written() -> str:
    """Return the whole document."""
    every = imports()
    arrows = sum(map(len, every.values()))
    plan = rows()
    lines = [INTRODUCTION]
    lines += [f"{len(every)} packages in {len(plan)} layers, {arrows} imports, no cycle.", "", "## The drawing", ""]
    lines += ["Left out: imports that follow from others, and those of `model`, `errors` and `failpoints`.", ""]
    lines += ["```mermaid", "flowchart TB"]
    for number, row in enumerate(plan):
        lines += [f'  subgraph row{number}[" "]', "    direction LR", *(f"    {package}" for package in row), "  end"]
    lines += [f"  {package} --> {each}" for package, imported in drawn().items() for each in sorted(imported)]
    ground = [number for number, row in enumerate(plan) if set(row) <= set(GROUND)]
    lines += [f"  row{number - 1} ~~~ row{number}" for number in ground]
    lines += ["```", "", "## All imports", "", "| layer | package | imports |", "|---|---|---|"]
    for number, row in enumerate(plan):
        for package in row:
            imported = ", ".join(f"`{each}`" for each in sorted(every[package])) or "nothing"
            lines.append(f"| {len(plan) - number} | `{package}` | {imported} |")
    return "\n".join(lines) + "\n"


def _package(module: str) -> str:
    top, *inside = module.split(".")
    return inside[0] if top == "tracker" and inside else top


def _reached(graph: Mapping[str, frozenset[str]], package: str) -> set[str]:
    """Return the packages that a package imports, directly or not."""
    found: set[str] = set()
    for each in graph[package]:
        found |= {each, *_reached(graph, each)}
    return found
