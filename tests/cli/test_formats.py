"""`tracker formats`, `presets` and `providers import` as a person uses them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tracker.cli import cli
from tracker.errors import ConfigError, TrackerError
from tracker.simulator import Page, SimulatedVendor

GUIDE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()
QUAY = next(part.partition("```")[0] for part in GUIDE.split("```toml\n") if 'name = "quay"' in part)
ANSWER = {
    "data": {
        "events": [
            {
                "ref": 7,
                "headline": "Ships \x1b[31mwait",
                "systems": [{"label": "Locks"}],
                "log": [{"phase": "Gone fishing", "note": "We look.", "at": "2025-11-03T12:00:00Z"}],
            }
        ]
    }
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "providers.toml").write_text(QUAY)
    (tmp_path / "saved.json").write_text(json.dumps(ANSWER))
    return tmp_path


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, words)
    if isinstance(result.exception, TrackerError):
        raise result.exception
    return result.exit_code, result.output


def tried(files: Path, *words: str) -> tuple[int, str]:
    return run("formats", "try", *words, "--providers", str(files / "providers.toml"))


def test_a_trial_shows_parts_values_and_what_comes_out(files: Path) -> None:
    code, output = tried(files, str(files / "saved.json"), "--page-format", "quay")

    assert code == 0
    assert "data.events[]" in output
    assert "1 of 1" in output
    assert "result: 1 incident (1 open), 0 maintenances, 0 components" in output
    assert "unknown states: Gone fishing; give their meanings in states" in output
    assert "\x1b" not in output


def test_a_trial_of_what_cannot_be_read_says_so_and_fails(files: Path) -> None:
    (files / "saved.json").write_text('{"data": {"news": []}}')

    code, output = tried(files, str(files / "saved.json"), "--page-format", "quay")

    assert code == 1
    assert "note: incidents: data.events finds nothing; data has keys news" in output
    assert "unreadable: the answer has no list at `incidents` (data.events[])" in output


def test_a_trial_asks_a_page(files: Path) -> None:
    page = Page("Acme", id="acme")
    page.open_incident("Errors", body="We look.")
    text = QUAY.replace("data.events[]", "incidents").replace('"ref"', '"id"').replace('"headline"', '"name"')
    (files / "providers.toml").write_text(text.replace("log[]", "incident_updates").replace('"note"', '"body"'))
    with SimulatedVendor([page]) as vendor:
        url = f"{vendor.url('acme')}/api/v2/incidents.json"
        code, output = tried(files, url, "--page-format", "quay", "--allow-private", "--format", "json")

    assert code == 0
    assert [incident["name"] for incident in json.loads(output)["snapshot"]["incidents"]] == ["Errors"]


@pytest.mark.parametrize(
    "options",
    [
        ("--format", "quay", "--output", "json"),
        ("--format", "quay", "--json"),
        ("--page-format", "quay", "--format", "json"),
        ("--page-format", "quay", "--json"),
    ],
    ids=" ".join,
)
def test_a_trial_takes_the_name_of_the_definition_and_the_format_of_the_output(
    options: tuple[str, ...], files: Path
) -> None:
    code, output = tried(files, str(files / "saved.json"), *options)

    assert code == 0
    assert len(json.loads(output)["snapshot"]["incidents"]) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("saved.json", "--format", "quai"), 'has no [[format]] "quai"; did you mean quay?'),
        (("nothing.json", "--page-format", "quay"), "cannot read"),
    ],
)
def test_a_slip_in_a_trial_is_one_sentence(files: Path, words: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        tried(files, str(files / words[0]), *words[1:])

    assert message in str(caught.value)


def test_an_example_is_printed_as_it_would_be_written() -> None:
    code, output = run("formats", "show", "datadog")

    assert code == 0
    assert '[[format]]\nname = "my-datadog"\nkind = "json"\n' in output


def test_a_format_that_is_not_written_out_is_distinguished_from_none() -> None:
    with pytest.raises(ConfigError, match=r"statuspage has no \[\[format\]\] entry; those that have one are "):
        run("formats", "show", "statuspage")
    with pytest.raises(ConfigError, match="did you mean datadog"):
        run("formats", "show", "datadgo")


def test_a_preset_that_nobody_knows_is_not_checked() -> None:
    with pytest.raises(ConfigError, match=r"there is no preset gihub; did you mean github\?"):
        run("presets", "check", "gihub")
