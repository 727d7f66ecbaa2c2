"""Recorded answers of platforms that few vendors share, against counts that jq makes without our readers."""

import re
from pathlib import Path

import jq
import pytest

from tests.corpus.series import CORPUS, needs_corpus
from tests.vendor import Watch
from tracker.model.provider import FirstSight
from tracker.parse import detect, read

pytestmark = needs_corpus

PLATFORMS = ("statusio", "vultr", "yandex", "cachet")
#: What lists the incidents and maintenances of an answer, and what lists their updates.
PROGRAMS = {
    "statusio": (
        ".result | (.incidents, .maintenance.active, .maintenance.upcoming)[]",
        ".result | (.incidents, .maintenance.active, .maintenance.upcoming)[].messages[]",
    ),
    # An alert without an id is made anew for every answer, and nobody posted anything to it.
    "vultr": (".service_alerts // [] | .[]", ".service_alerts // [] | .[] | select(.id != null) | (.entries // [])[]"),
    "yandex": (
        "if .items then .items[] else . end",
        "if .items then .items[] else . end | (.comments[], select(.isReportPublished and .report) | .report)",
    ),
    "cachet": (".data[] | select(.message)", ".data[] | select(.message) | (.message, .updates[]?)"),
}
COMPONENTS = {"statusio": ".result.status[].containers[]", "cachet": ".data[] | select(.status_name)"}
FILES = sorted(path for platform in PLATFORMS for path in (CORPUS / platform).glob("*"))
CYRILLIC = re.compile("[\u0400-\u04ff]")
SERIES = sorted((CORPUS / "vultr").glob("*_nullid.s*"))


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.name[:60]}"


def count(program: str, path: Path) -> int:
    return len(jq.compile(program).input_text(path.read_text()).all())


@pytest.mark.parametrize("path", FILES, ids=named)
def test_an_answer_holds_as_many_incidents_and_updates_as_it_lists(path):
    incidents, updates = PROGRAMS[path.parent.name]
    found = read(path.read_bytes())
    shown = (*found.incidents, *found.maintenances)

    assert detect(path.read_bytes()).name == path.parent.name
    assert len(shown) == count(incidents, path)
    assert sum(len(incident.updates) for incident in shown) == count(updates, path)


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name in COMPONENTS], ids=named)
def test_an_answer_holds_as_many_components_as_it_lists(path):
    assert len(read(path.read_bytes()).components) == count(COMPONENTS[path.parent.name], path) > 0


def test_every_comment_in_russian_stays_as_it_was_written():
    (path,) = (CORPUS / "yandex").glob("*incidents.json")
    written = jq.compile("[.items[].comments[].content]").input_text(path.read_text()).first()
    bodies = [update.body for incident in read(path.read_bytes()).incidents for update in incident.updates]

    assert len([text for text in written if CYRILLIC.search(text)]) > 50
    assert sum(CYRILLIC.search(body) is not None for body in bodies) > 50
    assert not any("<p>" in body for body in bodies)


def test_an_incident_that_is_called_open_after_its_end_is_over():
    (path,) = (CORPUS / "yandex").glob("*incidents.json")
    called_open = jq.compile('[.items[] | select(.status == "open") | .id | tostring]').input_text(path.read_text())
    incidents = {incident.id: incident for incident in read(path.read_bytes()).incidents}

    (open_id,) = called_open.first()
    assert incidents[open_id].status == "resolved"


def test_an_alert_stands_once_for_each_region_that_shares_its_id():
    reported_of = '[.service_alerts[] | [.region, .subject, if .status == "ongoing" then "goes on" else "over" end]]'
    shared = sorted((CORPUS / "vultr").glob("*_same_id.s*"))

    for path in shared:
        found = read(path.read_bytes())
        shown = [
            [*each.regions, each.name, "over" if each.status in ("resolved", "completed") else "goes on"]
            for each in (*found.incidents, *found.maintenances)
        ]
        assert sorted(shown) == sorted(jq.compile(reported_of).input_text(path.read_text()).first())

    assert len(shared) == 8


def test_works_of_a_recorded_series_are_maintenances_by_subject_or_window():
    found = [read(path.read_bytes()) for path in sorted((CORPUS / "vultr").glob("*_same_id.s*"))]

    assert {each.name for page in found for each in page.incidents} == {
        "Chicago - Intermittent Power Loss Investigation"
    }
    assert all(each.scheduled_for for page in found for each in page.maintenances)


def test_an_alert_that_is_timed_anew_with_every_answer_is_reported_once():
    """Nine successive answers; the first is the baseline, and nobody posts anything while they are recorded."""
    posted = jq.compile("[.service_alerts[] | select(.id) | .id as $id | .entries[] | [$id, .updated_at]]")
    shown = [posted.input_text(path.read_text()).first() for path in SERIES]
    stamps = {
        stamp
        for path in SERIES
        for stamp in jq.compile(".service_alerts[] | select(.id == null) | .start_date").input_text(path.read_text())
    }
    watch = Watch(url="https://status.vultr.com/alerts.json", format="vultr", first_sight=FirstSight.SILENT)
    events = watch.reads(*(path.read_bytes() for path in SERIES))

    assert len(SERIES) == 9
    assert len(stamps) == 8, "the alert without an id is another one in each answer"
    assert all(pairs == shown[0] for pairs in shown), "nothing was posted"
    assert [(event.event, event.incident, event.regions) for event in events] == [
        ("new_incident", "Partial Outage", ("sgp",))
    ]
    assert {known.name for known in watch.view.open_incidents} == {"Partial Outage"}
