"""Statuses, impacts and titles that change without a new update, and incidents that show none."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.fakes import NOON, incident, page, provider, update
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


@dataclass
class Case:
    shown: list[Incident]
    reported: list[tuple[str, str, str | None]] = field(default_factory=list)


U1, U2 = ("u1", "investigating", "Looking into it."), ("u2", "monitoring", "A fix is in.")
CASES = {
    "opened, worse and closed without any update": Case(
        [
            slow(),
            slow(status="identified", impact=Impact.CRITICAL),
            slow(status="resolved", impact=Impact.CRITICAL),
            slow(status="resolved", impact=Impact.CRITICAL),
        ],
        [
            ("status/investigating", "investigating", None),
            ("status/identified", "identified", "was investigating; impact now critical, was minor"),
            ("status/resolved", "resolved", "was identified"),
        ],
    ),
    "an update comes to an incident that had none": Case(
        [slow(), slow(LOOKING)], [("status/investigating", "investigating", None), U1]
    ),
    "opened and closed between two answers": Case([slow(status="resolved")], [("status/resolved", "resolved", None)]),
    "moved on and closed by hand": Case(
        [slow(LOOKING), slow(LOOKING, status="monitoring"), slow(LOOKING, status="resolved")],
        [
            U1,
            ("status/monitoring", "monitoring", "was investigating"),
            ("status/resolved", "resolved", "was monitoring"),
        ],
    ),
    "closed by hand, opened again and closed again": Case(
        [slow(LOOKING), *(slow(LOOKING, status=status) for status in ("resolved", "investigating") * 2)],
        [
            U1,
            ("status/resolved", "resolved", "was investigating"),
            ("status/investigating", "investigating", "was resolved"),
            ("status/resolved#3", "resolved", "was investigating"),
            ("status/investigating#4", "investigating", "was resolved"),
        ],
    ),
    "statuses that read like our numbers": Case(
        [slow(LOOKING), *(slow(LOOKING, status=status) for status in ("x", "investigating", "x", "x#3"))],
        [
            U1,
            ("status/x", "x", "was investigating"),
            ("status/investigating", "investigating", "was x"),
            ("status/x#3", "x", "was investigating"),
            ("status/x#3#4", "x#3", "was x"),
        ],
    ),
    "a new update has the new status": Case(
        [slow(LOOKING), slow(LOOKING, FIXED)], [U1, ("u2", "resolved", "A fix is in.")]
    ),
    "closed by hand along with a new update": Case(
        [slow(LOOKING), slow(LOOKING, WATCHING, status="resolved")], [U1, U2, ("status/resolved", "resolved", None)]
    ),
    "an update says later what was done by hand": Case(
        [slow(LOOKING), slow(LOOKING, status="resolved"), slow(LOOKING, update("u2", 3, "resolved", body="Over."))],
        [U1, ("status/resolved", "resolved", "was investigating"), ("u2", "resolved", "Over.")],
    ),
    "the incident follows its update later": Case(
        [slow(LOOKING), slow(LOOKING, FIXED, status="investigating"), slow(LOOKING, FIXED)],
        [U1, ("u2", "resolved", "A fix is in.")],
    ),
    "the update follows its incident later": Case(
        [slow(LOOKING), slow(LOOKING, status="resolved"), slow(replace(LOOKING, status="resolved"))],
        [U1, ("status/resolved", "resolved", "was investigating")],
    ),
    "opened again by hand as its end was posted": Case(
        [slow(LOOKING), *[slow(LOOKING, FIXED, status="investigating")] * 3],
        [U1, ("u2", "resolved", "A fix is in."), ("status/investigating", "investigating", "was resolved")],
    ),
    "a late update of what stays over": Case(
        [
            slow(LOOKING),
            slow(LOOKING, status="resolved"),
            *[slow(LOOKING, WATCHING, status="resolved")] * 3,
        ],
        [
            U1,
            ("status/resolved", "resolved", "was investigating"),
            U2,
            ("status/resolved#2", "resolved", "was monitoring"),
        ],
    ),
    "a title and an impact that cannot be read for a while": Case(
        [
            slow(LOOKING),
            slow(LOOKING, name="i1", impact=None),
            slow(LOOKING, name="Slower", impact=Impact.MINOR),
        ],
        [U1, ("title/4eda52febad1", "investigating", "now titled “Slower”, was “Slow”")],
    ),
    "a status corrected in place, back and again": Case(
        [slow(LOOKING, WATCHING), slow(LOOKING, FIXED), slow(LOOKING, WATCHING), slow(LOOKING, FIXED)],
        [
            U1,
            U2,
            ("status/resolved", "resolved", "A fix is in."),
            ("status/monitoring", "monitoring", "A fix is in."),
            ("status/resolved#3", "resolved", "A fix is in."),
        ],
    ),
    "a status corrected in place while the incident's own stays": Case(
        [slow(LOOKING, WATCHING), *[slow(LOOKING, FIXED, status="monitoring")] * 2],
        [U1, U2, ("status/resolved", "resolved", "A fix is in.")],
    ),
    "an update that is taken back with its status": Case(
        [slow(LOOKING), slow(LOOKING, FIXED), slow(LOOKING)],
        [U1, ("u2", "resolved", "A fix is in."), ("status/investigating", "investigating", "was resolved")],
    ),
    "a status that the page leaves out for once": Case(
        [slow(LOOKING), slow(LOOKING, status="unknown"), slow(LOOKING)], [U1]
    ),
    "worse and better": Case(
        [
            slow(LOOKING, impact=impact)
            for impact in (Impact.MINOR, Impact.CRITICAL, None, Impact.CRITICAL, Impact.MINOR)
        ],
        [
            U1,
            ("impact/critical", "investigating", "impact now critical, was minor"),
            ("impact/minor", "investigating", "impact now minor, was critical"),
        ],
    ),
    "an impact that was not said before": Case(
        [slow(LOOKING, impact=None), slow(LOOKING, impact=Impact.MAJOR)],
        [U1, ("impact/major", "investigating", "impact now major")],
    ),
    "an impact of what is over": Case(
        [slow(LOOKING, FIXED), slow(LOOKING, FIXED, impact=Impact.CRITICAL)], [U1, ("u2", "resolved", "A fix is in.")]
    ),
    "a title that an update comes with": Case([slow(LOOKING), slow(LOOKING, WATCHING, name="Slower")], [U1, U2]),
    "a title that is left out for once": Case([slow(LOOKING), slow(LOOKING, name="i1"), slow(LOOKING)], [U1]),
    "a wordless update": Case(
        [slow(LOOKING), slow(LOOKING, update("u2", 2, "update", body="More."), status="monitoring")],
        [U1, ("u2", "update", "More.")],
    ),
    "closed with a wordless update": Case(
        [slow(LOOKING), slow(LOOKING, update("u2", 2, "update", body="More."), status="resolved")],
        [U1, ("u2", "update", "More."), ("status/resolved", "resolved", None)],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_changes_is_reported_once(memory: Memory, case: Case) -> None:
    assert reported(memory, *case.shown) == case.reported
    assert reported(memory, case.shown[-1]) == []


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
