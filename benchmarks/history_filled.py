"""Fills a history with many updates at once, past the record: SQLite by its own driver, PostgreSQL by COPY."""

import itertools
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import psycopg

from benchmarks.history_rows import events, incidents, polls, spans
from tracker.delivery.event_stream import StreamedEvent
from tracker.history import open_history
from tracker.history.opening import FILE_NAME
from tracker.history.rows import event_row, incident_row
from tracker.history.schema import TABLES

_EVENT_INDEXES: Final = [line for line in TABLES[0] if line.startswith("CREATE INDEX events")]
_BLOCKS: Final = TABLES[2][1]


def fill_sqlite(folder: Path, updates: int) -> float:
    """Make a history in a file; return its size in GB."""
    open_history(folder).close()
    path = folder / FILE_NAME
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -2000000", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    for line in _EVENT_INDEXES:
        connection.execute(f"DROP INDEX {line.split()[2]}")
    for table, rows in _tables(updates):
        connection.execute("BEGIN")
        first = next(rows)
        sql = f"INSERT INTO {table} ({', '.join(first)}) VALUES ({', '.join(f':{name}' for name in first)})"
        connection.executemany(sql, itertools.chain((first,), rows))
        connection.execute("COMMIT")
    for line in _EVENT_INDEXES:
        connection.execute(line)
    connection.execute("INSERT INTO events_text (events_text) VALUES ('rebuild')")
    connection.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, events_text, row)")
    connection.execute("INSERT INTO event_words SELECT term FROM temp.vocabulary")
    connection.execute(_BLOCKS)
    connection.execute("INSERT INTO notes (name, value) VALUES ('seq', ?)", (str(updates),))
    connection.close()
    return path.stat().st_size / 1e9


def fill_postgres(url: str, updates: int) -> float:
    """Make a history in a database; return its size in GB."""
    open_history(Path(), url).close()
    with psycopg.connect(url, autocommit=True) as connection:
        indexes = [*_EVENT_INDEXES, "CREATE INDEX events_text ON events USING gin (words) WITH (fastupdate = off)"]
        connection.execute("SET maintenance_work_mem = '1GB'")
        for line in indexes:
            connection.execute(f"DROP INDEX {line.split()[2]}".encode())
        for table, rows in _tables(updates):
            first = next(rows)
            with connection.cursor().copy(f"COPY {table} ({', '.join(first)}) FROM STDIN".encode()) as copy:
                for row in itertools.chain((first,), rows):
                    copy.write_row([row[name] for name in first])
        for line in indexes:
            connection.execute(line.encode())
        connection.execute(
            "INSERT INTO event_words SELECT word FROM ts_stat('SELECT words FROM events')"
            " WHERE left(word, 1) NOT IN ('@', '#')"
        )
        connection.execute(_BLOCKS.encode())
        connection.execute("INSERT INTO notes (name, value) VALUES ('seq', %s)", (str(updates),))
        connection.execute("VACUUM ANALYZE")
        size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert size is not None
    return float(size[0]) / 1e9


def _tables(updates: int) -> Iterator[tuple[str, Iterator[Mapping[str, Any]]]]:
    streamed = (StreamedEvent(stream_id=f"{seq}-0", event=event) for seq, event in enumerate(events(updates), 1))
    yield "events", (event_row(seq, each) for seq, each in enumerate(streamed, 1))
    yield "incidents", map(incident_row, incidents(updates))
    yield "component_spans", spans(updates)
    yield "polls", polls()
