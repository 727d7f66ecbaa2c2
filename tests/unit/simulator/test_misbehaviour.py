"""Everything that a page can be made to do wrong, as a client meets it."""

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.unit.simulator.conftest import asked_once as ask
from tracker.simulator import Drop, Hang, Page, Raw, Redirect, SimulatedVendor, Slow, Stale, Status, Trickle

SUMMARY = "/api/v2/summary.json"
STATUS = "/api/v2/status.json"


@pytest.mark.parametrize(
    ("status", "retry_after"), [(503, 7), (599, "Fri, 01 Jan 2100 00:00:00 GMT"), (200, None)], ids=str
)
def test_a_status_with_a_body_and_retry_after(vendor, status, retry_after):
    vendor.misbehave("acme", Status(status, b"<h1>Down</h1>", retry_after=retry_after))
    answer = ask(vendor)

    assert (answer.status, answer.body) == (status, b"<h1>Down</h1>")
    assert answer.headers["Retry-After"] == (None if retry_after is None else str(retry_after))
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert json.loads(ask(vendor).body)["page"]["id"] == "acme"


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


def test_raw_bytes_in_place_of_an_answer(vendor, raw):
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"
    vendor.misbehave("acme", Raw(cut))
    vendor.misbehave("acme", Raw(b"\x00\xff not HTTP"))

    assert raw() == cut
    assert raw() == b"\x00\xff not HTTP"


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
