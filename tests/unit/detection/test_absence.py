"""What full lists, and lists of the newest, no longer hold."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fakes import NOON, component, incident, incidents_json, page, summary, update
from tests.goldens import stories
from tests.strategies import snapshots
from tests.unit.detection.test_changes import Memory
from tests.vendor import INCIDENTS, SCHEDULED, SUMMARY, Tracker
from tracker.errors import HttpStatusError
from tracker.model.event import Event
from tracker.model.page import CLOSED_STATUSES, Impact, Incident, Mention, Omission, Reach, Snapshot
from tracker.polling.known import UNSETTLED_FOR
from tracker.polling.poll_cost import ResponseClass

OPEN = incident("i1", update("u1", 10), update("u2", 20, "identified"))


LATER = NOON + timedelta(days=1)
LISTED = {
    "older": incident("i0", update("o1", 1), update("o2", 2, "resolved")),
    "open": OPEN,
    "ended-open": replace(OPEN, status="resolved"),
    "young": incident("i2", update("y1", 30, "resolved")),
    "begun-before": incident("i3", update("c1", 5), update("c2", 50)),
    "begun-after": incident("i3", update("c1", 15), update("c2", 16)),
    "undated": incident("i3", update("c1", None)),
}
MAINTENANCES = {
    "planned": incident("m1", update("w1", 1, "scheduled"), scheduled_for=LATER),
    "running": incident("m1", update("w1", 1, "in_progress"), scheduled_for=LATER),
}
READS: dict[str, dict[str, Any]] = {
    "all": {"incidents_reach": Reach.ALL},
    "works-all": {"maintenances_reach": Reach.ALL},
    "window": {"incidents_reach": Reach.WINDOW},
    "day": {"incidents_reach": Reach.WINDOW, "window": timedelta(days=1)},
    "half-hour": {"incidents_reach": Reach.WINDOW, "window": timedelta(minutes=30)},
    "torn": {"omissions": (Omission(kind="incident", reason="no id"),)},
    "works-torn": {"omissions": (Omission(kind="maintenance", reason="no id"),)},
    "parts-torn": {"omissions": (Omission(kind="component", reason="no id"),)},
}
#: Words of an answer that say what the poll knows of it.
KNOWS = {"uncounted": {"absence_counts": False}, "partial": {"in_full": False}}
STORIES = stories("lists")


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_what_a_list_no_longer_holds_is_over_if_it_would_hold_it(story: list[tuple[str, str]]) -> None:
    memory = Memory()
    memory.polls(page())
    memory.polls(page(OPEN))
    memory.now += timedelta(hours=1)
    for words, expected in story:
        said = words.split()
        fields = {key: value for word in said for key, value in READS.get(word, {}).items()}
        knows = {"absence_counts": True, "in_full": True}
        knows |= {key: value for word in said for key, value in KNOWS.get(word, {}).items()}
        memory.before = replace(memory.before, **knows)

        found = memory.polls(
            page(
                *(LISTED[word] for word in said if word in LISTED),
                maintenances=tuple(MAINTENANCES[word] for word in said if word in MAINTENANCES),
                **fields,
            )
        )

        events = [piece.event for piece in found.pending]
        assert "; ".join(f"{event.id.removeprefix('acme/')} {event.status}" for event in events) == expected


@pytest.mark.parametrize("place", ["incidents", "maintenances"])
def test_the_end_of_what_vanished_says_all_that_its_last_update_said(place: str) -> None:
    parts = tuple(component(part, name="Web", group=group) for part, group in (("c1", "EU"), ("c2", "US")))
    known = incident(
        "i1",
        update("u1", 1, "in_progress"),
        name="New ropes",
        impact=Impact.MAINTENANCE if place == "maintenances" else Impact.MAJOR,
        link="https://acme.example/i1",
        mentions=(Mention(id="c2", name="Web"),),
        regions=("EU",),
        scheduled_for=NOON,
        scheduled_until=LATER,
    )
    memory = Memory()
    memory.polls(page(components=parts))
    (last,) = memory.polls(replace(page(components=parts), **{place: (known,)})).pending

    empty = page(components=parts, incidents_reach=Reach.ALL, maintenances_reach=Reach.ALL)
    (end,) = (piece for _ in range(2) for piece in memory.polls(empty).pending)

    differs = {name for name in Event.__struct_fields__ if getattr(end.event, name) != getattr(last.event, name)}
    assert differs <= {"id", "event", "update_id", "status", "message", "published_at", "seen_at", "vendor_status"}
    assert last.event.product.endswith("Web (US)")


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
