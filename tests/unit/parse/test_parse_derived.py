"""Order and ids of updates that a platform gives none."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tracker.parse.derived import digest_key, numbered, oldest_first, time_key

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def ordered(*entries: tuple[str, int | None]):
    return [name for name, _ in oldest_first(entries, lambda entry: None if entry[1] is None else at(entry[1]))]


def test_entries_come_oldest_first_whichever_way_they_are_listed():
    assert ordered(("a", 1), ("b", 2), ("c", 2), ("d", 3)) == ["a", "b", "c", "d"]
    assert ordered(("d", 3), ("c", 2), ("b", 2), ("a", 1)) == ["a", "b", "c", "d"]


def test_an_entry_without_a_time_leaves_the_order_of_the_page():
    assert ordered(("c", 3), ("b", None), ("a", 1)) == ["a", "b", "c"]


@given(st.lists(st.sampled_from(["a", "b", "a#2"])))
def test_a_later_entry_changes_no_number_before_it(keys):
    assert numbered(keys)[:-1] == numbered(keys[:-1])


def test_a_number_stands_behind_what_was_there_before():
    assert numbered(["a", "b", "a", "a"]) == ["a", "b", "a#2", "a#3"]


def test_a_time_is_a_key_and_none_is_one_too():
    assert (time_key(NOON), time_key(None)) == ("20260304T120000.000000Z", "undated")


def test_blanks_change_no_digest_and_borders_do():
    assert digest_key("a  b", "c") == digest_key("a b\n", "c") != digest_key("a", "b c")
