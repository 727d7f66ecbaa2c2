"""The files of the repository that the checks read."""

from collections.abc import Iterator
from pathlib import Path

_GENERATED = {"node_modules", "__pycache__", "build", "dist"}


def files(root: Path, *suffixes: str) -> Iterator[Path]:
    """Yield the files with one of these suffixes, hidden folders other than `.github` left out."""
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root).parts
        if path.suffix not in suffixes or not path.is_file() or _GENERATED.intersection(inside):
            continue
        if not any(part.startswith(".") and part != ".github" for part in inside[:-1]):
            yield path
