"""What a quiet page costs: one request, an empty answer, nothing parsed."""

import dataclasses

import pytest
import redis

import tracker.polling.answers
from tests.fakes import FakeClock
from tracker.catalogue import new_provider
from tracker.fetch import RequestsFetcher
from tracker.fetch.options import ClientOptions
from tracker.model.clock import utc_now
from tracker.parse import FORMAT_NAMES, FORMATS
from tracker.polling.observer import Observer
from tracker.polling.poll_cost import ResponseClass
from tracker.polling.poller import Poller
from tracker.simulator.render import render
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page
from tracker.store.catalogue import RedisCatalogue
from tracker.store.memory import MemoryPages
from tracker.store.pages import RedisPages


@pytest.mark.parametrize("path", ["", "/api/v2/incidents.json", "/history.atom", "/history.rss"])
def test_a_quiet_page_costs_one_request_without_a_body_and_no_parse(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def counted(known):
        def read(body, url, content_type):
            parsed.append(url)
            return known.read(body, url, content_type)

        return dataclasses.replace(known, read=read)

    monkeypatch.setattr(tracker.polling.answers, "FORMATS", {name: counted(known) for name, known in FORMATS.items()})
    page = Page("Acme", id="acme")
    page.open_incident("Errors", body="We look into it.")
    with SimulatedVendor([page]) as vendor:
        acme = new_provider(vendor.url("acme") + path, formats=FORMAT_NAMES, allow_private=True)
        fetcher = RequestsFetcher(ClientOptions(user_agent="test"))
        poller = Poller(MemoryPages([acme]), Observer(fetcher), utc_now)
        first = poller.poll(acme.id)
        before, parses = vendor.counts("acme"), len(parsed)
        quiet = poller.poll(acme.id)
        after = vendor.counts("acme")
        fetcher.close()

    assert first is not None
    assert first.response_class is ResponseClass.CHANGED
    assert parses > 0
    assert quiet is not None
    assert quiet.response_class is ResponseClass.NOT_MODIFIED
    assert after.total - before.total == 1
    assert after.not_modified - before.not_modified == 1
    assert after.body_bytes == before.body_bytes
    assert len(parsed) == parses


def test_a_quiet_poll_costs_the_data_server_two_calls_and_what_it_wrote_before_it_counted(
    valkey: "redis.Redis",
) -> None:
    """A turn and a commit; the counters are fields of what the commit writes anyway."""
    page = Page("Acme", id="acme")
    with SimulatedVendor([page]) as vendor:
        acme = new_provider(vendor.url("acme"), formats=FORMAT_NAMES, allow_private=True)
        RedisCatalogue(valkey).put([acme], utc_now())
        clock = FakeClock()
        fetcher = RequestsFetcher(ClientOptions(user_agent="test"))
        poller = Poller(RedisPages(valkey), Observer(fetcher), clock)
        for _ in range(2):
            poller.poll(acme.id)
            clock.passes(seconds=60)
        valkey.config_resetstat()
        quiet = poller.poll(acme.id)
        commands = {
            name.removeprefix("cmdstat_"): reported["calls"] for name, reported in valkey.info("commandstats").items()
        }
        fetcher.close()

    assert quiet is not None
    assert quiet.response_class is ResponseClass.NOT_MODIFIED
    assert commands.pop("evalsha") == 2
    assert {name: calls for name, calls in commands.items() if name != "config|resetstat"} == {
        "get": 1,
        "hget": 2,
        "hmget": 2,
        "hexists": 1,
        "hset": 3,  # the lease, the page, and when a poll was committed last
    }


def test_bytes_that_are_counted_are_those_that_the_vendor_sent(
    valkey: "redis.Redis",
) -> None:
    page = Page("Acme", id="acme")
    with SimulatedVendor([page]) as vendor:
        acme = new_provider(vendor.url("acme"), formats=FORMAT_NAMES, allow_private=True)
        catalogue = RedisCatalogue(valkey)
        catalogue.put([acme], utc_now())
        clock = FakeClock()
        fetcher = RequestsFetcher(ClientOptions(user_agent="test"))
        poller = Poller(RedisPages(valkey), Observer(fetcher), clock)
        sizes = []
        for _ in range(2):
            page.open_incident("Errors", body="We look into it.")
            document = render(page.revision, "/api/v2/summary.json", vendor.url(acme.id))
            assert document is not None
            sizes.append(len(document.gzipped))
            for _ in range(3):
                poller.poll(acme.id)
                clock.passes(seconds=60)
        sent = vendor.counts(acme.id).body_bytes
        fetcher.close()

    (known,) = catalogue.savings([acme.id])
    assert known.received_bytes == sent
    assert (known.endings[ResponseClass.CHANGED], known.endings[ResponseClass.NOT_MODIFIED]) == (2, 4)
    assert known.spared_bytes == 2 * sizes[0] + 2 * sizes[1]
