"""Validators in and out."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.goldens import table
from tracker.fetch.conditional import conditions, renewed, validators_of
from tracker.model.provider import Validators

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
THEN = "Sat, 21 Nov 2026 10:00:00 GMT"
LATER = "Sat, 21 Nov 2026 11:00:00 GMT"
BOTH = Validators(etag='W/"1"', last_modified="Sat, 21 Nov 2026 10:00:00 GMT")


@pytest.mark.parametrize(
    ("validators", "redirected", "fields"),
    [
        (Validators(), False, {}),
        (BOTH, False, {"If-None-Match": 'W/"1"', "If-Modified-Since": "Sat, 21 Nov 2026 10:00:00 GMT"}),
        (BOTH, True, {"If-None-Match": 'W/"1"'}),
        (Validators(last_modified="yesterday"), False, {"If-Modified-Since": "yesterday"}),
        (Validators(last_modified="yesterday"), True, {}),
        (Validators(etag="a\nb"), False, {}),
        (Validators(etag="a\x85b"), False, {}),
        (Validators(etag='"é"'), False, {"If-None-Match": '"é"'}),
        (Validators(etag='"☃"'), False, {}),
    ],
)
def test_conditions(validators, redirected, fields):
    assert conditions(validators, redirected=redirected) == fields


def test_validators_are_taken_as_they_are_unless_they_could_not_be_sent_back():
    written = {"ETag": "unquoted", "Last-Modified": "Saturday, 21-Nov-26 10:00:00 GMT", "Date": LATER}

    assert validators_of(written, NOW) == Validators(etag="unquoted", last_modified="Saturday, 21-Nov-26 10:00:00 GMT")
    assert validators_of({"ETag": "", "Last-Modified": "x" * 1025, "Date": LATER}, NOW) == Validators()
    assert validators_of({}, NOW) == Validators()


@pytest.mark.parametrize(("modified", "date", "is_trusted"), table("last_modified"))
def test_a_date_is_trusted_once_its_second_is_over(modified, date, is_trusted):
    headers = {"ETag": '"1"', "Last-Modified": modified} | ({} if date is None else {"Date": date})

    assert validators_of(headers, NOW) == Validators(etag='"1"', last_modified=modified if is_trusted else None)
    assert renewed(BOTH, headers, NOW).last_modified == (modified if is_trusted else BOTH.last_modified)


@pytest.mark.parametrize(
    "headers", [{}, {"ETag": BOTH.etag}, {"Last-Modified": THEN}, {"ETag": BOTH.etag, "Date": THEN}]
)
def test_validators_that_are_not_renewed_stay_the_very_same(headers):
    assert renewed(BOTH, headers, NOW) is BOTH


TEXTS = st.sampled_from([None, "", BOTH.etag, "other", "a\nb", THEN, LATER, "never"])


@given(etag=TEXTS, modified=TEXTS, sent_etag=TEXTS, sent_modified=TEXTS, date=st.sampled_from([None, THEN, LATER]))
def test_what_is_renewed_is_what_the_answer_says_or_else_what_was_sent(etag, modified, sent_etag, sent_modified, date):
    fields = {"ETag": etag, "Last-Modified": modified, "Date": date}
    headers = {name: value for name, value in fields.items() if value is not None}
    sent, newer = Validators(etag=sent_etag, last_modified=sent_modified), validators_of(headers, NOW)

    assert renewed(sent, headers, NOW) == Validators(
        etag=newer.etag or sent_etag, last_modified=newer.last_modified or sent_modified
    )
