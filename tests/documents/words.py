"""Terms that the glossary retires do not come back: in names of the code, or in prose.

docs/glossary.md holds the terms. Prose is what people read: Markdown, docstrings, comments, and strings of at least
four words, but for those of tests, which are texts of vendors. Stored keys and fields are strings of one word, and so
keep their spelling.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.documents.files import files

GLOSSARY = "docs/glossary.md"
#: Vendors' names stand there.
VENDORS = "docs/coverage.md"
_ROW = re.compile(
    r"^\| (?P<terms>[^|]+) \| (?P<where>names|prose|names, prose) \| (?P<instead>[^|]+) \|$", re.MULTILINE
)
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LUA = re.compile(r"\blocal (?:function )?([\w, ]+)|--(.*)$")
_HASH_COMMENT = re.compile(r"(?:^|\s)#+:? ?(.*)$")
_LEAST_WORDS = 4
#: Python's own names.
_ALLOWED_NAMES = frozenset({"round", "tell"})


class Retired(NamedTuple):
    """A term that is written no more."""

    term: str
    where: str
    instead: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return what finds the term as whole words."""
        return re.compile(r"(?<![\w`])" + self.term.replace(" ", r"\s+") + r"(?![\w`])", re.IGNORECASE)


def retired(root: Path) -> tuple[Retired, ...]:
    """Return the terms that the glossary retires."""
    return tuple(
        Retired(term.strip(), row["where"], row["instead"])
        for row in _ROW.finditer((root / GLOSSARY).read_text())
        for term in row["terms"].split(",")
    )


def findings(root: Path) -> Iterator[str]:
    """Yield a line for each retired term in the project's files."""
    terms = retired(root)
    in_prose = [(it, it.pattern) for it in terms if "prose" in it.where]
    in_names = {it.term: it for it in terms if "names" in it.where}
    for path in files(root, ".py", ".lua", ".md", ".toml", ".yml", ".yaml", ".sh"):
        place = path.relative_to(root)
        if str(place) in (GLOSSARY, VENDORS, "tests/documents/words.py"):
            continue
        names, prose = _read(path)
        for line, name in names:
            parts = () if name in _ALLOWED_NAMES else {part.lower() for part in _PART.findall(name)}
            yield from (f"{place}:{line}: {name}: {in_names[part].instead}" for part in parts if part in in_names)
        for line, text in prose:
            yield from (f"{place}:{line}: {it.term}: {it.instead}" for it, pattern in in_prose if pattern.search(text))


def _read(path: Path) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Return the names that a file defines or uses, and its prose, each with a line number."""
    text = path.read_text()
    match path.suffix:
        case ".py":
            return _python(text, only_documented="tests" in path.parts)
        case ".lua":
            found = [
                (number, match) for number, line in enumerate(text.splitlines(), 1) for match in _LUA.finditer(line)
            ]
            names = [(number, name) for number, match in found if match[1] for name in re.findall(r"\w+", match[1])]
            return names, [(number, match[2]) for number, match in found if match[2]]
        case ".md":
            return [], list(enumerate(re.sub(r"`[^`\n]*`", "``", text).splitlines(), 1))
        case _:
            lines = enumerate(text.splitlines(), 1)
            return [], [(number, match[1]) for number, line in lines if (match := _HASH_COMMENT.search(line))]


def _python(text: str, *, only_documented: bool) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    names: list[tuple[int, str]] = []
    prose: list[tuple[int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            names.append((token.start[0], token.string))
        elif token.type == tokenize.COMMENT:
            prose.append((token.start[0], token.string))
    tree = ast.parse(text)
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if only_documented and id(node) not in documented:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value.split()) >= _LEAST_WORDS:
            prose.extend(enumerate(node.value.splitlines(), node.lineno))
    return names, prose
