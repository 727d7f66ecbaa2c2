"""The port to a language of expressions: it opens a body, finds values in it, and explains why it finds none."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, Protocol, TypeAlias

from tracker.errors import ParseError

#: Entries that one body may have: incidents, updates and components together.
MOST_ENTRIES: Final = 5_000
#: (a body or an entry of it) -> the non-empty values that an expression finds there. Raises ParseError.
Query: TypeAlias = Callable[[Any], list[Any]]


class BadExpression(Exception):
    """Raised for an expression that the language does not know; its text says what is wrong with it."""


class Language(Protocol):
    """The expressions for one kind of body."""

    def opened(self, body: bytes) -> Any:
        """Return the body as expressions see it. Raises ParseError."""

    def compiled(self, expression: str, *, is_part: bool) -> Query:
        """Return the query for an expression in an entry (`is_part`) or a body. Raises BadExpression, ParseError."""

    def is_bounded(self, expression: str) -> bool:
        """Return whether the expression takes no more time and memory than a page's size allows for."""

    def is_missing(self, root: Any, query: Query) -> bool:
        """Return whether a body lacks even the place where a list would be."""

    def plain(self, value: Any) -> Any:
        """Return a value as a text or number."""

    def rich(self, value: Any) -> str:
        """Return a value as a text that may hold markup."""

    def steps(self, expression: str) -> list[str]:
        """Return the beginnings of an expression, one up to each of its steps, the shortest first."""

    def inside(self, values: list[Any]) -> str:
        """Describe values in a few words, for a user whose expression finds nothing in them."""


def needed(module: str) -> Any:
    """Return a library of the extra `formats`. Raises ParseError when it is not installed."""
    try:
        return import_module(module)
    except ImportError:
        raise ParseError(
            f"a [[format]] of this kind needs {module.partition('.')[0]}; "
            "install it with pip install 'status-page-tracker[formats]'"
        ) from None
