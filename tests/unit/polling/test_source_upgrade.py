"""A page that settled for a feed, or for its own HTML, is searched for something better once a day."""

import pytest

from tests.fakes import ATOM, page, provider, summary
from tests.vendor import SITE, SUMMARY, Watch
from tracker.model.page_state import Source
from tracker.polling.lesser import is_lesser

FEED = f"{SITE}/history.atom"
HTML = b"<!DOCTYPE html><html><head><title>Acme</title></head></html>"


@pytest.fixture
def watched() -> Watch:
    acme = Watch(format="auto")
    acme.fetcher.answers(SITE, HTML)
    acme.fetcher.answers(FEED, ATOM)
    acme.polls()
    return acme


def test_a_feed_that_was_settled_for_is_asked_alone_until_a_day_has_passed(watched):
    assert watched.state.source.format == "feed"
    assert watched.asks(minutes=5) == [FEED]
    assert watched.asks(hours=23) == [FEED]


def test_a_page_whose_api_answers_after_a_day_is_read_from_it(watched):
    watched.fetcher.answers(SUMMARY, summary(page()))

    watched.asks(days=1)

    assert watched.state.source.format == "statuspage"
    assert watched.asks(days=2) == [SUMMARY]


def test_a_search_without_success_waits_for_another_day(watched):
    assert len(watched.asks(days=1)) > 1
    assert watched.state.source.format == "feed"
    assert watched.asks(hours=23) == [FEED]


@pytest.mark.parametrize(
    ("fields", "source", "lesser"),
    [
        ({"url": SITE}, Source(format="feed", primary=FEED), True),
        ({"url": FEED}, Source(format="feed", primary=FEED), False),
        ({"url": SITE, "format": "feed"}, Source(format="feed", primary=FEED), False),
        ({"url": SITE}, Source(format="statuspage", primary=SUMMARY), False),
        ({"url": SITE}, Source(format="instatus", primary=SITE), True),
        ({"url": SITE}, Source(format="pagerduty", primary=SITE), False),
    ],
)
def test_which_sources_are_settled_for(fields, source, lesser):
    assert is_lesser(provider(**{"format": "auto", **fields}), source) is lesser
