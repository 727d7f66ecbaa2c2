"""What is kept of the decision about a poll that brings nothing new, and what a loop leaves to threads."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fakes import FakeClock, FakeFetcher, provider
from tests.poller_on_a_loop import LoopPoller
from tests.strategies import moments, providers, states
from tests.vendor import Watch
from tracker.detection.snapshots import digest
from tracker.environment.credentials import NO_VARIABLES
from tracker.errors import CredentialsMissing, FetchError, FetchTimeout, HttpStatusError
from tracker.model.page_state import Activity, Gaps, KnownAnswer, PageState, Readability, Source
from tracker.model.provider import Cadence, Provider, Validators
from tracker.polling import poll_threads
from tracker.polling import quick_poller as quick
from tracker.polling.commits import quiet
from tracker.polling.fetcher import NotModified
from tracker.polling.page_store import Commit, DecodedPage, PollLease
from tracker.polling.poll_cost import PollCost, ResponseClass
from tracker.polling.poller import Outcome, Poll
from tracker.polling.quick_poller import LARGEST_COMPARED_BYTES, plain_commit, plain_of
from tracker.polling.reading import read
from tracker.store.memory import MemoryPages

PAGE = "https://status.acme.example/api/v2/summary.json"
_VALIDATORS = st.builds(Validators, etag=st.none() | st.just('"1"'), last_modified=st.none() | st.just("a date"))


@given(
    page=providers,
    state=states,
    #: Most pages owe nothing, which few states say.
    owes=st.sampled_from([False, False, False, True]),
    quiet_for=st.none() | st.timedeltas(timedelta(days=-1), timedelta(days=16)),
    stored=_VALIDATORS,
    renewed=st.none() | st.none() | _VALIDATORS,
    fresh_for_s=st.none() | st.floats(0, 90_000),
    begun_at=moments,
    later=st.timedeltas(timedelta(seconds=-1), timedelta(minutes=1)) | st.timedeltas(timedelta(), timedelta(days=20)),
)
def test_the_plainest_poll_writes_what_the_general_way_would(
    page: Provider,
    state: PageState,
    owes: bool,
    quiet_for: timedelta | None,
    stored: Validators,
    renewed: Validators | None,
    fresh_for_s: float | None,
    begun_at: datetime,
    later: timedelta,
) -> None:
    source = Source(format="statuspage", primary=page.url)
    known = {**state.answers, page.url: replace(state.answers.get(page.url, KnownAnswer()), validators=stored)}
    quiet_since = None if quiet_for is None else begun_at - quiet_for
    state = replace(state, url=page.url, source=source, answers=known, activity=Activity(quiet_since=quiet_since))
    if not owes:
        gaps = Gaps(unsettled_since=state.gaps.unsettled_since)
        state = replace(state, readability=Readability(), gaps=gaps)
    lease = PollLease(DecodedPage(page, state), revision=1, fencing_token=1, begun_at=begun_at)
    now = begun_at + later
    answer = NotModified(url=page.url, validators=renewed or stored, fresh_for_s=fresh_for_s)

    short = plain_commit(lease, plain_of(lease, NO_VARIABLES, begun_at), answer, now)

    event("short cut" if short else "the general way")
    if short is not None:
        general = quiet(lease, read(state, source, answer, now), now)
        assert short == replace(general, cost=PollCost(ending=ResponseClass.NOT_MODIFIED))


#: The state of a page that was read and owes nothing.
READ = PageState(
    url=PAGE,
    seeded=True,
    source=Source(format="statuspage", primary=PAGE),
    answers={PAGE: KnownAnswer(validators=Validators(etag='"1"'))},
)


def takes_the_short_cut(page: Provider, state: PageState, at: datetime) -> bool:
    """Return whether a 304 at that moment is committed without the general way."""
    lease = PollLease(DecodedPage(page, state), revision=1, fencing_token=1, begun_at=at)
    answer = NotModified(url=PAGE, validators=Validators(etag='"1"'))
    return plain_commit(lease, plain_of(lease, NO_VARIABLES, FakeClock().now), answer, at) is not None


@pytest.mark.parametrize(
    "owed",
    [
        {"readability": Readability(failures=1)},
        {"gaps": Gaps(stale_since=FakeClock().now)},
        {"gaps": Gaps(lagging_since=FakeClock().now)},
        {"readability": Readability(unreadable_since=FakeClock().now)},
        {"activity": Activity(incident_at=FakeClock().now)},
        {"activity": Activity(quiet_since=FakeClock().now - timedelta(days=15))},
        {"url": "https://elsewhere.example"},
        {},
    ],
    ids=str,
)
def test_only_a_page_that_owes_nothing_takes_the_short_cut(owed: dict[str, object]) -> None:
    assert takes_the_short_cut(provider(url=PAGE), replace(READ, **owed), FakeClock().now) == (not owed)


def test_a_slow_page_leaves_the_short_cut_when_its_pace_changes() -> None:
    acme, now = provider(url=PAGE, cadence=Cadence.ADAPTIVE), FakeClock().now
    quiet_since_now = replace(READ, activity=Activity(quiet_since=now))

    assert takes_the_short_cut(acme, quiet_since_now, now + timedelta(days=14, seconds=-1))
    assert not takes_the_short_cut(acme, quiet_since_now, now + timedelta(days=14))


class Page(Watch):
    """A page that was read once, whose answers a test chooses, polled on a loop."""

    new_poller = LoopPoller

    def __init__(self, body: bytes) -> None:
        super().__init__(url=PAGE)
        state = replace(READ, answers={PAGE: KnownAnswer(digest=digest(body))})
        lease = self.pages.begin("acme", self.clock())
        assert lease is not None
        self.pages.commit(lease, Commit(state=state, checked_at=self.clock()))


def test_a_body_that_is_too_large_to_compare_on_the_loop_is_asked_for_once() -> None:
    body = b"{" + b" " * LARGEST_COMPARED_BYTES + b"}"
    page = Page(body)
    page.answers(body)

    poll = page.polls()

    assert (poll.outcome, poll.response_class) == (Outcome.QUIET, ResponseClass.SAME_BODY)
    assert page.fetcher.asked() == [PAGE]


def test_what_the_quick_fetcher_leaves_is_asked_for_by_the_general_one() -> None:
    page = Page(b"{}")
    page.answers(b"{}", answered_by="https://status.acme.example/elsewhere.json")

    poll = page.polls()

    assert poll.outcome is Outcome.QUIET
    assert page.fetcher.asked() == [PAGE, PAGE]


def test_a_failure_costs_one_request_and_is_committed_with_its_reason() -> None:
    page = Page(b"{}")
    page.fetcher.raises(PAGE, FetchTimeout("no byte came for 10 s"))

    poll = page.polls()

    assert isinstance(poll.failure, FetchError)
    assert page.state.readability.failure == "no byte came for 10 s"
    assert page.fetcher.asked() == [PAGE]


def test_a_page_that_was_never_read_is_asked_once_for_what_a_search_begins_with() -> None:
    acme, fetcher = provider(), FakeFetcher()
    fetcher.raises(acme.url, FetchTimeout("no byte came for 10 s"))
    poller = LoopPoller(MemoryPages([acme]), fetcher, FakeClock())

    poll = poller.poll("acme")

    assert poll is not None
    assert isinstance(poll.failure, FetchTimeout)
    assert fetcher.asked() == [acme.url]


def test_credentials_are_looked_up_for_each_request_of_a_page_that_does_not_change() -> None:
    secrets: dict[str, str] = {}
    acme, fetcher, clock = provider(url=PAGE, headers_env=(("Key", "ACME_KEY"),)), FakeFetcher(), FakeClock()
    poller = LoopPoller(MemoryPages([acme]), fetcher, clock, environ=secrets)

    def polls(etag: str) -> Poll | None:
        fetcher.answers(PAGE, b'{"page": {"id": "p", "name": "Acme"}, "incidents": []}', etag=etag)
        clock.passes(minutes=1)
        return poller.poll("acme")

    without = polls("1")
    assert without is not None
    assert isinstance(without.failure, CredentialsMissing)
    assert fetcher.asked() == []

    for key, etag in (("one", "1"), ("one", "1"), ("two", "1"), ("three", "2")):
        secrets["ACME_KEY"] = key
        fetcher.requests.clear()
        poll = polls(etag)

        assert poll is not None
        assert poll.failure is None
        assert {request.headers["Key"] for request in fetcher.requests} == {key}
    assert poll.response_class is ResponseClass.SAME_BODY
    del secrets["ACME_KEY"]
    again = polls("2")
    assert again is not None
    assert isinstance(again.failure, CredentialsMissing)


def test_a_body_beyond_what_may_wait_for_a_thread_is_asked_for_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "MOST_WAITING_BYTES", 1)
    page = Page(b"{}")
    page.answers(b"{ }")

    page.polls()

    assert page.fetcher.asked() == [PAGE, PAGE]


def test_a_poll_that_waited_for_a_thread_until_its_lease_was_nearly_over_is_left_to_the_next() -> None:
    page = Page(b"{}")
    page.answers(b"{ }")
    page.fetcher.meanwhile(lambda: page.clock.passes(seconds=26))

    assert page.poller.poll("acme") is None
    assert page.fetcher.asked() == [PAGE]


@pytest.mark.parametrize("closed", ["threads", "slow_threads"])
@pytest.mark.parametrize(
    ("seconds", "error", "is_slow"),
    [
        (1, None, False),
        (3, None, True),
        # A search goes on with other addresses after this one, and not after a silent host.
        (3, HttpStatusError("answered 404", None, 404), True),
        (3, FetchTimeout("no byte came for 10 s"), False),
    ],
)
def test_a_slow_page_takes_no_thread_from_the_others(
    seconds: int, error: FetchError | None, is_slow: bool, closed: str
) -> None:
    acme, fetcher, clock = provider(url=PAGE), FakeFetcher(), FakeClock()
    if error is None:
        fetcher.answers(PAGE, b"{}")
    else:
        fetcher.raises(PAGE, error)
    fetcher.meanwhile(lambda: clock.passes(seconds=seconds))
    poller = LoopPoller(MemoryPages([acme]), fetcher, clock, **{closed: closed_threads()})

    assert (poller.poll("acme") is None) == (closed == ("slow_threads" if is_slow else "threads"))


@pytest.mark.parametrize(("is_read", "seconds"), [(True, 3), (False, 21)])
def test_a_page_that_held_a_thread_for_long_is_slow_from_then_on(is_read: bool, seconds: int) -> None:
    page = Page(b"{}")
    pages = page.pages if is_read else MemoryPages([provider(url=PAGE)])
    poller = LoopPoller(pages, page.fetcher, page.clock, slow_threads=closed_threads())
    elsewhere = iter(range(9))

    def polled(held_s: int) -> bool:
        page.clock.passes(minutes=1)
        page.answers(b"{%d}" % next(elsewhere), answered_by="https://status.acme.example/elsewhere.json")
        # The quick fetcher leaves a redirect at once; the second request holds the thread.
        page.fetcher.meanwhile(lambda: page.fetcher.meanwhile(lambda: page.clock.passes(seconds=held_s)))
        return poller.poll("acme") is not None

    assert [polled(seconds - 2), polled(seconds), polled(1)] == [True, True, False]


def test_a_poll_for_which_no_thread_is_free_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll_threads, "LONGEST_WAIT", timedelta())
    page, is_over = Page(b"{}"), Event()
    page.answers(b"{ }")
    with ThreadPoolExecutor(1) as threads:
        threads.submit(is_over.wait, 10)
        poller = LoopPoller(page.pages, page.fetcher, page.clock, threads=threads)

        assert poller.poll("acme") is None
        is_over.set()
    assert page.fetcher.asked() == [PAGE]


def test_a_page_takes_no_second_thread_when_its_poll_outlives_its_lease() -> None:
    page = Page(b"{}")
    page.answers(b"{ }", answered_by="https://status.acme.example/elsewhere.json")
    second = []

    def polls_again() -> None:
        page.clock.passes(seconds=31)
        second.append(page.poller.poll("acme"))

    page.fetcher.meanwhile(lambda: page.fetcher.meanwhile(polls_again))
    page.poller.poll("acme")

    assert second == [None]
    assert page.fetcher.asked() == [PAGE] * 3


def closed_threads() -> ThreadPoolExecutor:
    """Return an executor that starts no thread any more, as where the system allows none."""
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    return executor
