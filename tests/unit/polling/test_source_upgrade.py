"""A page that settled for a feed, or for its own HTML, is searched for something better once a day."""

import json

import pytest

from tests.fakes import provider
from tests.vendor import SITE, SUMMARY, Watch
from tracker.model.page_state import Source
from tracker.polling.lesser import is_lesser

FEED = f"{SITE}/history.atom"
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


@pytest.fixture
def watched() -> Watch:
    page = Watch(format="auto")
    page.fetcher.answers(SITE, HTML)
    page.fetcher.answers(FEED, ATOM)
    page.polls()
    return page


def test_a_feed_that_was_settled_for_is_asked_alone_until_a_day_has_passed(watched):
    assert watched.state.source.format == "feed"
    assert watched.asks(minutes=5) == [FEED]
    assert watched.asks(hours=23) == [FEED]


def test_a_page_whose_api_answers_after_a_day_is_read_from_it(watched):
    watched.fetcher.answers(SUMMARY, STATUSPAGE)

    watched.asks(days=1)

    assert watched.state.source.format == "statuspage"
    assert watched.asks(days=2) == [SUMMARY]


def test_a_search_without_success_waits_for_another_day(watched):
    assert len(watched.asks(days=1)) > 1
    assert watched.state.source.format == "feed"
    assert watched.asks(hours=23) == [FEED]


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
