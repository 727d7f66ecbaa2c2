"""The story that the demo plays, in no time at all, and the command that plays it for real."""

import errno
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tracker.simulator import SimulatedVendor, demo_page, play
from tracker.simulator.__main__ import main
from tracker.simulator.plots import PLOTS
from tracker.simulator.story import SCENES, STORY_S

BEGAN = datetime(2026, 8, 21, tzinfo=UTC)


class Stage:
    """A clock that only waiting moves, and a note of what the pages look like after each wait."""

    def __init__(self, until_s: float) -> None:
        self.reached_s = 0.0
        self.until_s = until_s
        self.pages = []
        self.shown = []

    def clock(self):
        return BEGAN + timedelta(seconds=self.reached_s)

    def page(self, number=1):
        self.pages.append(demo_page(number, clock=self.clock))
        return self.pages[-1]

    def wait(self, seconds):
        assert seconds >= 0
        self.shown.append((self.reached_s, [page.revision for page in self.pages]))
        self.reached_s += seconds
        return self.reached_s > self.until_s

    def first_seen(self, wanted):
        """When a page first looked as wanted."""
        return next(at_s for at_s, revisions in self.shown if wanted(revisions[0]))


def statuses(revision, *, maintenance=False):
    return [item.status for item in revision.incidents if item.is_maintenance is maintenance and not item.is_closed]


@pytest.fixture
def reported():
    stage = Stage(STORY_S * len(PLOTS))
    play([stage.page()], stage.wait)
    return stage


def test_it_begins_with_history_that_is_all_over():
    stage = Stage(0)
    revision = stage.page().revision

    assert len(revision.incidents) == len(PLOTS)
    assert all(incident.is_closed for incident in revision.incidents)
    assert {component.status for component in revision.components} == {"operational"}
    assert revision.updated_at < BEGAN - timedelta(days=1)


def test_an_incident_and_a_maintenance_go_through_in_about_a_minute(reported):
    seen = {}
    for at_s, [revision] in reported.shown:
        for item in revision.incidents[:2]:
            if item.created_at >= BEGAN and at_s < STORY_S:
                seen.setdefault(item.status, at_s)

    order = ["investigating", "identified", "scheduled", "monitoring", "resolved", "in_progress", "completed"]
    assert list(seen) == order
    assert seen["completed"] <= 65


def test_everything_is_well_again_before_the_next_repetition_which_has_another_title(reported):
    ends = [revisions[0] for at_s, revisions in reported.shown if at_s % STORY_S == SCENES[-1][0]]
    titles = [next(item.name for item in revision.incidents if not item.is_maintenance) for revision in ends]

    assert len(titles) == len(PLOTS) == len(set(titles))
    assert all(not statuses(revision) and not statuses(revision, maintenance=True) for revision in ends)
    assert all({c.status for c in revision.components} == {"operational"} for revision in ends)


def test_the_maintenance_begins_when_it_was_announced_to():
    stage = Stage(STORY_S)
    page = stage.page()
    play([page], stage.wait)
    maintenance = next(item for item in page.revision.incidents if item.is_maintenance)

    begun = next(update for update in maintenance.updates if update.status == "in_progress")
    assert abs(begun.created_at - maintenance.scheduled_for) < timedelta(milliseconds=10)


def test_many_pages_take_turns():
    stage = Stage(STORY_S)
    play([stage.page(number) for number in range(1, 5)], stage.wait)
    opened = [
        next(at_s for at_s, revisions in stage.shown if statuses(revisions[number]))
        for number in range(len(stage.pages))
    ]

    assert opened[0] < 3
    assert all(later - earlier == pytest.approx(STORY_S / 4) for earlier, later in pairwise(opened))
    assert len({page.id for page in stage.pages}) == 4


def test_every_plot_names_components_of_the_page():
    names = {component.name for component in demo_page().revision.components}

    assert {name for plot in PLOTS for name in (plot.culprit, plot.victim, plot.maintained)} <= names
    assert all(plot.culprit != plot.victim for plot in PLOTS)


@pytest.fixture
def signal_mask():
    """The command blocks its signals, and a test's process goes on after it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        ([], r"simulated status page at http://127\.0\.0\.1:\d+\n"),
        (["--pages", "2"], r"2 simulated status pages, listed at http://127\.0\.0\.1:\d+\n"),
        (["--quiet"], ""),
    ],
)
@pytest.mark.usefixtures("signal_mask")
def test_the_command_prints_its_address_and_ends_well(capsys, arguments, printed):
    signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)  # waits behind the mask

    assert main(["--port", "0", *arguments]) == 0
    assert re.fullmatch(printed, capsys.readouterr().out)


@pytest.mark.usefixtures("signal_mask")
def test_the_command_says_when_the_port_is_taken(capsys):
    with SimulatedVendor([demo_page()]) as vendor:
        assert main(["--port", vendor.url().rpartition(":")[2]]) == 1

    assert capsys.readouterr().err.startswith(f"cannot listen: {os.strerror(errno.EADDRINUSE)}")


@pytest.mark.parametrize(
    "arguments", [("--pages", "0"), ("--speed", "0"), ("--speed", "inf"), ("--port", "x"), ("--port", "65536")]
)
def test_the_command_refuses_what_makes_no_sense(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)

    assert stopped.value.code == 2
    assert arguments[0] in capsys.readouterr().err


@pytest.mark.parametrize("stop_signal", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_without_a_word(stop_signal):
    command = [sys.executable, "-m", "tracker.simulator", "--port", "0", "--speed", "1000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        url = running.stdout.readline().split()[-1]
        with urllib.request.urlopen(f"{url}/acme-1/api/v2/summary.json", timeout=10) as answer:
            assert answer.status == 200
        running.send_signal(stop_signal)
        out, err = running.communicate(timeout=30)

    assert (running.returncode, out, err) == (0, "", "")
