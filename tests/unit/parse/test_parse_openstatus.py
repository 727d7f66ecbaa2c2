"""openstatus: windows against the answer's own time, and pages of older versions."""

import json

import pytest

from tracker.model.page import ComponentStatus
from tracker.parse import read

URL = "https://status.acme.example/feed/json"


def feed(**fields: object):
    page = {"title": "Acme", "status": "success", "monitors": [], "statusReports": [], "maintenances": []}
    return json.dumps({**page, **fields}).encode()


def maintenance(made_at, **fields: object):
    window = {"id": 1, "name": "Work", "message": "We work.", "from": "2026-03-09T08:00:00Z", "to": "2026-03-09T09:00Z"}
    (found,) = read(feed(updatedAt=made_at, maintenances=[{**window, **fields}]), url=URL).maintenances
    return found


@pytest.mark.parametrize(
    ("made_at", "status", "updates"),
    [
        ("2026-03-09T07:59:59Z", "scheduled", ["announced"]),
        ("2026-03-09T08:00:00Z", "in_progress", ["announced", "begun"]),
        ("2026-03-09T09:00:00Z", "completed", ["announced", "begun", "ended"]),
        ("yesterday", "scheduled", ["announced"]),
    ],
)
def test_a_maintenance_is_where_its_window_is_at_the_answer_s_time(made_at, status, updates):
    found = maintenance(made_at)

    assert (found.status, [update.id for update in found.updates]) == (status, updates)


def test_a_text_that_is_edited_stays_the_same_update():
    first, second = maintenance(None, message="We work."), maintenance(None, message="We work harder.")

    assert [update.id for update in first.updates] == [update.id for update in second.updates]
    assert first.updates[0].body != second.updates[0].body


def test_the_answer_s_time_means_nothing_by_itself():
    assert read(feed(updatedAt="2026-03-09T08:00:00Z")) == read(feed(updatedAt="2026-03-09T08:01:00Z"))


def test_a_report_and_a_maintenance_of_one_number_are_two():
    report = {"id": 1, "title": "Slow", "status": "investigating", "statusReportUpdates": []}
    window = {"id": 1, "name": "Work", "from": None, "to": None}

    snapshot = read(feed(statusReports=[report], maintenances=[window]))

    assert [found.id for found in (*snapshot.incidents, *snapshot.maintenances)] == ["1", "maintenance-1"]


def test_links_lead_to_the_page_that_answered():
    report = {"id": 7, "title": "Slow", "status": "resolved", "statusReportUpdates": []}

    assert read(feed(statusReports=[report]), url=URL).incidents[0].link == (
        "https://status.acme.example/events/report/7"
    )
    assert read(feed(statusReports=[report])).incidents[0].link is None


def test_a_page_of_an_older_version_lists_monitors_alone():
    monitors = [{"id": 3, "name": "API", "status": "error"}]
    report = {"id": 7, "title": "Slow", "status": "resolved", "statusReportUpdates": [], "monitors": [3]}

    snapshot = read(feed(monitors=monitors, statusReports=[report]))

    assert [(part.name, part.status) for part in snapshot.components] == [("API", ComponentStatus.MAJOR_OUTAGE)]
    assert snapshot.incidents[0].components == ("API",)
