"""A page of which something cannot be read: the rest is reported, it is said once, and nothing has ended for it."""

import json
import logging
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests.fakes import component, incident, page, summary, update
from tests.vendor import INCIDENTS, SUMMARY, Tracker
from tracker.detection.readability import incomplete
from tracker.detection.snapshots import projection
from tracker.model.page import ComponentStatus, Omission
from tracker.polling.poll_cost import IN_PART, ResponseClass

COMPONENTS = (component("api"), component("web"))
Damage = Callable[[dict[str, list[object]]], object]


def damaged(body: bytes | str, damage: Damage) -> str:
    answer = json.loads(body)
    damage(answer)
    return json.dumps(answer)


@pytest.fixture
def tracker(caplog: pytest.LogCaptureFixture) -> Tracker:
    """A tracker that has seen a page without incidents."""
    caplog.set_level(logging.INFO, "tracker.polling.notices")
    seeded = Tracker()
    seeded.shows(page(components=COMPONENTS), etag='"0"')
    seeded.polls()
    return seeded


def shows(tracker: Tracker, damage: Damage, *, minute: int, etag: str) -> None:
    """Show a new incident, and something odd beside it."""
    snapshot = page(incident("i1", update("u1", minute)), minute=minute, components=COMPONENTS)
    tracker.shows(snapshot, etag=etag)
    tracker.fetcher.answers(SUMMARY, damaged(summary(snapshot), damage), etag=etag)


def test_what_stands_beside_an_odd_entry_is_reported(tracker: Tracker) -> None:
    shows(tracker, lambda answer: answer["incidents"].insert(0, None), minute=1, etag='"1"')

    tracker.polls()

    assert tracker.ids() == ["acme/i1/u1"]
    assert tracker.pages.commits[-1].cost is not None
    assert tracker.pages.commits[-1].cost.ending == IN_PART
    assert incomplete(tracker.state) == "left out: incidents with no object"


def test_it_is_said_once_when_it_begins_and_once_when_it_ends(
    tracker: Tracker, caplog: pytest.LogCaptureFixture
) -> None:
    shows(tracker, lambda answer: answer["components"].append(None), minute=1, etag='"1"')
    tracker.polls()
    tracker.polls()
    shows(tracker, lambda answer: answer["components"].append(7), minute=2, etag='"2"')
    tracker.polls()
    shows(tracker, lambda _: None, minute=3, etag='"3"')
    tracker.polls()
    tracker.polls()

    assert [record.getMessage() for record in caplog.records] == [
        "acme is read in part; left out: components with no object",
        "acme is read as a whole again",
    ]
    assert incomplete(tracker.state) is None


def test_a_quiet_poll_of_a_page_that_is_read_in_part_writes_no_state(tracker: Tracker) -> None:
    shows(tracker, lambda answer: answer["components"].append(None), minute=1, etag='"1"')
    tracker.polls()

    poll = tracker.polls()

    assert poll.response_class is ResponseClass.NOT_MODIFIED
    assert tracker.pages.commits[-1].state is None
    assert tracker.state.omissions == (Omission(kind="component", reason="no object"),)


def test_what_a_detail_lacks_stays_known_while_the_detail_is_not_read_again(tracker: Tracker) -> None:
    shows(tracker, lambda _: None, minute=1, etag='"1"')
    snapshot = page(incident("i1", update("u1", 1)), minute=1, components=COMPONENTS)
    whole = json.dumps({"page": {"id": "acme"}, "incidents": [None, *json.loads(summary(snapshot))["incidents"]]})
    tracker.fetcher.answers(INCIDENTS, whole, etag='"odd"')
    tracker.polls()
    tracker.shows(replace(snapshot, components=(*COMPONENTS, component("mail"))), etag='"2"')
    tracker.fetcher.not_modified(INCIDENTS, etag='"odd"')

    tracker.polls()

    assert tracker.state.omissions == (Omission(kind="incident", reason="no object"),)


def test_a_component_that_is_left_out_is_neither_gone_nor_up(tracker: Tracker) -> None:
    down = page(minute=1, components=(component("api"), component("web", ComponentStatus.MAJOR_OUTAGE)))
    tracker.shows(down, etag='"1"')
    tracker.polls()
    tracker.ids()
    odd = replace(down, updated_at=page(minute=2).updated_at)
    tracker.shows(odd, etag='"2"')
    tracker.fetcher.answers(
        SUMMARY, damaged(summary(odd), lambda answer: answer["components"].__setitem__(1, None)), etag='"2"'
    )

    tracker.polls()

    assert tracker.ids() == []
    assert tracker.pages.view("acme").components["web"].status is ComponentStatus.MAJOR_OUTAGE
    assert tracker.pages.view("acme").gone_components == {}


def test_an_answer_without_what_was_odd_means_something_else() -> None:
    whole = page(incident("i1", update("u1", 1)))

    assert projection(replace(whole, omissions=(Omission(kind="incident", reason="no id"),))) != projection(whole)
