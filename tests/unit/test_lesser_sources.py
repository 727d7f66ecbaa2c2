"""A page that settled for a feed, or for its own HTML, is searched for something better once a day."""

import json

import pytest

from tests.fakes import FakeClock, FakeFetcher, provider
from tracker.model.page_state import Source
from tracker.polling.lesser import is_lesser
from tracker.polling.observer import Observer
from tracker.polling.poller import Poller
from tracker.store.memory import MemoryPages

SITE = "https://status.acme.example"
SUMMARY, FEED = f"{SITE}/api/v2/summary.json", f"{SITE}/history.atom"
HTML = b"<!DOCTYPE html><html><head><title>Acme</title></head></html>"
ATOM = (
    b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Acme Status - Incident History</title>'
    b"<entry><id>tag:status.acme.example,2005:Incident/1</id><published>2026-03-09T08:00:00Z</published>"
    b"<updated>2026-03-09T09:00:00Z</updated><title>Fog</title><content type='html'>&lt;p&gt;&lt;small&gt;Mar 9, 09:00 "
    b"UTC&lt;/small&gt;&lt;br&gt;&lt;strong&gt;Resolved&lt;/strong&gt; - It lifted.&lt;/p&gt;</content></entry></feed>"
)
PAGE = {"id": "p1", "name": "Acme", "url": SITE, "updated_at": "2026-03-09T09:00:00Z"}
STATUSPAGE = json.dumps(
    {"page": PAGE, "status": {"indicator": "none"}, "components": [], "incidents": [], "scheduled_maintenances": []}
).encode()


class Watched:
    def __init__(self) -> None:
        self.page = provider(url=SITE, format="auto")
        self.store, self.fetcher, self.clock = MemoryPages([self.page]), FakeFetcher(), FakeClock()
        self.fetcher.answers(SITE, HTML)
        self.fetcher.answers(FEED, ATOM)
        self._poller = Poller(self.store, Observer(self.fetcher), self.clock)

    def polls(self, **later: int) -> list[str]:
        """Poll once, return what was asked for."""
        self.clock.passes(**later)
        self.fetcher.asked()
        poll = self._poller.poll(self.page.id)
        assert poll is not None
        assert poll.failure is None
        return self.fetcher.asked()

    @property
    def source(self) -> Source:
        source = self.store.state(self.page.id).source
        assert source is not None
        return source


def test_a_feed_that_was_settled_for_is_asked_alone_until_a_day_has_passed():
    watched = Watched()
    watched.polls(minutes=1)

    assert watched.source.format == "feed"
    assert watched.polls(minutes=5) == [FEED]
    assert watched.polls(hours=23) == [FEED]


def test_a_page_whose_api_answers_after_a_day_is_read_from_it():
    watched = Watched()
    watched.polls(minutes=1)
    watched.fetcher.answers(SUMMARY, STATUSPAGE)

    watched.polls(days=1)

    assert watched.source.format == "statuspage"
    assert watched.polls(days=2) == [SUMMARY]


def test_a_search_without_success_waits_for_another_day():
    watched = Watched()
    watched.polls(minutes=1)

    assert len(watched.polls(days=1)) > 1
    assert watched.source.format == "feed"
    assert watched.polls(hours=23) == [FEED]


@pytest.mark.parametrize(
    ("page", "source", "lesser"),
    [
        ({"url": SITE}, Source(format="feed", primary=FEED), True),
        ({"url": FEED}, Source(format="feed", primary=FEED), False),
        ({"url": SITE, "format": "feed"}, Source(format="feed", primary=FEED), False),
        ({"url": SITE}, Source(format="statuspage", primary=SUMMARY), False),
        ({"url": SITE}, Source(format="instatus", primary=SITE), True),
        ({"url": SITE}, Source(format="pagerduty", primary=SITE), False),
    ],
)
def test_which_sources_are_settled_for(page, source, lesser):
    assert is_lesser(provider(**{"format": "auto", **page}), source) is lesser
