"""Results as tables in Markdown: `python -m benchmarks.table [--write docs/performance.md]`.

In a document a table stands between `<!-- table: NAME -->` and `<!-- end of table -->`, and `--write` replaces it.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from benchmarks.results import Result, load

_PLACE: Final = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description="Print what was measured, as tables.")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write them into a document instead")
    options = parser.parse_args()
    results = load()
    if options.write:
        options.write.write_text(written_into(options.write.read_text(encoding="utf-8"), results), encoding="utf-8")
    else:
        for name in sorted({_group(name) for name in results}):
            print(f"## {name}\n\n{tables(name, results)}")


def show(name: str, result: Result) -> None:
    """Print one measurement."""
    print(f"\n{tables(_group(name), {name: result})}")


def written_into(document: str, results: Mapping[str, Result]) -> str:
    """Return the document with its tables as the results have them."""
    return _PLACE.sub(lambda place: f"{place[1]}{tables(place[2], results)}{place[3]}", document)


def tables(group: str, results: Mapping[str, Result]) -> str:
    """Return the tables of all measurements whose names begin with `group/`."""
    parts = {_label(name): result for name, result in results.items() if _group(name) == group}
    if not parts:
        return "Not measured yet.\n"
    lines: list[str] = []
    side_by_side = {label: numbers for label, part in parts.items() if isinstance(numbers := part["numbers"], dict)}
    if side_by_side:
        lines += [_markdown(_beside(side_by_side)), ""]
    for label, part in parts.items():
        if isinstance(part["numbers"], list):
            lines += [f"{label}:", "", _markdown(_rows(part["numbers"])), ""]
    return "\n".join([*lines, *_footnotes(parts), ""])


def _group(name: str) -> str:
    return name.partition("/")[0]


def _label(name: str) -> str:
    return name.partition("/")[2] or name


def _beside(columns: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Return one row for each measure and one column for each measurement."""
    measures = dict.fromkeys(measure for numbers in columns.values() for measure in numbers)
    head = ["", *columns]
    return [head, *([measure, *(_cell(column.get(measure)) for column in columns.values())] for measure in measures)]


def _rows(numbers: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    head = list(dict.fromkeys(column for row in numbers for column in row))
    return [head, *([_cell(row.get(column)) for column in head] for row in numbers)]


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---", *["---:"] * (len(head) - 1)], *body))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _footnotes(parts: Mapping[str, Result]) -> list[str]:
    """Return when and on what it was measured, once for measurements that have that in common."""
    about = [(_about(part), label) for label, part in parts.items()]
    groups = [(text, [label for _, label in same]) for text, same in groupby(sorted(about), key=lambda each: each[0])]
    return [f"{text}." if len(groups) == 1 else f"{'; '.join(labels)}: {text}.\n" for text, labels in groups]


def _about(part: Result) -> str:
    on = part["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in on["versions"].items())
    return (
        f"Measured {part['when']} on {on['cpu']}, {on['cores']} cores, {on['ram_gb']} GB, Linux {on['kernel']}, "
        f"{on['python']}; {versions}"
    )


if __name__ == "__main__":
    main()
