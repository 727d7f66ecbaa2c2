"""The seam to a database: DB-API 2.0 with named parameters (`:name`), rows by column name."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

Row = Mapping[str, Any]


class Session(Protocol):
    """One transaction. Every method raises HistoryError."""

    def rows(self, sql: str, **values: object) -> Sequence[Row]:
        """Return the rows that a query finds."""
        ...

    def execute(self, sql: str, **values: object) -> int:
        """Run a statement and return how many rows it changed."""
        ...

    def execute_many(self, sql: str, rows: Iterable[Row]) -> None:
        """Run a statement once for each row of values."""
        ...


class SearchPart(NamedTuple):
    """A part of the events that a search goes through."""

    #: The FROM clause; it has the columns of `events`.
    source: str
    values: Mapping[str, object] = {}


class Search(NamedTuple):
    """A search as a part of a query."""

    #: Searched one after another until enough is found. With several parts, a database that gathers all matches first
    #: does not gather every match of a common word.
    looks: tuple[SearchPart, ...]
    condition: str
    values: Mapping[str, str]
    #: The column that holds `seq` there; the database reads matches in its order without sorting all of them.
    order: str


class SeqRange(NamedTuple):
    """Places that an answer may come from, both included, and where it begins."""

    first: int
    last: int
    is_backwards: bool


class Dialect(Protocol):
    """The differences between the two databases."""

    def migrations(self) -> Sequence[Sequence[str]]:
        """Return the statements of each version of the schema, the first version first."""
        ...

    def search(self, session: Session, text: str, providers: Sequence[str], span: SeqRange) -> Search:
        """Return the condition for rows of `events` with all these words; `word*` is the beginning of a word.

        Raises SearchTooWide.
        """
        ...

    def indexed(self, session: Session, rows: Sequence[Row]) -> None:
        """Add rows that were just put into `events` to the search."""
        ...

    def forget(self, session: Session, before_us: int, limit: int) -> int:
        """Remove up to `limit` events that were seen before that; return how many."""
        ...


class Database(Protocol):
    """A database that holds the history. Safe for threads."""

    dialect: Dialect

    def reading(self) -> AbstractContextManager[Session]:
        """Begin a transaction that sees one state and changes nothing. Raises HistoryError."""
        ...

    def writing(self) -> AbstractContextManager[Session]:
        """Begin a transaction that no other writer runs beside; committed unless an exception leaves it."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...
