"""What a page answers under each path, in both platforms."""

import json
import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from tracker.simulator import Page
from tracker.simulator.render import render

URL = "http://127.0.0.1:8080/acme"
BEGAN = datetime(2026, 8, 20, 9, 5, 7, 250000, tzinfo=UTC)
ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
ULID = re.compile("[0-9A-HJKMNP-TV-Z]{26}")
SECOND_Z = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
MILLISECOND_Z = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def reported(platform="statuspage", time_zone="Etc/UTC"):
    """A page with one resolved incident, one open one and one maintenance to come."""
    page = Page(
        "Acme", id="acme", platform=platform, now=BEGAN - timedelta(days=30), clock=lambda: BEGAN, time_zone=time_zone
    )
    old = page.open_incident("Old & gone", "minor", now=BEGAN - timedelta(days=2))
    page.resolve(old, "It is over.", now=BEGAN - timedelta(days=1))
    new = page.open_incident("New", "major", body="First\nline", components={"API": "partial_outage"}, now=BEGAN)
    page.post_update(new, "investigating", "Still looking.", now=BEGAN + timedelta(minutes=1))
    window = (BEGAN + timedelta(days=3), BEGAN + timedelta(days=3, hours=1))
    page.schedule_maintenance("Work", *window, "We will work.", ["Webhooks"], now=BEGAN + timedelta(minutes=2))
    return page


def text(page, path, variation=0):
    document = render(page.revision, path, URL, variation)
    assert document is not None, path
    return document.body.decode()


def answer(page, path, variation=0):
    return json.loads(text(page, path, variation))


def feed(page, path, variation=0):
    return ET.fromstring(text(page, path, variation))


def names(incidents):
    return [incident["name"] for incident in incidents]


def test_summary_has_what_is_open_and_what_is_to_come():
    summary = answer(reported(), "/api/v2/summary.json")

    assert list(summary) == ["page", "components", "incidents", "scheduled_maintenances", "status"]
    assert names(summary["incidents"]) == ["New"]
    assert names(summary["scheduled_maintenances"]) == ["Work"]
    assert summary["status"] == {"indicator": "minor", "description": "Minor Service Outage"}
    assert tuple(summary["page"][key] for key in ("id", "url", "time_zone")) == ("acme", URL, "Etc/UTC")
    assert MILLISECOND_Z.fullmatch(summary["page"]["updated_at"])


def test_a_group_lists_what_is_in_it():
    components = answer(reported(), "/api/v2/components.json")["components"]

    group = next(component for component in components if component["group"])
    inside = [component for component in components if component["group_id"] == group["id"]]

    assert [component["id"] for component in inside] == group["components"]
    assert list(range(1, len(components) + 1)) == [component["position"] for component in components]
    assert all("components" not in component for component in inside)


def test_incidents_come_with_updates_newest_first_and_their_components():
    new, old = answer(reported(), "/api/v2/incidents.json")["incidents"]

    assert (new["name"], old["name"]) == ("New", "Old & gone")
    assert [update["body"] for update in new["incident_updates"]] == ["Still looking.", "First\nline"]
    assert [component["name"] for component in new["components"]] == ["API"]
    assert new["incident_updates"][1]["affected_components"] == [
        {
            "code": new["components"][0]["id"],
            "name": "API",
            "old_status": "operational",
            "new_status": "partial_outage",
        }
    ]
    assert old["incident_updates"][0]["affected_components"] is None
    assert old["resolved_at"] == "2026-08-19T09:05:07.250Z"
    assert new["resolved_at"] is None
    assert "scheduled_for" not in new


def test_incidents_are_the_50_newest_by_their_newest_update():
    page = Page("Acme", now=BEGAN, clock=lambda: BEGAN)
    opened = [page.open_incident(f"Incident {number}") for number in range(60)]
    page.post_update(opened[20], "identified", "An old one moves up.")

    listed = [incident["id"] for incident in answer(page, "/api/v2/incidents.json")["incidents"]]

    assert len(listed) == 50
    assert [opened[20], opened[59], opened[58]] == listed[:3]


def test_maintenances_have_a_list_of_their_own():
    page = reported()
    [work] = answer(page, "/api/v2/scheduled-maintenances.json")["scheduled_maintenances"]

    assert (work["impact"], work["scheduled_for"]) == ("maintenance", "2026-08-23T09:05:07.250Z")
    for _ in range(3):
        page.advance_maintenance(work["id"])
    assert answer(page, "/api/v2/summary.json")["scheduled_maintenances"] == []
    assert names(answer(page, "/api/v2/scheduled-maintenances.json")["scheduled_maintenances"]) == ["Work"]


@pytest.mark.parametrize(
    ("statuses", "indicator"),
    [
        ({}, "none"),
        ({"API": "under_maintenance"}, "maintenance"),
        ({"API": "under_maintenance", "Webhooks": "degraded_performance"}, "minor"),
        ({"API": "partial_outage"}, "minor"),
        ({"API": "major_outage"}, "major"),
        ({"API": "major_outage", "Webhooks": "major_outage"}, "critical"),
    ],
)
def test_the_indicator_follows_the_components(statuses, indicator):
    page = Page("Acme", components=("API", "Webhooks"), groups={})
    for name, status in statuses.items():
        page.set_component(name, status)

    assert indicator == answer(page, "/api/v2/status.json")["status"]["indicator"]


def test_timestamps_follow_the_zone_of_the_page():
    page = reported(time_zone="America/Los_Angeles")

    assert answer(page, "/api/v2/summary.json")["page"]["updated_at"].endswith("-07:00")
    assert " PDT</small>" in feed(page, "/history.atom").findtext(f"{ATOM}entry/{ATOM}content")
    assert feed(page, "/history.rss").findtext("channel/pubDate").endswith(" -0700")


def test_atom_has_one_entry_for_each_incident_with_all_updates():
    work, new, old = feed(reported(), "/history.atom").findall(f"{ATOM}entry")

    assert [entry.findtext(f"{ATOM}title") for entry in (work, new, old)] == ["Work", "New", "Old & gone"]
    assert new.findtext(f"{ATOM}content") == (
        "<p><small>Aug <var data-var='date'>20</var>, <var data-var='time'>09:06</var> UTC</small><br>"
        "<strong>Update</strong> - Still looking.</p>"
        "<p><small>Aug <var data-var='date'>20</var>, <var data-var='time'>09:05</var> UTC</small><br>"
        "<strong>Investigating</strong> - First<br />line</p>"
    )
    assert new.findtext(f"{ATOM}published") == "2026-08-20T09:06:07Z"
    assert work.findtext(f"{ATOM}published") == "2026-08-23T09:05:07Z", "a window to come counts from its start"
    assert re.fullmatch(r"tag:127\.0\.0\.1:8080,2005:Incident/\d+", new.findtext(f"{ATOM}id"))


def test_atom_dates_are_the_newest_update_and_the_last_edit():
    page = reported()
    new = next(incident for incident in page.revision.incidents if incident.name == "New")
    page.edit_update(new.id, new.updates[0].id, "Edited.", now=BEGAN + timedelta(hours=5))

    entry = feed(page, "/history.atom").findall(f"{ATOM}entry")[1]

    assert entry.findtext(f"{ATOM}published") == "2026-08-20T09:06:07Z"
    assert entry.findtext(f"{ATOM}updated") == "2026-08-20T14:05:07Z"


def test_single_digit_days_are_padded_with_a_space():
    page = Page("Acme", now=datetime(2026, 3, 4, tzinfo=UTC), clock=lambda: datetime(2026, 3, 4, 5, 6, tzinfo=UTC))
    page.open_incident("Slow", status="in_progress")

    content = feed(page, "/history.atom").findtext(f"{ATOM}entry/{ATOM}content")

    assert "Mar <var data-var='date'> 4</var>, <var data-var='time'>05:06</var> UTC" in content
    assert "<strong>In progress</strong>" in content


def test_rss_says_the_same_as_atom():
    page = reported()
    entries = feed(page, "/history.atom").findall(f"{ATOM}entry")
    items = feed(page, "/history.rss").findall("channel/item")

    assert [entry.findtext(f"{ATOM}content") for entry in entries] == [
        item.findtext("description").strip() for item in items
    ]
    assert items[1].findtext("pubDate") == "Thu, 20 Aug 2026 09:06:07 +0000"
    assert items[1].findtext("guid") == items[1].findtext("link") == entries[1].find(f"{ATOM}link").get("href")


@pytest.mark.parametrize("path", ["/history.atom", "/history.rss"])
def test_feeds_show_25_entries(path):
    page = Page("Acme")
    for number in range(30):
        page.open_incident(f"Incident {number}")

    assert len(re.findall("<(?:entry|item)>", text(page, path))) == 25


@pytest.mark.parametrize("platform", ["statuspage", "incidentio"])
def test_hostile_text_leaves_feeds_and_html_well_formed(platform):
    page = Page("A&B <c>", platform=platform)
    body = "<script>]]>&amp;\x00\x1b[31m\ud800\ufffe \U0001f600"
    page.open_incident("</title>]]>\x07&", body=body, components={"API": "major_outage"})

    for path in ("/history.atom", "/history.rss"):
        assert "\U0001f600" in "".join(feed(page, path).itertext())
    assert "<c>" not in text(page, "/")
    assert "\U0001f600" in answer(page, "/api/v2/incidents.json")["incidents"][0]["incident_updates"][0]["body"]


@pytest.mark.parametrize("platform", ["statuspage", "incidentio"])
@pytest.mark.parametrize("path", ["/api/v2/nothing.json", "/api/v1/summary.json", "/x", ""])
def test_other_paths_have_nothing(platform, path):
    assert render(reported(platform).revision, path, URL) is None


def test_the_html_page_points_to_the_feeds():
    html = text(reported(), "/")

    assert f'<link rel="alternate" type="application/atom+xml" title="Atom" href="{URL}/history.atom">' in html
    assert text(reported(), "/incidents/1") == html


@pytest.mark.parametrize(
    "path", ["/api/v2/summary.json", "/api/v2/incidents.json", "/history.atom", "/history.rss", "/"]
)
def test_statuspage_gives_the_same_bytes_for_the_same_revision(path):
    first, second = (render(reported().revision, path, URL, variation) for variation in (1, 2))

    assert first.body == second.body
    assert first.etag == second.etag is not None


class TestIncidentIo:
    @pytest.fixture
    def page(self):
        return reported("incidentio")

    def test_lists_are_null_when_they_are_empty(self):
        quiet = answer(Page("Acme", platform="incidentio"), "/api/v2/summary.json")

        assert (quiet["incidents"], quiet["scheduled_maintenances"]) == (None, None)
        assert quiet["status"]["description"] == "All Systems Operational"

    def test_incidents_lack_what_statuspage_has(self, page):
        [new] = answer(page, "/api/v2/summary.json")["incidents"]

        assert not {"components", "started_at", "shortlink", "resolved_at"} & set(new)
        assert {"id", "status", "body", "incident_id", "created_at", "updated_at", "display_at"} == set(
            new["incident_updates"][0]
        )
        assert new["id"] == new["incident_updates"][0]["incident_id"]

    def test_ids_are_ulids_and_the_same_each_time(self, page):
        once, again = (answer(page, "/api/v2/incidents.json", variation)["incidents"] for variation in (1, 2))

        assert once == again
        assert all(ULID.fullmatch(update["id"]) for item in once for update in item["incident_updates"])
        assert sorted((item["id"] for item in once), reverse=True) == [item["id"] for item in once]

    def test_timestamps_are_whole_seconds_and_the_page_has_no_zone(self, page):
        summary = answer(page, "/api/v2/summary.json")

        assert SECOND_Z.fullmatch(summary["page"]["updated_at"])
        assert {SECOND_Z.fullmatch(component["updated_at"])[0] for component in summary["components"]} == {
            summary["page"]["updated_at"]
        }
        assert "time_zone" not in summary["page"]
        assert f"{URL}/" == summary["page"]["url"]

    def test_components_are_25_of_all_and_differ_from_answer_to_answer(self):
        page = Page("Acme", components=[f"Part {n}" for n in range(40)], platform="incidentio")
        shown = [answer(page, "/api/v2/summary.json", variation)["components"] for variation in range(3)]

        assert [len(components) for components in shown] == [25, 25, 25]
        assert len({tuple(component["id"] for component in components) for components in shown}) == 3
        assert not {"group", "group_id", "showcase", "start_date"} & set(shown[0][0])
        assert list(range(25)) == [component["position"] for component in shown[0]]

    def test_times_of_recovery_are_there_once_it_recovered(self, page):
        page.post_update(page.revision.incidents[1].id, "monitoring", "Better.")
        new, old = answer(page, "/api/v2/incidents.json")["incidents"]

        assert SECOND_Z.fullmatch(new["monitoring_at"])
        assert SECOND_Z.fullmatch(old["resolved_at"])
        assert "monitoring_at" not in old

    def test_it_has_no_list_of_maintenances(self, page):
        assert render(page.revision, "/api/v2/scheduled-maintenances.json", URL) is None

    def test_it_sends_no_validators(self, page):
        document = render(page.revision, "/api/v2/summary.json", URL)

        assert (document.etag, document.last_modified) == (None, None)

    @pytest.mark.parametrize("path", ["/history.atom", "/feed.atom"])
    def test_atom_has_only_the_latest_update(self, page, path):
        root = feed(page, path)
        _, new, _ = root.findall(f"{ATOM}entry")

        assert root.findtext(f"{ATOM}generator") == "incident.io"
        assert new.findtext(f"{ATOM}id").startswith(f"{URL}//incidents/01")
        assert new.find(f"{ATOM}published") is None
        assert new.findtext(f"{ATOM}summary") == new.findtext(f"{ATOM}content")
        assert new.findtext(f"{ATOM}content") == (
            "<b>Status: Investigating</b><br/><br/>Still looking.<br/><br/><b>Affected components</b>\n"
            "<ul>\n<li>API (Partial outage)</li>\n</ul>"
        )

    @pytest.mark.parametrize("path", ["/history.rss", "/feed.rss"])
    def test_rss_has_the_same_entries(self, page, path):
        _, new, old = feed(page, path).findall("channel/item")

        assert new.findtext("pubDate") == "Thu, 20 Aug 2026 09:06:07 GMT"
        assert new.findtext("description") == new.findtext(f"{CONTENT}encoded")
        assert old.findtext("description") == "<b>Status: Resolved</b><br/><br/>It is over."

    def test_the_order_of_components_in_an_entry_varies(self):
        page = Page("Acme", platform="incidentio")
        page.open_incident("Down", components=dict.fromkeys(("API", "Dashboard", "Webhooks"), "partial_outage"))

        assert len({text(page, "/history.atom", variation) for variation in range(8)}) > 1

    def test_an_incident_without_updates_is_shown_without_text(self, page):
        for incident in page.revision.incidents:
            for update in incident.updates:
                page.delete_update(incident.id, update.id)

        assert len(feed(page, "/history.atom").findall(f"{ATOM}entry")) == 3
