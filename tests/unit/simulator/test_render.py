"""What a page answers under each path."""

import json
import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from tests.goldens import FOLDER, check
from tracker.simulator import Page
from tracker.simulator.platforms import PLATFORMS
from tracker.simulator.render import render

URL = "https://status.acme.example"
BEGAN = datetime(2026, 8, 20, 9, 5, 7, 250000, tzinfo=UTC)
ATOM = "{http://www.w3.org/2005/Atom}"
ULID = re.compile("[0-9A-HJKMNP-TV-Z]{26}")


def busy(platform="statuspage", time_zone="Etc/UTC"):
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


def shown(page, path):
    """Return a document so that a difference is seen line by line."""
    document = render(page.revision, path, URL)
    assert document is not None, path
    body = document.body.decode("utf-16" if document.body.startswith(b"\xfe\xff") else "utf-8")
    try:
        content = json.loads(body)
    except ValueError:
        content = body.split("\n")
    return {
        "content_type": document.content_type,
        "etag": bool(document.etag),
        "modified": str(document.last_modified),
        "content": content,
    }


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_answer_of_a_platform_is_what_was_reviewed(platform):
    page = busy(platform)
    templates = [*PLATFORMS[platform].answers, *PLATFORMS[platform].html_paths]
    paths = sorted({path.format(page_id="acme", host="status.acme.example") for path in templates})

    check(FOLDER / "simulator" / "answers" / f"{platform}.json", {path: shown(page, path) for path in paths})


def edited() -> Page:
    page = busy()
    new = next(incident for incident in page.revision.incidents if incident.name == "New")
    page.edit_update(new.id, new.updates[0].id, "Edited.", now=BEGAN + timedelta(hours=5))
    return page


def completed() -> Page:
    page = busy()
    [work] = (incident.id for incident in page.revision.incidents if incident.is_maintenance)
    for _ in range(3):
        page.advance_maintenance(work)
    return page


def recovered() -> Page:
    page = busy("incidentio")
    page.post_update(page.revision.incidents[1].id, "monitoring", "Better.")
    return page


def without_updates() -> Page:
    page = busy("incidentio")
    for incident in page.revision.incidents:
        for update in incident.updates:
            page.delete_update(incident.id, update.id)
    return page


def of_a_single_digit_day() -> Page:
    early = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    page = Page("Acme", id="acme", now=early - timedelta(hours=5), clock=lambda: early)
    page.open_incident("Slow", status="in_progress")
    return page


JSON, FEEDS = ("/api/v2/summary.json", "/api/v2/incidents.json"), ("/history.atom", "/history.rss")
ODD = {
    "in another zone": (busy(time_zone="America/Los_Angeles"), (JSON[0], *FEEDS)),
    "with an edited update": (edited(), FEEDS),
    "with a completed maintenance": (completed(), (JSON[0], "/api/v2/scheduled-maintenances.json")),
    "of a single-digit day": (of_a_single_digit_day(), FEEDS),
    "of incident.io, of which nothing is known": (
        Page("Acme", id="acme", platform="incidentio", now=BEGAN, clock=lambda: BEGAN),
        (JSON[0],),
    ),
    "of incident.io, with an incident that recovered": (recovered(), JSON),
    "of incident.io, without updates": (without_updates(), FEEDS[:1]),
}


def test_answers_of_odd_pages_are_what_was_reviewed():
    answers = {name: {path: shown(page, path) for path in paths} for name, (page, paths) in ODD.items()}

    check(FOLDER / "simulator" / "answers" / "odd.json", answers)


def test_incidents_are_the_50_newest_by_their_newest_update():
    page = Page("Acme", now=BEGAN, clock=lambda: BEGAN)
    opened = [page.open_incident(f"Incident {number}") for number in range(60)]
    page.post_update(opened[20], "identified", "An old one moves up.")

    listed = [incident["id"] for incident in answer(page, "/api/v2/incidents.json")["incidents"]]

    assert len(listed) == 50
    assert [opened[20], opened[59], opened[58]] == listed[:3]
    assert len(feed(page, "/history.atom").findall(f"{ATOM}entry")) == 25
    assert len(feed(page, "/history.rss").findall("channel/item")) == 25


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


@pytest.mark.parametrize("platform", ["statuspage", "incidentio"])
def test_hostile_text_leaves_feeds_and_html_well_formed(platform):
    page = Page("A&B <c>", platform=platform)
    body = "<script>]]>&amp;\x00\x1b[31m\ud800\ufffe \U0001f600"
    page.open_incident("</title>]]>\x07&", body=body, components={"API": "major_outage"})

    for path in ("/history.atom", "/history.rss"):
        assert "\U0001f600" in "".join(feed(page, path).itertext())
    assert "<c>" not in text(page, "/")
    assert "\U0001f600" in answer(page, "/api/v2/incidents.json")["incidents"][0]["incident_updates"][0]["body"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_another_path_has_nothing_or_the_page_for_people(platform):
    for path in ("/api/v2/nothing.json", "/x", ""):
        document = render(busy(platform).revision, path, URL)
        if PLATFORMS[platform].answers_everything:
            assert document is not None
            assert document.content_type.startswith("text/html")
        else:
            assert document is None


def test_ids_of_incidentio_are_ulids_in_order_and_the_same_each_time():
    page = busy("incidentio")
    once, again = (answer(page, "/api/v2/incidents.json", variation)["incidents"] for variation in (1, 2))

    assert once == again
    assert all(ULID.fullmatch(update["id"]) for item in once for update in item["incident_updates"])
    assert sorted((item["id"] for item in once), reverse=True) == [item["id"] for item in once]


def test_components_of_incidentio_are_25_of_all_and_differ_from_answer_to_answer():
    page = Page("Acme", components=[f"Part {n}" for n in range(40)], platform="incidentio")
    lists = [answer(page, "/api/v2/summary.json", variation)["components"] for variation in range(3)]

    assert [[part["position"] for part in components] for components in lists] == 3 * [list(range(25))]
    assert len({tuple(component["id"] for component in components) for components in lists}) == 3


def test_the_order_of_components_in_an_entry_of_incidentio_varies():
    page = Page("Acme", platform="incidentio")
    page.open_incident("Down", components=dict.fromkeys(("API", "Dashboard", "Webhooks"), "partial_outage"))

    assert len({text(page, "/history.atom", variation) for variation in range(8)}) > 1
