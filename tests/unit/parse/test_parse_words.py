import pytest

from tracker.parse.words import known_status, status_word

WORDS = {
    "investigating": "investigating",
    "In progress": "in_progress",
    "in_progress": "in_progress",
    " RESOLVED\n": "resolved",
    "Post-Mortem": "postmortem",
    "Canceled": "cancelled",
    "maintenance_complete": "completed",
    "En cours d\u2019investigation": "investigating",
    "Concluído": "completed",
    "已恢复": "resolved",
    "Half  Open": "half open",
    "x" * 99: "x" * 60,
}


@pytest.mark.parametrize(("word", "status"), WORDS.items(), ids=WORDS.keys())
def test_a_status_word(word, status):
    assert status_word(word) == status


@pytest.mark.parametrize("word", [None, "", " ", 500, [], {}], ids=repr)
def test_what_is_no_status_word(word):
    assert status_word(word) is None
    assert known_status(word) is None


def test_a_word_of_the_vendor_s_own_is_not_known():
    assert known_status("half open") is None
