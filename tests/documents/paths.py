"""Every module that prose names is there: paths and dotted names in documents, docstrings and comments."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.documents.files import files

_NAMED = re.compile(r"`((?:tracker|workers|tests)(?:/[\w.]+)+/?|(?:tracker|workers|tests)(?:\.\w+)+)`")
#: Stands for any name.
_ANY = "NAME"


def findings(root: Path) -> Iterator[str]:
    """Yield a line for each module or folder that is not there."""
    for path in files(root, ".md", ".py", ".lua", ".toml"):
        text = path.read_text()
        for match in _NAMED.finditer(text):
            name = match[1]
            is_there = (root / name).exists() if "/" in name else _is_defined(root, name.split("."))
            if not is_there and _ANY not in name:
                yield f"{path.relative_to(root)}:{text.count(chr(10), 0, match.start()) + 1}: {name}: there is none"


def _is_defined(root: Path, parts: list[str]) -> bool:
    """Return whether a module has that name, or one has the first part of it and holds the next."""
    for length in range(len(parts), 0, -1):
        place, rest = root.joinpath(*parts[:length]), parts[length:]
        for module in (place.with_suffix(".py"), place / "__init__.py"):
            if module.is_file():
                return not rest or rest[0] in _held(module)
    return False


def _held(module: Path) -> set[str]:
    """Return the names that a module defines or imports."""
    found: set[str] = set()
    for node in ast.parse(module.read_text()).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.ImportFrom(names=names):
                found.update(each.asname or each.name for each in names)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
    return found
