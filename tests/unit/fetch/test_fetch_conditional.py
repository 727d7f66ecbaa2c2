"""Validators in and out."""

import pytest

from tracker.fetch.conditional import conditions, renewed, validators_of
from tracker.models import Validators

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
    assert validators_of({"ETag": "unquoted", "Last-Modified": "some day"}) == Validators(
        etag="unquoted", last_modified="some day"
    )
    assert validators_of({"ETag": "", "Last-Modified": "x" * 1025}) == Validators()
    assert validators_of({}) == Validators()


def test_a_304_replaces_only_what_it_brings():
    assert renewed(BOTH, {}) == BOTH
    assert renewed(BOTH, {"ETag": '"2"'}) == Validators(etag='"2"', last_modified=BOTH.last_modified)
