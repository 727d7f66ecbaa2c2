"""Two whole trackers on one data server: the second is refused, or has a namespace of its own."""

import signal
from pathlib import Path

import pytest

from tests.data_server import DataServer
from tests.e2e.running import RunningTracker, provider
from tests.ports import unused_port
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page
from tracker.store.connection import connect

pytestmark = pytest.mark.faults


def tracker(page: Page, vendor: SimulatedVendor, directory: Path, environ: dict[str, str]) -> RunningTracker:
    directory.mkdir(exist_ok=True)
    return RunningTracker(provider(page.id, vendor.url(page.id)), directory, "--format", "json", environ=environ)


def test_a_second_tracker_is_refused_until_it_has_a_namespace(tmp_path: Path) -> None:
    pages = [Page("red", id="red"), Page("blue", id="blue")]
    with DataServer(tmp_path, unused_port()) as server, SimulatedVendor(pages) as vendor:
        shared = {"REDIS_URL": server.url}
        with tracker(pages[0], vendor, tmp_path / "one", shared) as one:
            one.wait_until_watching()
            second = tracker(pages[1], vendor, tmp_path / "two", shared)
            second.start()
            assert second.process is not None
            second.process.wait(60)
            assert second.stop() == 2
            (sentence,) = [line for line in second.log if line.startswith("tracker: ")]
            assert "another tracker watches its pages with this data server: " in sentence
            assert f"{one.providers_file} on " in sentence
            assert "--namespace NAME" in sentence

            refused = second.command("providers", "sync", str(second.providers_file))
            assert refused.returncode == 2
            assert "--take-over" in refused.stderr
            assert one.command("providers", "sync", str(one.providers_file)).returncode == 0

            apart = shared | {"TRACKER_NAMESPACE": "team-b"}
            with tracker(pages[1], vendor, tmp_path / "two", apart) as two:
                two.wait_until_watching()
                for number in range(3):
                    for page, running in zip(pages, (one, two), strict=True):
                        page.open_incident(f"{page.id} {number}", body="We look into it.")
                        running.wait_for(lambda t, number=number: len(t.record) > number)
                for page, running in zip(pages, (one, two), strict=True):
                    titles = [line["incident"] for line in running.record]
                    assert titles == [f"{page.id} {number}" for number in range(3)]
                assert "blue" in two.command("status").stdout
                named = one.command_without_data("--namespace", "team-b", "status", "--data-dir", str(two.data_dir))
                assert "blue" in named.stdout
                assert "blue" not in one.command("status").stdout
                with connect(server.url) as client:
                    keys = [key.decode() for key in client.scan_iter()]
                assert not [key for key in keys if "blue" in key and not key.startswith("team-b:tracker:")]
                assert [key for key in keys if key.startswith("team-b:_kombu")]


@pytest.mark.faults
def test_a_killed_tracker_goes_on_at_once_and_another_one_waits_for_its_lease(tmp_path: Path) -> None:
    pages = [Page("red", id="red"), Page("blue", id="blue")]
    with DataServer(tmp_path, unused_port()) as server, SimulatedVendor(pages) as vendor:
        shared = {"REDIS_URL": server.url}
        with tracker(pages[0], vendor, tmp_path / "one", shared) as one:
            one.wait_until_watching()
            one.stop(signal.SIGKILL)
            other = tracker(pages[1], vendor, tmp_path / "two", shared)
            other.start()
            assert other.process is not None
            other.process.wait(60)
            assert other.stop() == 2

            one.start()
            one.wait_until_watching()
            pages[0].open_incident("After", body="We look into it.")
            one.wait_for(lambda t: "After" in [line["incident"] for line in t.record])
        other.start()
        other.wait_until_watching()
        other.stop()
