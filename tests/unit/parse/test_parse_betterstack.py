"""Better Stack: oddities that the golden answer does not show."""

import json

import pytest

from tracker.errors import ParseError
from tracker.model.page import ComponentStatus
from tracker.parse import read


def page(*included: object):
    data = {"id": "1", "type": "status_page", "attributes": {"company_name": "Acme", "aggregate_state": "operational"}}
    return json.dumps({"data": data, "included": included}).encode()


def resource(status):
    return {"id": "9", "type": "status_page_resource", "attributes": {"public_name": "API", "status": status}}


def update(update_id, *states: str, at="2026-03-09T08:00:00Z"):
    affected = [{"status_page_resource_id": "9", "status": state} for state in states]
    attributes = {"message": f"Text {update_id}", "published_at": at, "affected_resources": affected}
    return {"id": update_id, "type": "status_update", "attributes": attributes}


def report(state, *update_ids: str, kind="manual"):
    affected = [{"status_page_resource_id": "9", "status": state}]
    attributes = {"title": "Slow", "report_type": kind, "aggregate_state": state, "affected_resources": affected}
    references = [{"id": update_id, "type": "status_update"} for update_id in update_ids]
    relationships = {"status_updates": {"data": references}}
    return {"id": "5", "type": "status_report", "attributes": attributes, "relationships": relationships}


def statuses(snapshot):
    (found,) = (*snapshot.incidents, *snapshot.maintenances)
    return found.status, [each.status for each in found.updates]


@pytest.mark.parametrize(
    ("states", "status"),
    [
        (["degraded", "downtime"], "downtime"),
        (["resolved", "degraded"], "degraded"),
        (["resolved", "operational"], "resolved"),
        (["unheard of"], "update"),
        ([], "update"),
    ],
)
def test_an_update_has_the_worst_state_that_it_names(states, status):
    assert statuses(read(page(report("downtime", "7"), update("7", *states)))) == ("downtime", [status])


def test_the_last_update_of_a_report_that_ended_closes_it_though_it_names_nothing():
    body = page(
        update("8", at="2026-03-09T09:00:00Z"), update("7", "degraded"), report("resolved", "8", "7"), resource("x")
    )

    assert statuses(read(body)) == ("resolved", ["degraded", "resolved"])


def test_the_only_update_of_a_report_that_ended_keeps_its_status():
    assert statuses(read(page(report("resolved", "7"), update("7")))) == ("resolved", ["update"])


@pytest.mark.parametrize(
    ("state", "status"), [("operational", "scheduled"), ("maintenance", "in_progress"), ("degraded", "scheduled")]
)
def test_a_maintenance_goes_on_while_what_it_is_about_is_in_maintenance(state, status):
    body = page(resource(state), report("maintenance", kind="maintenance"))

    assert statuses(read(body)) == (status, [])


def test_what_is_not_monitored_is_in_an_unknown_state():
    assert [part.status for part in read(page(resource("not_monitored"))).components] == [ComponentStatus.UNKNOWN]


def test_updates_that_a_report_does_not_name_are_nobody_s():
    assert statuses(read(page(report("downtime"), update("7", "downtime")))) == ("downtime", [])


@pytest.mark.parametrize("kind", ["status_report", "status_page_resource"])
def test_a_page_whose_only_entry_is_known_by_nothing_is_refused(kind):
    with pytest.raises(ParseError, match=r"cannot be read \(no id\)"):
        read(page({"type": kind, "attributes": {}}))
