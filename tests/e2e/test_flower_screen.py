"""Flower over a running tracker, as docs/metrics.md shows it; TRACKER_SCREENS names the folder for its picture."""

import os
import shutil
import socket
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.data_server import DataServer
from tests.e2e.flower_process import flower
from tests.e2e.running import RunningTracker, provider
from tests.patience import PATIENCE_S
from tests.web.browser import running_browser
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="as the other tests of Flower"),
]
PAGES = 20
NAME = "flower.png"


def test_flower_counts_the_tasks_of_a_worker(tmp_path: Path, free_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    pages = [Page(f"Vendor {number}", id=f"vendor-{number}") for number in range(PAGES)]
    (tmp_path / "data-server").mkdir()
    with SimulatedVendor(pages) as vendor, DataServer(tmp_path / "data-server", free_port) as server:
        entries = "".join(provider(page.id, vendor.url(page.id), interval=5) for page in pages)
        with (
            RunningTracker(entries, tmp_path, environ={"REDIS_URL": server.url}) as tracker,
            flower(server.url, port, folder=tmp_path),
            running_browser() as browser,
        ):
            tracker.wait_until_watching()
            shown = browser.new_page(viewport={"width": 1280, "height": 420})
            # Flower writes the page once: a task that it heard of later is on the next one.
            until = time.monotonic() + PATIENCE_S
            while time.monotonic() < until and not shown.get_by_text("workers.tasks.fetch_provider").count():
                shown.goto(f"http://127.0.0.1:{port}/tasks", wait_until="networkidle")
            expect(shown.get_by_text("workers.tasks.fetch_provider").first).to_be_visible()
            shown.screenshot(path=tmp_path / NAME)
    assert (tmp_path / NAME).stat().st_size > 5_000
    if wanted := os.environ.get("TRACKER_SCREENS"):
        shutil.copy(tmp_path / NAME, Path(wanted) / NAME)
