"""Order and identity of what a page lists."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.model.page import Impact, Incident, IncidentUpdate
from tracker.parse.listed import (
    by_text,
    by_time,
    digest_key,
    distinct,
    identified,
    letters_key,
    numbered,
    oldest_first,
    parted,
    status_key,
    time_key,
    with_status_before,
)

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def ordered(*entries: tuple[str, int | None], newest_first=None):
    found = oldest_first(entries, lambda entry: None if entry[1] is None else at(entry[1]), newest_first=newest_first)
    return [name for name, _ in found]


def update(update_id="", *, status="x", minute=0, body=""):
    return IncidentUpdate(id=update_id, status=status, body=body, created_at=at(minute))


def test_each_id_is_listed_once_and_the_first_counts():
    assert distinct([update("a", body="1"), update("b"), update("a", body="2")]) == (update("a", body="1"), update("b"))


def test_a_maintenance_is_reported_by_its_impact():
    incident = Incident(id="a", name="a", status="x")
    planned = Incident(id="b", name="b", status="x", impact=Impact.MAINTENANCE)

    assert parted([planned, incident, planned]) == ((incident,), (planned,))


def test_entries_come_oldest_first_whichever_way_they_are_listed():
    assert ordered(("a", 1), ("b", 2), ("c", 2), ("d", 3)) == ["a", "b", "c", "d"]
    assert ordered(("d", 3), ("c", 2), ("b", 2), ("a", 1)) == ["a", "b", "c", "d"]


def test_an_entry_without_a_time_leaves_the_order_of_the_page():
    assert ordered(("c", 3), ("b", None), ("a", 1)) == ["a", "b", "c"]


@pytest.mark.parametrize(("newest_first", "expected"), [(True, ["b", "a"]), (False, ["a", "b"]), (None, ["a", "b"])])
@pytest.mark.parametrize("minute", [1, None])
def test_where_times_say_nothing_the_known_order_of_the_page_decides(newest_first, expected, minute):
    assert ordered(("a", minute), ("b", minute), newest_first=newest_first) == expected


def test_the_times_decide_against_the_order_of_the_page():
    assert ordered(("a", 1), ("b", 2), newest_first=True) == ["a", "b"]


def test_a_mere_update_has_the_status_before_it():
    statuses = ["update", "identified", "update", "resolved"]
    found = with_status_before((update(status=status) for status in statuses), "investigating")

    assert [each.status for each in found] == ["investigating", "identified", "identified", "resolved"]


@given(st.lists(st.sampled_from(["a", "b", "a#2"])))
def test_a_later_entry_changes_no_number_before_it(keys):
    assert numbered(keys)[:-1] == numbered(keys[:-1])


@given(st.lists(st.sampled_from(["a", "a#2", "a#3", "a#2#2"])))
def test_no_two_share_a_number(keys):
    assert len(set(numbered(keys))) == len(keys)


def test_a_number_stands_behind_what_was_there_before():
    assert numbered(["a", "b", "a", "a"]) == ["a", "b", "a#2", "a#3"]


def test_a_time_is_a_key_and_none_is_one_too():
    assert (time_key(NOON), time_key(None)) == ("20260304T120000Z", "undated")


def test_blanks_change_no_digest_and_borders_do():
    assert digest_key("a  b", "c") == digest_key("a b\n", "c") != digest_key("a", "b c")


def test_a_status_without_a_time_is_a_key_alone():
    assert (status_key("active", NOON), status_key("active", None)) == ("active-20260304T120000Z", "active")


def test_markup_and_capitals_change_no_key_of_letters():
    assert letters_key("It *works*.", "b") == letters_key("it works", "B") != letters_key("it works b")


@pytest.mark.parametrize("key", [by_time, by_text])
@given(posted=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["a", "b", "A!", ""])), max_size=8))
def test_derived_ids_are_unique_and_stay_when_they_are_derived_again(key, posted):
    found = identified((update(minute=minute, body=body) for minute, body in posted), key)

    assert len({each.id for each in found}) == len(posted)
    assert identified(found, key) == found


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("key", [by_time, by_text])
@given(texts=st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=6))
def test_a_newer_update_moves_no_derived_id(key, newest_first, texts):
    def read(count):
        posted = [update(minute=place // 2, body=text) for place, text in enumerate(texts[:count])]
        listed = reversed(posted) if newest_first else posted
        return identified(oldest_first(listed, newest_first=newest_first), key)

    assert read(len(texts))[:-1] == read(len(texts) - 1)
