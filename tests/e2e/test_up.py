"""The whole stack as a user starts it: real data server, beat, workers and printer against the simulated vendor."""

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.running import RunningTracker, provider
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page


def updates(tracker: RunningTracker, name: str) -> list[tuple[str, str]]:
    return [
        (event["incident"], event["status"])
        for event in tracker.events
        if event["provider"] == name and event["event"] in ("new_incident", "incident_update")
    ]


def timed(tracker: RunningTracker) -> int:
    """Return how many updates `tracker status --latency` has timed."""
    return json.loads(tracker.command("status", "--latency", "--format", "json").stdout)["total"]["updates"]


@pytest.mark.faults
def test_a_page_with_another_name_in_the_file_goes_on_at_once_and_after_a_restart(tmp_path: Path) -> None:
    page = Page("acme", id="acme")
    with SimulatedVendor([page]) as vendor:
        names = ("Acme", "Acme Inc", "Acme Group")
        first, second, third = (provider(name, vendor.url("acme"), first_sight="open") for name in names)
        incident = page.open_incident("Errors", body="We look into it.")
        tracker = RunningTracker(first, tmp_path, "--workers", "2", "--format", "json")
        with tracker:
            tracker.wait_for(lambda t: updates(t, "acme"))
            tracker.providers_file.write_text(second)
            synced = tracker.command("providers", "sync", str(tracker.providers_file))
            page.post_update(incident, "monitoring", "Under the second name.")
            tracker.wait_for(lambda t: len(updates(t, "acme")) == 2)
        tracker.providers_file.write_text(third)
        with tracker:
            tracker.wait_until_watching()
            log = "".join(tracker.log)
            page.resolve(incident, "Under the third name.")
            tracker.wait_for(lambda t: len(updates(t, "acme")) == 3)

    assert [(event["provider"], event["provider_name"], event["status"]) for event in tracker.events] == [
        ("acme", "Acme", "investigating"),
        ("acme", "Acme Inc", "monitoring"),
        ("acme", "Acme Group", "resolved"),
    ]
    assert 'Acme Inc (acme); their updates are not reported again. Their ids stay; write id = "acme"' in synced.stdout
    assert "Acme Group (acme)" in log


@dataclass
class Running:
    """A tracker that goes on from test to test, whatever is done to it."""

    tracker: RunningTracker
    vendor: SimulatedVendor
    #: By the format that each is read in.
    pages: dict[str, Page]
    #: Not in its catalogue.
    other: Page

    @property
    def page(self) -> Page:
        return self.pages["json"]

    def reported_of(self, incident: str, provider_id: str | None = None) -> list[str]:
        """Return the statuses of an incident that came out, of all pages or of one."""
        return [
            event["status"]
            for event in self.tracker.events
            if event["incident"] == incident and provider_id in (None, event["provider"])
        ]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    pages = {name: Page(name, id=name) for name in ("json", "atom", "rss")}
    pages["incidentio"] = Page("incidentio", id="incidentio", platform="incidentio")
    other, below = Page("other", id="other"), {"atom": "/history.atom", "rss": "/history.rss"}
    with SimulatedVendor([*pages.values(), other]) as vendor:
        entries = "".join(provider(name, f"{vendor.url(name)}{below.get(name, '')}") for name in pages)
        directory = tmp_path_factory.mktemp("running")
        with RunningTracker(entries, directory, "--workers", "2", "--format", "json") as tracker:
            tracker.wait_until_watching()
            yield Running(tracker, vendor, pages, other)


def test_updates_of_json_atom_rss_and_incidentio_pages_come_out_once_and_in_order(running: Running) -> None:
    tracker, pages = running.tracker, running.pages
    before = len(tracker.events)
    opened = {
        name: page.open_incident("Formats", impact="major", body="We look.", components={"API": "major_outage"})
        for name, page in pages.items()
    }
    tracker.wait_for(lambda _: all(running.reported_of("Formats", name) for name in pages))
    for name, page in pages.items():
        page.post_update(opened[name], "identified", "It is the database.")
        page.resolve(opened[name], "It is over.")
    tracker.wait_for(lambda _: all(len(running.reported_of("Formats", name)) >= 3 for name in pages))
    events = tracker.events[before:]

    for name in pages:
        assert running.reported_of("Formats", name) == ["investigating", "identified", "resolved"]
    kinds = Counter(event["event"] for event in events if event["incident"] and event["provider"] == "json")
    assert kinds == {"new_incident": 1, "incident_update": 2}
    changes = [event for event in events if event["event"] == "component_status_change"]
    assert {event["provider"] for event in changes} == {"json", "incidentio"}
    lines = {line["id"]: line for line in tracker.record}
    assert [{key: lines[event["id"]][key] for key in event} for event in events] == events


def test_a_restart_goes_on_and_prints_nothing_twice(running: Running) -> None:
    tracker, page = running.tracker, running.page
    before = timed(tracker)
    incident = page.open_incident("Restart", body="We look into it.")
    tracker.wait_for(lambda _: running.reported_of("Restart"))
    assert tracker.stop() == 0
    page.post_update(incident, "monitoring", "While nobody watched.")
    tracker.start()
    tracker.wait_for(lambda _: len(running.reported_of("Restart")) >= 2)
    # The console is written before the timings are.
    tracker.wait_for(lambda t: timed(t) >= before + 2)

    assert running.reported_of("Restart") == ["investigating", "monitoring"]
    recorded = [line for line in tracker.record if line["incident"] == "Restart"]
    assert [line["status"] for line in recorded] == ["investigating", "monitoring"]
    for line in recorded:
        assert line["unseen_since"] <= line["published_at"] <= line["seen_at"] <= line["logged_at"]


@pytest.mark.parametrize("marker", ["worker1@", "printer@", "valkey-server"])
def test_a_child_that_is_killed_comes_back_and_nothing_is_lost(running: Running, marker: str) -> None:
    tracker, page = running.tracker, running.page
    (victim,) = tracker.children(marker)
    os.kill(victim, signal.SIGKILL)
    incident = page.open_incident(f"Without {marker}", body="We look into it.")
    tracker.wait_for(lambda _: running.reported_of(f"Without {marker}"))
    tracker.wait_for(lambda t: t.children(marker) not in ([], [victim]))
    page.resolve(incident)
    tracker.wait_for(lambda _: len(running.reported_of(f"Without {marker}")) >= 2)

    assert running.reported_of(f"Without {marker}") == ["investigating", "resolved"]


def test_a_second_tracker_on_the_same_data_directory_is_refused(running: Running) -> None:
    second = running.tracker.command("up", "--providers", str(running.tracker.providers_file))

    assert second.returncode == 2
    assert "another tracker runs on" in second.stderr
    assert len(second.stderr.splitlines()) == 1


@pytest.mark.faults
def test_providers_come_and_go_while_it_runs(running: Running) -> None:
    tracker = running.tracker
    added = tracker.command(
        "providers", "add", running.vendor.url("other"), "--name", "other", "--interval", "1", "--allow-private"
    )
    running.vendor.wait_for("other", lambda counts: counts.total > 1)
    running.other.open_incident("Elsewhere", body="We look into it.")
    tracker.wait_for(lambda _: running.reported_of("Elsewhere"))
    listed = tracker.command("providers", "list")
    status = tracker.command("status")
    removed = tracker.command("providers", "remove", "other")
    listed_after = tracker.command("providers", "list")

    assert (added.returncode, removed.returncode) == (0, 0)
    assert "other" in listed.stdout
    assert "other" not in listed_after.stdout
    assert "Elsewhere (investigating)" in status.stdout


@pytest.mark.faults
def test_pages_that_cannot_be_reached_are_reported_in_one_plain_line(tmp_path: Path) -> None:
    entries = "".join(provider(f"page {number}", f"http://127.0.0.1:9/{number}") for number in range(30))
    with RunningTracker(entries, tmp_path) as tracker:
        tracker.wait_for(lambda t: any("none of 30 pages can be read" in line for line in t.log))

    assert "Traceback" not in "".join(tracker.log)
    assert tracker.lines == []
    assert len([line for line in tracker.log if "can be read" in line]) == 1
    assert len(tracker.log) < 8


@pytest.mark.faults
def test_a_broken_catalogue_stops_the_start_with_one_sentence(tmp_path: Path) -> None:
    tracker = RunningTracker('[[provider]]\nname = "A"\nurl = "https://a.example"\nintervall = 5\n', tmp_path)
    tracker.start()
    assert tracker.process is not None
    status = tracker.process.wait(60)
    tracker.stop()

    assert status == 2
    (line,) = tracker.log
    assert "providers.toml" in line
    assert '"A"' in line
    assert "intervall" in line
