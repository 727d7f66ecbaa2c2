import pytest

from tests.goldens import table
from tracker.parse.text import cut, encodable, one_line, plain_text

PLAIN = table("plain_texts")


@pytest.mark.parametrize(("text", "expected"), PLAIN.values(), ids=PLAIN.keys())
def test_plain_text(text, expected):
    assert plain_text(text) == expected


MEGABYTE = 1_000_000
HOSTILE = {
    "less-than": "<",
    "open tags": "<a ",
    "open quotes": "<a \"<b '",
    "open comments": "<!--",
    "open declarations": "<!",
    "open scripts": "<script>",
    "paragraphs": "<p>",
    "CDATA": "<![CDATA[",
    "ampersands": "&",
    "numeric references": "&#",
    "digits": "&#9",
    "blanks": " ",
    "line breaks": "\n ",
    "no-break spaces": "\u00a0",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_megabyte_is_read_in_linear_time(piece):
    # Quadratic work on a million characters would outlast any patience, so that returning at all is the assertion.
    assert len(plain_text(piece * (MEGABYTE // len(piece)))) <= MEGABYTE


@pytest.mark.parametrize("text", ["&#" + "9" * MEGABYTE + ";", "<" + "a" * MEGABYTE, '<a b="' + "c" * MEGABYTE])
def test_one_endless_token_is_read_in_linear_time(text):
    assert len(plain_text(text)) <= len(text)


def test_one_line_has_single_blanks():
    assert one_line("  a\r\n b\u00a0\tc\x00 ") == "a b c"


def test_encodable_text_survives_utf_8():
    assert encodable("a\udfff\x00é").encode().decode() == "a\ufffdé"


CUTS = table("cuts")


@pytest.mark.parametrize(("text", "cap", "expected"), CUTS.values(), ids=CUTS.keys())
def test_cut(text, cap, expected):
    assert cut(text, cap) == expected
