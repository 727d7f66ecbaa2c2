"""Recorded answers of real pages, served over HTTP step by step to the real stack."""

import json
from pathlib import Path

import pytest

from tests.corpus.series import clocks_that_move_on, ends, moves, needs_corpus, pairs, series
from tests.e2e.running import RunningTracker, provider
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.sites import RecordedSite

#: The kinds of events that tell an update for the first time.
REPORTED = {"new_incident", "incident_update", "maintenance_update"}


def path_of(files: list[Path]) -> str:
    if files[0].suffix == ".atom":
        return "/history.atom"
    return "/api/v2/incidents.json" if "page" not in json.loads(files[0].read_bytes()) else "/api/v2/summary.json"


@pytest.mark.faults
@needs_corpus
def test_every_series_brings_exactly_the_updates_that_were_not_in_its_first_answer(tmp_path: Path) -> None:
    recorded = {f"series-{number}": files for number, files in enumerate(series().values())}
    sites = {
        name: RecordedSite(name, {path_of(files): [file.read_bytes() for file in files]})
        for name, files in recorded.items()
    }
    with SimulatedVendor(sites.values()) as vendor:
        entries = "".join(provider(name, vendor.url(name) + path_of(files)) for name, files in recorded.items())
        with RunningTracker(entries, tmp_path, "--workers", "2", "--format", "json") as tracker:
            tracker.wait_until_watching()
            for _ in range(max(len(files) for files in recorded.values())):
                for site in sites.values():
                    site.step()
                asked = {name: vendor.counts(name).total for name in sites}
                for name, before in asked.items():
                    # Twice: what is not listed any more has ended when the next answer says so, too.
                    vendor.wait_for(name, lambda counts, before=before: counts.total > before + 2)

    for name, files in recorded.items():
        events = [event for event in tracker.events if event["provider"] == name and event["event"] in REPORTED]
        reported = [(event["incident_id"], event["update_id"]) for event in events]
        assert len(reported) == len(set(reported))
        if files[0].suffix == ".json":
            bodies = [file.read_bytes() for file in files]
            read = clocks_that_move_on(bodies)
            derived = moves(read) | ends(read, answers=1)
            assert set(reported) == (set().union(*map(pairs, bodies)) - pairs(bodies[0])) | derived
        else:
            assert reported
        for incident in {event["incident_id"] for event in events}:
            published = [event["published_at"] for event in events if event["incident_id"] == incident]
            dated = list(filter(None, published))
            assert dated == sorted(dated)
