"""Pages are found from their plain address, and followed to where they move, over real HTTP."""

import pytest

from tests.fakes import FakeClock, provider
from tests.internet import internet
from tracker.errors import ParseError
from tracker.model.event import EventKind
from tracker.model.page_state import PageState
from tracker.model.provider import Provider
from tracker.parse import FORMATS
from tracker.polling.answers import read_answer
from tracker.polling.candidates import MOST_CANDIDATES
from tracker.polling.discovery import discover
from tracker.polling.observer import Observer
from tracker.polling.poller import Outcome, Poller
from tracker.simulator import PLATFORMS, Page, RecordedSite, Redirect, SimulatedVendor, Status
from tracker.simulator.render import render
from tracker.store.memory import MemoryPages

HOST = "status.acme.example"
#: An id of the form by which pages of some platforms are found.
PAGE_ID = "5e8f1c2a9b7d3f4e6a0c1b2d"
#: Where pages are whose address itself tells how to ask for their data.
HOSTED_AT = {"checkly": f"{PAGE_ID}.checkly-status-page.com", "statuspal": f"{PAGE_ID}.statuspal.io"}
#: A platform whose pages have no address for people of their own: each customer's data is named by its path.
PATH_OF = {"salesforce": f"/v1/instances/{PAGE_ID}/status"}
HTML = b"<!doctype html><html><head><title>Acme</title></head><body>We make anvils.</body></html>"


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_page_of_every_platform_is_found_from_its_plain_address(name: str) -> None:
    platform = PLATFORMS[name]
    page = Page("Acme", id=PAGE_ID, platform=name)
    page.open_incident("Errors in the API", impact="major", body="We are looking into it.")
    host = platform.host or HOSTED_AT.get(name, HOST)
    acme = provider(url=f"https://{host}{PATH_OF.get(name, '')}")
    clock = FakeClock(page.now())
    store = MemoryPages([acme])
    with SimulatedVendor([page]) as vendor, internet({"*": vendor.url()}) as net:
        poll = Poller(store, Observer(net), clock).poll(acme.id)

    assert poll is not None
    assert poll.failure is None, net.asked
    state = store.state(acme.id)
    assert state.source is not None
    # incident.io answers as Statuspage does, too, and may be read so.
    assert state.source.format == (name if name in FORMATS else "statuspage")
    assert store.view(acme.id).recent, state.source
    assert len(net.asked) <= MOST_CANDIDATES


def test_a_plain_page_of_statuspage_costs_the_page_its_summary_and_its_details() -> None:
    page = Page("Acme")
    acme = provider(url=f"https://{HOST}")
    with SimulatedVendor([page]) as vendor, internet({HOST: vendor.url()}) as net:
        observer = Observer(net)
        observed = observer.observe(acme, PageState(url=acme.url), page.now())
        observer.complete(acme, PageState(), observed, page.now())

    page_itself, *looks, summary, incidents, maintenances = (url.removeprefix(f"https://{HOST}") for url in net.asked)
    assert page_itself == ""
    assert len(looks) <= 1, "a format that is the richer one where a page has both may be looked for first"
    assert [summary, incidents, maintenances] == [
        "/api/v2/summary.json",
        "/api/v2/incidents.json",
        "/api/v2/scheduled-maintenances.json",
    ]


@pytest.mark.parametrize("answer", [Status(403), Status(404), Status(405), Status(418)], ids=lambda act: str(act.code))
def test_a_page_that_refuses_programs_is_found_by_its_endpoints(answer: Status) -> None:
    page = Page("Acme", id="acme")
    with SimulatedVendor([page]) as vendor, internet({HOST: vendor.url()}) as net:
        vendor.misbehave("acme", answer, times=None, path="/")
        found = discover(net, provider(url=f"https://{HOST}")).found

    assert found is not None
    assert found.source.format == "statuspage"


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_page_that_leads_to_another_host_is_found_there(code: int) -> None:
    page, old = Page("Acme", id="acme"), RecordedSite("old", {"/": [b""]})
    with (
        SimulatedVendor([page]) as vendor,
        SimulatedVendor([old]) as here,
        internet({HOST: here.url(), "status.new.example": vendor.url()}) as net,
    ):
        here.misbehave("old", Redirect(f"{vendor.url()}/", code), times=None)
        found = discover(net, provider(url=f"https://{HOST}")).found

    assert found is not None
    assert found.source.primary == "https://status.new.example/api/v2/summary.json"
    assert all(url.startswith("https://status.new.example/") for url in found.source.details)


def test_a_web_page_that_is_no_status_page_is_refused_with_one_sentence() -> None:
    site = RecordedSite("acme", {"/": [HTML]})
    acme = provider(url="https://www.acme.example/")
    with SimulatedVendor([site]) as vendor, internet({"www.acme.example": vendor.url()}) as net:
        discovery = discover(net, acme)

    assert isinstance(discovery.failure, ParseError)
    sentence = str(discovery.failure)
    assert sentence.startswith(
        "https://www.acme.example/ is a web page without a status page's data that can be read (tried "
    )
    assert f"(tried {len(net.asked)} addresses, such as /" in sentence
    assert sentence.endswith("; name an endpoint or a feed of it as url")
    assert len(sentence) < 300
    assert [attempt.url for attempt in discovery.attempts] == net.asked


def test_a_site_that_answers_everything_with_its_front_page_is_refused() -> None:
    page = Page("Acme", id="acme")
    with SimulatedVendor([page]) as vendor, internet({HOST: vendor.url()}) as net:
        vendor.misbehave("acme", Status(200, HTML), times=None)
        discovery = discover(net, provider(url=f"https://{HOST}/en/"))

    assert discovery.found is None
    assert len(net.asked) <= MOST_CANDIDATES + 1


@pytest.mark.parametrize("name", [name for name, platform in PLATFORMS.items() if platform.host is None])
def test_a_page_that_moves_in_the_middle_of_an_incident_reports_every_update_once(name: str) -> None:
    """The new page is reported before the old one knew it; what either shows beyond that is its own."""
    clock = FakeClock()
    here, there = Page("Acme", id="here", clock=clock), Page("Acme", id=PAGE_ID, platform=name, clock=clock, seed=1)
    acme, new_host = provider(url=f"https://{HOST}"), HOSTED_AT.get(name, "status.new.example")
    opened = [page.open_incident("Errors in the API", body="We are looking into errors.") for page in (here, there)]
    store = MemoryPages([acme])
    with (
        SimulatedVendor([here]) as old,
        SimulatedVendor([there]) as new,
        internet({HOST: old.url(), new_host: new.url(), "*": new.url()}) as net,
    ):
        poller = Poller(store, Observer(net), clock)
        clock.passes(seconds=30)
        poller.poll(acme.id)
        reported_before = len(store.events)
        clock.passes(minutes=5)
        there.post_update(opened[1], "identified", "A cable was cut, and is being mended.")
        for path in ("/", "/api/v2/summary.json"):
            old.misbehave("here", Redirect(f"{new.url()}{path}", 301), times=None, path=path)
        clock.passes(minutes=1)
        poll = poller.poll(acme.id)
        clock.passes(minutes=1)
        quiet = poller.poll(acme.id)

    assert poll is not None
    assert poll.failure is None, net.asked
    assert reported_before == 1
    moved, *updates = store.events[reported_before:]
    assert moved.event is EventKind.PAGE_MOVED
    assert moved.message is not None
    assert moved.message.startswith(f"from Atlassian Statuspage at {HOST} to ")
    source = store.state(acme.id).source
    assert source is not None
    assert f" to {FORMATS[source.format].title} at " in moved.message
    assert [event.event for event in updates] == [EventKind.INCIDENT_UPDATE]
    assert updates[0].incident == "Errors in the API"
    assert quiet is not None
    assert quiet.outcome is Outcome.QUIET


def test_what_answers_elsewhere_is_read_as_it_stands() -> None:
    page = Page("Acme", id="acme")
    page.open_incident("Errors")
    acme: Provider = provider(url=f"https://{HOST}/history.atom")
    with SimulatedVendor([page]) as vendor, internet({HOST: vendor.url()}) as net:
        found = discover(net, acme).found

    assert found is not None
    assert net.asked == [acme.url]
    assert [incident.name for incident in read_answer(found.answer, found.source).incidents] == ["Errors"]


def test_a_page_that_answers_elsewhere_what_it_answered_here_has_moved_and_reports_nothing_else() -> None:
    shown = Page("Acme", id="acme")
    shown.open_incident("Errors")
    paths = ("/api/v2/summary.json", "/api/v2/incidents.json", "/api/v2/scheduled-maintenances.json")
    documents = {path: render(shown.revision, path, f"https://{HOST}") for path in paths}
    bodies = {path: [document.body] for path, document in documents.items() if document is not None}
    clock, acme = FakeClock(shown.now()), provider(url=f"https://{HOST}{paths[0]}")
    store = MemoryPages([acme])
    with (
        SimulatedVendor([RecordedSite("here", bodies)]) as here,
        SimulatedVendor([RecordedSite("there", bodies)]) as there,
        internet({HOST: here.url(), "status.new.example": there.url()}) as net,
    ):
        poller = Poller(store, Observer(net), clock)
        poller.poll(acme.id)
        reported = len(store.events)
        here.misbehave("here", Redirect(f"{there.url()}{paths[0]}", 301), times=None)
        for _ in range(2):
            clock.passes(minutes=1)
            poller.poll(acme.id)

    assert [event.event for event in store.events[reported:]] == [EventKind.PAGE_MOVED]
