"""The seam to a database: DB-API 2.0 with named parameters (`:name`), rows by column name."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

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


class Dialect(Protocol):
    """Where the two databases differ."""

    def migrations(self) -> Sequence[Sequence[str]]:
        """Return the statements of each version of the schema, the first version first."""
        ...

    def search(self, text: str, providers: Sequence[str]) -> tuple[str, Mapping[str, str]]:
        """Return a condition on the table `events` that holds for rows with all these words, and its values."""
        ...

    def indexed(self, session: Session, rows: Sequence[Row]) -> None:
        """Make rows that were just put into `events` known to the search."""
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
