"""The history in PostgreSQL, for trackers that run on several machines. Needs the extra `postgres`."""

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from tracker.errors import HistoryError
from tracker.history.database import Dialect, Row, Search, Session
from tracker.history.schema import TABLES
from tracker.history.sqlite import MOST_WORDS

#: Names the lock that writers take, for one database.
_LOCK: Final = 0x7472_6B72
_WORD: Final = re.compile(r"(\w+)(\*?)")
_NAMED: Final = re.compile(r"(?<![:\w]):([a-z_0-9]+)")
#: A text search vector holds less than 1 MB; no vendor's text needs that much to be found. Signs become blanks, since
#: PostgreSQL takes what they join for one word (an address, a version) or for none (a tag).
_SEARCH: Final = (
    """ALTER TABLE events ADD COLUMN words tsvector GENERATED ALWAYS AS (
        to_tsvector('simple', translate(
            left(title, 20000) || ' ' || left(message, 100000) || ' ' || left(names, 20000), '<>&/.@:-_', '         '
        ))) STORED""",
    "CREATE INDEX events_text ON events USING gin (words) WITH (fastupdate = off)",
)
_FORGET: Final = (
    "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE seen_us < :before ORDER BY seen_us LIMIT :most)"
)


class PostgresDialect:
    """A generated column of words and an inverted index search; both follow the table by themselves."""

    def migrations(self) -> Sequence[Sequence[str]]:
        """Return the statements of each version of the schema."""
        return [(*TABLES[0], *_SEARCH), *TABLES[1:]]

    def search(self, text: str, providers: Sequence[str]) -> Search:
        """Return where rows with all these words come from."""
        del providers  # the planner chooses between the indexes by what they hold
        words = _WORD.findall(text)[:MOST_WORDS]
        if not words:
            return Search("events", "1 = 0", {}, "seq")
        asked = " & ".join(f"'{word}'{':*' if star else ''}" for word, star in words)
        return Search("events", "words @@ to_tsquery('simple', :text)", {"text": asked}, "seq")

    def indexed(self, session: Session, rows: Sequence[Row]) -> None:
        """Do nothing: the column is generated."""

    def forget(self, session: Session, before_us: int, limit: int) -> int:
        """Remove old events."""
        return session.execute(_FORGET, before=before_us, most=limit)


class _PostgresSession:
    def __init__(self, connection: "psycopg.Connection[dict[str, Any]]") -> None:
        self._connection = connection

    def rows(self, sql: str, **values: object) -> Sequence[Row]:
        return self._connection.execute(_pyformat(sql), values).fetchall()

    def execute(self, sql: str, **values: object) -> int:
        return self._connection.execute(_pyformat(sql), values).rowcount

    def execute_many(self, sql: str, rows: Iterable[Row]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_pyformat(sql), list(rows))


class PostgresDatabase:
    """A `Database` on a server, with a connection for each thread; one that broke is made again."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._own = threading.local()
        self._all: list[psycopg.Connection[dict[str, Any]]] = []
        self._opening = threading.Lock()
        self.dialect: Dialect = PostgresDialect()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Begin a transaction that sees one state. Raises HistoryError."""
        with self._transaction() as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield _PostgresSession(connection)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Begin a transaction that no other writer runs beside. Raises HistoryError."""
        with self._transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            yield _PostgresSession(connection)

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._opening:
            connections, self._all = self._all, []
            self._own = threading.local()
        for connection in connections:
            connection.close()

    @contextmanager
    def _transaction(self) -> "Iterator[psycopg.Connection[dict[str, Any]]]":
        try:
            connection = self._connection()
            with connection.transaction():
                yield connection
        except psycopg.Error as error:
            # What psycopg says of a connection names host and user, never the password.
            sentence = " ".join(str(error).split()) or type(error).__name__
            raise HistoryError(
                f"the history's database does not answer as it should ({sentence}); check TRACKER_DATABASE_URL"
            ) from error

    def _connection(self) -> "psycopg.Connection[dict[str, Any]]":
        known: psycopg.Connection[dict[str, Any]] | None = getattr(self._own, "connection", None)
        if known is not None and not known.closed and not known.broken:
            return known
        connection = psycopg.connect(
            self._url, row_factory=dict_row, autocommit=True, connect_timeout=10, application_name="status-page-tracker"
        )
        with self._opening:
            self._own.connection = connection
            self._all = [other for other in self._all if not other.closed] + [connection]
        return connection


@lru_cache(maxsize=256)
def _pyformat(sql: str) -> Any:
    """Return the statement as psycopg takes its parameters: `:name` becomes `%(name)s`."""
    return _NAMED.sub(r"%(\1)s", sql.replace("%", "%%"))
