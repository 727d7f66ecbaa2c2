"""When two texts of one update say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.goldens import table
from tracker.model.text_digest import text_digest, words_digest

SAYS = "Some customers can't reach the API (EU) - see https://status.acme.example for more. Nodes: a_b, c."
#: The same text as vendors render it.
RENDERINGS = table("texts_rendered_anew")
#: What one word or sign more or less makes another text.
EDITS = table("texts_edited")


@pytest.mark.parametrize("text", RENDERINGS.values(), ids=RENDERINGS)
def test_a_text_that_is_rendered_anew_is_the_same(text: str) -> None:
    assert text != SAYS
    assert words_digest(text) == words_digest(SAYS)


@pytest.mark.parametrize("text", EDITS.values(), ids=EDITS)
def test_a_text_with_another_word_or_sign_is_another(text: str) -> None:
    assert words_digest(text) != words_digest(SAYS)


@pytest.mark.parametrize(("one", "other", "is_same"), table("texts_that_say_the_same"))
def test_markup_says_nothing_and_signs_between_words_do(one: str, other: str, is_same: bool) -> None:
    assert (words_digest(one) == words_digest(other)) is is_same


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_has_digests_that_are_short_and_always_the_same(text: str) -> None:
    assert (len(text_digest(text)), len(words_digest(text))) == (32, 12)
    assert words_digest(text) == words_digest(text)


def test_the_digest_to_the_letter_is_the_same_everywhere() -> None:
    assert text_digest("We look into it.") == "017d5ce701303f11ca9ea7202ad4f2ca"
    assert text_digest("\ud800") != text_digest("")
