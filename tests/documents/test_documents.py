"""The checks of `python -m tests.documents` find what they look for."""

from tests.documents import links, names, paths, tables, words

RETIRED = "| retired | where | write instead |\n|---|---|---|\n| parcel, gone by | names, prose | delivery |\n"


def test_a_link_to_a_missing_file_or_heading_is_found(tmp_path):
    (tmp_path / "a.md").write_text(
        "# One `b` thing\n\n[x](b.md) [y](#one-b-thing) [z](#two) [w](a.md#one-b-thing) `[c](d.md)`\n"
    )

    assert [line.split(": ", 1)[0] + line.split(":")[-1] for line in links.findings(tmp_path)] == [
        "a.md:3 there is no such file",
        "a.md:3 there is no such heading",
    ]


def test_headings_of_one_text_have_numbered_anchors():
    assert links.anchors("# A\n## A\n```\n# no\n```\n# It's C++, really\n") == {"a", "a-1", "its-c-really"}


def test_a_module_that_is_not_there_is_found(tmp_path):
    (tmp_path / "tracker").mkdir()
    (tmp_path / "tracker" / "a.py").write_text("from os import path\n\nB = 1\n\n\nclass C: ...\n")
    named = ["tracker/a.py", "tracker.a", "tracker.a.B", "tracker.a.C.d", "tracker.a.path", "tracker/NAME.py"]
    missing = ["tracker/b.py", "tracker.b", "tracker.a.E"]
    (tmp_path / "a.md").write_text("".join(f"`{name}`\n" for name in [*named, *missing]))

    assert [line.split(": ")[1] for line in paths.findings(tmp_path)] == missing


def test_a_public_class_with_the_name_of_another_is_found(tmp_path):
    (tmp_path / "tracker" / "b").mkdir(parents=True)
    (tmp_path / "tracker" / "a.py").write_text("class Part: ...\n\n\nclass _Own: ...\n")
    (tmp_path / "tracker" / "b" / "c.py").write_text("class _Own: ...\n\n\nclass Part: ...\n")

    assert [line.split(": ")[:2] for line in names.findings(tmp_path)] == [["tracker/b/c.py:4", "Part"]]


def test_a_row_that_a_line_break_cuts_in_two_is_found(tmp_path):
    (tmp_path / "a.md").write_text("| a | b |\n|---|---|\n| c |\nd |\n\n```\ne |\n```\n")

    assert [line.split(": ")[0] for line in tables.findings(tmp_path)] == ["a.md:4"]


def test_retired_terms_are_found_in_names_and_prose_and_not_in_stored_fields(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "glossary.md").write_text(RETIRED)
    (tmp_path / "code.py").write_text(
        'class ParcelBox:\n    """Hold it."""\n\n    fields = {"parcel": 1}  # the days gone\n\n# a parcel\n'
        'LOG = "no parcel has come yet"\n'
    )

    assert [line.split(": ")[0] + " " + line.split(": ")[1] for line in words.findings(tmp_path)] == [
        "code.py:1 ParcelBox",
        "code.py:6 parcel",
        "code.py:7 parcel",
    ]


def test_a_retired_phrase_is_found_over_any_blanks(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "glossary.md").write_text(RETIRED)
    (tmp_path / "a.md").write_text("That has gone  by, and `parcel` is a key.\n")

    assert len([*words.findings(tmp_path)]) == 1
