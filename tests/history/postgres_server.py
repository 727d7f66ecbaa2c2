"""A real PostgreSQL in a folder of its own, for tests and measurements; its programs have to be installed."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.ports import unused_port

_USERS = ("postgres", "nobody")


def is_installed() -> bool:
    return bool(shutil.which("initdb") and shutil.which("postgres"))


@contextmanager
def running_postgres(folder: Path, *settings: str) -> Iterator[str]:
    """Start a server that keeps its data in a folder, and yield the address of its database."""
    initdb, server = shutil.which("initdb"), shutil.which("postgres")
    assert initdb is not None
    assert server is not None
    # It refuses to run as root, and a folder of pytest's is root's alone.
    user = _USERS[0] if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)
    data, port = folder / "data", unused_port()
    if not data.exists():
        command = [initdb, "-D", str(data), "-U", "tracker", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"]
        subprocess.run(command, user=user, cwd=folder, check=True, capture_output=True)
    options = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off -c full_page_writes=off -c log_min_messages=fatal"
    chosen = (part for setting in settings for part in ("-c", setting))
    with subprocess.Popen(
        [server, "-D", str(data), *options.split(), *chosen], user=user, cwd=folder, stderr=subprocess.PIPE, text=True
    ) as process:
        url = f"postgresql://tracker@127.0.0.1:{port}/postgres"
        try:
            _await(url, process)
            yield url
        finally:
            process.terminate()
            process.wait(60)
            assert process.stderr is not None
            process.stderr.close()


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
    raise RuntimeError("PostgreSQL did not start")
