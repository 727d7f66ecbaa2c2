"""No room: what cannot be written waits, is reported in plain words, and comes out once there is room again."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.running import RunningTracker, provider
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page

pytestmark = [pytest.mark.faults, pytest.mark.skipif(sys.platform != "linux", reason="limits and mounts of Linux")]


#: A process with limited files keeps no bytecode: what it wrote of it in part would stay for later processes.
LIMITED = {"PYTHONDONTWRITEBYTECODE": "1"}


def titles(tracker: RunningTracker) -> list[str]:
    return [event["incident"] for event in tracker.record]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with 3 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting takes privileges")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(path: Path) -> None:
    """Take all the room that is left."""
    with path.open("wb", buffering=0) as stream:
        try:
            while stream.write(bytes(4096)) == 4096:
                pass
        except OSError:
            return


def test_a_record_that_cannot_grow_holds_whole_lines_and_goes_on_later(tmp_path: Path) -> None:
    page = Page("acme", id="acme")
    with (
        SimulatedVendor([page]) as vendor,
        RunningTracker(provider("acme", vendor.url("acme")), tmp_path, "--format", "json", environ=LIMITED) as tracker,
    ):
        tracker.wait_until_watching()
        page.open_incident("First", body="We look into it.")
        tracker.wait_for(lambda t: t.events)
        (printer,) = tracker.children("printer@")
        size = (tracker.data_dir / "updates.jsonl").stat().st_size
        _, hard = resource.prlimit(printer, resource.RLIMIT_FSIZE)
        resource.prlimit(printer, resource.RLIMIT_FSIZE, (size + 10, hard))  # the next line fits in part
        page.open_incident("Second", body="We look into it.")
        tracker.wait_for(lambda t: any("updates wait in the stream: cannot write" in line for line in t.log))
        while_full = (tracker.data_dir / "updates.jsonl").read_bytes()
        page.open_incident("Third", body="We look into it.")
        resource.prlimit(printer, resource.RLIMIT_FSIZE, (hard, hard))
        tracker.wait_for(lambda t: len(t.events) == 3)

    assert len(while_full) == size
    assert titles(tracker) == ["First", "Second", "Third"]
    assert [event["incident"] for event in tracker.events] == ["First", "Second", "Third"]
    assert "Traceback" not in "".join(tracker.log)


def test_a_full_disk_is_reported_in_one_sentence_and_costs_no_update(small_disk: Path) -> None:
    page = Page("acme", id="acme")
    with (
        SimulatedVendor([page]) as vendor,
        RunningTracker(provider("acme", vendor.url("acme")), small_disk, "--format", "json") as tracker,
    ):
        tracker.wait_until_watching()
        page.open_incident("First", body="We look into it.")
        tracker.wait_for(lambda t: t.events)
        fill(small_disk / "filler")
        page.open_incident("Second", body="We look into it.")
        tracker.wait_for(lambda t: any("No space left on device" in line for line in t.log if " tracker: " in line))
        page.open_incident("Third", body="We look into it.")
        (small_disk / "filler").unlink()
        tracker.wait_for(lambda t: len(t.events) == 3)
        recorded = titles(tracker)

    (sentence,) = [line for line in tracker.log if " tracker: " in line and "No space left" in line]
    assert "the data server does not answer as it should" in sentence
    assert recorded == ["First", "Second", "Third"]
    assert [event["incident"] for event in tracker.events] == ["First", "Second", "Third"]
    assert "Traceback" not in "".join(tracker.log)
