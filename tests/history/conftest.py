"""A history in each of the two databases. PostgreSQL is real, too: its programs have to be installed for that."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tracker.history import History, open_history

_USERS = ("postgres", "nobody")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a real PostgreSQL, started once for all tests that want it."""
    initdb, server = shutil.which("initdb"), shutil.which("postgres")
    if initdb is None or server is None:
        pytest.skip("initdb and postgres are not installed (Debian: apt install postgresql)")
    # It refuses to run as root, and a folder of pytest's is root's alone.
    user = _USERS[0] if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="tracker-postgres-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        data, port = folder / "data", _free_port()
        subprocess.run(
            [initdb, "-D", str(data), "-U", "tracker", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"],
            user=user,
            cwd=folder,
            check=True,
            capture_output=True,
        )
        options = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off -c full_page_writes=off -c log_min_messages=fatal"
        with subprocess.Popen(
            [server, "-D", str(data), *options.split()], user=user, cwd=folder, stderr=subprocess.PIPE, text=True
        ) as process:
            url = f"postgresql://tracker@127.0.0.1:{port}/postgres"
            try:
                _await(url, process)
                yield url
            finally:
                process.terminate()
                process.wait(20)
                assert process.stderr is not None
                process.stderr.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _await(url: str, process: "subprocess.Popen[str]") -> None:
    for _ in range(200):
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            if process.poll() is not None:
                break
            time.sleep(0.05)  # it says nowhere else that it is up
        else:
            return
    pytest.fail("PostgreSQL did not start")


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
