"""The history in PostgreSQL, for trackers that run on several machines. Needs the extra `postgres`."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from tracker.errors import HistoryError
from tracker.history.connections import Connections
from tracker.history.database import Dialect, Row, Search, SearchPart, SeqRange, Session
from tracker.history.schema import BLOCK_BITS, TABLES
from tracker.history.words import asked_words, words_beginning

#: Names the lock that writers take, for one database.
_LOCK: Final = 0x7472_6B72
_NAMED: Final = re.compile(r"(?<![:\w]):([a-z_0-9]+)")
#: Blocks of events that are searched one by one, before all others at once.
_LOOKS: Final = 8
#: From this many words with one prefix on, the index compares each event of a block with all of them. Such words are
#: rarely far away: the first `_NEAR` places are read without the index, then fewer blocks with it.
_MANY: Final = 16
_NEAR: Final = 4096
_LOOKS_FOR_MANY: Final = 2
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
_MATCHES: Final = "words @@ (to_tsquery('simple', :text) && CAST(:begun AS tsquery))"
#: OFFSET and the sum keep the planner from reading events in order until enough match, which may never happen.
_FOUND: Final = f"(SELECT * FROM events WHERE {_MATCHES} AND seq + 0 BETWEEN :first AND :last OFFSET 0) AS events"
#: Here OFFSET keeps it from the index on words, and the order lets it stop at the limit.
_READ: Final = f"""(SELECT * FROM (SELECT * FROM events WHERE seq BETWEEN :first AND :last
    ORDER BY seq {{order}} OFFSET 0) AS near WHERE {_MATCHES}) AS events"""
_FORGET: Final = (
    "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE seen_us < :before ORDER BY seen_us LIMIT :most)"
)


class PostgresDialect:
    """Searches a generated column of words by an inverted index; a table of all words answers prefixes."""

    def migrations(self) -> Sequence[Sequence[str]]:
        """Return the statements of each version of the schema."""
        return [(*TABLES[0], *_SEARCH), TABLES[1], (*TABLES[2], *_NARROWED), TABLES[3]]

    def search(self, session: Session, text: str, providers: Sequence[str], span: SeqRange) -> Search:
        """Return the condition for rows with all these words."""
        asked = asked_words(text)
        parts, begun = [], 0
        for beginning in asked.beginnings:
            words = words_beginning(session, beginning.lower())
            parts.append(f"({' | '.join(map(_lexeme, words))})" if words else "")
            begun += len(words)
        if not all(parts) or not (parts or asked.whole):
            return Search((SearchPart("events"),), "1 = 0", {}, "seq")
        if len(providers) == 1:
            parts.append(_lexeme(f"@{providers[0]}"))
            looks = [_look(parts, span)]
        elif begun < _MANY:
            looks = list(_looks(parts, span, _LOOKS))
        else:
            near, rest = _split(span, _NEAR)
            read = _READ.format(order="DESC" if span.is_backwards else "ASC")
            looks = [_look(parts, near, read), *(_looks(parts, rest, _LOOKS_FOR_MANY) if rest else ())]
        return Search(tuple(looks), "1 = 1", {"text": " & ".join(map(_lexeme, asked.whole))}, "seq")

    def indexed(self, session: Session, rows: Sequence[Row]) -> None:
        """Keep the words; the column is generated."""
        session.execute(_NEW_WORDS, first=rows[0]["seq"], last=rows[-1]["seq"])

    def forget(self, session: Session, before_us: int, limit: int) -> int:
        """Remove old events."""
        return session.execute(_FORGET, before=before_us, most=limit)


def _looks(parts: Sequence[str], span: SeqRange, most: int) -> Iterator[SearchPart]:
    """Yield one part for each of the first blocks, then one for all the rest."""
    rest: SeqRange | None = span
    for _ in range(most):
        if rest is None:
            return
        block = (rest.last if rest.is_backwards else rest.first) >> BLOCK_BITS
        edge = rest.last - (block << BLOCK_BITS) if rest.is_backwards else ((block + 1) << BLOCK_BITS) - 1 - rest.first
        near, rest = _split(rest, edge + 1)
        yield _look([*parts, _lexeme(f"#{block}")], near)
    if rest is not None:
        yield _look(parts, rest)


def _split(span: SeqRange, size: int) -> tuple[SeqRange, SeqRange | None]:
    """Return the first `size` places in the order of the answer, and the others, None if there are none."""
    if span.last - span.first < size:
        return span, None
    if span.is_backwards:
        return span._replace(first=span.last - size + 1), span._replace(last=span.last - size)
    return span._replace(last=span.first + size - 1), span._replace(first=span.first + size)


def _look(parts: Sequence[str], span: SeqRange, source: str = _FOUND) -> SearchPart:
    return SearchPart(source, {"begun": " & ".join(parts), "first": span.first, "last": span.last})


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
            # psycopg's messages about a connection name host and user, never the password.
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
            # A generic plan fits no words: each search is planned for its own.
            prepare_threshold=None,
        )


def _is_usable(connection: "psycopg.Connection[dict[str, Any]]") -> bool:
    return not connection.closed and not connection.broken


@lru_cache(maxsize=256)
def _pyformat(sql: str) -> Any:
    """Return the statement as psycopg takes its parameters: `:name` becomes `%(name)s`."""
    return _NAMED.sub(r"%(\1)s", sql.replace("%", "%%"))
