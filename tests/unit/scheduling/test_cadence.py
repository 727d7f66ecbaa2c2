"""How fast a page is polled: from what is remembered of it to the time of its next poll."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from tests.fakes import NOON, component, incident, page, provider, update
from tests.unit.polling.test_poller import acme
from tests.vendor import Tracker
from tracker.errors import FetchTimeout
from tracker.model.page import Impact, OpenIncident, Snapshot
from tracker.model.page_state import Activity, PageState, PageView, Readability
from tracker.model.provider import Cadence
from tracker.polling.poll_cost import ResponseClass
from tracker.scheduling.cadence import FAST_FOR, SLOW_AFTER, departure_s, longest_pause_s, noted, pace
from tracker.scheduling.schedule import Pace, next_due

SECOND = timedelta(seconds=1)
FIXED = provider(cadence=Cadence.FIXED)


def in_incident(since: timedelta) -> PageState:
    return PageState(seeded=True, activity=Activity(incident_at=NOON - since))


def slow(since: timedelta) -> PageState:
    return PageState(seeded=True, activity=Activity(quiet_since=NOON - since))


# --- the pace ---


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (PageState(), Pace.NORMAL),
        (in_incident(timedelta()), Pace.FAST),
        (in_incident(FAST_FOR - SECOND), Pace.FAST),
        (in_incident(FAST_FOR), Pace.NORMAL),
        (slow(SLOW_AFTER - SECOND), Pace.NORMAL),
        (slow(SLOW_AFTER), Pace.SLOW),
        (in_incident(-SECOND), Pace.NORMAL),
        (slow(-SECOND), Pace.NORMAL),
    ],
)
def test_a_page_is_fast_after_it_moved_in_an_incident_and_slow_after_long(state: PageState, expected: Pace) -> None:
    assert pace(provider(), state, NOON) is expected


@pytest.mark.parametrize("state", [in_incident(timedelta()), slow(2 * SLOW_AFTER)])
def test_a_fixed_cadence_keeps_the_interval(state: PageState) -> None:
    assert pace(FIXED, state, NOON) is Pace.NORMAL
    assert departure_s(FIXED, state, NOON) is None
    assert longest_pause_s(FIXED) == 60


def test_what_departs_from_the_interval_is_reported_but_not_of_a_page_that_fails() -> None:
    assert departure_s(provider(), in_incident(timedelta()), NOON) == 20
    assert departure_s(provider(), slow(SLOW_AFTER), NOON) == 120 == longest_pause_s(provider())
    assert departure_s(provider(), PageState(), NOON) is None
    assert departure_s(provider(interval_s=15), in_incident(timedelta()), NOON) is None, "it is fast already"
    assert departure_s(provider(), replace(in_incident(timedelta()), readability=Readability(failures=1)), NOON) is None


# --- what is noted of an answer ---


def opened(incident_id: str = "i1", **fields: object) -> OpenIncident:
    plain = {"id": incident_id, "name": "Slow", "status": "investigating", "is_followed": True}
    return OpenIncident(**plain | fields)


def noted_at_noon(state: PageState, *open_incidents: OpenIncident, has_changed: bool = True, **fields: object):
    view = PageView(open_incidents=open_incidents)
    return noted(provider(**fields), state, view, NOON, has_changed=has_changed)


SEEDED = PageState(seeded=True)


def test_an_incident_counts_from_the_last_change_of_the_page() -> None:
    first = noted_at_noon(SEEDED, opened())
    assert first.activity.incident_at == NOON

    before = in_incident(timedelta(minutes=30))
    assert noted_at_noon(before, opened(), has_changed=False).activity.incident_at == NOON - timedelta(minutes=30)
    assert noted_at_noon(before, opened()).activity.incident_at == NOON
    assert noted_at_noon(before).activity.incident_at is None, "it is over"


@pytest.mark.parametrize(
    ("posted_at", "counts_from"),
    [(NOON - timedelta(days=20), NOON - timedelta(days=20)), (NOON + timedelta(hours=1), NOON), (None, NOON)],
)
def test_at_first_sight_it_counts_from_its_vendors_date(posted_at: datetime | None, counts_from: datetime) -> None:
    shown = (opened("i0", updated_at=NOON - timedelta(days=90)), opened(updated_at=posted_at))

    assert noted_at_noon(PageState(), *shown[posted_at is None :]).activity.incident_at == counts_from


@pytest.mark.parametrize(
    ("shown", "fields"),
    [
        (opened(is_followed=False), {}),
        (opened(impact=Impact.MAINTENANCE), {}),
        (opened(), {"events": ("maintenance_update",)}),
        (opened(), {"events": ("!incident_update", "!component_status_change")}),
    ],
)
def test_what_nobody_wants_to_hear_of_makes_no_page_fast(shown: OpenIncident, fields: dict[str, object]) -> None:
    after = noted_at_noon(SEEDED, shown, **fields)

    assert after.activity.incident_at is None
    assert after.activity.quiet_since is None, "nor is the page calm"


@pytest.mark.parametrize("kind", ["incident_update", "component_status_change"])
def test_who_wants_to_hear_of_what_follows_is_fast_for(kind: str) -> None:
    assert noted_at_noon(SEEDED, opened(), events=(kind,)).activity.incident_at == NOON


@pytest.mark.parametrize("list_name", ["open_maintenances", "planned_maintenances"])
def test_maintenance_makes_a_page_neither_fast_nor_slow(list_name: str) -> None:
    view = PageView(**{list_name: (opened(),)})

    after = noted(provider(), slow(SLOW_AFTER), view, NOON, has_changed=False)

    assert (after.activity.incident_at, after.activity.quiet_since) == (None, None)


def test_the_slow_pace_begins_with_the_last_change_or_with_the_end_of_all_that_goes_on() -> None:
    assert noted_at_noon(PageState()).activity.quiet_since == NOON
    assert noted_at_noon(slow(SLOW_AFTER)).activity.quiet_since == NOON
    assert noted_at_noon(slow(SLOW_AFTER), has_changed=False).activity.quiet_since == NOON - SLOW_AFTER
    assert noted_at_noon(in_incident(timedelta()), has_changed=False).activity.quiet_since == NOON


# --- polls ---


def pauses(tracker: Tracker, polls: int = 1) -> list[int]:
    """Poll when it is due, so many times; return the seconds from each poll to the next due time."""
    found = []
    for _ in range(polls):
        now = tracker.clock()
        assert tracker.poller.poll("acme") is not None
        # The scheduler sets the plain one when it claims.
        due = tracker.pages.commits[-1].due_at or next_due(now, "acme", 60)
        tracker.clock.passes(seconds=(due - now).total_seconds())
        found.append(round((due - now).total_seconds()))
    return found


@pytest.fixture
def tracker() -> Tracker:
    """A tracker that has seen an empty page, when that is due again."""
    seeded = Tracker()
    seeded.shows(acme(minute=0), etag='"0"')
    pauses(seeded)
    assert pauses(seeded, 2) == [60, 60]
    assert [commit.due_at for commit in seeded.pages.commits] == [None, None, None]
    return seeded


def test_an_incident_is_fast_for_until_it_is_over(tracker: Tracker) -> None:
    tracker.shows(acme(incident("i1", update("u1", 1)), minute=1), etag='"1"')
    assert pauses(tracker, 7) == [20] * 7
    assert [commit.state for commit in tracker.pages.commits[-6:]] == [None] * 6, "quiet polls write no state"

    over = incident("i1", update("u1", 1), update("u2", 2, "resolved"))
    tracker.shows(acme(over, minute=2), etag='"2"')
    back_to_phase, *plain = pauses(tracker, 3)
    assert back_to_phase in {20, 40, 60}
    assert plain == [60, 60]
    assert tracker.state.activity.incident_at is None
    assert tracker.state.activity.quiet_since is not None


def test_a_page_that_stamps_itself_anew_does_not_prolong_the_fast_pace(tracker: Tracker) -> None:
    found = []
    for minute in range(1, 200):
        tracker.shows(acme(incident("i1", update("u1", 1)), minute=minute))
        found += pauses(tracker)

    assert (found[0], found[-1]) == (20, 60)


def test_a_page_without_any_change_for_long_is_polled_half_as_often_until_it_changes(tracker: Tracker) -> None:
    tracker.clock.passes(seconds=SLOW_AFTER.total_seconds())
    onto_its_grid, *quiet = pauses(tracker, 5)
    assert onto_its_grid in {60, 120}
    assert quiet == [120] * 4
    assert [commit.state for commit in tracker.pages.commits[-5:]] == [None] * 5

    tracker.shows(page(components=(component("api", "major_outage"), component("web"))))
    assert pauses(tracker, 3) == [60] * 3


@pytest.mark.parametrize(
    ("filters", "shown"),
    [
        ({"components": ("web",)}, page(components=(component("api", "major_outage"), component("web")))),
        (
            {"min_impact": Impact.CRITICAL},
            acme(incident("i1", update("u1", 1), update("u2", 2, "resolved"), impact=Impact.MINOR), minute=2),
        ),
    ],
    ids=["a component", "a brief incident"],
)
def test_what_is_left_out_ends_the_slow_pace_too(filters: dict[str, object], shown: Snapshot) -> None:
    tracker = Tracker(**filters)
    tracker.shows(acme(minute=0))
    pauses(tracker)
    tracker.clock.passes(seconds=SLOW_AFTER.total_seconds())
    assert pauses(tracker, 2)[1] == 120

    tracker.shows(shown)
    assert pauses(tracker, 2) == [60] * 2
    assert tracker.ids() == []


def test_polls_that_fail_or_bring_an_older_answer_leave_the_pace_alone(tracker: Tracker) -> None:
    opening = incident("i1", update("u1", 10))
    tracker.shows(acme(opening, minute=10), etag='"1"')
    pauses(tracker)
    remembered = (tracker.state.activity.incident_at, tracker.state.activity.quiet_since)

    tracker.fails(FetchTimeout("no answer within 10 s"))
    assert 54 <= pauses(tracker)[0] <= 66, "it is tried again later, not in a hurry"
    assert (tracker.state.activity.incident_at, tracker.state.activity.quiet_since) == remembered

    tracker.shows(acme(minute=5))
    pauses(tracker)
    assert pauses(tracker) == [20]
    cost = tracker.pages.commits[-1].cost
    assert cost is not None
    assert cost.ending == ResponseClass.STALE
    assert (tracker.state.activity.incident_at, tracker.state.activity.quiet_since) == remembered
