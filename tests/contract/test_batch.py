"""Pages that are polled together come to the same as pages polled alone."""

from collections.abc import Sequence

import pytest
import redis

from tests.fakes import FakeClock, FakeFetcher, incident, page, provider, summary, update
from tracker.batch import BatchPoller
from tracker.errors import Conflict, FetchError, FetchTimeout
from tracker.poll import Outcome, Poll
from tracker.ports import Fetched, FetchRequest, NotModified
from tracker.store.catalogue import RedisCatalogue
from tracker.store.pages import RedisPages

NAMES = ("a", "b", "c")


class FakeBatchFetcher(FakeFetcher):
    """A scripted network that also answers many requests at a time, and remembers which came together."""

    def __init__(self) -> None:
        super().__init__()
        self.together: list[list[str]] = []

    def fetch_many(
        self,
        requests: Sequence[FetchRequest],
        *,
        at_a_time: int = 64,  # noqa: ARG002  as the port has it
    ) -> list[Fetched | NotModified | FetchError]:
        self.together.append([request.url for request in requests])
        outcomes: list[Fetched | NotModified | FetchError] = []
        for request in requests:
            try:
                outcomes.append(self.fetch(request))
            except FetchError as error:
                outcomes.append(error)
        return outcomes


class Pages:
    """Three pages of three vendors, and who polls them together."""

    def __init__(self, client: "redis.Redis") -> None:
        self.client = client
        self.clock, self.fetcher = FakeClock(), FakeBatchFetcher()
        self.store = RedisPages(client)
        for name in NAMES:
            self.shows(name, etag="1")
        catalogue = RedisCatalogue(client)
        catalogue.put([provider(id=name, url=self.url(name)) for name in NAMES], self.clock())
        self.poller = BatchPoller(self.store, self.fetcher, self.fetcher, self.clock)

    @staticmethod
    def url(name: str) -> str:
        return f"https://{name}.example/api/v2/summary.json"

    def shows(self, name: str, *incidents: object, etag: str, minute: int = 0) -> None:
        self.fetcher.answers(self.url(name), summary(page(*incidents, minute=minute)), etag=etag)

    def polled(self, names: Sequence[str] = NAMES) -> dict[str, object]:
        """Poll after a minute; return how that ended for each page."""
        self.clock.passes(seconds=60)
        outcomes = self.poller.poll(names)
        return {name: outcome.outcome if isinstance(outcome, Poll) else outcome for name, outcome in outcomes.items()}


@pytest.fixture
def pages(client: "redis.Redis") -> Pages:
    """Pages that were seen once."""
    pages = Pages(client)
    pages.polled()
    pages.fetcher.together.clear()
    return pages


def test_first_answers_are_asked_for_together(pages: Pages) -> None:
    assert pages.polled() == dict.fromkeys(NAMES, Outcome.QUIET)
    assert pages.fetcher.together == [[pages.url(name) for name in NAMES]]


def test_a_quiet_batch_is_committed_page_by_page(pages: Pages) -> None:
    before = [pages.client.hget(f"tracker:page:{name}", "committed") for name in NAMES]
    pages.polled()
    after = [pages.client.hget(f"tracker:page:{name}", "committed") for name in NAMES]

    assert [int(new or 0) - int(old or 0) for old, new in zip(before, after, strict=True)] == [1, 1, 1]
    assert [pages.client.hget(f"tracker:page:{name}", "lease") for name in NAMES] == [b"0"] * 3


def test_news_of_one_page_are_told_once(pages: Pages) -> None:
    pages.shows("b", incident("i1", update("u1")), etag="2", minute=1)

    assert pages.polled() == {"a": Outcome.QUIET, "b": Outcome.CHANGED, "c": Outcome.QUIET}
    assert pages.polled() == dict.fromkeys(NAMES, Outcome.QUIET)
    assert pages.client.xlen("tracker:updates") == 1


def test_a_page_that_fails_holds_back_no_other(pages: Pages) -> None:
    pages.fetcher.raises(pages.url("a"), FetchTimeout("no answer within 10 s"))
    pages.shows("c", incident("i1", update("u1")), etag="2", minute=1)

    assert pages.polled() == {"a": Outcome.FAILED, "b": Outcome.QUIET, "c": Outcome.CHANGED}


def test_a_page_whose_turn_another_has_is_left_to_it(pages: Pages) -> None:
    pages.clock.passes(seconds=59.9)
    assert pages.store.begin("b", pages.clock()) is not None
    pages.clock.passes(seconds=-59.9)

    assert pages.polled() == {"a": Outcome.QUIET, "b": None, "c": Outcome.QUIET}


def test_a_commit_that_comes_too_late_is_refused_alone(pages: Pages) -> None:
    """While the batch asks, somebody else polls one of its pages and finds news."""

    def overtaken() -> None:
        pages.client.hincrby("tracker:page:b", "revision", 1)

    pages.fetcher.meanwhile(overtaken)
    outcomes = pages.polled()

    assert (outcomes["a"], outcomes["c"]) == (Outcome.QUIET, Outcome.QUIET)
    assert isinstance(outcomes["b"], Conflict)


def test_two_pages_of_one_address_have_an_answer_each(pages: Pages) -> None:
    RedisCatalogue(pages.client).put([provider(id="twin", url=pages.url("a"))], pages.clock())
    pages.polled(("a", "twin"))

    assert pages.polled(("a", "twin")) == {"a": Outcome.QUIET, "twin": Outcome.QUIET}
