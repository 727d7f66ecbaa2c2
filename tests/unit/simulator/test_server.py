"""The simulated vendor over real sockets on loopback: routes, validators, compression, counters, life cycle."""

import contextlib
import gzip
import http.client
import json
import socket
import threading
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import urlsplit

import pytest

from tests.unit.simulator.conftest import ask, asked_once
from tracker.simulator import Page, RecordedSite, SimulatedVendor

SUMMARY = "/api/v2/summary.json"
EVERY_PATH = (
    SUMMARY,
    "/api/v2/status.json",
    "/api/v2/components.json",
    "/api/v2/incidents.json",
    "/api/v2/scheduled-maintenances.json",
    "/history.atom",
    "/history.rss",
    "/",
)


@pytest.mark.parametrize("prefix", ["", "/acme"])
@pytest.mark.parametrize("path", EVERY_PATH)
def test_a_single_page_answers_at_the_root_and_under_its_id(connection, prefix, path):
    answer = ask(connection, prefix + path)

    assert answer.status == 200
    assert answer.headers["Server"].startswith("status-page-tracker-simulator/")
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Cache-Control"] is None
    assert parsedate_to_datetime(answer.headers["Date"])
    assert len(answer.body) == int(answer.headers["Content-Length"])


def test_many_pages_answer_under_their_ids_and_are_listed_at_the_root():
    pages = [Page(f"Vendor {number}") for number in range(3)]
    with SimulatedVendor(pages) as vendor:
        names = [json.loads(asked_once(vendor, f"/{page.id}{SUMMARY}").body)["page"]["name"] for page in pages]
        listing = asked_once(vendor, "/").body.decode()
        lost = asked_once(vendor)

    assert names == ["Vendor 0", "Vendor 1", "Vendor 2"]
    assert all(f'href="/{page.id}"' in listing for page in pages)
    assert lost.status == 404


def test_two_pages_with_one_id_are_refused(vendor):
    with pytest.raises(ValueError, match="acme"):
        vendor.add(Page("Other", id="acme"))


def test_links_carry_the_name_by_which_the_client_knows_the_server(connection):
    url = json.loads(ask(connection, f"/acme{SUMMARY}", {"Host": "simulator:8080"}).body)["page"]["url"]

    assert url == "http://simulator:8080/acme"


def test_a_host_header_that_is_no_host_is_not_repeated(vendor, connection):
    url = json.loads(ask(connection, SUMMARY, {"Host": 'a"><script>'}).body)["page"]["url"]

    assert url == vendor.url()


@pytest.mark.parametrize("path", EVERY_PATH)
def test_its_entity_tag_brings_a_304_without_a_body(connection, path):
    first = ask(connection, path)
    second = ask(connection, path, {"If-None-Match": first.headers["ETag"]})

    assert first.headers["ETag"].startswith('W/"')
    assert (second.status, second.body) == (304, b"")
    assert second.headers["ETag"] == first.headers["ETag"]
    assert second.headers["Last-Modified"] == first.headers["Last-Modified"]


@pytest.mark.parametrize("path", EVERY_PATH)
def test_its_date_alone_brings_a_304(connection, path):
    date = ask(connection, path).headers["Last-Modified"]
    earlier = format_datetime(parsedate_to_datetime(date) - timedelta(seconds=1), usegmt=True)

    assert ask(connection, path, {"If-Modified-Since": date}).status == 304
    assert ask(connection, path, {"If-Modified-Since": earlier}).status == 200


@pytest.mark.parametrize(
    ("validators", "status"),
    [
        (lambda _tag, date: {"If-None-Match": '"another"', "If-Modified-Since": date}, 200),
        (lambda tag, _date: {"If-None-Match": f'"another", {tag}'}, 304),
        (lambda tag, _date: {"If-None-Match": tag.removeprefix("W/")}, 304),
        (lambda _tag, _date: {"If-None-Match": "*"}, 304),
        (lambda _tag, _date: {"If-Modified-Since": "yesterday"}, 200),
    ],
    ids=["the tag outranks the date", "one of many", "weak comparison", "any", "no date"],
)
def test_validators_are_compared_as_http_says(connection, validators, status):
    known = ask(connection, SUMMARY).headers

    assert ask(connection, SUMMARY, validators(known["ETag"], known["Last-Modified"])).status == status


def test_the_entity_tag_changes_exactly_when_the_body_does(page, connection):
    seen = {}
    for change in (
        lambda: None,
        lambda: page.open_incident("API down", components={"API": "major_outage"}),
        lambda: page.set_component("API", "operational"),
        lambda: page.set_component("API", "operational"),
        lambda: page.amend(page.revision.incidents[0].id, name="API was down"),
    ):
        change()
        for path in EVERY_PATH:
            answers = [ask(connection, path) for _ in range(2)]
            assert answers[0].body == answers[1].body
            seen.setdefault(answers[0].body, set()).update(answer.headers["ETag"] for answer in answers)

    tags = [tag for tags in seen.values() for tag in tags]
    assert all(len(tags) == 1 for tags in seen.values())
    assert len(tags) == len(set(tags))


def test_two_changes_within_a_second_have_two_dates(page, connection):
    dates = []
    for number in range(3):
        page.open_incident(f"Incident {number}")
        dates.append(parsedate_to_datetime(ask(connection, SUMMARY).headers["Last-Modified"]))

    assert sorted(set(dates)) == dates


def test_incidentio_sends_no_validators_and_no_304():
    with SimulatedVendor([Page("Acme", platform="incidentio")], latency_s=0.001) as vendor:
        connection = http.client.HTTPConnection(urlsplit(vendor.url()).netloc, timeout=10)
        answer = ask(connection, SUMMARY, {"If-None-Match": "*", "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"})
        orders = {ask(connection, "/api/v2/components.json").body for _ in range(8)}
        missing = ask(connection, "/api/v2/scheduled-maintenances.json")
        connection.close()

    assert (answer.status, answer.headers["ETag"], answer.headers["Last-Modified"]) == (200, None, None)
    assert len(orders) > 1
    assert (missing.status, missing.body) == (404, b"")


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, deflate", "gzip"), ("br;q=1.0, *;q=0.5", "gzip"), ("gzip;q=0", None), ("identity", None), ("", None)],
)
def test_gzip_is_used_when_it_is_accepted(connection, accepted, encoding):
    answer = ask(connection, SUMMARY, {"Accept-Encoding": accepted})
    plain = ask(connection, SUMMARY)

    assert answer.headers["Content-Encoding"] == encoding
    assert plain.body == (gzip.decompress(answer.body) if encoding else answer.body)
    assert plain.headers["ETag"] == answer.headers["ETag"]


def test_counts_report_requests_answers_and_bytes(vendor, connection):
    before = vendor.counts("acme")
    first = ask(connection, SUMMARY)
    ask(connection, f"/acme{SUMMARY}")
    ask(connection, SUMMARY, {"If-None-Match": first.headers["ETag"]})
    compressed = ask(connection, "/history.atom", {"Accept-Encoding": "gzip"})
    ask(connection, "/nothing")
    ask(connection, SUMMARY, method="HEAD")
    counts = vendor.counts("acme")

    assert (before.total, before.ok, before.not_modified, before.body_bytes) == (0, 0, 0, 0)
    assert counts.requests == {SUMMARY: 4, "/history.atom": 1, "/nothing": 1}
    assert counts.statuses == {200: 4, 304: 1, 404: 1}
    assert (counts.total, counts.ok, counts.not_modified) == (6, 4, 1)
    # The page under its id is a few bytes longer, for its own address.
    assert counts.body_bytes == 2 * len(first.body) + len("/acme") * first.body.count(vendor.url().encode()) + len(
        compressed.body
    )


def test_counts_can_be_waited_for(vendor, connection):
    counted = []
    waiter = threading.Thread(target=lambda: counted.append(vendor.wait_for("acme", lambda counts: counts.ok == 2)))
    waiter.start()
    ask(connection, SUMMARY)
    ask(connection, SUMMARY)
    waiter.join()

    assert [counts.ok for counts in counted] == [2]
    with pytest.raises(TimeoutError):
        vendor.wait_for("acme", lambda counts: counts.ok == 3, timeout_s=0)


def test_a_connection_is_kept_alive(connection):
    ask(connection, SUMMARY)
    socket_before = connection.sock
    ask(connection, SUMMARY, method="HEAD")
    ask(connection, "/nothing")

    assert connection.sock is socket_before is not None


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /api/v2/status.json HTTP/1.0\r\n\r\n",
        b"GET /api/v2/status.json HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /api/v2/status.json HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
        b"GET http://acme.example/api/v2/status.json HTTP/1.0\r\n\r\n",
        b"GET /api/v2/status.json?page=2 HTTP/1.0\r\n\r\n",
    ],
    ids=["1.0", "close", "with a body", "absolute form", "with a query"],
)
def test_a_connection_that_must_end_ends(raw, request_head):
    answer = raw(request_head)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nConnection: close\r\n" in answer


def test_requests_can_be_sent_ahead(raw):
    ahead = b"HEAD / HTTP/1.1\r\n\r\n"
    answers = raw(3 * ahead + b"GET /nothing HTTP/1.0\r\n\r\n")

    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert answers.count(b"HTTP/1.1 404 Not Found\r\n") == 1


@pytest.mark.parametrize(
    "request_bytes",
    [b"\x16\x03\x01\r\n\r\n", b"GET / HTTP/2\r\n\r\n", b"GET http://[ HTTP/1.1\r\n\r\n", b"x" * 70_000 + b"\r\n\r\n"],
    ids=["tls", "http/2", "no target", "endless"],
)
def test_what_is_not_http_gets_a_400(raw, request_bytes):
    assert raw(request_bytes).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_other_methods_are_refused(connection):
    answer = ask(connection, SUMMARY, method="POST")

    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_it_stops_at_once_with_connections_open_and_starts_again_on_the_same_port(page):
    vendor = SimulatedVendor([page])
    vendor.start()
    connection = http.client.HTTPConnection(urlsplit(vendor.url()).netloc, timeout=10)
    ask(connection, SUMMARY)
    vendor.stop()
    vendor.stop()

    assert connection.sock.recv(1) == b""
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        connection.connect()
    with vendor:
        assert ask(connection, SUMMARY).status == 200
        connection.close()


def test_it_stops_while_a_client_comes(page):
    for _ in range(20):
        vendor = SimulatedVendor([page])
        vendor.start()
        address = urlsplit(vendor.url())
        with socket.create_connection((address.hostname, address.port), timeout=10) as client:
            vendor.stop()
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(1) == b""


def test_a_port_that_is_taken_is_an_error(vendor, page):
    with pytest.raises(OSError, match="in use"):
        SimulatedVendor([page], port=urlsplit(vendor.url()).port).start()


@pytest.mark.parametrize(("host", "url"), [("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80")])
def test_the_address_of_any_is_one_that_can_be_asked(page, host, url):
    assert SimulatedVendor([page], host, 80).url() == url


@pytest.fixture
def site():
    return RecordedSite("old", {SUMMARY: [b'{"n":1}', b"", b'{"n":3}'], "/history.atom": [b"<feed/>"]})


@pytest.fixture
def recorded(site):
    """A connection to a vendor that serves a recorded series."""
    with SimulatedVendor([site]) as vendor:
        opened = http.client.HTTPConnection(urlsplit(vendor.url()).netloc, timeout=10)
        yield opened
        opened.close()


def test_recorded_bodies_are_served_step_by_step_byte_for_byte(site, recorded):
    bodies = [ask(recorded, SUMMARY, {"Accept-Encoding": "identity"}).body]
    tag = ask(recorded, SUMMARY).headers["ETag"]
    assert ask(recorded, SUMMARY, {"If-None-Match": tag}).status == 304
    while site.step():
        bodies.append(ask(recorded, f"/old{SUMMARY}", {"Accept-Encoding": "gzip", "If-None-Match": tag}).body)

    assert bodies[:2] == [b'{"n":1}', b""]
    assert gzip.decompress(bodies[2]) == b'{"n":3}'
    assert not site.step()
    assert site.position == 2


def test_a_shorter_series_stays_at_its_last_body_and_other_paths_have_nothing(site, recorded):
    site.step()
    answer = ask(recorded, "/history.atom")

    assert (answer.body, answer.headers["Content-Type"]) == (b"<feed/>", "application/atom+xml; charset=utf-8")
    assert ask(recorded, "/api/v2/incidents.json").status == 404


def test_a_recorded_series_can_move_on_by_itself():
    now_s = [100.0]
    site = RecordedSite("old", {SUMMARY: [b"1", b"2", b"3"]}, advance_every_s=10, monotonic=lambda: now_s[0])

    assert site.position == 0
    now_s[0] += 10
    assert site.position == 1
    site.step()
    assert site.position == 2
    now_s[0] += 1000
    assert site.position == 2
