"""Instatus: oddities that the golden answers do not show."""

import json

import pytest

from tracker.model.page import ComponentStatus, Impact
from tracker.parse import FORMATS, read

PAGE = {"name": "Acme", "url": "https://status.acme.example", "status": "HASISSUES"}


def summary(**fields: object):
    return json.dumps({"page": PAGE, **fields}).encode()


def incident(**fields: object):
    return {"id": "c1", "name": "Slow", "status": "INVESTIGATING", "started": "2026-03-09T08:00:00.000Z", **fields}


def update_ids(**fields: object):
    (found,) = read(summary(activeIncidents=[incident(**fields)])).incidents
    return [update.id for update in found.updates]


def test_an_update_is_the_same_until_its_status_or_its_time_changes():
    first = update_ids(updatedAt="2026-03-09T08:00:00.000Z")

    assert first == update_ids(updatedAt="2026-03-09T08:00:00.000Z", name="Slower", impact="MAJOROUTAGE")
    assert first != update_ids(updatedAt="2026-03-09T08:10:00.000Z")
    assert first != update_ids(updatedAt="2026-03-09T08:00:00.000Z", status="IDENTIFIED")


@pytest.mark.parametrize(
    ("word", "indicator"),
    [
        ("UP", Impact.NONE),
        ("HASISSUES", Impact.MINOR),
        ("UNDERMAINTENANCE", Impact.MAINTENANCE),
        ("ALLUNDERMAINTENANCE", Impact.MAINTENANCE),
        ("ONEMAJOROUTAGE", Impact.MAJOR),
        ("SOMEDEGRADEDPERFORMANCE", Impact.MINOR),
        ("UNHEARDOF", None),
    ],
)
def test_the_page_s_word(word, indicator):
    assert read(json.dumps({"page": {**PAGE, "status": word}}).encode()).indicator == indicator


@pytest.mark.parametrize("duration", ["", "soon", "-5", None, [], "9" * 400, 10**12, "²"])
def test_a_window_of_no_sensible_length_has_no_end(duration):
    maintenance = {"id": "m1", "name": "Work", "status": "INPROGRESS", "start": "2026-03-09T08:00:00Z"}

    (found,) = read(summary(activeMaintenances=[{**maintenance, "duration": duration}])).maintenances

    assert found.scheduled_for is not None
    assert found.scheduled_until is None


def test_one_id_in_both_lists_is_one_incident():
    snapshot = read(summary(activeIncidents=[incident()], activeMaintenances=[incident()]))

    assert (len(snapshot.incidents), len(snapshot.maintenances)) == (1, 0)


@pytest.mark.parametrize(
    "other",
    [
        {"page": {"name": "Acme", "status": "UP"}},
        {"page": {**PAGE, "status": "HAS_ISSUES"}, "activeIncidents": []},
        {"page": {**PAGE, "status": "OPERATIONAL"}, "activeIncidents": []},
        {"page": PAGE, "incidents": []},
        {"components": [{"id": "c", "name": "API", "status": "operational"}]},
        {"components": [{"id": "c", "name": "API", "status": ["OPERATIONAL"]}]},
    ],
)
def test_pages_that_look_alike_are_not_taken_for_instatus(other):
    assert not FORMATS["instatus"].recognises(json.dumps(other).encode(), None)


def test_no_components_at_all_are_read_but_not_taken_for_anybody_s():
    assert read(b'{"components": []}', format="instatus").components == ()
    assert not FORMATS["instatus"].recognises(b'{"components": []}', None)


def test_groups_in_groups_have_an_end():
    components = {"id": "c0", "name": "Deep", "status": "OPERATIONAL"}
    for depth in range(1, 200):
        components = {**components, "id": f"c{depth}", "isParent": True, "children": [components]}

    (found,) = read(json.dumps({"components": [components]}).encode(), format="instatus").components

    assert found.status is ComponentStatus.OPERATIONAL
