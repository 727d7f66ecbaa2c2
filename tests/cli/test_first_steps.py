"""Commands that need no running tracker: init, config, report, incidents, tail, and help."""

import csv
import io
import json
import os
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from msgspec.structs import replace

from tests.cli.calling import run
from tests.unit.ledger.test_ledger import event, write
from tracker.cli import SECTIONS, cli, exit_status
from tracker.cli.incidents import difference
from tracker.cli.lazy import first_sentence
from tracker.errors import ConfigError, TrackerError

# --- help ---


@pytest.mark.parametrize("name", [name for section in SECTIONS.values() for name in section])
def test_the_list_of_commands_says_what_each_command_says_of_itself(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None

    said = next(lazy.summary for section in SECTIONS.values() for known, lazy in section.items() if known == name)
    assert first_sentence(command) == said


@pytest.mark.parametrize("width", [60, 80])
def test_no_sentence_of_the_help_is_cut_and_no_word_broken(width: int) -> None:
    groups = [name for name in cli.list_commands(click.Context(cli)) if isinstance(_command(name), click.Group)]
    assert "channels" in groups
    for words in ((), *((name,) for name in groups), ("gate",), ("status",)):
        said = run(*words, "--help", terminal_width=width).output
        assert "..." not in said.replace("PROVIDER...", "").replace("[ARGS]...", "").replace(
            "[PROVIDER]...", ""
        ).replace("PROVIDER[/COMPONENT]...", "")
        # What somebody may copy stays in one line.
        long = [line for line in said.splitlines() if len(line) > width]
        assert all(line.startswith("    tracker ") for line in long), long


def _command(name: str) -> click.Command | None:
    return cli.get_command(click.Context(cli), name)


def test_the_help_imports_no_part_of_the_product() -> None:
    code = (
        "import sys; from tracker.cli import cli; cli(['--help'], standalone_mode=False); "
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('redis', 'requests', 'msgspec')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("commands", "unwanted"),
    [
        (("status", "gate", "tail"), ("requests", "feedparser", "tracker.bootstrap")),
        (("gate",), ("tracker.store.opening", "tracker.alerting.machine")),
        (("tail", "incidents", "report", "init"), ("redis", "asyncio", "ssl", "tracker.store.connection")),
    ],
)
def test_a_command_imports_what_it_needs(commands: tuple[str, ...], unwanted: tuple[str, ...]) -> None:
    modules = ", ".join(f"tracker.cli.{name}" for name in commands)
    code = f"import sys, {modules}; print(sorted(set(sys.modules) & set({unwanted!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_command_that_is_almost_right_is_pointed_out() -> None:
    result = run("statsu")

    assert result.exit_code == 2
    assert "There is no command statsu; did you mean status?" in result.output


# --- init, config ---


def test_a_first_file_holds_what_was_named_and_can_be_used(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    result = run("init", "openai", "aws:us-east-1/ec2", "https://status.example.com", "--file", file)

    assert result.exit_code == 0
    document = tomllib.loads(file.read_text())
    assert [entry["name"] for entry in document["provider"]] == ["OpenAI", "AWS us-east-1 ec2", "example"]
    assert document["defaults"] == {"interval": 60, "cadence": "adaptive"}
    assert run("config", "check", file).stdout == f"{file}: 3 pages, 0 sinks\n"
    assert json.loads(run("config", "check", file, "--json").stdout)["warnings"] == []


def test_every_line_of_a_first_file_that_is_commented_out_can_be_used(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    run("init", "openai", "--file", file)
    lines = file.read_text().splitlines()
    used = [line.removeprefix("# ") if " = " in line or line.startswith("# [[") else line for line in lines]
    file.write_text("\n".join(used))

    assert run("config", "check", file).exit_code == 0, file.read_text()


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text("mine")

    result = run("init", "openai", "--file", file)

    assert isinstance(result.exception, ConfigError)
    assert file.read_text() == "mine"
    assert run("init", "openai", "--file", file, "--force").exit_code == 0


@pytest.mark.parametrize(
    ("vendors", "sentence"), [(("opnai",), "did you mean openai?"), ((), "name some vendors, as in `tracker init")]
)
def test_what_cannot_be_written_is_said(tmp_path: Path, vendors: tuple[str, ...], sentence: str) -> None:
    file = tmp_path / "providers.toml"
    result = run("init", *vendors, "--file", file)

    assert isinstance(result.exception, ConfigError)
    assert sentence in str(result.exception)
    assert not file.exists()


def test_what_a_file_needs_of_the_environment_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(
        '[[provider]]\nname = "Acme"\nurl = "https://a.example"\nheaders_env = { Authorization = "ACME_AUTH" }\n'
    )
    monkeypatch.delenv("ACME_AUTH", raising=False)

    without = run("check", file)
    monkeypatch.setenv("ACME_AUTH", "Bearer secret")
    given = run("check", file)

    assert given.output == f"{file}: 1 page, 0 sinks\n"
    assert without.output == given.output + (
        'note: provider "acme": headers_env names ACME_AUTH, which is not set; set it, or ACME_AUTH_FILE to a file '
        "that holds it; the page cannot be read without it\n"
    )


# --- the past ---


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A record in two files: an incident of Acme, and one of a vendor with a name for spreadsheets."""
    acme = [
        event(0, "new_incident", message="We look into it."),
        event(5, "update_edited", update_id="u0", message="We look into this."),
    ]
    evil = {"provider": "evil", "provider_name": "=cmd|'x'!A1"}
    hostile = event(40, "new_incident", "e1", **evil)
    write(tmp_path / "updates-1.jsonl", acme)
    write(
        tmp_path / "updates.jsonl",
        [event(30, status="resolved"), replace(hostile, event=replace(hostile.event, incident="\x1b[2J\nforged"))],
    )
    return tmp_path


def test_a_report_in_each_format_says_the_same(data: Path) -> None:
    month = ("report", "--month", "2025-11", "--data-dir", data)
    document = json.loads(run(*month, "--json").stdout)
    rows = list(csv.DictReader(io.StringIO(run(*month, "--csv").stdout)))

    acme = next(row for row in document["vendors"] if row["provider"] == "acme")
    assert (acme["incidents"], acme["minor_minutes"], acme["edits"]) == (1, 30, 1)
    assert [(row["provider"], float(row["minor_minutes"])) for row in rows if row["provider"] == "acme"] == [
        ("acme", 30)
    ]
    assert [row["provider_name"] for row in rows if row["provider"] == "evil"] == ["'=cmd|'x'!A1"]
    assert "| Acme | 1 | 0.0 | 0.0 | 30.0 |" in run(*month, "--md").stdout
    assert "November 2025, minutes by impact" in run(*month).stdout


def test_a_ledger_shows_an_edit_as_words(data: Path) -> None:
    text = run("incidents", "acme/i1", "--data-dir", data).stdout

    assert "We look into [-it.-] {+this.+}" in text
    assert "2 updates, 1 edit" in text


def test_a_list_of_incidents_is_safe_for_a_terminal(data: Path) -> None:
    since = ("--since", "2025-01-01", "--data-dir", data)
    text = run("incidents", *since).stdout

    assert all(line.isprintable() for line in text.splitlines())
    assert "2 on record, 1 of them open" in text
    assert [row["provider"] for row in json.loads(run("incidents", "--open", "--json", *since).stdout)] == ["evil"]


@pytest.mark.parametrize(
    "command", [("report", "--month", "2025-11"), ("incidents", "--since", "2025-01-01"), ("tail",)]
)
def test_a_provider_that_the_record_does_not_know_is_pointed_out(data: Path, command: tuple[str, ...]) -> None:
    error = run(*command, "--provider", "acne", "--data-dir", data).exception

    assert isinstance(error, ConfigError)
    assert str(error) == "the record has no update of a provider acne; did you mean acme?"


def test_tail_shows_the_last_lines_or_all_since(data: Path) -> None:
    last = run("tail", "-n", "1", "--json", "--data-dir", data).stdout.splitlines()
    since = run("tail", "--since", "2025-11-03", "--json", "--data-dir", data).stdout.splitlines()
    of_acme = run("tail", "--since", "2025-11-03", "--provider", "ACME", "--event", "new_incident", "--data-dir", data)

    assert [json.loads(line)["provider"] for line in last] == ["evil"]
    assert len(since) == 4
    assert of_acme.stdout.count("Product: ") == 1


@pytest.mark.parametrize("command", ["tail", "incidents", "report"])
def test_a_folder_without_a_record_is_an_error(tmp_path: Path, command: str) -> None:
    error = run(command, "--data-dir", tmp_path).exception

    assert isinstance(error, TrackerError)
    assert exit_status(error) == 2
    assert "holds no updates.jsonl" in str(error)


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_reader_that_has_enough_ends_tail_without_a_word(data: Path, more: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [Path(sys.executable).parent / "tracker", "tail", "--data-dir", data, *more]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)

    assert (done.returncode, done.stderr) == (1, b"")


def test_tail_f_waits_for_a_record_that_is_not_there_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ctrl_c() -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("tracker.cli.tail._pause", ctrl_c)

    waiting = run("tail", "-f", "--data-dir", tmp_path)

    said = f"tracker: {tmp_path / 'updates.jsonl'} is not there yet; waiting for it\n\n"
    assert (waiting.exit_code, waiting.stdout, waiting.stderr) == (0, "", said)


def test_a_difference_is_of_words() -> None:
    assert difference("a b c", "a c d") == "a [-b-] c {+d+}"
    assert difference("same", "same") == "same"


def test_the_month_before_is_usual(data: Path) -> None:
    document = json.loads(run("report", "--json", "--data-dir", data).stdout)

    begin = datetime.fromisoformat(document["begin"])
    assert begin < datetime.now(UTC).replace(day=1)
    assert begin.day == 1
