"""The updates that Statuspage collapses into one entry of a feed."""

from datetime import UTC, datetime

import pytest

from tests.unit.parse.invented_feeds import FIXED, OPEN, atom, collapsed, ids, item, only, post, rss
from tracker.parse import read


def test_a_newer_update_moves_no_id():
    before = collapsed(OPEN, published="2026-01-02T00:05:20Z", updated="2026-01-02T00:05:20Z")
    after = collapsed(FIXED, OPEN)

    assert ids(before) == ids(after)[:1]
    assert len(set(ids(after))) == 2


def test_an_edit_in_place_moves_no_id():
    before = collapsed(FIXED, OPEN)
    after = collapsed(FIXED, (OPEN[0], "Identified", "It was the rack."), updated="2026-01-09T00:00:00Z")

    assert ids(before) == ids(after)
    assert [update.body for update in after.updates] == ["It was the rack.", "A fix is in."]


def test_an_update_in_the_minute_of_another_moves_no_id():
    before = collapsed(OPEN)
    after = collapsed((OPEN[0], "Update", "Still looking."), OPEN)

    assert ids(before) == ids(after)[:1]
    assert len(set(ids(after))) == 2


def test_a_page_that_switches_its_zone_moves_no_id():
    utc = collapsed(FIXED, OPEN)
    pacific = collapsed(
        ("Jan  1, 16:30 PST", *FIXED[1:]),
        ("Jan  1, 16:05 PST", *OPEN[1:]),
        published="2026-01-01T16:30:20-08:00",
        updated="2026-01-01T16:30:20-08:00",
    )

    assert utc == pacific


def test_markup_moves_no_id_and_no_text():
    plain = atom(post(*FIXED) + post(*OPEN))
    marked = atom(
        "<p> <small>Jan <var data-var='date'> 2</var>, <var data-var='time'>00:30</var> UTC</small><br/> "
        "<strong>Monitoring</strong> - A fix is in. </p> <P><small>Jan <var>2</var>, <var>00:05</var> UTC</small><BR>"
        "<strong>Investigating</strong> - We are looking.\n</P>"
    )

    assert read(plain) == read(marked)


def test_an_update_that_repeats_the_status_has_the_status_before_it():
    shown = collapsed(
        ("Jan  2, 00:30 UTC", "Update", "c"),
        ("Jan  2, 00:20 UTC", "Identified", "b"),
        ("Jan  2, 00:10 UTC", "Update", "a"),
    )

    assert [update.status for update in shown.updates] == ["update", "identified", "identified"]


def test_the_order_of_posting_counts_where_the_times_shown_contradict_it():
    shown = collapsed(
        ("Jan  2, 00:20 UTC", "Resolved", "c"),
        ("Jan  2, 00:30 UTC", "Identified", "b"),
        ("Jan  2, 00:25 UTC", "Update", "a"),
    )

    assert [update.body for update in shown.updates] == ["a", "b", "c"]
    assert shown.status == "resolved"


def test_text_that_looks_like_a_post_without_a_time_is_text():
    quoted = "See <small>the note</small><br><strong>below</strong> - thanks."

    assert [update.body for update in collapsed((*OPEN[:2], quoted)).updates] == ["See the note\nbelow - thanks."]


YEARS = {
    "the same year": ("Jan  2, 00:05 UTC", "2026-01-02T00:30:20Z", 2026),
    "the year before": ("Dec 31, 23:59 UTC", "2026-01-02T00:30:20Z", 2025),
    "the same minute": ("Jan  2, 00:30 UTC", "2026-01-02T00:30:20Z", 2026),
    "a zone ahead of UTC at New Year": ("Jan  1, 08:00 JST", "2025-12-31T23:00:20Z", 2025),
    "a zone behind UTC at New Year": ("Dec 31, 20:00 EST", "2026-01-01T01:00:20Z", 2026),
    "a leap day": ("Feb 29, 12:00 UTC", "2026-01-02T00:30:20Z", 2024),
    "a written year": ("Jan  2, 2019 - 00:05 UTC", "2026-01-02T00:30:20Z", 2019),
}


@pytest.mark.parametrize(("time", "published", "year"), YEARS.values(), ids=YEARS.keys())
def test_a_year_is_counted_back_from_the_newest_update(time, published, year):
    (update,) = collapsed((time, *OPEN[1:]), published=published, updated=published).updates

    assert update.created_at.year == year


def test_years_are_counted_back_from_update_to_update():
    shown = collapsed(
        ("Jan  2, 00:05 UTC", "Resolved", "c"),
        ("Jun  1, 00:00 UTC", "Update", "b"),
        ("Aug  1, 00:00 UTC", "Identified", "a"),
    )

    assert [update.created_at.year for update in shown.updates] == [2024, 2025, 2026]


def test_a_resolved_update_that_is_edited_much_later_keeps_its_year():
    (update,) = collapsed(OPEN, published="2026-01-02T00:05:20Z", updated="2027-06-01T00:00:00Z").updates

    assert update.id == "20260102T000500Z"


ZONES = {
    "Aug 21, 00:37 UTC": "2026-08-21T00:37",
    "Aug 21, 00:37 GMT": "2026-08-21T00:37",
    "Aug 21, 00:37 PDT": "2026-08-21T07:37",
    "Aug 21, 00:37 PST": "2026-08-21T08:37",
    "Aug 21, 00:37 EDT": "2026-08-21T04:37",
    "Aug 21, 00:37 EST": "2026-08-21T05:37",
    "Aug 21, 00:37 CEST": "2026-08-20T22:37",
    "Aug 21, 00:37 CET": "2026-08-20T23:37",
    "Aug 21, 00:37 BST": "2026-08-20T23:37",
    "Aug 21, 00:37 AEST": "2026-08-20T14:37",
    "Aug 21, 00:37 IST": "2026-08-20T19:07",
    "Aug 21, 00:37 +03": "2026-08-20T21:37",
    "Aug 21, 00:37 -0330": "2026-08-21T04:07",
    "Aug 21, 00:37": "2026-08-21T00:37",
    "August 21, 12:37 AM UTC": "2026-08-21T00:37",
    "Aug 21, 12:37 pm UTC": "2026-08-21T12:37",
}


@pytest.mark.parametrize(("time", "moment"), ZONES.items(), ids=ZONES.keys())
def test_a_zone_is_read(time, moment):
    (update,) = collapsed((time, *OPEN[1:]), published="2026-08-21T09:00:00Z", updated="2026-08-21T09:00:00Z").updates

    assert update.created_at.strftime("%Y-%m-%dT%H:%M") == moment


def test_the_page_s_own_offset_decides_between_zones_of_one_name():
    stamp = "2026-08-21T09:00:00+08:00"

    (update,) = collapsed(("Aug 21, 08:37 CST", *OPEN[1:]), published=stamp, updated=stamp).updates

    assert datetime(2026, 8, 21, 0, 37, tzinfo=UTC) == update.created_at


UNREADABLE = ["21 août, 00:37", "Foo 21, 00:37 UTC", "Aug 32, 00:37 UTC", "Aug 21, 24:61 UTC", "00:37"]


@pytest.mark.parametrize("time", UNREADABLE)
def test_updates_whose_time_cannot_be_read_are_counted_from_the_oldest(time):
    before = collapsed((time, *OPEN[1:]))
    after = collapsed((time, *FIXED[1:]), (time, *OPEN[1:]))

    assert ids(before) == ["undated"]
    assert ids(after) == ["undated", "undated#2"]
    assert {None} == {update.created_at for update in after.updates}


def test_updates_without_any_date_in_their_entry_have_no_time():
    body = rss(item(description=post(*OPEN), date="some day"))

    assert [(update.id, update.created_at) for update in only(body).updates] == [("undated", None)]


WINDOWS = {
    "one day": ("Jan 20, 22:00 - 23:30 UTC", "2026-01-20T22:00", "2026-01-20T23:30"),
    "two days": ("Jan 20, 22:00 - Jan 21, 02:00 PST", "2026-01-21T06:00", "2026-01-21T10:00"),
    "two zones named": ("Jan 20, 22:00 UTC \u2013 Jan 21, 02:00 UTC", "2026-01-20T22:00", "2026-01-21T02:00"),
    "over midnight": ("Jan 20, 22:00 - 02:00 UTC", "2026-01-20T22:00", "2026-01-21T02:00"),
    "no end": ("Jan 20, 22:00 UTC", "2026-01-20T22:00", None),
    "nothing": ("soon", None, None),
}


@pytest.mark.parametrize(("words", "begins", "ends"), WINDOWS.values(), ids=WINDOWS.keys())
def test_the_window_of_a_future_maintenance_is_read(words, begins, ends):
    announced = f"<p><strong>THIS IS A SCHEDULED EVENT {words}</strong></p>"

    shown = only(
        atom(
            announced + post("Dec 30, 08:00 UTC", "Scheduled", "x"),
            published="2026-01-20T22:00:00Z",
            updated="2025-12-30T08:00:00Z",
        )
    )

    assert shown.updates[0].id == "20251230T080000Z"
    assert [begins, ends] == [
        moment and moment.strftime("%Y-%m-%dT%H:%M") for moment in (shown.scheduled_for, shown.scheduled_until)
    ]
