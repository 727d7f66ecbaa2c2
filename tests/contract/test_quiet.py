"""What a quiet page costs: one request, an empty answer, nothing parsed."""

import dataclasses

import pytest

import tracker.discover
from tracker.catalogue import new_provider
from tracker.fetch import FetchLimits, RequestsFetcher
from tracker.observe import Observer
from tracker.parse import FORMAT_NAMES, FORMATS
from tracker.poll import Poller
from tracker.savings import Layer
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page, utc_now
from tracker.store.memory import MemoryPages


@pytest.mark.parametrize("path", ["", "/api/v2/incidents.json", "/history.atom", "/history.rss"])
def test_a_quiet_page_costs_one_request_without_a_body_and_no_parse(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def counted(known):
        def read(body, url, content_type):
            parsed.append(url)
            return known.read(body, url, content_type)

        return dataclasses.replace(known, read=read)

    monkeypatch.setattr(tracker.discover, "FORMATS", {name: counted(known) for name, known in FORMATS.items()})
    page = Page("Acme", id="acme")
    page.open_incident("Errors", body="We look into it.")
    with SimulatedVendor([page]) as vendor:
        acme = new_provider(vendor.url("acme") + path, formats=FORMAT_NAMES, allow_private=True)
        fetcher = RequestsFetcher(limits=FetchLimits(), user_agent="test")
        poller = Poller(MemoryPages([acme]), Observer(fetcher), utc_now)
        first = poller.poll(acme.id)
        before, parses = vendor.counts("acme"), len(parsed)
        quiet = poller.poll(acme.id)
        after = vendor.counts("acme")
        fetcher.close()

    assert first is not None
    assert first.layer is Layer.CHANGED
    assert parses > 0
    assert quiet is not None
    assert quiet.layer is Layer.NOT_MODIFIED
    assert after.total - before.total == 1
    assert after.not_modified - before.not_modified == 1
    assert after.body_bytes == before.body_bytes
    assert len(parsed) == parses
