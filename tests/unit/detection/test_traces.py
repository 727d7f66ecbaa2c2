"""Statuses, impacts and titles that change without a new update, and incidents that show none."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tests.fakes import NOON, incident, page, provider, update
from tests.goldens import stories
from tests.unit.detection.test_changes import Memory
from tests.vendor import Tracker
from tracker.detection.changes import changes
from tracker.detection.comparison import Before
from tracker.detection.traces import MOST_TRACES
from tracker.model.page import Impact, Incident, IncidentUpdate, OpenIncident, Reach, Snapshot
from tracker.model.page_state import PageView
from tracker.model.provider import FirstSight

LOOKING = update("u1", 1, body="Looking into it.")
WATCHING = update("u2", 2, "monitoring", body="A fix is in.")
FIXED = replace(WATCHING, status="resolved")


def slow(*updates: IncidentUpdate, status: str | None = None, **fields: object) -> Incident:
    """Return an incident with a status of its own."""
    plain: dict[str, object] = {"impact": Impact.MINOR, "name": "Slow"}
    known = incident("i1", *updates, **plain | fields)
    return replace(known, status=status) if status else known


def reported(memory: Memory, *shown: Incident) -> list[tuple[str, str, str | None]]:
    """Return update id, status and message of what each of these answers tells, one after the other."""
    found = []
    for each in shown:
        found += [
            (piece.event.update_id or "", piece.event.status, piece.event.message)
            for piece in memory.polls(page(each, minute=len(memory.reported))).pending
        ]
    return found


@pytest.fixture
def memory() -> Memory:
    """Somebody who has seen an empty page."""
    seeded = Memory()
    seeded.polls(page())
    return seeded


UPDATES = {
    "looking": LOOKING,
    "watching": WATCHING,
    "fixed": FIXED,
    "looking-resolved": replace(LOOKING, status="resolved"),
    "more": update("u2", 2, "update", body="More."),
    "over": update("u2", 3, "resolved", body="Over."),
}
STORIES = stories("incident-states")


def shown(words: str) -> Incident:
    """Return the incident that a line of a story shows."""
    updates = [UPDATES[word] for word in words.split() if word in UPDATES]
    fields: dict[str, Any] = dict(word.split("=") for word in words.split() if "=" in word)
    if "impact" in fields:
        fields["impact"] = None if fields["impact"] == "none-said" else Impact(fields["impact"])
    return slow(*updates, **fields)


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_what_changes_is_reported_once(memory: Memory, story: list[tuple[str, str]]) -> None:
    last, _ = story[-1]
    for words, expected in (*story, (last, "")):
        events = reported(memory, shown(words))
        assert (
            "; ".join(f"{update_id}, {status}, {message or '-'}" for update_id, status, message in events) == expected
        )


def test_a_title_is_reported_with_the_one_before(memory: Memory) -> None:
    reported(memory, slow(LOOKING))

    (event,) = [piece.event for piece in memory.polls(page(slow(LOOKING, name="Slower"))).pending]

    assert (event.event, event.incident, event.status) == ("incident_update", "Slower", "investigating")
    assert event.message == "now titled “Slower”, was “Slow”"
    assert event.published_at is None


def test_a_maintenance_begins_and_ends_by_itself(memory: Memory) -> None:
    announced = update("w1", 1, "scheduled", body="We upgrade.")
    works = incident("m1", announced, impact=Impact.MAINTENANCE)
    stages = [replace(works, status=status) for status in ("scheduled", "in_progress", "verifying", "completed")]

    found = [
        [(piece.event.event, piece.event.status) for piece in memory.polls(page(maintenances=(stage,))).pending]
        for stage in (*stages, stages[-1])
    ]

    expected = [[("maintenance_update", stage.status)] for stage in stages]
    assert found == [*expected, []]


@pytest.mark.parametrize(
    ("first_sight", "expected"),
    [(FirstSight.OPEN, ["i1"]), (FirstSight.SILENT, []), (FirstSight.ALL, ["i1", "i2", "m1"])],
)
def test_first_sight_holds_for_incidents_without_updates(first_sight: FirstSight, expected: list[str]) -> None:
    over, planned = incident("i2", status="resolved"), incident("m1", status="scheduled", impact=Impact.MAINTENANCE)
    memory = Memory(provider(first_sight=first_sight))

    shown = page(slow(), over, maintenances=(planned,))
    first = [piece.event.incident_id for piece in memory.polls(shown).pending]

    assert first == expected
    assert memory.polls(shown).pending == ()


def test_an_impact_that_rises_past_the_filter_opens_an_incident() -> None:
    memory = Memory(provider(min_impact=Impact.MAJOR))
    memory.polls(page())
    stages = [
        slow(LOOKING),
        slow(LOOKING, status="identified"),
        slow(LOOKING, status="identified", impact=Impact.CRITICAL),
        slow(LOOKING, status="monitoring", impact=Impact.MINOR),
        slow(LOOKING, status="resolved", impact=Impact.MINOR),
    ]

    found = [
        [(piece.event.event, piece.event.status) for piece in memory.polls(page(stage)).pending] for stage in stages
    ]

    assert found == [
        [],
        [],
        [("new_incident", "identified")],
        [("incident_update", "monitoring")],
        [("incident_update", "resolved")],
    ]


def test_a_state_of_before_on_a_page_without_a_clock_is_believed_the_second_time(memory: Memory) -> None:
    before, after = page(slow(LOOKING), minute=None), page(slow(LOOKING, FIXED), minute=None)
    memory.polls(before)
    memory.polls(after)

    flickers = [memory.polls(shown) for shown in (before, after) * 2]
    assert [found.pending for found in flickers] == [()] * 4
    assert [found.is_open_question for found in flickers] == [True, False] * 2

    memory.polls(before)
    (event,) = [piece.event for piece in memory.polls(before).pending]
    assert (event.status, event.message) == ("investigating", "was resolved")


def test_only_answers_that_are_not_older_are_compared(memory: Memory) -> None:
    memory.polls(page(slow(LOOKING, FIXED), minute=5))
    stale = page(slow(LOOKING), minute=4)
    before = replace(memory.before, recent=Snapshot(updated_at=stale.updated_at))

    assert changes(memory.provider, before, stale, NOON).pending == ()


def test_nothing_is_reported_of_what_a_version_before_remembered() -> None:
    """The view of a version that remembered no more than what is open."""
    known = OpenIncident(id="i1", name="Slow", status="investigating", impact=Impact.MINOR, update_id="u1")
    bare = OpenIncident(id="i2", name="Quiet", status="investigating")
    seen = frozenset({"i1/", "i1/u1", "i3/", "i3/u1"})
    before = Before(seeded=True, view=PageView(open_incidents=(known, bare)), seen=seen)
    shown = page(
        slow(LOOKING, status="monitoring", name="Slower", impact=Impact.CRITICAL),
        incident("i2"),
        incident("i3", LOOKING, status="resolved"),
    )

    found = changes(provider(), before, shown, NOON)
    assert found.pending == ()

    later = page(*(replace(each, status="monitoring") for each in shown.incidents))
    again = changes(provider(), replace(before, view=found.view), later, NOON + timedelta(minutes=1))
    assert [(piece.event.incident_id, piece.event.status) for piece in again.pending] == [
        ("i2", "monitoring"),
        ("i3", "monitoring"),
    ]


def test_of_many_incidents_those_that_changed_last_are_remembered() -> None:
    many = [incident(f"i{number}", update(f"u{number}", number, "resolved")) for number in range(MOST_TRACES + 50)]
    memory = Memory()
    memory.polls(page(*reversed(many)))

    opened_again = [replace(each, status="investigating") for each in (many[0], many[-1])]
    found = memory.polls(page(*opened_again, *many[1:-1]))

    assert [piece.event.incident_id for piece in found.pending] == [many[-1].id]
    assert len(found.view.traces) == MOST_TRACES


# --- by polls ---


@pytest.fixture
def tracker() -> Tracker:
    """A tracker that has reported an incident."""
    seeded = Tracker()
    seeded.shows(page(minute=0))
    seeded.polls()
    seeded.shows(page(slow(LOOKING, WATCHING), minute=1))
    seeded.polls()
    assert seeded.ids() == ["acme/i1/u1", "acme/i1/u2"]
    return seeded


def test_a_status_that_changes_with_its_text_is_reported_once_with_the_new_text(tracker: Tracker) -> None:
    tracker.shows(page(slow(LOOKING, replace(FIXED, body="Fixed for good.")), minute=2))
    tracker.polls()
    tracker.polls()

    assert [(event.event, event.status, event.message) for event in tracker.pages.events] == [
        ("incident_update", "resolved", "Fixed for good.")
    ]


def test_a_text_that_changes_alone_is_an_edit(tracker: Tracker) -> None:
    tracker.shows(page(slow(replace(LOOKING, body="We look."), FIXED), minute=2))
    tracker.polls()

    assert {event.event for event in tracker.pages.events} == {"update_edited", "incident_update"}


def test_a_page_whose_titles_change_all_the_time_is_remembered_in_bounds(memory: Memory) -> None:
    found = [reported(memory, slow(LOOKING, name=f"Title {number}")) for number in range(60)]

    ids = [update_id for each in found for update_id, _, _ in each]
    assert len(ids) == len(set(ids)) == 60
    assert len(memory.before.view.traces["i1"].names) == 20


def test_a_window_that_cannot_be_read_for_a_while_has_moved_all_the_same(memory: Memory) -> None:
    planned = slow(
        update("u1", 1, "scheduled"), scheduled_for=NOON + timedelta(hours=2), scheduled_until=NOON + timedelta(hours=3)
    )
    moved = replace(planned, scheduled_for=NOON + timedelta(hours=1))
    shown = [planned, replace(planned, scheduled_for=None, scheduled_until=None), moved]

    found = [memory.polls(page(maintenances=(each,))).pending for each in shown]

    assert [[piece.event.message for piece in pending] for pending in found][1:] == [
        [],
        ["now from 2025-11-03 13:00 until 15:00 UTC, was from 2025-11-03 14:00 until 15:00 UTC"],
    ]


def test_a_status_that_cannot_be_read_leaves_open_what_went_on(memory: Memory) -> None:
    for shown in (slow(LOOKING), slow(status="unknown"), slow(status="unknown")):
        reported(memory, shown)

    assert [(known.id, known.is_followed) for known in memory.before.view.open_incidents] == [("i1", True)]
    for _ in range(2):
        pending = memory.polls(page(incidents_reach=Reach.ALL)).pending
    assert [piece.event.status for piece in pending] == ["resolved"]


@pytest.mark.parametrize("maintenance", [True, False])
def test_a_maintenance_that_becomes_an_incident_is_reported(*, maintenance: bool) -> None:
    memory = Memory(provider(maintenance=maintenance))
    memory.polls(page())
    works = slow(LOOKING, status="in_progress", impact=Impact.MAINTENANCE)
    memory.polls(page(maintenances=(works,)))

    (piece,) = memory.polls(page(slow(LOOKING, status="in_progress", impact=Impact.MAJOR))).pending

    assert piece.event.event == ("incident_update" if maintenance else "new_incident")
    assert piece.event.message == "no longer a maintenance, impact now major"
