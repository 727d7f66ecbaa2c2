"""What commands show on a terminal."""

import json

import pytest

from tracker.cli.naming import did_you_mean
from tracker.cli.table import duration, json_text, size, table

HOSTILE = "\x1b[2J\u009b31m\u202e\u2028\x7f\nforged\U0001f4a5"


def test_json_is_printable_ascii_and_means_the_same() -> None:
    text = json_text({"name": HOSTILE, "list": [1, None]})

    assert all(line.isascii() and line.isprintable() for line in text.splitlines())
    assert json.loads(text) == {"name": HOSTILE, "list": [1, None]}


def test_a_table_has_one_printable_line_a_row() -> None:
    lines = table(("A", "B"), [(HOSTILE, HOSTILE), ("x" * 100, "y" * 1000)]).split("\n")

    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)


def test_where_no_head_stands_above_it_a_number_is_named() -> None:
    heads = ("PROVIDER", "CHECKED", "SEEN", "WHAT")

    assert table(heads, [("Acme", "3 s ago", "never", "A long sentence about what is wrong")], 30).split("\n") == [
        "Acme  checked: 3 s ago",
        "seen: never",
        "    A long sentence about what",
        "    is wrong",
    ]


@pytest.mark.parametrize(
    ("word", "question"),
    [
        ("acme", "did you mean acme-cloud?"),
        ("akme-cloud", "did you mean acme-cloud?"),
        ("stri", "did you mean stripe or stripe-eu?"),
        ("xyz", None),
    ],
)
def test_a_word_that_is_almost_right_is_asked_for(word: str, question: str | None) -> None:
    assert did_you_mean(word, ["acme-cloud", "stripe-eu", "stripe"]) == question


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 ms"),
        (0.0312, "31 ms"),
        (1, "1.0 s"),
        (119.94, "119.9 s"),
        (120, "2.0 min"),
        (7200, "2.0 h"),
        (2e5, "2.3 d"),
    ],
)
def test_a_duration_is_in_the_largest_unit_that_it_fills_twice(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_540_000, "2.5 MB"), (3 * 10**12, "3000.0 GB")]
)
def test_bytes_are_in_decimal_units(count: int, shown: str) -> None:
    assert size(count) == shown
