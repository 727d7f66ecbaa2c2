"""What `tracker gate` decides: state, age and the caller's policy come to one exit status."""

from datetime import timedelta
from itertools import product

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from tests.fakes import NOON, component, provider
from tracker.assessment import Reason, Ruling, State, UnknownPolicy, is_it_them, ruling, together
from tracker.cli.gate import judged
from tracker.cli.options import Duration, Moment
from tracker.model.page import Impact, OpenIncident
from tracker.model.page_state import PageState, PageView, Readability
from tracker.store.pages import PageStatus

INCIDENTS = {State.CRITICAL: Impact.CRITICAL, State.MAJOR: Impact.MAJOR, State.MINOR: Impact.MINOR}
AGES = {"fresh": 10, "old": 200, "stale": 3600}
MAX_AGE_S = 60.0
BY_STATUS = {Ruling.PASS: 0, Ruling.FAIL: 1, Ruling.UNKNOWN: 3}


def page(state: State, age_s: float) -> PageStatus:
    """Return a page that said so, some seconds before noon."""
    view, known = PageView(), PageState(seeded=True)
    if state in INCIDENTS:
        view = PageView(
            open_incidents=(OpenIncident(id="i1", name="Errors", status="identified", impact=INCIDENTS[state]),)
        )
    elif state is State.MAINTENANCE:
        view = PageView(open_maintenances=(OpenIncident(id="m1", name="Works", status="in_progress"),))
    elif state is State.UNKNOWN:
        known = replace(
            known,
            readability=Readability(failures=5, failing_since=NOON, failure="answered 503", unreadable_since=NOON),
        )
    return PageStatus(provider=provider(), state=known, view=view, checked_at=NOON - timedelta(seconds=age_s))


def status(state: State, age_s: float, fail_on: State, policy: UnknownPolicy, max_age_s: float | None) -> int:
    verdict = is_it_them(judged(page(state, age_s), None, NOON), link=None, max_age_s=max_age_s)
    return BY_STATUS[together([ruling(verdict, fail_on)], policy)]


#: Written out by hand: what fails at which threshold.
FAILS = {
    State.MINOR: {State.MINOR, State.MAJOR, State.CRITICAL},
    State.MAJOR: {State.MAJOR, State.CRITICAL},
    State.CRITICAL: {State.CRITICAL},
    State.MAINTENANCE: {State.MAINTENANCE, State.MINOR, State.MAJOR, State.CRITICAL},
}


@pytest.mark.parametrize("state", State)
def test_the_matrix_of_state_age_and_policy(state: State) -> None:
    for age, fail_on, policy, max_age_s in product(AGES, FAILS, UnknownPolicy, [None, MAX_AGE_S]):
        is_unknown = state is State.UNKNOWN or age == "stale" or (age == "old" and max_age_s is not None)
        of_unknown = 0 if policy is UnknownPolicy.PASS else 3
        expected = of_unknown if is_unknown else int(state in FAILS[fail_on])

        found = status(state, AGES[age], fail_on, policy, max_age_s)
        assert found == expected, (age, fail_on, policy, max_age_s)


@pytest.mark.parametrize(
    ("rulings", "policy", "expected"),
    [
        ((Ruling.PASS, Ruling.FAIL, Ruling.UNKNOWN), UnknownPolicy.FAIL, Ruling.FAIL),
        ((Ruling.PASS, Ruling.FAIL, Ruling.UNKNOWN), UnknownPolicy.PASS, Ruling.FAIL),
        ((Ruling.PASS, Ruling.UNKNOWN), UnknownPolicy.FAIL, Ruling.UNKNOWN),
        ((Ruling.PASS, Ruling.UNKNOWN), UnknownPolicy.PASS, Ruling.PASS),
    ],
)
def test_a_problem_outweighs_doubt_and_doubt_a_pass(
    rulings: tuple[Ruling, ...], policy: UnknownPolicy, expected: Ruling
) -> None:
    assert together(rulings, policy) is expected


def parts() -> PageStatus:
    known = (
        component("c1", "major_outage", name="API Requests"),
        component("c2", "operational", name="API Webhooks"),
        component("c3", "unknown", name="Docs"),
    )
    view = PageView(components={part.id: part for part in known})
    return replace(page(State.OPERATIONAL, 10), view=view)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("api requests", State.CRITICAL),
        ("c1", State.CRITICAL),
        ("API Webhooks", State.OPERATIONAL),
        ("API*", State.CRITICAL),
        ("Docs", State.UNKNOWN),
        ("Packages", State.UNKNOWN),
    ],
)
def test_a_component_is_meant_by_name_id_or_glob_and_the_worst_counts(word: str, state: State) -> None:
    assert judged(parts(), word, NOON).state is state


def test_a_component_that_the_page_does_not_show_is_unknown_with_what_may_be_meant() -> None:
    found = judged(parts(), "API Reqests", NOON)

    assert found.reason is Reason.UNSAID
    assert found.evidence == "the page shows no component API Reqests; did you mean API Requests?"


def test_a_page_that_cannot_be_read_makes_its_components_unknown() -> None:
    unreadable = replace(page(State.UNKNOWN, 10), view=parts().view)

    assert judged(unreadable, "API Webhooks", NOON).evidence == "answered 503"


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("2h", 7200), ("1.5d", 129600), ("45", 45), ("3min", 180)]
)
def test_lengths_of_time(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "5 parsecs", "-5m", "m", "1e9d", "9" * 40])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    from tracker.cli import cli  # noqa: PLC0415  the whole command line, for this test

    result = CliRunner().invoke(cli, ["gate", "acme", "--wait", text])

    assert result.exit_code == 2
    assert (
        "is not a length of time" in result.output or "No such option" in result.output or "too long" in result.output
    )


def test_a_moment_is_a_date_or_a_time_ago() -> None:
    assert Moment().convert("2025-11-03T12:00", None, None) == NOON
    assert Moment().convert("2025-11-03T13:00+01:00", None, None) == NOON
