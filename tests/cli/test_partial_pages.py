"""A page of which something cannot be read, as the commands show it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tracker.cli import cli
from tracker.simulator import RecordedSite, SimulatedVendor

ODD = json.dumps(
    {
        "page": {
            "id": "p1",
            "name": "Acme",
            "url": "https://status.acme.example",
            "updated_at": "2026-03-09T09:00:00Z",
        },
        "components": [{"id": "c1", "name": "API", "status": "operational"}, None],
        "incidents": [{"id": "i1", "name": "Errors", "status": "identified", "incident_updates": [{"body": "Hm."}]}],
        "scheduled_maintenances": [],
        "status": {"indicator": "minor"},
    }
).encode()
SENTENCE = "left out: components with no object; updates with no id"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)))


@pytest.fixture
def url() -> Iterator[str]:
    with SimulatedVendor([RecordedSite("acme", {"/api/v2/summary.json": [ODD]})]) as vendor:
        yield f"{vendor.url()}/api/v2/summary.json"


def test_parse_says_on_standard_error_what_it_left_out(tmp_path: Path) -> None:
    file = tmp_path / "body.json"
    file.write_bytes(ODD)

    result = run("parse", file)

    assert result.exit_code == 0
    assert result.stderr == f"tracker: {file}: not all of it can be read: {SENTENCE}\n"
    assert [each["name"] for each in json.loads(result.stdout)["incidents"]] == ["Errors"]


def test_check_warns_of_what_it_left_out(url: str) -> None:
    text, document = run("check", url, "--allow-private"), run("check", url, "--allow-private", "--format", "json")

    assert f"note: not all of it can be read: {SENTENCE}" in text.output.splitlines()
    assert json.loads(document.output)["warnings"] == [f"not all of it can be read: {SENTENCE}"]


def test_once_says_that_the_page_is_read_in_part(url: str, tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(f'[[provider]]\nname = "Acme"\nurl = "{url}"\nallow_private = true\n')

    text, document = run("once", "--providers", file), run("once", "--providers", file, "--format", "json")

    (page,) = json.loads(document.output)
    assert (text.exit_code, document.exit_code) == (0, 0)
    assert (page["state"], page["incomplete"], page["error"]) == ("minor", SENTENCE, None)
    assert f"Errors (identified); not all of it can be read: {SENTENCE}" in text.output
