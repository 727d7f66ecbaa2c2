"""The address of a page is corrected in the middle of an incident: what is known of it goes along."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.fakes import page, update
from tests.unit.detection.test_migration import GONE, HERE, OVER, THERE, Page, new, old
from tracker.model.event import EventKind
from tracker.model.provider import FirstSight
from tracker.polling.poller import Outcome

CORRECTED = "https://status.acme.example/en"


def corrected(watched: Page, url: str) -> None:
    watched.provider = replace(watched.provider, url=url)
    watched.pages._providers[watched.provider.id] = watched.provider


@pytest.fixture(params=FirstSight)
def acme(request: pytest.FixtureRequest) -> Page:
    """A page that was read in the middle of an incident, whatever is reported of pages at first sight."""
    watched = Page(first_sight=request.param)
    watched.shows(page(minute=-5))
    watched.polls()
    watched.shows(page(old()))
    watched.polls()
    assert [event.id for event in watched.reported()] == ["acme/i1/u1"]
    return watched


def test_what_came_meanwhile_is_reported_once_and_nothing_else_again(acme: Page) -> None:
    acme.fails(GONE)
    for _ in range(3):
        acme.polls()
    acme.reported()
    resolved = update("v3", 20, "resolved", body=OVER)
    acme.shows(page(new(update("v2", 3, "monitoring", body="A fix is out."), resolved)), THERE)
    corrected(acme, THERE)

    acme.polls()

    readable, moved, *seen = acme.reported()
    assert (readable.event, moved.event) == (EventKind.PAGE_READABLE, EventKind.PAGE_MOVED)
    assert [(event.event, event.id) for event in seen] == [
        (EventKind.INCIDENT_UPDATE, "acme/n1/v2"),
        (EventKind.INCIDENT_UPDATE, "acme/n1/v3"),
    ]
    assert acme.polls().outcome is Outcome.QUIET
    assert acme.reported() == []


def test_what_came_while_the_tracker_was_stopped_is_reported(acme: Page) -> None:
    acme.clock.passes(hours=3)
    acme.shows(page(new(update("v2", 90, "resolved", body=OVER))), THERE)
    corrected(acme, THERE)

    acme.polls()

    assert [event.id for event in acme.reported()[1:]] == ["acme/n1/v2"]


def test_an_address_that_does_not_answer_yet_is_tried_until_it_does(acme: Page) -> None:
    acme.fails(GONE, THERE)
    corrected(acme, THERE)
    for _ in range(3):
        acme.polls()
    acme.reported()
    acme.shows(page(new(update("v2", 3, "resolved", body=OVER))), THERE)

    acme.polls()

    assert [event.id for event in acme.reported() if event.event is EventKind.INCIDENT_UPDATE] == ["acme/n1/v2"]


def test_another_path_to_the_same_page_changes_nothing(acme: Page) -> None:
    later = page(old(update("u2", 9, "resolved", body=OVER)), minute=9)
    acme.fails(GONE, HERE)
    acme.shows(later, HERE)
    acme.shows(later, CORRECTED, redirected_from=None)
    corrected(acme, CORRECTED)
    acme.clock.now += timedelta(minutes=9)

    acme.polls()

    assert [event.id for event in acme.reported()] == ["acme/i1/u2"]
    assert acme.state.relocation.moved_at is None
    assert acme.state.relocation.former is None
