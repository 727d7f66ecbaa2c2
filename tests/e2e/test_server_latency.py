"""A data server that is 200 ms away: everything arrives later, and everything arrives."""

from pathlib import Path

import pytest

from tests.data_server import DataServer
from tests.e2e.running import RunningTracker, provider
from tests.ports import unused_port
from tests.slow_server import FarAway
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page

pytestmark = pytest.mark.faults

UPDATES = 40


@pytest.mark.faults
def test_every_update_reaches_the_record(tmp_path: Path) -> None:
    pages = [Page(f"page-{number}", id=f"page-{number}") for number in range(6)]
    with DataServer(tmp_path, unused_port()) as server, FarAway(server, 0.2) as far, SimulatedVendor(pages) as vendor:
        entries = "".join(provider(page.id, vendor.url(page.id)) for page in pages)
        with RunningTracker(entries, tmp_path, "--format", "json", environ={"REDIS_URL": far.url}) as tracker:
            tracker.wait_until_watching()
            for number in range(UPDATES):
                pages[number % len(pages)].open_incident(f"Incident {number}", body="We look into it.")
                tracker.wait_for(lambda t, number=number: len(t.record) > number - 10)
            tracker.wait_for(lambda t: len(t.record) >= UPDATES)

            assert sorted(line["incident"] for line in tracker.record) == sorted(
                f"Incident {n}" for n in range(UPDATES)
            )
            assert [event["id"] for event in tracker.events] == [line["id"] for line in tracker.record]
