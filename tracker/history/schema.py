"""The tables, version by version. A version that was released is never changed: the next one alters its tables.

Times are microseconds since the epoch (`_us`), so that both databases compare them alike. Values that are only shown
are JSON.
"""

from typing import Final

#: A block holds two to the power of this many events.
BLOCK_BITS: Final = 14
#: The tables of both databases, version by version.
TABLES: Final[tuple[tuple[str, ...], ...]] = (
    (
        """CREATE TABLE events (
            seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stream_id TEXT NOT NULL, kind TEXT NOT NULL,
            provider TEXT NOT NULL, incident_id TEXT, update_id TEXT, impact TEXT, seen_us BIGINT NOT NULL,
            title TEXT NOT NULL, message TEXT NOT NULL, names TEXT NOT NULL, event TEXT NOT NULL)""",
        "CREATE INDEX events_of_provider ON events (provider, seq)",
        "CREATE INDEX events_of_kind ON events (kind, seq)",
        "CREATE INDEX events_of_incident ON events (provider, incident_id, seq)",
        "CREATE INDEX events_of_stream ON events (stream_id)",
        "CREATE INDEX events_seen ON events (seen_us)",
        """CREATE TABLE incidents (
            provider TEXT NOT NULL, incident_id TEXT NOT NULL, is_maintenance INTEGER NOT NULL,
            began_us BIGINT NOT NULL, updated_us BIGINT NOT NULL, ended_us BIGINT, starts_us BIGINT, ends_us BIGINT,
            incident TEXT NOT NULL, PRIMARY KEY (provider, incident_id))""",
        "CREATE INDEX incidents_of_provider ON incidents (provider, is_maintenance, began_us)",
        "CREATE INDEX incidents_begun ON incidents (is_maintenance, began_us)",
        "CREATE INDEX incidents_open ON incidents (is_maintenance, began_us) WHERE ended_us IS NULL",
        "CREATE INDEX maintenances_starting ON incidents (starts_us) WHERE is_maintenance = 1",
        """CREATE TABLE component_spans (
            provider TEXT NOT NULL, component_id TEXT NOT NULL, began_us BIGINT NOT NULL, ended_us BIGINT,
            name TEXT NOT NULL, status TEXT NOT NULL, PRIMARY KEY (provider, component_id, began_us))""",
        "CREATE INDEX component_spans_of_provider ON component_spans (provider, began_us)",
        """CREATE TABLE unreadable_spans (
            provider TEXT NOT NULL, began_us BIGINT NOT NULL, ended_us BIGINT, reason TEXT NOT NULL,
            PRIMARY KEY (provider, began_us))""",
    ),
    (
        # Counted in the data server alone, so that no rebuild touches them.
        """CREATE TABLE polls (
            provider TEXT NOT NULL, day TEXT NOT NULL, polls_read BIGINT NOT NULL, polls_failed BIGINT NOT NULL,
            PRIMARY KEY (provider, day))""",
        """CREATE TABLE poll_counters (
            provider TEXT PRIMARY KEY, counted_since_us BIGINT NOT NULL, polls_read BIGINT NOT NULL,
            polls_failed BIGINT NOT NULL)""",
    ),
    (
        # When the oldest and the newest event of each block of places were seen: a question about a time then reads a
        # few blocks only. Blocks of earlier events are filled in here.
        """CREATE TABLE event_blocks (
            block BIGINT PRIMARY KEY, oldest_us BIGINT NOT NULL, newest_us BIGINT NOT NULL)""",
        f"""INSERT INTO event_blocks SELECT seq >> {BLOCK_BITS}, MIN(seen_us), MAX(seen_us) FROM events
            GROUP BY seq >> {BLOCK_BITS}""",
    ),
    (
        # A provider's last days are then read without all that ended before them.
        "DROP INDEX component_spans_of_provider",
        *(
            f"CREATE INDEX {table}_ended ON {table} (provider, ended_us)"
            for table in ("incidents", "component_spans", "unreadable_spans")
        ),
    ),
)
#: Holds the version of the schema and the position in the record; made before the first version.
NOTES: Final = "CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
#: The tables that a rebuild empties.
PROJECTED: Final = ("events", "event_blocks", "event_words", "incidents", "component_spans", "unreadable_spans")
