"""What a running tracker shows: to others on the machine, and to the people who look at it with its commands."""

import fcntl
import json
import os
import pty
import re
import signal
import stat
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.e2e.flower_process import ask, await_worker, flower
from tests.e2e.running import RunningTracker, provider
from tests.patience import PATIENCE_S, eventually
from tests.receiver import SECRET, Receiver
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page
from tracker.supervise.server import RIGHTS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

USERS = Path(__file__).parents[2] / "deploy" / "redis" / "users.acl"
FLOWER_PASSWORD = "correct-horse-battery"
SINK = """
[[sink]]
name = "ops"
url_env = "OPS_URL"
secret_env = "OPS_SECRET"
allow_private = true
"""
REFUSED = (
    ("FLUSHALL",),
    ("FLUSHDB",),
    ("CONFIG", "GET", "*"),
    ("CONFIG", "SET", "dir", "/tmp"),
    ("DEBUG", "SLEEP", "0"),
    ("SHUTDOWN", "NOSAVE"),
    ("KEYS", "*"),
    ("ACL", "LIST"),
    ("ACL", "SETUSER", "default", "on", "nopass"),
    ("CLIENT", "KILL", "TYPE", "normal"),
    ("CLIENT", "LIST"),
    ("MONITOR",),
    ("REPLICAOF", "127.0.0.1", "1"),
    ("MODULE", "LIST"),
    ("SCRIPT", "FLUSH"),
    ("FUNCTION", "FLUSH"),
    ("EVAL", "return 1", "0"),
    ("SAVE",),
    ("BGREWRITEAOF",),
    ("SUBSCRIBE", "other"),
)


@pytest.fixture(scope="module")
def page() -> Page:
    return Page("acme", id="acme")


@pytest.fixture(scope="module")
def running(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTracker]:
    """A tracker that has reported an update, to a webhook as well, and logs all that it does."""
    with SimulatedVendor([page]) as vendor, Receiver() as receiver:
        environ = {"OPS_URL": f"{receiver.url}?token=hunter2", "OPS_SECRET": SECRET}
        directory = tmp_path_factory.mktemp("doors")
        entries = provider("acme", vendor.url("acme")) + SINK
        with RunningTracker(entries, directory, "-v", environ=environ) as tracker:
            tracker.wait_until_watching()
            page.open_incident("Errors", body="We look into it.")
            receiver.wait_for(lambda receiver: receiver.accepted)
            tracker.wait_for(lambda tracker: tracker.lines)
            yield tracker


def url_of(tracker: RunningTracker) -> str:
    return (tracker.data_dir / "redis.url").read_text().strip()


def password_of(tracker: RunningTracker) -> str:
    return (tracker.data_dir / "server" / "password").read_text().strip()


def family(tracker: RunningTracker) -> list[int]:
    assert tracker.process is not None
    return [tracker.process.pid, *tracker.children("")]


def environ_of(tracker: RunningTracker) -> dict[str, str]:
    return {**os.environ, "REDIS_URL": url_of(tracker), "TRACKER_DATA_DIR": str(tracker.data_dir)}


# -- files


def test_all_files_are_this_users_alone(running: RunningTracker) -> None:
    paths = [running.data_dir, *running.data_dir.rglob("*")]
    open_to_others = [str(path) for path in paths if stat.S_IMODE(path.lstat().st_mode) & 0o077]

    assert open_to_others == []
    assert {"updates.jsonl", "redis.url", "password", "server.log"} <= {path.name for path in paths}


# -- secrets


def test_no_command_line_shows_a_secret(running: RunningTracker) -> None:
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes().decode() for pid in family(running)]

    assert len(lines) == 6  # supervisor, data server, beat, worker, printer, deliverer
    assert not [line for line in lines if password_of(running) in line or SECRET in line or "hunter2" in line]


def test_no_log_and_no_command_shows_a_secret(running: RunningTracker) -> None:
    commands = (
        ("status", "--format", "json"),
        ("providers", "list", "--format", "json"),
        ("sinks", "list", "--format", "json"),
        ("sinks", "test", "ops"),
    )
    shown = [running.command(*command) for command in commands]
    celery = [sys.executable, "-m", "celery", "-q", "-A", "workers.app"]
    shown += [
        subprocess.run(
            [*celery, *command], env=environ_of(running), capture_output=True, text=True, check=True, timeout=PATIENCE_S
        )
        for command in (["report"], ["inspect", "conf"])
    ]
    everything = "".join([*running.log, *running.lines, *(done.stdout + done.stderr for done in shown)])

    assert "worker1@" in everything
    assert "redis://tracker:**" in everything
    assert [word for word in (password_of(running), SECRET, "hunter2") if word in everything] == []


def test_a_wrong_password_is_reported_without_repeating_it(running: RunningTracker) -> None:
    environ = environ_of(running) | {"REDIS_URL": url_of(running).replace(password_of(running), "guessed-wrong")}
    done = subprocess.run(
        [sys.executable, "-m", "tracker", "status"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "refuses the login (" in done.stderr
    assert "guessed-wrong" not in done.stderr


# -- ports


def listening(pids: list[int]) -> set[tuple[int, str, int]]:
    """Return process, address and port of every TCP socket on which one of these processes listens."""
    sockets = {}
    for pid in pids:
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                if found := re.fullmatch(r"socket:\[(\d+)\]", str(fd.readlink())):
                    sockets[found[1]] = pid
    heard = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and inode in sockets:
                address, port = local.split(":")
                heard.add((sockets[inode], address, int(port, 16)))
    return heard


def test_only_the_data_server_listens_and_on_loopback_alone(running: RunningTracker) -> None:
    (server,) = running.children("valkey-server")
    port = int(url_of(running).rpartition(":")[2].partition("/")[0])

    assert listening(family(running)) == {(server, "0100007F", port)}


# -- the data server


def test_the_data_server_refuses_whoever_has_no_password(running: RunningTracker) -> None:
    port = int(url_of(running).rpartition(":")[2].partition("/")[0])
    once = Retry(NoBackoff(), 0)
    anonymous = redis.Redis(port=port, retry=once)
    users = ("default", "tracker", "nobody")
    guesses = [redis.Redis(port=port, username=user, password="x", retry=once) for user in users]

    for command in ("PING", "INFO", "FLUSHALL"):
        with pytest.raises(redis.AuthenticationError):
            anonymous.execute_command(command)
    for client in guesses:
        with pytest.raises(redis.AuthenticationError):
            client.ping()
        client.close()
    anonymous.close()


def test_the_trackers_user_administers_nothing(running: RunningTracker) -> None:
    client = redis.Redis.from_url(url_of(running))
    before = client.hlen("tracker:providers")

    for command in REFUSED:
        with pytest.raises(redis.ResponseError, match=r"(?i)no permissions|DEBUG command not allowed"):
            client.execute_command(*command)
    after = client.hlen("tracker:providers")
    client.close()

    assert before == after == 1


def test_no_permission_was_missing(running: RunningTracker) -> None:
    log = "".join(running.log)

    assert "NOPERM" not in log
    assert "permission" not in log


def test_rights_are_those_of_the_containers() -> None:
    (line,) = [line for line in USERS.read_text().splitlines() if line.startswith("user tracker ")]

    assert line == f"user tracker on #<tracker> {RIGHTS}"


# -- Flower


@pytest.mark.faults
def test_flower_shows_no_secret(running: RunningTracker, free_port: int, tmp_path: Path) -> None:
    right = f"tracker:{FLOWER_PASSWORD}"
    with flower(url_of(running), free_port, "--inspect_timeout=5000", folder=tmp_path, FLOWER_PASSWORD=FLOWER_PASSWORD):
        await_worker(free_port, right, "worker1@")
        (name,) = {*re.findall(r'"(worker1@[^"]+)"', ask(free_port, "/api/workers?refresh=1", right).body.decode())}
        paths = ("/", "/workers", f"/worker/{name}", "/tasks", "/broker", "/api/workers", "/api/queues/length")
        pages = {path: ask(free_port, path, right) for path in paths}
    shown = "".join(answer.body.decode() for answer in pages.values()) + (tmp_path / "log").read_text()

    assert {path: answer.status for path, answer in pages.items()} == dict.fromkeys(paths, 200)
    assert "broker_url" in shown
    assert [word for word in (password_of(running), FLOWER_PASSWORD, SECRET) if word in shown] == []


# -- what people look with


def _gather(stream: IO[str], lines: list[str]) -> None:
    lines.extend(iter(stream.readline, ""))


def on_a_terminal(columns: int, *arguments: str, environ: dict[str, str] | None = None) -> str:
    """Return what a command writes to a terminal that is so wide."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    command = [sys.executable, "-m", "tracker", *arguments]
    process = subprocess.Popen(command, env={**kept, "TERM": "xterm", **(environ or {})}, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # the terminal is closed
            break
        if not data:
            break
        said += data
    os.close(ours)
    assert process.wait(PATIENCE_S) == 0
    return said.decode()


def test_tail_follows_the_record_from_another_process(running: RunningTracker, page: Page) -> None:
    command = [sys.executable, "-m", "tracker", "tail", "-f", "-n", "9", "--json", "--data-dir", str(running.data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tail:
        lines: list[str] = []
        assert tail.stdout is not None
        reader = threading.Thread(target=_gather, args=(tail.stdout, lines), daemon=True)
        reader.start()
        try:
            incident = page.open_incident("Errors", impact="minor", body="We look into it.")
            eventually(lambda: any(json.loads(line)["incident_id"] == incident for line in list(lines)))
            page.post_update(incident, "resolved", "It is over.")
            ended = (incident, "resolved")
            eventually(lambda: ended in [(it["incident_id"], it["status"]) for it in map(json.loads, list(lines))])
        finally:
            tail.terminate()
        reader.join(PATIENCE_S)
        assert tail.stderr is not None
        assert tail.stderr.read() == ""

    known = [json.loads(line) for line in lines]
    assert known == [line for line in running.record if line["stream_id"] >= known[0]["stream_id"]]
    ledger = json.loads(running.command("incidents", f"acme/{incident}", "--json").stdout)
    assert [entry["status"] for entry in ledger["entries"] if entry["update_id"]] == ["investigating", "resolved"]


def test_a_narrow_terminal_breaks_no_word_and_a_pipe_gets_no_colour(running: RunningTracker, page: Page) -> None:
    title = "Uninterruptible-power-supplies misbehave extraordinarily in Frankfurt"
    incident = page.open_incident(title, impact="major", body="We look into it.")
    data_dir = ("--data-dir", str(running.data_dir))
    running.wait_for(lambda tracker: any(line["incident"] == title for line in tracker.record))

    narrow = on_a_terminal(48, "status", *data_dir)
    plain = on_a_terminal(48, "status", *data_dir, environ={"NO_COLOR": "1"})
    piped = running.command("status").stdout
    page.post_update(incident, "resolved", "It is over.")

    assert "\x1b[31mmajor\x1b[0m" in narrow
    assert "\x1b" not in plain
    assert "\x1b" not in piped
    assert set(title.split()) <= set(plain.split())
    assert max(map(len, plain.split("\r\n"))) <= 48
    assert f"{title} (investigating)" in piped


def checks(tracker: RunningTracker) -> dict[str, str]:
    result = tracker.command("doctor", "--json")
    return {check["name"]: check["level"] for check in json.loads(result.stdout)["checks"]} | {
        "exit status": str(result.returncode)
    }


def test_a_doctor_finds_nothing_wrong_with_a_tracker_that_works(running: RunningTracker) -> None:
    found = eventually(lambda: (known := checks(running))["exit status"] == "0" and known, every_s=0.2)

    assert {name: level for name, level in found.items() if level not in ("ok", "0")} == {}


@pytest.mark.faults
@pytest.mark.parametrize(
    ("marker", "check", "status"),
    [(" beat ", "beat", "1"), ("worker1@", "workers", "1"), ("valkey-server", "data_server", "4")],
    ids=["beat", "worker", "data server"],
)
def test_a_doctor_names_the_part_that_stands_still(
    running: RunningTracker, marker: str, check: str, status: str
) -> None:
    pids = running.children(marker)
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        eventually(
            lambda: (known := checks(running))[check] == "problem" and known["exit status"] == status, every_s=0.2
        )
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    eventually(lambda: checks(running)["exit status"] == "0", every_s=0.2)


@pytest.mark.faults
def test_a_demo_says_how_to_look_at_it_from_another_terminal() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tracker", "demo", "--speed", "100"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stderr is not None
        reported = next(line for line in demo.stderr if "tracker status --data-dir" in line)
        directory = Path(reported.split("--data-dir")[1].strip())
        looked = subprocess.run(
            [sys.executable, "-m", "tracker", "status", "--data-dir", str(directory)],
            capture_output=True,
            text=True,
            check=False,
        )
        demo.terminate()
        demo.stderr.read()

    assert looked.returncode == 0, looked.stderr
    assert "1 page: " in looked.stdout
