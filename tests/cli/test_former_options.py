"""Options that an earlier version spelled otherwise are still taken."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.contract.fetch_origin import Origin
from tracker.cli import cli

FEED = Path(__file__).parents[1] / "golden" / "parse" / "feed" / "incidentio.atom"


@pytest.mark.parametrize(
    "options", [("--format", "feed", "--output", "json"), ("--page-format", "feed", "--json")], ids=["former", "now"]
)
def test_check_takes_the_format_of_the_page_and_of_the_output(options: tuple[str, ...]) -> None:
    with Origin(lambda exchange: exchange.answer(body=FEED.read_bytes())) as origin:
        result = CliRunner().invoke(cli, ["check", "--allow-private", *options, origin.url("/history.atom")])

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["incidents"] > 0


@pytest.mark.parametrize(
    "options",
    [
        ("--format", "acme", "--output", "json"),
        ("--format", "acme", "--json"),
        ("--page-format", "acme", "--format", "json"),
        ("--page-format", "acme", "--json"),
    ],
    ids=" ".join,
)
def test_a_trial_takes_the_name_of_the_definition_and_the_format_of_the_output(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    file, saved = tmp_path / "providers.toml", tmp_path / "saved.json"
    file.write_text('[[format]]\nname = "acme"\nkind = "json"\nincidents = "[]"\ntitle = "name"\nonly_open = true\n')
    saved.write_text('[{"name": "Errors"}]')

    result = CliRunner().invoke(cli, ["formats", "try", str(saved), "--providers", str(file), *options])

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["snapshot"]["incidents"][0]["name"] == "Errors"


@pytest.mark.parametrize("option", ["--format", "--page-format"])
def test_a_saved_answer_is_read_in_the_format_that_is_named(option: str) -> None:
    result = CliRunner().invoke(cli, ["parse", option, "feed", str(FEED)])

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["incidents"]
