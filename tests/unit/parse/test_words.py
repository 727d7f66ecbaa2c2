import pytest

from tests.goldens import table
from tracker.model.page import ComponentStatus
from tracker.parse.words import component_status, known_status, status_word, vendor_word

WORDS = table("status_words")


@pytest.mark.parametrize(("word", "status"), WORDS.items(), ids=WORDS.keys())
def test_a_status_word(word, status):
    assert status_word(word) == status


@pytest.mark.parametrize("word", [None, "", " ", 500, [], {}], ids=repr)
def test_what_is_no_status_word(word):
    assert status_word(word) is None
    assert known_status(word) is None


def test_a_word_of_the_vendor_s_own_is_not_known():
    assert known_status("half open") is None


COMPONENT_WORDS = table("component_words")


@pytest.mark.parametrize(
    ("word", "status"), [(word, status) for status, words in COMPONENT_WORDS.items() for word in words]
)
def test_a_component_s_word_is_read_in_any_case_and_spacing(word, status):
    assert component_status(word) is ComponentStatus(status)


@pytest.mark.parametrize(("word", "status", "kept"), table("vendor_words"))
def test_a_word_is_kept_where_it_says_something_else_than_the_status(word, status, kept):
    assert vendor_word(word, status) == kept
