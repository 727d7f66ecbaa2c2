"""The data that pages for people are drawn from, and what the formats make of it."""

import json

import pytest

from tests.fakes import FakeClock, FakeFetcher, provider
from tracker.errors import HttpStatusError, ParseError
from tracker.model.provider import FirstSight
from tracker.parse import FORMATS, detect, page_data
from tracker.polling.observer import Observer
from tracker.polling.poller import Poller
from tracker.store.memory import MemoryPages

SITE = "https://status.acme.example"


def next_page(*rows: str) -> bytes:
    pushed = "".join(f"<script>self.__next_f.push([1,{json.dumps(row)}])</script>" for row in rows)
    return f"<!DOCTYPE html><html><body>{pushed}</body></html>".encode()


def instatus_page(*updates: tuple[str, str, str]) -> bytes:
    incident = {
        "id": "i1",
        "name": {"default": "Errors"},
        "started": "2026-03-09T08:00:00.000Z",
        "status": updates[-1][1],
        "impact": "MAJOROUTAGE",
        "components": [],
        "updates": [
            {
                "id": each,
                "started": f"2026-03-09T08:0{place}:00.000Z",
                "status": status,
                "message": {"default": text},
            }
            for place, (each, status, text) in enumerate(updates)
        ],
    }
    site = {"status": "HASISSUES", "name": {"default": "Acme"}, "components": []}
    data = {"site": site, "activeIncidents": [incident], "activeMaintenances": []}
    return next_page(f'5:["$","$L1",null,{json.dumps(data)}]\n')


def instatus_summary(status: str | None, changed: str = "08:00") -> bytes:
    incident = {
        "id": "i1",
        "name": "Errors",
        "started": "2026-03-09T08:00:00.000Z",
        "status": status,
        "impact": "MAJOROUTAGE",
        "url": f"{SITE}/i1",
        "updatedAt": f"2026-03-09T{changed}:30.000Z",
    }
    page = {"name": "Acme", "url": SITE, "status": "HASISSUES"}
    return json.dumps({"page": page, "activeIncidents": [incident] if status else []}).encode()


class Watched:
    """A page of Instatus' that is polled from its bare address."""

    def __init__(self) -> None:
        self.page = provider(url=SITE, format="auto", first_sight=FirstSight.SILENT)
        self.store, self.fetcher, self.clock = MemoryPages([self.page]), FakeFetcher(), FakeClock()
        self._poller = Poller(self.store, Observer(self.fetcher), self.clock)

    def reported(self) -> list[tuple[str | None, str | None]]:
        before = len(self.store.events)
        self.clock.passes(minutes=2)
        poll = self._poller.poll(self.page.id)
        assert poll is not None
        assert poll.failure is None
        return [(event.status, event.message) for event in self.store.events[before:] if event.update_id]


def test_updates_of_instatus_have_the_texts_of_its_page_and_are_told_once():
    watched = Watched()
    watched.fetcher.answers(SITE, instatus_page(("u1", "INVESTIGATING", "We look.")))
    watched.fetcher.answers(f"{SITE}/", instatus_page(("u1", "INVESTIGATING", "We look.")))
    watched.fetcher.answers(f"{SITE}/v3/summary.json", instatus_summary(None))
    watched.reported()
    asked = len(watched.fetcher.asked())
    assert watched.store.state(watched.page.id).source.primary == f"{SITE}/v3/summary.json"

    watched.fetcher.answers(f"{SITE}/v3/summary.json", instatus_summary("IDENTIFIED", "08:01"))
    pages = instatus_page(("u1", "INVESTIGATING", "We look."), ("u2", "IDENTIFIED", "It was a cable."))
    watched.fetcher.answers(f"{SITE}/", pages)

    assert ("identified", "It was a cable.") in watched.reported()
    assert watched.reported() == []
    assert asked <= 5


def test_an_update_that_was_told_by_its_status_alone_is_not_told_again_with_its_text():
    watched = Watched()
    watched.fetcher.answers(SITE, instatus_page(("u1", "INVESTIGATING", "We look.")))
    watched.fetcher.answers(f"{SITE}/", instatus_page(("u1", "INVESTIGATING", "We look.")))
    watched.fetcher.answers(f"{SITE}/v3/summary.json", instatus_summary(None))
    watched.reported()
    watched.fetcher.answers(f"{SITE}/v3/summary.json", instatus_summary("INVESTIGATING"))
    watched.fetcher.raises(f"{SITE}/", HttpStatusError("the page answers with status 503", None, 503))

    assert [status for status, _ in watched.reported()] == ["investigating"]

    watched.fetcher.answers(f"{SITE}/", instatus_page(("u1", "INVESTIGATING", "We look.")))
    assert watched.reported() == []

    watched.fetcher.answers(f"{SITE}/v3/summary.json", instatus_summary("IDENTIFIED", "08:02"))
    more = instatus_page(("u1", "INVESTIGATING", "We look."), ("u2", "IDENTIFIED", "It was a cable."))
    watched.fetcher.answers(f"{SITE}/", more)
    assert watched.reported() == [("identified", "It was a cable.")]


def test_a_page_below_another_is_read_from_its_own_data_and_not_from_its_parents():
    watched = Watched()
    below = f"{SITE}/eu"
    watched.page = provider(url=below, format="auto", first_sight=FirstSight.SILENT)
    watched.store = MemoryPages([watched.page])
    watched._poller = Poller(watched.store, Observer(watched.fetcher), watched.clock)
    summary = {"name": "Acme EU", "affected_components": [], "ongoing_incidents": [], "structure": {"items": []}}
    watched.fetcher.answers(below, next_page(f'2:["$","$L1",null,{{"summary":{json.dumps(summary)}}}]\n'))
    watched.fetcher.answers(
        f"{SITE}/proxy/status.acme.example", json.dumps({"summary": {**summary, "name": "Acme"}}).encode()
    )

    watched.reported()

    source = watched.store.state(watched.page.id).source
    assert (source.format, source.primary) == ("incidentio", below)


def test_references_of_a_next_page_are_what_they_lead_to():
    rows = 'a:T5,text\n1:["$",{"one":"$a","two":"$undefined","three":"$$x","four":"$D2026-03-09T08:00:00.000Z"}]\n'

    found = page_data.next_object(next_page(rows), "one", "two")

    assert found == {"one": "text\n", "two": None, "three": "$x", "four": "2026-03-09T08:00:00.000Z"}


@pytest.mark.parametrize("flat", [[[0]], [{"a": 0}], [[1, 1], [2, 2], [0, 0]], {}, [], None], ids=repr)
def test_data_that_leads_back_to_itself_is_refused(flat):
    with pytest.raises(ParseError, match="the page's data is"):
        page_data.unflattened(flat)


def test_a_list_that_repeats_itself_is_refused_before_it_grows():
    flat = [[place + 1] * 10 for place in range(30)]

    with pytest.raises(ParseError):
        page_data.unflattened([*flat, 1])


@pytest.mark.parametrize("name", ["incidentio", "instatus", "checkly", "pagerduty", "okta"])
def test_any_other_page_for_people_is_not_taken_for_one(name):
    page = next_page('1:["$","div",null,{"incidents":[],"components":[],"site":"$undefined"}]\n')

    assert not FORMATS[name].recognises(page, "text/html")
    with pytest.raises(ParseError):
        detect(page)
