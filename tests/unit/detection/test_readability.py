"""Whether a page can be read: one event when it no longer can, one when it can again."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fakes import ATOM, NOON, component, incident, page, provider, summary, update
from tests.goldens import table
from tests.vendor import INCIDENTS, SITE, SUMMARY, TIMEOUT, Following, Watch
from tracker.detection.readability import UNREADABLE_AFTER, duration, failed, read_until, recovered, unnoticed_s
from tracker.errors import BadAnswer, Blocked, Conflict, HttpStatusError, MovedAway, ParseError, PollError
from tracker.model.event import Event, EventKind
from tracker.model.page_state import PageState
from tracker.polling.poller import Outcome
from tracker.scheduling.cadence import longest_pause_s
from tracker.scheduling.schedule import due_after_failure

ACME = provider()
NO_PAGE = ParseError("the answer is an HTML page")
READ = PageState(url=ACME.url, seeded=True)
LOST, FOUND = EventKind.PAGE_UNREADABLE, EventKind.PAGE_READABLE


class Episode:
    """Polls of one page, a minute apart, that fail or do not."""

    def __init__(self, state: PageState = READ) -> None:
        self.state = state
        self.now = NOON

    def fails(self, error: PollError = TIMEOUT) -> list[Event]:
        self.now += timedelta(minutes=1)
        self.state, pending = failed(ACME, self.state, error, self.now)
        return [piece.event for piece in pending]

    def succeeds(self) -> list[Event]:
        self.now += timedelta(minutes=1)
        self.state, pending = recovered(ACME, self.state, self.now)
        return [piece.event for piece in pending]


# --- when a page can no longer be read ---


def test_the_event_says_since_when_and_why() -> None:
    episode = Episode()
    for _ in range(UNREADABLE_AFTER):
        reported = episode.fails()

    since = NOON + timedelta(minutes=1)
    assert reported == [
        Event(
            id=f"acme/page_unreadable/{since.timestamp():.0f}",
            event=LOST,
            provider="acme",
            provider_name="Acme",
            product="Acme",
            status="unknown",
            message="cannot be read: no answer within 10 s",
            seen_at=episode.now,
        )
    ]
    assert episode.state.readability.unreadable_since == episode.state.readability.failing_since == since


ERRORS = [TIMEOUT, HttpStatusError("-", None, 500), Blocked("-", None, 403), NO_PAGE, MovedAway("-"), BadAnswer("-")]


@given(st.lists(st.sampled_from(ERRORS), min_size=UNREADABLE_AFTER, max_size=6), st.booleans())
def test_only_the_number_of_failures_counts_whatever_they_are_and_whether_the_page_was_ever_read(
    errors: list[PollError], seeded: bool
) -> None:
    episode = Episode(replace(READ, seeded=seeded))

    reported = [episode.fails(error) for error in errors]

    assert [len(events) for events in reported] == [0, 0, 1, 0, 0, 0][: len(errors)]
    assert reported[2][0].message == f"cannot be read: {errors[2]}"
    assert episode.state.readability.failures == len(errors)


# --- when it can be read again ---


def test_the_end_of_an_episode_is_reported_once_with_how_long_it_took() -> None:
    episode = Episode()
    for _ in range(UNREADABLE_AFTER + 59):
        episode.fails()

    (reported,) = episode.succeeds()

    since = NOON + timedelta(minutes=1)
    assert reported == Event(
        id=f"acme/page_readable/{since.timestamp():.0f}",
        event=FOUND,
        provider="acme",
        provider_name="Acme",
        product="Acme",
        status="readable",
        message="could not be read for 1 h 2 min, since 2025-11-03 12:01:00 UTC",
        seen_at=episode.now,
    )
    assert episode.state == READ
    assert episode.succeeds() == []


def test_a_clock_that_was_put_back_makes_no_negative_duration() -> None:
    episode = Episode()
    for _ in range(UNREADABLE_AFTER):
        episode.fails()
    episode.now -= timedelta(hours=1)

    assert episode.succeeds()[0].message.startswith("could not be read for 0 s, since ")


@pytest.mark.parametrize(("seconds", "text"), table("durations"))
def test_a_duration_is_reported_in_the_two_largest_units_that_it_fills(seconds: int, text: str) -> None:
    assert duration(seconds) == text


outcomes = st.lists(st.sampled_from(["fails", "no page", "succeeds"]), max_size=20)


@given(outcomes, st.booleans())
def test_episodes_open_and_close_alternately(polls: list[str], seeded: bool) -> None:
    episode = Episode(replace(READ, seeded=seeded))
    reported = []
    for poll in polls:
        reported += (
            episode.succeeds() if poll == "succeeds" else episode.fails(NO_PAGE if poll == "no page" else TIMEOUT)
        )

    kinds = [event.event for event in reported]
    assert kinds == ([LOST, FOUND] * len(kinds))[: len(kinds)]
    assert (episode.state.readability.unreadable_since is not None) == (len(kinds) % 2 == 1)
    assert len({event.id for event in reported}) == len(reported)


@given(st.integers(10, 3600), st.lists(st.floats(0, 60), min_size=UNREADABLE_AFTER, max_size=UNREADABLE_AFTER))
def test_no_page_is_unread_for_longer_without_a_word(interval_s: int, polls_take_s: list[float]) -> None:
    acme = provider(interval_s=interval_s)
    now = NOON + timedelta(seconds=longest_pause_s(acme))
    state, said = READ, ()
    for number, takes_s in enumerate(polls_take_s, start=1):
        now += timedelta(seconds=takes_s)
        state, said = failed(acme, state, TIMEOUT, now)
        ended, now = now, due_after_failure(now, acme.id, interval_s, number, None)

    assert said
    assert ended - NOON <= timedelta(seconds=unnoticed_s(acme))


def test_nobody_has_read_a_page_before_the_record_was_begun() -> None:
    hour = timedelta(hours=1)
    read = NOON - timedelta(seconds=unnoticed_s(ACME))

    assert read_until(ACME, NOON, None, None) == read_until(ACME, NOON, None, NOON - hour) == read
    assert read_until(ACME, NOON, NOON - hour, None) == read - hour
    assert read_until(ACME, NOON, NOON - hour, NOON) == NOON


# --- over many polls ---


WELL = summary(page(incident("i1", update("u1")), minute=1, components=(component("api"),)))
EMPTY = {"page": {}, "components": [], "incidents": [], "scheduled_maintenances": []}
#: Answers with status 200 that are not what the page has to say.
GLITCHES: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \r\n",
    "cut": WELL[: len(WELL) // 2],
    "cut in its first byte": WELL[:1],
    "HTML": b"<!doctype html><html><title>One moment</title><body>We will be back soon.</body></html>",
    "text": b"upstream connect error",
    "an error": b'{"status": 500, "error": "Internal Server Error"}',
    "null": b"null",
    "an empty object": b"{}",
    "an empty list": b"[]",
    "a page without lists": b'{"page": {"id": "page", "name": "Acme"}}',
    "empty lists without a page": json.dumps({**EMPTY, "page": None}).encode(),
    "a page of nothing": json.dumps(EMPTY).encode(),
    "a page of nothing that calls it well": json.dumps({**EMPTY, "status": {"indicator": "none"}}).encode(),
    "another format": ATOM.encode(),
}
#: What stays another format has moved, and is reported as that.
LASTING = {name: answer for name, answer in GLITCHES.items() if name != "another format"}


@pytest.mark.parametrize("glitch", GLITCHES.values(), ids=GLITCHES)
def test_one_odd_answer_is_nothing_new_and_hides_none(glitch: bytes) -> None:
    story = Following()
    first = story.vendor.posts()
    assert story.reported_after_polls(1) == [EventKind.NEW_INCIDENT]

    story.vendor.fetcher.answers(SUMMARY, glitch)
    assert story.reported_after_polls(1) == []
    known = story.watcher.pages
    assert (known.state("acme").readability.failures, known.state("acme").readability.unreadable_since) == (1, None)
    assert [each.id for each in known.view("acme").open_incidents] == [first.partition("/")[0]]
    story.vendor.posts(first.partition("/")[0], "resolved")
    assert story.reported_after_polls(1) == [EventKind.INCIDENT_UPDATE]
    assert known.state("acme").readability.failures == 0


@pytest.mark.parametrize("glitch", LASTING.values(), ids=LASTING)
def test_an_odd_answer_that_lasts_is_reported_as_any_failure(glitch: bytes) -> None:
    story = Following()
    story.vendor.fetcher.answers(SUMMARY, glitch)
    assert [story.reported_after_polls(1) for _ in range(UNREADABLE_AFTER + 1)] == [[], [], [LOST], []]

    story.vendor.posts()
    assert story.reported_after_polls(2) == [FOUND, EventKind.NEW_INCIDENT]


@pytest.mark.parametrize("glitch", GLITCHES.values(), ids=GLITCHES)
def test_an_odd_answer_of_a_detail_is_asked_again_and_costs_no_update(glitch: bytes) -> None:
    story = Following()
    first = story.vendor.posts()
    story.reported_after_polls(1)
    story.vendor.posts(first.partition("/")[0], "resolved")
    story.vendor.fetcher.answers(INCIDENTS, glitch)
    assert LOST not in story.reported_after_polls(1)

    story.vendor.answers()
    assert story.reported_after_polls(2) == [EventKind.INCIDENT_UPDATE]


def test_a_page_that_never_gave_its_name_may_list_nothing() -> None:
    google = Watch(url="https://status.cloud.google.com/incidents.json", format="google")
    open_incident = {"id": "i1", "external_desc": "Slow", "begin": NOON.isoformat(), "service_name": "API"}

    google.reads(*map(json.dumps, ([open_incident], [], [])))


def test_failures_that_lost_to_another_worker_do_not_count_and_the_episode_is_reported_once() -> None:
    story = Following()
    story.vendor.fails()
    story.reported_after_polls(UNREADABLE_AFTER - 1)

    story.vendor.fetcher.meanwhile(story.watcher.polls)
    with pytest.raises(Conflict):
        story.watcher.polls()

    assert story.reported_after_polls(3) == [LOST]


def test_the_end_of_an_episode_that_lost_to_another_worker_is_reported_by_the_next_poll() -> None:
    story = Following()
    story.vendor.fails()
    story.reported_after_polls(UNREADABLE_AFTER)

    def another_worker_fails() -> None:
        story.vendor.fails()
        story.watcher.polls()
        story.vendor.answers()

    story.vendor.answers()
    story.vendor.fetcher.meanwhile(another_worker_fails)
    with pytest.raises(Conflict):
        story.watcher.polls()
    assert story.watcher.reported() == []

    assert story.reported_after_polls(2) == [FOUND]


def test_an_event_is_in_the_same_commit_as_the_state_that_keeps_it_from_coming_again() -> None:
    story = Following()
    story.vendor.fails()
    story.reported_after_polls(UNREADABLE_AFTER - 1)
    before = story.watcher.pages.state("acme")
    assert before.readability.unreadable_since is None

    assert story.watcher.polls().events == 1
    assert story.watcher.pages.state("acme").readability.unreadable_since == before.readability.failing_since


def test_an_episode_ends_with_a_corrected_address() -> None:
    story = Following()
    story.vendor.fails()
    assert story.reported_after_polls(UNREADABLE_AFTER) == [LOST]
    lost = story.watcher.pages.state("acme").readability.unreadable_since

    story.watcher.moves(f"{SITE}/")
    assert story.reported_after_polls(UNREADABLE_AFTER + 1) == [], "it is still the same episode"
    story.vendor.answers()
    poll = story.watcher.polls()

    (event,) = story.watcher.reported()
    assert (poll.outcome, event.event) == (Outcome.CHANGED, FOUND)
    assert event.id == f"acme/page_readable/{lost.timestamp():.0f}"


def test_a_corrected_address_is_tried_without_the_delay_of_the_old_one() -> None:
    story = Following()
    story.vendor.fails()
    story.reported_after_polls(10)
    story.watcher.moves(f"{SITE}/")
    story.watcher.polls()

    assert story.watcher.pages.state("acme").readability.failures == 1
