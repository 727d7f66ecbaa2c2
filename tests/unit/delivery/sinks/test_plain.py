"""Hostile text on one line."""

from unicodedata import category

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import hostile_texts, is_safe
from tracker.model.plain import inert_json, one_line


@given(hostile_texts, st.integers(1, 40))
def test_any_text_becomes_one_short_line_of_safe_characters(text: str, limit: int) -> None:
    line = one_line(text, limit)

    assert all(map(is_safe, line))
    assert len(line.splitlines()) <= 1
    assert len(line) <= limit
    assert line == line.strip()
    assert "  " not in line


@given(hostile_texts)
def test_json_says_the_same_with_safe_characters_alone(text: str) -> None:
    said = text.encode("utf-8", "replace").decode()

    inert = inert_json(msgspec.json.encode({"title": said}))

    assert msgspec.json.decode(inert) == {"title": said}
    # Wide blanks are safe, too: only a line of ours has none.
    assert all(is_safe(character) or category(character) == "Zs" for character in inert.decode())


@given(hostile_texts)
def test_a_safe_line_stays_as_it_is(text: str) -> None:
    line = one_line(text, 1000)

    assert one_line(line, 1000) == line


@pytest.mark.parametrize(
    ("text", "line"),
    {
        "plain": ("Plain text.", "Plain text."),
        "other scripts and emoji": ("東京 Größe 👩\u200d💻", "東京 Größe 👩\u200d💻"),
        "a forged line": ("fine\n[2025-01-01 00:00:00] Product: Forged", "fine [2025-01-01 00:00:00] Product: Forged"),
        "a carriage return": ("hidden\rshown", "hidden shown"),
        "colours and a title": ("\x1b[31mred\x1b[0m \x1b]0;pwned\x07", "[31mred [0m ]0;pwned"),
        "a C1 control sequence": ("\x9b2Jcleared", "2Jcleared"),
        "turned text": ("user\u202etxt.exe", "user txt.exe"),
        "a NUL and a delete": ("a\0b\x7fc", "a b c"),
        "Unicode line ends": ("a\u2028b\u2029c\x85d", "a b c d"),
        "blanks of all widths": (" a \u3000 \u00a0 b\t", "a b"),
        "nothing visible": ("\u200b\ufeff\n", ""),
        "half a character": ("a\ud800b", "a b"),
        "an invisible tag": ("a\U000e0041b", "a b"),
    }.values(),
)
def test_text_is_made_safe(text: str, line: str) -> None:
    assert one_line(text, 1000) == line


def test_a_long_text_ends_in_an_ellipsis() -> None:
    assert one_line("a" * 11, 10) == "a" * 9 + "…"
    assert one_line("aaaa bbbb cccc", 11) == "aaaa bbbb…"
    assert one_line("a" * 10, 10) == "a" * 10


def test_a_megabyte_is_no_more_work_than_its_beginning() -> None:
    assert one_line("\n" * 1_000_000 + "end", 10) == ""
    assert one_line("x" * 1_000_000, 10) == "x" * 9 + "…"
