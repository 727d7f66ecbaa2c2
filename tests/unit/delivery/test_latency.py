"""How long updates take, what part of it can be ours, and what is not counted as a delay at all."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import NOON, event
from tracker.delivery.latency import Latency, Spread, Timing, latency, nearest_rank, timing
from tracker.model.event import EventKind

seconds = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))
timings = st.builds(
    Timing, stream_id=st.just("1-0"), published_s=seconds, unseen_s=st.floats(0, 1e6), logged_s=st.floats(0, 1e3)
)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def took(published_s: float, unseen_s: float = 60.0, logged_s: float = 0.5) -> Timing:
    return Timing(stream_id="1-0", published_s=published_s, unseen_s=unseen_s, logged_s=logged_s)


# --- percentiles ---


@given(st.lists(seconds, min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_enough_do_not_exceed(values: list[float], percent: int) -> None:
    found = nearest_rank(sorted(values), percent)

    def share_up_to(value: float) -> float:
        return 100 * sum(each <= value for each in values) / len(values)

    assert found in values
    assert share_up_to(found) >= percent
    assert all(share_up_to(value) < percent for value in values if value < found)


# --- what is a delay ---


@given(st.lists(timings))
def test_every_update_counts_once_and_no_delay_exceeds_what_can_be_ours(known: list[Timing]) -> None:
    figures = latency(known)

    assert figures.updates + figures.late + figures.ahead == len(known)
    if figures.updates:
        assert 0 <= figures.published_to_seen.p50_s <= figures.ours_at_most.p50_s
        assert figures.published_to_seen.p95_s <= figures.ours_at_most.p95_s


@pytest.mark.parametrize("published_s", [0.0, 42.0, 60.0])
def test_an_update_from_between_two_polls_is_timed(published_s: float) -> None:
    assert latency([took(published_s)]) == Latency(
        updates=1,
        published_to_seen=Spread(p50_s=published_s, p95_s=published_s),
        ours_at_most=Spread(p50_s=60.0, p95_s=60.0),
        seen_to_logged=Spread(p50_s=0.5, p95_s=0.5),
    )


@pytest.mark.parametrize(
    ("timings", "figures"),
    [
        ([], Latency(updates=0, published_to_seen=Spread(p50_s=None, p95_s=None))),
        ([took(60.001), took(90_000.0)], Latency(late=2)),
        ([took(-0.001), took(-3 * 86400.0)], Latency(ahead=2)),
        # The last poll is later than this one then.
        ([took(10.0, unseen_s=-3600.0), took(-10.0, unseen_s=-3600.0)], Latency(late=2)),
    ],
    ids=["nothing", "before a poll that did not show the update", "to come", "by a clock that was put back"],
)
def test_a_date_that_can_be_no_delay_is_counted_and_not_timed(timings: list[Timing], figures: Latency) -> None:
    assert latency(timings) == figures


# --- what is timed ---


@pytest.mark.parametrize(
    "kind", [EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE, EventKind.MAINTENANCE_UPDATE], ids=str
)
def test_a_new_update_is_timed_from_the_vendors_date_to_the_record(kind: EventKind) -> None:
    reported = event(event=kind, published_at=at(-42), unseen_since=at(-60), seen_at=at(0.25))

    assert timing(reported, "7-1", at(0.75)) == Timing(stream_id="7-1", published_s=42.25, unseen_s=60.25, logged_s=0.5)


@pytest.mark.parametrize(
    "fields",
    [
        {"published_at": None},
        {"unseen_since": None},
        {"event": EventKind.UPDATE_EDITED},
        {"event": EventKind.UPDATE_WITHDRAWN},
        {"event": EventKind.COMPONENT_STATUS_CHANGE},
        {"event": EventKind.PAGE_READABLE},
    ],
    ids=lambda fields: "-".join(f"{name} {value}" for name, value in fields.items()),
)
def test_what_has_no_date_or_is_no_new_update_is_not_timed(fields: dict[str, object]) -> None:
    reported = event(**{"published_at": at(-42), "unseen_since": at(-60)} | fields)

    assert timing(reported, "7-1", at(1)) is None
