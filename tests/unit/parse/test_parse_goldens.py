"""Whole answers of invented vendors, each beside the snapshot or the refusal that was reviewed for it."""

import json
from pathlib import Path

import msgspec
import pytest

from tracker.errors import ParseError
from tracker.model.page import Snapshot
from tracker.parse import FORMAT_NAMES, FORMATS, detect, read

GOLDEN = Path(__file__).parents[2] / "golden"
EXPECTED = ".expected.json"
URL = "https://status.harborcloud.example/api/v2/summary.json"


def bodies(folder: str) -> list[Path]:
    return sorted(path for path in (GOLDEN / folder).iterdir() if not path.name.endswith(EXPECTED))


def expected(body: Path) -> dict[str, object]:
    return json.loads(body.with_name(body.name + EXPECTED).read_text())


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@pytest.mark.parametrize("body", [body for name in FORMAT_NAMES for body in bodies(name)], ids=named)
def test_an_answer_reads_as_reviewed(body):
    reviewed = msgspec.convert(expected(body), Snapshot)

    # Under which ids an update was known before is for `tracker.detection.changes`, and tested with it.
    assert msgspec.structs.replace(read(body.read_bytes(), url=URL), former_keys={}, alias_keys={}) == reviewed


@pytest.mark.parametrize("body", [body for name in FORMAT_NAMES for body in bodies(name)], ids=named)
def test_an_answer_is_recognised_as_the_format_that_its_folder_names(body):
    assert detect(body.read_bytes()).name == body.parent.name


@pytest.mark.parametrize("body", [body for name in FORMAT_NAMES for body in bodies(name)], ids=named)
def test_no_other_format_takes_an_answer_for_its_own(body):
    takers = [known.name for known in FORMATS.values() if known.recognises(body.read_bytes(), None)]

    # The general reader takes any feed, and is asked last.
    assert takers[0] == body.parent.name
    assert set(takers[1:]) <= {"feed"}


@pytest.mark.parametrize("body", bodies("refused"), ids=named)
def test_an_answer_is_refused_with_the_sentence_that_was_reviewed(body):
    with pytest.raises(ParseError) as refused:
        read(body.read_bytes(), url=URL)

    assert {"error": str(refused.value)} == expected(body)


def test_no_expectation_is_left_without_its_answer():
    folders = [*FORMAT_NAMES, "refused"]
    left = [path for name in folders for path in (GOLDEN / name).glob(f"*{EXPECTED}")]

    assert [path for path in left if not path.with_name(path.name.removesuffix(EXPECTED)).exists()] == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_json_reads_the_same_in_every_encoding(encoding):
    body = GOLDEN / "statuspage" / "summary.json"

    assert read(body.read_bytes()) == read(body.read_text().encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_feed_reads_the_same_with_a_byte_order_mark(encoding):
    body = GOLDEN / "feed" / "incidentio.atom"

    assert read(body.read_bytes()) == read(body.read_text().encode(encoding))


def test_new_markup_of_a_feed_changes_nothing():
    feeds = GOLDEN / "feed"

    assert read((feeds / "statuspage.atom").read_bytes()) == read((feeds / "statuspage-2026-markup.atom").read_bytes())


def test_a_page_has_the_same_ids_in_atom_and_rss():
    feeds = GOLDEN / "feed"
    atom = read((feeds / "incidentio.atom").read_bytes()).incidents[0]
    rss = read((feeds / "incidentio.rss").read_bytes()).incidents[0]

    assert atom == rss
