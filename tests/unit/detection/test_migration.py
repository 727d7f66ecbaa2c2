"""A page that is elsewhere from now on: what is known of it goes along, and nothing is reported twice or lost."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fakes import NOON, component, incident, incidents_json, page, provider, scheduled_json, summary, update
from tests.vendor import Watch
from tracker.detection.changes import changes
from tracker.detection.comparison import Before
from tracker.detection.migration import GRACE, MOST_RECENT, carried_over, remembered
from tracker.errors import ConnectError, FetchError, FetchTimeout, HttpStatusError
from tracker.model.event import EventKind
from tracker.model.page import Component, ComponentStatus, Incident, IncidentUpdate, OpenIncident, Snapshot
from tracker.model.page_state import PageView
from tracker.model.provider import FirstSight
from tracker.polling.poller import SEARCH_AGAIN_AFTER, Outcome

HERE = "https://status.acme.example"
THERE = "https://status.other.example"
GONE = HttpStatusError("answered 404", None, 404)
TEXT = "We are looking into errors of the API in Europe."
OVER = "All is well again, and we are sorry for the trouble."


# --- what is known again ---


def reported_after_move(
    before: Snapshot, after: Snapshot, *, last_read: datetime = NOON, first_sight: FirstSight = FirstSight.OPEN
) -> list[tuple[str, str]]:
    """Return kind and id of each update that is reported when a page moves and shows another thing there."""
    acme = provider(first_sight=first_sight)
    view = PageView(recent=remembered((), before))
    carried = carried_over(acme, view, frozenset(), after, last_read)
    found = changes(acme, Before(seeded=True, view=carried.view, seen=carried.seen), after, NOON)
    return [
        (pending.event.event, f"{pending.event.incident_id}/{pending.event.update_id}") for pending in found.pending
    ]


def known(name: str, incident_id: str = "i1", minute: int = 0, body: str = "Sorry.", **fields: object) -> Incident:
    """Return an incident with one update."""
    return incident(incident_id, update("u", minute, body=body), name=name, **fields)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param({}, {"id": "i1"}, id="id"),
        pytest.param({"link": f"{HERE}/incidents/x9"}, {"link": f"{THERE}/p/x9/"}, id="link"),
        pytest.param({"link": f"{HERE}/incidents/x9"}, {"id": "x9"}, id="link and id"),
        pytest.param({"name": "Errors in the API"}, {"name": "errors, in the  API."}, id="title"),
        pytest.param({"name": "Fehler"}, {"name": "Errors"}, id="text"),
    ],
)
def test_an_incident_is_known_again(old: dict[str, str], new: dict[str, str]) -> None:
    before = replace(known("One", body=TEXT), **old)
    after = replace(
        incident("n1", update("v1", 0, body=TEXT), update("v2", 9, "resolved", body=OVER), name="Other"), **new
    )

    assert reported_after_move(page(before), page(after)) == [(EventKind.INCIDENT_UPDATE, f"{after.id}/v2")]


BRIEF = "This incident has been resolved."
OTHERS: dict[str, tuple[list[Incident], Incident]] = {
    "nothing in common": ([known("Errors")], known("Delays", "n1", 9)),
    "bare links": ([known("Errors", link=f"{HERE}/")], known("Delays", "n1", 9, link=f"{THERE}/")),
    "titles without a word": ([known("—")], known("…", "n1", 9)),
    "the same title days later": ([known("Errors", minute=-60 * 30)], known("Errors", "n1", 5, "Oh no.")),
    "a text that stands in many": (
        [known("Errors", body=BRIEF), known("Delays", "i2", body=BRIEF)],
        known("Outage", "n1", 5, BRIEF),
    ),
    "a link that all share": (
        [known("One", f"i{n}", n, "", link=f"{HERE}/health/status") for n in range(2)],
        known("Outage", "n1", 9, "", link=f"{THERE}/health/status"),
    ),
}


@pytest.mark.parametrize(("before", "after"), OTHERS.values(), ids=OTHERS)
def test_another_incident_is_new(before: list[Incident], after: Incident) -> None:
    assert reported_after_move(page(*before), page(after)) == [(EventKind.NEW_INCIDENT, "n1/u")]


def test_within_the_minute_of_rounding_updates_without_a_text_are_counted() -> None:
    first, second = (update(name, None, created_at=NOON + timedelta(seconds=s)) for name, s in (("u1", 0), ("u2", 30)))
    after = page(incident("n1", first, second, name="Errors"))

    assert reported_after_move(page(incident("i1", first, name="Errors")), after) == [
        (EventKind.INCIDENT_UPDATE, "n1/u2")
    ]
    assert reported_after_move(page(incident("i1", first, second, name="Errors")), after) == []


def test_what_an_answer_leaves_out_is_still_remembered() -> None:
    first, second = (update(name, None, created_at=NOON + timedelta(seconds=s)) for name, s in (("u1", 0), ("u2", 30)))
    whole, part = (page(incident("i1", *shown, name="Errors")) for shown in ((first, second), (second,)))

    assert remembered(remembered((), whole), part) == remembered((), whole)
    assert remembered(remembered((), whole), page()) == remembered((), whole)


def test_without_times_an_update_is_known_by_its_text() -> None:
    before = page(incident("i1", update("u1", None, body=TEXT), name="Errors"))
    updates = update("v1", None, body=f"  {TEXT.upper()}"), update("v2", None, body="Fixed.")

    assert reported_after_move(before, page(incident("n1", *updates, name="Errors"))) == [
        (EventKind.INCIDENT_UPDATE, "n1/v2")
    ]


def test_an_incident_of_which_nothing_but_its_being_there_was_known_reports_what_came_since() -> None:
    before = page(incident("i1", update("u1", None), name="Errors"))
    after = page(incident("n1", update("v1", -30, body=TEXT), update("v2", 5, body=OVER), name="Errors"))

    assert reported_after_move(before, after) == [(EventKind.INCIDENT_UPDATE, "n1/v2")]


@pytest.mark.parametrize(
    ("first_sight", "reported"),
    [
        (FirstSight.OPEN, ["open/o2", "brief/b1", "just/j1", "new/n1"]),
        (FirstSight.SILENT, ["just/j1", "new/n1"]),
        (FirstSight.ALL, ["undated/u1", "open/o1", "open/o2", "ended/e1", "brief/b1", "just/j1", "new/n1"]),
    ],
)
def test_what_the_old_source_never_showed_is_reported_as_first_sight_has_it(
    first_sight: FirstSight, reported: list[str]
) -> None:
    day = 24 * 60
    after = page(
        incident("open", update("o1", -9 * day, body="One."), update("o2", -8 * day, body="Two.")),
        incident("ended", update("e1", -7 * day, "resolved")),
        incident("brief", update("b1", -60, "resolved")),
        incident("undated", update("u1", None, "resolved")),
        incident("just", update("j1", 0, "resolved")),
        incident("new", update("n1", 1)),
    )

    assert [key for _, key in reported_after_move(page(), after, first_sight=first_sight)] == reported


def test_what_was_forgotten_is_not_reported_for_unknown() -> None:
    old = [incident(f"i{n}", update("u", -n * 60, "resolved", body=f"Text number {n} of many")) for n in range(99)]
    new = [replace(known, id=f"n{known.id}") for known in old]

    assert reported_after_move(page(*old), page(*new), first_sight=FirstSight.ALL) == []


def test_the_memory_is_bounded_and_keeps_the_newest() -> None:
    shown = page(*(incident(f"i{n}", update("u", n)) for n in range(MOST_RECENT + 9)))

    recent = remembered(remembered((), shown), shown)

    assert [known.id for known in recent] == [f"i{n}" for n in range(MOST_RECENT + 8, 8, -1)]


def test_components_keep_their_status_under_new_ids() -> None:
    def part(id: str, name: str, status: str, group: str | None = None) -> Component:
        return Component(id=id, name=name, status=ComponentStatus(status), group=group)

    old = [
        part("1", "API", "major_outage"),
        part("2", "Web", "operational", "EU"),
        part("3", "Web", "degraded_performance", "US"),
    ]
    new = [
        part("a", "api", "major_outage", "Core"),
        part("b", "Web", "degraded_performance", "EU"),
        part("c", "Web", "degraded_performance", "US"),
    ]
    view = PageView(components={known.id: known for known in old})
    after = page(components=tuple(new))

    carried = carried_over(provider(), view, frozenset(), after, NOON)
    found = changes(provider(), Before(seeded=True, view=carried.view), after, NOON)

    assert [known.id for known in carried.view.components.values()] == ["a", "b", "c"]
    assert [(pending.event.components, pending.event.message) for pending in found.pending] == [
        (("Web",), "was operational")
    ]
    assert found.view.components == {known.id: known for known in new}


def test_a_source_that_does_not_say_how_components_do_changes_none_of_them() -> None:
    view = PageView(components={"1": component("1", "major_outage", name="API")})
    after = page(components=(component("a", "unknown", name="API"),))

    carried = carried_over(provider(), view, frozenset(), after, NOON)

    assert changes(provider(), Before(seeded=True, view=carried.view), after, NOON).pending == ()


def test_components_of_a_page_that_shows_none_any_more_are_forgotten() -> None:
    view = PageView(components={"1": component("1", "major_outage")})

    assert carried_over(provider(), view, frozenset(), page(), NOON).view.components == {}


def test_what_is_open_is_known_under_its_new_id_or_not_at_all() -> None:
    shown = page(incident("i1", update("u1", body=TEXT), name="Errors"), incident("i2", update("u2"), name="Delays"))
    view = PageView(
        recent=remembered((), shown),
        open_incidents=tuple(OpenIncident(id=i, name=i, status="investigating") for i in ("i1", "i2")),
    )
    after = page(incident("n1", update("v1", body=TEXT), name="Errors"))

    carried = carried_over(provider(), view, frozenset(), after, NOON)

    assert [known.id for known in carried.view.open_incidents] == ["n1"]


@dataclass
class History:
    """What a page went through."""

    #: Second of each update, by incident; titles repeat.
    incidents: list[tuple[str, list[int]]]

    def snapshot(self, prefix: str, until_s: int, *, rounded: bool = False) -> Snapshot:
        shown = []
        for number, (title, seconds) in enumerate(self.incidents):
            updates = [
                self._update(f"{prefix}{number}.{index}", number, index, second, rounded=rounded)
                for index, second in enumerate(seconds)
                if second <= until_s
            ]
            if updates:
                shown.append(incident(f"{prefix}{number}", *updates, name=title))
        return page(*shown)

    @staticmethod
    def _update(id: str, number: int, index: int, second: int, *, rounded: bool) -> IncidentUpdate:
        at = NOON + timedelta(seconds=second)
        body = f"Text {index} of incident {number}, not said elsewhere"
        return update(id, None, body=body, created_at=at.replace(second=0) if rounded else at)


histories = st.lists(
    st.tuples(
        st.sampled_from(["Errors", "Delays", "Errors in Europe"]),
        # Often within the minute in which rounding can deceive.
        st.lists(st.integers(0, 300) | st.integers(0, 7200), min_size=1, max_size=5, unique=True).map(sorted),
    ),
    min_size=1,
    max_size=6,
).map(History)


@settings(max_examples=80)
@given(
    histories, st.integers(-1, 300) | st.integers(-1, 7200), st.booleans(), st.booleans(), st.sampled_from(FirstSight)
)
def test_any_split_of_a_history_between_two_sources_reports_each_update_once(
    history: History, split_s: int, rounds_before: bool, rounds_after: bool, first_sight: FirstSight
) -> None:
    before = history.snapshot("i", split_s, rounded=rounds_before)
    after = history.snapshot("n", 7200, rounded=rounds_after)
    # The times of a source that rounds begin up to a minute early.
    last_read = NOON + timedelta(seconds=split_s - 60)

    reported = [
        key.partition("/")[2]
        for _, key in reported_after_move(before, after, last_read=last_read, first_sight=first_sight)
    ]

    late = {
        f"n{number}.{index}"
        for number, (_, seconds) in enumerate(history.incidents)
        for index, second in enumerate(seconds)
        if second > split_s
    }
    assert sorted(reported) == sorted(late)


# --- a page that moves while it is polled ---


class Page(Watch):
    """A Statuspage at one host or another, and somebody who polls it."""

    url = HERE

    def shows(self, snapshot: Snapshot, host: str = HERE, redirected_from: str | None = None) -> None:
        """Show this at one host; another one may lead there."""
        for path, body in (
            ("/api/v2/summary.json", summary(_going_on(snapshot))),
            ("/api/v2/incidents.json", incidents_json(snapshot)),
            ("/api/v2/scheduled-maintenances.json", scheduled_json(snapshot)),
            ("", b"<!doctype html><html></html>"),
        ):
            self.fetcher.answers(f"{host}{path}", body)
            if redirected_from:
                self.fetcher.answers(f"{redirected_from}{path}", body, answered_by=f"{host}{path}")

    def fails(self, error: FetchError, host: str = HERE) -> None:
        for path in ("/api/v2/summary.json", "/api/v2/incidents.json", "/api/v2/scheduled-maintenances.json", ""):
            self.fetcher.raises(f"{host}{path}", error)


def _going_on(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, incidents=tuple(known for known in snapshot.incidents if known.is_open))


def old(*more: IncidentUpdate, **fields: object) -> Incident:
    return incident("i1", update("u1", 0, body=TEXT), *more, name="Errors in Europe", **fields)


def new(*more: IncidentUpdate, **fields: object) -> Incident:
    return incident("n1", update("v1", 0, body=TEXT), *more, name="Errors in Europe", **fields)


@pytest.fixture
def acme() -> Page:
    """A page that was read in the middle of an incident."""
    watched = Page()
    watched.shows(page(old(), components=(component("api", "major_outage"),)))
    watched.polls()
    watched.reported()
    return watched


def test_a_page_that_leads_to_another_host_has_moved_and_nothing_is_reported_twice(acme: Page) -> None:
    late = update("v2", 2, "resolved", body=OVER)
    parts = (component("p9", "major_outage", name="API"),)
    acme.shows(page(new(late), components=parts, minute=-30), THERE, redirected_from=HERE)

    acme.polls()

    moved, resolved = acme.reported()
    assert (moved.event, moved.status) == (EventKind.PAGE_MOVED, "moved")
    assert re.fullmatch(r"acme/page_moved/\d+-[0-9a-f]{16}", moved.id)
    assert moved.message == (
        "from Atlassian Statuspage at status.acme.example to Atlassian Statuspage at status.other.example"
    )
    assert (resolved.event, resolved.id) == (EventKind.INCIDENT_UPDATE, "acme/n1/v2")
    acme.fetcher.asked()
    assert acme.polls().outcome is Outcome.QUIET
    assert acme.fetcher.asked() == [f"{THERE}/api/v2/summary.json"]
    assert acme.reported() == []


def test_what_the_old_source_said_is_not_taken_for_the_past_of_the_new_one(acme: Page) -> None:
    acme.shows(page(replace(old(), updates=(update("other", 0, body=TEXT),))), THERE, redirected_from=HERE)

    for minute in range(9):
        acme.polls()
        acme.shows(page(replace(old(), updates=(update("other", 0, body=TEXT),)), minute=minute), THERE)

    assert [event.event for event in acme.reported()] == [EventKind.PAGE_MOVED]


def test_of_an_incident_that_began_while_its_page_moved_all_is_reported_whichever_part_comes_first(acme: Page) -> None:
    whole = page(new(), incident("n2", update("w1", 1, body="One."), update("w2", 3, body="Two.")), minute=3)
    part = replace(whole, incidents=(new(), incident("n2", update("w2", 3, body="Two."))))
    acme.shows(part, THERE, redirected_from=HERE)
    acme.fetcher.raises(f"{THERE}/api/v2/incidents.json", FetchTimeout("no answer within 10 s"))
    acme.polls()
    acme.shows(whole, THERE)
    acme.polls()

    assert [event.update_id for event in acme.reported()] == [None, "w2", "w1"]
    assert acme.state.relocation.moved_at is None


def test_what_came_between_the_polls_of_a_quiet_page_that_moves_is_reported() -> None:
    """Its last answer is two intervals old."""
    silent = Page(first_sight=FirstSight.SILENT)
    silent.shows(page())
    silent.polls()
    silent.clock.passes(days=20)
    since_quiet = 20 * 24 * 60
    silent.polls()
    brief = incident("n2", update("w1", since_quiet + 2.5, "resolved", body="It was brief."))
    silent.shows(page(brief, minute=since_quiet + 3), THERE, redirected_from=HERE)
    silent.clock.passes(minutes=1)

    silent.polls()

    assert [event.update_id for event in silent.reported()] == [None, "w1"]


def test_an_edit_right_after_a_move_to_a_page_whose_clock_is_behind_is_reported(acme: Page) -> None:
    acme.shows(page(new(), minute=-30), THERE, redirected_from=HERE)
    acme.polls()
    acme.reported()
    edited = incident("n1", update("v1", 0, body="It was the network."), name="Errors in Europe")
    acme.shows(page(edited, minute=-20), THERE)

    acme.polls()

    assert [(event.event, event.update_id) for event in acme.reported()] == [(EventKind.UPDATE_EDITED, "v1")]


def test_a_page_that_fails_is_searched_once_an_hour_and_its_failure_is_reported(acme: Page) -> None:
    acme.fails(GONE)
    acme.fetcher.asked()
    searches = []
    for _ in range(9):
        poll = acme.polls()
        assert poll.failure is GONE
        searches.append(len(acme.fetcher.asked()) > 1)
    assert searches == [False, False, True, False, False, False, False, False, False]

    acme.clock.now += SEARCH_AGAIN_AFTER
    acme.polls()
    assert len(acme.fetcher.asked()) > 1


def test_a_single_glitch_does_not_settle_for_a_lesser_source(acme: Page) -> None:
    before = acme.state.source
    acme.fetcher.answers(f"{HERE}/api/v2/summary.json", "<html>oops</html>")
    acme.fetcher.answers(f"{HERE}/history.atom", "<feed xmlns='http://www.w3.org/2005/Atom'></feed>")
    acme.polls()
    acme.shows(page(old(), components=(component("api", "major_outage"),)))
    acme.polls()

    assert acme.state.source == before
    assert EventKind.PAGE_MOVED not in {event.event for event in acme.reported()}


def test_a_page_that_leads_to_something_else_is_searched_at_once(acme: Page) -> None:
    acme.fetcher.answers(f"{HERE}/api/v2/summary.json", "<html>moved</html>", answered_by=f"{THERE}/welcome")
    acme.shows(page(new()), f"{THERE}/acme")
    acme.fetcher.answers(HERE, "<html></html>", answered_by=f"{THERE}/acme")

    assert acme.polls().outcome is Outcome.CHANGED

    assert acme.state.source.primary == f"{THERE}/acme/api/v2/summary.json"
    assert [event.event for event in acme.reported()] == [EventKind.PAGE_MOVED]


def test_a_host_that_the_page_once_led_to_may_be_gone(acme: Page) -> None:
    acme.shows(page(new(), minute=1), THERE, redirected_from=HERE)
    acme.polls()
    third = "https://status.third.example"
    acme.fails(ConnectError("no connection"), THERE)
    acme.shows(page(old(), minute=2), third, redirected_from=HERE)

    outcomes = [acme.polls().outcome for _ in range(3)]

    assert outcomes[:2] == [Outcome.FAILED] * 2
    assert acme.state.source.primary.startswith(third)
    kinds = [event.event for event in acme.reported()]
    assert kinds.count(EventKind.PAGE_MOVED) == 2
    assert kinds.count(EventKind.INCIDENT_UPDATE) == kinds.count(EventKind.NEW_INCIDENT) == 0


def test_a_page_that_was_never_read_does_not_move() -> None:
    watched = Page()
    watched.shows(page(old()), THERE, redirected_from=HERE)

    watched.polls()

    assert [event.event for event in watched.reported()] == [EventKind.NEW_INCIDENT]
    assert watched.state.source.primary == f"{THERE}/api/v2/summary.json"


def test_a_move_that_outlasts_a_day_is_over(acme: Page) -> None:
    acme.shows(page(new(), minute=1), THERE, redirected_from=HERE)
    acme.fetcher.raises(f"{THERE}/api/v2/incidents.json", FetchTimeout("no answer within 10 s"))
    acme.polls()
    acme.reported()
    acme.clock.now += GRACE
    later = incident("n2", update("w1", -1800, body="Long ago."), update("w2", -1700, body="Since then."))
    acme.shows(page(new(), later, minute=2), THERE)

    acme.polls()

    assert [event.id for event in acme.reported()] == ["acme/n2/w1", "acme/n2/w2"]
