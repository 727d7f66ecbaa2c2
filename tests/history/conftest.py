"""A history in each of the two databases. PostgreSQL is real, too: its programs have to be installed for that."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.history.postgres_server import is_installed, running_postgres
from tests.history.record import write
from tracker.history import History, open_history
from tracker.model.event import Event


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a real PostgreSQL, started once for all tests that want it."""
    if not is_installed():
        pytest.skip("initdb and postgres are not installed (Debian: apt install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="tracker-postgres-"))
    try:
        with running_postgres(folder) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str | None:
    """The address of an empty database; None for the file in the data directory."""
    if request.param == "sqlite":
        return None
    url: str = request.getfixturevalue("postgres_url")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


@pytest.fixture
def history(tmp_path: Path, database: str | None) -> Iterator[History]:
    """An empty history."""
    opened = open_history(tmp_path, database)
    yield opened
    opened.close()


class Recorded:
    """A record, and the history that follows it."""

    def __init__(self, history: History, path: Path) -> None:
        self.history = history
        self.path = path

    def says(self, *events: Event, first: int = 1) -> int:
        """Put events at the end of the record and follow it; return how many the history did not have."""
        write(self.path, events, first=first)
        return self.history.follow(self.path)


@pytest.fixture
def record(history: History, tmp_path: Path) -> Recorded:
    return Recorded(history, tmp_path / "updates.jsonl")
