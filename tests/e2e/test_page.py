"""The page of a whole tracker: it is there, shows what is logged at once, takes pushes, and ends with the rest."""

import re
import socket
import time
from pathlib import Path

import pytest
import requests

from tests.e2e.running import RunningTracker, provider
from tests.patience import PATIENCE_S
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page
from tracker.web.routes.acts import hook_of

KEY = "k" * 32


def address(tracker: RunningTracker) -> str:
    """Return where the page is, once the log says it."""
    found = tracker.wait_for(lambda t: re.search(r"the page is at (http://127\.0\.0\.1:\d+)/", "".join(t.log)))
    return found[1]


def test_a_push_is_on_record_within_moments_and_the_page_shows_it(tmp_path: Path) -> None:
    page = Page("acme", id="acme")
    with SimulatedVendor([page]) as vendor, socket.create_server(("127.0.0.1", 0)) as taken:
        # By itself it would be asked every five minutes.
        entry = provider("acme", vendor.url("acme"), interval=300)
        options = ("--web", f"127.0.0.1:{taken.getsockname()[1]}", "--format", "json")
        with RunningTracker(entry, tmp_path, *options, environ={"TRACKER_HOOK_KEY": KEY}) as tracker:
            tracker.wait_until_watching()
            url = address(tracker)
            assert not url.endswith(f":{taken.getsockname()[1]}"), "that port is taken"
            assert f"port {taken.getsockname()[1]} is taken" in "".join(tracker.log)
            with requests.get(f"{url}/events", stream=True, timeout=PATIENCE_S) as live:
                lines = live.iter_lines()
                next(lines)
                began = time.monotonic()
                page.open_incident("Errors", impact="major", body="We look into it.", components={})
                pushed = requests.post(f"{url}/hooks/{hook_of(KEY, 'acme')}", data=b"{}", timeout=PATIENCE_S)
                assert pushed.status_code == 200
                tracker.wait_for(lambda t: t.record)
                while not next(lines).startswith(b"id: "):
                    pass
                assert time.monotonic() - began < PATIENCE_S  # not the five minutes
            (incident,) = requests.get(f"{url}/api/v1/incidents", timeout=PATIENCE_S).json()["items"]
            assert incident["title"] == "Errors"
            assert requests.get(f"{url}/readyz", timeout=PATIENCE_S).status_code == 200
            assert tracker.stop() == 0
    assert "did not end" not in "".join(tracker.log)


@pytest.mark.faults
def test_a_page_that_others_could_read_does_not_start(tmp_path: Path) -> None:
    with RunningTracker(provider("acme", "http://127.0.0.1:1"), tmp_path, "--web", "0.0.0.0:0") as tracker:
        assert tracker.process is not None
        assert tracker.process.wait(PATIENCE_S) == 2
    assert "TRACKER_WEB_TOKEN" in "".join(tracker.log)
