"""The data that pages for people are drawn from, and what the formats make of it."""

import json

import pytest

from tests.vendor import SITE, Watch
from tracker.errors import HttpStatusError, ParseError
from tracker.model.provider import FirstSight
from tracker.parse import FORMATS, detect, page_data


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
            {"id": each, "started": f"2026-03-09T08:0{place}:00.000Z", "status": status, "message": {"default": text}}
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


V3 = f"{SITE}/v3/summary.json"
LOOKS, FOUND = ("u1", "INVESTIGATING", "We look."), ("u2", "IDENTIFIED", "It was a cable.")


@pytest.fixture
def watched() -> Watch:
    """A page of Instatus' with an incident that its summary does not list yet, polled from its bare address."""
    page = Watch(format="auto", first_sight=FirstSight.SILENT)
    shows(page, instatus_summary(None), LOOKS)
    page.fetcher.answers(SITE, instatus_page(LOOKS))
    page.polls()
    return page


def shows(watched: Watch, summary: bytes, *updates: tuple[str, str, str]) -> None:
    watched.fetcher.answers(f"{SITE}/", instatus_page(*updates))
    watched.fetcher.answers(V3, summary)


def reported(watched: Watch) -> list[tuple[str | None, str | None]]:
    assert watched.polls().failure is None
    return [(event.status, event.message) for event in watched.reported() if event.update_id]


def test_updates_of_instatus_have_the_texts_of_its_page_and_are_reported_once(watched):
    assert watched.state.source.primary == V3
    assert len(watched.fetcher.asked()) <= 5

    shows(watched, instatus_summary("IDENTIFIED", "08:01"), LOOKS, FOUND)

    assert ("identified", "It was a cable.") in reported(watched)
    assert reported(watched) == []


def test_an_update_that_was_reported_by_its_status_alone_is_not_reported_again_with_its_text(watched):
    watched.fetcher.answers(V3, instatus_summary("INVESTIGATING"))
    watched.fetcher.raises(f"{SITE}/", HttpStatusError("the page answers with status 503", None, 503))
    assert [status for status, _ in reported(watched)] == ["investigating"]

    shows(watched, instatus_summary("INVESTIGATING"), LOOKS)
    assert reported(watched) == []

    shows(watched, instatus_summary("IDENTIFIED", "08:02"), LOOKS, FOUND)
    assert reported(watched) == [("identified", "It was a cable.")]


def test_a_page_below_another_is_read_from_its_own_data_and_not_from_its_parents():
    watched = Watch(url=f"{SITE}/eu", format="auto")
    summary = {"name": "Acme EU", "affected_components": [], "ongoing_incidents": [], "structure": {"items": []}}
    watched.answers(next_page(f'2:["$","$L1",null,{{"summary":{json.dumps(summary)}}}]\n'))
    watched.fetcher.answers(
        f"{SITE}/proxy/status.acme.example", json.dumps({"summary": {**summary, "name": "Acme"}}).encode()
    )

    watched.polls()

    assert (watched.state.source.format, watched.state.source.primary) == ("incidentio", watched.provider.url)


def test_references_of_a_next_page_are_what_they_lead_to():
    rows = 'a:T5,text\n1:["$",{"one":"$a","two":"$undefined","three":"$$x","four":"$D2026-03-09T08:00:00.000Z"}]\n'

    found = page_data.next_object(next_page(rows), "one", "two")

    assert found == {"one": "text\n", "two": None, "three": "$x", "four": "2026-03-09T08:00:00.000Z"}


def test_named_kinds_of_values_are_what_they_hold():
    flat = [{"at": 1, "held": 2, "bare": 3, "when": 5}, ["Date", "2026-03-09"], ["Reactive", 4], ["Set"], "x", ["Date"]]

    assert page_data.unflattened(flat) == {"at": "2026-03-09", "held": "x", "bare": None, "when": None}
    assert page_data.object_with(flat, "at", "held", "gone") == {}


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
