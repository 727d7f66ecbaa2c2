"""Statuses that titles and texts name, and ordinary words that are none."""

import pytest

from tests.goldens import table
from tracker.parse.feed_states import in_text, in_title
from tracker.parse.words import known_status

TITLES = table("titles")


@pytest.mark.parametrize(("title", "said"), TITLES.items(), ids=TITLES.keys())
def test_a_title_names_its_status(title, said):
    found = in_title(title)

    assert [known_status(found.word), found.rest] == said


ORDINARY = table("titles_without_status")


@pytest.mark.parametrize("title", ORDINARY)
def test_an_ordinary_word_in_a_title_is_no_status(title):
    assert in_title(title).word is None
    assert in_title(title).rest == title


TEXTS = table("texts")


@pytest.mark.parametrize(("text", "said"), TEXTS.items(), ids=TEXTS.keys())
def test_a_text_begins_with_its_status(text, said):
    found = in_text(text)

    assert [known_status(found.word), found.rest, found.is_announced] == said


SENTENCES = table("texts_without_status")


@pytest.mark.parametrize("text", SENTENCES)
def test_a_sentence_names_no_end(text):
    found = in_text(text)

    assert known_status(found.word) is None
    assert text.endswith(found.rest)


@pytest.mark.parametrize("word", ["Partially resolved", "Resolved (partially)", "Resolved (EU only)"])
def test_an_end_in_part_is_a_word_that_is_not_known(word):
    found = in_text(f"Status: {word}")

    assert (found.word, known_status(found.word)) == (word, None)
