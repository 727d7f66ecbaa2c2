"""One poll of one page, from its turn to its commit."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, timedelta, timezone, tzinfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fakes import ATOM, NOON, component, incident, incidents_json, page, scheduled_json, summary, update
from tests.poller_on_a_loop import LoopPoller
from tests.vendor import INCIDENTS, SCHEDULED, SITE, SUMMARY, TIMEOUT, Tracker
from tracker.errors import Conflict, ConnectError, HttpStatusError, StoreError
from tracker.model.event import EventKind
from tracker.model.page import Incident, IncidentUpdate, Snapshot
from tracker.model.provider import FirstSight
from tracker.polling.page_store import Commit
from tracker.polling.poll_cost import FAILED, PollCost, ResponseClass
from tracker.polling.poller import FAILURES_BEFORE_SEARCH, Outcome
from tracker.scheduling.schedule import MAX_BACKOFF_S, MAX_DELAY_S


@pytest.fixture(scope="module", params=["in a thread", "on a loop"], autouse=True)
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have every test of this module run with a `Poller`, and with a `QuickPoller`."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "on a loop":
            patch.setattr(Tracker, "new_poller", staticmethod(LoopPoller))
        yield


@pytest.fixture
def tracker() -> Tracker:
    """A tracker that has seen an empty page."""
    seeded = Tracker()
    seeded.shows(page(components=(component("api"), component("web"))), etag='"0"')
    seeded.polls()
    return seeded


def acme(*incidents: Incident, minute: int, **fields: object) -> Snapshot:
    """Return what the page of the fixture says later."""
    return page(*incidents, minute=minute, components=(component("api"), component("web")), **fields)


# --- what is reported ---


def test_a_new_update_is_reported_once(tracker: Tracker) -> None:
    tracker.shows(acme(incident("i1", update("u1", 1)), minute=1))

    now = tracker.clock()
    first, second = tracker.polls(), tracker.polls()

    assert (first.outcome, first.response_class, first.events) == (Outcome.CHANGED, ResponseClass.CHANGED, 1)
    assert (second.outcome, second.response_class, second.events) == (Outcome.QUIET, ResponseClass.SAME_BODY, 0)
    assert tracker.ids() == ["acme/i1/u1"]
    assert tracker.state.activity.changed_at == now


def test_an_update_that_only_a_detail_shows_belongs_to_the_incident_that_is_known(tracker: Tracker) -> None:
    updates = [update("u1", 1), update("u2", 2, "resolved"), update("u3", 3, "postmortem")]
    for minute in (1, 2, 3):
        tracker.shows(acme(incident("i1", *updates[:minute]), minute=minute))
        tracker.fetcher.answers(SUMMARY, summary(acme(minute=minute)))
        tracker.polls()

    kinds = [event.event for event in tracker.pages.events]
    assert kinds == [EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE, EventKind.INCIDENT_UPDATE]
    assert [pending.key for pending in tracker.pages.commits[-1].pending] == ["i1/u3"]


@pytest.mark.parametrize(
    ("shown", "salt"),
    [
        (page(components=(component("api"), component("web"))), 1),
        (page(components=(component("web"), component("api"))), 0),
    ],
    ids=["other bytes", "another order of components"],
)
def test_another_answer_of_the_same_meaning_costs_one_request_and_reports_nothing(
    tracker: Tracker, shown: Snapshot, salt: int
) -> None:
    tracker.shows(shown, salt=salt)
    tracker.fetcher.asked()

    poll = tracker.polls()

    assert (poll.outcome, poll.response_class) == (Outcome.QUIET, ResponseClass.SAME_MEANING)
    assert tracker.fetcher.asked() == [SUMMARY]
    assert tracker.polls().response_class is ResponseClass.SAME_BODY, "the new bytes are known now"
    assert tracker.ids() == []


def test_a_page_that_stamps_itself_anew_reports_nothing(tracker: Tracker) -> None:
    changed_at = tracker.state.activity.changed_at
    for minute in range(1, 4):
        tracker.shows(acme(minute=minute))
        assert tracker.polls().outcome is Outcome.QUIET

    assert tracker.ids() == []
    assert tracker.state.activity.changed_at == changed_at


def test_a_page_that_writes_its_times_in_another_zone_reports_nothing(tracker: Tracker) -> None:
    pacific = timezone(timedelta(hours=-8))

    def at(zone: tzinfo) -> Snapshot:
        moment = (NOON + timedelta(minutes=5)).astimezone(zone)
        posted = update("u1", created_at=moment, body="We look into it.")
        return replace(acme(incident("i1", posted), minute=5), updated_at=moment)

    tracker.shows(at(UTC))
    tracker.polls()
    tracker.ids()
    for zone in (pacific, UTC, pacific):
        tracker.shows(at(zone), salt=1)

        assert tracker.polls().response_class is ResponseClass.SAME_MEANING
    tracker.shows(replace(at(pacific), name="Acme Inc.", updated_at=NOON + timedelta(hours=1)))
    assert tracker.polls().response_class is ResponseClass.CHANGED, "all of it is compared"

    assert tracker.ids() == []


def test_a_component_that_changes_while_the_clock_of_the_page_stands_is_reported(tracker: Tracker) -> None:
    tracker.shows(page(components=(component("api", "major_outage"), component("web"))))

    assert tracker.polls().events == 1


# --- first sight ---


def test_the_first_answer_is_a_baseline() -> None:
    tracker = Tracker()
    tracker.shows(page(incident("old", update("u1"), update("u2", 1, "resolved")), incident("open", update("u3"))))

    poll = tracker.polls()

    assert (poll.outcome, tracker.ids()) == (Outcome.CHANGED, ["acme/open/u3"])


def test_a_page_whose_history_fails_at_first_does_not_report_it_later() -> None:
    tracker = Tracker(first_sight=FirstSight.SILENT)
    old = incident("old", update("u1"), update("u2", 1, "resolved"))
    tracker.shows(page(old))
    tracker.fetcher.answers(SUMMARY, summary(page()))
    tracker.fetcher.raises(INCIDENTS, TIMEOUT)
    tracker.polls()

    tracker.fetcher.answers(INCIDENTS, incidents_json(page(old)))
    tracker.polls()
    assert tracker.ids() == []

    new = incident("new", update("u3", 5))
    tracker.shows(page(old, new, minute=5))
    tracker.fetcher.answers(SUMMARY, summary(page(new, minute=5)))
    tracker.polls()
    assert tracker.ids() == ["acme/new/u3"]


def test_a_provider_with_another_url_is_another_page() -> None:
    tracker = Tracker()
    tracker.shows(page(incident("i1", update("u1")), components=(component("api"),)), etag='"0"')
    tracker.polls()
    tracker.ids()
    moved = "https://status.other.example"
    tracker.moves(moved)
    tracker.fetcher.answers(
        f"{moved}/api/v2/summary.json",
        summary(page(incident("i2", update("u2"), update("u3", 1)), components=(component("web"),), minute=-99)),
    )
    tracker.fetcher.asked()

    tracker.polls()

    assert tracker.ids() == ["acme/i2/u3"]
    assert tracker.state.url == moved
    assert all(url.startswith(moved) for url in tracker.state.answers)
    assert list(tracker.pages.view("acme").components) == ["web"]


# --- failure and recovery ---


def test_failures_count_up_say_why_and_leave_no_trace_once_the_page_is_read_again(tracker: Tracker) -> None:
    before, view, since = tracker.state, tracker.view, tracker.clock()
    tracker.fails()

    polls = [tracker.polls() for _ in range(3)]

    known = tracker.state.readability
    assert {(poll.outcome, poll.response_class, poll.failure) for poll in polls} == {(Outcome.FAILED, None, TIMEOUT)}
    assert (known.failures, known.failing_since) == (3, since)
    assert (known.failure_reason, known.failure) == ("timeout", "no answer within 10 s")
    assert (tracker.view, tracker.state.answers) == (view, before.answers)
    tracker.shows(acme(minute=0), etag='"0"')
    assert tracker.polls().outcome is Outcome.QUIET
    assert tracker.state == before


def test_a_failing_page_is_asked_less_and_less_often_but_every_quarter_of_an_hour(tracker: Tracker) -> None:
    tracker.fails()
    pauses = []
    for _ in range(10):
        now = tracker.clock()
        tracker.polls()
        pauses.append((tracker.pages.commits[-1].due_at - now).total_seconds())

    assert pauses[0] < pauses[1] < pauses[2] < pauses[3]
    assert 54 <= pauses[0] <= 66
    assert all(0.9 * MAX_BACKOFF_S <= pause <= 1.1 * MAX_BACKOFF_S for pause in pauses[-4:])
    assert len(set(pauses[-4:])) == 4, "jitter differs by failure"


@pytest.mark.parametrize(("asked_s", "obeyed_s"), [(200.0, 200.0), (86400.0, MAX_DELAY_S)])
def test_a_server_that_asks_for_a_pause_gets_it(tracker: Tracker, asked_s: float, obeyed_s: float) -> None:
    tracker.fails(HttpStatusError("too many requests", asked_s, 429))
    now = tracker.clock()

    tracker.polls()

    assert tracker.pages.commits[-1].due_at == now + timedelta(seconds=obeyed_s)


def test_a_detail_that_asks_for_a_pause_gets_it(tracker: Tracker) -> None:
    tracker.shows(acme(minute=1))
    tracker.fetcher.raises(INCIDENTS, HttpStatusError("too many requests", 200.0, 429))
    now = tracker.clock()

    tracker.polls()

    assert now + timedelta(seconds=200) <= tracker.pages.commits[-1].due_at <= now + timedelta(seconds=260)


def test_an_answer_that_stays_fresh_for_long_is_not_asked_for_before() -> None:
    tracker = Tracker()
    tracker.fetcher.answers(SUMMARY, summary(page()), fresh_for_s=300)

    for _ in range(3):
        now = tracker.clock()
        tracker.polls()
        assert tracker.pages.commits[-1].due_at >= now + timedelta(seconds=300)


def test_a_quiet_poll_writes_nothing_but_that_it_took_place(tracker: Tracker) -> None:
    now = tracker.clock()
    tracker.polls()

    assert tracker.pages.commits[-1] == Commit(
        checked_at=now, read_at=now, cost=PollCost(ending=ResponseClass.NOT_MODIFIED)
    )


@pytest.mark.parametrize("is_found", [True, False], ids=["not a status page", "not found"])
def test_a_page_that_moved_is_looked_for_after_some_failures(tracker: Tracker, is_found: bool) -> None:
    if is_found:
        tracker.fetcher.answers(SUMMARY, "<html>We have moved</html>")
    else:
        tracker.fails(HttpStatusError("the page answers with status 404", None, 404))
    tracker.fetcher.answers(f"{SITE}/history.atom", ATOM)

    outcomes = [tracker.polls().outcome for _ in range(FAILURES_BEFORE_SEARCH)]

    assert outcomes == [*[Outcome.FAILED] * (FAILURES_BEFORE_SEARCH - 1), Outcome.CHANGED]
    assert tracker.state.source.format == "feed"
    assert tracker.state.readability.failures == 0


def test_a_host_that_is_down_is_not_searched(tracker: Tracker) -> None:
    tracker.fails(ConnectError("no connection"))
    tracker.fetcher.answers(f"{SITE}/history.atom", ATOM)
    tracker.fetcher.asked()

    for _ in range(5):
        tracker.polls()

    assert set(tracker.fetcher.asked()) == {SUMMARY}
    assert tracker.state.relocation.searched_at is None


def test_a_page_that_was_never_read_fails_with_a_reason() -> None:
    tracker = Tracker()

    poll = tracker.polls()

    assert poll.outcome is Outcome.FAILED
    assert poll.failure.reason == "not_a_status_page"
    assert (tracker.state.seeded, tracker.state.readability.failures, tracker.state.url) == (False, 1, SITE)


# --- turns ---


def test_an_unknown_provider_has_no_lease() -> None:
    tracker = Tracker()

    assert tracker.poller.poll("nobody") is None
    assert tracker.fetcher.asked() == []


def test_who_commits_second_loses_and_nothing_is_reported_twice(tracker: Tracker) -> None:
    tracker.shows(acme(incident("i1", update("u1", 1)), minute=1))
    tracker.fetcher.meanwhile(lambda: tracker.poller.poll(tracker.provider.id))

    with pytest.raises(Conflict):
        tracker.poller.poll("acme")

    assert tracker.ids() == ["acme/i1/u1"]


def test_a_failure_loses_to_a_success_that_was_committed_meanwhile(tracker: Tracker) -> None:
    def succeeds() -> None:
        tracker.shows(acme(incident("i1", update("u1", 1)), minute=1))
        tracker.polls()
        tracker.fails()

    tracker.fetcher.meanwhile(succeeds)

    with pytest.raises(Conflict):
        tracker.poller.poll("acme")

    assert tracker.state.readability.failures == 0


def test_what_could_not_be_committed_is_reported_by_the_next_poll(tracker: Tracker) -> None:
    tracker.shows(acme(incident("i1", update("u1", 1)), minute=1), etag='"1"')
    tracker.pages.is_down = True
    with pytest.raises(StoreError):
        tracker.poller.poll("acme")
    tracker.pages.is_down = False

    tracker.polls()

    assert tracker.ids() == ["acme/i1/u1"]


# --- whatever the network does ---


@dataclass
class Vendor:
    """A page through time: every version that it ever showed, and which updates it posted."""

    versions: list[Snapshot] = field(default_factory=lambda: [page(components=(component("api"),))])
    posted: list[str] = field(default_factory=list)
    _incidents: dict[str, Incident] = field(default_factory=dict)
    _api: str = "operational"

    def acts(self, deed: str) -> None:
        """Let something happen on the page; its clock moves with everything that does."""
        minute = len(self.versions)
        open_ids = [known.id for known in self._incidents.values() if known.is_open]
        if deed == "opens" or (deed in ("updates", "resolves") and not open_ids):
            self._posts(f"i{minute}", update(f"u{minute}", minute))
        elif deed == "updates":
            self._posts(open_ids[0], update(f"u{minute}", minute, "identified"))
        elif deed == "resolves":
            self._posts(open_ids[0], update(f"u{minute}", minute, "resolved"))
        elif deed == "flips":
            self._api = "operational" if self._api != "operational" else "major_outage"
        parts = (component("api", self._api),)
        self.versions.append(page(*self._incidents.values(), minute=minute, components=parts))

    def _posts(self, incident_id: str, posted: IncidentUpdate) -> None:
        before = self._incidents.get(incident_id)
        self._incidents[incident_id] = incident(incident_id, *(before.updates if before else ()), posted)
        self.posted.append(f"acme/{incident_id}/{posted.id}")


def summary_of(snapshot: Snapshot) -> bytes:
    """Return `summary.json`, which lists only what is not over."""
    still_open = tuple(known for known in snapshot.incidents if known.is_open)
    return summary(msgspec.structs.replace(snapshot, incidents=still_open))


#: How old an answer is, in versions; None for one that does not come.
ages = st.none() | st.sampled_from([0, 0, 0, 1, 2, 5])
steps = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["opens", "updates", "resolves", "flips", "stamps"]), max_size=3), ages, ages, ages
    ),
    max_size=8,
)


@settings(max_examples=50)
@given(steps)
def test_whatever_the_network_does_every_update_is_reported_once_and_no_component_flaps(
    steps: list[tuple[list[str], int | None, int | None, int | None]],
) -> None:
    tracker, vendor = Tracker(), Vendor()

    def answers(url: str, age: int | None) -> None:
        if age is None:
            tracker.fetcher.raises(url, TIMEOUT)
            return
        version = max(0, len(vendor.versions) - 1 - age)
        render = {SUMMARY: summary_of, INCIDENTS: incidents_json, SCHEDULED: scheduled_json}[url]
        tracker.fetcher.answers(url, render(vendor.versions[version]), etag=f'"{version}"')

    def polls(*ages: int | None) -> None:
        for url, age in zip((SUMMARY, INCIDENTS, SCHEDULED), ages, strict=True):
            answers(url, age)
        tracker.polls()

    polls(0, 0, 0)
    for deeds, *ages_of_answers in steps:
        for deed in deeds:
            vendor.acts(deed)
        polls(*ages_of_answers)
    vendor.acts("stamps")
    polls(0, 0, 0)

    reported = list(reported_updates(tracker))
    assert sorted(reported) == sorted(vendor.posted)
    statuses = [event.status for event in tracker.pages.events if event.event is EventKind.COMPONENT_STATUS_CHANGE]
    assert statuses == (["major_outage", "operational"] * len(statuses))[: len(statuses)]
    assert tracker.view.components["api"] == vendor.versions[-1].components[0]
    assert {known.id for known in tracker.view.open_incidents} == {
        known.id for known in vendor.versions[-1].incidents if known.is_open
    }


def reported_updates(tracker: Tracker) -> Iterator[str]:
    for event in tracker.pages.events:
        if event.event is EventKind.COMPONENT_STATUS_CHANGE or event.event.startswith("page_"):
            continue
        assert event.event in (EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE), "the vendor edits nothing"
        yield event.id


# --- since when something was not there, and what a poll took ---


def unseen_since(tracker: Tracker) -> list[object]:
    """Return since when what was reported was not there, as of this call."""
    moments = [event.unseen_since for event in tracker.pages.events]
    tracker.pages.events.clear()
    return moments


def test_nothing_is_known_of_the_time_before_the_first_sight() -> None:
    tracker = Tracker(first_sight=FirstSight.ALL)
    tracker.shows(page(incident("i1", update("u1", 1), update("u2", 2))))

    tracker.polls()

    assert unseen_since(tracker) == [None, None]


def test_nothing_is_known_of_another_address_before_its_first_sight(tracker: Tracker) -> None:
    moved = msgspec.structs.replace(tracker.provider, url=f"{SITE}/api/v2/incidents.json", first_sight=FirstSight.ALL)
    tracker.pages._providers[moved.id] = moved
    tracker.shows(acme(incident("i1", update("u1", 1)), minute=1))

    tracker.polls()

    assert unseen_since(tracker) == [None]


def test_a_poll_that_failed_did_not_see_that_something_was_not_there(tracker: Tracker) -> None:
    before = tracker.clock()
    tracker.polls()
    tracker.fails()
    tracker.polls()
    tracker.shows(acme(incident("i1", update("u1", 1)), minute=1))

    tracker.polls()

    assert unseen_since(tracker) == [before]


def test_a_stale_answer_does_not_show_that_something_was_not_there(tracker: Tracker) -> None:
    tracker.shows(acme(minute=5), etag='"5"')
    before = tracker.clock()
    tracker.polls()
    tracker.shows(acme(minute=3), etag='"3"')
    assert tracker.polls().response_class is ResponseClass.STALE
    tracker.shows(acme(incident("i1", update("u1", 6)), minute=6))

    tracker.polls()

    assert unseen_since(tracker) == [before]


def test_a_poll_that_reads_a_part_of_the_page_for_the_first_time_knows_nothing_before(tracker: Tracker) -> None:
    answers = {url: known for url, known in tracker.state.answers.items() if url != INCIDENTS}
    tracker.pages._states["acme"] = msgspec.structs.replace(tracker.state, answers=answers)
    opened, past = incident("i1", update("u1", 1)), incident("i0", update("u0", 0, "resolved"))
    tracker.shows(acme(opened, past, minute=1))
    tracker.fetcher.answers(SUMMARY, summary(acme(opened, minute=1)))

    tracker.polls()

    assert unseen_since(tracker) == [None]


def test_every_poll_is_counted_as_it_ended_with_what_it_received(tracker: Tracker) -> None:
    empty = acme(minute=0)
    opened = acme(incident("i1", update("u1", 1)), minute=1)
    details = len(incidents_json(opened)) + len(scheduled_json(opened))
    tracker.polls()
    tracker.shows(empty)
    tracker.polls()
    tracker.shows(empty, salt=1)
    tracker.polls()
    tracker.shows(opened)
    tracker.polls()
    tracker.shows(empty)
    tracker.polls()
    tracker.fetcher.answers(SUMMARY, "<html>")
    tracker.polls()

    taken = [
        (commit.cost.ending, commit.cost.received_bytes, commit.cost.answer_bytes) for commit in tracker.pages.commits
    ]
    size, salted, changed = len(summary(empty)), len(summary(empty, salt=1)), len(summary(opened))
    assert taken[1:] == [
        (ResponseClass.NOT_MODIFIED, 0, None),
        (ResponseClass.SAME_BODY, size, size),
        (ResponseClass.SAME_MEANING, salted, salted),
        (ResponseClass.CHANGED, changed + details, changed),
        (ResponseClass.STALE, size, size),
        (FAILED, len("<html>"), None),
    ]
