"""What a quiet page costs: one request, an empty answer, nothing parsed."""

import dataclasses
from collections.abc import Iterator

import pytest
import redis

import tracker.polling.answers
from tests.vendor import Stored, Watch
from tracker.catalogue import new_provider
from tracker.fetch import RequestsFetcher
from tracker.fetch.options import ClientOptions
from tracker.parse import FORMAT_NAMES, FORMATS
from tracker.polling.poll_cost import ResponseClass
from tracker.simulator.render import render
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page


@pytest.fixture
def fetcher() -> Iterator[RequestsFetcher]:
    made = RequestsFetcher(ClientOptions(user_agent="test"))
    yield made
    made.close()


@pytest.fixture
def page() -> Page:
    return Page("Acme", id="acme")


@pytest.fixture
def vendor(page: Page) -> Iterator[SimulatedVendor]:
    with SimulatedVendor([page]) as running:
        yield running


@pytest.fixture
def watch(valkey: "redis.Redis", vendor: SimulatedVendor, fetcher: RequestsFetcher) -> Stored:
    """Somebody who polls a simulated page over HTTP, and keeps what is known of it in a real data server."""
    return Stored(valkey, fetcher=fetcher, url=vendor.url("acme"), allow_private=True)


@pytest.mark.parametrize("path", ["", "/api/v2/incidents.json", "/history.atom", "/history.rss"])
def test_a_quiet_page_costs_one_request_without_a_body_and_no_parse(
    path: str, page: Page, vendor: SimulatedVendor, fetcher: RequestsFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []

    def counted(known):
        def read(body, url, content_type):
            parsed.append(url)
            return known.read(body, url, content_type)

        return dataclasses.replace(known, read=read)

    monkeypatch.setattr(tracker.polling.answers, "FORMATS", {name: counted(known) for name, known in FORMATS.items()})
    page.open_incident("Errors", body="We look into it.")
    acme = new_provider(vendor.url("acme") + path, formats=FORMAT_NAMES, allow_private=True)
    watch = Watch(fetcher=fetcher, watched=acme)
    assert watch.polls().response_class is ResponseClass.CHANGED
    before, parses = vendor.counts("acme"), len(parsed)
    assert watch.polls().response_class is ResponseClass.NOT_MODIFIED
    after = vendor.counts("acme")

    assert len(parsed) == parses > 0
    assert after.total - before.total == after.not_modified - before.not_modified == 1
    assert after.body_bytes == before.body_bytes


def test_a_quiet_poll_costs_the_data_server_two_calls_and_what_it_wrote_before_it_counted(watch: Stored) -> None:
    """A lease and a commit; the counters are fields of what the commit writes anyway."""
    watch.polls(2)
    watch.client.config_resetstat()
    assert watch.polls().response_class is ResponseClass.NOT_MODIFIED

    reported = watch.client.info("commandstats")
    commands = {name.removeprefix("cmdstat_"): one["calls"] for name, one in reported.items()}
    assert commands.pop("evalsha") == 2
    assert {name: calls for name, calls in commands.items() if name != "config|resetstat"} == {
        "get": 1,
        "hget": 2,
        "hmget": 2,
        "hexists": 1,
        "hset": 3,  # the lease, the page, and when a poll was committed last
    }


def test_bytes_that_are_counted_are_those_that_the_vendor_sent(
    watch: Stored, page: Page, vendor: SimulatedVendor
) -> None:
    sizes = []
    for _ in range(2):
        page.open_incident("Errors", body="We look into it.")
        sizes.append(len(render(page.revision, "/api/v2/summary.json", vendor.url("acme")).gzipped))
        watch.polls(3)

    (known,) = watch.catalogue.savings(["acme"])
    assert known.received_bytes == vendor.counts("acme").body_bytes
    assert (known.endings[ResponseClass.CHANGED], known.endings[ResponseClass.NOT_MODIFIED]) == (2, 4)
    assert known.spared_bytes == 2 * sizes[0] + 2 * sizes[1]
