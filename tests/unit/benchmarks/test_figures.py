"""The arithmetic of the measurements: what a log says, and what follows from it."""

import gzip
import io
import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.figures import Traffic, by_page, detection, gaps, lateness_s, logged_at, missed, percentile
from benchmarks.fleet import cpu_figures
from benchmarks.origin.access_log import FORMAT, AccessLog, Request, parsed
from benchmarks.origin.hanging import waiting
from benchmarks.origin.plain import Pages
from benchmarks.origin.site import COMPONENTS, SUMMARY_PATH, Site
from benchmarks.peers.run import compared
from tracker.parse import read

LINE = "1000.250 0.100 /p7/api/v2/summary.json 304 181 283 5 1 -"


def request(**changes: object) -> Request:
    [plain] = parsed(LINE)
    return plain._replace(**changes)


# the log


def test_a_line_reports_when_its_request_came() -> None:
    assert len(LINE.split()) == len(FORMAT.split())
    assert request() == Request(
        at=pytest.approx(1000.15),
        page="p7",
        document="summary.json",
        status=304,
        sent_bytes=181,
        received_bytes=283,
        connected=True,
        shook_hands=False,
        resumed=False,
    )


@pytest.mark.parametrize(
    ("end", "connected", "shook_hands", "resumed"),
    [
        ("5 1 -", True, False, False),
        ("5 2 -", False, False, False),
        ("5 1 .", True, True, False),
        ("5 1 r", True, True, True),
        ("5 2 r", False, False, False),
    ],
)
def test_only_the_first_request_of_a_connection_made_it(
    end: str, connected: bool, shook_hands: bool, resumed: bool
) -> None:
    [found] = parsed(LINE.replace("5 1 -", end))

    assert (found.connected, found.shook_hands, found.resumed) == (connected, shook_hands, resumed)


@pytest.mark.parametrize("line", ["", "1000.250 0.1", LINE.replace("/p7/api/v2/summary.json", "/latency/100")])
def test_lines_about_something_else_are_passed_over(line: str) -> None:
    assert list(parsed(f"{line}\n{LINE}\n")) == [request()]


def test_a_log_is_read_on_where_it_was_read_to_and_half_a_line_is_left(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    log = AccessLog(path)
    assert list(log.new()) == []

    path.write_text(f"{LINE}\n{LINE[:20]}")
    assert list(log.new()) == [request()]
    assert list(log.new()) == []

    path.write_text(f"{LINE}\n{LINE}\n")
    assert list(log.new()) == [request()]

    path.write_text(f"{LINE}\n" * 5)
    log.skip()
    assert list(log.new()) == []


# percentiles and lateness


def test_percentiles_are_of_the_nearest_rank() -> None:
    values = [3.0, 1.0, 2.0, 4.0]

    assert [percentile(values, share) for share in (0.0, 0.25, 0.5, 0.51, 0.99, 1.0)] == [1, 1, 2, 3, 4, 4]
    assert math.isnan(percentile([], 0.5))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0.01, 1.0))
def test_a_percentile_is_one_of_the_values_and_enough_do_not_exceed_it(values: list[float], share: float) -> None:
    found = percentile(values, share)

    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6


@pytest.mark.parametrize(
    ("at", "late"), [(1003.0, 0.0), (1003.2, 0.2), (1032.0, 29.0), (1002.998, 0.0), (1002.9, 29.9), (1033.5, 0.5)]
)
def test_lateness_counts_from_the_grid_and_forgives_the_clock_s_resolution(at: float, late: float) -> None:
    phase = 1003.0 % 30

    assert lateness_s(at, phase, 30) == pytest.approx(late)


@pytest.mark.parametrize(
    ("times", "count"),
    [
        ([5, 35, 65], 0),
        ([5, 49, 65], 0),  # late by less than half an interval
        ([5, 65], 1),
        ([5], 2),
        ([65], 1),  # its first one did not come
        ([], 2),
    ],
)
def test_a_page_that_was_not_asked_for_too_long_missed_an_interval(times: list[float], count: int) -> None:
    assert missed({"p0": times}, ["p0"], (0, 90), 30) == count


def test_a_gap_is_reported_by_how_much_it_exceeds_the_interval() -> None:
    asked = [request(page="p0", at=at) for at in (130.25, 100.0, 160.0)] + [request(page="p1", at=7.0)]

    times = by_page(asked)

    assert [list(times[page]) for page in ("p0", "p1")] == [[100.0, 130.25, 160.0], [7.0]]
    assert gaps(times, ["p0", "p1", "never"], 30) == {
        "gap over the interval p50, ms": -250,
        "gap over the interval p99, ms": 250,
        "gap over the interval at most, ms": 250,
    }
    assert gaps(times, ["p1"], 30) == {}


# detection and traffic


def test_detection_counts_from_the_change_to_the_line_on_record() -> None:
    record = [
        b'{"provider":"p1","event":"page_readable","logged_at":"1970-01-01T00:00:01Z"}',
        b'{"provider":"p1","event":"new_incident","logged_at":"1970-01-01T00:16:50Z"}',
        b'{"provider":"p1","event":"new_incident","logged_at":"1970-01-01T00:17:50Z"}',
    ]
    asked = [
        request(page="p1", at=900.0, status=200),  # its first look
        request(page="p1", at=1009.5, status=200),
        request(page="p1", at=1009.7, status=200, document="incidents.json"),
        request(page="p2", at=1009.6, status=200),
    ]

    found = detection({"p1": 1000.0, "p2": 1000.0}, logged_at(record), asked)

    assert found == {
        "changes": 2,
        "changes not logged": 1,
        "detection p50, s": 10.0,
        "detection p99, s": 10.0,
        "requested to logged p50, s": 0.5,
        "requested to logged p99, s": 0.5,
    }


def traffic(requests: list[Request]) -> dict[str, float]:
    counted = Traffic()
    for each in requests:
        counted.add(each)
    return counted.figures()


def test_traffic_is_that_of_quiet_checks() -> None:
    log = [
        request(status=200, sent_bytes=5000),
        request(sent_bytes=100, received_bytes=200, shook_hands=True, resumed=True),
        request(sent_bytes=300, received_bytes=400, connected=False),
    ]

    assert traffic(log) == {
        "bytes received per quiet check": 200,
        "bytes sent per quiet check": 300,
        "connections per quiet check": 0.5,
        "TLS handshakes per quiet check": 0.5,
        "of them resumed": 0.5,
    }
    assert "of them resumed" not in traffic([request()])


def test_a_check_costs_what_all_processes_of_the_tracker_took(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.fleet._CORES", 2)

    found = cpu_figures(
        {"worker": 900, "beat": 100, "printer": 0, "origin": 200, "bench": 20, "machine": 1600}, 1.0, 500
    )

    assert found == {
        "CPU ms per check": 2.0,
        "of which beat": 0.2,
        "of which worker": 1.8,
        "tracker's share of the machine, %": 50.0,
        "origin's, %": 10.0,
        "the measurement's own, %": 1.0,
        "all processes', %": 80.0,
    }


def test_peers_are_compared_within_a_series() -> None:
    def lease(rate: float, cost: float) -> dict[str, float]:
        return {"checks per second": rate, "CPU ms per check": cost, "all processes', %": 90.0}

    ours, theirs = compared(
        {"tracker": [lease(100, 2), lease(200, 2), lease(300, 2)], "peer": [lease(50, 4), lease(50, 1), lease(300, 2)]}
    )

    assert (ours["checks per second"], ours["tracker's rate / its rate"]) == (200, None)
    assert (theirs["checks per second"], theirs["tracker's rate / its rate"]) == (50, 2.0)
    assert theirs["tracker's CPU / its CPU"] == 1.0


# connections that hang


def test_who_waits_is_counted_at_the_client_s_end() -> None:
    table = b"""\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   3: 0100007F:C351 0100007F:1F91 02 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   4: 0100007F:C352 0100007F:1F91 05 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   5: 0100007F:C353 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0
"""

    assert waiting(table, (8080, 8081)) == 2


# the origin without nginx


def test_the_plain_origin_answers_as_nginx_does(tmp_path: Path) -> None:
    site = Site(tmp_path / "site")
    pages = Pages(site.directory, io.StringIO())
    path = SUMMARY_PATH.format(page="p1")

    status, answer = pages.answer(path, b"GET / HTTP/1.1\r\n\r\n")
    [etag] = re.findall(rb"ETag: (\S+)", answer)
    conditional = b"GET / HTTP/1.1\r\nIf-None-Match: " + etag + b"\r\n\r\n"

    assert status == 200
    assert gzip.decompress(answer.partition(b"\r\n\r\n")[2]) == (site.directory / "summary.json").read_bytes()
    assert pages.answer(path, conditional)[0] == 304
    site.change("p1")
    assert pages.answer(path, conditional)[0] == 200
    assert pages.answer(SUMMARY_PATH.format(page="p2"), conditional)[0] == 304
    assert [pages.answer(wrong, conditional)[0] for wrong in ("/", "/x", "/p1/api/v2/status.json")] == [404] * 3


def test_what_the_origin_serves_is_a_page_that_the_tracker_reads(tmp_path: Path) -> None:
    site = Site(tmp_path / "site")
    site.change("p1")

    quiet, changed = (
        read((site.directory / folder / "summary.json").read_bytes(), format="statuspage")
        for folder in (".", "changed/p1")
    )

    assert (len(quiet.components), quiet.incidents) == (COMPONENTS, ())
    assert [incident.id for incident in changed.incidents] == ["i1"]
    assert changed.updated_at > quiet.updated_at
