"""A tracker that does not run: each command that asks it says so in one sentence, with exit status 4."""

from contextlib import nullcontext
from pathlib import Path

import click
import pytest

from tests.cli.calling import commands, run
from tests.silent_server import SickServer, says
from tracker.cli import UNREACHABLE, exit_status
from tracker.errors import TrackerError

#: Arguments with which each command asks the data server; the file is one that can be used.
ASKS: dict[str, tuple[str, ...]] = {
    "status": (),
    "maintenance": (),
    "alerts": (),
    "alerts list": (),
    "alerts ack": ("a1",),
    "alerts snooze": ("a1", "--for", "2h"),
    "alerts resend": ("a1",),
    "doctor": (),
    "web": ("127.0.0.1:0",),
    "mcp": (),
    "gate": ("acme", "--unknown", "pass"),
    "providers add": ("https://status.acme.example",),
    "providers import": ("pages.txt",),
    "providers list": (),
    "providers remove": ("acme",),
    "providers sync": ("providers.toml",),
    "ask": ("PING",),
    "sinks dead": ("ops",),
    "sinks drop": ("ops",),
    "sinks list": (),
    "sinks retry": ("ops",),
    "sinks test": ("ops",),
    "channels list": (),
    "channels test": ("ops",),
    "silence add": ("--provider", "acme", "--reason", "planned"),
    "silence end": ("s1",),
    "silence list": (),
    "drill": ("acme",),
}
#: Commands that need no tracker: they read files and pages, or start one.
ALONE = {
    *("init", "up", "demo", "tail", "incidents", "report", "history rebuild", "alerts backtest", "alerts explain"),
    *("providers search", "check", "formats list", "formats show", "formats try", "presets check", "config check"),
    *("config reference", "backtest", "completion", "once", "parse", "replay"),
}
OWN = "redis://tracker:secret@127.0.0.1:{port}/0"
#: Where the data server is looked for (None: where the data directory says), what the sentence says of it, and why.
STOPPED: dict[str, tuple[str | None, str]] = {
    "stopped": (None, "the tracker is not running (data directory: data); start `tracker up`"),
    "its port taken": (None, "the tracker is not running (data directory: data), and another program has its port"),
    "never begun": (None, "the tracker is not running, and has never run with the data directory data; start"),
    "no server": ("redis://127.0.0.1:1/0", "at redis://127.0.0.1:1/0 (Connection refused); start it, or correct"),
    "no host": ("redis://no-such-host.invalid:6379/0", "at redis://no-such-host.invalid:6379/0 (Name or service not"),
    "no socket": ("unix:///no/such.sock", "at unix:///no/such.sock?db=0 (No such file or directory); start it"),
    "no sentinel": ("sentinel://127.0.0.1:1/0?master=m", "no sentinel of sentinel://127.0.0.1:1/0?*** answers"),
}


def test_every_command_is_here() -> None:
    found = {
        path.removeprefix("tracker ")
        for path, command in commands()
        if not isinstance(command, click.Group) or command.invoke_without_command
    }

    assert found == {*ASKS, *ALONE}


@pytest.mark.parametrize("command", ASKS)
@pytest.mark.parametrize("state", STOPPED)
def test_it_is_said_in_one_sentence(state: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, sentence = STOPPED[state]
    monkeypatch.chdir(tmp_path)
    for name in ("REDIS_URL", "REDIS_URL_FILE", "TRACKER_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    if url is not None:
        monkeypatch.setenv("REDIS_URL", url)
    Path("data").mkdir()
    Path("providers.toml").write_text('[[provider]]\nname = "acme"\nurl = "https://status.acme.example"\n')
    Path("pages.txt").write_text("https://status.acme.example\n")

    taken = SickServer(says("HTTP/1.1 400 Bad Request\r\n\r\n")) if state == "its port taken" else None
    with taken or nullcontext():
        if state in ("stopped", "its port taken"):
            Path("data/redis.url").write_text(OWN.format(port=taken.port if taken else 1))
        status, said = outcome(*command.split(), *ASKS[command])

    assert status == UNREACHABLE, said
    if command == "doctor" and state != "never begun":
        assert "".join(sentence.split()) in "".join(said.split())
        return
    assert "the tracker is not running" in said
    assert sentence in said
    assert len(said.splitlines()) == 1
    assert "secret" not in said
    assert "Error " not in said


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_sentinels_that_take_connections_and_answer_nothing_are_one_sentence(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with SickServer() as silent:
        monkeypatch.setenv("REDIS_URL", f"sentinel://127.0.0.1:{silent.port}/0?master=m")
        status, said = outcome(command, *ASKS[command])

    assert status == UNREACHABLE
    assert "answersandnamesaprimary(Nomasterfoundfor'm'" in "".join(said.split())


def outcome(*arguments: str) -> tuple[int, str]:
    """Run a command; return its exit status and what it says."""
    result = run(*arguments)
    if isinstance(result.exception, TrackerError):
        assert not result.output
        return exit_status(result.exception), str(result.exception)
    assert isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output
