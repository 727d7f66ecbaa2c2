"""The history in PostgreSQL, for trackers that run on several machines. Needs the extra `postgres`."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from tracker.errors import HistoryError
from tracker.history.connections import Connections
from tracker.history.database import Dialect, Row, Search, SeqRange, Session
from tracker.history.schema import BLOCK_BITS, TABLES
from tracker.history.words import asked_words, words_beginning

#: Names the lock that writers take, for one database.
_LOCK: Final = 0x7472_6B72
_NAMED: Final = re.compile(r"(?<![:\w]):([a-z_0-9]+)")
#: Blocks of events that are looked at one by one, before all others at once.
_LOOKS: Final = 8
#: A text search vector holds less than 1 MB; no vendor's text needs that much to be found. Signs become blanks, since
#: PostgreSQL takes what they join for one word (an address, a version) or for none (a tag).
_VECTOR: Final = """to_tsvector('simple', translate(
            left(title, 20000) || ' ' || left(message, 100000) || ' ' || left(names, 20000), '<>&/.@:-_', '         '
        ))"""
_INDEX: Final = "CREATE INDEX events_text ON events USING gin (words) WITH (fastupdate = off)"
_SEARCH: Final = (f"ALTER TABLE events ADD COLUMN words tsvector GENERATED ALWAYS AS ({_VECTOR}) STORED", _INDEX)
#: Provider and place become words that no text has: the index then looks up a word of one provider, or of the newest
#: events, without reading all other events with that word.
_NARROWED: Final = (
    "ALTER TABLE events DROP COLUMN words",
    f"""ALTER TABLE events ADD COLUMN words tsvector GENERATED ALWAYS AS ({_VECTOR} || array_to_tsvector(
            ARRAY['@' || left(provider, 400), '#' || (seq >> {BLOCK_BITS})::text])) STORED""",
    _INDEX,
    'CREATE TABLE event_words (word TEXT COLLATE "C" PRIMARY KEY)',
    """INSERT INTO event_words SELECT word FROM ts_stat('SELECT words FROM events')
        WHERE left(word, 1) NOT IN ('@', '#')""",
)
_NEW_WORDS: Final = """INSERT INTO event_words SELECT DISTINCT word
    FROM events, unnest(tsvector_to_array(words)) AS word
    WHERE seq BETWEEN :first AND :last AND left(word, 1) NOT IN ('@', '#') ON CONFLICT DO NOTHING"""
#: OFFSET and the sum keep the planner from reading events in order until enough match, which may never happen.
_FOUND: Final = """(SELECT * FROM events WHERE words @@ (to_tsquery('simple', :text) && CAST(:begun AS tsquery))
    AND seq + 0 BETWEEN :first AND :last OFFSET 0) AS events"""
_FORGET: Final = (
    "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE seen_us < :before ORDER BY seen_us LIMIT :most)"
)


class PostgresDialect:
    """Searches a generated column of words by an inverted index; a table of all words answers prefixes."""

    def migrations(self) -> Sequence[Sequence[str]]:
        """Return the statements of each version of the schema."""
        return [(*TABLES[0], *_SEARCH), TABLES[1], (*TABLES[2], *_NARROWED)]

    def search(self, session: Session, text: str, providers: Sequence[str], span: SeqRange) -> Search:
        """Return the source of rows with all these words."""
        asked = asked_words(text)
        parts = []
        for beginning in asked.beginnings:
            words = words_beginning(session, beginning.lower())
            parts.append(f"({' | '.join(map(_lexeme, words))})" if words else "")
        if not all(parts) or not (parts or asked.whole):
            return Search("events", "1 = 0", {}, "seq")
        if len(providers) == 1:
            parts.append(_lexeme(f"@{providers[0]}"))
            looks = [_look(parts, span.first, span.last)]
        else:
            looks = list(_looks(parts, span))
        return Search(_FOUND, "1 = 1", {"text": " & ".join(map(_lexeme, asked.whole))}, "seq", tuple(looks))

    def indexed(self, session: Session, rows: Sequence[Row]) -> None:
        """Keep the words; the column is generated."""
        session.execute(_NEW_WORDS, first=rows[0]["seq"], last=rows[-1]["seq"])

    def forget(self, session: Session, before_us: int, limit: int) -> int:
        """Remove old events."""
        return session.execute(_FORGET, before=before_us, most=limit)


def _looks(parts: Sequence[str], span: SeqRange) -> Iterator[Mapping[str, object]]:
    """Yield the arguments of one look for each of the first blocks, then of one look at all the rest."""
    oldest, newest = span.first >> BLOCK_BITS, span.last >> BLOCK_BITS
    blocks = range(newest, oldest - 1, -1) if span.is_backwards else range(oldest, newest + 1)
    for block in blocks[:_LOOKS]:
        yield _look([*parts, _lexeme(f"#{block}")], span.first, span.last)
    if len(blocks) <= _LOOKS:
        return
    looked_at = blocks[_LOOKS - 1]
    if span.is_backwards:
        yield _look(parts, span.first, (looked_at << BLOCK_BITS) - 1)
    else:
        yield _look(parts, (looked_at + 1) << BLOCK_BITS, span.last)


def _look(parts: Sequence[str], first: int, last: int) -> Mapping[str, object]:
    return {"begun": " & ".join(parts), "first": first, "last": last}


def _lexeme(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


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
        self._connections = Connections(self._connect, _is_usable)
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
        self._connections.close()

    @contextmanager
    def _transaction(self) -> "Iterator[psycopg.Connection[dict[str, Any]]]":
        try:
            connection = self._connections.own()
            with connection.transaction():
                yield connection
        except psycopg.Error as error:
            # What psycopg says of a connection names host and user, never the password.
            sentence = " ".join(str(error).split()) or type(error).__name__
            raise HistoryError(
                f"the history's database does not answer as it should ({sentence}); check TRACKER_DATABASE_URL"
            ) from error

    def _connect(self) -> "psycopg.Connection[dict[str, Any]]":
        return psycopg.connect(
            self._url,
            row_factory=dict_row,
            autocommit=True,
            connect_timeout=10,
            application_name="status-page-tracker",
            # A plan for any words is one for none of them: each search is planned for what it asks.
            prepare_threshold=None,
        )


def _is_usable(connection: "psycopg.Connection[dict[str, Any]]") -> bool:
    return not connection.closed and not connection.broken


@lru_cache(maxsize=256)
def _pyformat(sql: str) -> Any:
    """Return the statement as psycopg takes its parameters: `:name` becomes `%(name)s`."""
    return _NAMED.sub(r"%(\1)s", sql.replace("%", "%%"))
