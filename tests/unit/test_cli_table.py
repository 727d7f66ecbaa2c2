"""What commands show on a terminal."""

import json

from tracker.cli.table import json_text, table

HOSTILE = "\x1b[2J\u009b31m\u202e\u2028\x7f\nforged\U0001f4a5"


def test_json_is_printable_ascii_and_means_the_same() -> None:
    text = json_text({"name": HOSTILE, "list": [1, None]})

    assert all(line.isascii() and line.isprintable() for line in text.splitlines())
    assert json.loads(text) == {"name": HOSTILE, "list": [1, None]}


def test_a_table_has_one_printable_line_a_row() -> None:
    lines = table(("A", "B"), [(HOSTILE, HOSTILE), ("x" * 100, "y" * 1000)]).split("\n")

    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
