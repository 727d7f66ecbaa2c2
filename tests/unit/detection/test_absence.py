"""What full lists, and lists of the newest, no longer hold."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fakes import NOON, component, incident, incidents_json, page, summary, update
from tests.strategies import snapshots
from tests.unit.detection.test_changes import Memory
from tests.vendor import INCIDENTS, SCHEDULED, SUMMARY, Tracker
from tracker.detection.changes import Changes, changes
from tracker.errors import HttpStatusError
from tracker.model.page import CLOSED_STATUSES, Incident, Omission, Reach, Snapshot
from tracker.polling.known import UNSETTLED_FOR
from tracker.polling.poll_cost import ResponseClass

OLDER = incident("i0", update("o1", 1), update("o2", 2, "resolved"))
OPEN = incident("i1", update("u1", 10), update("u2", 20, "identified"))
YOUNGER = incident("i2", update("y1", 30, "resolved"))
END = ("i1/ended/u2", "resolved")


def reported_of(found: Changes) -> list[tuple[str, str]]:
    return [(piece.event.id.removeprefix("acme/"), piece.event.status) for piece in found.pending]


class Answers:
    """Somebody who knows of an open incident, and reads answers of some reach."""

    def __init__(self, *known: Incident, **fields: object) -> None:
        self._fields = fields
        self._memory = Memory()
        self._memory.polls(page())
        self._memory.polls(page(*known))

    def lists(self, *incidents: Incident, **fields: object) -> list[tuple[str, str]]:
        """Return what is reported of an answer."""
        found = changes(
            self._memory.provider,
            replace(
                self._memory.before, **{key: fields.pop(key) for key in ("absence_counts", "in_full") if key in fields}
            ),
            page(*incidents, **self._fields | fields),
            NOON + timedelta(hours=1),
        )
        reported = [piece.key for piece in found.pending if piece.key is not None]
        self._memory.before = replace(
            self._memory.before, view=found.view, seen=self._memory.before.seen.union(reported, found.seen)
        )
        return reported_of(found)

    @property
    def open_ids(self) -> list[str]:
        return [known.id for known in self._memory.before.view.open_incidents]


def test_what_a_full_list_lacks_twice_in_a_row_is_over() -> None:
    answers = Answers(OPEN, incidents_reach=Reach.ALL)

    assert [answers.lists(), answers.lists(OPEN), answers.lists(), answers.open_ids] == [[], [], [], ["i1"]]
    assert [answers.lists(), answers.lists(), answers.open_ids] == [[END], [], []]


def test_what_is_listed_as_over_has_its_own_end() -> None:
    answers = Answers(OPEN, incidents_reach=Reach.ALL)
    answers.lists()

    assert answers.lists(replace(OPEN, status="resolved")) == [("i1/status/resolved", "resolved")]
    assert answers.lists() + answers.lists() == []


def test_a_list_that_may_lack_something_ends_nothing() -> None:
    answers = Answers(OPEN)

    assert answers.lists(YOUNGER) + answers.lists(YOUNGER) == [("i2/y1", "resolved")]
    assert answers.open_ids == []


@pytest.mark.parametrize(
    ("listed", "ends"),
    [
        ((YOUNGER, OLDER), True),
        ((YOUNGER,), False),
        ((), False),
        # Ordered by begin, it may have aged out; ordered by the last change, too.
        ((incident("i3", update("c1", 5), update("c2", 50)),), False),
        ((incident("i3", update("c1", 15), update("c2", 16)),), False),
        ((incident("i3", update("c1", None)),), False),
    ],
)
def test_what_a_list_of_the_newest_lacks_is_over_unless_it_may_have_aged_out(
    listed: tuple[Incident, ...], *, ends: bool
) -> None:
    answers = Answers(OPEN, *listed, incidents_reach=Reach.WINDOW)

    reported = answers.lists(*listed) + answers.lists(*listed)

    assert reported == ([END] if ends else [])


@pytest.mark.parametrize(("window", "ends"), [(timedelta(days=1), True), (timedelta(minutes=30), False)])
def test_what_is_younger_than_a_window_cannot_have_aged_out(window: timedelta, *, ends: bool) -> None:
    answers = Answers(OPEN, incidents_reach=Reach.WINDOW, window=window)

    assert answers.lists() + answers.lists() == ([END] if ends else [])


def test_maintenances_are_judged_by_their_own_list() -> None:
    works = incident("m1", update("w1", 1, "scheduled"), scheduled_for=NOON + timedelta(days=1))
    answers = Answers(OPEN, incidents_reach=Reach.ALL, maintenances=(works,))
    answers.lists(OPEN)
    assert answers.lists(OPEN, maintenances=()) + answers.lists(OPEN, maintenances=()) == []

    complete = Answers(incidents_reach=Reach.NOTHING, maintenances_reach=Reach.ALL)
    complete.lists(maintenances=(works,))
    assert complete.lists() + complete.lists() == [("m1/ended/w1", "cancelled")]


def test_a_maintenance_that_began_early_is_completed_and_not_cancelled() -> None:
    works = incident("m1", update("w1", 1, "in_progress"), scheduled_for=NOON + timedelta(days=1))
    complete = Answers(maintenances_reach=Reach.ALL)
    complete.lists(maintenances=(works,))

    assert complete.lists() + complete.lists() == [("m1/ended/w1", "completed")]


@pytest.mark.parametrize(
    "unsure",
    [
        {"absence_counts": False},
        {"omissions": (Omission(kind="incident", reason="no id"),)},
        {"omissions": (Omission(kind="maintenance", reason="no id"),)},
        {"incidents_reach": Reach.NOTHING, "in_full": False},
    ],
)
def test_an_answer_that_is_not_whole_neither_counts_nor_forgets(unsure: dict[str, object]) -> None:
    answers = Answers(OPEN, incidents_reach=Reach.ALL)

    assert [answers.lists(**dict(unsure)) for _ in range(3)] == [[]] * 3
    assert answers.open_ids == ["i1"]
    assert answers.lists() == []
    assert answers.lists(**dict(unsure)) == []
    assert answers.lists() == [END]


def test_a_component_that_was_left_out_ends_no_incident() -> None:
    answers = Answers(OPEN, incidents_reach=Reach.ALL, omissions=(Omission(kind="component", reason="no id"),))

    assert answers.lists() + answers.lists() == [END]


# --- a page of Statuspage ---


@pytest.fixture
def tracker() -> Tracker:
    """A tracker of a page with an open incident, which was reported."""
    seeded = Tracker()
    seeded.shows(shown(minute=0))
    seeded.polls()
    seeded.shows(shown(OPEN, minute=1))
    seeded.polls()
    assert seeded.ids() == ["acme/i1/u1", "acme/i1/u2"]
    return seeded


def shown(*incidents: Incident, minute: int) -> Snapshot:
    return page(*incidents, minute=minute, components=(component("api"),))


def after(tracker: Tracker, polls: int = 3) -> list[str]:
    for _ in range(polls):
        tracker.polls()
    return tracker.ids()


def test_a_deleted_incident_is_over_after_two_polls_and_costs_nothing_afterwards(tracker: Tracker) -> None:
    tracker.shows(shown(minute=2), etag='"2"')

    assert [after(tracker, 1), after(tracker, 1)] == [[], ["acme/i1/ended/u2"]]
    asked = len(tracker.fetcher.requests)
    assert [tracker.polls().response_class for _ in range(3)] == [ResponseClass.NOT_MODIFIED] * 3
    assert [request.url for request in tracker.fetcher.requests[asked:]] == [SUMMARY] * 3


def test_an_incident_that_another_answer_still_lists_is_not_over(tracker: Tracker) -> None:
    tracker.shows(shown(minute=2))
    tracker.fetcher.answers(INCIDENTS, incidents_json(shown(OPEN, minute=2)))

    assert after(tracker, 5) == []
    assert [known.id for known in tracker.pages.view("acme").open_incidents] == ["i1"]


def test_an_end_waits_for_what_cannot_be_read_and_then_no_longer(tracker: Tracker) -> None:
    tracker.shows(shown(minute=2))
    tracker.fetcher.raises(INCIDENTS, HttpStatusError("the page answers with status 500", None, 500))

    assert after(tracker, 5) == []
    assert [known.id for known in tracker.pages.view("acme").open_incidents] == ["i1"]
    tracker.clock.passes(seconds=UNSETTLED_FOR.total_seconds())
    assert after(tracker) == ["acme/i1/ended/u2"]


def test_a_resolution_that_was_waited_for_is_the_end(tracker: Tracker) -> None:
    over = incident("i1", *OPEN.updates, update("u3", 30, "resolved"))
    tracker.shows(shown(minute=2))
    tracker.fetcher.raises(INCIDENTS, HttpStatusError("the page answers with status 500", None, 500))
    assert after(tracker) == []

    tracker.fetcher.answers(INCIDENTS, incidents_json(shown(over, minute=2)))
    assert after(tracker, 5) == ["acme/i1/u3"]


def test_a_summary_that_lags_behind_a_detail_ends_nothing(tracker: Tracker) -> None:
    later = incident("i9", update("z1", 40))
    tracker.fetcher.answers(INCIDENTS, incidents_json(shown(OPEN, later, minute=9)))
    tracker.fetcher.answers(SUMMARY, summary(shown(OPEN, minute=2)))
    assert after(tracker, 1) == ["acme/i9/z1"]

    tracker.fetcher.answers(SUMMARY, summary(shown(OPEN, minute=3)))
    tracker.fetcher.answers(INCIDENTS, incidents_json(shown(OPEN, minute=3)))
    assert after(tracker, 4) == []


def test_a_page_without_details_is_judged_by_its_summary(tracker: Tracker) -> None:
    for url in (INCIDENTS, SCHEDULED):
        tracker.fetcher.raises(url, HttpStatusError("the page answers with status 404", None, 404))
    tracker.fetcher.answers(SUMMARY, summary(shown(minute=2)))

    assert after(tracker) == ["acme/i1/ended/u2"]


# --- whatever a page shows ---


_statuses = st.dictionaries(st.sampled_from("ab"), st.sampled_from(["investigating", "monitoring", "resolved"]))
_full = st.builds(
    lambda snapshot, clock: replace(
        snapshot,
        incidents_reach=Reach.ALL,
        maintenances_reach=Reach.ALL,
        components_complete=True,
        components_listed=True,
        updated_at=NOON if clock else None,
    ),
    snapshots,
    st.booleans(),
)


@settings(max_examples=80)
@given(st.lists(st.tuples(_full, st.integers(1, 3)), min_size=1, max_size=6))
def test_whatever_is_listed_ids_differ_and_the_same_answers_report_nothing(history: list[tuple[Snapshot, int]]) -> None:
    memory = Memory()
    shown = [snapshot for snapshot, times in history for _ in range(times)]
    ids = [piece.event.id for snapshot in shown for piece in memory.polls(snapshot).pending]
    memory.polls(shown[-1])
    settled = memory.polls(shown[-1])

    assert len(ids) == len(set(ids))
    assert (settled.pending, settled.is_open_question) == ((), False)


@settings(max_examples=80)
@given(st.lists(_statuses, max_size=10))
def test_an_incident_without_updates_ends_once_before_it_goes_on_again(history: list[dict[str, str]]) -> None:
    memory = Memory()
    memory.polls(page())
    ended: dict[str | None, bool] = {}
    for statuses in history:
        shown = (incident(key, status=status) for key, status in statuses.items())
        for piece in memory.polls(page(*shown, incidents_reach=Reach.ALL)).pending:
            is_end = piece.event.status in CLOSED_STATUSES
            assert not (is_end and ended.get(piece.event.incident_id, False)), "ended twice"
            ended[piece.event.incident_id] = is_end

    going_on = {known.id for known in memory.before.view.open_incidents}
    assert going_on == {incident_id for incident_id, is_over in ended.items() if not is_over}
