"""A simulated vendor: status pages over HTTP that play incidents through, for demos, tests and benchmarks."""

from tracker.simulator.misbehaviour import Drop, Hang, Misbehaviour, Raw, Redirect, Slow, Stale, Status, Trickle
from tracker.simulator.platforms import PLATFORMS
from tracker.simulator.request_counter import Counts
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.sites import RecordedSite
from tracker.simulator.story import demo_page, play
from tracker.simulator.vendor import Page

__all__ = [
    "PLATFORMS",
    "Counts",
    "Drop",
    "Hang",
    "Misbehaviour",
    "Page",
    "Raw",
    "RecordedSite",
    "Redirect",
    "SimulatedVendor",
    "Slow",
    "Stale",
    "Status",
    "Trickle",
    "demo_page",
    "play",
]
