"""The example platform reads its example answer, and takes no other platform's answer for its own."""

import runpy
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.goldens import answers
from tracker.errors import ParseError
from tracker.model.page import Impact
from tracker.parse.format import Format

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"


@pytest.fixture(scope="module")
def example() -> Format:
    return runpy.run_path(str(EXAMPLES / "example_platform.py"))["EXAMPLE"]


def test_the_example_reads_its_answer(example):
    body = (EXAMPLES / "status.json").read_bytes()
    (incident,) = example.read(body, "https://status.acme.example/status.json", None).incidents

    assert example.recognises(body, None)
    assert example.source, "a copy of it says how its structure is known"
    assert (incident.id, incident.name, incident.status) == ("7", "Elevated error rates", "identified")
    assert incident.impact is Impact.MAJOR
    assert [update.body for update in incident.updates] == ["We look.", "It was a cable."]
    assert incident.updates[0].created_at == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_the_example_takes_no_other_answer_for_its_own(example):
    bodies = answers()

    assert bodies
    assert [path for path in bodies if example.recognises(path.read_bytes(), None)] == []
    with pytest.raises(ParseError):
        example.read(b"{}", "", None)
