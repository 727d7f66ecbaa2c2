"""A data server that will not do, or says nothing: one sentence and an end, and signals are obeyed in every state."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.data_server import DataServer
from tests.e2e.running import RunningTracker, provider
from tests.patience import PATIENCE_S, eventually
from tests.receiver import Receiver
from tests.silent_server import SickServer, resp, says
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page
from tracker.store.needs import COMMANDS, TRANSACTION, named

HELLO = "%3\r\n+server\r\n+redis\r\n+version\r\n+6.2.14\r\n+role\r\n+master\r\n"
UP = ("tracker", "up", "--providers", "providers.toml", "--data-dir", "data")
CELERY = ("celery", "-q", "-A", "workers.app")
WORKER, BEAT = (*CELERY, "worker", "-c", "2"), (*CELERY, "beat", "--schedule", os.devnull)
COMMANDS_OF_USERS = {
    "up": UP,
    "status": ("tracker", "status"),
    "providers list": ("tracker", "providers", "list"),
    "sinks list": ("tracker", "sinks", "list"),
    "worker": WORKER,
    "beat": BEAT,
}


def started(command: tuple[str, ...], url: str, directory: Path) -> "subprocess.Popen[str]":
    (directory / "providers.toml").write_text(provider("acme", "http://127.0.0.1:9"))
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("REDIS_", "TRACKER_"))}
    root = str(Path(__file__).resolve().parents[2])
    environ = plain | {"REDIS_URL": url, "TRACKER_DATA_DIR": str(directory / "data"), "PYTHONPATH": root}
    return subprocess.Popen(
        [sys.executable, "-m", *command], cwd=directory, env=environ, stderr=subprocess.PIPE, text=True
    )


def ended(process: "subprocess.Popen[str]", seconds: float = PATIENCE_S) -> tuple[int, str]:
    try:
        _, said = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        pytest.fail(f"it has not ended after {seconds} s")
    return process.returncode, said


@pytest.fixture
def server(tmp_path: Path, free_port: int) -> Iterator[DataServer]:
    directory = tmp_path / "server"
    directory.mkdir()
    with DataServer(directory, free_port) as running:
        yield running


SICK = {
    "silent": (None, "does not answer"),
    "a web server": (says("HTTP/1.1 400 Bad Request\r\n\r\n"), "is not a data server"),
    "Redis 6.2": (resp(HELLO=HELLO, PING="+PONG\r\n", CLIENT="+OK\r\n", SELECT="+OK\r\n"), "is redis 6.2.14"),
}


#: Worker and beat wait for a server that says nothing, since it may come back.
MET = [("up", "a web server"), ("worker", "Redis 6.2"), ("status", "silent")]
MORE = [*((name, "a web server") for name in COMMANDS_OF_USERS), ("up", "silent"), ("up", "Redis 6.2")]
MET += [pytest.param(*each, marks=pytest.mark.faults) for each in MORE if each not in MET]


@pytest.mark.parametrize(("name", "sickness"), MET)
def test_a_server_that_will_not_do_is_one_sentence(name: str, sickness: str, tmp_path: Path) -> None:
    answer, reason = SICK[sickness]
    with SickServer(answer) as sick:
        status, said = ended(started(COMMANDS_OF_USERS[name], sick.url, tmp_path))

    *_, sentence = said.splitlines()
    assert status == (4 if sickness == "silent" else 2), said
    assert reason in sentence
    assert f"127.0.0.1:{sick.port}" in sentence
    assert "hunter2" not in said
    assert "Traceback" not in said
    assert len([line for line in said.splitlines() if "data server" in line]) == 1


@pytest.mark.parametrize("name", ["up", pytest.param("worker", marks=pytest.mark.faults)])
def test_a_command_that_the_user_lacks_is_named(name: str, server: DataServer, tmp_path: Path) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.execute_command("ACL", "SETUSER", "clerk", "on", ">secret", "~*", "&*", "+@all", "-xadd")
    url = server.url.replace("redis://", "redis://clerk:secret@")

    status, said = ended(started(COMMANDS_OF_USERS[name], url, tmp_path))

    assert status == 2, said
    assert "refuses XADD" in said.splitlines()[-1]
    assert "secret" not in said


@pytest.mark.parametrize(
    ("name", "number"),
    [("up", signal.SIGINT), ("worker", signal.SIGTERM), pytest.param("beat", signal.SIGTERM, marks=pytest.mark.faults)],
)
def test_a_signal_is_obeyed_while_the_server_says_nothing(name: str, number: signal.Signals, tmp_path: Path) -> None:
    asked: list[bytes] = []
    with SickServer(lambda request: asked.append(request) or b"") as silent:
        process = started(COMMANDS_OF_USERS[name], silent.url, tmp_path)
        eventually(lambda: asked)
        process.send_signal(number)
        _, said = ended(process)

    assert "Traceback" not in said


@pytest.mark.faults
def test_all_commands_that_are_sent_are_looked_for_and_a_signal_is_obeyed_when_the_server_falls_silent(
    server: DataServer, tmp_path: Path
) -> None:
    page = Page("acme", id="acme")
    with SimulatedVendor([page]) as vendor, Receiver() as receiver:
        sink = f'[[sink]]\nname = "ops"\nurl = "{receiver.url}"\nallow_private = true\n'
        entries = provider("acme", vendor.url("acme"), max_per_host=1) + sink
        with RunningTracker(entries, tmp_path, environ={"REDIS_URL": server.url}) as tracker:
            tracker.wait_until_watching()
            page.open_incident("Errors", body="We look into it.")
            receiver.wait_for(lambda r: r.accepted)
            for command in (("status",), ("status", "--latency"), ("status", "--savings"), ("sinks", "list")):
                assert tracker.command(*command).returncode == 0
            tracker.command("providers", "remove", "acme")
            status = stopped_while_silent(tracker, server)
        with redis.Redis.from_url(server.url) as client:
            stats: dict[str, Any] = client.info("commandstats")

    #: How a client begins and what is asked for advice, which may be refused.
    beginning = {"HELLO", "AUTH", "SELECT", "CLIENT SETINFO", "CLIENT SETNAME", "EXEC", "DISCARD", "INFO", "CONFIG GET"}
    sent = {
        name.removeprefix("cmdstat_").replace("|", " ").upper() for name, reported in stats.items() if reported["calls"]
    }
    listed = {named(command) for command in (*COMMANDS, *TRANSACTION)}
    assert sent - beginning <= listed
    assert status == 0
    assert "Traceback" not in "".join(tracker.log)


def stopped_while_silent(tracker: RunningTracker, server: DataServer) -> int:
    """End a tracker whose server answers nothing any more; return its exit status."""
    assert tracker.process is not None
    server.signal(signal.SIGSTOP)
    time.sleep(2.5)  # until the supervisor, too, waits for an answer
    tracker.process.send_signal(signal.SIGTERM)
    try:
        return tracker.process.wait(PATIENCE_S)
    finally:
        server.signal(signal.SIGCONT)
