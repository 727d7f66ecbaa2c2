"""What a poll asks, how far it reads the answers, and what it remembers of them."""

import dataclasses
from datetime import timedelta
from urllib.parse import urlsplit

import msgspec
import pytest

import tracker.polling.discovery
from tests.fakes import (
    ATOM,
    NOON,
    FakeClock,
    FakeFetcher,
    component,
    incident,
    incidents_json,
    page,
    provider,
    scheduled_json,
    summary,
    update,
)
from tracker.detection.page_clock import STALE_FOR
from tracker.errors import (
    AddressRefused,
    BadAnswer,
    ConnectError,
    FetchError,
    FetchTimeout,
    HttpStatusError,
    MovedAway,
    NameNotResolved,
    ParseError,
    TlsError,
    TooLarge,
    TooManyRedirects,
)
from tracker.model.page import Snapshot
from tracker.model.page_state import Gaps, KnownAnswer, PageState, Source
from tracker.model.provider import Provider, Validators
from tracker.parse import FORMATS
from tracker.polling.observer import LAGGING_FOR, MISSING_FOR, Observer
from tracker.polling.poll_cost import ResponseClass
from tracker.polling.reading import Observation

SITE = "https://status.acme.example"
PROXY = f"{SITE}/proxy/{urlsplit(SITE).netloc}"
SUMMARY = f"{SITE}/api/v2/summary.json"
INCIDENTS = f"{SITE}/api/v2/incidents.json"
SCHEDULED = f"{SITE}/api/v2/scheduled-maintenances.json"
HISTORY = f"{SITE}/history.atom"
OTHER = "https://status.other.example"
HTML = "<!doctype html><html><body>All systems operational</body></html>"


class Watcher:
    """Polls one page again and again, as the poller does, and remembers what it learns."""

    def __init__(self, **fields: object) -> None:
        self.provider: Provider = provider(**fields)
        self.fetcher = FakeFetcher()
        self.clock = FakeClock()
        self.state = PageState(url=self.provider.url)
        self._observer = Observer(self.fetcher)

    def polls(self) -> Observation:
        observed = self._observer.observe(self.provider, self.state, self.clock())
        observed = self._observer.complete(self.provider, self.state, observed, self.clock())
        self.state = msgspec.structs.replace(observed.state, seeded=True)
        return observed

    def searches(self) -> Observation:
        """Look for the page's source again."""
        observed = self._observer.search(self.provider, self.state, self.clock())
        self.state = observed.state
        return observed

    def shows(self, snapshot: Snapshot, *, etag: str | None = None, salt: int = 0) -> None:
        """Let all three endpoints of the page show this."""
        self.fetcher.answers(SUMMARY, summary(snapshot, salt=salt), etag=etag)
        self.fetcher.answers(INCIDENTS, incidents_json(snapshot), etag=etag)
        self.fetcher.answers(SCHEDULED, scheduled_json(snapshot), etag=etag)

    def acknowledges(self, snapshot: Snapshot, *, etag: str | None = None) -> None:
        """Poll the page once while it shows this, and forget that it was asked."""
        self.shows(snapshot, etag=etag)
        self.polls()
        self.fetcher.asked()


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The URL of every answer that is parsed from now on."""
    urls: list[str] = []

    def counted(known):
        def read(body, url, content_type):
            urls.append(url)
            return known.read(body, url, content_type)

        return dataclasses.replace(known, read=read)

    monkeypatch.setattr(tracker.polling.discovery, "FORMATS", {name: counted(known) for name, known in FORMATS.items()})
    return urls


# --- where a page's answers come from ---


def test_a_page_that_only_has_a_feed_is_followed_through_that() -> None:
    watcher = Watcher()
    watcher.fetcher.answers(SITE, HTML)
    watcher.fetcher.answers(HISTORY, ATOM)

    observed = watcher.polls()

    assert watcher.state.source == Source(format="feed", primary=HISTORY)
    assert observed.snapshot.incidents[0].id == "i1"


def test_the_address_of_an_endpoint_is_asked_first() -> None:
    feed = f"{SITE}/my/feed.xml"
    watcher = Watcher(url=feed)
    watcher.fetcher.answers(feed, ATOM)

    watcher.polls()

    assert watcher.state.source == Source(format="feed", primary=feed)
    assert watcher.fetcher.asked() == [feed]


def test_the_address_of_the_summary_brings_its_details_along() -> None:
    watcher = Watcher(url=SUMMARY)
    watcher.shows(page())

    watcher.polls()

    assert watcher.state.source == Source(format="statuspage", primary=SUMMARY, details=(INCIDENTS, SCHEDULED))


def test_the_address_of_a_detail_is_followed_by_itself() -> None:
    watcher = Watcher(url=INCIDENTS)
    watcher.shows(page())

    watcher.polls()

    assert watcher.state.source == Source(format="statuspage", primary=INCIDENTS)


def test_a_page_with_a_path_is_looked_for_below_that_path() -> None:
    watcher = Watcher(url=f"{SITE}/acme/")
    watcher.fetcher.answers(f"{SITE}/acme/", HTML)
    watcher.fetcher.answers(f"{SITE}/acme/api/v2/summary.json", summary(page()))

    watcher.polls()

    assert watcher.state.source.primary == f"{SITE}/acme/api/v2/summary.json"


def test_a_format_that_the_provider_fixes_is_the_only_one_looked_for() -> None:
    watcher = Watcher(format="feed")
    watcher.shows(page())
    watcher.fetcher.answers(HISTORY, ATOM)

    watcher.polls()

    assert watcher.state.source == Source(format="feed", primary=HISTORY)
    assert SUMMARY not in watcher.fetcher.asked()


def test_an_endpoint_of_another_format_than_the_fixed_one_is_refused_by_name() -> None:
    watcher = Watcher(url=f"{SITE}/my/feed.xml", format="statuspage")
    watcher.fetcher.answers(f"{SITE}/my/feed.xml", ATOM)

    with pytest.raises(
        ParseError, match=r"/my/feed\.xml: its format is Atom or RSS feed, not Atlassian Statuspage \(tried "
    ):
        watcher.polls()


@pytest.mark.parametrize(
    "error",
    [
        HttpStatusError("the page answers with status 503", 60.0, 503),
        HttpStatusError("the page answers with status 429", 60.0, 429),
        FetchTimeout("no answer within 10 s"),
        BadAnswer("the answer broke off"),
        ConnectError("no connection"),
        NameNotResolved("no such host"),
        TlsError("no handshake"),
        AddressRefused("not a public address"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_may_pass_does_not_settle_for_a_lesser_endpoint(error: FetchError) -> None:
    for failing in (SITE, SUMMARY):
        watcher = Watcher()
        watcher.fetcher.answers(SITE, HTML)
        watcher.fetcher.answers(HISTORY, ATOM)
        watcher.fetcher.raises(failing, error)

        with pytest.raises(type(error)) as caught:
            watcher.polls()

        assert caught.value is error
        assert watcher.fetcher.asked() == ([SITE] if failing == SITE else [SITE, PROXY, SUMMARY])


@pytest.mark.parametrize(
    "error",
    [
        HttpStatusError("the page answers with status 403", None, 403),
        TooLarge("more than 5 MB"),
        TooManyRedirects("redirected more than 5 times"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_will_not_pass_does_not_hide_another_endpoint(error: FetchError) -> None:
    watcher = Watcher()
    watcher.fetcher.raises(SUMMARY, error)
    watcher.fetcher.answers(HISTORY, ATOM)

    watcher.polls()

    assert watcher.state.source.primary == HISTORY


def test_a_source_that_is_found_again_elsewhere_below_the_host_keeps_its_memory() -> None:
    watcher = Watcher(url=f"{SITE}/old/")
    watcher.fetcher.answers(f"{SITE}/old/api/v2/summary.json", summary(page()))
    watcher.polls()
    watcher.fetcher.lacks(f"{SITE}/old/api/v2/summary.json")
    watcher.fetcher.answers(f"{SITE}/old/", summary(page(minute=1)))

    observed = watcher.searches()

    assert watcher.state.source.primary == f"{SITE}/old/"
    assert observed.state.seeded
    assert observed.moved_from is None


def test_a_page_that_turns_to_another_format_has_moved() -> None:
    watcher = Watcher()
    watcher.acknowledges(page())
    for url in (SUMMARY, INCIDENTS, SCHEDULED):
        watcher.fetcher.lacks(url)
    watcher.fetcher.answers(HISTORY, ATOM)
    before = watcher.state.source

    observed = watcher.searches()

    assert observed.state.source.format == "feed"
    assert observed.moved_from == before
    assert observed.state.relocation.moved_at == watcher.clock()
    assert list(observed.state.answers) == [HISTORY]


def test_a_page_that_leads_to_another_host_is_followed_without_a_search() -> None:
    watcher = Watcher()
    watcher.acknowledges(page())
    watcher.fetcher.answers(SUMMARY, summary(page(minute=1)), answered_by=f"{OTHER}/api/v2/summary.json")

    observed = watcher.polls()

    assert observed.moved_from.primary == SUMMARY
    assert watcher.state.source == Source(
        format="statuspage",
        primary=f"{OTHER}/api/v2/summary.json",
        details=(f"{OTHER}/api/v2/incidents.json", f"{OTHER}/api/v2/scheduled-maintenances.json"),
    )
    assert watcher.fetcher.asked()[0] == SUMMARY


def test_a_page_that_leads_elsewhere_to_something_else_has_moved_away() -> None:
    watcher = Watcher()
    watcher.acknowledges(page())
    watcher.fetcher.answers(SUMMARY, HTML, answered_by=f"{OTHER}/")

    with pytest.raises(MovedAway, match="HTML"):
        watcher.polls()


def test_a_private_address_is_asked_only_for_a_provider_that_allows_it() -> None:
    watcher = Watcher(allow_private=True)
    watcher.shows(page())

    watcher.polls()

    assert all(request.allow_private for request in watcher.fetcher.requests)


# --- how far an answer is read ---


def test_a_page_that_says_not_modified_costs_one_request_and_no_parsing(parsed: list[str]) -> None:
    watcher = Watcher()
    watcher.acknowledges(page(), etag='"1"')
    parsed.clear()

    observed = watcher.polls()

    assert observed.response_class is ResponseClass.NOT_MODIFIED
    assert watcher.fetcher.asked() == [SUMMARY]
    assert parsed == []


def test_the_validators_of_the_last_answer_make_the_next_request_conditional() -> None:
    watcher = Watcher()
    watcher.fetcher.answers(SUMMARY, summary(page()), etag='"1"', last_modified="Mon, 03 Nov 2025 12:00:00 GMT")
    watcher.polls()

    watcher.polls()

    assert [request.validators for request in watcher.fetcher.requests if request.url == SUMMARY] == [
        Validators(),
        Validators(etag='"1"', last_modified="Mon, 03 Nov 2025 12:00:00 GMT"),
    ]


def test_newer_validators_of_an_answer_without_body_are_kept() -> None:
    watcher = Watcher()
    watcher.acknowledges(page(), etag='"1"')
    watcher.fetcher.not_modified(SUMMARY, etag='"2"')

    watcher.polls()

    assert watcher.state.answers[SUMMARY].validators == Validators(etag='"2"')


def test_the_same_body_again_is_not_parsed(parsed: list[str]) -> None:
    watcher = Watcher()
    watcher.acknowledges(page())
    parsed.clear()
    before = watcher.state

    observed = watcher.polls()

    assert observed.response_class is ResponseClass.SAME_BODY
    assert watcher.fetcher.asked() == [SUMMARY]
    assert parsed == []
    assert watcher.state == before


def test_the_same_body_under_another_etag_is_known_by_that_from_now_on() -> None:
    watcher = Watcher()
    watcher.acknowledges(page(), etag='"1"')
    watcher.fetcher.answers(SUMMARY, summary(page()), etag='"2"')

    assert watcher.polls().response_class is ResponseClass.SAME_BODY
    assert watcher.polls().response_class is ResponseClass.NOT_MODIFIED


def test_a_changed_page_has_its_details_asked_conditionally() -> None:
    watcher = Watcher()
    watcher.acknowledges(page(), etag='"1"')
    watcher.shows(page(incident("i1", update("u1")), minute=1), etag='"2"')

    observed = watcher.polls()

    assert observed.response_class is ResponseClass.CHANGED
    assert [(request.url, request.validators.etag) for request in watcher.fetcher.requests] == [
        (SUMMARY, '"1"'),
        (INCIDENTS, '"1"'),
        (SCHEDULED, '"1"'),
    ]


def test_what_only_a_detail_knows_is_in_the_snapshot() -> None:
    watcher = Watcher()
    watcher.acknowledges(page(incident("i1", update("u1"))))
    watcher.fetcher.answers(SUMMARY, summary(page(minute=1)))
    over = incident("i1", update("u1"), update("u2", 1, "resolved"))
    watcher.fetcher.answers(INCIDENTS, incidents_json(page(over, minute=1)))
    watcher.fetcher.answers(SCHEDULED, scheduled_json(page(minute=1)))

    (known,) = watcher.polls().snapshot.incidents

    assert (known.status, [posted.id for posted in known.updates]) == ("resolved", ["u1", "u2"])


def test_freshness_is_passed_on_whatever_the_response_class() -> None:
    watcher = Watcher()
    body = summary(page())
    reported = []
    for answer in (
        lambda: watcher.fetcher.answers(SUMMARY, body, fresh_for_s=30),
        lambda: watcher.fetcher.answers(SUMMARY, body, fresh_for_s=30),
        lambda: watcher.fetcher.not_modified(SUMMARY, fresh_for_s=30),
        lambda: watcher.fetcher.answers(SUMMARY, summary(page(minute=-1)), fresh_for_s=30),
    ):
        answer()
        reported.append((observed := watcher.polls()).response_class)
        assert observed.fresh_for_s == 30

    assert reported == [ResponseClass.CHANGED, ResponseClass.SAME_BODY, ResponseClass.NOT_MODIFIED, ResponseClass.STALE]


# --- details ---


@pytest.mark.parametrize("status", [404, 410])
def test_a_detail_that_does_not_exist_is_not_asked_again_for_an_hour(status: int) -> None:
    watcher = Watcher()
    watcher.shows(page())
    watcher.fetcher.raises(SCHEDULED, HttpStatusError("gone", None, status))

    assert watcher.polls().settled
    watcher.shows(page(minute=1))
    watcher.fetcher.asked()
    watcher.polls()

    assert watcher.fetcher.asked() == [SUMMARY, INCIDENTS]
    assert watcher.state.answers[SCHEDULED] == KnownAnswer(missing_since=watcher.clock())
    watcher.clock.passes(seconds=MISSING_FOR.total_seconds())
    watcher.shows(page(minute=2))
    watcher.polls()
    assert SCHEDULED in watcher.fetcher.asked()


@pytest.mark.parametrize(
    "error",
    [
        HttpStatusError("the page answers with status 500", None, 500),
        HttpStatusError("the page answers with status 403", None, 403),
        FetchTimeout("no answer within 10 s"),
        ConnectError("no connection"),
    ],
    ids=str,
)
def test_a_detail_that_fails_has_the_primary_asked_in_full_at_the_next_poll(error: FetchError) -> None:
    watcher = Watcher()
    watcher.acknowledges(page(), etag='"1"')
    now = page(incident("i1", update("u1")), minute=1)
    watcher.shows(now, etag='"2"')
    watcher.fetcher.raises(INCIDENTS, error)

    first = watcher.polls()
    watcher.shows(now, etag='"2"')
    second = watcher.polls()

    assert (first.settled, second.settled) == (False, True)
    assert [known.id for known in first.snapshot.incidents] == ["i1"], "what the primary says is not held back"
    assert second.response_class is ResponseClass.CHANGED
    assert watcher.polls().response_class is ResponseClass.NOT_MODIFIED


def test_what_a_detail_shows_when_it_is_read_for_the_first_time_is_history() -> None:
    watcher = Watcher()
    shown = page(incident("i1", update("u1")))
    watcher.shows(page(incident("i0", update("u0", -99, "resolved")), *shown.incidents))
    watcher.fetcher.answers(SUMMARY, summary(shown))
    watcher.fetcher.raises(INCIDENTS, FetchTimeout("no answer within 10 s"))
    assert watcher.polls().history == frozenset()

    watcher.fetcher.answers(INCIDENTS, incidents_json(page(incident("i0", update("u0", -99, "resolved")))))

    assert watcher.polls().history == {"i0"}
    watcher.fetcher.answers(INCIDENTS, incidents_json(page(incident("i2", update("u2")), minute=1)))
    watcher.fetcher.answers(SUMMARY, summary(page(minute=1)))
    assert watcher.polls().history == frozenset()


def test_details_behind_the_primary_are_asked_again_with_every_poll_for_some_minutes() -> None:
    watcher = Watcher()
    watcher.acknowledges(page())
    watcher.fetcher.answers(SUMMARY, summary(page(minute=1)))

    def polls() -> tuple[ResponseClass, bool]:
        observed = watcher.polls()
        return observed.response_class, observed.settled

    assert [polls() for _ in range(5)] == [(ResponseClass.CHANGED, False)] * 5
    watcher.clock.passes(seconds=LAGGING_FOR.total_seconds() + 1)
    assert [polls(), polls()] == [(ResponseClass.CHANGED, True), (ResponseClass.SAME_BODY, True)]


def test_details_that_catch_up_settle_the_answer() -> None:
    watcher = Watcher()
    watcher.acknowledges(page(incident("i1", update("u1"))))
    watcher.fetcher.answers(SUMMARY, summary(page(minute=1)))
    assert not watcher.polls().settled
    over = incident("i1", update("u1"), update("u2", 1, "resolved"))
    watcher.fetcher.answers(INCIDENTS, incidents_json(page(over, minute=1)))
    watcher.fetcher.answers(SCHEDULED, scheduled_json(page(minute=1)))

    observed = watcher.polls()

    assert observed.settled
    assert [known.status for known in observed.snapshot.incidents] == ["resolved"]
    assert watcher.state.gaps.lagging_since is None


def test_details_are_waited_for_anew_after_the_page_went_back_and_changed_again() -> None:
    watcher = Watcher()
    watcher.acknowledges(page())
    for _ in range(3):
        watcher.fetcher.answers(SUMMARY, summary(page(minute=1)))
        assert not watcher.polls().settled
        watcher.fetcher.answers(SUMMARY, summary(page()))
        assert watcher.polls().response_class is ResponseClass.SAME_BODY

    assert watcher.state.gaps.lagging_since is None


def test_a_detail_older_than_it_was_is_not_listened_to() -> None:
    watcher = Watcher()
    watcher.acknowledges(page(incident("i1", update("u1"), update("u2", 1, "resolved")), minute=5))
    watcher.fetcher.answers(SUMMARY, summary(page(minute=6)))
    watcher.fetcher.answers(INCIDENTS, incidents_json(page(incident("i1", update("u1")), minute=1)))

    observed = watcher.polls()

    assert observed.snapshot.incidents == ()
    assert not observed.settled


# --- answers that are older than one before ---


def test_a_stale_answer_leaves_no_trace_but_since_when() -> None:
    watcher = Watcher()
    watcher.acknowledges(page(minute=10), etag='"10"')
    before = watcher.state
    watcher.shows(page(components=(component("api", "major_outage"),), minute=3), etag='"3"')

    observed = watcher.polls()

    assert (observed.response_class, observed.snapshot) == (ResponseClass.STALE, None)
    assert watcher.state == msgspec.structs.replace(before, gaps=Gaps(stale_since=NOON))
    assert watcher.fetcher.asked() == [SUMMARY]


def test_an_answer_that_stays_old_for_a_day_is_the_truth() -> None:
    watcher = Watcher()
    watcher.acknowledges(page(minute=10))
    watcher.shows(page(incident("i1", update("u1")), minute=3))
    watcher.polls()

    watcher.clock.now += STALE_FOR
    assert watcher.polls().response_class is ResponseClass.STALE
    watcher.clock.passes(seconds=1)
    observed = watcher.polls()

    assert observed.response_class is ResponseClass.CHANGED
    assert [known.id for known in observed.snapshot.incidents] == ["i1"]
    assert watcher.state.gaps.stale_since is None
    assert watcher.polls().response_class is ResponseClass.SAME_BODY


def test_after_the_clock_was_put_back_details_are_read_again() -> None:
    watcher = Watcher()
    watcher.acknowledges(page(minute=10))
    watcher.shows(page(minute=3))
    watcher.polls()
    watcher.clock.now += STALE_FOR + timedelta(seconds=1)
    watcher.polls()
    watcher.fetcher.answers(SUMMARY, summary(page(minute=4)))
    watcher.fetcher.answers(INCIDENTS, incidents_json(page(incident("i1", update("u1")), minute=4)))

    assert [known.id for known in watcher.polls().snapshot.incidents] == ["i1"]


@pytest.mark.parametrize("etag", ['"10"', None], ids=["not modified", "same body"])
def test_a_stale_answer_now_and_then_never_becomes_the_truth(etag: str | None) -> None:
    watcher = Watcher()
    watcher.acknowledges(page(minute=10), etag=etag)
    for _ in range(3):
        watcher.shows(page(minute=3))
        assert watcher.polls().response_class is ResponseClass.STALE
        watcher.shows(page(minute=10), etag=etag)
        assert watcher.polls().response_class in (ResponseClass.NOT_MODIFIED, ResponseClass.SAME_BODY)
        watcher.clock.passes(hours=20)


def test_an_answer_older_than_one_that_is_not_acknowledged_is_stale_too() -> None:
    watcher = Watcher()
    watcher.acknowledges(page(minute=0))
    watcher.shows(page(components=(component("api", "major_outage"),), minute=10))
    watcher.fetcher.raises(INCIDENTS, FetchTimeout("no answer within 10 s"))
    assert not watcher.polls().settled

    watcher.shows(page(components=(component("api"),), minute=5))

    assert watcher.polls().response_class is ResponseClass.STALE


def test_pages_without_a_clock_are_never_stale() -> None:
    watcher = Watcher(format="feed")
    watcher.fetcher.answers(HISTORY, ATOM)
    watcher.polls()
    watcher.fetcher.answers(HISTORY, ATOM.replace("11:00", "10:00"))

    assert watcher.polls().response_class is ResponseClass.CHANGED
