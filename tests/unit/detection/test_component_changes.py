"""Components that leave a list, come back, and are made anew."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import component, page, provider
from tests.unit.detection.test_changes import Memory
from tests.vendor import Tracker
from tracker.detection.component_changes import MOST_GONE, compared
from tracker.model.page import Component, Impact, Omission, Snapshot
from tracker.model.page_state import PageView
from tracker.model.provider import FirstSight
from tracker.polling.poll_cost import ResponseClass

API, DOWN, UP = component("api"), component("web", "major_outage"), component("web")


def shows(*parts: Component, **fields: object) -> Snapshot:
    return page(components=parts, **{"components_listed": True} | fields)


def reported(memory: Memory, *shown: Snapshot) -> list[tuple[str, str | None]]:
    """Return status and message of what these answers tell."""
    return [(piece.event.status, piece.event.message) for snapshot in shown for piece in memory.polls(snapshot).pending]


@pytest.fixture
def memory() -> Memory:
    """Somebody who has read that a component does not work."""
    seeded = Memory()
    assert reported(seeded, shows(API), shows(API, DOWN)) == [("major_outage", None)]
    return seeded


ENDED = ("operational", "no longer listed, was major outage")


def test_an_outage_ends_when_two_lists_lack_its_component_and_the_next_one_is_reported(memory: Memory) -> None:
    alone = shows(API)

    assert reported(memory, alone) == []
    assert list(memory.before.view.components) == ["api"]
    assert memory.before.view.impact is Impact.CRITICAL
    assert [each.id for each in memory.before.view.impaired_components] == ["web"]
    assert reported(memory, alone) == [ENDED]
    assert memory.before.view.impact is Impact.NONE
    assert reported(memory, alone, alone) == []
    assert reported(memory, shows(API, DOWN)) == [("major_outage", "was operational")]
    assert reported(memory, alone, alone) == [ENDED]


def test_a_list_that_flickers_reports_nothing(memory: Memory) -> None:
    assert reported(memory, *[shows(API), shows(API, DOWN)] * 3) == []


def test_a_component_that_comes_back_at_once_with_another_status_is_reported_with_what_it_was(memory: Memory) -> None:
    assert reported(memory, shows(API), shows(API, UP)) == [("operational", "was major outage")]


@pytest.mark.parametrize("status", ["operational", "unknown"])
def test_a_component_that_does_not_fail_leaves_without_a_word(status: str) -> None:
    memory = Memory()

    assert reported(memory, shows(API, component("web", status)), shows(API), shows(API), shows(API)) == []


@pytest.mark.parametrize("status", ["degraded_performance", "partial_outage", "under_maintenance"])
def test_whatever_does_not_work_ends(status: str) -> None:
    memory = Memory()
    reported(memory, shows(API), shows(API, component("web", status)))

    assert [each for each, _ in reported(memory, shows(API), shows(API))] == ["operational"]


def test_the_only_component_of_a_page_ends() -> None:
    assert reported(Memory(), shows(), shows(DOWN), shows(), shows(), shows(DOWN)) == [
        ("major_outage", None),
        ENDED,
        ("major_outage", "was operational"),
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"components_complete": False},
        {"omissions": (Omission(kind="component", reason="no id"),)},
    ],
)
def test_a_list_that_may_lack_something_proves_nothing(memory: Memory, fields: dict[str, object]) -> None:
    assert reported(memory, *[shows(API, **fields)] * 3) == []
    assert reported(memory, shows(API, DOWN)) == []


def test_answers_without_a_list_of_components_prove_nothing(memory: Memory) -> None:
    assert reported(memory, page(), page(), page(), shows(API, DOWN)) == []


@pytest.mark.parametrize("between", [(), (shows(API),)])
def test_a_component_made_anew_under_its_name_is_the_same(memory: Memory, between: tuple[Snapshot, ...]) -> None:
    anew = component("new", "major_outage", name="WEB")
    works = component("new", name="WEB")

    assert reported(memory, *between, shows(API, anew), shows(API, anew), shows(API, anew)) == []
    assert reported(memory, shows(API, works)) == [("operational", "was major outage")]


def test_a_component_made_anew_in_another_group_is_the_same(memory: Memory) -> None:
    anew = component("new", "major_outage", name="WEB", group="Core")

    assert reported(memory, shows(API, anew), shows(API, anew), shows(API, anew)) == []
    assert reported(memory, shows(API, component("new", name="WEB", group="Core"))) == [
        ("operational", "was major outage")
    ]


def test_of_two_made_anew_in_other_groups_neither_is_known(memory: Memory) -> None:
    twins = [component(key, name="WEB", group=key) for key in ("one", "two")]

    assert reported(memory, shows(API, *twins), shows(API, *twins)) == [ENDED]


def test_a_component_made_anew_that_works_is_back(memory: Memory) -> None:
    works = component("new", name="WEB")

    assert reported(memory, shows(API, works), shows(API, works), shows(API, works)) == [
        ("operational", "was major outage")
    ]


def test_a_component_made_anew_keeps_that_its_fall_was_reported() -> None:
    memory = Memory(provider(min_impact=Impact.MAJOR))
    reported(memory, shows(API, UP), shows(API, DOWN), shows(API, component("web", "degraded_performance")))
    anew = component("new", "degraded_performance", name="WEB")

    assert reported(memory, shows(API, anew), shows(API, component("new", name="WEB"))) == [
        ("operational", "was degraded performance")
    ]


def test_namesakes_are_no_heirs_of_one_another(memory: Memory) -> None:
    twin, other = component("t", "major_outage", name="WEB"), component("o", "major_outage", name="WEB", group="Other")

    assert reported(memory, shows(API, twin, component("u", name="WEB"))) == [("major_outage", None)]
    assert sorted(reported(memory, shows(API, twin, component("u", name="WEB"), other)), key=str) == [
        ("major_outage", None),
        ENDED,
    ]


def test_an_end_is_reported_of_what_the_filters_let_pass() -> None:
    memory = Memory(provider(components=("!Web",)))

    assert reported(memory, shows(API), shows(API, DOWN), shows(API), shows(API)) == []


def test_what_was_down_at_a_silent_first_sight_ends_too() -> None:
    memory = Memory(provider(first_sight=FirstSight.SILENT))

    assert reported(memory, shows(API, DOWN), shows(API), shows(API)) == [ENDED]


def test_what_a_version_before_remembered_as_gone_does_not_end() -> None:
    view = PageView(components={"api": API}, gone_components={"web": DOWN}, components_complete=True)

    for _ in range(3):
        parts = compared(provider(), view, shows(API), seeded=True)
        assert (parts.changes, parts.missing, parts.gone) == ((), (), {"web": DOWN})


def test_only_the_components_that_went_last_are_remembered() -> None:
    many = {part.id: part for part in (component(f"c{number}") for number in range(MOST_GONE + 50))}
    view = PageView(components=many, gone_components={"first": component("first")})

    gone = compared(provider(), view, shows(component("c0")), seeded=True).gone

    assert len(gone) == MOST_GONE
    assert list(gone)[-1] == f"c{MOST_GONE + 49}"


def test_a_missing_component_has_the_page_read_again_once() -> None:
    tracker = Tracker()
    for minute, parts in enumerate([(API, UP), (API, DOWN)]):
        tracker.shows(page(minute=minute, components=parts))
        tracker.polls()
    tracker.ids()
    tracker.shows(page(minute=2, components=(API,)), etag='"2"')

    response_classes = [tracker.polls().response_class for _ in range(4)]

    assert response_classes == [
        ResponseClass.CHANGED,
        ResponseClass.CHANGED,
        ResponseClass.NOT_MODIFIED,
        ResponseClass.NOT_MODIFIED,
    ]
    (event_id,) = tracker.ids()
    assert event_id.startswith("acme/component/web/")


_NAMES = {"a": "Web", "b": "Web", "c": "API", "d": "API"}
_parts = st.dictionaries(
    st.sampled_from("abcd"), st.sampled_from(["operational", "partial_outage", "major_outage"])
).map(lambda statuses: [component(key, status, name=_NAMES[key]) for key, status in statuses.items()])


@given(st.lists(_parts, max_size=8))
def test_a_component_is_reported_to_work_only_after_it_did_not(history: list[list[Component]]) -> None:
    memory = Memory()
    down: set[str] = set()
    for parts in history:
        for piece in memory.polls(shows(*parts)).pending:
            name = piece.event.components[0]
            if piece.event.status == "operational":
                assert name in down
            down.add(name)
    last = shows(*(history[-1] if history else ()))
    memory.polls(last)
    memory.polls(last)
    assert reported(memory, last) == []
    assert not memory.before.view.missing_components
