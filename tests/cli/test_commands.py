"""Commands that need neither Celery nor a data server, as a user calls them."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.cli.calling import ENTRY, commands, run
from tracker.errors import ConfigError, ParseError
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page


def saved(directory: Path, name: str, page: Page, path: str = "/api/v2/summary.json") -> Path:
    from tracker.simulator.render import render  # noqa: PLC0415  only here

    document = render(page.revision, path, "http://status.example")
    assert document is not None
    file = directory / name
    file.write_bytes(document.body)
    return file


@pytest.mark.parametrize(("path", "command"), list(commands()))
def test_every_command_explains_itself_with_an_example(path: str, command: click.Command) -> None:
    assert command.help
    lines = [line.strip() for line in command.help.splitlines()]
    assert path in lines[lines.index("Example:") + 1]


#: What they print is a file, an answer of the data server or JSON anyway, or goes on until they are stopped.
WITHOUT_JSON = {"init", "web", "mcp", "ask", "completion", "config reference", "formats show", "parse", "replay"}


@pytest.mark.parametrize(("path", "command"), [each for each in commands() if not isinstance(each[1], click.Group)])
def test_every_other_command_says_it_as_json(path: str, command: click.Command) -> None:
    options = {option for parameter in command.params for option in parameter.opts}
    assert ("--json" in options) is (path.removeprefix("tracker ") not in WITHOUT_JSON)


def test_parse_prints_what_a_saved_answer_says(tmp_path: Path) -> None:
    page = Page("Acme", id="acme")
    body = "Some <b>requests</b> fail &amp; hang."
    page.open_incident("Errors", impact="major", body=body, components={"API": "major_outage"})

    result = run("parse", saved(tmp_path, "body.json", page))

    document = json.loads(result.output)
    (incident,) = document["incidents"]
    assert {"id", "name", "status", "impact", "link", "updates"} <= incident.keys()
    (update,) = incident["updates"]
    assert {"id", "status", "body", "created_at"} <= update.keys()
    assert update["body"] == "Some requests fail & hang."
    assert document["maintenances"] == []
    assert {"id", "name", "status"} <= document["components"][0].keys()
    assert {component["status"] for component in document["components"]} == {"operational", "major_outage"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("", "body: the answer is empty"), ("<!doctype html><html><body>Hello</body></html>", "HTML")],
)
def test_parse_refuses_what_is_no_status_page_with_one_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    body = tmp_path / "body"
    body.write_text(content)

    result = run("parse", body)

    assert isinstance(result.exception, ParseError)
    assert sentence in str(result.exception)


def test_replay_takes_the_first_answer_as_the_baseline(tmp_path: Path) -> None:
    page = Page("Acme", id="acme")
    incident = page.open_incident("Errors", body="We look into it.")
    before = saved(tmp_path, "1.json", page)
    update = page.post_update(incident, "identified", "It is the database.")
    page.set_component("API", "partial_outage")
    after = saved(tmp_path, "2.json", page)

    result = run("replay", before, after, after)

    events = [json.loads(line) for line in result.output.splitlines()]
    assert [(event["event"], event["incident_id"], event["update_id"]) for event in events] == [
        ("incident_update", incident, update),
        ("component_status_change", None, None),
    ]


def test_replay_of_nothing_that_can_be_read_fails_with_a_reason_for_each_file(tmp_path: Path) -> None:
    reasons = {
        b"": "the answer is empty",
        b"<!doctype html><html></html>": "the answer is an HTML page, not a status page in a format that can be read",
        b'{"error": "no such page"}': "the answer is an error message: no such page",
        b"\x1f\x8b\x08\x00": "the answer is compressed data",
        b"\x01plain": "the answer is neither a JSON object or list nor a feed",
    }
    files = [tmp_path / f"{number}.json" for number in range(len(reasons))]
    for file, body in zip(files, reasons, strict=True):
        file.write_bytes(body)

    result = run("replay", *files)

    assert result.exit_code == 1
    assert result.stdout == ""
    said = zip(files, reasons.values(), strict=True)
    assert result.stderr.splitlines() == [f"tracker: {file}: {reason}" for file, reason in said]


def test_replay_shows_no_address_that_nobody_gave(tmp_path: Path) -> None:
    page = Page("Acme", id="acme")
    first = saved(tmp_path, "1.json", page)
    broken = tmp_path / "2.json"
    broken.write_bytes(b"")
    incident = page.open_incident("Errors", body="We look into it.")
    answer = json.loads(saved(tmp_path, "3.json", page).read_bytes())
    del answer["page"]["url"], answer["incidents"][0]["shortlink"]
    later = tmp_path / "4.json"
    later.write_text(json.dumps(answer))
    moved = tmp_path / "5.atom"
    moved.write_bytes((Path(__file__).parents[1] / "golden" / "parse" / "feed" / "incidentio.atom").read_bytes())

    reported = {}
    for files in ((broken, first, *[broken] * 4, later), (first, *[moved] * 4)):
        result = run("replay", *files)
        assert result.exit_code == 0
        assert "replay.invalid" not in result.output
        assert (broken in files) is ("2.json" in result.stderr), "what cannot be read is named and passed over"
        reported |= {event["event"]: event for event in map(json.loads, result.stdout.splitlines())}

    assert {"page_unreadable", "page_readable", "new_incident", "page_moved"} <= set(reported)
    assert reported["page_moved"]["message"] == "from Atlassian Statuspage to Atom or RSS feed"
    assert (reported["new_incident"]["incident_id"], reported["new_incident"]["link"]) == (incident, None)


def test_once_shows_every_page_and_fails_if_one_cannot_be_read(tmp_path: Path) -> None:
    page = Page("Acme", id="acme")
    page.open_incident("Errors", impact="minor", body="We look into it.")
    with SimulatedVendor([page]) as vendor:
        file = tmp_path / "providers.toml"
        file.write_text(ENTRY.format("Acme", vendor.url("acme")) + ENTRY.format("Gone", "http://127.0.0.1:9/gone"))
        both = run("once", "--providers", file, "--format", "json")
        one = run("once", "acme", "--providers", file)

    assert both.exit_code == 1
    states = {row["provider"]: row for row in json.loads(both.output)}
    assert states["acme"]["state"] == "minor"
    assert states["gone"]["state"] == "unknown"
    assert "no connection" in states["gone"]["error"]
    assert one.exit_code == 0
    assert "Errors (investigating)" in one.output


def test_once_names_what_it_does_not_know(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(ENTRY.format("Acme", "https://status.acme.example"))

    result = run("once", "amce", "--providers", file)

    assert isinstance(result.exception, ConfigError)
    assert "amce" in str(result.exception)


def test_an_error_ends_the_command_with_one_line_and_status_2(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(ENTRY.format("Acme", "ftp://status.acme.example"))

    done = subprocess.run(
        [sys.executable, "-m", "tracker", "once", "--providers", str(file)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("tracker: ")
    assert "Traceback" not in done.stderr
