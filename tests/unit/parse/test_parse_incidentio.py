"""incident.io's own answers: oddities that the golden ones do not show."""

import json

import pytest

from tracker.model.page import ComponentStatus, Impact
from tracker.parse import FORMATS, detect, read

SITE = "https://status.acme.example"


def summary(**fields: object):
    return json.dumps({"summary": {"structure": {"items": []}, **fields}}).encode()


def incident(**fields: object):
    return {"id": "01I", "name": "Slow", "status": "investigating", "type": "incident", "updates": [], **fields}


def only(body):
    (found,) = read(body, url=f"{SITE}/proxy/status.acme.example").incidents
    return found


def test_lists_that_are_absent_or_null_say_that_all_is_quiet():
    snapshot = read(summary(ongoing_incidents=None, components=[{"id": "01C", "name": "API"}]))

    assert (snapshot.incidents, snapshot.maintenances, snapshot.open_only) == ((), (), True)
    assert [(part.id, part.status) for part in snapshot.components] == [("01C", ComponentStatus.OPERATIONAL)]


@pytest.mark.parametrize("status", [["full_outage"], {"a": 1}, 7, None])
def test_a_component_whose_status_is_no_word_is_in_an_unknown_one(status):
    body = summary(components=[{"id": "01C"}], affected_components=[{"component_id": "01C", "status": status}])

    assert [part.status for part in read(body).components] == [ComponentStatus.UNKNOWN]


def test_a_component_that_is_hidden_in_its_place_is_not_shown():
    place = {"component": {"component_id": "01C", "name": "API", "hidden": True}}
    body = summary(components=[{"id": "01C", "name": "API"}], structure={"items": [place]})

    assert read(body).components == ()


def test_an_incident_that_ended_comes_back_from_its_end():
    updates = [
        {"id": "01A", "published_at": "2026-03-09T08:00:00Z", "to_status": "resolved", "message_string": "Over."},
        {"id": "01B", "published_at": "2026-03-09T09:00:00Z", "to_status": "monitoring", "message_string": "Not yet."},
    ]

    found = only(summary(ongoing_incidents=[incident(status="monitoring", updates=updates)]))

    assert [update.status for update in found.updates] == ["resolved", "monitoring"]
    assert found.is_open


def test_the_link_leads_to_the_page_even_where_that_does_not_say_its_address():
    assert only(summary(ongoing_incidents=[incident()])).link == f"{SITE}/incidents/01I"


@pytest.mark.parametrize(
    ("words", "impact"),
    [
        ([], None),
        (["unheard_of"], None),
        (["operational"], Impact.NONE),
        (["degraded_performance", "partial_outage"], Impact.MAJOR),
        (["full_outage", "degraded_performance"], Impact.CRITICAL),
    ],
)
def test_severity_is_the_worst_on_the_way(words, impact):
    impacts = [{"component_id": "01C", "status": word} for word in words]

    assert only(summary(ongoing_incidents=[incident(component_impacts=impacts)])).impact == impact


def test_an_empty_history_is_read_but_not_taken_for_anybody_s():
    body = b'{"incidents": []}'

    assert read(body, format="incidentio").incidents == ()
    assert not FORMATS["incidentio"].recognises(body, None)


def test_the_statuspage_compatible_answers_are_left_to_statuspage():
    compatible = b'{"page": {"id": "01P", "name": "Acme"}, "incidents": null, "status": {"indicator": "none"}}'

    assert detect(compatible).name == "statuspage"


@pytest.mark.parametrize("updates", [[{}], "none", [None, {"id": ""}]])
def test_an_incident_is_read_without_the_updates_that_are_none(updates):
    snapshot = read(summary(ongoing_incidents=[incident(id="01I", updates=updates)]))

    assert [(known.id, known.updates) for known in snapshot.incidents] == [("01I", ())]
    assert {left_out.kind for left_out in snapshot.omissions} == {"update"}


def test_its_own_endpoints_are_tried_before_those_with_less_in_them():
    names = list(FORMATS)

    assert names.index("incidentio") < names.index("statuspage")
    assert FORMATS["incidentio"].endpoints[0].primary == "/proxy/{host}"
