"""Everything that a page can be made to do wrong, as a client meets it."""

import http.client
import json
import socket
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from tracker.simulator import (
    Drop,
    Hang,
    Page,
    Raw,
    RecordedSite,
    Redirect,
    SimulatedVendor,
    Slow,
    Stale,
    Status,
    Trickle,
)

SUMMARY = "/api/v2/summary.json"
STATUS = "/api/v2/status.json"


@pytest.fixture
def page():
    return Page("Acme", id="acme")


@pytest.fixture
def vendor(page):
    with SimulatedVendor([page]) as running:
        yield running


def ask(vendor, path=SUMMARY, timeout=10.0):
    connection = http.client.HTTPConnection(urlsplit(vendor.url()).netloc, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return SimpleNamespace(status=answer.status, headers=answer.headers, body=answer.read())
    finally:
        connection.close()


def raw(vendor, request=b"GET /api/v2/summary.json HTTP/1.1\r\n\r\n"):
    address = urlsplit(vendor.url())
    with socket.create_connection((address.hostname, address.port), timeout=10) as client:
        client.sendall(request)
        with client.makefile("rb") as answer:
            return answer.read()


def test_a_status_with_retry_after(vendor):
    vendor.misbehave("acme", Status(503, b"<h1>Down</h1>", retry_after=7))
    answer = ask(vendor)

    assert (answer.status, answer.headers["Retry-After"], answer.body) == (503, "7", b"<h1>Down</h1>")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert ask(vendor).status == 200


def test_a_status_that_no_standard_knows(vendor):
    vendor.misbehave("acme", Status(599, retry_after="Fri, 01 Jan 2100 00:00:00 GMT"))
    answer = ask(vendor)

    assert (answer.status, answer.headers["Retry-After"]) == (599, "Fri, 01 Jan 2100 00:00:00 GMT")


def test_a_200_with_a_body_of_another_kind(vendor):
    vendor.misbehave("acme", Status(200, b"<title>Just a moment</title>"))

    assert ask(vendor).body == b"<title>Just a moment</title>"


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect(vendor, code):
    vendor.misbehave("acme", Redirect("https://elsewhere.example/", code))
    answer = ask(vendor)

    assert (answer.status, answer.headers["Location"]) == (code, "https://elsewhere.example/")


def test_a_dropped_connection(vendor):
    vendor.misbehave("acme", Drop())

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        ask(vendor)
    assert vendor.counts("acme").requests == {SUMMARY: 1}
    assert vendor.counts("acme").statuses == {}


def test_raw_bytes_in_place_of_an_answer(vendor):
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"
    vendor.misbehave("acme", Raw(cut))
    vendor.misbehave("acme", Raw(b"\x00\xff not HTTP"))

    assert raw(vendor) == cut
    assert raw(vendor) == b"\x00\xff not HTTP"


def test_a_hanging_answer_ends_with_the_client(vendor):
    vendor.misbehave("acme", Hang(), times=None)

    with pytest.raises(TimeoutError):
        ask(vendor, timeout=0.05)
    vendor.behave("acme")
    assert ask(vendor).status == 200


def test_a_vendor_stops_with_answers_hanging(page):
    vendor = SimulatedVendor([page])
    vendor.start()
    vendor.misbehave("acme", Hang())
    address = urlsplit(vendor.url())
    with socket.create_connection((address.hostname, address.port), timeout=10) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        vendor.wait_for("acme", lambda counts: counts.total == 1)
        vendor.stop()
        assert client.recv(1) == b""


def test_slow_answers_and_trickling_ones_are_right(vendor):
    rightly = ask(vendor).body
    vendor.misbehave("acme", Slow(0.01))
    vendor.misbehave("acme", Trickle(0))

    assert [ask(vendor).body, ask(vendor).body] == [rightly, rightly]


def test_a_stale_answer_shows_the_page_as_it_was_and_then_as_it_is(page, vendor):
    before = ask(vendor)
    page.open_incident("API down")
    after = ask(vendor)
    vendor.misbehave("acme", Stale(back=1), times=2)

    stale = [ask(vendor), ask(vendor)]

    assert [answer.body for answer in stale] == [before.body, before.body]
    assert stale[0].headers["ETag"] == before.headers["ETag"] != after.headers["ETag"]
    assert ask(vendor).body == after.body


def test_a_recorded_series_can_be_stale_too():
    site = RecordedSite("old", {SUMMARY: [b"1", b"2"]})
    with SimulatedVendor([site]) as vendor:
        site.step()
        vendor.misbehave("old", Stale())

        assert [ask(vendor).body, ask(vendor).body] == [b"1", b"2"]


def test_one_path_can_misbehave_alone(vendor):
    vendor.misbehave("acme", Status(404), times=None, path=SUMMARY)

    assert [ask(vendor).status, ask(vendor, STATUS).status, ask(vendor, f"/acme{SUMMARY}").status] == [404, 200, 404]


def test_acts_follow_one_another_until_the_page_behaves(vendor):
    vendor.misbehave("acme", Status(500), times=2)
    vendor.misbehave("acme", Status(429), times=None)

    assert [ask(vendor).status for _ in range(4)] == [500, 500, 429, 429]
    vendor.behave("acme")
    assert ask(vendor).status == 200


def test_other_pages_are_not_touched():
    with SimulatedVendor([Page("A", id="a"), Page("B", id="b")]) as vendor:
        vendor.misbehave("a", Status(500), times=None)

        assert [ask(vendor, f"/a{SUMMARY}").status, ask(vendor, f"/b{SUMMARY}").status] == [500, 200]
        assert json.loads(ask(vendor, f"/b{STATUS}").body)["page"]["id"] == "b"


def test_an_unknown_page_cannot_misbehave(vendor):
    with pytest.raises(LookupError):
        vendor.misbehave("teapot", Drop())
