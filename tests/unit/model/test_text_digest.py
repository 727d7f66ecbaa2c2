"""When two texts of one update say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.model.text_digest import text_digest, words_digest

SAYS = "Some customers can't reach the API (EU) - see https://status.acme.example for more. Nodes: a_b, c."
#: The same text as vendors render it.
RENDERINGS = {
    "more blanks": SAYS.replace(" ", "  "),
    "other blanks": SAYS.replace(" ", "\u2009\xa0"),
    "lines": SAYS.replace(" - ", "\n\n- ").replace(". Nodes", ".\r\n\r\nNodes"),
    "no blank at a line's end": SAYS.replace("more. ", "more."),
    "a list": SAYS.replace("Nodes:", "\n* Nodes:"),
    "a list of bullets": SAYS.replace("Nodes:", "\n\u2022Nodes:"),
    "a numbered list": f"1. {SAYS}",
    "a heading": f"## {SAYS}",
    "a quotation": f"> {SAYS}",
    "emphasis": SAYS.replace("API", "**API**").replace("more", "_more_").replace("Some", "__*Some*__"),
    "code": SAYS.replace("a_b", "`a_b`"),
    "escapes": SAYS.replace("a_b", "a\\_b").replace("(EU)", "\\(EU\\)"),
    "an address in brackets": SAYS.replace("https://status.acme.example", "<https://status.acme.example>"),
    "typographic quotes and dashes": SAYS.replace("'", "\u2019").replace(" - ", " \u2014 "),
    "what nobody sees": "\ufeff" + SAYS.replace("customers", "cus\xadtomers\u200b").replace("API", "\u200eAPI\ufe0f"),
    "wide letters": SAYS.replace("API", "\uff21\uff30\uff29"),
}
#: What one word or sign more or less makes another text.
EDITS = {
    "a word": SAYS.replace("Some ", ""),
    "a letter": SAYS.replace("customers", "customer"),
    "a capital": SAYS.replace("API", "Api"),
    "a sign": SAYS.replace("more.", "more!"),
    "a decimal point": SAYS.replace("Nodes", "99.9 Nodes"),
    "a name": SAYS.replace("a_b", "ab"),
    "an address": SAYS.replace("https", "http"),
    "an accent": SAYS.replace("more", "mor\u00e9"),
}


@pytest.mark.parametrize("text", RENDERINGS.values(), ids=RENDERINGS)
def test_a_text_that_is_rendered_anew_is_the_same(text: str) -> None:
    assert text != SAYS
    assert words_digest(text) == words_digest(SAYS)


@pytest.mark.parametrize("text", EDITS.values(), ids=EDITS)
def test_a_text_with_another_word_or_sign_is_another(text: str) -> None:
    assert words_digest(text) != words_digest(SAYS)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[the page](https://a.example)", "the page (https://a.example)"),
        ("99.9 %", "99.9%"),
        ("* a\n* b", "a\nb"),
        ("- a\n- b", "\u2013 a\n\u2013 b"),
        ("1) a\n2) b", "a b"),
        ("Done.\n---\nThanks.", "Done. Thanks."),
        ("*", ""),
    ],
)
def test_markup_says_nothing(one: str, other: str) -> None:
    assert words_digest(one) == words_digest(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("10.30", "10:30"), ("< 5 s", "> 5 s"), ("1.5 %", "15 %"), ("v2", "v3"), ("a/b", "ab"), ("EU (2)", "EU 2")],
)
def test_signs_between_words_say_something(one: str, other: str) -> None:
    assert words_digest(one) != words_digest(other)


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_has_digests_that_are_short_and_always_the_same(text: str) -> None:
    assert (len(text_digest(text)), len(words_digest(text))) == (32, 12)
    assert words_digest(text) == words_digest(text)


def test_the_digest_to_the_letter_is_the_same_everywhere() -> None:
    assert text_digest("We look into it.") == "017d5ce701303f11ca9ea7202ad4f2ca"
    assert text_digest("\ud800") != text_digest("")
