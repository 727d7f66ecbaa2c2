"""Datadog Status Pages: oddities that the golden answer does not show."""

import json

import pytest

from tracker.parse import FORMATS, read


def config(**fields: object):
    page = {"domainPrefix": "acme", "name": "Acme", "components": [], "incidents": None, "maintenances": None}
    return json.dumps({**page, **fields}).encode()


def test_null_lists_say_that_all_is_quiet():
    snapshot = read(config())

    assert (snapshot.name, snapshot.incidents, snapshot.components) == ("Acme", (), ())


def test_updates_that_were_filed_together_stand_in_the_order_of_the_list():
    timeline = [
        {"id": "u2", "status": "resolved", "createdAt": "2026-03-09T09:00:00Z", "startedAt": "2026-03-09T08:00:00Z"},
        {"id": "u1", "status": "investigating", "createdAt": "2026-03-09T09:00:00Z", "startedAt": "2026-03-09T07:00Z"},
    ]
    body = config(incidents=[{"id": "i1", "title": "Slow", "currentStatus": "resolved", "timeline": timeline}])

    (found,) = read(body).incidents

    assert [update.id for update in found.updates] == ["u1", "u2"]


def test_an_incident_that_names_no_component_has_no_severity():
    body = config(incidents=[{"id": "i1", "title": "Slow", "currentStatus": "investigating", "timeline": []}])

    assert [(found.impact, found.components) for found in read(body).incidents] == [(None, ())]


@pytest.mark.parametrize("key", ["domainPrefix", "components", "incidents", "maintenances"])
def test_an_answer_that_lacks_a_mark_is_somebody_else_s(key):
    answer = json.loads(config())
    del answer[key]

    assert not FORMATS["datadog"].recognises(json.dumps(answer).encode(), None)
