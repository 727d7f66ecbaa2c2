"""The history in a file of its own: SQLite with a write-ahead log, so that readers never wait for the writer."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tracker.errors import HistoryError
from tracker.history.connections import Connections
from tracker.history.database import Dialect, Row, Search, SearchPart, SeqRange, Session
from tracker.history.schema import TABLES
from tracker.history.words import asked_words, folded, words_beginning, words_of

#: How long a writer waits for another one, in seconds.
_BUSY_S: Final = 15.0
#: `synchronous = NORMAL` may lose the newest commits in a power loss, and never more: they are read again.
_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16384",
)
_SEARCH: Final = (
    """CREATE VIRTUAL TABLE events_text USING fts5(
        title, message, names, provider, content = 'events', content_rowid = 'seq',
        tokenize = 'unicode61 remove_diacritics 2')""",
)
#: A table of its own, because the index passes all events of one word before it comes to the next word.
_WORDS: Final = (
    "CREATE TABLE event_words (word TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE VIRTUAL TABLE events_vocabulary USING fts5vocab(events_text, row)",
    "INSERT INTO event_words SELECT term FROM events_vocabulary",
    "DROP TABLE events_vocabulary",
)
_NEW_WORDS: Final = "INSERT OR IGNORE INTO event_words (word) VALUES (:word)"
_FOUND: Final = "events_text CROSS JOIN events ON events.seq = events_text.rowid"
_INDEX: Final = (
    "INSERT INTO events_text (rowid, title, message, names, provider) "
    "VALUES (:seq, :title, :message, :names, :provider)"
)
_UNINDEX: Final = (
    "INSERT INTO events_text (events_text, rowid, title, message, names, provider) "
    "SELECT 'delete', seq, title, message, names, provider FROM events WHERE seq IN ({doomed})"
)
_DOOMED: Final = "SELECT seq FROM events WHERE seen_us < :before ORDER BY seen_us LIMIT :most"


class SqliteDialect:
    """FTS5 searches; its index holds no text of its own, so each row that comes or goes is passed to it."""

    def migrations(self) -> Sequence[Sequence[str]]:
        """Return the statements of each version of the schema."""
        return [(*TABLES[0], *_SEARCH), TABLES[1], (*TABLES[2], *_WORDS), TABLES[3]]

    def search(self, session: Session, text: str, providers: Sequence[str], span: SeqRange) -> Search:
        """Return the condition for rows with all these words."""
        del span  # the index is read from its end
        asked = asked_words(text)
        parts = [_phrase(word) for word in asked.whole]
        for beginning in asked.beginnings:
            words = words_beginning(session, folded(beginning))
            parts.append(f"({' OR '.join(map(_phrase, words))})" if words else "")
        if not all(parts) or not parts:
            return Search((SearchPart("events"),), "1 = 0", {}, "seq")
        query = f"{{title message names}} : ({' AND '.join(parts)})"
        # Exactly one provider narrows the index down itself, which makes rare ones as fast as common ones.
        if len(providers) == 1:
            query += f" AND provider : {_phrase(' '.join(asked_words(providers[0]).whole))}"
        # Only with a join, not a subquery, the index is read from its end, and no further than the limit.
        return Search((SearchPart(_FOUND),), "events_text MATCH :text", {"text": query}, "events_text.rowid")

    def indexed(self, session: Session, rows: Sequence[Row]) -> None:
        """Add new rows to the search."""
        session.execute_many(_INDEX, rows)
        words = {word for row in rows for part in ("title", "message", "names") for word in words_of(row[part])}
        session.execute_many(_NEW_WORDS, ({"word": word} for word in sorted(words)))

    def forget(self, session: Session, before_us: int, limit: int) -> int:
        """Remove old events, from the search first: its index needs their text for that."""
        session.execute(_UNINDEX.format(doomed=_DOOMED), before=before_us, most=limit)
        return session.execute(f"DELETE FROM events WHERE seq IN ({_DOOMED})", before=before_us, most=limit)


def _phrase(words: str) -> str:
    return f'"{words}"'


class _SqliteSession:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, **values: object) -> Sequence[Row]:
        found: list[sqlite3.Row] = self._connection.execute(sql, values).fetchall()
        return [dict(zip(row.keys(), row, strict=True)) for row in found]

    def execute(self, sql: str, **values: object) -> int:
        return self._connection.execute(sql, values).rowcount

    def execute_many(self, sql: str, rows: Iterable[Row]) -> None:
        self._connection.executemany(sql, rows)


class SqliteDatabase:
    """A `Database` in one file, with a connection for each thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connections = Connections(self._connect)
        self.dialect: Dialect = SqliteDialect()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Begin a transaction that sees one state. Raises HistoryError."""
        with self._transaction("BEGIN DEFERRED") as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Begin a transaction that no other writer runs beside. Raises HistoryError."""
        with self._transaction("BEGIN IMMEDIATE") as session:
            yield session

    def close(self) -> None:
        """Close the connections of all threads."""
        self._connections.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Session]:
        try:
            connection = self._connections.own()
            connection.execute(begin)
            try:
                yield _SqliteSession(connection)
            except BaseException:
                connection.rollback()
                raise
            connection.commit()
        except sqlite3.Error as error:
            raise HistoryError(
                f"the history {self._path} cannot be used ({error}); "
                "`tracker history rebuild` rebuilds it from the record"
            ) from error

    def _connect(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Made with the rights of the record: its owner alone.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise HistoryError(f"cannot open the history {self._path}: {error.strerror}") from error
        connection = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        return connection
