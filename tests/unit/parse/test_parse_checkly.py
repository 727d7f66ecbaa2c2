"""Checkly: what is recognised, where it is asked, and how it is read."""

import json

import pytest

from tracker.model.page import Impact
from tracker.parse import FORMATS, read

CHECKLY = FORMATS["checkly"]


def incident(**fields: object):
    plain = {"id": "i1", "name": "Slow", "severity": "MAJOR", "lastUpdateStatus": "RESOLVED", "incidentUpdates": []}
    return json.dumps({"incidents": [{**plain, **fields}]}).encode()


def test_an_empty_list_says_that_all_is_quiet():
    snapshot = read(b'{"incidents": []}', format="checkly")

    assert snapshot.incidents == ()
    assert snapshot.open_only


@pytest.mark.parametrize(
    ("severity", "impact"),
    [("MINOR", Impact.MINOR), ("MEDIUM", Impact.MINOR), ("CRITICAL", Impact.CRITICAL), ("HUGE", None), ([], None)],
)
def test_severity(severity, impact):
    assert [found.impact for found in read(incident(severity=severity)).incidents] == [impact]


def test_updates_count_from_when_they_were_written_not_from_when_they_are_said_to_be_of():
    update = {"id": "u1", "status": "IDENTIFIED", "created_at": "2026-03-09T09:00:00Z"}
    body = incident(incidentUpdates=[{**update, "publicIncidentUpdateDate": "2026-03-09T07:00:00Z"}])

    (found,) = read(body).incidents

    assert [f"{each.created_at:%H:%M}" for each in found.updates] == ["09:00"]


@pytest.mark.parametrize(
    ("url", "primary"),
    [
        ("https://acme.checkly-status-page.com", "/api/status-page/acme/unresolved-incidents"),
        ("https://acme.checkly-status-page.com/some/path", "/api/status-page/acme/unresolved-incidents"),
    ],
)
def test_the_slug_stands_in_the_address(url, primary):
    assert [endpoints.primary for endpoints in CHECKLY.linked(b"<html>", url)] == [primary]


@pytest.mark.parametrize(
    "url",
    [
        "https://status.acme.example",
        "https://checkly-status-page.com",
        "https://a.b.checkly-status-page.com",
        "https://acme.checkly-status-page.com.evil.example",
        "https://[::1",
        "",
    ],
)
def test_any_other_address_tells_nothing(url):
    assert CHECKLY.linked(b"<html>", url) == ()
