"""Opens the database of the history and migrates it to the present schema."""

from pathlib import Path
from typing import Final

from tracker.errors import ConfigError, HistoryError
from tracker.history.database import Database, Session
from tracker.history.former_ids import rename_events
from tracker.history.schema import NOTES
from tracker.history.sqlite import SqliteDatabase
from tracker.history.store import History

FILE_NAME: Final = "history.sqlite3"
_VERSION: Final = "schema"


def open_history(data_dir: Path, url: str | None = None) -> History:
    """Return the history at a PostgreSQL address, or else in the data directory. Raises ConfigError, HistoryError."""
    database = _database(data_dir, url)
    migrate(database)
    rename_events(database)
    return History(database)


def migrate(database: Database) -> None:
    """Migrate the schema to the present version, each step whole or not at all. Raises HistoryError."""
    versions = database.dialect.migrations()
    with database.writing() as session:
        session.execute(NOTES)
    while True:
        with database.writing() as session:
            version = _version(session)
            if version > len(versions):
                raise HistoryError(
                    f"the history has the schema {version} of a later version of the tracker, and this one knows "
                    f"{len(versions)}; upgrade the tracker"
                )
            if version == len(versions):
                return
            for statement in versions[version]:
                session.execute(statement)
            session.execute(
                "INSERT INTO notes (name, value) VALUES (:name, :value) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                name=_VERSION,
                value=str(version + 1),
            )


def _version(session: Session) -> int:
    found = session.rows("SELECT value FROM notes WHERE name = :name", name=_VERSION)
    return int(found[0]["value"]) if found else 0


def _database(data_dir: Path, url: str | None) -> Database:
    if url is None:
        return SqliteDatabase(data_dir / FILE_NAME)
    try:
        from tracker.history.postgres import PostgresDatabase  # noqa: PLC0415  the driver is an extra
    except ImportError as error:
        raise ConfigError(
            "TRACKER_DATABASE_URL needs the PostgreSQL driver; install status-page-tracker[postgres]"
        ) from error
    return PostgresDatabase(url)
