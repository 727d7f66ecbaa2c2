"""JMESPath over JSON: over the answer itself, or over the JSON in an element of a web page."""

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from math import prod
from typing import Any, Final

import msgspec

from tracker.errors import ParseError
from tracker.parse._fields import decode_json
from tracker.parse.custom.language import BadExpression, Language, Query, needed
from tracker.parse.custom.markup import Html

_STEP: Final = re.compile(r"[.|\[]")
#: The beginning of jmespath's messages, which the tracker's message repeats.
_BEGINNING: Final = re.compile(r"\A(?:Invalid|Bad) jmespath expression: ", re.IGNORECASE)
_KEYS_NAMED: Final = 12
_LONGEST: Final = 60
#: Copies of one value that the lists and tables of an expression may make: `[@, @].[@, @]` makes four.
_MOST_COPIES: Final = 1_000
#: Steps that an expression may take in one body; five for each value that a body may have.
_MOST_STEPS: Final = 1_000_000


class Paths(Language):
    """JMESPath expressions (jmespath.org/specification.html)."""

    def __init__(self, element: str | None = None) -> None:
        self._html = None if element is None else Html()
        self._element = None if element is None or self._html is None else self._html.compiled(element, is_part=False)

    def opened(self, body: bytes) -> Any:
        """Return the body as expressions see it. Raises ParseError."""
        if self._html is None or self._element is None:
            return decode_json(body)
        found = self._element(self._html.opened(body))
        if not found:
            raise ParseError("the answer has no element that `inside` names")
        return decode_json(str(self._html.plain(found[0])).encode())

    def compiled(self, expression: str, *, is_part: bool) -> Query:  # noqa: ARG002  the same for both
        """Return the values that an expression finds. Raises BadExpression, ParseError."""
        jmespath = needed("jmespath")
        try:
            path = jmespath.compile(expression)
        except (jmespath.exceptions.JMESPathError, RecursionError) as error:
            raise BadExpression(f"is no JMESPath: {_first_line(error)}") from None

        if _copies(path.parsed) > _MOST_COPIES:
            raise BadExpression(f"repeats a value more than {_MOST_COPIES:,} times; write fewer [A, B] into each other")
        return _PathQuery(path, expression)

    def is_bounded(self, expression: str) -> bool:  # noqa: ARG002  steps and copies are counted
        """Return whether the expression takes no more time and memory than a page's size allows for."""
        return True

    def is_missing(self, root: Any, query: Query) -> bool:
        """Return whether a body lacks even the place where a list would be."""
        return isinstance(query, _PathQuery) and not query(root) and not isinstance(query.found(root), list)

    def plain(self, value: Any) -> Any:
        """Return a value as a text or number."""
        return value if isinstance(value, str | int | float) else None

    def rich(self, value: Any) -> str:
        """Return a value as a text that may hold markup."""
        return str(value) if isinstance(value, str | int | float) else ""

    def steps(self, expression: str) -> list[str]:
        """Return the beginnings of an expression, one up to each of its steps, the shortest first."""
        return [expression[: found.start()] for found in _STEP.finditer(expression) if found.start()]

    def inside(self, values: list[Any]) -> str:
        """Describe values in a few words."""
        first = values[0]
        if isinstance(first, list):
            return f"a list of {len(first)}, which needs []" if first else "an empty list"
        if isinstance(first, dict):
            keys = list(first)
            return f"keys {', '.join(keys[:_KEYS_NAMED])}{', …' if len(keys) > _KEYS_NAMED else ''}"
        return msgspec.json.encode(first).decode()[:_LONGEST]


class _PathQuery:
    """A compiled path."""

    def __init__(self, path: Any, expression: str) -> None:
        self._path = path
        self._expression = expression

    def __call__(self, node: Any) -> list[Any]:
        found = self.found(node)
        values = found if isinstance(found, list) else [found]
        return [value for value in values if value is not None and value not in ("", {})]

    def found(self, node: Any) -> Any:
        """Return the values that the path finds, unchanged. Raises ParseError."""
        try:
            return _counting()().visit(self._path.parsed, node)
        except (needed("jmespath").exceptions.JMESPathError, RecursionError, TypeError, ValueError) as error:
            raise ParseError(f"{self._expression}: {_first_line(error)}") from None


def _copies(parsed: Mapping[str, Any]) -> int:
    """Return the number of copies that the lists and tables of an expression make of one value at most."""
    is_several = parsed["type"] in ("multi_select_list", "multi_select_dict")
    copies = prod(_copies(child) for child in parsed["children"] if isinstance(child, dict))
    return copies * max(len(parsed["children"]), 1) if is_several else copies


@cache
def _counting() -> Any:
    """Return JMESPath's interpreter with a bound on its steps."""
    visitor = import_module("jmespath.visitor")

    class Counting(visitor.TreeInterpreter):  # type: ignore[misc, name-defined]
        steps = 0

        def visit(self, node: Any, *arguments: Any, **named: Any) -> Any:
            self.steps += 1
            if self.steps > _MOST_STEPS:
                raise ValueError(f"it finds more than a page holds ({_MOST_STEPS:,} steps)")
            return super().visit(node, *arguments, **named)

    return Counting


def _first_line(error: Exception) -> str:
    text = str(error).partition("\n")[0].removesuffix(", for expression:").rstrip(": .")
    return "it is nested too deeply" if isinstance(error, RecursionError) else _BEGINNING.sub("", text)
