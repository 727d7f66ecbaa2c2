"""The verbs of a simulated page, without HTTP."""

import re
import threading
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes import FakeClock
from tracker.simulator import Page
from tracker.simulator.draft import REMEMBERED_INCIDENTS
from tracker.simulator.vendor import REMEMBERED_REVISIONS

NOON = datetime(2026, 8, 21, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def clock():
    return FakeClock(NOON)


@pytest.fixture
def page(clock):
    """A page that has been there for an hour."""
    clock.passes(hours=-1)
    made = Page("Acme", clock=clock)
    clock.passes(hours=1)
    return made


def status_of(page, name):
    return next(component.status for component in page.revision.components if component.name == name)


def test_ids_look_like_statuspage_ids_and_follow_from_the_seed():
    page, twin, other = Page("Acme", seed=1), Page("Acme", seed=1), Page("Acme", seed=2)

    opened = [one.open_incident("Slow") for one in (page, twin, other)]

    assert re.fullmatch("[a-z0-9]{12}", page.id)
    assert re.fullmatch("[a-z0-9]{12}", opened[0])
    assert (page.id, opened[0]) == (twin.id, opened[1])
    assert (page.id, opened[0]) != (other.id, opened[2])


def test_resolved_again_keeps_the_first_resolution(page, clock):
    incident_id = page.open_incident("API down")
    page.resolve(incident_id)
    first = page.incident(incident_id).resolved_at
    clock.passes(minutes=1)
    page.post_update(incident_id, "monitoring", "It came back.")
    page.resolve(incident_id)

    assert first == page.incident(incident_id).resolved_at


def test_an_edit_keeps_the_id_and_creation_and_cuts_the_milliseconds(page, clock):
    incident_id = page.open_incident("API down", body="Typo")
    before = page.incident(incident_id).updates[0]
    clock.passes(minutes=1)
    page.edit_update(incident_id, before.id, "No typo")

    after = page.incident(incident_id).updates[0]

    assert (before.id, before.created_at, "No typo") == (after.id, after.created_at, after.body)
    assert after.updated_at > before.updated_at
    assert before.display_at.replace(microsecond=0) == after.display_at == page.incident(incident_id).started_at


def test_an_edit_can_move_the_date(page):
    incident_id = page.open_incident("API down")
    update_id = page.incident(incident_id).updates[0].id
    page.edit_update(incident_id, update_id, "Earlier than we thought", display_at=NOON - timedelta(hours=3))

    assert NOON - timedelta(hours=3) == page.incident(incident_id).started_at


def test_a_deleted_update_takes_its_status_back(page):
    incident_id = page.open_incident("API down")
    premature = page.post_update(incident_id, "identified", "We know.")
    page.delete_update(incident_id, premature)

    incident = page.incident(incident_id)

    assert (incident.status, len(incident.updates)) == ("investigating", 1)
    page.delete_update(incident_id, incident.updates[0].id)
    assert page.incident(incident_id).updates == ()


def test_a_postmortem_has_no_display_date(page):
    incident_id = page.open_incident("API down")
    page.resolve(incident_id)
    resolved_at = page.incident(incident_id).resolved_at
    page.post_update(incident_id, "postmortem", "**Root cause**")

    incident = page.incident(incident_id)

    assert incident.updates[0].display_at is None
    assert (resolved_at, incident.updates[1].display_at) == (incident.resolved_at, incident.displayed_at)


def test_a_group_is_as_bad_as_its_worst_component(page):
    page.set_component("Europe (Frankfurt)", "degraded_performance")
    page.set_component("US East (Ohio)", "under_maintenance")

    assert status_of(page, "Regions") == "degraded_performance"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda page: page.set_component("Teapot", "operational"),
        lambda page: page.set_component("API", "boiling"),
        lambda page: page.post_update("nosuchthing0", "resolved", ""),
        lambda page: page.edit_update(page.revision.incidents[0].id, "nosuchthing0", ""),
        lambda page: page.advance_maintenance(page.revision.incidents[0].id),
        lambda page: page.open_incident("Bad", "enormous"),
        lambda page: page.open_incident("Bad", components={"API": "major_outage", "Teapot": "operational"}),
    ],
    ids=["component", "status", "incident", "update", "no maintenance", "impact", "half a change"],
)
def test_a_wrong_verb_changes_nothing(page, wrong):
    page.open_incident("Good")
    before = page.revision

    with pytest.raises((LookupError, ValueError)):
        wrong(page)

    assert page.revision is before


def test_every_change_moves_the_page_even_if_the_clock_stands(page):
    moments = [page.revision]
    for _ in range(5):
        page.open_incident("Same moment")
        moments.append(page.revision)

    assert sorted({revision.updated_at for revision in moments}) == [revision.updated_at for revision in moments]
    assert sorted({revision.modified_at for revision in moments}) == [revision.modified_at for revision in moments]
    assert all(revision.modified_at.microsecond == 0 for revision in moments)


def test_the_page_is_never_older_than_its_incidents(page, clock):
    incident_id = page.open_incident("API down")
    clock.passes(seconds=-30)
    page.post_update(incident_id, "identified", "The clock went back.")

    assert page.revision.updated_at >= max(incident.updated_at for incident in page.revision.incidents)


def test_earlier_revisions_are_remembered_but_not_all(page):
    first = page.revision
    page.open_incident("One")

    assert page.earlier(1) is first
    assert page.earlier(99) is first
    for _ in range(REMEMBERED_REVISIONS):
        page.set_component("API", "degraded_performance")
    assert page.earlier(99) is not first


def test_old_incidents_are_forgotten_unless_they_are_open(page):
    still_open = page.open_incident("Never ends")
    for number in range(REMEMBERED_INCIDENTS + 5):
        page.resolve(page.open_incident(f"Incident {number}"))

    assert len(page.revision.incidents) == REMEMBERED_INCIDENTS + 1
    assert still_open == page.revision.incidents[-1].id


def test_threads_lose_no_change(page):
    before = page.revision.number
    threads = [
        threading.Thread(target=lambda: [page.open_incident("Race") for _ in range(20)], name=f"verb-{number}")
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert before + 80 == page.revision.number
    assert len({incident.id for incident in page.revision.incidents}) == 80
