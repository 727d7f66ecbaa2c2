"""Components that leave a list, come back, and are made anew."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import component, page, provider
from tests.goldens import stories
from tests.unit.detection.test_changes import Memory
from tests.vendor import Tracker
from tracker.detection.component_changes import MOST_GONE, compared
from tracker.model.page import Component, Impact, Omission, Snapshot
from tracker.model.page_state import PageView
from tracker.model.provider import FirstSight
from tracker.polling.poll_cost import ResponseClass

API, DOWN, UP = component("api"), component("web", "major_outage"), component("web")


FIELDS: dict[str, dict[str, Any]] = {
    "cut": {"components_complete": False},
    "torn": {"omissions": (Omission(kind="component", reason="no id"),)},
    "unlisted": {"components_listed": False},
}
READERS = {
    "for min_impact major": provider(min_impact=Impact.MAJOR),
    "for min_impact critical": provider(min_impact=Impact.CRITICAL),
    "for no maintenance": provider(maintenance=False),
    "for all but Web": provider(components=("!Web",)),
    "for silent first sight": provider(first_sight=FirstSight.SILENT),
}
STORIES = stories("components")
PART = r"(\w+)(?::(\w+))?(?:=(\w+))?(?:@(\w+))?"


def shows(*parts: Component, **fields: object) -> Snapshot:
    return page(components=parts, **{"components_listed": True} | fields)


def listed(words: str) -> Snapshot:
    """Return the page that a line of a story shows."""
    found = [re.fullmatch(PART, word) for word in words.split() if word not in FIELDS]
    parts = [component(each[1], each[3] or "operational", each[2], group=each[4]) for each in found if each]
    return shows(*parts, **{key: value for word in words.split() for key, value in FIELDS.get(word, {}).items()})


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_what_lists_of_components_show_is_reported_once(story: list[tuple[str, str]]) -> None:
    memory = Memory()
    for words, expected in story:
        if words in READERS:
            memory = Memory(READERS[words])
        else:
            assert (
                "; ".join(f"{status}, {message or '-'}" for status, message in reported(memory, listed(words)))
                == expected
            )


def reported(memory: Memory, *shown: Snapshot) -> list[tuple[str, str | None]]:
    """Return status and message of what these answers tell."""
    return [(piece.event.status, piece.event.message) for snapshot in shown for piece in memory.polls(snapshot).pending]


def test_a_page_is_as_bad_as_a_component_that_only_one_list_lacks() -> None:
    memory = Memory()
    reported(memory, shows(API, DOWN), shows(API))

    assert list(memory.before.view.components) == ["api"]
    assert memory.before.view.impact is Impact.CRITICAL
    assert [each.id for each in memory.before.view.impaired_components] == ["web"]
    reported(memory, shows(API))
    assert memory.before.view.impact is Impact.NONE


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
