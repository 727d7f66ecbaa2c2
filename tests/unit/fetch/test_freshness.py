"""How long an answer is fresh, and when to come back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.goldens import table
from tracker.fetch.freshness import DAY_S, fresh_for_s, retry_after_s

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
#: Sentence: headers, seconds.
FRESHNESS = {
    **table("freshness"),
    "more digits than Python reads": ({"Cache-Control": "max-age=" + "9" * 5000}, DAY_S),
    "leading zeros": ({"Cache-Control": "max-age=" + "0" * 5000 + "7"}, 7),
}
#: Sentence: value, seconds.
RETRIES = {**table("retries"), "more digits than Python reads": ("9" * 5000, DAY_S)}


@pytest.mark.parametrize(("headers", "expected"), FRESHNESS.values(), ids=FRESHNESS)
def test_fresh_for(headers, expected):
    assert fresh_for_s(headers, NOW) == expected


@pytest.mark.parametrize(("value", "expected"), RETRIES.values(), ids=RETRIES)
def test_retry_after(value, expected):
    assert retry_after_s(value, NOW) == expected


@given(st.text(), st.text(), st.text(), st.text())
def test_any_text_is_a_delay_within_a_day_or_nothing(control, expires, age, date):
    headers = {"Cache-Control": control, "Expires": expires, "Age": age, "Date": date}
    for delay in (fresh_for_s(headers, NOW), retry_after_s(control, NOW), retry_after_s(date, NOW)):
        assert delay is None or 0 <= delay <= DAY_S
