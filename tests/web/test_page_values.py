"""What pages show, decided without HTTP and without a template."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import provider
from tests.web import world
from tracker.alerting.alert import AlertState
from tracker.alerting.channel import Severity
from tracker.alerting.facts import AlertFacts, OpenAlert
from tracker.assessment import State, assess
from tracker.assessment.opinions import opinions
from tracker.history.answers import Day, DayState
from tracker.model.page import Component, ComponentStatus, Impact, OpenIncident
from tracker.model.page_state import PageState, PageView
from tracker.web.access import Scope, Viewer
from tracker.web.form_tokens import FormTokens
from tracker.web.pages import wording
from tracker.web.pages.claims import Acknowledgement, claims
from tracker.web.pages.icon import icon
from tracker.web.pages.now import Filter, headline, now_page
from tracker.web.pages.strip import strip
from tracker.web.pages.text_diff import Change, word_diff
from tracker.web.rendering import web_address

NOW = datetime(2026, 11, 27, 3, 12, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (840, "14 min"),
        (3600, "1 h"),
        (6060, "1 h 41 min"),
        (3720, "1 h 02 min"),
        (86400, "1 day"),
        (180000, "2 days 2 h"),
    ],
)
def test_durations_have_one_unit_under_an_hour_and_two_above(seconds: float, expected: str) -> None:
    assert wording.span(seconds).replace("\u00a0", " ") == expected


def test_ages_and_windows_say_the_day_where_it_is_another_one() -> None:
    assert wording.ago(NOW - timedelta(days=30), NOW).replace("\u00a0", " ") == "4 weeks ago"
    assert wording.stamp(NOW - timedelta(hours=4), NOW).replace("\u00a0", " ") == "26 Nov 23:12"
    begin = NOW.replace(hour=22, minute=0)
    assert wording.window(begin, begin + timedelta(hours=4), NOW) == "22:00\u201302:00 (+1)"
    assert wording.window(begin, None, NOW) == "22:00, end not given"


words = st.lists(
    st.sampled_from(["full", "recovery", "04:30", "UTC.", "may", "should", "\n", "—", "日本"]), max_size=12
)


@given(words, words)
def test_an_edit_can_be_read_both_ways(before: list[str], after: list[str]) -> None:
    one, other = " ".join(before), " ".join(after)
    pieces = word_diff(one, other)

    assert "".join(piece.text for piece in pieces if piece.change is not Change.ADDED) == one
    assert "".join(piece.text for piece in pieces if piece.change is not Change.REMOVED) == other


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, "Nothing is watched yet"),
        ({State.OPERATIONAL: 36}, "All 36 providers work"),
        ({State.OPERATIONAL: 34, State.MAINTENANCE: 2}, "All 36 providers work, 2 under maintenance"),
        ({State.OPERATIONAL: 34, State.UNKNOWN: 2}, "No problems known, 2 of 36 providers cannot be read"),
        ({State.UNKNOWN: 3}, "None of 3 providers is known now"),
        ({State.NOT_ASKED: 3}, "None of 3 providers was asked yet"),
        ({State.NOT_ASKED: 1}, "The only provider was not asked yet"),
        ({State.NOT_ASKED: 2, State.OPERATIONAL: 1}, "No problems known, 2 of 3 providers not asked yet"),
        (
            {State.NOT_ASKED: 2, State.UNKNOWN: 1},
            "No problems known, 1 of 3 providers cannot be read, 2 not asked yet",
        ),
        ({State.MAJOR: 1, State.NOT_ASKED: 2}, "1 of 3 providers has problems, 2 not asked yet"),
        ({State.MAJOR: 1}, "The only provider has problems"),
        ({State.MAJOR: 1, State.OPERATIONAL: 3}, "1 of 4 providers has problems"),
        ({State.MAJOR: 2, State.MINOR: 1, State.UNKNOWN: 1}, "3 of 4 providers have problems, 1 cannot be read"),
    ],
)
def test_the_headline_never_calls_well_what_is_not_known(counts: dict[State, int], expected: str) -> None:
    assert headline(Counter(counts)) == expected


def test_filters_leave_out_rows_and_no_numbers() -> None:
    pages = world.pages()
    whole = now_page(pages, NOW, Filter())
    major = now_page(pages, NOW, Filter(state=State.MAJOR))
    named = now_page(pages, NOW, Filter(words="CARD authorisations"))

    assert [row.id for row in major.problems] == ["kestrel-pay"]
    assert [row.id for row in named.problems] == ["kestrel-pay"]
    assert [*major.unread, *major.works, *major.folds, *named.folds] == []
    assert whole.counts == major.counts == named.counts


def test_a_row_is_another_version_when_it_says_something_else_and_not_when_it_grows_older() -> None:
    pages = world.pages()
    one = now_page(pages, NOW, Filter())
    later = now_page(pages, NOW + timedelta(seconds=40), Filter())

    assert [row.version for row in one.problems] == [row.version for row in later.problems]
    assert len({row.version for row in one.problems}) == len(one.problems)


def test_a_row_says_whether_somebody_has_taken_on_its_alerts() -> None:
    def alert(id_: str, state: AlertState, *, is_waiting: bool = False, is_counted: bool = True) -> OpenAlert:
        facts = AlertFacts(0.0, Severity.ERROR, state, is_waiting=is_waiting, has_channels=True, is_counted=is_counted)
        return OpenAlert(id_, facts)

    found = claims(
        [
            alert("kestrel-pay/1/1", AlertState.ACKNOWLEDGED),
            alert("kestrel-pay/2/1", AlertState.OPEN, is_waiting=True),
            alert("meridian-cloud/3/1", AlertState.SNOOZED),
            alert("meridian-cloud/4/1", AlertState.ACKNOWLEDGED),
            alert("fjord-data/5/1", AlertState.OPEN, is_waiting=True, is_counted=False),  # a drill
            alert("juniper-mail/6/1", AlertState.OPEN),  # held, or sent to nobody
        ]
    )
    before, after = now_page(world.pages(), NOW, Filter()), now_page(world.pages(), NOW, Filter(), claims=found)

    assert found == {"kestrel-pay": Acknowledgement.NOBODY, "meridian-cloud": Acknowledgement.ACKNOWLEDGED}
    assert {row.id: row.claim for row in after.problems if row.claim} == found
    versions = {row.id: row.version for row in before.problems}
    assert {row.id for row in after.problems if row.version != versions[row.id]} == set(found)


def test_a_day_that_was_not_read_is_no_good_day() -> None:
    def day(number: int, state: DayState, **more: object) -> Day:
        return Day(day=date(2026, 11, number), state=state, **more)  # type: ignore[arg-type]

    shown = strip(
        [
            day(1, DayState.UNKNOWN, unknown_minutes=1440),
            day(2, DayState.OPERATIONAL, polls_read=2880),
            day(3, DayState.OPERATIONAL, polls_read=2000, unknown_minutes=50),
            day(4, DayState.UNKNOWN, polls_read=0, polls_failed=90, unknown_minutes=1440),
            day(5, DayState.MAJOR, polls_read=2800, minutes={"major": 72}, unknown_minutes=20, incidents=("i",)),
            day(6, DayState.OPERATIONAL, polls_read=300),
        ]
    )

    assert [(mark.tone, mark.words.replace("\u00a0", " ")) for mark in shown.marks] == [
        ("none", "1 Nov: not watched yet"),
        ("ok", "2 Nov: operational"),
        ("unknown", "3 Nov: not read for 50 min"),
        ("unknown", "4 Nov: not read for 1 day"),
        ("major", "5 Nov: major, 1 h 12 min, not read for 20 min"),
        ("ok", "6 Nov: operational so far"),
    ]
    assert shown.watched_since == date(2026, 11, 2)
    begun = strip([day(1, DayState.UNKNOWN), day(2, DayState.UNKNOWN, unknown_minutes=700)], is_read=True)
    assert [mark.tone for mark in begun.marks] == ["none", "none"]


impacts = st.sampled_from([None, *Impact])
statuses = st.sampled_from(list(ComponentStatus))


@given(impacts, st.lists(statuses, max_size=3), st.lists(impacts, max_size=3))
def test_who_decides_says_the_state(
    indicator: Impact | None, parts: list[ComponentStatus], open_: list[Impact | None]
) -> None:
    view = PageView(
        indicator=indicator,
        components={f"c{n}": Component(id=f"c{n}", name=f"C{n}", status=each) for n, each in enumerate(parts)},
        open_incidents=tuple(
            OpenIncident(id=f"i{n}", name=f"I{n}", status="investigating", impact=each) for n, each in enumerate(open_)
        ),
    )
    found = assess(provider(), PageState(seeded=True), view, NOW, NOW)
    heard = opinions(view, found)

    said = {"indicator": heard.indicator, "component": heard.component_state, "incident": heard.incident_state}
    if heard.decides is not None:
        assert said[heard.decides] is found.state
    assert all(state is None or state.rank >= found.state.rank for state in said.values())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://status.example.com/a?b#c", "https://status.example.com/a?b#c"),
        ("javascript:alert(1)", None),
        ("JAVASCRIPT:alert(1)", None),
        ("data:text/html,x", None),
        ("//example.com", None),
        ("https://", None),
        ("https://exa\nmple.com", None),
        ("https://example.com/\u202e", None),
        ("http://[", None),
        (None, None),
    ],
)
def test_links_lead_to_web_pages_only(url: str | None, expected: str | None) -> None:
    assert web_address(url) == expected


def test_a_form_token_is_of_one_viewer_and_of_one_key() -> None:
    ours, other = FormTokens("secret"), FormTokens("another")
    ann, bob = (Viewer(name, frozenset({Scope.ACT}), "proxy") for name in ("ann", "bob"))
    token = ours.new(ann)

    assert ours.is_valid(token, ann)
    assert token != ours.new(ann)
    assert not ours.is_valid(token, bob)
    assert not other.is_valid(token, ann)
    assert not ours.is_valid("", ann)
    assert not ours.is_valid("ä" * 64, ann)


@pytest.mark.parametrize(("problems", "said"), [(0, "<path"), (7, ">7<"), (42, ">42<"), (1200, ">99+<")])
def test_the_icon_counts(problems: int, said: str) -> None:
    assert said in icon(problems)


def test_a_list_of_names_is_safe_and_its_number_stays_on_one_line() -> None:
    assert wording.listed(("API", "Chat\u202e\nnow", "C", "D", "E"), 3) == "API, Chat now, C and\u00a02\u00a0more"
