"""Uptime Kuma: measurements, posts and where a page's slug stands."""

import json

import pytest

from tracker.model.page import ComponentStatus
from tracker.parse import FORMATS, read
from tracker.parse.format import Endpoints

KUMA = FORMATS["uptimekuma"]
SLUG = Endpoints(
    primary="https://status.acme.example/api/status-page/acme",
    details=("https://status.acme.example/api/status-page/heartbeat/acme",),
)


def page(**fields: object):
    return json.dumps({"config": {"slug": "acme", "title": "Acme"}, "publicGroupList": [], **fields}).encode()


def status(*beats: object):
    (found,) = read(json.dumps({"heartbeatList": {"1": beats}, "uptimeList": {}}).encode()).components
    return found.status


def beat(code, **fields: object):
    return {"status": code, "time": "2026-03-09 08:00:00", "msg": "", "ping": 20, **fields}


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([0, 1], ComponentStatus.OPERATIONAL),
        ([1, 0], ComponentStatus.MAJOR_OUTAGE),
        ([1, 3], ComponentStatus.UNDER_MAINTENANCE),
        ([1, 2, 2], ComponentStatus.OPERATIONAL),
        ([0, 2], ComponentStatus.MAJOR_OUTAGE),
        ([2], ComponentStatus.UNKNOWN),
        ([True], ComponentStatus.UNKNOWN),
        ([[]], ComponentStatus.UNKNOWN),
        ([], ComponentStatus.UNKNOWN),
    ],
)
def test_the_last_measurement_that_says_something_counts(codes, expected):
    assert status(*map(beat, codes)) is expected


def test_pings_and_times_mean_nothing():
    assert status(beat(1, ping=5)) is status(beat(1, ping=500, time="2026-03-09 09:00:00"), 0)


def update_ids(**fields: object):
    post = {"id": 4, "title": "Slow", "content": "We look.", "createdDate": "2026-03-09 08:00:00", "pin": True}
    (found,) = read(page(incidents=[{**post, **fields}])).incidents
    return [update.id for update in found.updates]


def test_a_post_that_is_overwritten_is_another_update():
    assert update_ids() == update_ids(content="We look.", style="danger")
    assert update_ids() != update_ids(lastUpdatedDate="2026-03-09 08:10:00")


def test_a_post_of_version_1_without_an_update_is_none():
    assert read(page(incident=None)).incidents == ()


@pytest.mark.parametrize(
    ("html", "url"),
    [
        ('<link rel="manifest" href="/api/status-page/acme/manifest.json">', "https://status.acme.example/status/acme"),
        ("<link rel=manifest href=/api/status-page/acme/manifest.json>", "https://status.acme.example"),
        ("<script>window.preloadData = {};</script>", "https://status.acme.example/status/acme/"),
    ],
)
def test_the_slug_stands_in_the_page(html, url):
    assert KUMA.linked(f"<html><head>{html}</head></html>".encode(), url) == (SLUG,)


@pytest.mark.parametrize(
    ("html", "url"),
    [
        ("<html></html>", "https://status.acme.example/status/acme"),
        ("window.preloadData = {}", "https://status.acme.example/other/acme"),
        ('<link rel="manifest" href="/api/status-page/a/b/manifest.json">', "https://status.acme.example/"),
        ('<link rel="manifest" href="/api/status-page/acme/manifest.json">', "https://[::1"),
    ],
)
def test_any_other_page_tells_nothing(html, url):
    assert KUMA.linked(html.encode(), url) == ()


def test_a_page_that_is_made_to_be_searched_for_long_is_not():
    for piece in (b"href=", b"href=/a", b"/api/status-page/", b"href=/api/status-page/" + b"a" * 99, b"/a"):
        assert KUMA.linked(piece * 100_000, "https://status.acme.example/") == ()
