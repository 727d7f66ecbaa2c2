"""A worker of coroutines in a process of its own: how it ends, and what it does without its data server."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.platforms import EX_FAILURE

from tests.data_server import DataServer
from tests.patience import PATIENCE_S, eventually
from tests.workers.queues import connected
from tests.workers.slots import watching
from workers.application import app as application

pytestmark = pytest.mark.parametrize(
    "lean", ["1", pytest.param("0", marks=pytest.mark.faults)], ids=["lean", "general"]
)


@pytest.fixture
def server(tmp_path: Path, free_port: int) -> Iterator[DataServer]:
    (tmp_path / "server").mkdir()
    with DataServer(tmp_path / "server", free_port) as server:
        yield server


@pytest.fixture
def app(server: DataServer, environment: pytest.MonkeyPatch) -> Iterator[Celery]:
    environment.setenv("REDIS_URL", server.url)
    with connected(application, server.url) as app:
        yield app


class Worker:
    """A worker's process, and the files by which its tasks say what they do."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self.process = process
        self.folder = folder

    def said(self, name: str) -> bool:
        return (self.folder / name).exists()

    def until(self, *names: str) -> None:
        for name in names:
            eventually(lambda name=name: self.said(name), f"{name}: {self.log}")  # type: ignore[misc]

    def lets(self, name: str) -> None:
        (self.folder / f"{name}.go").touch()

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()


@contextmanager
def worker(folder: Path, lean: str, url: str, *options: str) -> Iterator[Worker]:
    environ = {**os.environ, "REDIS_URL": url, "TRACKER_LEAN": lean, "SLOTS_FOLDER": str(folder)}
    argv = [sys.executable, "-m", "celery", "-q", "-A", "tests.workers.slots_app", "worker", "-Q", "fetch"]
    argv += ["--without-mingle", "--without-gossip", "-l", "INFO", *options]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(argv, env=environ, stdout=log, stderr=log, text=True) as process,
    ):
        try:
            yield Worker(process, folder)
        finally:
            process.kill()


def send(app: Celery, name: str, *arguments: Any) -> None:
    app.send_task(f"slots.{name}", arguments, queue="fetch")


def test_a_warm_shutdown_waits_for_what_runs(app: Celery, server: DataServer, tmp_path: Path, lean: str) -> None:
    send(app, "waits", "first")
    with watching(app) as watch, worker(tmp_path, lean, server.url) as running:
        running.until("first.begun")
        running.process.send_signal(signal.SIGTERM)
        eventually(lambda: "Warm shutdown" in running.log, "it was told to end")
        running.lets("first")
        assert running.process.wait(PATIENCE_S) == 0
        watch.until(succeeded=1)

    assert running.said("first.done")


def test_a_cold_shutdown_cuts_off_what_runs_and_says_so(
    app: Celery, server: DataServer, tmp_path: Path, lean: str
) -> None:
    send(app, "waits", "first")
    with worker(tmp_path, lean, server.url) as running:
        running.until("first.begun")
        running.process.send_signal(signal.SIGTERM)
        eventually(lambda: "Warm shutdown" in running.log, "it was told to end")
        running.process.send_signal(signal.SIGQUIT)
        assert running.process.wait(PATIENCE_S) is not None

    assert running.said("first.cancelled")
    # Celery itself may cancel its own requests before the pool does.
    assert lean == "0" or "running tasks are cancelled (1)" in running.log
    assert "Traceback" not in running.log


def test_tasks_go_on_while_the_data_server_is_away_and_slots_are_counted_right(
    app: Celery, server: DataServer, tmp_path: Path, lean: str
) -> None:
    for name in ("ends-away", "ends-after"):
        send(app, "waits", name)
    with worker(tmp_path, lean, server.url, "-c", "2") as running:
        running.until("ends-away.begun", "ends-after.begun")
        server.kill()
        eventually(lambda: "Connection to broker lost" in running.log, "it noticed")
        running.lets("ends-away")
        running.until("ends-away.done")
        server.start()
        eventually(lambda: running.log.count("Connected to") > 1, "it came back")
        for name in ("third", "fourth"):
            send(app, "waits", name)
        running.until("third.begun")
        assert not running.said("fourth.begun"), "both slots are taken"
        with watching(app) as watch:
            running.lets("ends-after")
            running.until("fourth.begun")
            running.lets("third")
            running.lets("fourth")
            watch.until(succeeded=3)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(PATIENCE_S) == 0


def test_a_worker_whose_loop_has_ended_ends(app: Celery, server: DataServer, tmp_path: Path, lean: str) -> None:
    with worker(tmp_path, lean, server.url) as running:
        send(app, "stops_the_loop")
        assert running.process.wait(PATIENCE_S) == 1

    assert "the event loop ended, with 1 tasks; the worker ends too" in running.log


def test_a_worker_that_no_message_can_reach_any_more_ends(
    app: Celery, server: DataServer, tmp_path: Path, lean: str
) -> None:
    with worker(tmp_path, lean, server.url, "-c", "2") as running:
        send(app, "deafens")
        assert running.process.wait(PATIENCE_S) == EX_FAILURE

    assert "no message could reach this worker" in running.log
    assert "Traceback" not in running.log
