"""The same incident under another id: nothing is reported again, and nothing ends while it goes on."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from tests.fakes import NOON, incident, incidents_json, page, scheduled_json, summary, update
from tests.vendor import INCIDENTS, SCHEDULED, SUMMARY, Tracker
from tracker.model.page import Impact, Incident, Snapshot

CAUSE = update("u2", 2, "identified", body="It was a cable.")
SLOW = incident("i1", update("u1", 1, body="Looking into it."), CAUSE, name="Slow", link="https://acme.example/i1")
OTHER = incident("i2", update("v1", 1), name="Other", link="https://acme.example/i2")
WORK = replace(SLOW, status="in_progress", impact=Impact.MAINTENANCE, scheduled_for=NOON)
BARE = incident("i1", name="Slow", link="https://acme.example/i1")
OVER = replace(SLOW, status="resolved", updates=(*SLOW.updates, update("u3", 9, "resolved", body="Over.")))
Damage = Callable[[dict[str, Any]], object]


def without_id(entry: dict[str, Any]) -> None:
    entry["id"] = None


def without_id_and_link(entry: dict[str, Any]) -> None:
    entry |= {"id": None, "shortlink": None}


def with_newest_update_without_id(entry: dict[str, Any]) -> None:
    entry["incident_updates"][0]["id"] = None


def intact(_: dict[str, Any]) -> None:
    """Leave an incident as it is."""


def made_anew(entry: dict[str, Any]) -> None:
    entry["id"] = "anew"


def shows(tracker: Tracker, snapshot: Snapshot, damage: Damage, *urls: str) -> None:
    """Show a page of which one incident is damaged in the answers of these URLs."""
    tracker.shows(snapshot)
    bodies: Mapping[str, bytes | str] = {
        SUMMARY: summary(snapshot),
        INCIDENTS: incidents_json(snapshot),
        SCHEDULED: scheduled_json(snapshot),
    }
    for url, body in bodies.items():
        answer = json.loads(body)
        for entry in (*answer.get("incidents", ()), *answer.get("scheduled_maintenances", ())):
            if entry["id"] == "i1":
                entry["shortlink"] = SLOW.link
                if url in urls:
                    damage(entry)
        tracker.fetcher.answers(url, json.dumps(answer))


def reported_by(tracker: Tracker, polls: int = 4) -> list[str]:
    for _ in range(polls):
        tracker.polls()
    return tracker.ids()


@pytest.fixture
def tracker() -> Tracker:
    """A tracker that has seen an empty page."""
    seeded = Tracker()
    seeded.shows(page())
    seeded.polls()
    return seeded


BOTH = (SUMMARY, INCIDENTS)


@pytest.mark.parametrize(
    ("shown", "damage", "urls"),
    [
        *[
            (SLOW, damage, urls)
            for damage in (without_id, without_id_and_link)
            for urls in ((SUMMARY,), BOTH[1:], BOTH)
        ],
        *[
            (BARE, damage, urls)
            for damage in (without_id, without_id_and_link)
            for urls in ((SUMMARY,), BOTH[1:], BOTH)
        ],
        *[(SLOW, with_newest_update_without_id, urls) for urls in ((SUMMARY,), BOTH[1:], BOTH)],
        # Two answers that have different ids of the vendor's are of two incidents.
        (SLOW, made_anew, BOTH),
        *[(WORK, damage, (SUMMARY, SCHEDULED)) for damage in (without_id, without_id_and_link, made_anew)],
        (WORK, without_id, (SUMMARY,)),
    ],
)
def test_another_id_reports_nothing(tracker: Tracker, shown: Incident, damage: Damage, urls: tuple[str, ...]) -> None:
    def listed(minute: int) -> Snapshot:
        works = [shown] if shown.scheduled_for else []
        return page(*(each for each in (shown, OTHER) if each not in works), maintenances=(*works,), minute=minute)

    shows(tracker, listed(3), intact)
    assert sorted({each.split("/")[1] for each in reported_by(tracker)}) == ["i1", "i2"]

    for minute in (4, 6):
        shows(tracker, listed(minute), damage, *urls)
        assert reported_by(tracker) == []
        shows(tracker, listed(minute + 1), intact)
        assert reported_by(tracker) == []
    assert {known.id for known in tracker.pages.view("acme").going_on} == {"i1", "i2"}


def test_an_edit_of_an_update_that_lost_its_id_is_reported_once_under_the_id_that_it_had(tracker: Tracker) -> None:
    edited = replace(SLOW, updates=(*SLOW.updates[:-1], replace(CAUSE, body="It was a rope.")))
    tracker.shows(page(SLOW, minute=3))
    reported_by(tracker)

    reported: list[str] = []
    for minute, shown, damage in (
        (4, SLOW, with_newest_update_without_id),
        (5, edited, with_newest_update_without_id),
        (6, edited, intact),
    ):
        shows(tracker, page(shown, minute=minute), damage, *BOTH)
        reported += reported_by(tracker)

    assert [each.rpartition("/")[0] for each in reported] == ["acme/i1/u2/edited"]


@pytest.mark.parametrize("damage", [without_id, made_anew])
def test_what_has_another_id_ends_once_and_stays_so(tracker: Tracker, damage: Damage) -> None:
    tracker.shows(page(SLOW, minute=3))
    reported_by(tracker)

    for minute in (9, 10):
        shows(tracker, page(OVER, minute=minute), damage, SUMMARY, INCIDENTS)
        assert reported_by(tracker) == (["acme/i1/u3"] if minute == 9 else [])


def test_what_has_no_id_at_first_sight_keeps_the_one_that_was_made() -> None:
    tracker = Tracker()
    shows(tracker, page(SLOW, minute=3), without_id, SUMMARY, INCIDENTS)
    (first,) = reported_by(tracker)
    made, _, update_id = first.removeprefix("acme/").partition("/")
    assert update_id == "u2"

    shows(tracker, page(OVER, minute=9), intact)

    assert reported_by(tracker) == [f"acme/{made}/u3"]


def test_what_another_answer_has_an_id_for_is_one_incident_at_first_sight() -> None:
    tracker = Tracker()
    shows(tracker, page(SLOW, OTHER, minute=3), without_id, SUMMARY)

    assert sorted(reported_by(tracker)) == ["acme/i1/u2", "acme/i2/v1"]


@pytest.mark.parametrize(
    "other",
    [
        incident("i9", update("w1", 5), name="Slow", link="https://acme.example/i1"),
        incident("i9", update("w1", 1), name="Slower", link="https://acme.example/i1"),
        incident("i9", name="Slow", link="https://acme.example/i1"),
    ],
    ids=["later", "another title", "bare"],
)
def test_what_takes_the_place_of_an_incident_is_reported(tracker: Tracker, other: Incident) -> None:
    tracker.shows(page(SLOW, minute=3))
    reported_by(tracker)

    tracker.shows(page(other, minute=6))

    opened, ended = reported_by(tracker)
    assert opened.startswith("acme/i9/")
    assert ended == "acme/i1/ended/u2"


def test_what_two_share_reports_nothing(tracker: Tracker) -> None:
    twins = [replace(SLOW, id=twin, link=None) for twin in ("i1", "i3")]
    tracker.shows(page(*twins, minute=3))
    reported_by(tracker)

    shows(tracker, page(twins[0], minute=6), made_anew, SUMMARY, INCIDENTS)

    assert sorted(reported_by(tracker)) == ["acme/anew/u1", "acme/anew/u2", "acme/i1/ended/u2", "acme/i3/ended/u2"]
