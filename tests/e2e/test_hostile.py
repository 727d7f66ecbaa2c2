"""Vendors that attack, through the whole stack: each is reported with one plain reason, and harms nobody else.

What needs a public address to begin with (a redirect from there to an address that is not, a name that leads there
the second time) cannot be played on loopback: it is in tests/contract/test_fetcher.py, over real sockets.
"""

import json
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.hostile_origin import COSTLY, FILE, PASSWORD, PLANTED, REFUSED, REPORTED, HostileOrigin
from tests.e2e.running import RunningTracker, provider
from tests.fakes import provider as known_provider
from tests.patience import PATIENCE_S
from tracker.polling.candidates import plan
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page

#: So much memory a worker may take: what it has when nothing happens, and for each of the eight pages that it asks at a
#: time a body and the window of its decoder (RFC 7932, 9.1).
MOST_MEMORY_MB = 75 + 8 * (8 + 16)
#: Addresses that are not public, in every spelling; the pages do not say `allow_private`.
INSIDE = {
    "loopback": ("127.0.0.1", "127.0.0.1 is not a public address"),
    "a name of loopback": ("localhost", "localhost leads to "),
    "loopback in hexadecimal": ("0x7f000001", "0x7f000001 leads to 127.0.0.1"),
    "loopback in short": ("127.1", "127.1 leads to 127.0.0.1"),
    "loopback in IPv6": ("[::1]", "::1 is not a public address"),
    "IPv4 in IPv6": ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1 is not a public address"),
    "a cloud's metadata": ("169.254.169.254", "169.254.169.254 is not a public address"),
    "any address": ("0.0.0.0", "0.0.0.0 is not a public address"),
}


def peaks_mb(tracker: RunningTracker) -> dict[int, int]:
    """Return the most memory that each worker process had at once (Linux)."""
    pids = [*tracker.children("worker1@"), *tracker.children("worker2@")]
    return {pid: int(re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0]) >> 10 for pid in pids}


def statuses(tracker: RunningTracker) -> dict[str, dict[str, Any]]:
    done = tracker.command("status", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert all(line.isascii() and line.isprintable() for line in done.stdout.splitlines())
    return {report["provider_name"]: report for report in json.loads(done.stdout)}


def lines_of(event: dict[str, Any]) -> int:
    """Return how many lines an event takes on the console."""
    about = event["event"] in ("new_incident", "incident_update", "maintenance_update")
    return 2 + about + (event["link"] is not None)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory, record_testsuite_property) -> "Attacked":
    """Play every attack at once, beside three pages that are well."""
    return Attacked(tmp_path_factory.mktemp("hostile"), record_testsuite_property)


class Attacked:
    """What one run under attack left."""

    def __init__(self, directory: Path, note: Any) -> None:
        healthy = [Page(f"healthy {number}", id=f"healthy-{number}") for number in range(3)]
        with SimulatedVendor(healthy) as vendor, HostileOrigin(REFUSED | REPORTED) as origin:
            entries = [provider(page.revision.name, vendor.url(page.id)) for page in healthy]
            entries += [
                provider(name, origin.url(name), interval=2, **attack.keys)
                for name, attack in (REFUSED | REPORTED).items()
            ]
            port = origin.url("HTML").split(":")[2].split("/")[0]
            entries += [
                provider(name, f"http://{host}:{port}/0/answer.json", allow_private=False, interval=10)
                for name, (host, _) in INSIDE.items()
            ]
            with RunningTracker(COSTLY + "".join(entries), directory, "--workers", "2", "-v") as tracker:
                tracker.wait_until_watching()
                origin.wait_until_read_twice(PATIENCE_S)
                self.memory_before = peaks_mb(tracker)
                origin.attack()
                polls_before = [vendor.counts(page.id).total for page in healthy]
                healthy[0].open_incident("Errors", body="While others were attacked.")
                self._asked_at = time.monotonic()
                self.status = tracker.wait_for(self._all_reported)
                self.shown = [
                    tracker.command(*words).stdout for words in (("status",), ("tail", "-n", "99"), ("incidents",))
                ]
                self.memory_after = peaks_mb(tracker)
                polls_after = [vendor.counts(page.id).total for page in healthy]
                self.polls = [after - before for before, after in zip(polls_before, polls_after, strict=True)]
                self.workers = [*tracker.children("worker1@"), *tracker.children("worker2@")]
        self.asked_in_vain = origin.asked_in_vain
        self.record_text = (tracker.data_dir / "updates.jsonl").read_text(encoding="utf-8")
        self.events = tracker.record
        self.console = tracker.lines
        self.log = tracker.log
        note("memory before, MB", str(sorted(self.memory_before.values())))
        note("memory after, MB", str(sorted(self.memory_after.values())))

    def _all_reported(self, tracker: RunningTracker) -> dict[str, dict[str, Any]] | None:
        """Ask every three seconds, since each question is a process."""
        if time.monotonic() - self._asked_at < 3:
            return None
        self._asked_at = time.monotonic()
        reports = statuses(tracker)
        return reports if all(reports[name]["error"] for name in (*REFUSED, *INSIDE)) else None

    def of(self, name: str) -> list[dict[str, Any]]:
        """Return the events of a page."""
        return [event for event in self.events if event["provider_name"] == name]


@pytest.mark.parametrize("name", REFUSED)
def test_an_attack_is_refused_with_one_reason(attacked: Attacked, name: str) -> None:
    reason = REFUSED[name].reason
    error = attacked.status[name]["error"]

    # After three failures the page's source is looked for without success: that does not hide what began it.
    assert error == reason
    assert [(event["event"], event["message"]) for event in attacked.of(name)] in (
        [],  # not yet unreadable: it failed less than three times
        [("page_unreadable", f"cannot be read: {reason}")],
    )


@pytest.mark.parametrize("name", REPORTED)
def test_an_answer_that_can_be_read_is_read_once(attacked: Attacked, name: str) -> None:
    assert attacked.status[name]["error"] is None
    expected = [REPORTED[name].title, *REPORTED[name].more_titles]
    assert sorted(event["incident"] for event in attacked.of(name) if event["update_id"]) == sorted(expected)


@pytest.mark.parametrize("name", INSIDE)
def test_an_address_inside_is_never_asked(attacked: Attacked, name: str) -> None:
    assert attacked.status[name]["error"].startswith(INSIDE[name][1])
    assert "allow_private is off" in attacked.status[name]["error"]


def test_nothing_refused_or_secret_comes_out(attacked: Attacked) -> None:
    everything = "".join((attacked.record_text, *attacked.console, *attacked.log, json.dumps(attacked.status)))

    assert PLANTED not in everything
    assert PASSWORD not in everything
    assert "root:" not in everything
    endpoints = {urlsplit(candidate.url).path for candidate in plan(known_provider(), known_provider().url)}
    asked = {urlsplit(url).path for url in attacked.asked_in_vain if not url.startswith("/proxy/127.0.0.1:")}
    assert asked <= endpoints, "no more than a search for a page's data asks"
    assert FILE not in "".join(attacked.console).replace(f"{FILE} is neither", "")


def test_the_record_holds_one_printable_ascii_object_a_line(attacked: Attacked) -> None:
    lines = attacked.record_text.split("\n")

    assert lines.pop() == ""
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert len(lines) == len(attacked.events)
    assert max(Counter(event["id"] for event in attacked.events).values()) == 1


def test_the_console_holds_the_lines_it_should_and_nothing_that_could_act_on_a_terminal(attacked: Attacked) -> None:
    assert len(attacked.console) == sum(map(lines_of, attacked.events))
    assert all(line.removesuffix("\n").isprintable() for line in attacked.console)
    assert max(map(len, attacked.console)) < 1100


def test_commands_show_what_the_record_holds_in_plain_lines(attacked: Attacked) -> None:
    assert all(len(shown.splitlines()) > 10 for shown in attacked.shown)
    assert all(line.isprintable() for shown in attacked.shown for line in shown.split("\n"))


def test_the_log_is_plain(attacked: Attacked) -> None:
    assert all(line.removesuffix("\n").isprintable() for line in attacked.log)
    assert "Traceback" not in "".join(attacked.log)
    assert {line[4] + line[10] for line in attacked.log} == {"-T"}  # every line begins with its time


def test_pages_that_are_well_are_polled_and_reported_as_ever(attacked: Attacked) -> None:
    assert [event["incident"] for event in attacked.of("healthy 0")] == ["Errors"]
    # Once a second; fewer on a machine that has other things to do, but never none while a slow page is waited for.
    assert min(attacked.polls) > 2
    assert all(attacked.status[f"healthy {number}"]["error"] is None for number in range(3))


def test_no_worker_grew_large_or_died(attacked: Attacked) -> None:
    assert sorted(attacked.workers) == sorted(attacked.memory_before)
    assert max(attacked.memory_after.values()) < MOST_MEMORY_MB
