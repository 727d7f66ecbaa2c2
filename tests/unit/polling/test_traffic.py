"""What one poll receives is counted for it alone."""

import threading

import pytest

from tests.fakes import FakeFetcher
from tracker.errors import HttpStatusError
from tracker.polling.fetcher import FetchRequest
from tracker.polling.traffic import TrafficMeter

A, B = FetchRequest(url="https://a.example"), FetchRequest(url="https://b.example")


@pytest.fixture
def fetcher() -> FakeFetcher:
    """A network with an answer of seven bytes and one of three."""
    network = FakeFetcher()
    network.answers(A.url, "a" * 7)
    network.answers(B.url, "b" * 3)
    return network


def test_bodies_are_counted_together_and_by_url_and_every_poll_begins_at_nothing(fetcher: FakeFetcher) -> None:
    meter = TrafficMeter(fetcher)
    meter.start()

    for request in (A, B):
        meter.fetch(request)

    assert (meter.received_bytes, meter.received_from(A.url), meter.received_from(B.url)) == (10, 7, 3)
    meter.start()
    assert (meter.received_bytes, meter.received_from(A.url)) == (0, None)


def test_a_304_and_a_failure_have_no_body(fetcher: FakeFetcher) -> None:
    fetcher.not_modified(A.url)
    fetcher.lacks(B.url)
    meter = TrafficMeter(fetcher)

    meter.fetch(A)
    with pytest.raises(HttpStatusError):
        meter.fetch(B)

    assert (meter.received_bytes, meter.received_from(A.url)) == (0, None)


def test_polls_of_other_threads_do_not_count(fetcher: FakeFetcher) -> None:
    meter = TrafficMeter(fetcher)
    meter.fetch(A)
    other = threading.Thread(target=lambda: (meter.start(), meter.fetch(B)))

    other.start()
    other.join()

    assert meter.received_bytes == 7
