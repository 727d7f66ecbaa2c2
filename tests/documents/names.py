"""Public classes have names of their own: whoever searches for one finds one."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.documents.files import files

#: A transport's `Channel` is a name of kombu.
_ALLOWED = frozenset({("workers/transport.py", "Channel")})


def findings(root: Path) -> Iterator[str]:
    """Yield a line for each public class of the product whose name another one has, too."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for package in ("tracker", "workers"):
        for path in files(root / package, ".py"):
            place = str(path.relative_to(root))
            for node in ast.parse(path.read_text()).body:
                is_public = isinstance(node, ast.ClassDef) and not node.name.startswith("_")
                if is_public and (place, node.name) not in _ALLOWED:
                    found[node.name].append(f"{place}:{node.lineno}")
    for name, (first, *others) in found.items():
        yield from (f"{other}: {name}: this class has the name of that at {first}" for other in others)
