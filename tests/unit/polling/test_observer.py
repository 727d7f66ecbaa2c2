"""What a poll asks, how far it reads the answers, and what it remembers of them."""

import dataclasses
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from msgspec.structs import replace

import tracker.polling.discovery
from tests.fakes import ATOM, NOON, component, incident, incidents_json, page, scheduled_json, summary, update
from tests.vendor import INCIDENTS, SCHEDULED, SITE, SUMMARY, Watch
from tracker.detection.page_clock import STALE_FOR
from tracker.errors import (
    AddressRefused,
    BadAnswer,
    ConnectError,
    FetchError,
    FetchTimeout,
    HttpStatusError,
    NameNotResolved,
    ParseError,
    TlsError,
    TooLarge,
    TooManyRedirects,
)
from tracker.model.page import Snapshot
from tracker.model.page_state import Gaps, KnownAnswer, PageState, Source
from tracker.model.provider import Validators
from tracker.parse import FORMATS
from tracker.polling.details import LAGGING_FOR
from tracker.polling.observer import MISSING_FOR, Observer
from tracker.polling.poll_cost import ResponseClass
from tracker.polling.reading import Observation

PROXY = f"{SITE}/proxy/{urlsplit(SITE).netloc}"
HISTORY = f"{SITE}/history.atom"
OTHER = "https://status.other.example"
HTML = "<!doctype html><html><body>All systems operational</body></html>"


class Watcher(Watch):
    """Observes one page again and again, as the poller does, and remembers what it learns."""

    def __init__(self, **fields: object) -> None:
        super().__init__(**fields)
        self.known = PageState(url=self.provider.url)
        self._observer = Observer(self.fetcher)

    def observes(self) -> Observation:
        observed = self._observer.observe(self.provider, self.known, self.clock())
        observed = self._observer.complete(self.provider, self.known, observed, self.clock())
        self.known = replace(observed.state, seeded=True)
        return observed

    def searches(self) -> Observation:
        """Look for the page's source again."""
        observed = self._observer.search(self.provider, self.known, self.clock())
        self.known = observed.state
        return observed

    def acknowledges(self, snapshot: Snapshot, *, etag: str | None = None) -> None:
        """Observe the page once while it shows this, and forget that it was asked."""
        self.shows(snapshot, etag=etag)
        self.observes()
        self.fetcher.asked()


@pytest.fixture
def watcher() -> Watcher:
    """Somebody who has not looked at the page yet."""
    return Watcher()


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


STATUSPAGE = {SUMMARY: summary(page()), INCIDENTS: incidents_json(page()), SCHEDULED: scheduled_json(page())}
BELOW = f"{SITE}/acme/api/v2/summary.json"
FEED = f"{SITE}/my/feed.xml"


@pytest.mark.parametrize(
    ("fields", "answers", "source"),
    [
        ({}, {SITE: HTML, HISTORY: ATOM}, Source(format="feed", primary=HISTORY)),
        ({"url": FEED}, {FEED: ATOM}, Source(format="feed", primary=FEED)),
        ({"url": SUMMARY}, STATUSPAGE, Source(format="statuspage", primary=SUMMARY, details=(INCIDENTS, SCHEDULED))),
        ({"url": INCIDENTS}, STATUSPAGE, Source(format="statuspage", primary=INCIDENTS)),
        (
            {"url": f"{SITE}/acme/"},
            {f"{SITE}/acme/": HTML, BELOW: STATUSPAGE[SUMMARY]},
            Source(
                format="statuspage",
                primary=BELOW,
                details=tuple(BELOW.replace("summary", name) for name in ("incidents", "scheduled-maintenances")),
            ),
        ),
        ({"format": "feed"}, {**STATUSPAGE, HISTORY: ATOM}, Source(format="feed", primary=HISTORY)),
    ],
    ids=["only a feed", "address of a feed", "of the summary", "of a detail", "a page with a path", "a fixed format"],
)
def test_a_page_is_followed_where_it_answers(
    fields: dict[str, str], answers: dict[str, str | bytes], source: Source
) -> None:
    watcher = Watcher(**fields)
    for url, body in answers.items():
        watcher.fetcher.answers(url, body)

    watcher.observes()

    assert watcher.known.source == source
    asked = watcher.fetcher.asked()
    assert (asked[0] == source.primary) is (fields.get("url") == source.primary), "a known endpoint is asked first"
    assert fields.get("format") != "feed" or SUMMARY not in asked, "no other format than a fixed one is looked for"


def test_an_endpoint_of_another_format_than_the_fixed_one_is_refused_by_name() -> None:
    watcher = Watcher(url=f"{SITE}/my/feed.xml", format="statuspage")
    watcher.fetcher.answers(f"{SITE}/my/feed.xml", ATOM)

    with pytest.raises(
        ParseError, match=r"/my/feed\.xml: its format is Atom or RSS feed, not Atlassian Statuspage \(tried "
    ):
        watcher.observes()


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
            watcher.observes()

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
def test_what_will_not_pass_does_not_hide_another_endpoint(watcher: Watcher, error: FetchError) -> None:
    watcher.fetcher.raises(SUMMARY, error)
    watcher.fetcher.answers(HISTORY, ATOM)

    watcher.observes()

    assert watcher.known.source.primary == HISTORY


def test_a_source_that_is_found_again_elsewhere_below_the_host_keeps_its_memory() -> None:
    watcher = Watcher(url=f"{SITE}/old/")
    watcher.fetcher.answers(f"{SITE}/old/api/v2/summary.json", summary(page()))
    watcher.observes()
    watcher.fetcher.lacks(f"{SITE}/old/api/v2/summary.json")
    watcher.fetcher.answers(f"{SITE}/old/", summary(page(minute=1)))

    observed = watcher.searches()

    assert watcher.known.source.primary == f"{SITE}/old/"
    assert observed.state.seeded
    assert observed.moved_from is None


def test_a_page_that_turns_to_another_format_has_moved(watcher: Watcher) -> None:
    watcher.acknowledges(page())
    for url in (SUMMARY, INCIDENTS, SCHEDULED):
        watcher.fetcher.lacks(url)
    watcher.fetcher.answers(HISTORY, ATOM)
    before = watcher.known.source

    observed = watcher.searches()

    assert observed.state.source.format == "feed"
    assert observed.moved_from == before
    assert observed.state.relocation.moved_at == watcher.clock()
    assert list(observed.state.answers) == [HISTORY]


def test_a_page_that_leads_to_another_host_is_followed_without_a_search(watcher: Watcher) -> None:
    watcher.acknowledges(page())
    watcher.fetcher.answers(SUMMARY, summary(page(minute=1)), answered_by=f"{OTHER}/api/v2/summary.json")

    observed = watcher.observes()

    assert observed.moved_from.primary == SUMMARY
    assert watcher.known.source == Source(
        format="statuspage",
        primary=f"{OTHER}/api/v2/summary.json",
        details=(f"{OTHER}/api/v2/incidents.json", f"{OTHER}/api/v2/scheduled-maintenances.json"),
    )
    assert watcher.fetcher.asked()[0] == SUMMARY


def test_a_private_address_is_asked_only_for_a_provider_that_allows_it() -> None:
    watcher = Watcher(allow_private=True)
    watcher.shows(page())

    watcher.observes()

    assert all(request.allow_private for request in watcher.fetcher.requests)


# --- how far an answer is read ---


@pytest.mark.parametrize(
    ("etag", "said"), [('"1"', ResponseClass.NOT_MODIFIED), (None, ResponseClass.SAME_BODY)], ids=["304", "same body"]
)
def test_a_page_that_says_nothing_new_costs_one_request_and_no_parsing(
    watcher: Watcher, parsed: list[str], etag: str | None, said: ResponseClass
) -> None:
    watcher.acknowledges(page(), etag=etag)
    parsed.clear()
    before = watcher.known

    assert watcher.observes().response_class is said
    assert watcher.fetcher.asked() == [SUMMARY]
    assert parsed == []
    assert watcher.known == before


def test_the_validators_of_the_last_answer_make_the_next_request_conditional(watcher: Watcher) -> None:
    watcher.fetcher.answers(SUMMARY, summary(page()), etag='"1"', last_modified="Mon, 03 Nov 2025 12:00:00 GMT")
    watcher.observes()

    watcher.observes()

    assert [request.validators for request in watcher.fetcher.requests if request.url == SUMMARY] == [
        Validators(),
        Validators(etag='"1"', last_modified="Mon, 03 Nov 2025 12:00:00 GMT"),
    ]


def test_newer_validators_of_an_answer_without_body_are_kept(watcher: Watcher) -> None:
    watcher.acknowledges(page(), etag='"1"')
    watcher.fetcher.not_modified(SUMMARY, etag='"2"')

    watcher.observes()

    assert watcher.known.answers[SUMMARY].validators == Validators(etag='"2"')


def test_the_same_body_under_another_etag_is_known_by_that_from_now_on(watcher: Watcher) -> None:
    watcher.acknowledges(page(), etag='"1"')
    watcher.fetcher.answers(SUMMARY, summary(page()), etag='"2"')

    assert watcher.observes().response_class is ResponseClass.SAME_BODY
    assert watcher.observes().response_class is ResponseClass.NOT_MODIFIED


def test_a_changed_page_has_its_details_asked_conditionally(watcher: Watcher) -> None:
    watcher.acknowledges(page(), etag='"1"')
    watcher.shows(page(incident("i1", update("u1")), minute=1), etag='"2"')

    observed = watcher.observes()

    assert observed.response_class is ResponseClass.CHANGED
    assert [(request.url, request.validators.etag) for request in watcher.fetcher.requests] == [
        (SUMMARY, '"1"'),
        (INCIDENTS, '"1"'),
        (SCHEDULED, '"1"'),
    ]


def test_freshness_is_passed_on_whatever_the_response_class(watcher: Watcher) -> None:
    body = summary(page())
    reported = []
    for answer in (
        lambda: watcher.fetcher.answers(SUMMARY, body, fresh_for_s=30),
        lambda: watcher.fetcher.answers(SUMMARY, body, fresh_for_s=30),
        lambda: watcher.fetcher.not_modified(SUMMARY, fresh_for_s=30),
        lambda: watcher.fetcher.answers(SUMMARY, summary(page(minute=-1)), fresh_for_s=30),
    ):
        answer()
        reported.append((observed := watcher.observes()).response_class)
        assert observed.fresh_for_s == 30

    assert reported == [ResponseClass.CHANGED, ResponseClass.SAME_BODY, ResponseClass.NOT_MODIFIED, ResponseClass.STALE]


# --- details ---


@pytest.mark.parametrize("status", [404, 410])
def test_a_detail_that_does_not_exist_is_not_asked_again_for_an_hour(watcher: Watcher, status: int) -> None:
    watcher.shows(page())
    watcher.fetcher.raises(SCHEDULED, HttpStatusError("gone", None, status))

    assert watcher.observes().settled
    watcher.shows(page(minute=1))
    watcher.fetcher.asked()
    watcher.observes()

    assert watcher.fetcher.asked() == [SUMMARY, INCIDENTS]
    assert watcher.known.answers[SCHEDULED] == KnownAnswer(missing_since=watcher.clock())
    watcher.clock.passes(seconds=MISSING_FOR.total_seconds())
    watcher.shows(page(minute=2))
    watcher.observes()
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
def test_a_detail_that_fails_has_the_primary_asked_in_full_at_the_next_poll(
    watcher: Watcher, error: FetchError
) -> None:
    watcher.acknowledges(page(), etag='"1"')
    now = page(incident("i1", update("u1")), minute=1)
    watcher.shows(now, etag='"2"')
    watcher.fetcher.raises(INCIDENTS, error)

    first = watcher.observes()
    watcher.shows(now, etag='"2"')
    second = watcher.observes()

    assert (first.settled, second.settled) == (False, True)
    assert [known.id for known in first.snapshot.incidents] == ["i1"], "what the primary says is not held back"
    assert second.response_class is ResponseClass.CHANGED
    assert watcher.observes().response_class is ResponseClass.NOT_MODIFIED


def test_what_a_detail_shows_when_it_is_read_for_the_first_time_is_history(watcher: Watcher) -> None:
    shown = page(incident("i1", update("u1")))
    watcher.shows(page(incident("i0", update("u0", -99, "resolved")), *shown.incidents))
    watcher.fetcher.answers(SUMMARY, summary(shown))
    watcher.fetcher.raises(INCIDENTS, FetchTimeout("no answer within 10 s"))
    assert watcher.observes().history == frozenset()

    watcher.fetcher.answers(INCIDENTS, incidents_json(page(incident("i0", update("u0", -99, "resolved")))))

    assert watcher.observes().history == {"i0"}
    watcher.fetcher.answers(INCIDENTS, incidents_json(page(incident("i2", update("u2")), minute=1)))
    watcher.fetcher.answers(SUMMARY, summary(page(minute=1)))
    assert watcher.observes().history == frozenset()


def test_details_behind_the_primary_are_asked_again_with_every_poll_for_some_minutes(watcher: Watcher) -> None:
    watcher.acknowledges(page())
    watcher.fetcher.answers(SUMMARY, summary(page(minute=1)))

    def polls() -> tuple[ResponseClass, bool]:
        observed = watcher.observes()
        return observed.response_class, observed.settled

    assert [polls() for _ in range(5)] == [(ResponseClass.CHANGED, False)] * 5
    watcher.clock.passes(seconds=LAGGING_FOR.total_seconds() + 1)
    assert [polls(), polls()] == [(ResponseClass.CHANGED, True), (ResponseClass.SAME_BODY, True)]


def test_details_are_waited_for_anew_after_the_page_went_back_and_changed_again(watcher: Watcher) -> None:
    watcher.acknowledges(page())
    for _ in range(3):
        watcher.fetcher.answers(SUMMARY, summary(page(minute=1)))
        assert not watcher.observes().settled
        watcher.fetcher.answers(SUMMARY, summary(page()))
        assert watcher.observes().response_class is ResponseClass.SAME_BODY

    assert watcher.known.gaps.lagging_since is None


def test_a_detail_older_than_it_was_is_not_listened_to(watcher: Watcher) -> None:
    watcher.acknowledges(page(incident("i1", update("u1"), update("u2", 1, "resolved")), minute=5))
    watcher.fetcher.answers(SUMMARY, summary(page(minute=6)))
    watcher.fetcher.answers(INCIDENTS, incidents_json(page(incident("i1", update("u1")), minute=1)))

    observed = watcher.observes()

    assert observed.snapshot.incidents == ()
    assert not observed.settled


# --- answers that are older than one before ---


def test_a_stale_answer_leaves_no_trace_but_since_when(watcher: Watcher) -> None:
    watcher.acknowledges(page(minute=10), etag='"10"')
    before = watcher.known
    watcher.shows(page(components=(component("api", "major_outage"),), minute=3), etag='"3"')

    observed = watcher.observes()

    assert (observed.response_class, observed.snapshot) == (ResponseClass.STALE, None)
    assert watcher.known == replace(before, gaps=Gaps(stale_since=NOON))
    assert watcher.fetcher.asked() == [SUMMARY]


def test_an_answer_that_stays_old_for_a_day_is_the_truth(watcher: Watcher) -> None:
    watcher.acknowledges(page(minute=10))
    watcher.shows(page(incident("i1", update("u1")), minute=3))
    watcher.observes()

    watcher.clock.now += STALE_FOR
    assert watcher.observes().response_class is ResponseClass.STALE
    watcher.clock.passes(seconds=1)
    observed = watcher.observes()

    assert observed.response_class is ResponseClass.CHANGED
    assert [known.id for known in observed.snapshot.incidents] == ["i1"]
    assert watcher.known.gaps.stale_since is None
    assert watcher.observes().response_class is ResponseClass.SAME_BODY


def test_after_the_clock_was_put_back_details_are_read_again(watcher: Watcher) -> None:
    watcher.acknowledges(page(minute=10))
    watcher.shows(page(minute=3))
    watcher.observes()
    watcher.clock.now += STALE_FOR + timedelta(seconds=1)
    watcher.observes()
    watcher.fetcher.answers(SUMMARY, summary(page(minute=4)))
    watcher.fetcher.answers(INCIDENTS, incidents_json(page(incident("i1", update("u1")), minute=4)))

    assert [known.id for known in watcher.observes().snapshot.incidents] == ["i1"]


@pytest.mark.parametrize("etag", ['"10"', None], ids=["not modified", "same body"])
def test_a_stale_answer_now_and_then_never_becomes_the_truth(watcher: Watcher, etag: str | None) -> None:
    watcher.acknowledges(page(minute=10), etag=etag)
    for _ in range(3):
        watcher.shows(page(minute=3))
        assert watcher.observes().response_class is ResponseClass.STALE
        watcher.shows(page(minute=10), etag=etag)
        assert watcher.observes().response_class in (ResponseClass.NOT_MODIFIED, ResponseClass.SAME_BODY)
        watcher.clock.passes(hours=20)
