"""A page of which something cannot be read, as the commands show it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.calling import ENTRY, run
from tests.fakes import component, incident, page, summary
from tracker.model.page import Impact
from tracker.simulator import RecordedSite, SimulatedVendor


def odd() -> bytes:
    """Return a page with a component that is none, and an update without an id."""
    errors = incident("i1", name="Errors", status="identified")
    answer = json.loads(summary(page(errors, indicator=Impact.MINOR, components=(component("api"),))))
    answer["components"].append(None)
    answer["incidents"][0]["incident_updates"] = [{"body": "Hm."}]
    return json.dumps(answer).encode()


ODD = odd()
SENTENCE = "left out: components with no object; updates with no id"


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
    file.write_text(ENTRY.format("Acme", url))

    text, document = run("once", "--providers", file), run("once", "--providers", file, "--format", "json")

    (shown,) = json.loads(document.output)
    assert (text.exit_code, document.exit_code) == (0, 0)
    assert (shown["state"], shown["incomplete"], shown["error"]) == ("minor", SENTENCE, None)
    assert f"Errors (identified); not all of it can be read: {SENTENCE}" in text.output
