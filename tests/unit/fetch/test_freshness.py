"""How long an answer is fresh, and when to come back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.fetch.freshness import DAY_S, fresh_for_s, retry_after_s

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
#: Sentence: headers, seconds.
FRESHNESS = {
    "nothing is said": ({}, None),
    "only a date": ({"Date": "Sun, 22 Nov 2026 10:00:00 GMT"}, None),
    "only an age": ({"Age": "5"}, None),
    "other directives": ({"Cache-Control": "public, must-revalidate"}, None),
    "max-age": ({"Cache-Control": "max-age=10"}, 10),
    "max-age among others": ({"Cache-Control": "public , MAX-AGE = 10, stale-if-error=3600"}, 10),
    "quoted max-age": ({"Cache-Control": 'max-age="10"'}, 10),
    "max-age less age": ({"Cache-Control": "max-age=10", "Age": "4"}, 6),
    "older than its max-age": ({"Cache-Control": "max-age=10", "Age": "697"}, 0),
    "age that is no number": ({"Cache-Control": "max-age=10", "Age": "young"}, 10),
    "s-maxage is for shared caches": ({"Cache-Control": "s-maxage=600"}, None),
    "s-maxage does not replace max-age": ({"Cache-Control": "max-age=10, s-maxage=600"}, 10),
    "the first of two counts": ({"Cache-Control": "max-age=10, max-age=600"}, 10),
    "no-cache": ({"Cache-Control": "no-cache, max-age=10"}, 0),
    "no-cache for some fields": ({"Cache-Control": 'no-cache="Set-Cookie", max-age=10'}, 0),
    "no-store": ({"Cache-Control": "max-age=10, no-store"}, 0),
    "negative max-age": ({"Cache-Control": "max-age=-1"}, 0),
    "max-age that is no number": ({"Cache-Control": "max-age=soon"}, 0),
    "max-age without a number": ({"Cache-Control": "max-age"}, 0),
    "a year": ({"Cache-Control": "max-age=31536000"}, DAY_S),
    "more digits than Python reads": ({"Cache-Control": "max-age=" + "9" * 5000}, DAY_S),
    "leading zeros": ({"Cache-Control": "max-age=" + "0" * 5000 + "7"}, 7),
    "expires": ({"Expires": "Sun, 22 Nov 2026 10:00:30 GMT", "Date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 30),
    "expires by the server's clock": (
        {"Expires": "Sun, 22 Nov 2020 10:00:30 GMT", "Date": "Sun, 22 Nov 2020 10:00:00 GMT"},
        30,
    ),
    "expires without a date": ({"Expires": "Sun, 22 Nov 2026 10:00:30 GMT"}, 30),
    "expires less age": ({"Expires": "Sun, 22 Nov 2026 10:00:30 GMT", "Age": "10"}, 20),
    "expired": ({"Expires": "Sun, 22 Nov 2020 10:00:00 GMT"}, 0),
    "expires zero": ({"Expires": "0"}, 0),
    "max-age wins over expires": ({"Cache-Control": "max-age=10", "Expires": "0"}, 10),
}
#: Sentence: value, seconds.
RETRIES = {
    "absent": (None, None),
    "seconds": ("120", 120),
    "blanks around": (" 120 ", 120),
    "none": ("0", 0),
    "more than a day": ("99999999", DAY_S),
    "more digits than Python reads": ("9" * 5000, DAY_S),
    "a date": ("Sun, 22 Nov 2026 10:02:00 GMT", 120),
    "a date of RFC 850": ("Sunday, 22-Nov-26 10:02:00 GMT", 120),
    "a date of asctime": ("Sun Nov 22 10:02:00 2026", 120),
    "a date without a zone": ("Sun, 22 Nov 2026 10:02:00 -0000", 120),
    "a date in the past": ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
    "a date far away": ("Fri, 01 Jan 2100 00:00:00 GMT", DAY_S),
    "a word": ("soon", None),
    "empty": ("", None),
    "negative": ("-1", None),
    "a fraction": ("1.5", None),
    "digits that are not ASCII": ("\u0661\u0662", None),
    "an impossible date": ("Sun, 99 Nov 2026 10:02:00 GMT", None),
    "a date beyond the calendar": ("Sun, 22 Nov 99999 10:02:00 GMT", None),
}


@pytest.mark.parametrize("case", FRESHNESS)
def test_fresh_for(case):
    headers, expected = FRESHNESS[case]

    assert fresh_for_s(headers, NOW) == expected


@pytest.mark.parametrize("case", RETRIES)
def test_retry_after(case):
    value, expected = RETRIES[case]

    assert retry_after_s(value, NOW) == expected


@given(st.text(), st.text(), st.text(), st.text())
def test_any_text_is_a_delay_within_a_day_or_nothing(control, expires, age, date):
    headers = {"Cache-Control": control, "Expires": expires, "Age": age, "Date": date}
    for delay in (fresh_for_s(headers, NOW), retry_after_s(control, NOW), retry_after_s(date, NOW)):
        assert delay is None or 0 <= delay <= DAY_S
