"""Files that the tracker writes are torn by a power loss, or moved away while it runs."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.running import RunningTracker, provider
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page

pytestmark = pytest.mark.faults


@pytest.fixture
def page() -> Page:
    return Page("acme", id="acme")


@pytest.fixture
def tracker(page: Page, tmp_path: Path) -> Iterator[RunningTracker]:
    with (
        SimulatedVendor([page]) as vendor,
        RunningTracker(provider("acme", vendor.url("acme")), tmp_path, "--format", "json") as running,
    ):
        running.wait_until_watching()
        yield running


def opened(page: Page, tracker: RunningTracker, title: str) -> None:
    page.open_incident(title, body="We look into it.")
    tracker.wait_for(lambda t: title in [event["incident"] for event in t.events])


def test_a_power_loss_that_tears_the_data_servers_file_stops_nobody(page: Page, tracker: RunningTracker) -> None:
    opened(page, tracker, "Before")
    tracker.stop(signal.SIGKILL)
    (file,) = (tracker.data_dir / "server" / "appendonlydir").glob("*.incr.aof")
    with file.open("ab") as stream:
        stream.write(b"*3\r\n$3\r\nSET\r\n" + bytes(65_536))
    tracker.start()
    tracker.wait_until_watching()
    opened(page, tracker, "After")

    assert len([line for line in tracker.log if "they are cut off" in line]) == 1
    assert [line["incident"] for line in tracker.record] == ["Before", "After"]


def test_a_record_that_is_moved_away_begins_anew_and_loses_nothing(page: Page, tracker: RunningTracker) -> None:
    record = tracker.data_dir / "updates.jsonl"
    opened(page, tracker, "Before")
    record.rename(record.with_suffix(".1"))
    opened(page, tracker, "Between")
    record.unlink()
    opened(page, tracker, "After")

    lines = record.with_suffix(".1").read_text().splitlines()
    assert [json.loads(line)["incident"] for line in lines] == ["Before"]
    assert [line["incident"] for line in tracker.record] == ["After"]
    assert [event["incident"] for event in tracker.events] == ["Before", "Between", "After"]
