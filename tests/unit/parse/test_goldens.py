"""Answers of invented vendors, each with the snapshot or the refusal that was reviewed for it (see `tests.goldens`)."""

import pytest

from tests.goldens import EXPECTED, GOLDEN, answers, cases, expected, outcome, read_answers, readings, whole
from tracker.parse import FORMAT_NAMES, FORMATS, detect, read


def named(path):
    return f"{path.parent.name}/{path.name}"


@pytest.mark.parametrize("path", [*read_answers(), *answers("refused")], ids=named)
def test_an_answer_reads_as_reviewed(path):
    assert whole(path) == expected(path)


@pytest.mark.parametrize("case", cases(), ids=named)
def test_a_case_reads_as_reviewed(case):
    for reading in readings(case):
        assert outcome(reading).items() <= reading.items(), reading.get("name")


@pytest.mark.parametrize("path", read_answers(), ids=named)
def test_an_answer_is_recognised_as_the_format_that_its_folder_names_and_as_no_other(path):
    body = path.read_bytes()

    assert detect(body).name == path.parent.name
    # The general reader takes any feed, and is asked last.
    takers = [known.name for known in FORMATS.values() if known.recognises(body, None)]
    assert takers in ([path.parent.name], [path.parent.name, "feed"])


def test_every_file_is_read():
    assert {path.parent.name for path in answers()} == {*FORMAT_NAMES, "refused"}
    left = [path for path in GOLDEN.glob(f"*/*{EXPECTED}") if not path.with_name(path.name[: -len(EXPECTED)]).exists()]
    assert left == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_json_reads_the_same_in_every_encoding(encoding):
    body = GOLDEN / "statuspage" / "summary.json"

    assert read(body.read_bytes()) == read(body.read_text().encode(encoding))


def test_new_markup_of_a_feed_changes_nothing():
    feeds = GOLDEN / "feed"

    assert read((feeds / "statuspage.atom").read_bytes()) == read((feeds / "statuspage-2026-markup.atom").read_bytes())


def test_a_page_has_the_same_ids_in_atom_and_rss():
    feeds = GOLDEN / "feed"

    atom, rss = (read((feeds / f"incidentio.{kind}").read_bytes()).incidents for kind in ("atom", "rss"))

    assert atom[0] == rss[0]
