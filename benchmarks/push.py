"""How long a vendor's push takes until its update is on record: `python -m benchmarks.push --pushes 60`."""

import argparse
import os
import re
import tempfile
import time
from pathlib import Path

import requests

from tests.e2e.running import RunningTracker, provider
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page
from tracker.web.routes.acts import hook_of

KEY = "k" * 32
#: Between two pushes, so that each finds the tracker at another moment of its second.
PAUSE_S = 0.37


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pushes", type=int, default=40)
    given = parser.parse_args()
    pages = [Page(f"p{number}", id=f"p{number}") for number in range(given.pushes)]
    with tempfile.TemporaryDirectory(prefix="tracker-push-") as directory, SimulatedVendor(pages) as vendor:
        entries = "".join(provider(page.id, vendor.url(page.id), interval=3600) for page in pages)
        options = ("--web", "127.0.0.1:18092", "--format", "json")
        environ = {**os.environ, "TRACKER_HOOK_KEY": KEY}
        with RunningTracker(entries, Path(directory), *options, environ=environ) as tracker:
            tracker.wait_until_watching()
            found = tracker.wait_for(lambda t: re.search(r"page is at (http://127\.0\.0\.1:\d+)/", "".join(t.log)))
            times = sorted(pushed(tracker, found[1], page) for page in pages)
    print(
        f"{len(times)} pushes, until the line is on record: median {times[len(times) // 2]:.2f} s,"
        f" p99 {times[len(times) * 99 // 100]:.2f} s, longest {times[-1]:.2f} s"
    )


def pushed(tracker: RunningTracker, url: str, page: Page) -> float:
    """Return how many seconds it took."""
    time.sleep(PAUSE_S)
    page.open_incident("Errors", impact="major", body="We look into it.", components={})
    record, size = tracker.data_dir / "updates.jsonl", (tracker.data_dir / "updates.jsonl").stat().st_size
    began = time.monotonic()
    requests.post(f"{url}/hooks/{hook_of(KEY, page.id)}", data=b"{}", timeout=10).raise_for_status()
    while record.stat().st_size == size:
        time.sleep(0.005)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
