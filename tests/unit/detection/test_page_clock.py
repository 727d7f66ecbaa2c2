"""What a page's own clock proves: an older answer changes nothing, a clock that is wrong hides nothing."""

from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fakes import NOON, component, incidents_json, scheduled_json, summary
from tests.vendor import INCIDENTS, SCHEDULED, SUMMARY, Following
from tracker.detection.page_clock import APART, DOUBTED_FOR, IN_STEP, STALE_FOR, is_stale, lags, proven
from tracker.model.event import Event, EventKind
from tracker.model.page import Snapshot
from tracker.model.page_state import Gaps, KnownAnswer
from tracker.model.provider import FirstSight
from tracker.polling.details import LAGGING_FOR
from tracker.polling.poll_cost import ResponseClass

MOMENT = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
YEAR = timedelta(days=365)
DETAILS = (INCIDENTS, SCHEDULED)
#: How far one answer's clock is off, on both sides of what may be.
OFF = [timedelta(seconds=1), timedelta(minutes=4), APART, timedelta(minutes=6), timedelta(hours=2), YEAR, 7000 * YEAR]


@pytest.mark.parametrize(
    ("clock", "proves"),
    [
        (None, None),
        (NOON - YEAR, NOON - YEAR),
        (NOON, NOON),
        (NOON + MOMENT, NOON),
        (NOON + APART, NOON),
        (NOON + APART + MOMENT, None),
        (NOON + YEAR, None),
    ],
)
def test_a_clock_proves_nothing_newer_than_now_and_nothing_at_all_when_it_is_far_ahead(
    clock: datetime | None, proves: datetime | None
) -> None:
    assert proven(clock, NOON) == proves


@pytest.mark.parametrize(
    ("clock", "known", "since", "stale"),
    [
        (NOON - MOMENT, NOON, None, True),
        (NOON, NOON, None, False),
        (NOON - YEAR, NOON, NOON - STALE_FOR, True),
        (NOON - YEAR, NOON, NOON - STALE_FOR - MOMENT, False),
        (NOON - YEAR, NOON + YEAR, None, False),
        (NOON, NOON + APART, None, False),
        (None, NOON, None, False),
        (NOON, None, None, False),
    ],
)
def test_an_answer_is_stale_that_is_older_than_a_right_clock_for_a_day_at_most(
    clock: datetime | None, known: datetime | None, since: datetime | None, stale: bool
) -> None:
    assert is_stale(clock, KnownAnswer(stamp=known), since, NOON) is stale


@pytest.mark.parametrize(
    ("since", "stale"), [(None, True), (NOON - DOUBTED_FOR, True), (NOON - DOUBTED_FOR - MOMENT, False)]
)
def test_a_clock_that_was_ahead_makes_answers_stale_for_some_minutes_only(since: datetime | None, stale: bool) -> None:
    assert is_stale(NOON - YEAR, KnownAnswer(stamp=NOON, is_ahead=True), since, NOON) is stale


@pytest.mark.parametrize(
    ("detail", "primary", "behind"),
    [
        (NOON - MOMENT, NOON, True),
        (NOON, NOON, False),
        (NOON + YEAR, NOON, False),
        (NOON, NOON + YEAR, False),
        (NOON + YEAR, NOON + YEAR + MOMENT, True),
        (None, NOON, False),
        (NOON, None, False),
    ],
)
def test_a_detail_lags_that_is_older_by_the_same_kind_of_clock(
    detail: datetime | None, primary: datetime | None, behind: bool
) -> None:
    assert lags(detail, primary, NOON) is behind


class Story(Following):
    """A vendor whose clock may be wrong, and somebody who polls their page every minute."""

    response_class: ResponseClass | None = None

    def __init__(self) -> None:
        super().__init__(first_sight=FirstSight.ALL)

    def polls(self, polls: int = 1) -> list[Event]:
        for _ in range(polls):
            self.response_class = self.watcher.polls().response_class
        return self.watcher.reported()

    def is_off(self, by: timedelta, *urls: str) -> None:
        """Let these addresses answer with a clock that is off, until something happens on the page."""
        newest = self.vendor.versions[-1]
        wrong = replace(newest, updated_at=_later(self.clock(), by))
        shown = replace(wrong, incidents=tuple(known for known in wrong.incidents if known.is_open))
        bodies = {SUMMARY: summary(shown), INCIDENTS: incidents_json(wrong), SCHEDULED: scheduled_json(wrong)}
        for url in urls or (SUMMARY, *DETAILS):
            self.vendor.fetcher.answers(url, bodies[url])


def _later(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        return datetime.max.replace(tzinfo=moment.tzinfo)


@pytest.mark.parametrize("off", OFF, ids=str)
@pytest.mark.parametrize("urls", [(), (SUMMARY,), DETAILS, (INCIDENTS,)], ids=["all", "primary", "details", "one"])
def test_a_clock_that_is_ahead_once_hides_nothing_of_what_follows(off: timedelta, urls: tuple[str, ...]) -> None:
    story = Story()
    first = story.vendor.posts()
    assert ids(story.polls()) == [f"acme/{first}"]

    story.is_off(off, *urls)
    assert story.polls() == []
    second = story.vendor.posts()
    assert ids(story.polls()) == [f"acme/{second}"], "it begins while the clock before was ahead"
    story.vendor.posts(second.partition("/")[0], "resolved")
    assert [event.status for event in story.polls()] == ["resolved"]
    assert story.polls(3) == []
    assert story.response_class is ResponseClass.NOT_MODIFIED
    assert (story.watcher.state.gaps.lagging_since, story.watcher.state.gaps.stale_since) == (None, None)


@pytest.mark.parametrize("off", [APART + MOMENT, YEAR], ids=str)
def test_an_older_answer_changes_nothing_after_an_odd_one_either(off: timedelta) -> None:
    story = Story()
    key = story.vendor.posts()
    story.polls()
    story.vendor.edits(key, "It was the network.")
    assert [event.event for event in story.polls()] == [EventKind.UPDATE_EDITED]
    story.is_off(off)
    story.polls()

    for age in (1, 2, 1):
        story.vendor.answers(age)
        assert story.polls() == []
        assert story.response_class is ResponseClass.STALE
    assert len(story.watcher.pages.view("acme").open_incidents) == 1


def test_a_page_whose_clock_is_always_ahead_is_read_as_any_other() -> None:
    story = Story()
    reported: list[str] = []
    for _ in range(3):
        key = story.vendor.posts()
        story.is_off(timedelta(hours=2))
        reported += ids(story.polls(2))
        assert reported[-1] == f"acme/{key}"
        assert story.response_class is ResponseClass.SAME_BODY, "it is not waited for what cannot be compared"

    assert len(reported) == 3


def test_a_detail_that_lags_is_waited_for_where_all_clocks_are_ahead() -> None:
    story = Story()
    key = story.vendor.posts()
    story.is_off(timedelta(hours=2))
    story.polls()
    story.vendor.posts(key.partition("/")[0], "resolved")
    lagging = replace(story.vendor.versions[-2], updated_at=story.clock() + timedelta(hours=1))
    story.is_off(timedelta(hours=2))
    story.vendor.fetcher.answers(INCIDENTS, incidents_json(lagging))
    story.polls()
    assert story.watcher.state.gaps.lagging_since is not None

    story.is_off(timedelta(hours=2))
    assert [event.status for event in story.polls()] == ["resolved"]


def test_a_clock_that_the_version_before_took_down_far_ahead_hides_nothing() -> None:
    story = Story()
    known = story.watcher.state
    wrong = {url: replace(answer, stamp=NOON + YEAR) for url, answer in known.answers.items()}
    story.watcher.pages._states["acme"] = replace(known, answers=wrong, gaps=Gaps(stale_since=NOON))

    posted = story.vendor.posts()
    assert ids(story.polls()) == [f"acme/{posted}"]
    story.vendor.answers(1)
    story.polls()
    assert story.response_class is ResponseClass.STALE


@pytest.mark.parametrize("off", [IN_STEP + MOMENT, timedelta(minutes=2), APART], ids=str)
def test_a_page_that_goes_back_behind_a_clock_minutes_ahead_is_believed_after_some_minutes(off: timedelta) -> None:
    """The odd answer comes from a cache that knows nothing of the incident; the right one is older by its clock."""
    story = Story()
    story.vendor.stamps()
    posted = story.vendor.posts()
    story.vendor.answers(1)
    wrong = replace(story.vendor.versions[-2], updated_at=story.clock() + MINUTE + off)
    story.vendor.fetcher.answers(SUMMARY, summary(wrong))
    assert story.polls() == []

    story.vendor.answers()
    reported = story.polls(3 + round(DOUBTED_FOR / MINUTE))
    assert ids(reported) == [f"acme/{posted}"]
    assert (story.response_class, story.watcher.state.gaps.stale_since) == (ResponseClass.NOT_MODIFIED, None)


def test_a_clock_that_is_in_step_is_not_doubted() -> None:
    story = Story()
    story.vendor.posts()
    story.is_off(MINUTE + IN_STEP)
    story.polls()
    story.vendor.answers(1)
    story.polls(3 + round(DOUBTED_FOR / MINUTE))

    assert story.response_class is ResponseClass.STALE


def ids(events: list[Event]) -> list[str]:
    return [event.id for event in events]


@st.composite
def days(draw: st.DrawFn) -> list[tuple[str, timedelta, tuple[str, ...]]]:
    """What happens before each poll: nothing or an update, and which answers are off by how much."""
    happens = st.sampled_from(["", "", "new", "resolved", "stamp"])
    off = st.sampled_from([timedelta(), *OFF])
    where = st.sampled_from([(), (SUMMARY,), DETAILS, (INCIDENTS,)])
    return draw(st.lists(st.tuples(happens, off, where), min_size=1, max_size=12))


@example(
    [
        ("", timedelta(minutes=4), ()),
        ("new", timedelta(seconds=1), (SUMMARY,)),
        ("resolved", timedelta(hours=2), (SUMMARY,)),
        ("", timedelta(), ()),
    ]
)
@given(days())
def test_whatever_clocks_say_every_update_is_reported_once(polls: list[tuple[str, timedelta, tuple[str, ...]]]) -> None:
    story = Story()
    posted: list[str] = []
    reported: list[str] = []
    for happens, off, urls in polls:
        if happens == "new":
            posted.append(story.vendor.posts())
        elif happens == "resolved" and posted:
            posted.append(story.vendor.posts(posted[-1].partition("/")[0], "resolved"))
        elif happens == "stamp":
            story.vendor.stamps()
        if off:
            story.is_off(off, *urls)
        reported += ids(story.polls())
    story.vendor.stamps()
    reported += ids(story.polls(1 + round(LAGGING_FOR / MINUTE)))

    assert sorted(reported) == sorted(f"acme/{key}" for key in posted)


def test_components_of_an_older_answer_are_passed_over_whatever_came_between() -> None:
    story = Following()
    well, broken = (
        Snapshot(name="Acme", components=(component("api", status),)) for status in ("operational", "major_outage")
    )

    def shows(snapshot: Snapshot, at: datetime) -> list[str]:
        story.vendor.fetcher.answers(SUMMARY, summary(replace(snapshot, updated_at=at)))
        return [event.status for event in story.watcher.reported_after()]

    assert shows(well, NOON - timedelta(hours=1)) == []
    assert shows(broken, NOON + MINUTE) == ["major_outage"]
    assert shows(broken, NOON + YEAR) == []
    assert shows(well, NOON) == []
    assert shows(well, NOON + 2 * MINUTE) == ["operational"]
