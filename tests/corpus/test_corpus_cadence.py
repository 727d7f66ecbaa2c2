"""Recorded answers, shown at the times at which they were recorded, to polls at either cadence; and the benchmark."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.cadence import Change, History, Played, play
from tests.corpus.series import needs_corpus, series
from tests.fakes import NOON, FakeClock, provider
from tests.vendor import Watch
from tracker.model.provider import Cadence
from tracker.scheduling.cadence import FAST_FOR, SLOW_AFTER
from tracker.scheduling.schedule import next_due

INTERVAL = timedelta(seconds=60)
#: Hours of an outage each, in which answers were recorded every few minutes.
OUTAGES = ("outages__digitalocean_summary_20220620_stale", "outages__github_summary_20250516_edit", "outages__netlify")


def played(files: list[Path], cadence: Cadence, name: str) -> list[tuple[float, bool]]:
    """Poll a page that shows recorded answers; return in seconds how late each was seen, and if at the fast pace."""
    shown = [(recorded_at(file), file.read_bytes()) for file in files]
    acme = provider(id=name, url="https://status.acme.example/recorded", cadence=cadence)
    watch = Watch(FakeClock(shown[0][0]), watched=acme)
    clock = watch.clock
    found = []
    while shown:
        while shown and shown[0][0] <= clock():
            at, body = shown.pop(0)
            incident_at = watch.state.activity.incident_at
            is_fast = incident_at is not None and at - incident_at < FAST_FOR - INTERVAL
            found.append(((clock() - at).total_seconds(), is_fast))
            watch.answers(body)
        watch.poller.poll(acme.id)
        clock.now = watch.pages.commits[-1].due_at or next_due(clock(), acme.id, acme.interval_s)
    return found[1:]


def recorded_at(file: Path) -> datetime:
    (stamp,) = re.findall(r"\d{8}T\d{6}Z", file.name)
    return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


@needs_corpus
@pytest.mark.parametrize("name", [name for name in series() if any(outage in name for outage in OUTAGES)])
def test_in_a_recorded_outage_what_follows_is_seen_sooner(name):
    adaptive, fixed = (
        [seen for phase in range(4) for seen in played(series()[name], cadence, f"acme-{phase}")]
        for cadence in (Cadence.ADAPTIVE, Cadence.FIXED)
    )

    fast = [late_s for late_s, is_fast in adaptive if is_fast]
    assert fast
    assert max(fast) <= 20
    assert max(late_s for late_s, _ in [*adaptive, *fixed]) <= 60
    assert sum(late_s for late_s, _ in adaptive) < sum(late_s for late_s, _ in fixed)


# --- the benchmark ---

#: Hours to the next change, its incident, its status, whether it is a maintenance.
changes = st.tuples(
    st.sampled_from([0.001, 0.9, 1.5, 30.0, 24 * 13.99, 24 * 14.5]),
    st.sampled_from("ab"),
    st.sampled_from(["investigating", "resolved"]),
    st.booleans(),
)


def history(given_changes: list[tuple[float, str, str, bool]]) -> History:
    """Return a history that begins at noon."""
    at, shown = NOON, []
    for hours, incident, status, is_maintenance in given_changes:
        at += timedelta(hours=hours)
        shown.append(Change(at, f"{incident}{is_maintenance}", status, is_maintenance, is_first=True))
    return History("Acme", NOON, at, tuple(shown))


@settings(max_examples=30, deadline=None)
@given(st.lists(changes, min_size=1, max_size=5), st.sampled_from(Cadence))
def test_the_benchmark_counts_what_polling_one_by_one_would(given_changes, cadence):
    acme, known = provider(interval_s=1200, cadence=cadence), history(given_changes)
    at_once, one_by_one = Played(), Played()

    play(known, acme, at_once)
    play(known, acme, one_by_one, skips=False)

    assert at_once.requests == one_by_one.requests
    assert at_once.first_s == pytest.approx(one_by_one.first_s, abs=1e-3)


def test_the_benchmark_knows_paces():
    slow = history(
        [(0.001, "a", "resolved", False), (SLOW_AFTER.total_seconds() / 3600 + 1, "b", "investigating", False)]
    )
    fixed, adaptive = Played(), Played()

    play(slow, provider(cadence=Cadence.FIXED), fixed)
    play(slow, provider(), adaptive)

    assert adaptive.first_while_slow == 1
    assert fixed.requests - 32 <= adaptive.requests <= fixed.requests - 28, "of the last hour's sixty every second"
