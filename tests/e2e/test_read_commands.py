"""What people look with while a tracker runs: tail -f, status on a terminal, incidents, and the doctor."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest

from tests.e2e.running import PATIENCE_S, RunningTracker, provider
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page


class Running(NamedTuple):
    tracker: RunningTracker
    page: Page


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A tracker that watches one page."""
    page = Page("Acme", id="acme")
    with (
        SimulatedVendor([page]) as vendor,
        RunningTracker(provider("Acme", vendor.url("acme")), tmp_path_factory.mktemp("looking")) as tracker,
    ):
        tracker.wait_until_watching()
        yield Running(tracker, page)


def _gather(stream: IO[str], lines: list[str]) -> None:
    lines.extend(iter(stream.readline, ""))


def eventually(reached: Callable[[], Any]) -> Any:
    """Return what `reached` returns once it is true."""
    until = time.monotonic() + PATIENCE_S / 2
    while not (result := reached()):
        assert time.monotonic() < until, "not reached"
        time.sleep(0.2)
    return result


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


def test_tail_follows_the_record_from_another_process(running: Running) -> None:
    tracker, page = running
    command = [sys.executable, "-m", "tracker", "tail", "-f", "-n", "9", "--json", "--data-dir", str(tracker.data_dir)]
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
        waits = f"tracker: {tracker.data_dir / 'updates.jsonl'} is not there yet; waiting for it\n"
        assert tail.stderr.read() in ("", waits)

    known = [json.loads(line) for line in lines]
    assert known == [line for line in tracker.record if line["stream_id"] >= known[0]["stream_id"]]
    ledger = json.loads(tracker.command("incidents", f"acme/{incident}", "--json").stdout)
    assert [entry["status"] for entry in ledger["entries"] if entry["update_id"]] == ["investigating", "resolved"]


def test_a_narrow_terminal_breaks_no_word_and_a_pipe_gets_no_colour(running: Running) -> None:
    tracker, page = running
    title = "Uninterruptible-power-supplies misbehave extraordinarily in Frankfurt"
    incident = page.open_incident(title, impact="major", body="We look into it.")
    data_dir = ("--data-dir", str(tracker.data_dir))
    eventually(lambda: title in tracker.command("status").stdout)

    narrow = on_a_terminal(48, "status", *data_dir)
    plain = on_a_terminal(48, "status", *data_dir, environ={"NO_COLOR": "1"})
    piped = tracker.command("status").stdout
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


def test_a_doctor_finds_nothing_wrong_with_a_tracker_that_works(running: Running) -> None:
    found = eventually(lambda: (known := checks(running.tracker))["exit status"] == "0" and known)

    assert {name: level for name, level in found.items() if level not in ("ok", "0")} == {}


@pytest.mark.faults
@pytest.mark.parametrize(
    ("marker", "check", "status"),
    [(" beat ", "beat", "1"), ("worker1@", "workers", "1"), ("valkey-server", "data_server", "4")],
    ids=["beat", "worker", "data server"],
)
def test_a_doctor_names_the_part_that_stands_still(running: Running, marker: str, check: str, status: str) -> None:
    tracker, _ = running
    pids = tracker.children(marker)
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        eventually(lambda: (known := checks(tracker))[check] == "problem" and known["exit status"] == status)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    eventually(lambda: checks(tracker)["exit status"] == "0")


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
