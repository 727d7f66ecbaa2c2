"""Renames events that earlier versions stored, to the ids that they have by the present keys.

Those ids distinguish events when the record is read again. The event itself keeps the id that it was reported with.
"""

from collections.abc import Iterator
from typing import Final

from tracker.history.database import Database, Row, Session
from tracker.model.keys import KEYS_VERSION, present_event_id

#: Rows that are read together.
_TOGETHER: Final = 10_000
_VERSION: Final = "keys"


def rename_events(database: Database) -> None:
    """Rename the events, once for each database. Raises HistoryError."""
    with database.writing() as session:
        if session.rows("SELECT value FROM notes WHERE name = :name", name=_VERSION):
            return
        renamed = [{"seq": row["seq"], "id": named} for row in _rows(session) if (named := _named(row)) != row["id"]]
        # No id begins with a slash: all rows leave their ids before any row takes a new one.
        session.execute_many(
            "UPDATE events SET id = '/' || id WHERE seq = :seq", [{"seq": row["seq"]} for row in renamed]
        )
        session.execute_many("UPDATE events SET id = :id WHERE seq = :seq", renamed)
        session.execute(
            "INSERT INTO notes (name, value) VALUES (:name, :value)", name=_VERSION, value=str(KEYS_VERSION)
        )


def _rows(session: Session) -> Iterator[Row]:
    after = 0
    while rows := session.rows(
        "SELECT seq, id, provider, incident_id, update_id FROM events"
        " WHERE seq > :after AND incident_id IS NOT NULL ORDER BY seq LIMIT :most",
        after=after,
        most=_TOGETHER,
    ):
        yield from rows
        after = rows[-1]["seq"]


def _named(row: Row) -> str:
    return present_event_id(row["id"], row["provider"], row["incident_id"], row["update_id"])
