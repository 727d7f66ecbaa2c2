from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fakes import provider
from tracker.assessment import Answer, Reason, State, assess, assess_component, is_it_them
from tracker.model.page import Component, ComponentStatus, Impact, OpenIncident
from tracker.model.page_state import PageState, PageView, Readability

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
READ = PageState(seeded=True)
ACME = provider(interval_s=60)


def incident(impact: Impact | None, name: str = "API down") -> OpenIncident:
    return OpenIncident(id="i1", name=name, status="investigating", impact=impact)


def component(status: ComponentStatus) -> Component:
    return Component(id="c1", name="API", status=status)


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ({}, (State.OPERATIONAL, Reason.NOTHING, "")),
        ({"components": {"c1": component(ComponentStatus.OPERATIONAL)}}, (State.OPERATIONAL, Reason.NOTHING, "")),
        ({"open_incidents": (incident(Impact.MAJOR),)}, (State.MAJOR, Reason.INCIDENT, "API down")),
        ({"open_incidents": (incident(None),)}, (State.MINOR, Reason.INCIDENT, "API down")),
        ({"indicator": Impact.CRITICAL}, (State.CRITICAL, Reason.INDICATOR, "critical")),
        ({"components": {"c1": component(ComponentStatus.MAJOR_OUTAGE)}}, (State.CRITICAL, Reason.COMPONENT, "API")),
        ({"open_maintenances": (incident(Impact.MAJOR),)}, (State.MAINTENANCE, Reason.MAINTENANCE, "API down")),
        (
            {"indicator": Impact.MINOR, "components": {"c1": component(ComponentStatus.PARTIAL_OUTAGE)}},
            (State.MAJOR, Reason.COMPONENT, "API"),
        ),
    ],
)
def test_the_worst_of_what_a_page_says_decides(view: dict[str, Any], expected: tuple[State, Reason, str]) -> None:
    found = assess(ACME, READ, PageView(**view), NOW, NOW)

    assert (found.state, found.reason, found.evidence) == expected


def test_an_old_answer_is_unknown_and_says_what_it_was() -> None:
    fresh, old = (
        assess(ACME, READ, PageView(), NOW - timedelta(seconds=seconds), NOW) for seconds in (4 * 60 + 60, 4 * 60 + 61)
    )

    assert (fresh.state, fresh.age_s) == (State.OPERATIONAL, 300)
    assert (old.state, old.reason, old.last_state) == (State.UNKNOWN, Reason.STALE, State.OPERATIONAL)


def test_a_page_that_cannot_be_read_is_unknown_since_it_failed() -> None:
    failing = PageState(
        seeded=True,
        readability=Readability(
            failing_since=NOW - timedelta(hours=1),
            unreadable_since=NOW - timedelta(hours=1),
            failure="status.acme.example answered 503",
        ),
    )

    found = assess(ACME, failing, PageView(open_incidents=(incident(Impact.MAJOR),)), NOW, NOW)

    assert (found.state, found.reason, found.last_state, found.age_s) == (
        State.UNKNOWN,
        Reason.UNREADABLE,
        State.MAJOR,
        3600,
    )
    assert found.evidence == "status.acme.example answered 503"


def test_a_page_that_was_never_asked_says_so() -> None:
    found = assess(ACME, PageState(), PageView(), None, NOW)

    assert (found.state, found.reason, found.age_s) == (State.NOT_ASKED, Reason.NEVER_ASKED, None)
    assert not found.state.is_known


def test_a_component_without_a_known_status_is_unknown() -> None:
    found = assess_component(ACME, READ, component(ComponentStatus.UNKNOWN), NOW, NOW)

    assert (found.state, found.reason) == (State.UNKNOWN, Reason.UNSAID)


@pytest.mark.parametrize(
    ("view", "age_s", "answer"),
    [
        (PageView(), 0, Answer.NO),
        (PageView(), 61, Answer.UNKNOWN),
        (PageView(open_incidents=(incident(Impact.MINOR),)), 60, Answer.YES),
        (PageView(open_maintenances=(incident(None),)), 0, Answer.NO),
        (PageView(open_incidents=(incident(Impact.MINOR),)), 3600, Answer.UNKNOWN),
    ],
)
def test_is_it_them_never_guesses(view: PageView, age_s: int, answer: Answer) -> None:
    found = assess(ACME, READ, view, NOW - timedelta(seconds=age_s), NOW)

    assert is_it_them(found, link=None, max_age_s=60).answer is answer
