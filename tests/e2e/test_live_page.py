"""A whole tracker, a vendor that breaks, and a browser that looks on: what happens shows without a reload."""

import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.running import RunningTracker
from tests.patience import PATIENCE_S
from tests.web.browser import running_browser
from tracker.model.page import ComponentStatus, Impact
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.story import demo_page

pytestmark = pytest.mark.browser

_TITLE = "Checkout fails for all customers"


def _is_it(event: dict[str, Any]) -> bool:
    return event.get("incident") == _TITLE


@pytest.mark.faults
def test_an_incident_shows_without_a_reload(tmp_path: Path) -> None:
    page = demo_page()
    with SimulatedVendor([page]) as vendor, running_browser() as browser:
        providers = f'[[provider]]\nname = "Acme"\nurl = "{vendor.url(page.id)}"\nallow_private = true\ninterval = 1\n'
        with RunningTracker(providers, tmp_path, "--format", "json", "--web", "127.0.0.1:0") as tracker:
            tracker.wait_until_watching()
            url = tracker.wait_for(lambda running: re.search(r"http://127[^\s/]+", "".join(running.log)))[0]
            tab = browser.new_page(base_url=url)
            tab.set_default_timeout(PATIENCE_S * 1000)
            tab.goto("/")
            expect(tab.locator("details[data-fold] tr[data-key=acme] .st.ok")).to_have_count(
                1, timeout=PATIENCE_S * 1000
            )
            tab.evaluate("window.isSame = true")
            component = next(iter(page.revision.components)).id
            page.open_incident(
                _TITLE, Impact.MAJOR, "investigating", "We look.", {component: ComponentStatus.MAJOR_OUTAGE}
            )
            tab.get_by_role("link", name=_TITLE).wait_for()
            shown_at = time.time()

            assert tab.evaluate("window.isSame") is True
            event = tracker.wait_for(
                lambda running: next((e for e in running.record if e.get("incident") == _TITLE), None)
            )
            entered_at = int(event["stream_id"].partition("-")[0]) / 1000
            sys.stdout.write(f"\nshown {shown_at - entered_at:.2f} s after its entry in the stream\n")
            tab.get_by_role("link", name=_TITLE).click()
            expect(tab.locator(".log")).to_contain_text("We look.")
